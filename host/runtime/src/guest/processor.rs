//! Who computes when: guests share the runtime's workers with everything else that waits for one.
//!
//! A guest that computes sits on a worker until it lets go. Where as many guests compute all the time as
//! there are workers, nobody looks at timers and sockets but in between. So one that has computed for long
//! leaves a worker to everybody else, where there are two or more; and among guests whoever has computed
//! least goes first. One that has only just begun, or has waited for POD, does not queue behind those.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use pin_project_lite::pin_project;

/// How far one that did not compute for a while is ahead of those that did: it is let in first, and
/// cannot keep them out for longer.
const HEAD_START: Duration = Duration::from_millis(20);
/// Who has computed for longer leaves a worker to the others. Few policies ever do.
const LONG: Duration = Duration::from_millis(20);

/// The places at which guests compute.
#[derive(Clone)]
pub(crate) struct Processor(Arc<Mutex<Queue>>);

/// Who goes first is at the front: by what was computed, then by who came first.
type Turn = (Duration, u64);

struct Queue {
    free: usize,
    /// How many of them may be taken by those that have computed for long.
    free_for_long: usize,
    /// What whoever was let in had computed, at most. Nobody is further behind that than the head start.
    reached: Duration,
    came: u64,
    waiting: BTreeMap<Turn, Waiting>,
    /// Who was let in and has not come yet.
    called: BTreeSet<Turn>,
}

struct Waiting {
    waker: Waker,
    is_long: bool,
}

impl Queue {
    /// Takes a place, if there is one for such a guest.
    fn take(&mut self, is_long: bool) -> bool {
        if self.free == 0 || (is_long && self.free_for_long == 0) {
            return false;
        }
        self.free -= 1;
        self.free_for_long -= usize::from(is_long);
        true
    }

    fn give_back(&mut self, is_long: bool) {
        self.free += 1;
        self.free_for_long += usize::from(is_long);
    }

    /// Lets in whoever goes first and can have a place.
    fn call_next(&mut self) -> Option<Waker> {
        let can = |waiting: &Waiting| !waiting.is_long || self.free_for_long > 0;
        let (&turn, _) = self.waiting.iter().find(|(_, waiting)| can(waiting))?;
        let Waiting { waker, is_long } = self.waiting.remove(&turn)?;
        if !self.take(is_long) {
            self.waiting.insert(turn, Waiting { waker, is_long });
            return None;
        }
        self.called.insert(turn);
        Some(waker)
    }
}

impl Processor {
    /// For a runtime of so many workers.
    pub fn of(workers: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            free: workers.max(1),
            free_for_long: workers.saturating_sub(1).max(1),
            reached: Duration::ZERO,
            came: 0,
            waiting: BTreeMap::new(),
            called: BTreeSet::new(),
        })))
    }

    /// Lets a guest's work be polled only when it is its turn.
    pub fn in_turn<F: Future>(&self, work: F) -> InTurn<F> {
        let (processor, zero) = (self.clone(), Duration::ZERO);
        let place = Place { processor, used: zero, computed: zero, is_long: false, turn: None };
        InTurn { work, place }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever computed, or was let in, lets go.
    fn leave(&self, is_long: bool) {
        let mut queue = self.queue();
        queue.give_back(is_long);
        let next = queue.call_next();
        drop(queue);
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

pin_project! {
    /// Work of a guest's, which computes in its turn.
    pub(crate) struct InTurn<F> {
        #[pin]
        work: F,
        place: Place,
    }
}

impl<F: Future> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !this.place.is_let_in(context.waker()) {
            return Poll::Pending;
        }
        let _computing = Computing { began: Instant::now(), place: this.place };
        this.work.poll(context)
    }
}

/// A guest's place in the queue.
struct Place {
    processor: Processor,
    /// How long it has computed.
    used: Duration,
    /// The same, but never further behind the others than the head start.
    computed: Duration,
    /// What it was let in as, or waits as.
    is_long: bool,
    /// If it waits.
    turn: Option<Turn>,
}

impl Place {
    fn is_let_in(&mut self, waker: &Waker) -> bool {
        let mut queue = self.processor.queue();
        match self.turn {
            Some(turn) if queue.called.remove(&turn) => self.turn = None,
            Some(turn) => {
                let waiting = Waiting { waker: waker.clone(), is_long: self.is_long };
                queue.waiting.insert(turn, waiting);
                return false;
            }
            None => {
                self.computed = self.computed.max(queue.reached.saturating_sub(HEAD_START));
                self.is_long = self.used > LONG;
                if !queue.take(self.is_long) {
                    let turn = (self.computed, queue.came);
                    queue.came += 1;
                    let waiting = Waiting { waker: waker.clone(), is_long: self.is_long };
                    queue.waiting.insert(turn, waiting);
                    self.turn = Some(turn);
                    return false;
                }
            }
        }
        queue.reached = queue.reached.max(self.computed);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(turn) = self.turn else { return };
        let mut queue = self.processor.queue();
        queue.waiting.remove(&turn);
        let was_called = queue.called.remove(&turn);
        drop(queue);
        if was_called {
            self.processor.leave(self.is_long);
        }
    }
}

/// While this is held, its guest computes.
struct Computing<'a> {
    began: Instant,
    place: &'a mut Place,
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        let computed = self.began.elapsed();
        self.place.used += computed;
        self.place.computed += computed;
        self.place.processor.leave(self.place.is_long);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes for so long, in slices.
    async fn compute(slice: Duration, slices: u32) {
        for _ in 0..slices {
            std::thread::sleep(slice);
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_that_has_just_begun_goes_first() {
        let processor = Processor::of(2);
        let slice = Duration::from_millis(5);
        let spinners: Vec<_> =
            (0..8).map(|_| tokio::spawn(processor.in_turn(compute(slice, 1_000)))).collect();
        tokio::time::sleep(slice * 20).await;
        let mut waits: Vec<Duration> = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            tokio::spawn(processor.in_turn(async {})).await.unwrap();
            waits.push(began.elapsed());
        }
        waits.sort();
        assert!(waits[10] < slice * 3, "{waits:?}");
        spinners.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn those_that_compute_alike_get_alike() {
        let processor = Processor::of(2);
        let counts: Vec<Arc<std::sync::atomic::AtomicU32>> =
            (0..4).map(|_| Arc::default()).collect();
        let spinners: Vec<_> = counts
            .iter()
            .map(|count| {
                let count = count.clone();
                tokio::spawn(processor.in_turn(async move {
                    loop {
                        compute(Duration::from_millis(2), 1).await;
                        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                }))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(400)).await;
        spinners.iter().for_each(tokio::task::JoinHandle::abort);
        let counts: Vec<u32> =
            counts.iter().map(|count| count.load(std::sync::atomic::Ordering::Relaxed)).collect();
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(*least > 0 && most - least <= most / 2, "{counts:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn whoever_gives_up_leaves_its_place() {
        let processor = Processor::of(1);
        let called_and_free = || {
            let queue = processor.queue();
            (queue.called.len(), queue.free)
        };
        let mut waiting = Box::pin(processor.in_turn(std::future::ready(())));
        // Somebody computes: the one that waits is called, and never comes.
        let computing = processor.in_turn(async {
            assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        });
        computing.await;
        assert_eq!(called_and_free(), (1, 0));
        drop(waiting);
        assert_eq!(called_and_free(), (0, 1));
        processor.in_turn(std::future::ready(())).await;
    }
}
