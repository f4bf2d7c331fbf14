//! A shop's own server. At a checkout it asks the netting policy which of the shop's debts what the
//! customer paid will settle, and pays nothing; on a schedule it has the policy settle them.
//!
//! `cargo run --release -p pod-host --example axum_checkout [ADDRESS]`: with an address it serves until
//! Ctrl-C; without, it is its own customer, and ends.

mod shop;

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path as InPath, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use pod_host::{Account, Host, Policy, Receipt, RunOptions};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

/// How often debts are settled. A shop would say once a night.
const EVERY: Duration = Duration::from_millis(500);

/// What each request needs. A host runs as many policies at a time as there are.
struct Shop {
    host: Host,
    policy: Policy,
    account: Account,
}

impl Shop {
    /// What the payment of this invoice will settle, if anything: decided and checked, and not paid.
    async fn will_settle(&self, invoice: u64) -> Result<Option<Value>, pod_host::Error> {
        let options = RunOptions { plan_only: true, ..RunOptions::default() };
        let receipt = self.host.run_with(&self.policy, &self.account, options).await?;
        let mut payments = receipt.output["payments"].as_array().into_iter().flatten();
        Ok(payments.find(|payment| payment["creditorInvoiceId"] == invoice).cloned())
    }

    /// Settles what can be settled. The key makes it once, however often it is asked for: a server that
    /// was killed asks again when it is back, and goes on with the run that was cut off.
    async fn settle(&self, key: String) -> Result<Receipt, pod_host::Error> {
        let options = RunOptions { key: Some(key), ..RunOptions::default() };
        self.host.run_with(&self.policy, &self.account, options).await
    }
}

/// `GET /checkout/601`: what this payment settles.
async fn checkout(
    State(shop): State<Arc<Shop>>,
    InPath(invoice): InPath<u64>,
) -> impl IntoResponse {
    let (status, body) = match shop.will_settle(invoice).await {
        Ok(payment) => (StatusCode::OK, json!({ "invoice": invoice, "settles": payment })),
        // The code is for programs, and stays as it is.
        Err(error) => (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "code": error.code(), "error": error.to_string() }),
        ),
    };
    (status, [(CONTENT_TYPE, "application/json")], body.to_string())
}

fn router(shop: Arc<Shop>) -> Router {
    Router::new().route("/checkout/{invoice}", get(checkout)).with_state(shop)
}

/// Settles on a schedule, and tells of each run, until nobody listens.
async fn settle_on_schedule(shop: Arc<Shop>, tell: mpsc::Sender<Result<Receipt, pod_host::Error>>) {
    let mut schedule = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    for night in 1.. {
        schedule.tick().await;
        if tell.send(shop.settle(format!("night-{night}")).await).await.is_err() {
            return;
        }
    }
}

async fn open(store: &Path, pod: &pod_emulator::Emulator) -> Result<Arc<Shop>, Box<dyn Error>> {
    let host = Host::builder().store(store).build().await?;
    let policy = host.load(shop::netting().join("netting.rhai")).await?;
    let account = shop::account(pod)?.with_platform(pod.platform_url());
    Ok(Arc::new(Shop { host, policy, account }))
}

/// Serves until `stop` is ready; requests that have begun are answered.
async fn serve(
    listener: TcpListener,
    shop: Arc<Shop>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(shop)).with_graceful_shutdown(stop).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (store, pod) = (tempfile::tempdir()?, shop::emulator().await?);
    let shop = open(store.path(), &pod).await?;
    let Some(address) = std::env::args().nth(1) else {
        for line in play(shop).await? {
            println!("{line}");
        }
        return Ok(());
    };
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/checkout/601", listener.local_addr()?);
    let (tell, mut told) = mpsc::channel(1);
    let schedule = tokio::spawn(settle_on_schedule(shop.clone(), tell));
    let show = tokio::spawn(async move {
        while let Some(settled) = told.recv().await {
            println!("{}", in_words(&settled));
        }
    });
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    serve(listener, shop, stop).await?;
    // A payment that has begun is ended and recorded all the same; the rest of its run can be resumed.
    schedule.abort();
    show.abort();
    Ok(())
}

/// A customer pays and looks, the night comes, and the customer looks again.
async fn play(shop: Arc<Shop>) -> Result<[String; 3], Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/checkout/601", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or_default() };
    let server = tokio::spawn(serve(listener, shop.clone(), stopped));

    let before = reqwest::get(&url).await?.text().await?;
    let (tell, mut told) = mpsc::channel(1);
    let schedule = tokio::spawn(settle_on_schedule(shop, tell));
    let settled = told.recv().await.ok_or("the schedule ended")?;
    schedule.abort();
    let after = reqwest::get(&url).await?.text().await?;
    // Nobody waits for it only if the server has ended already.
    let _ = stop.send(());
    server.await??;
    Ok([before, in_words(&settled), after])
}

fn in_words(settled: &Result<Receipt, pod_host::Error>) -> String {
    match settled {
        Ok(receipt) => {
            let key = receipt.key.as_deref().unwrap_or_default();
            format!("{key}: {} settled, {} rials", receipt.effects.len(), receipt.meters.rials)
        }
        Err(error) => format!("not settled ({}): {error}", error.code()),
    }
}

#[tokio::test]
async fn a_checkout_tells_and_the_night_settles() -> Result<(), Box<dyn Error>> {
    let (store, pod) = (tempfile::tempdir()?, shop::emulator().await?);
    let shop = open(store.path(), &pod).await?;
    let [before, night, after] = play(shop).await?;
    let (before, after): (Value, Value) =
        (serde_json::from_str(&before)?, serde_json::from_str(&after)?);
    assert_eq!(before["settles"]["debtorInvoiceId"], 501, "{before}");
    assert_eq!(night, "night-1: 3 settled, 1572500 rials");
    assert_eq!(after["settles"], Value::Null, "{after}");
    assert_eq!(pod.ledger().await?.balance("invoice:501"), 900_000, "once");
    Ok(())
}
