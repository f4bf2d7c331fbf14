//! Instants, and the clocks that tell them. Nothing here or above reads the system's time except
//! through a [`Clock`].

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::JalaliDate;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Instant(pub u64);

impl Instant {
    /// The instant as a civil date-time of Tehran, POD's own time zone.
    fn in_tehran(self) -> jiff::Zoned {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX).to_zoned(tehran())
    }

    /// The Persian calendar's day in Tehran at this instant.
    #[must_use]
    pub fn jalali_date(self) -> JalaliDate {
        JalaliDate::from_civil(self.in_tehran().date())
    }

    /// `yyyy/mm/dd HH:MM:SS` in the Persian calendar and Tehran's time, as POD writes it.
    #[must_use]
    pub fn jalali_date_time(self) -> String {
        let civil = self.in_tehran();
        format!(
            "{} {:02}:{:02}:{:02}",
            self.jalali_date(),
            civil.hour(),
            civil.minute(),
            civil.second()
        )
    }

    /// Reads `yyyy/mm/dd HH:MM:SS` in the Persian calendar and Tehran's time; `None` if that is
    /// not a date-time.
    #[must_use]
    pub fn from_jalali_date_time(text: &str) -> Option<Self> {
        let (date, time) = text.trim().split_once(' ')?;
        let date: JalaliDate = date.parse().ok()?;
        let mut parts = time.trim().split(':').map(|part| part.parse::<i8>().ok());
        let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() {
            return None;
        }
        let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
        Self::from_civil(date.to_civil()?.to_datetime(time))
    }

    pub(crate) fn from_civil(civil: jiff::civil::DateTime) -> Option<Self> {
        let zoned = civil.to_zoned(tehran()).ok()?;
        u64::try_from(zoned.timestamp().as_millisecond()).ok().map(Self)
    }
}

fn tehran() -> TimeZone {
    TimeZone::get("Asia/Tehran").expect("the time zone database is part of the program")
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.jalali_date_time())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::wire::json::integer(deserializer).map(Self)
    }
}

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Instant;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that stands still until somebody moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Move the clock to `now`.
    pub fn set(&self, now: Instant) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}
