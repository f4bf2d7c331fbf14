//! Whoever comes first has the run, the store, the key or the invoice; whoever comes second is told,
//! or waits, and nothing is done twice.

use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
    sync::Arc,
};

use futures_util::{future::join_all, poll};
use pod_host::{Account, Error, Host, Point, Receipt, RunOptions, Status};
use pod_platform::{Client, Limits, Platform};
use podhost_tests::{
    mortal::{Gate, Life, Mortal, script},
    project,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const SCENARIO: &str = "plugins/netting/scenarios/small.json";
/// The store that another process is to own.
const STORE: &str = "PODHOST_STORE_OF_THE_TEST";

/// Nets the pairs of the input, and says of each what came of it.
fn netting() -> TempDir {
    let source = r#"
        fn run(input) {
            let report = [];
            for pair in input {
                try {
                    pay_invoice_by_invoice(#{ creditor_invoice_id: pair[0], debtor_invoice_id: pair[1] });
                    report.push("paid");
                } catch (error) { report.push(error); }
            }
            report
        }
    "#;
    script("\"payments\"", "rial = 10_000_000", source)
}

fn options(input: Value, key: Option<&str>) -> RunOptions {
    RunOptions { input, key: key.map(str::to_owned), ..RunOptions::default() }
}

/// A host whose first mutation stops after its intent is written, until it is let go.
struct Halted {
    mortal: Mortal,
    host: Host,
    account: Account,
    gate: Gate,
}

impl Halted {
    async fn start() -> Self {
        let mortal = Mortal::from_file(SCENARIO).await;
        let (gate, keeper) = Gate::at(Point::AfterIntent);
        let keeper = move |step, point| {
            keeper(step, point);
        };
        let host = Host::builder()
            .store(mortal.store())
            .artefacts(project("target/test-components"))
            .clock(mortal.pod.clock())
            .landing_window(mortal.landing_window)
            .on_point(Arc::new(keeper))
            .build()
            .await
            .expect("the host starts");
        let account = mortal.account().await;
        Self { mortal, host, account, gate }
    }

    fn begin(&self, policy: &TempDir, options: RunOptions) -> tokio::task::JoinHandle<Receipt> {
        let (host, account) = (self.host.clone(), self.account.clone());
        let policy = policy.path().to_owned();
        tokio::spawn(async move {
            let policy = host.load(policy).await.expect("the policy loads");
            host.run_with(&policy, &account, options).await.expect("the run is journalled")
        })
    }

    async fn run(&self, policy: &TempDir, input: Value) -> Receipt {
        self.begin(policy, options(input, None)).await.expect("no panic")
    }

    async fn only_run(&self) -> String {
        let runs = self.host.unfinished().await.expect("the journal can be read");
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].run.clone()
    }
}

async fn assert_paid_once(mortal: &Mortal, invoice: &str, rials: i64) {
    assert_eq!(mortal.books().await.balances.get(invoice), Some(&rials), "{invoice}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn resumers_wait_for_a_live_run() {
    let halted = Halted::start().await;
    let policy = netting();
    let live = halted.begin(&policy, options(json!([[601, 501], [602, 502]]), Some("monday")));
    halted.gate.is_reached().await;
    // The run is in the index: a key is durable before anything is done.
    let run = halted.only_run().await;
    let mut resumers: Vec<_> =
        (0..2).map(|_| Box::pin(halted.host.resume(&run, &halted.account))).collect();
    for resumer in &mut resumers {
        assert!(poll!(resumer).is_pending(), "somebody has the run");
    }
    halted.gate.open();
    let receipt = live.await.expect("no panic");
    for resumed in join_all(resumers).await {
        let resumed = resumed.expect("it has ended");
        assert_eq!((resumed.run, resumed.journal_head), (run.clone(), receipt.journal_head));
    }
    assert_eq!(receipt.status, Status::Done);
    assert_paid_once(&halted.mortal, "invoice:501", 900_000).await;
    assert_paid_once(&halted.mortal, "invoice:502", 400_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_resumers_of_a_run_that_was_cut_off() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    let input = options(json!([[601, 501], [602, 502]]), None);
    let cut_off = mortal
        .live(
            |_, point| point == Point::AfterEffect,
            async move |life: Life| life.run(&path, input).await,
        )
        .await;
    assert!(cut_off.is_none());
    let (one, other) = mortal
        .live_on(async |life: Life| {
            let run = life.host.unfinished().await.expect("an index")[0].run.clone();
            let resume = || life.host.resume(&run, &life.account);
            let (one, other) = tokio::join!(resume(), resume());
            (one.expect("it goes on"), other.expect("it has ended"))
        })
        .await;
    assert_eq!(one.journal_head, other.journal_head);
    assert_eq!((one.status, one.effects.len()), (Status::Done, 2));
    assert_paid_once(&mortal, "invoice:501", 900_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_host_is_told_and_touches_nothing() {
    let halted = Halted::start().await;
    let policy = netting();
    let live = halted.begin(&policy, options(json!([[601, 501]]), Some("monday")));
    halted.gate.is_reached().await;
    let second = Host::builder().store(halted.mortal.store()).build().await;
    let Err(Error::StoreInUse { store: folder, .. }) = second else { panic!("two own one store") };
    assert_eq!(folder, halted.mortal.store());
    halted.gate.open();
    assert_eq!(live.await.expect("no panic").status, Status::Done);
}

/// Owns the store until it is killed.
async fn own(store: OsString) {
    let _host = Host::builder().store(store).build().await.expect("the host starts");
    println!("owned");
    // Until it is killed, or its parent is.
    let _ = std::io::stdin().read(&mut [0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_process() {
    // The other process runs this test, too, and is told to own the store.
    if let Some(store) = std::env::var_os(STORE) {
        return own(store).await;
    }
    let store = tempfile::tempdir().expect("a folder for the store");
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "durable_races::a_store_of_another_process", "--nocapture"])
        .env(STORE, store.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the other process starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let owned = |line: std::io::Result<String>| line.is_ok_and(|line| line.ends_with("owned"));
    assert!(lines.into_iter().any(owned), "it owns the store");

    let second = Host::builder().store(store.path()).build().await;
    assert!(matches!(second, Err(Error::StoreInUse { .. })));
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    assert!(
        Host::builder().store(store.path()).build().await.is_ok(),
        "a dead process owns nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_begins_one_run() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    let receipts = mortal
        .live_on(async move |life: Life| {
            let policy = life.load(&path).await;
            let ask = || {
                life.host.run_with(&policy, &life.account, options(json!([[601, 501]]), Some("k")))
            };
            let receipts = join_all((0..16).map(|_| ask())).await;
            let runs = life.host.journal().runs(&Default::default()).await.expect("an index");
            assert_eq!(runs.len(), 1, "{runs:?}");
            receipts
        })
        .await;
    let receipts: Vec<Receipt> = receipts.into_iter().map(|one| one.expect("a receipt")).collect();
    for receipt in &receipts {
        assert_eq!(receipt.journal_head, receipts[0].journal_head);
        assert_eq!((receipt.status, &receipt.output), (Status::Done, &json!(["paid"])));
        assert_eq!(receipt.key.as_deref(), Some("k"));
    }
    assert_paid_once(&mortal, "invoice:501", 900_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    mortal
        .live_on(async move |life: Life| {
            let first = life.run(&path, options(json!([[601, 501]]), Some("k"))).await;
            let policy = life.load(&path).await;
            let ask = async |account: &Account, input| {
                life.host.run_with(&policy, account, options(input, Some("k"))).await
            };
            let other = ask(&life.account, json!([[602, 502]])).await;
            let Err(Error::KeyTaken { key, run }) = other else { panic!("{other:?}") };
            assert_eq!((key.as_str(), run), ("k", first.run.clone()));
            // Another account's keys are its own.
            let mut other = life.account.clone();
            other.name = "other".into();
            let other = ask(&other, json!([[602, 502]])).await.expect("a run of its own");
            assert_ne!(other.run, first.run);
        })
        .await;
    assert_paid_once(&mortal, "invoice:502", 400_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_platform() {
    let [first, second] = [Mortal::from_file(SCENARIO).await, Mortal::from_file(SCENARIO).await];
    let policy = netting();
    let path = policy.path().to_owned();
    let mut elsewhere = second.account().await;
    elsewhere.name = "test".into();
    first
        .live_on(async move |life: Life| {
            let asked = options(json!([[601, 501]]), Some("k"));
            let policy = life.load(&path).await;
            let paid = life.host.run_with(&policy, &life.account, asked.clone()).await;
            assert_eq!(paid.expect("a receipt").output, json!(["paid"]));
            let refused = life.host.run_with(&policy, &elsewhere, asked).await;
            assert!(matches!(refused, Err(Error::KeyTaken { .. })), "{refused:?}");
        })
        .await;
    assert_paid_once(&first, "invoice:501", 900_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_on_with_what_was_cut_off() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    let begin = {
        let path = path.clone();
        async move |life: Life| life.run(&path, options(json!([[601, 501]]), Some("k"))).await
    };
    assert!(mortal.live(|_, point| point == Point::AfterEffect, begin).await.is_none());
    let (run, receipt) = mortal
        .live_on(async move |life: Life| {
            let run = life.host.unfinished().await.expect("an index")[0].run.clone();
            (run, life.run(&path, options(json!([[601, 501]]), Some("k"))).await)
        })
        .await;
    assert_eq!((receipt.run, receipt.status), (run, Status::Done));
    assert_paid_once(&mortal, "invoice:501", 900_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invoice_has_one_open_intent() {
    let halted = Halted::start().await;
    let policy = netting();
    let first = halted.begin(&policy, options(json!([[601, 501]]), None));
    halted.gate.is_reached().await;
    let run = halted.only_run().await;
    // Another invoice is nobody's.
    let second = halted.run(&policy, json!([[602, 501], [602, 502]])).await;
    assert_refused(&second, &run);
    assert_eq!(second.output[1], "paid");
    halted.gate.open();
    assert_eq!(first.await.expect("no panic").output, json!(["paid"]));
    // It is known what came of the first, so POD is asked again.
    let third = halted.run(&policy, json!([[603, 501]])).await;
    assert_eq!(third.output[0]["kind"], "platform", "{}", third.output);
    assert_paid_once(&halted.mortal, "invoice:501", 900_000).await;
}

/// The first call was refused for the sake of another run's.
fn assert_refused(receipt: &Receipt, run: &str) {
    let refusal = receipt.output[0].to_string();
    assert_eq!(receipt.output[0]["kind"], "unavailable", "{refusal}");
    assert!(refusal.contains(&format!("run {run} began to change invoice 501")), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_stays_open_when_its_host_dies() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    let begin = {
        let path = path.clone();
        async move |life: Life| life.run(&path, options(json!([[601, 501]]), None)).await
    };
    assert!(mortal.live(|_, point| point == Point::AfterIntent, begin).await.is_none());
    mortal
        .live_on(async move |life: Life| {
            let run = life.host.unfinished().await.expect("an index")[0].run.clone();
            let second = life.run(&path, options(json!([[602, 501]]), None)).await;
            assert_refused(&second, &run);
            // Nor may another name of the account, or another account: an id is the same thing to all.
            let mut other = life.account.clone();
            other.name = "other".into();
            let policy = life.load(&path).await;
            let third = life.host.run(&policy, &other, json!([[602, 501]])).await;
            assert_refused(&third.expect("a receipt"), &run);
            assert_eq!(life.go_on().await.expect("it was cut off").output, json!(["paid"]));
            let third = life.run(&path, options(json!([[603, 501]]), None)).await;
            assert_eq!(third.output[0]["kind"], "platform", "{}", third.output);
        })
        .await;
    assert_paid_once(&mortal, "invoice:501", 900_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_belongs_to_its_account_and_its_platform() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    let begin = async move |life: Life| life.run(&path, options(json!([[601, 501]]), None)).await;
    assert!(mortal.live(|_, point| point == Point::AfterIntent, begin).await.is_none());
    mortal
        .live_on(async |life: Life| {
            let run = life.host.unfinished().await.expect("an index")[0].run.clone();
            let account = &life.account;
            let elsewhere = "http://127.0.0.1:9/srv/sc";
            let client = Client::new(Platform::at(elsewhere), Limits::default());
            let client = client.expect("a client");
            let [mut renamed, mut moved, mut unnamed] = [(); 3].map(|()| account.clone());
            renamed.name = "other".into();
            moved.client = client;
            moved.platform = Some(elsewhere.into());
            unnamed.platform = None;
            for other in &[renamed, moved, unnamed] {
                let refused = life.host.resume(&run, other).await;
                assert!(matches!(refused, Err(Error::NotResumable { .. })), "{refused:?}");
            }
            assert_eq!(life.go_on().await.expect("it was cut off").status, Status::Done);
        })
        .await;
    assert_paid_once(&mortal, "invoice:501", 900_000).await;
}
