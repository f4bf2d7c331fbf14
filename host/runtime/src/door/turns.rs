//! Locks by key. Of a run, or of what a policy stores, there is one holder at a time; others wait.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OwnedMutexGuard;

/// A lock that is held; dropped, it is the next one's.
pub(crate) type Turn = OwnedMutexGuard<()>;

/// The locks that somebody holds or waits for, by key.
pub(crate) struct Turns<K>(Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Turns<K> {
    /// Waits until nobody else has it, and takes it.
    pub async fn take<Q: ToOwned<Owned = K> + ?Sized>(&self, of: &Q) -> Turn {
        let lock = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever holds or awaits a lock has a handle to it besides the map's.
            turns.retain(|_, lock| Arc::strong_count(lock) > 1);
            turns.entry(of.to_owned()).or_default().clone()
        };
        lock.lock_owned().await
    }
}
