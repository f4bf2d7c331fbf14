//! The runs that are going on in this process. Whoever wants to go on with one of them waits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OwnedMutexGuard;

#[derive(Default)]
pub(crate) struct LiveRuns(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl LiveRuns {
    /// Waits until nobody else has the run, and takes it for as long as the guard is held.
    pub async fn take(&self, run: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever holds or awaits a lock has a handle to it besides the map's.
            live.retain(|_, lock| Arc::strong_count(lock) > 1);
            live.entry(run.to_owned()).or_default().clone()
        };
        lock.lock_owned().await
    }
}
