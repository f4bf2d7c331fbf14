//! What a payer's browser gets: a page, or another address.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
            X_FRAME_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
};
use pod_platform::types::PlatformErrorKind as Kind;

use super::view::Message;
use crate::{
    callbacks::{self, Callback},
    parties::Caller,
    platform::{Acting, INTERNAL, Platform},
    service::{Context, Refusal},
};

/// No `form-action`: browsers would apply it to the redirect behind a form, too, and hold the payer
/// back from the business.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page, or another address; and whom else to tell, once it is certain.
pub(super) struct Answer {
    pub(super) page: Page,
    pub(super) callback: Option<Callback>,
}

pub(super) enum Page {
    Shown(StatusCode, String),
    Elsewhere(String),
}

impl Answer {
    pub(super) fn show(status: StatusCode, template: &impl Template) -> Result<Self, Refusal> {
        let page = template.render().map_err(|error| Refusal::Internal(Box::new(error)))?;
        Ok(Self { page: Page::Shown(status, page), callback: None })
    }

    pub(super) fn go(address: String) -> Self {
        Self { page: Page::Elsewhere(address), callback: None }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = match self {
            Self::Shown(status, page) => {
                (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
            }
            // What the payer's browser is sent to is an address in ASCII: a URL was written.
            Self::Elsewhere(address) => match HeaderValue::try_from(address) {
                Ok(address) => (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            },
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Does one step of a payer. It runs in a task of its own: as on POD, a payment takes effect whether
/// or not the browser waits for it.
pub(super) async fn step(
    platform: &Arc<Platform>,
    step: impl for<'a> FnOnce(&'a mut Context<'_>) -> Acting<'a, Answer> + Send + 'static,
) -> Result<Page, Refusal> {
    let platform = Arc::clone(platform);
    let done = tokio::spawn(async move {
        let answer = platform.act("paymentPage", Caller::PLATFORM, step).await?;
        if let Some(callback) = answer.callback {
            callbacks::deliver(&platform, callback);
        }
        Ok(answer.page)
    });
    done.await.map_err(|error| Refusal::Internal(Box::new(error)))?
}

/// The page of a step, or POD's message why there is none.
pub(super) fn respond(outcome: Result<Page, Refusal>) -> Response {
    let (status, text) = match outcome {
        Ok(page) => return page.into_response(),
        Err(Refusal::Platform { kind, detail, .. }) => (status(kind), message(kind, detail)),
        Err(Refusal::Internal(error)) => {
            tracing::error!(%error, "a page cannot be shown");
            (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL.1.to_owned())
        }
    };
    match Answer::show(status, &Message { text, way_back: None }) {
        Ok(answer) => answer.page.into_response(),
        Err(_) => status.into_response(),
    }
}

pub(super) fn message(kind: Kind, detail: Option<String>) -> String {
    match detail {
        Some(detail) => format!("{}: {detail}", kind.message()),
        None => kind.message().to_owned(),
    }
}

fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::InvoiceNotFound | Kind::PageNotFound | Kind::CodeInvalidOrExpired => {
            StatusCode::NOT_FOUND
        }
        Kind::BadParameters => StatusCode::BAD_REQUEST,
        _ => StatusCode::CONFLICT,
    }
}
