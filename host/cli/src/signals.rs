//! Being told to stop. The first signal is a request: no new call begins, and what is under way is
//! waited for and recorded. The second ends the process at once.

use std::sync::OnceLock;

use pod_host::{Error, Host, Stopped};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use crate::{
    exit::{Failure, Status},
    hold, tell,
};

/// How the process ends because of the first signal.
static RECEIVED: OnceLock<Status> = OnceLock::new();

/// How the process ends if it was told to stop.
pub fn received() -> Option<Status> {
    RECEIVED.get().copied()
}

/// Listens to signals.
pub struct Signals {
    told: watch::Receiver<bool>,
}

impl Signals {
    /// From now on, the first signal no longer ends the process.
    pub fn listen() -> Result<Self, Failure> {
        let (tell, told) = watch::channel(false);
        // A process that waits at a point of a call to be killed never comes to the call's end.
        if hold::is_asked_for() {
            return Ok(Self { told });
        }
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::platform)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::platform)?;
        tokio::spawn(async move {
            let first = next(&mut interrupt, &mut terminate).await;
            RECEIVED.get_or_init(|| first);
            tell.send_replace(true);
            let second = next(&mut interrupt, &mut terminate).await;
            tell!(
                "podhost: ended at once, as you asked twice; what was under way is looked into \
                 when its run is resumed"
            );
            std::process::exit(i32::from(second as u8));
        });
        Ok(Self { told })
    }

    /// Work that can be left undone: it ends with the first signal.
    pub async fn unless_told<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.first() => Err(Error::Stopped(Stopped::default()).into()),
        }
    }

    /// Runs of a host: at the first signal it is told to stop, and they are waited for.
    pub async fn stopping<T>(&self, host: &Host, runs: impl Future<Output = T>) -> T {
        tokio::pin!(runs);
        tokio::select! {
            done = &mut runs => return done,
            () = self.first() => {}
        }
        tell!(
            "podhost: stopping: no new call begins; what is under way is waited for and recorded, \
             which takes as long as its answer or, without one, its landing window. A second signal \
             ends it at once"
        );
        host.stop();
        runs.await
    }

    /// Until the first signal.
    pub async fn first(&self) {
        let mut told = self.told.clone();
        if told.wait_for(|told| *told).await.is_err() {
            // Nobody listens.
            std::future::pending::<()>().await;
        }
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> Status {
    tokio::select! {
        _ = interrupt.recv() => Status::Interrupted,
        _ = terminate.recv() => Status::Terminated,
    }
}
