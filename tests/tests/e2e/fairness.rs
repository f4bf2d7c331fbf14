//! One policy's burst waits in its own queue, one that keeps failing is paused, and logs are bounded
//! and hide what nobody should read.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use pod_host::{Account, Error, PAUSE_AFTER, Policy, Receipt, RunOptions, Status};
use pod_platform::{Client, Credentials, Limits, Platform};
use podhost_tests::{Bench, manifest};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

const SCENARIO: &str = "plugins/netting/scenarios/small.json";

/// A slow server, and the most requests that it ever answered at once.
async fn slow_server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("it listens").port();
    let most = Arc::new(AtomicUsize::new(0));
    let (told, now) = (most.clone(), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (told, now) = (told.clone(), now.clone());
            tokio::spawn(async move {
                let mut bytes = [0; 4_096];
                let _ = stream.read(&mut bytes).await;
                told.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(30)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
            });
        }
    });
    (port, most)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_waits_in_its_own_queue() {
    let bench = Arc::new(Bench::from_file(SCENARIO).await);
    let (port, most) = slow_server().await;
    let network =
        format!("[network]\nallow = [\"http://127.0.0.1:{port}/*\"]\nprivate = [\"127.0.0.1\"]\n");
    let manifest_of_burst = manifest("policy", "\"http\"", "concurrent-runs = 3") + &network;
    let script = format!(
        "fn run(input) {{ fetch(#{{ method: \"get\", url: \"http://127.0.0.1:{port}/\" }}).status }}"
    );
    let burst = bench.script(&manifest_of_burst, &script).await;
    let quiet = bench
        .script(&manifest("policy", "", "").replace("\"test\"", "\"quiet\""), "fn run(input) { 7 }")
        .await;

    let began = std::time::Instant::now();
    let runs = (0..60).map(|_| {
        let (bench, burst) = (bench.clone(), burst.clone());
        tokio::spawn(async move { bench.run(&burst, Value::Null).await })
    });
    let runs: Vec<_> = runs.collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let receipt = bench.run(&quiet, Value::Null).await;
    let waited = began.elapsed();
    assert_eq!(receipt.output, 7);
    let receipts: Vec<Receipt> = join_all(runs).await.into_iter().map(Result::unwrap).collect();
    assert!(receipts.iter().all(|receipt| receipt.output == 200), "{receipts:?}");
    assert_eq!(most.load(Ordering::SeqCst), 3);
    // Three at a time and 30 milliseconds each: the burst takes 600 at least.
    assert!(waited < Duration::from_millis(500), "the other policy waited {waited:?}");
    assert!(began.elapsed() >= Duration::from_millis(600));
}

async fn try_run(bench: &Bench, policy: &Policy, input: Value) -> Result<Receipt, Error> {
    let options = RunOptions { input, ..RunOptions::default() };
    bench.host.run_with(policy, &bench.account().await, options).await
}

#[tokio::test]
async fn a_policy_that_keeps_failing_is_paused_until_a_person_or_a_new_version_says_otherwise() {
    let bench = Bench::from_file(SCENARIO).await;
    let source = "fn run(input) { if input { throw \"no\"; } 7 }";
    let policy = bench.script(&manifest("policy", "", ""), source).await;
    let mut last = String::new();
    for turn in 0..25 {
        // Never ten in a row.
        let receipt = try_run(&bench, &policy, json!(turn % 9 != 0)).await.expect("it is run");
        assert_eq!(receipt.status == Status::Done, turn % 9 == 0);
    }
    for _ in 25..29 {
        last = try_run(&bench, &policy, json!(true)).await.expect("it is run").run;
    }
    let Err(error) = try_run(&bench, &policy, json!(false)).await else { panic!("it was run") };
    let said = error.to_string();
    assert!(
        matches!(&error, Error::Paused { runs: 10, last: paused, .. } if *paused == last),
        "{said}"
    );
    assert!(said.contains(&last), "{said}");

    let next = bench.script(&manifest("policy", "", ""), &format!("{source}\n// Mended.")).await;
    assert_eq!(try_run(&bench, &next, json!(false)).await.expect("another version").output, 7);

    bench.pod.advance(Duration::from_secs(1)).await.expect("it stands");
    bench.host.unpause(&last).await.expect("it can be written");
    bench.pod.advance(Duration::from_secs(1)).await.expect("it stands");
    assert_eq!(try_run(&bench, &policy, json!(false)).await.expect("it goes on").output, 7);
}

/// A policy that fails by itself if it is told to, and else asks POD.
const ASKS: &str =
    "fn run(input) { if input { throw \"no\"; } get_invoice_list(#{ offset: 0, size: 1 }); }";

#[tokio::test(flavor = "multi_thread")]
async fn outages_of_pod_pause_nobody() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = bench.script(&manifest("policy", "\"invoices\"", ""), ASKS).await;
    // It is the same platform by its name, and cannot be reached.
    let nowhere = Platform::at("http://127.0.0.1:9/srv/sc");
    let client = Client::new(nowhere, Limits::default()).expect("a client");
    let [mut cut_off, mut unknown] = [bench.account().await, bench.account().await];
    cut_off.client = client;
    unknown.credentials = Credentials::token("a token that POD does not know").into();
    let run = async |account: &Account, fails: bool| {
        let options = RunOptions { input: json!(fails), ..RunOptions::default() };
        bench.host.run_with(&policy, account, options).await
    };
    for account in [&cut_off, &unknown] {
        for _ in 0..6 {
            let receipt = run(account, false).await.expect("it is run");
            assert_eq!(receipt.status, Status::Failed, "{receipt:?}");
        }
    }
    // They do not make it up to the policy either.
    let account = bench.account().await;
    for _ in 0..9 {
        assert_eq!(run(&account, true).await.expect("it is run").status, Status::Failed);
        run(&cut_off, false).await.expect("it is run");
    }
    let last = run(&account, true).await.expect("it is run").run;
    let paused = run(&account, false).await;
    assert!(matches!(&paused, Err(Error::Paused { last: of, .. }) if *of == last), "{paused:?}");
    let pauses = bench.host.journal().pauses(PAUSE_AFTER).await.expect("it can be read");
    assert_eq!(pauses.len(), 1);
    assert_eq!((&*pauses[0].policy, &*pauses[0].account, &pauses[0].last), ("test", "test", &last));
}

#[tokio::test]
async fn a_plan_that_breaks_the_rules_is_a_failure_of_its_policys() {
    let bench = Bench::from_file(SCENARIO).await;
    let source = "fn plan(debts, credits) { #{ pairs: [#{ creditor_invoice_id: 1, \
                  debtor_invoice_id: 2 }] } }";
    let allow = "\"invoices.get-invoice-list\", \"payments.pay-invoice-by-invoice\"";
    let policy = bench.script(&manifest("netting", allow, "rial = 1_000"), source).await;
    for _ in 0..10 {
        let receipt = try_run(&bench, &policy, Value::Null).await.expect("it is run");
        assert_eq!(receipt.status, Status::Refused, "{receipt:?}");
    }
    let paused = try_run(&bench, &policy, Value::Null).await;
    assert!(matches!(paused, Err(Error::Paused { .. })), "{paused:?}");
}

#[tokio::test]
async fn logs_hide_secrets_and_card_numbers() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = bench.script(&manifest("policy", "", ""), "fn run(input) { info(input); }").await;
    let token = bench.account.credentials.token.expose().to_owned();
    let receipt =
        bench.run(&policy, json!(format!("token {token}, card 6037-9912-3456-7893"))).await;
    assert_eq!(receipt.log[0].message, "token ***, card 6037-99**-****-7893");
    // So does what a policy says when it gives up.
    let policy = bench.script(&manifest("policy", "", ""), "fn run(input) { throw input; }").await;
    let receipt = bench.run(&policy, json!(format!("{token} 6037991234567893"))).await;
    let error = receipt.error.expect("it gave up").to_string();
    assert!(error.contains("*** 603799******7893"), "{error}");
}

#[tokio::test]
async fn logs_are_bounded() {
    let bench = Bench::from_file(SCENARIO).await;
    let source = "fn run(input) { for i in 0..10_000 { info(`line ${i}`); } }";
    let policy = bench.script(&manifest("policy", "", ""), source).await;
    let receipt = bench.run(&policy, Value::Null).await;
    assert_eq!((receipt.log.len(), &*receipt.log[1_000].message), (1_001, "9000 more lines"));
    let policy = bench.script(&manifest("policy", "", "log = 100"), source).await;
    let receipt = bench.run(&policy, Value::Null).await;
    assert_eq!((receipt.log.len(), &*receipt.log[4].message), (5, "9996 more lines"));
}

/// The names of spans, as they begin.
struct Spans(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Spans {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: Context<'_, S>,
    ) {
        let fields: Vec<&str> = attributes.fields().iter().map(|field| field.name()).collect();
        let name = attributes.metadata().name();
        self.0.lock().unwrap().push(format!("{name} {}", fields.join(" ")));
    }
}

#[tokio::test]
async fn runs_and_calls_have_spans() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = bench.script(&manifest("policy", "", ""), "fn run(input) { now(); now() }").await;
    let spans = Arc::<Mutex<Vec<String>>>::default();
    let _default = tracing_subscriber::registry().with(Spans(spans.clone())).set_default();
    bench.run(&policy, Value::Null).await;
    let ours = |span: &&String| span.starts_with("run ") || span.starts_with("call ");
    let spans: Vec<String> = spans.lock().unwrap().iter().filter(ours).cloned().collect();
    assert_eq!(spans, ["run run policy account", "call step function", "call step function"]);
}
