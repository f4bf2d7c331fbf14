//! How many runs of a policy go on at once: the others wait for their turn, so that one policy's
//! burst does not take the place of another's runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{error::Error, journal::Owner};

/// How many runs of one policy wait at most.
pub(crate) const LONGEST: usize = 1_000;

/// A run's slot, for as long as it is held.
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// The runs of each policy, in the order in which they came.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<Owner, Arc<Queue>>>);

struct Queue {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many slots there are.
    slots: usize,
    waiting: usize,
}

impl Queues {
    /// Waits for one of `at_once` slots. The newest grant says how many there are.
    ///
    /// # Errors
    /// [`Error::QueueFull`] if too many wait already.
    pub async fn take(&self, owner: &Owner, at_once: u32) -> Result<Slot, Error> {
        let queue = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            queues.retain(|_, queue| Arc::strong_count(queue) > 1 || queue.is_busy());
            queues.entry(owner.clone()).or_default().clone()
        };
        let _waiting = queue.enter(owner, at_once as usize)?;
        let permit = queue.slots.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Error::Engine("a queue was closed".to_owned()))?;
        Ok(Slot { _permit: permit })
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(0)), state: Mutex::default() }
    }
}

impl Queue {
    /// Has any run a slot?
    fn is_busy(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.slots.available_permits() < state.slots
    }

    fn enter(&self, owner: &Owner, at_once: usize) -> Result<Waiting<'_>, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if at_once > state.slots {
            self.slots.add_permits(at_once - state.slots);
            state.slots = at_once;
        } else {
            // Slots that are taken go when a later run finds them free.
            state.slots -= self.slots.forget_permits(state.slots - at_once);
        }
        if state.waiting >= LONGEST {
            return Err(Error::QueueFull { policy: owner.policy.clone(), waiting: state.waiting });
        }
        state.waiting += 1;
        Ok(Waiting(self))
    }
}

/// Somebody who waits, or has given up.
struct Waiting<'a>(&'a Queue);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).waiting -= 1;
    }
}
