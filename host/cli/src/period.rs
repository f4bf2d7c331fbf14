//! The begin or the end of a period on the command line: a day, Jalali or ISO, one with a time, or how
//! long ago.

use std::str::FromStr;

use anyhow::anyhow;
use pod_platform::{Instant, JalaliDate};

use crate::{exit::Failure, when::When};

/// A begin or an end.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// A day in Tehran.
    Day {
        start: Instant,
        /// The next day's start.
        end: Instant,
    },
    At(When),
}

/// A Jalali year from here on is a Gregorian one that was meant.
const GREGORIAN: u16 = 1700;

impl Bound {
    /// Where a period begins from it on, in milliseconds since 1970.
    pub fn begin(self) -> u64 {
        match self {
            Self::Day { start, .. } => start.0,
            Self::At(when) => when.millis(),
        }
    }

    /// Where a period up to it ends, in milliseconds since 1970; this is not in it any more.
    pub fn end(self) -> u64 {
        match self {
            Self::Day { end, .. } => end.0,
            Self::At(when) => when.millis(),
        }
    }

    fn day(date: JalaliDate) -> Option<Self> {
        Some(Self::Day { start: date.start()?, end: date.end()? })
    }
}

/// Both in milliseconds since 1970. In a period that ends before it begins is nothing, which would read as
/// if nothing had happened.
pub fn check(begin: Option<u64>, end: Option<u64>) -> Result<(), Failure> {
    match (begin, end) {
        (Some(begin), Some(end)) if end <= begin => {
            Err(Failure::input(anyhow!("the period that is asked for ends before it begins")))
        }
        _ => Ok(()),
    }
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let jalali: Option<JalaliDate> = text.split(' ').next().and_then(|day| day.parse().ok());
        if let Some(day) = jalali.filter(|day| day.year >= GREGORIAN) {
            let JalaliDate { year, month, day } = day;
            return Err(format!(
                "a day with slashes is a Jalali one, like 1399/03/13; a Gregorian one is written \
                 {year:04}-{month:02}-{day:02}"
            ));
        }
        if let Some(day) = text.parse().ok().and_then(Self::day) {
            return Ok(day);
        }
        // A longer text has a time of day, which would be dropped.
        let is_a_day = text.len() == "2020-06-02".len();
        if let Ok(day) = text.parse::<jiff::civil::Date>()
            && is_a_day
        {
            if day.year() < GREGORIAN.cast_signed() {
                return Err(format!(
                    "a day with hyphens is a Gregorian one, like 2020-06-02; a Jalali one is written \
                     {:04}/{:02}/{:02}",
                    day.year(),
                    day.month(),
                    day.day()
                ));
            }
            // At noon of Greenwich, it is the same day in Tehran.
            let noon = day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok();
            let millis =
                noon.and_then(|noon| u64::try_from(noon.timestamp().as_millisecond()).ok());
            return millis
                .and_then(|millis| Self::day(Instant(millis).jalali_date()))
                .ok_or_else(|| format!("{text} is before 1970"));
        }
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            let millis = u64::try_from(at.as_millisecond());
            let at = millis.map_err(|_| format!("{text} is before 1970"))?;
            return Ok(Self::At(When::At(Instant(at))));
        }
        text.parse().map(Self::At).map_err(|_| {
            "a time is a Jalali day like 1399/03/13, an ISO day like 2020-06-02, one of them with a \
             time, \"1399/03/13 10:00:00\" or 2020-06-02T05:30:00Z, or how long ago, like 36h or 7d"
                .to_owned()
        })
    }
}
