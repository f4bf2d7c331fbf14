//! What all runs of a policy share: rials and calls by day and for good. Runs that go on at once do
//! not overspend it by a rial, and a host that starts again still knows what was used.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use pod_emulator::Scenario;
use pod_host::{Allowance, Grant, Policy, RunOptions, Status};
use pod_platform::Rial;
use podhost_tests::{
    Bench,
    mortal::{Life, Mortal, script},
};
use serde_json::{Value, json};

/// What an invoice amounts to, in rials.
const AMOUNT: u64 = 100;
/// Runs at the same time.
const TASKS: usize = 64;

/// Tries to pay each of its invoices, and says of each what came of it.
const PAYER: &str = r#"
    fn run(input) {
        let report = #{ paid: 0, exhausted: 0, left: () };
        for invoice in input {
            try {
                pay_invoice_by_credit(#{ invoice_id: invoice });
                report.paid += 1;
            } catch (error) {
                if error.kind != "budget-exhausted" || error.meter != "rial" { throw error; }
                report.exhausted += 1;
            }
        }
        report.left = get_remaining_budget().rial;
        report
    }
"#;

/// A shop with so many bills of a baker's.
fn shop(invoices: u64) -> Scenario {
    let invoices: Vec<Value> = (1..=invoices)
        .map(|id| {
            json!({ "id": id, "businessId": 2, "userId": 10, "amount": AMOUNT, "guildCode": "FOOD_GUILD" })
        })
        .collect();
    let text = json!({
        "now": "1399/03/13 10:00:00",
        "businesses": [
            { "id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
              "wallet": { "PODLAND_WALLET": 1_000_000_000 } },
            { "id": 2, "userId": 20, "name": "Baker", "apiToken": "baker" },
        ],
        "invoices": invoices,
    });
    Scenario::from_json("shop", &text.to_string()).expect("the scenario is well-formed")
}

fn manifest(budget: &str) -> String {
    podhost_tests::manifest("policy", "\"payments\"", &format!("rial = 1_000_000_000\n{budget}"))
}

async fn pay(bench: &Bench, policy: &Policy, invoices: Vec<u64>) -> Value {
    let receipt = bench.run(policy, json!(invoices)).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    receipt.output
}

/// 64 runs at a time try 10,240 payments of 100 rials, of which the day's allowance covers 77.
#[tokio::test(flavor = "multi_thread")]
async fn many_runs_at_once_do_not_overspend_the_day_by_a_rial() {
    let (runs, each) = (256_u64, 40_u64);
    let bench = Arc::new(Bench::start(shop(runs * each)).await);
    let budget = "calls = 100_000\nconcurrent-runs = 64\n[budget.per-day]\nrial = 7_777\n";
    let policy = bench.script(&manifest(budget), PAYER).await;
    let reports: Vec<Value> = stream::iter(0..runs)
        .map(|run| {
            let (bench, policy) = (bench.clone(), policy.clone());
            let invoices = (run * each + 1..=(run + 1) * each).collect();
            tokio::spawn(async move { pay(&bench, &policy, invoices).await })
        })
        .buffer_unordered(TASKS)
        .map(|report| report.expect("no panic"))
        .collect()
        .await;
    let sum = |field: &str| reports.iter().map(|report| report[field].as_u64().unwrap()).sum();
    let (paid, exhausted): (u64, u64) = (sum("paid"), sum("exhausted"));
    assert_eq!((paid, paid + exhausted), (77, runs * each));
    let wallet = 1_000_000_000 - 77 * AMOUNT as i64;
    bench.assert_balances(&[("wallet:10:PODLAND_WALLET", wallet)]).await;
    // 77 rials are left, and no payment is so small.
    assert!(reports.iter().all(|report| report["left"].as_u64().unwrap() < AMOUNT * TASKS as u64));
    assert_eq!(pay(&bench, &policy, vec![]).await["left"], 77);
}

#[tokio::test]
async fn the_next_day_has_its_own_allowance_and_the_policy_has_one_for_good() {
    let bench = Bench::start(shop(20)).await;
    let budget = "[budget.per-day]\nrial = 300\n[budget.per-policy]\nrial = 500\n";
    let policy = bench.script(&manifest(budget), PAYER).await;
    let report = pay(&bench, &policy, (1..=5).collect()).await;
    assert_eq!(report, json!({ "paid": 3, "exhausted": 2, "left": 0 }));
    bench.pod.advance(Duration::from_secs(24 * 3_600)).await.expect("it stands");
    let report = pay(&bench, &policy, (6..=10).collect()).await;
    assert_eq!(report, json!({ "paid": 2, "exhausted": 3, "left": 0 }));
    bench.pod.advance(Duration::from_secs(24 * 3_600)).await.expect("it stands");
    let report = pay(&bench, &policy, vec![11]).await;
    assert_eq!(report, json!({ "paid": 0, "exhausted": 1, "left": 0 }));
}

#[tokio::test]
async fn another_policy_and_another_account_have_their_own() {
    let bench = Bench::start(shop(20)).await;
    let budget = "[budget.per-day]\nrial = 100\n";
    let one = bench.script(&manifest(budget), PAYER).await;
    let renamed = manifest(budget).replace("name = \"test", "name = \"other");
    let other = bench.script(&renamed, PAYER).await;
    assert_eq!(pay(&bench, &one, vec![1, 2]).await["paid"], 1);
    assert_eq!(pay(&bench, &other, vec![3, 4]).await["paid"], 1);
    let mut account = bench.account().await;
    account.name = "somebody else".into();
    let options = RunOptions { input: json!([5, 6]), ..RunOptions::default() };
    let receipt = bench.host.run_with(&one, &account, options).await.expect("it is journalled");
    assert_eq!(receipt.output["paid"], 1);
    assert_eq!(pay(&bench, &one, vec![7]).await["paid"], 0);
}

#[tokio::test]
async fn a_dry_run_uses_nothing_and_tells_what_would_be_refused() {
    let bench = Bench::start(shop(20)).await;
    let policy = bench.script(&manifest("[budget.per-day]\nrial = 300\n"), PAYER).await;
    assert_eq!(pay(&bench, &policy, vec![1]).await["paid"], 1);
    for _ in 0..2 {
        let input = json!([2, 3, 4, 5]);
        let options = RunOptions { input, dry_run: true, ..RunOptions::default() };
        let receipt = bench.run_with(&policy, options).await;
        assert_eq!(receipt.output, json!({ "paid": 2, "exhausted": 2, "left": 0 }));
    }
    assert_eq!(pay(&bench, &policy, vec![2, 3, 4]).await["paid"], 2);
}

#[tokio::test]
async fn the_operators_allowance_and_the_policys_are_both_held_to() {
    let bench = Bench::start(shop(20)).await;
    let policy = bench.script(&manifest("[budget.per-day]\nrial = 400\n"), PAYER).await;
    let mut grant: Grant = policy.asks().clone();
    grant.budget.per_day = Allowance { calls: Some(4), ..Allowance::default() };
    let grant = grant.intersection(policy.asks());
    assert_eq!(grant.budget.per_day.rial, Some(Rial(400)));
    let options =
        RunOptions { input: json!([1, 2, 3]), grant: Some(grant), ..RunOptions::default() };
    let receipt = bench.run_with(&policy, options).await;
    // Each payment takes a look at the invoice, a one-time token and the call itself.
    let error = receipt.error.expect("calls are no rials").to_string();
    assert!(error.contains("calls"), "{error}");
    assert_eq!(receipt.effects.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_starts_again_knows_what_was_used_and_what_is_in_doubt() {
    let mortal = Mortal::start(shop(20)).await;
    let budget = "rial = 1_000_000\n[budget.per-day]\nrial = 300\n";
    let policy = script("\"payments\"", budget, PAYER);
    let folder = policy.path().to_owned();
    let run = move |invoices: Value| {
        let folder = folder.clone();
        async move |life: Life| {
            let options = RunOptions { input: invoices, ..RunOptions::default() };
            life.run(&folder, options).await
        }
    };
    let first = mortal.live(|_, _| false, run(json!([1, 2]))).await.expect("nobody kills it");
    assert_eq!(first.output["paid"], 2);
    let second = mortal.live(|_, _| false, run(json!([3, 4, 5]))).await.expect("nobody kills it");
    assert_eq!(second.output, json!({ "paid": 1, "exhausted": 2, "left": 0 }));
}
