//! The platform's own clock, which can be moved forward: a test of what happens in a month does not
//! take a month.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use pod_platform::{Clock, Instant, SystemClock};
use sqlx::query;

use crate::{Error, platform::Platform, store::Store};

/// Settings that outlive the process: where a standing clock stands, and how far a running one is
/// ahead of the system's; both in milliseconds.
pub(crate) const NOW: &str = "now";
const AHEAD: &str = "clockAhead";

/// The last instant that a clock can be moved to: the end of the year 9998, which every calendar
/// here can still write.
const LAST: Instant = Instant(253_370_764_799_000);

/// The clock of a platform that was not given one.
pub(crate) struct OwnClock {
    stands: bool,
    /// Of a standing clock: the time. Of a running one: how far it is ahead of the system's.
    millis: AtomicU64,
}

/// Where a clock is moved to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    To(Instant),
    By(Duration),
}

/// Why a clock is not moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotMove {
    /// The platform was started with a clock of its embedder's.
    #[error("the clock is not the platform's own: whoever started the platform moves it")]
    NotOurs,
    /// Nothing that has happened can be undone.
    #[error("the clock never goes back: it is {now} already")]
    Backwards {
        /// What the clock shows.
        now: Instant,
    },
    /// The calendar ends there.
    #[error("the clock ends on {LAST}")]
    TooFar,
}

impl OwnClock {
    /// A clock that stands where the settings say, or runs as far ahead.
    pub(crate) async fn read(store: &mut Store) -> Result<Self, Error> {
        let number = |text: String| {
            text.parse::<u64>().map_err(|_| Error::Damaged("its clock's setting is no number"))
        };
        let now = store.setting(NOW).await?.map(number).transpose()?;
        let ahead = store.setting(AHEAD).await?.map(number).transpose()?;
        let millis = AtomicU64::new(now.or(ahead).unwrap_or(0));
        Ok(Self { stands: now.is_some(), millis })
    }

    /// Does time pass only when the clock is moved?
    pub(crate) fn stands(&self) -> bool {
        self.stands
    }
}

impl Clock for OwnClock {
    fn now(&self) -> Instant {
        let millis = self.millis.load(Ordering::SeqCst);
        let system = if self.stands { 0 } else { SystemClock.now().0 };
        Instant(system.saturating_add(millis))
    }
}

impl Platform {
    /// Moves the clock, and lets happen what is due by then. How many things were.
    pub(crate) async fn move_clock(&self, to: Move) -> Result<u64, Error> {
        let clock = self.own_clock.as_ref().ok_or(CannotMove::NotOurs)?;
        let mut store = self.store.lock().await;
        let now = clock.now();
        let target = match to {
            Move::To(target) => target,
            Move::By(duration) => {
                let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                Instant(now.0.saturating_add(millis))
            }
        };
        if target < now {
            return Err(CannotMove::Backwards { now }.into());
        }
        if target > LAST {
            return Err(CannotMove::TooFar.into());
        }
        let (setting, millis) = if clock.stands {
            (NOW, target.0)
        } else {
            (AHEAD, clock.millis.load(Ordering::SeqCst).saturating_add(target.0 - now.0))
        };
        query("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)")
            .bind(setting)
            .bind(millis.to_string())
            .execute(&mut store.connection)
            .await?;
        clock.millis.store(millis, Ordering::SeqCst);
        self.catch_up(&mut store).await
    }

    /// Lets happen what is due. How many things were.
    pub(crate) async fn catch_up(&self, store: &mut Store) -> Result<u64, Error> {
        self.let_due_things_happen(store).await.map_err(|refusal| {
            tracing::error!(?refusal, "what is due cannot happen");
            Error::Damaged("what is due cannot happen")
        })
    }
}
