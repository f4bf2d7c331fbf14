//! Days and times of the Persian calendar, as POD writes them.

use std::{fmt, str::FromStr};

use icu_calendar::{Date, types::RataDie};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Instant;

/// A day of the Persian calendar (POD: `yyyy/mm/dd`).
///
/// ```
/// use pod_values::JalaliDate;
///
/// let leap_day: JalaliDate = "1399/12/30".parse().unwrap();
/// assert_eq!(leap_day.to_string(), "1399/12/30");
/// assert!("1400/12/30".parse::<JalaliDate>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(
    feature = "component",
    derive(
        wasmtime::component::ComponentType,
        wasmtime::component::Lift,
        wasmtime::component::Lower
    ),
    component(record)
)]
pub struct JalaliDate {
    /// For example 1399.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A text that is no day of the Persian calendar.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a day of the Persian calendar, written yyyy/mm/dd")]
pub struct NotAJalaliDate(pub String);

/// A day that is so far away that the other calendar was probably meant.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", described(*.0))]
pub struct DistantDay(
    /// The day, as it was read.
    pub JalaliDate,
);

fn described(day: JalaliDate) -> String {
    let civil = day.to_civil().map(|civil| format!(" (Gregorian {civil})")).unwrap_or_default();
    let JalaliDate { year, month, day: of_month } = day;
    // What was meant is near, by whatever clock; else it would be no help to name it.
    let meant = i16::try_from(year)
        .ok()
        .filter(|_| day.check_calendar().is_err())
        .and_then(|year| {
            let (month, of_month) = (i8::try_from(month).ok()?, i8::try_from(of_month).ok()?);
            jiff::civil::Date::new(year, month, of_month).ok()
        })
        .map(|meant| format!("; Gregorian {meant} is {}", JalaliDate::from_civil(meant)))
        .unwrap_or_default();
    format!("{day} of the Persian calendar{civil} is more than 50 years from now{meant}")
}

/// How far from now a day may be.
const MOST_YEARS: u16 = 50;

/// A year of the Persian calendar from here on is a Gregorian one that was meant: it begins in the
/// Gregorian year 2321.
const FIRST_GREGORIAN_YEAR: u16 = 1700;

/// The day on which both calendars' libraries agree to start counting.
const UNIX_EPOCH: RataDie = RataDie::new(719_163);

impl JalaliDate {
    /// Is there such a day? A guest can make a date that no calendar has.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.to_icu().is_some()
    }

    /// The same day so many months later; the month's last day, where there is no such day. `None`
    /// if this is no day, or the calendar ends before.
    ///
    /// ```
    /// # use pod_values::JalaliDate;
    /// let start: JalaliDate = "1399/06/31".parse().unwrap();
    /// assert_eq!(start.plus_months(6).unwrap().to_string(), "1399/12/30");
    /// assert_eq!(start.plus_months(18).unwrap().to_string(), "1400/12/29");
    /// ```
    #[must_use]
    pub fn plus_months(self, months: u32) -> Option<Self> {
        if !self.is_valid() {
            return None;
        }
        let month = u32::from(self.month - 1).checked_add(months)?;
        let year = u16::try_from(u32::from(self.year) + month / 12).ok()?;
        let month = u8::try_from(month % 12 + 1).ok()?;
        (1..=self.day).rev().map(|day| Self { year, month, day }).find(|date| date.is_valid())
    }

    /// The first instant of this day in Tehran; `None` if there is no such day.
    #[must_use]
    pub fn start(self) -> Option<Instant> {
        Instant::from_civil(self.to_civil()?.to_datetime(jiff::civil::Time::midnight()))
    }

    /// The first instant of the day after this one in Tehran; `None` if there is no such day.
    #[must_use]
    pub fn end(self) -> Option<Instant> {
        let next = self.to_civil()?.tomorrow().ok()?;
        Instant::from_civil(next.to_datetime(jiff::civil::Time::midnight()))
    }

    /// The day that a text begins with: a day alone, or one with a time.
    #[must_use]
    pub fn leading(text: &str) -> Option<Self> {
        text.split_whitespace().next()?.parse().ok()
    }

    /// Refuses a day that is more than 50 years from `now`, before or after: the numbers of a
    /// Gregorian day make a Jalali one six centuries ahead.
    ///
    /// ```
    /// # use pod_values::{Instant, JalaliDate};
    /// let now = Instant(1_591_074_250_308);
    /// let day: JalaliDate = "2024/09/04".parse().unwrap();
    /// let refused = day.check_near(now).unwrap_err().to_string();
    /// assert!(refused.contains("1403/06/14"), "{refused}");
    /// assert!("1449/03/13".parse::<JalaliDate>().unwrap().check_near(now).is_ok());
    /// assert!("1449/03/14".parse::<JalaliDate>().unwrap().check_near(now).is_err());
    /// ```
    ///
    /// # Errors
    /// [`DistantDay`], which names the day by both calendars.
    pub fn check_near(self, now: Instant) -> Result<(), DistantDay> {
        let today = now.jalali_date();
        let (first, last) = (self.min(today), self.max(today));
        let years = last.year - first.year;
        if (years, last.month, last.day) > (MOST_YEARS, first.month, first.day) {
            return Err(DistantDay(self));
        }
        Ok(())
    }

    /// Refuses a day that is Gregorian, by its year alone: for texts that are read where no clock is.
    ///
    /// # Errors
    /// [`DistantDay`], which names the day by both calendars.
    pub fn check_calendar(self) -> Result<(), DistantDay> {
        if self.year >= FIRST_GREGORIAN_YEAR {
            return Err(DistantDay(self));
        }
        Ok(())
    }

    fn to_icu(self) -> Option<Date<icu_calendar::cal::Persian>> {
        Date::try_new_persian(i32::from(self.year), self.month, self.day).ok()
    }

    pub(crate) fn to_civil(self) -> Option<jiff::civil::Date> {
        let days = self.to_icu()?.to_rata_die() - UNIX_EPOCH;
        jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
    }

    pub(crate) fn from_civil(civil: jiff::civil::Date) -> Self {
        let days =
            jiff::civil::date(1970, 1, 1).until(civil).map_or(0, |span| i64::from(span.get_days()));
        let persian = Date::from_rata_die(UNIX_EPOCH + days, icu_calendar::cal::Persian);
        Self {
            year: u16::try_from(persian.year().extended_year()).unwrap_or_default(),
            month: persian.month().ordinal,
            day: persian.day_of_month().0,
        }
    }
}

/// A point in time as POD's clerks write it (POD: `yyyy/mm/dd HH:MM:SS`), in Tehran's time.
///
/// ```
/// use pod_values::JalaliDateTime;
///
/// let at: JalaliDateTime = "1399/03/13 10:00:00".parse().unwrap();
/// assert_eq!(at.instant().unwrap().0, 1_591_075_800_000);
/// assert!("1399/03/13 24:00:00".parse::<JalaliDateTime>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(
    feature = "component",
    derive(
        wasmtime::component::ComponentType,
        wasmtime::component::Lift,
        wasmtime::component::Lower
    ),
    component(record)
)]
pub struct JalaliDateTime {
    /// The day.
    pub date: JalaliDate,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// A text that is no date-time of the Persian calendar.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a date-time of the Persian calendar, written yyyy/mm/dd HH:MM:SS")]
pub struct NotAJalaliDateTime(pub String);

impl JalaliDateTime {
    /// When that is; `None` if there is no such day or time.
    #[must_use]
    pub fn instant(self) -> Option<Instant> {
        let part = |number: u8| i8::try_from(number).ok();
        let (hour, minute, second) = (part(self.hour)?, part(self.minute)?, part(self.second)?);
        let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
        Instant::from_civil(self.date.to_civil()?.to_datetime(time))
    }
}

impl fmt::Display for JalaliDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:{:02}:{:02}", self.date, self.hour, self.minute, self.second)
    }
}

impl FromStr for JalaliDateTime {
    type Err = NotAJalaliDateTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (date, time) = text.trim().split_once(' ')?;
            let mut parts = time.trim().split(':').map(|part| part.parse::<u8>().ok());
            let (hour, minute) = (parts.next()??, parts.next()??);
            // POD's clients may leave the seconds out.
            let second = parts.next().unwrap_or(Some(0))?;
            let at = Self { date: date.parse().ok()?, hour, minute, second };
            (parts.next().is_none() && at.instant().is_some()).then_some(at)
        };
        read().ok_or_else(|| NotAJalaliDateTime(text.to_owned()))
    }
}

impl fmt::Display for JalaliDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for JalaliDate {
    type Err = NotAJalaliDate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.trim().splitn(3, '/');
        let mut part = || parts.next().and_then(|part| part.parse::<u16>().ok());
        let mut read = || {
            let (year, month, day) = (part()?, part()?, part()?);
            let date =
                Self { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? };
            date.is_valid().then_some(date)
        };
        read().ok_or_else(|| NotAJalaliDate(text.to_owned()))
    }
}

/// Both are texts in JSON, as POD writes them.
macro_rules! as_text {
    ($($type:ty)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(JalaliDate JalaliDateTime);
