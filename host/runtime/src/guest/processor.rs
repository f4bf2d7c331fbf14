//! Who computes when: guests share the runtime's workers with everything else that waits for one.
//!
//! A guest that computes sits on a worker until it lets go. Where as many guests compute all the time as
//! there are workers, nobody looks at timers and sockets but in between. So those that have computed for
//! long leave a worker to everybody else, where there are two or more, and take turns at the others:
//! whoever has computed least goes first. All others compute when their runtime polls them.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use pin_project_lite::pin_project;

/// Who has computed for longer takes turns. Few policies ever do.
const LONG: Duration = Duration::from_millis(20);

/// The places at which guests compute that have done so for long.
#[derive(Clone)]
pub(crate) struct Processor(Arc<Mutex<Queue>>);

/// Who goes first is at the front: by what was computed, then by who came first.
type Turn = (Duration, u64);

struct Queue {
    free: usize,
    /// What whoever was let in had computed, at most. Nobody is counted further behind that than `LONG`, so
    /// nobody keeps the others out for longer.
    reached: Duration,
    came: u64,
    waiting: BTreeMap<Turn, Waker>,
    /// Who was let in and has not come yet.
    called: BTreeSet<Turn>,
}

impl Processor {
    /// For a runtime of so many workers.
    pub fn of(workers: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            free: workers.saturating_sub(1).max(1),
            reached: Duration::ZERO,
            came: 0,
            waiting: BTreeMap::new(),
            called: BTreeSet::new(),
        })))
    }

    /// Lets a guest's work be polled only when it is its turn.
    pub fn in_turn<F: Future>(&self, work: F) -> InTurn<F> {
        let computed = Duration::ZERO;
        InTurn { work, place: Place { processor: self.clone(), computed, turn: None } }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever had a place, or was let in, lets go.
    fn leave(&self) {
        let mut queue = self.queue();
        let Some((turn, waker)) = queue.waiting.pop_first() else {
            queue.free += 1;
            return;
        };
        queue.called.insert(turn);
        drop(queue);
        waker.wake();
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
        let takes_turns = this.place.computed > LONG;
        if takes_turns && !this.place.is_let_in(context.waker()) {
            return Poll::Pending;
        }
        let _computing = Computing { began: Instant::now(), place: this.place, takes_turns };
        this.work.poll(context)
    }
}

/// A guest's place in the queue.
struct Place {
    processor: Processor,
    /// How long it has computed, or more, as the others have.
    computed: Duration,
    /// If it waits.
    turn: Option<Turn>,
}

impl Place {
    fn is_let_in(&mut self, waker: &Waker) -> bool {
        let mut queue = self.processor.queue();
        match self.turn {
            Some(turn) if queue.called.remove(&turn) => self.turn = None,
            Some(turn) => {
                queue.waiting.insert(turn, waker.clone());
                return false;
            }
            None => {
                self.computed = self.computed.max(queue.reached.saturating_sub(LONG));
                if queue.free == 0 {
                    let turn = (self.computed, queue.came);
                    queue.came += 1;
                    queue.waiting.insert(turn, waker.clone());
                    self.turn = Some(turn);
                    return false;
                }
                queue.free -= 1;
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
            self.processor.leave();
        }
    }
}

/// While this is held, its guest computes.
struct Computing<'a> {
    began: Instant,
    place: &'a mut Place,
    takes_turns: bool,
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.place.computed += self.began.elapsed();
        if self.takes_turns {
            self.place.processor.leave();
        }
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

    /// Work of somebody's who has computed for long.
    fn late<F: Future>(processor: &Processor, work: F) -> InTurn<F> {
        let mut work = processor.in_turn(work);
        work.place.computed = LONG * 2;
        work
    }

    #[tokio::test(flavor = "current_thread")]
    async fn whoever_gives_up_leaves_its_place() {
        let processor = Processor::of(1);
        let called_and_free = || {
            let queue = processor.queue();
            (queue.called.len(), queue.free)
        };
        let mut waiting = Box::pin(late(&processor, std::future::ready(())));
        // Somebody computes: the one that waits is called, and never comes.
        let computing = late(&processor, async {
            assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        });
        computing.await;
        assert_eq!(called_and_free(), (1, 0));
        drop(waiting);
        assert_eq!(called_and_free(), (0, 1));
        late(&processor, std::future::ready(())).await;
    }
}
