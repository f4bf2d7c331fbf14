//! Points in time, and what they are called in Tehran.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{JalaliDate, JalaliDateTime};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
#[repr(transparent)]
pub struct Instant(pub u64);

/// POD's own time zone, its rules as of when this was compiled.
static TEHRAN: TimeZone = jiff::tz::get!("Asia/Tehran");

impl Instant {
    /// The instant as a civil date-time of Tehran.
    fn in_tehran(self) -> jiff::civil::DateTime {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        let at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
        TEHRAN.to_datetime(at)
    }

    /// The Persian calendar's day in Tehran at this instant.
    #[must_use]
    pub fn jalali_date(self) -> JalaliDate {
        JalaliDate::from_civil(self.in_tehran().date())
    }

    /// The Persian calendar's day and the time of day in Tehran at this instant.
    #[must_use]
    pub fn jalali_date_time(self) -> JalaliDateTime {
        let civil = self.in_tehran();
        let part = |number: i8| number.unsigned_abs();
        JalaliDateTime {
            date: JalaliDate::from_civil(civil.date()),
            hour: part(civil.hour()),
            minute: part(civil.minute()),
            second: part(civil.second()),
        }
    }

    /// Reads `yyyy/mm/dd HH:MM:SS` in the Persian calendar and Tehran's time; `None` if that is
    /// not a date-time.
    #[must_use]
    pub fn from_jalali_date_time(text: &str) -> Option<Self> {
        JalaliDateTime::from_str(text).ok()?.instant()
    }

    pub(crate) fn from_civil(civil: jiff::civil::DateTime) -> Option<Self> {
        let at = TEHRAN.to_ambiguous_timestamp(civil).compatible().ok()?;
        u64::try_from(at.as_millisecond()).ok().map(Self)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jalali_date_time().fmt(f)
    }
}
