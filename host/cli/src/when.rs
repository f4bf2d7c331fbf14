//! A time on the command line: a Jalali day, one with a time, or how long ago.

use std::str::FromStr;

use pod_platform::{Clock as _, Instant, JalaliDate, SystemClock};

/// A time, or a distance from now.
#[derive(Clone, Copy, Debug)]
pub enum When {
    At(Instant),
    /// Milliseconds ago.
    Ago(u64),
}

impl When {
    /// In milliseconds since 1970.
    pub fn millis(self) -> u64 {
        match self {
            Self::At(instant) => instant.0,
            Self::Ago(millis) => SystemClock.now().0.saturating_sub(millis),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(Err(distant)) = JalaliDate::leading(text).map(JalaliDate::check_calendar) {
            return Err(distant.to_string());
        }
        if let Some(at) = Instant::from_jalali_date_time(text) {
            return Ok(Self::At(at));
        }
        if let Some(at) = text.parse::<JalaliDate>().ok().and_then(JalaliDate::start) {
            return Ok(Self::At(at));
        }
        let span: Option<jiff::Span> = text.parse().ok();
        let millis = span.and_then(|span| {
            let day = jiff::SpanRelativeTo::days_are_24_hours();
            span.total((jiff::Unit::Millisecond, day)).ok()
        });
        match millis {
            Some(millis) if millis >= 0.0 => Ok(Self::Ago(millis as u64)),
            _ => Err("a time is a Jalali day like 1399/03/13, one with a time like \
                      \"1399/03/13 10:00:00\", or how long ago, like 36h or 7d"
                .to_owned()),
        }
    }
}
