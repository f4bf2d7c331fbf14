//! A plan of 200 payments in which the 57th is refused or unanswered: it goes on or stops as
//! configured, the receipt says what became of each, and running it again pays only what is left.

use std::{collections::BTreeMap, time::Duration};

use pod_emulator::Scenario;
use pod_host::{Decision, OnFailure, Policy, Receipt, RunOptions, Status};
use podhost_tests::{
    Bench, build,
    mortal::{Life, Mortal},
    project,
};
use serde_json::json;

const ALL: usize = 200;

async fn run(bench: &Bench, policy: &Policy, on_failure: OnFailure) -> Receipt {
    let on_failure = Some(on_failure);
    bench.run_with(policy, RunOptions { on_failure, ..RunOptions::default() }).await
}

/// How many payments had each outcome.
fn outcomes(receipt: &Receipt) -> BTreeMap<&str, usize> {
    let mut outcomes = BTreeMap::new();
    for payment in receipt.output["payments"].as_array().expect("payments") {
        *outcomes.entry(payment["outcome"].as_str().expect("an outcome")).or_default() += 1;
    }
    outcomes
}

fn counts<'a>(counts: &[(&'a str, usize)]) -> BTreeMap<&'a str, usize> {
    counts.iter().copied().collect()
}

/// All is paid, and nothing twice.
async fn assert_all_paid(bench: &Bench, accounts: impl Iterator<Item = (String, i64)>) {
    let ledger = bench.pod.ledger().await.expect("the ledger can be read");
    assert_eq!(ledger.total, 0);
    for (account, rials) in accounts {
        assert_eq!(ledger.balance(&account), rials, "{account}");
    }
}

fn debts() -> impl Iterator<Item = (String, i64)> {
    (0..ALL as i64).map(|id| (format!("invoice:{}", 1000 + id), 1000 + id))
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_at_a_refusal() {
    let bench = Bench::from_file("plugins/netting/scenarios/refused-half-way.json").await;
    let policy = bench.load("plugins/netting").await;
    let receipt = run(&bench, &policy, OnFailure::Stop).await;
    assert_eq!(receipt.status, Status::Failed);
    assert_eq!(outcomes(&receipt), counts(&[("paid", 56), ("refused", 1), ("not-tried", 143)]));
    let refused = &receipt.output["payments"][56];
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["error"]["platform"]["kind"], "bill-is-waiting-for-gateway");
    let error = receipt.error.expect("it says why").to_string();
    assert!(error.starts_with("payment 57 of 200, invoice 1143: "), "{error}");
    // Settled is what is settled, not what was planned.
    assert_eq!(receipt.output["settled"]["invoices"], 56);

    let again = run(&bench, &policy, OnFailure::Stop).await;
    assert_eq!(again.status, Status::Done, "{:?}", again.error);
    assert_eq!(outcomes(&again), counts(&[("paid", 144)]));
    assert_all_paid(&bench, debts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_a_refusal() {
    let bench = Bench::from_file("plugins/netting/scenarios/refused-half-way.json").await;
    let policy = bench.load("plugins/netting").await;
    let receipt = run(&bench, &policy, OnFailure::GoOn).await;
    assert_eq!(receipt.status, Status::Failed);
    assert_eq!(outcomes(&receipt), counts(&[("paid", 199), ("refused", 1)]));

    let again = run(&bench, &policy, OnFailure::GoOn).await;
    assert_eq!(again.status, Status::Done, "{:?}", again.error);
    assert_eq!(outcomes(&again), counts(&[("paid", 1)]));
    assert_all_paid(&bench, debts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_payment_that_happened_is_found_and_not_made_again() {
    let bench = Bench::from_file("plugins/netting/scenarios/unanswered-half-way.json").await;
    let policy = bench.load("plugins/netting").await;
    let receipt = run(&bench, &policy, OnFailure::Stop).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    assert_eq!(outcomes(&receipt), counts(&[("paid", ALL)]));
    assert_eq!(receipt.effects.len(), ALL);
    assert_all_paid(&bench, debts()).await;

    let again = run(&bench, &policy, OnFailure::GoOn).await;
    assert_eq!(again.status, Status::Done);
    assert_eq!(outcomes(&again), counts(&[]));
    assert_all_paid(&bench, debts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_payment_that_did_not_happen_is_made_once() {
    let bench = Bench::from_file("plugins/delegation/scenarios/unanswered-half-way.json").await;
    let policy = bench.load("plugins/delegation").await;
    let receipt = run(&bench, &policy, OnFailure::Stop).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    assert_eq!(outcomes(&receipt), counts(&[("paid", ALL)]));
    assert_all_paid(&bench, debts()).await;
}

/// No attempt is answered, so nobody can prove what became of the 57th; the platform has none of it.
async fn unanswered(on_failure: OnFailure) -> (Mortal, Receipt) {
    let file = project("plugins/delegation/scenarios/unanswered-half-way.json");
    let text = std::fs::read_to_string(file).expect("the scenario is there");
    let mut scenario: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    // The first attempt, and each that follows while the outcome is in doubt.
    let fault = |call| json!({ "service": "payInvoiceByCredit", "call": call, "reset": "before" });
    scenario["faults"] = (57..=62).map(fault).collect();
    let scenario = Scenario::from_json("unanswered", &scenario.to_string()).expect("well-formed");
    let mut mortal = Mortal::start(scenario).await;
    mortal.landing_window = Duration::from_millis(200);
    let receipt = mortal.live_on(move |life| paid_out_of_credit(life, on_failure)).await;
    (mortal, receipt)
}

async fn paid_out_of_credit(life: Life, on_failure: OnFailure) -> Receipt {
    build("plugins/delegation");
    let on_failure = Some(on_failure);
    let options = RunOptions { on_failure, ..RunOptions::default() };
    life.run(&project("plugins/delegation"), options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_at_an_unknown_outcome_until_a_person_settles_it() {
    let (mortal, receipt) = unanswered(OnFailure::Stop).await;
    assert_eq!(receipt.status, Status::UnknownOutcome, "{:?}", receipt.error);
    assert_eq!(outcomes(&receipt), counts(&[("paid", 56), ("unknown", 1), ("not-tried", 143)]));
    // Nobody knows what it took.
    assert!(receipt.output["payments"][56]["delegations"][0]["rials"].is_null());

    // Until that is known, nobody pays the invoice.
    let held = mortal.live_on(|life| paid_out_of_credit(life, OnFailure::GoOn)).await;
    assert_eq!(outcomes(&held), counts(&[("paid", 143), ("refused", 1)]));
    let settled = mortal
        .live_on(async move |life: Life| {
            let note = "POD's support: it never arrived".to_owned();
            let by = "sara".to_owned();
            let decision =
                Decision { step: None, happened: false, reference_number: None, note, by };
            life.host.settle(&receipt.run, decision).await.expect("it is in doubt")
        })
        .await;
    assert!(settled.doubts.is_empty());
    let again = mortal.live_on(|life| paid_out_of_credit(life, OnFailure::Stop)).await;
    assert_eq!(again.status, Status::Done, "{:?}", again.error);
    assert_eq!(outcomes(&again), counts(&[("paid", 1)]));
    let ledger = mortal.pod.ledger().await.expect("the ledger can be read");
    assert_eq!(ledger.total, 0);
    for (account, rials) in debts() {
        assert_eq!(ledger.balance(&account), rials, "{account}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_an_unknown_outcome() {
    let (_, receipt) = unanswered(OnFailure::GoOn).await;
    assert_eq!(receipt.status, Status::UnknownOutcome, "{:?}", receipt.error);
    assert_eq!(outcomes(&receipt), counts(&[("paid", 199), ("unknown", 1)]));
    assert_eq!(receipt.effects.len(), 199);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_the_shares_are_those_that_pod_takes() {
    let bench = Bench::from_file("plugins/delegation/scenarios/refused-half-way.json").await;
    let policy = bench.load("plugins/delegation").await;
    let before = bench.pod.ledger().await.expect("the ledger can be read");
    let receipt = run(&bench, &policy, OnFailure::GoOn).await;
    assert_eq!(outcomes(&receipt), counts(&[("paid", 199), ("refused", 1)]));
    // What the refused one left in its credit, the next ones find there.
    let after = bench.pod.ledger().await.expect("the ledger can be read");
    let credits = receipt.output["creditsUsed"].as_array().expect("credits");
    assert!(credits.len() > 1);
    for credit in credits {
        let account = format!("delegation:{}", credit["hash"].as_str().expect("a hash"));
        let spent = before.balance(&account) - after.balance(&account);
        assert_eq!(Some(spent), credit["spent"].as_i64(), "{account}");
    }
}
