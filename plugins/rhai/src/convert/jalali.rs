//! Days and times of the Persian calendar. A script gets object maps, and may give a map or a text
//! as POD writes it; a day that no calendar has is an error either way.

use std::fmt;

use pod_sdk::values::{Instant, JalaliDate, JalaliDateTime};
use rhai::{Dynamic, Map};

use super::{Fields, FromScript, IntoScript, Mismatch, entry, mismatch::describe};

impl IntoScript for JalaliDate {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_map(Map::from([
            entry("day", self.day)?,
            entry("month", self.month)?,
            entry("year", self.year)?,
        ])))
    }
}

impl FromScript for JalaliDate {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        if value.is_string() {
            return read(value);
        }
        if !value.is_map() {
            let expected = "a date, \"yyyy/mm/dd\" or #{year, month, day}";
            return Err(Mismatch::expected(expected, describe(&value)));
        }
        let mut fields = Fields::of(value, &["year", "month", "day"])?;
        let date = Self {
            year: fields.take("year")?,
            month: fields.take("month")?,
            day: fields.take("day")?,
        };
        if date.is_valid() {
            Ok(date)
        } else {
            Err(Mismatch::expected("a day of the Persian calendar", date))
        }
    }
}

impl IntoScript for JalaliDateTime {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_map(Map::from([
            entry("date", self.date)?,
            entry("hour", self.hour)?,
            entry("minute", self.minute)?,
            entry("second", self.second)?,
        ])))
    }
}

impl FromScript for JalaliDateTime {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        if value.is_string() {
            return read(value);
        }
        if !value.is_map() {
            let expected = "a date-time, \"yyyy/mm/dd HH:MM:SS\" or #{date, hour, minute, second}";
            return Err(Mismatch::expected(expected, describe(&value)));
        }
        let mut fields = Fields::of(value, &["date", "hour", "minute", "second"])?;
        let at = Self {
            date: fields.take("date")?,
            hour: fields.take("hour")?,
            minute: fields.take("minute")?,
            second: fields.take("second")?,
        };
        if at.instant().is_some() {
            Ok(at)
        } else {
            Err(Mismatch::expected("a date-time of the Persian calendar", at))
        }
    }
}

fn read<T: std::str::FromStr<Err: fmt::Display>>(value: Dynamic) -> Result<T, Mismatch> {
    let text = String::from_script(value)?;
    text.parse().map_err(|error: T::Err| Mismatch::new(error.to_string()))
}

/// A day, or a time of one.
pub(crate) enum When {
    Day(JalaliDate),
    Time(JalaliDateTime),
}

impl When {
    /// When it begins; none if instants begin later.
    pub(crate) fn instant(&self) -> Option<Instant> {
        match self {
            Self::Day(day) => day.start(),
            Self::Time(time) => time.instant(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Time(time) => time.fmt(f),
        }
    }
}

impl FromScript for When {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        let has_time = match value.read_lock::<Map>() {
            Some(map) => map.contains_key("date"),
            None => value.as_immutable_string_ref().is_ok_and(|text| text.contains(':')),
        };
        if has_time {
            JalaliDateTime::from_script(value).map(Self::Time)
        } else {
            JalaliDate::from_script(value).map(Self::Day)
        }
    }
}
