//! POD's HTTP side: paths, verbs, and the several places where clients put tokens.

use std::sync::Arc;

use axum::{
    Router,
    extract::{
        ConnectInfo, DefaultBodyLimit, FromRequest as _, Multipart, RawQuery, Request, State,
    },
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
    answer::answer,
    control,
    line::Line,
    pages,
    platform::{Call, Platform, Target},
};

/// Where services are called: production, and what older clients use.
const BASES: [&str; 4] = ["/srv/sc", "/srv/core", "/srv/basic-platform", ""];

/// The paths by which older clients call services that have numbers.
const BY_PATH: [(&str, &[&str]); 2] = [
    (
        "/nzh/biz",
        &[
            "issueInvoice",
            "getInvoiceList",
            "getInvoiceListByMetadata",
            "verifyInvoice",
            "verifyAndCloseInvoice",
            "closeInvoice",
            "cancelInvoice",
            "reduceInvoice",
            "sendInvoicePaymentSMS",
            "payInvoice",
            "payInvoiceByInvoice",
            "payInvoiceInFuture",
            "payInvoiceByPos",
            // The Python client has it here, the Java client below `/nzh`.
            "payAnyInvoiceByCredit",
            "getInvoicePaymentLink",
        ],
    ),
    ("/nzh", &["payInvoiceByCredit", "payAnyInvoiceByCredit"]),
];

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
        let service = move |state, line, query, headers, body| {
            service_call(Target::Product, state, line, query, headers, body)
        };
        route(format!("{base}/nzh/doServiceCall"), get(service).post(service));
        let ott = move |state, line, query, headers, body| {
            service_call(Target::OneTimeToken, state, line, query, headers, body)
        };
        route(format!("{base}/nzh/ott"), get(ott).post(ott));
        for (folder, services) in BY_PATH {
            for name in services {
                let named = move |state, line, query, headers, body| {
                    service_call(Target::Named(name), state, line, query, headers, body)
                };
                route(format!("{base}{folder}/{name}"), get(named).post(named));
            }
        }
    }
    for entry in platform.registry.paths() {
        match entry.row.route {
            Route::Path { path, .. } => {
                let direct = move |state, line, query, headers, body| {
                    service_call(Target::Path(path), state, line, query, headers, body)
                };
                for base in BASES {
                    route(format!("{base}{path}"), get(direct).post(direct));
                }
            }
            Route::Upload { path } => {
                let upload = move |state, line, headers, request| {
                    upload(path, state, line, headers, request)
                };
                route(path.to_owned(), axum::routing::post(upload));
            }
            Route::Download { path } => {
                let download =
                    move |state, line, query, headers| download(path, state, line, query, headers);
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
    ConnectInfo(line): ConnectInfo<Line>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut fields = Fields::decoded(&body);
    if let Some(query) = query {
        fields.extend(Fields::decoded(query.as_bytes()));
    }
    answer(platform, &line, call(target, &headers, fields), envelope).await
}

/// A file comes as a form of several parts, one of which is its content.
async fn upload(
    path: &'static str,
    State(platform): State<Arc<Platform>>,
    ConnectInfo(line): ConnectInfo<Line>,
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
    answer(platform, &line, call(Target::Path(path), &headers, fields), envelope).await
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
    ConnectInfo(line): ConnectInfo<Line>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let fields = Fields::decoded(query.unwrap_or_default().as_bytes());
    answer(platform, &line, call(Target::Path(path), &headers, fields), file).await
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

fn envelope(envelope: &OutgoingEnvelope) -> Response {
    match serde_json::to_vec(envelope) {
        Ok(body) => ([(CONTENT_TYPE, "application/json;charset=utf-8")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A file, or why there is none.
fn file(answer: &OutgoingEnvelope) -> Response {
    let file = answer.result.as_ref();
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

/// JSON, because POD's clients read every answer as an envelope.
async fn nothing_here(uri: axum::http::Uri) -> Response {
    let path = uri.path();
    let message = format!(
        "The emulator has nothing at {path}. Services are called at \
         /srv/sc/nzh/doServiceCall, payers pay at /v1/pbc/…, and /emulator/ is its control API."
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
