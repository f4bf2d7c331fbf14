//! `callUri`: after a payment POD calls the business's server with what it also tells the payer's
//! browser. A payment never depends on it; what came of it is kept for whoever tests.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use pod_platform::Instant;
use reqwest::redirect::Policy;
use serde::Serialize;
use sqlx::{SqliteConnection, query, query_as, query_scalar};

use crate::{platform::Platform, service::Context};

/// How long a business's server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A call that is to be made.
pub(crate) struct Callback {
    id: i64,
    url: String,
}

/// What came of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    id: i64,
    at: Instant,
    invoice_id: i64,
    url: String,
    /// The status of the server's answer; neither this nor an error: it is still awaited.
    status: Option<u16>,
    error: Option<String>,
}

/// Notes that a business's server is to be called, within the payment's transaction.
pub(crate) async fn note(
    context: &mut Context<'_>,
    invoice: i64,
    url: String,
) -> Result<Callback, sqlx::Error> {
    let id =
        query_scalar("INSERT INTO callbacks (at, invoice_id, url) VALUES (?, ?, ?) RETURNING id")
            .bind(context.millis())
            .bind(invoice)
            .bind(&url)
            .fetch_one(&mut *context.connection)
            .await?;
    Ok(Callback { id, url })
}

/// Calls the business's server, once, while nobody waits for it.
pub(crate) fn deliver(platform: &Arc<Platform>, callback: Callback) {
    // Nothing was paid on the platform that it is a fork of, and its business's server is a real one.
    let is_fork = platform.fork.is_some();
    // A platform that stops meanwhile closes its data; it does not wait for a business's server.
    let platform = Arc::downgrade(platform);
    tokio::spawn(async move {
        let outcome = match is_fork {
            true => Err("a fork calls nobody's server".to_owned()),
            false => get(&callback.url).await,
        };
        if let Err(error) = &outcome {
            tracing::warn!(url = callback.url, error, "a business's server was not reached");
        }
        if let Err(error) = keep(&platform, callback.id, outcome).await {
            tracing::error!(%error, "what came of a callback cannot be kept");
        }
    });
}

async fn get(url: &str) -> Result<u16, String> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err("only http and https addresses are called".to_owned());
    }
    // Fails only if the program chose a provider of its own, which then serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|error| reason(&error))?;
    let answer = client.get(url).send().await.map_err(|error| reason(&error))?;
    Ok(answer.status().as_u16())
}

/// The innermost reason: the others repeat the address.
fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if error.is_timeout() { "no answer in 5 seconds".to_owned() } else { innermost.to_string() }
}

async fn keep(
    platform: &Weak<Platform>,
    id: i64,
    outcome: Result<u16, String>,
) -> Result<(), sqlx::Error> {
    let Some(platform) = platform.upgrade() else { return Ok(()) };
    let (status, error) = match outcome {
        Ok(status) => (Some(status), None),
        Err(error) => (None, Some(error)),
    };
    let mut store = platform.store.lock().await;
    query("UPDATE callbacks SET status = ?, error = ? WHERE id = ?")
        .bind(status)
        .bind(error)
        .bind(id)
        .execute(&mut store.connection)
        .await?;
    Ok(())
}

/// All calls, the newest last.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Delivery>, sqlx::Error> {
    type Row = (i64, i64, i64, String, Option<u16>, Option<String>);
    let rows: Vec<Row> =
        query_as("SELECT id, at, invoice_id, url, status, error FROM callbacks ORDER BY id")
            .fetch_all(connection)
            .await?;
    let delivery = |(id, at, invoice_id, url, status, error): Row| Delivery {
        id,
        at: Instant(at.unsigned_abs()),
        invoice_id,
        url,
        status,
        error,
    };
    Ok(rows.into_iter().map(delivery).collect())
}
