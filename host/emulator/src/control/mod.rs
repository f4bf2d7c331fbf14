//! The control API: the clock, and what happens elsewhere in POD's world – phones, terminals, the
//! businesses' own servers –, what goes wrong, and how the books stand.
//!
//! It is for the developer whose machine this is. Web pages that the same machine shows must not
//! reach it: no answer allows another origin to read it, and a body has to be `application/json`,
//! which a page of another origin cannot send without asking first.

mod caller;
mod clock;
mod faults;
mod phones;

use std::sync::Arc;

use axum::{
    Router,
    extract::{OriginalUri, RawQuery, State},
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, Holdings,
    books::Books,
    callbacks,
    deeds::Deed,
    ledger::Ledger,
    platform::{INTERNAL, Platform},
    scenario::{PosTransaction, Scenario, ScenarioError},
    seed,
    service::Refusal,
};

/// Where the control API is served: its own path, and the one that older scripts call.
const PATHS: [&str; 2] = ["/emulator", "/sandbox"];

pub(crate) fn router() -> Router<Arc<Platform>> {
    let routes = Router::new()
        .route("/clock", get(clock::show).post(clock::shift))
        .route("/sms", get(phones::sent).post(phones::texted))
        .route("/ledger", get(ledger))
        .route("/caller", get(caller::show))
        .route("/books", get(books))
        .route("/deeds", get(deeds))
        .route("/holdings", get(holdings))
        .route("/pos-transactions", post(paid_at_terminal))
        .route("/callbacks", get(delivered))
        .route("/faults", get(faults::show).post(faults::add).delete(faults::clear))
        .route("/{*rest}", any(nothing_here));
    PATHS.iter().fold(Router::new(), |router, path| router.nest(path, routes.clone()))
}

/// Why the control API does not do something: `{"error": "…"}`.
struct Failure(StatusCode, String);

impl Failure {
    fn field(field: &str, expected: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, format!("{field}: {expected}"))
    }

    fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "the control API failed");
        Self(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL.1.to_owned())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.1 });
        (self.0, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Platform { kind, detail, .. } => {
                let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
                let name = kind.name();
                Self(StatusCode::BAD_REQUEST, format!("{name}: {}{detail}", kind.message()))
            }
            Refusal::Internal(error) => Self::internal(error.as_ref()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Clock(reason) => Self(StatusCode::BAD_REQUEST, reason.to_string()),
            other => Self::internal(&other),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}

fn json(answer: &impl Serialize) -> Result<Response, Failure> {
    let body = serde_json::to_vec(answer).map_err(|error| Failure::internal(&error))?;
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

/// Reads a body; what is wrong with it is told with the field's name.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Failure> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(Failure::field("content-type", "application/json is expected"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "the body".to_owned() } else { path };
        Failure::field(&path, &error.into_inner().to_string())
    })?;
    deserializer.end().map_err(|error| Failure::field("the body", &error.to_string()))?;
    Ok(read)
}

async fn ledger(State(platform): State<Arc<Platform>>) -> Result<Response, Failure> {
    let mut store = platform.store.lock().await;
    platform.catch_up(&mut store).await?;
    json(&Ledger::read(&mut store.connection).await?)
}

async fn books(State(platform): State<Arc<Platform>>) -> Result<Response, Failure> {
    let mut store = platform.store.lock().await;
    platform.catch_up(&mut store).await?;
    json(&Books::read(&mut store.connection).await?)
}

async fn deeds(State(platform): State<Arc<Platform>>) -> Result<Response, Failure> {
    let mut store = platform.store.lock().await;
    platform.catch_up(&mut store).await?;
    json(&Deed::all(&mut store.connection).await?)
}

/// What somebody can pay with: who has the token, or else the scenario's caller.
async fn holdings(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let mut store = platform.store.lock().await;
    platform.catch_up(&mut store).await?;
    let caller = caller::asked_for(&platform, &mut store, query).await?;
    let holdings = Holdings::of(&platform, &mut store, caller).await?;
    let mut shown = serde_json::to_value(holdings).map_err(|error| Failure::internal(&error))?;
    if let (Some(fork), Some(fields)) = (&platform.fork, shown.as_object_mut()) {
        fields.retain(|field, _| fork.gaps.knows(field));
    }
    json(&shown)
}

async fn delivered(State(platform): State<Arc<Platform>>) -> Result<Response, Failure> {
    json(&callbacks::all(&mut platform.store.lock().await.connection).await?)
}

/// A customer has paid at a terminal: payInvoiceByPos will find it.
async fn paid_at_terminal(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let transaction: PosTransaction = read(&headers, &body)?;
    let mut scenario = Scenario { pos_transactions: vec![transaction], ..Scenario::default() };
    if let Err(ScenarioError::Invalid(problem)) = scenario.check() {
        let field = problem.path.rsplit('.').next().unwrap_or_default();
        return Err(Failure::field(field, &problem.reason));
    }
    let mut store = platform.store.lock().await;
    for transaction in &scenario.pos_transactions {
        match seed::insert_pos_transaction(&mut store.connection, transaction).await {
            Err(Error::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => {
                let reason = "the terminal has a transaction with this number already";
                return Err(Failure::field("referenceNumber", reason));
            }
            inserted => inserted?,
        }
    }
    json(&scenario.pos_transactions.pop())
}

async fn nothing_here(OriginalUri(uri): OriginalUri) -> Failure {
    let reason = format!(
        "there is nothing at {}: the control API is /emulator/clock, sms, ledger, books, deeds, \
         caller, holdings, pos-transactions, callbacks and faults",
        uri.path()
    );
    Failure(StatusCode::NOT_FOUND, reason)
}
