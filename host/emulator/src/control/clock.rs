//! `/emulator/clock`: what time it is, and moving on.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use jiff::{Span, SpanRelativeTo};
use pod_platform::{Instant, JalaliDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Failure, json, read};
use crate::{clock::Move, platform::Platform};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Clock {
    now: String,
    millis: u64,
    /// Absent where the clock is not the platform's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<bool>,
    /// How many things happened because the clock was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    happened: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shift {
    now: Option<String>,
    advance: Option<Value>,
}

pub(super) async fn show(State(platform): State<Arc<Platform>>) -> Result<Response, Failure> {
    json(&clock(&platform, None))
}

pub(super) async fn shift(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let to = match read(&headers, &body)? {
        Shift { now: Some(now), advance: None } => {
            let expected = "a date-time of the Persian calendar, yyyy/mm/dd HH:MM:SS, is expected";
            let day = JalaliDate::leading(&now);
            if let Some(Err(distant)) = day.map(JalaliDate::check_calendar) {
                return Err(Failure::field("now", &distant.to_string()));
            }
            let now = Instant::from_jalali_date_time(&now);
            Move::To(now.ok_or_else(|| Failure::field("now", expected))?)
        }
        Shift { now: None, advance: Some(advance) } => Move::By(duration(&advance)?),
        _ => return Err(Failure::field("the body", "either `now` or `advance` is expected")),
    };
    // In a task of its own: what becomes due happens whether or not somebody waits for the answer.
    let moving = Arc::clone(&platform);
    let happened = tokio::spawn(async move { moving.move_clock(to).await }).await??;
    json(&clock(&platform, Some(happened)))
}

fn clock(platform: &Platform, happened: Option<u64>) -> Clock {
    let now = platform.clock.now();
    let stands = platform.own_clock.as_ref().map(|clock| clock.stands());
    Clock { now: now.to_string(), millis: now.0, stands, happened }
}

/// Seconds, or a text such as `36h` or `2 days 3h`.
fn duration(advance: &Value) -> Result<Duration, Failure> {
    let read = match advance {
        Value::Number(seconds) => seconds.as_u64().map(Duration::from_secs),
        Value::String(text) => text
            .parse::<Span>()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok()),
        _ => None,
    };
    let expected = "seconds, or a time such as \"90s\", \"36h\" or \"2 days\", is expected; it is \
                    never negative, and months and years have no fixed length";
    read.ok_or_else(|| Failure::field("advance", expected))
}
