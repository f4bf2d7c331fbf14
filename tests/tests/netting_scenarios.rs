//! Each scenario of the netting policy, by the compiled plugin and by the Rhai script: both agree
//! with each other, with the expected receipt beside the scenario, and with the platform's ledger.
//!
//! `PODHOST_BLESS=1 cargo test --test netting_scenarios` writes the expected receipts anew.

use std::{collections::HashSet, fs};

use pod_host::{Receipt, ScriptMode, Status};
use pod_platform::Rial;
use podhost_tests::{Bench, build, project};
use serde_json::{Value, json};

/// What of a receipt is the same whenever and wherever it is made.
fn stable(receipt: &Receipt) -> Value {
    json!({
        "status": receipt.status,
        "output": receipt.output,
        "effects": receipt.effects,
        "meters": { "calls": receipt.meters.calls, "rials": receipt.meters.rials },
        "denied": receipt.denied,
    })
}

async fn run(scenario: &str, policy: &str, mode: ScriptMode) -> Value {
    let bench = Bench::from_file(&format!("plugins/netting/scenarios/{scenario}.json")).await;
    let before = bench.pod.ledger().await.expect("the ledger can be read");
    build("plugins/netting");
    let files = pod_host::PolicyFiles::find(&project(policy)).expect("the policy is there");
    let policy = bench.host.load_files(&files, mode).await.expect("the policy loads");
    let receipt = bench.run(&policy, Value::Null).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);

    // What the receipt says is what the platform booked, rial for rial.
    let after = bench.pod.ledger().await.expect("the ledger can be read");
    assert_eq!((before.total, after.total), (0, 0));
    assert_eq!(after.transactions - before.transactions, receipt.effects.len() as u64);
    let mut paid = HashSet::new();
    for effect in &receipt.effects {
        let invoice = effect.invoice.expect("netting pays an invoice");
        assert!(paid.insert(invoice), "invoice {invoice} is paid twice");
        let account = format!("invoice:{invoice}");
        assert_eq!(before.balance(&account), 0);
        assert_eq!(after.balance(&account), i64::try_from(effect.rials.0).unwrap());
    }
    let sum = Rial::checked_sum(receipt.effects.iter().map(|effect| effect.rials));
    assert_eq!(sum, Some(receipt.meters.rials));

    // The journal proves the same.
    let entries = bench.host.journal().entries(&receipt.run).await.expect("the chain holds");
    assert_eq!(entries.last().map(|entry| entry.hash), Some(receipt.journal_head));
    let spent = pod_host::Spent::of(entries.iter().map(|entry| &entry.entry));
    assert_eq!(spent.total().rials, receipt.meters.rials.0);
    assert_eq!(spent.total().calls, receipt.meters.calls);
    stable(&receipt)
}

async fn both_agree(scenario: &str) {
    let script = "plugins/netting/netting.rhai";
    let compiled = run(scenario, "plugins/netting", ScriptMode::AdHoc).await;
    let ad_hoc = run(scenario, script, ScriptMode::AdHoc).await;
    let installed = run(scenario, script, ScriptMode::Installed).await;
    assert_eq!(compiled, ad_hoc, "plugin and script decide alike");
    assert_eq!(ad_hoc, installed, "a snapshot changes nothing");

    let path = project(&format!("plugins/netting/scenarios/{scenario}.expected.json"));
    if std::env::var_os("PODHOST_BLESS").is_some() {
        let text = if scenario == "large" {
            serde_json::to_string(&compiled)
        } else {
            serde_json::to_string_pretty(&compiled)
        };
        fs::write(&path, text.unwrap() + "\n").expect("the expected receipt can be written");
    }
    let expected = fs::read_to_string(&path).expect("there is an expected receipt");
    let expected: Value = serde_json::from_str(&expected).expect("it is JSON");
    assert_eq!(compiled, expected, "{} differs", path.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn small() {
    both_agree("small").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shop() {
    both_agree("shop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large() {
    both_agree("large").await;
}
