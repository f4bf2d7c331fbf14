//! POD's HTTP side: paths, verbs, and the several places where clients put tokens.

use std::sync::Arc;

use axum::{
    RequestExt as _, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest as _, Multipart, RawQuery, Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use pod_platform::{
    Route,
    files::FileContent,
    types::PlatformErrorKind as Kind,
    wire::{envelope::OutgoingEnvelope, form::Fields},
};

use crate::{
    control, pages,
    platform::{Call, Platform, Target},
};

/// Where services are called: production, and what older clients use.
const BASES: [&str; 3] = ["/srv/sc", "/srv/core", "/srv/basic-platform"];

/// The largest file that can be uploaded, in bytes.
const LARGEST_FILE: usize = 16 * 1024 * 1024;

pub(crate) fn router(platform: Arc<Platform>) -> Router {
    let mut router = Router::new();
    // Clients write a slash at the end, or none.
    let mut route = |path: String, handler: axum::routing::MethodRouter<Arc<Platform>>| {
        let taken = std::mem::take(&mut router);
        router = taken.route(&path, handler.clone()).route(&format!("{path}/"), handler);
    };
    for base in BASES {
        let service = move |state, query, headers, body| {
            service_call(Target::Product, state, query, headers, body)
        };
        route(format!("{base}/nzh/doServiceCall"), get(service).post(service));
        let ott = move |state, query, headers, body| {
            service_call(Target::OneTimeToken, state, query, headers, body)
        };
        route(format!("{base}/nzh/ott"), get(ott).post(ott));
    }
    for entry in platform.registry.paths() {
        match entry.row.route {
            Route::Path { path, .. } => {
                let direct = move |state, query, headers, body| {
                    service_call(Target::Path(path), state, query, headers, body)
                };
                for base in BASES {
                    route(format!("{base}{path}"), get(direct).post(direct));
                }
            }
            Route::Upload { path } => {
                let upload = move |state, headers, request| upload(path, state, headers, request);
                route(path.to_owned(), axum::routing::post(upload));
            }
            Route::Download { path } => {
                let download = move |state, query, headers| download(path, state, query, headers);
                route(path.to_owned(), get(download));
            }
            Route::Product(_) | Route::Link { .. } => {}
        }
    }
    router
        .merge(pages::router())
        .merge(control::router())
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(LARGEST_FILE))
        .with_state(platform)
}

async fn service_call(
    target: Target,
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut fields = Fields::decoded(&body);
    if let Some(query) = query {
        fields.extend(Fields::decoded(query.as_bytes()));
    }
    envelope(answer(platform, call(target, &headers, fields)).await)
}

/// A file comes as a form of several parts, one of which is its content.
async fn upload(
    path: &'static str,
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let mut fields = Fields::default();
    match Multipart::from_request(request, &()).await {
        Ok(parts) => {
            if let Err(reason) = read_parts(parts, &mut fields).await {
                return (StatusCode::BAD_REQUEST, format!("{reason}\n")).into_response();
            }
        }
        Err(rejection) => return rejection.into_response(),
    }
    envelope(answer(platform, call(Target::Path(path), &headers, fields)).await)
}

async fn read_parts(
    mut parts: Multipart,
    fields: &mut Fields,
) -> Result<(), axum::extract::multipart::MultipartError> {
    let mut own_name = None;
    while let Some(part) = parts.next_field().await? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            own_name = part.file_name().map(str::to_owned);
            fields.push("content", BASE64_STANDARD.encode(part.bytes().await?));
        } else {
            fields.push(name, part.text().await?);
        }
    }
    if fields.get("fileName").is_none() {
        fields.push("fileName", own_name.unwrap_or_else(|| "file".to_owned()));
    }
    Ok(())
}

async fn download(
    path: &'static str,
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let fields = Fields::decoded(query.unwrap_or_default().as_bytes());
    let answer = answer(platform, call(Target::Path(path), &headers, fields)).await;
    let file = answer.as_ref().ok().and_then(|answer| answer.as_ref()?.result.as_ref());
    match file.and_then(|file| serde_json::from_str::<FileContent>(file.get()).ok()) {
        Some(FileContent { content_type, content }) => {
            let content_type =
                content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            ([(CONTENT_TYPE, content_type)], content).into_response()
        }
        None => {
            let mut response = envelope(answer);
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}

fn call(target: Target, headers: &HeaderMap, fields: Fields) -> Call {
    let header_or_field =
        |name: &str| header(headers, name).or_else(|| fields.get(name).map(str::to_owned));
    Call {
        token: header_or_field("_token_"),
        token_issuer: header_or_field("_token_issuer_"),
        ott: header_or_field("_ott_").or_else(|| fields.get("ott").map(str::to_owned)),
        target,
        fields,
    }
}

/// What came of a call; nothing where a fault leaves it without an answer.
type Answer = Result<Option<OutgoingEnvelope>, tokio::task::JoinError>;

/// A call runs in a task of its own: as on POD, what has arrived takes effect whether or not its
/// caller waits for the answer.
async fn answer(platform: Arc<Platform>, call: Call) -> Answer {
    tokio::spawn(async move { platform.answer(call).await }).await
}

fn envelope(answer: Answer) -> Response {
    let body = match answer {
        Ok(None) => return hang_up(),
        Ok(Some(answer)) => serde_json::to_vec(&answer).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match body {
        Ok(body) => ([(CONTENT_TYPE, "application/json;charset=utf-8")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "a call has no answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Closes the connection without an answer. The server sends nothing before a response's body has
/// begun, and gives the connection up when that fails: this one is longer than it may be.
fn hang_up() -> Response {
    let mut unsendable = Request::new(Body::from("no answer"));
    DefaultBodyLimit::max(1).apply(&mut unsendable);
    Response::new(unsendable.into_limited_body())
}

/// JSON, because POD's clients read every answer as an envelope.
async fn nothing_here(uri: axum::http::Uri) -> Response {
    let path = uri.path();
    let message = format!(
        "The local platform has nothing at {path}. Services are called at \
         /srv/sc/nzh/doServiceCall, payers pay at /v1/pbc/…, and /sandbox/ is its control API."
    );
    let body = serde_json::json!({
        "hasError": true,
        "errorCode": Kind::NotFound.code(),
        "message": message,
        "count": 0,
    });
    let headers = [(CONTENT_TYPE, "application/json;charset=utf-8")];
    (StatusCode::NOT_FOUND, headers, body.to_string()).into_response()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}
