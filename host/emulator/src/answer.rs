//! How an answer goes out: in time and as it is, or as a fault has it.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use pod_platform::wire::envelope::OutgoingEnvelope;

use crate::{
    faults::Manner,
    line::{Instead, Line},
    platform::{Call, Platform},
    scenario::Spoilt,
};

/// What a client is sent that expects an envelope and meets a stranger.
const NO_JSON: &str = "<!DOCTYPE html><html><body><h1>POD</h1></body></html>\n";
/// What it is sent that expects HTTP.
const NO_HTTP: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28 no HTTP\r\n\r\n";

/// What came of a call.
pub(crate) struct Answered {
    /// None if there is nothing to say.
    pub(crate) envelope: Option<Arc<OutgoingEnvelope>>,
    pub(crate) manner: Manner,
    pub(crate) latency: Duration,
}

/// Answers a call; `shape` makes the response of its envelope.
///
/// A call runs in a task of its own: as on POD, what has arrived takes effect whether or not its
/// caller waits for the answer.
pub(crate) async fn answer(
    platform: Arc<Platform>,
    line: &Line,
    call: Call,
    shape: fn(&OutgoingEnvelope) -> Response,
) -> Response {
    let calling = Arc::clone(&platform);
    let answered = match tokio::spawn(async move { calling.answer(call).await }).await {
        Ok(answered) => answered,
        Err(error) => {
            tracing::error!(%error, "a call has no answer");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    pass(&platform, answered.latency).await;
    let close = || instead(line, Instead::Close);
    match answered.manner {
        Manner::Status(status) => page(status),
        Manner::Close => close(),
        Manner::Reset => instead(line, Instead::Reset),
        Manner::Silence(hold) => {
            pass(&platform, hold).await;
            close()
        }
        Manner::Answer | Manner::Refusal(_) => match answered.envelope {
            Some(envelope) => shape(&envelope),
            None => close(),
        },
        Manner::Spoilt(spoilt) => match answered.envelope {
            Some(envelope) => spoil(spoilt, shape(&envelope), line).await,
            None => close(),
        },
    }
}

/// Waits; a platform that stops does not.
async fn pass(platform: &Platform, time: Duration) {
    // Most calls do not wait, and need no timer.
    if !time.is_zero() {
        platform.stopping.run_until_cancelled(tokio::time::sleep(time)).await;
    }
}

/// A failure of something between POD and its caller.
fn page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = format!("<!DOCTYPE html><html><body><h1>{status}</h1></body></html>\n");
    (status, [(CONTENT_TYPE, "text/html")], page).into_response()
}

/// What the server writes for this response is not sent.
fn instead(line: &Line, instead: Instead) -> Response {
    line.tell(instead);
    StatusCode::OK.into_response()
}

async fn spoil(spoilt: Spoilt, response: Response, line: &Line) -> Response {
    if spoilt == Spoilt::NotJson {
        return ([(CONTENT_TYPE, "text/html")], NO_JSON).into_response();
    }
    // An answer that was made here: it is in memory already.
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return instead(line, Instead::Close);
    };
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let told = |length: usize, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {}\r\ncontent-type: {}\r\ncontent-length: {length}\r\n\r\n",
            parts.status,
            content_type.unwrap_or("application/octet-stream"),
        );
        [head.as_bytes(), body].concat()
    };
    let half = body.len() / 2;
    match spoilt {
        Spoilt::NotHttp => instead(line, Instead::SayLast(Bytes::from_static(NO_HTTP))),
        Spoilt::Truncated => {
            let (first, _) = body.split_at(half);
            instead(line, Instead::SayLast(told(body.len(), first).into()))
        }
        Spoilt::WrongLength => instead(line, Instead::Say(told(half, &body).into())),
        Spoilt::Duplicated => instead(line, Instead::Say(told(body.len(), &body).repeat(2).into())),
        // It is another call's answer, and nothing is wrong with it otherwise.
        Spoilt::NotJson | Spoilt::Reordered => Response::from_parts(parts, Body::from(body)),
    }
}
