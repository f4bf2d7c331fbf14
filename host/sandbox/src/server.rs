//! POD's HTTP side: paths, verbs, and the several places where clients put tokens.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use pod_platform::wire::form::Fields;

use crate::platform::{Call, Platform};

/// Where services are called: production, and what older clients use.
const BASES: [&str; 3] = ["/srv/sc", "/srv/core", "/srv/basic-platform"];

pub(crate) fn router(platform: Arc<Platform>) -> Router {
    let mut router = Router::new();
    for base in BASES {
        for slash in ["", "/"] {
            router = router
                .route(
                    &format!("{base}/nzh/doServiceCall{slash}"),
                    get(service_call).post(service_call),
                )
                .route(&format!("{base}/nzh/ott{slash}"), get(one_time_token));
        }
    }
    router.fallback(nothing_here).with_state(platform)
}

async fn service_call(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut fields = Fields::decoded(&body);
    if let Some(query) = query {
        fields.extend(Fields::decoded(query.as_bytes()));
    }
    let call = Call {
        token: header(&headers, "_token_").or_else(|| field(&fields, "_token_")),
        token_issuer: header(&headers, "_token_issuer_")
            .or_else(|| field(&fields, "_token_issuer_")),
        ott: header(&headers, "_ott_")
            .or_else(|| field(&fields, "_ott_"))
            .or_else(|| field(&fields, "ott")),
        fields: Some(fields),
    };
    answer(platform, call).await
}

async fn one_time_token(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let fields = Fields::decoded(query.unwrap_or_default().as_bytes());
    let call = Call {
        token: header(&headers, "_token_").or_else(|| field(&fields, "_token_")),
        token_issuer: header(&headers, "_token_issuer_")
            .or_else(|| field(&fields, "_token_issuer_")),
        ott: None,
        fields: None,
    };
    answer(platform, call).await
}

/// A call runs in a task of its own: as on POD, what has arrived takes effect whether or not its
/// caller waits for the answer.
async fn answer(platform: Arc<Platform>, call: Call) -> Response {
    let task = tokio::spawn(async move { serde_json::to_vec(&platform.answer(call).await) });
    match task.await {
        Ok(Ok(body)) => ([(CONTENT_TYPE, "application/json;charset=utf-8")], body).into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a call did not end");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn nothing_here(uri: axum::http::Uri) -> Response {
    let message = format!(
        "The local platform has nothing at {}. Services are called at /srv/sc/nzh/doServiceCall.\n",
        uri.path()
    );
    (StatusCode::NOT_FOUND, message).into_response()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

fn field(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).map(str::to_owned)
}
