//! How long a run's calls may begin, and that those under way are waited for.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::turns::Turn;
use crate::error::{Error, Stopped};

/// The lifetime of a run, and of its calls, which outlive the guest.
pub(crate) struct Lifetime {
    /// The run's lock, held until its last call has ended.
    _live: Option<Turn>,
    /// Calls that are under way.
    pub tasks: TaskTracker,
    /// After the run's end, no effect begins.
    ended: AtomicBool,
    /// Once the host is told to stop, no call begins.
    pub stop: CancellationToken,
}

impl Lifetime {
    /// Of a run that begins now, and ends at the latest when it is told to stop.
    pub fn new(stop: CancellationToken, live: Option<Turn>) -> Self {
        Self { _live: live, tasks: TaskTracker::new(), ended: AtomicBool::new(false), stop }
    }

    /// The run ends: from now on, no effect begins.
    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Waits for the calls that are under way. None begins any more.
    pub async fn let_calls_end(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Is the host told to stop?
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// That the host was told to stop, if it was: nothing is recorded then, and the run goes on from
    /// here when it is resumed.
    pub fn go_on(&self) -> Result<(), Error> {
        match self.is_stopped() {
            true => Err(Error::Stopped(Stopped::default())),
            false => Ok(()),
        }
    }
}
