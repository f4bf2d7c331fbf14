//! What a policy stores is there for its next run, whatever became of the one that stored it; it is
//! the policy's own, bounded, and of several that compare and set at once, one succeeds.

use std::sync::Arc;

use futures_util::future::join_all;
use pod_host::{Point, Policy, RunOptions, Status};
use podhost_tests::{
    Bench,
    mortal::{Life, Mortal, script},
};
use serde_json::{Value, json};

const SCENARIO: &str = "plugins/netting/scenarios/small.json";

/// Does what its input says, step by step, and answers what came of each.
const CLERK: &str = r#"
    fn run(input) {
        let report = [];
        for step in input {
            try {
                report.push(answer(step));
            } catch (error) {
                if type_of(error) == "map" && "fatal" in error { throw "the end"; }
                report.push(error);
            }
        }
        report
    }
    fn answer(step) {
        let what = step[0];
        if what == "get" { get_state(step[1]) }
        else if what == "set" { set_state(step[1], step[2]) }
        else if what == "cas" { compare_and_set_state(step[1], step[2], step[3]) }
        else if what == "list" { list_state_keys(step[1]) }
        else if what == "left" { get_remaining_budget().state }
        else if what == "pay" {
            pay_invoice_by_invoice(#{ creditor_invoice_id: step[1], debtor_invoice_id: step[2] })
        }
        else if what == "loop" { loop {} }
        else if what == "throw" { throw #{ fatal: true }; }
    }
"#;

/// Adds one to a number that several add to.
const COUNTER: &str = r#"
    fn run(input) {
        loop {
            let old = get_state("count");
            let number = if old == () { 0 } else { parse_int(old) };
            if compare_and_set_state("count", old, `${number + 1}`) { return number; }
        }
    }
"#;

const ALLOW: &str = "\"store\", \"payments\"";

async fn clerk(bench: &Bench, budget: &str) -> Policy {
    let manifest =
        podhost_tests::manifest("policy", ALLOW, &format!("rial = 10_000_000\n{budget}"));
    bench.script(&manifest, CLERK).await
}

async fn done(bench: &Bench, policy: &Policy, steps: Value) -> Value {
    let receipt = bench.run(policy, steps).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    receipt.output
}

#[tokio::test]
async fn what_is_stored_is_found_again() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = clerk(&bench, "").await;
    let steps = json!([["get", "a"], ["set", "a", "1"], ["set", "b/x", "سه"], ["get", "a"]]);
    assert_eq!(done(&bench, &policy, steps).await, json!([null, null, null, "1"]));
    let steps =
        json!([["list", ""], ["list", "b/"], ["get", "b/x"], ["set", "a", null], ["list", ""]]);
    let found = json!([["a", "b/x"], ["b/x"], "سه", null, ["b/x"]]);
    assert_eq!(done(&bench, &policy, steps).await, found);
    let steps = json!([
        ["cas", "b/x", "two", "three"],
        ["cas", "b/x", "سه", "3"],
        ["cas", "c", null, "new"],
        ["cas", "c", null, "again"],
        ["cas", "c", "new", null],
        ["list", ""],
        ["get", "b/x"],
    ]);
    let found = json!([false, true, true, false, true, ["b/x"], "3"]);
    assert_eq!(done(&bench, &policy, steps).await, found);
}

#[tokio::test]
async fn it_is_bounded() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = clerk(&bench, "state = 10").await;
    let steps = json!([
        ["set", "a", "12345"],
        ["left"],
        ["set", "b", "12345"],
        ["set", "a", "123456789"],
        ["left"],
        ["set", "", "x"],
        ["set", "k".repeat(257), "x"],
    ]);
    let report = done(&bench, &policy, steps).await;
    assert_eq!(
        (&report[0], &report[1], &report[3], &report[4]),
        (&json!(null), &json!(4), &json!(null), &json!(0))
    );
    assert_eq!(
        report[2],
        json!({ "kind": "budget-exhausted", "meter": "state", "needed": 6, "remaining": 4 })
    );
    assert_eq!(
        (&report[5]["kind"], &report[6]["kind"]),
        (&json!("invalid-argument"), &json!("invalid-argument"))
    );
}

#[tokio::test]
async fn another_policy_or_account_has_its_own() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = clerk(&bench, "").await;
    done(&bench, &policy, json!([["set", "a", "mine"]])).await;
    let manifest = podhost_tests::manifest("policy", ALLOW, "").replace("\"test\"", "\"other\"");
    let other = bench.script(&manifest, CLERK).await;
    assert_eq!(done(&bench, &other, json!([["get", "a"], ["list", ""]])).await, json!([null, []]));
    let mut account = bench.account().await;
    account.name = "somebody else".into();
    let options = RunOptions { input: json!([["get", "a"]]), ..RunOptions::default() };
    let receipt = bench.host.run_with(&policy, &account, options).await.expect("it is journalled");
    assert_eq!(receipt.output, json!([null]));
}

#[tokio::test]
async fn it_must_be_granted() {
    let bench = Bench::from_file(SCENARIO).await;
    let manifest = podhost_tests::manifest("policy", "\"store.get-state\"", "");
    let policy = bench.script(&manifest, CLERK).await;
    let steps = json!([["get", "a"], ["set", "a", "1"], ["list", ""]]);
    let report = done(&bench, &policy, steps).await;
    assert_eq!(report[0], json!(null));
    for (index, function) in [(1, "store.set-state"), (2, "store.list-state-keys")] {
        assert_eq!(
            (&report[index]["kind"], &report[index]["function"]),
            (&json!("denied"), &json!(function))
        );
    }
}

#[tokio::test]
async fn a_run_that_fails_has_stored_all_the_same() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = clerk(&bench, "fuel = 100_000_000").await;
    for (value, end) in [("1", "loop"), ("2", "throw")] {
        let receipt = bench.run(&policy, json!([["set", "a", value], [end]])).await;
        assert_eq!(receipt.status, Status::Failed);
        assert_eq!(done(&bench, &policy, json!([["get", "a"]])).await, json!([value]));
    }
}

#[tokio::test]
async fn a_dry_run_stores_nothing_and_sees_what_it_would_have() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = clerk(&bench, "").await;
    done(&bench, &policy, json!([["set", "a", "1"], ["set", "b", "2"]])).await;
    let input = json!([["set", "a", "3"], ["set", "b", null], ["get", "a"], ["list", ""]]);
    let options = RunOptions { input, dry_run: true, ..RunOptions::default() };
    assert_eq!(bench.run_with(&policy, options).await.output, json!([null, null, "3", ["a"]]));
    let found = json!(["1", ["a", "b"]]);
    assert_eq!(done(&bench, &policy, json!([["get", "a"], ["list", ""]])).await, found);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_compare_and_set_at_once_one_succeeds() {
    let bench = Arc::new(Bench::from_file(SCENARIO).await);
    let manifest = podhost_tests::manifest("policy", "\"store\"", "concurrent-runs = 32");
    let policy = bench.script(&manifest, COUNTER).await;
    let runs = (0..64).map(|_| {
        let (bench, policy) = (bench.clone(), policy.clone());
        tokio::spawn(async move { done(&bench, &policy, Value::Null).await.as_u64().unwrap() })
    });
    let mut counted: Vec<u64> = join_all(runs).await.into_iter().map(Result::unwrap).collect();
    counted.sort_unstable();
    assert_eq!(counted, (0..64).collect::<Vec<u64>>());
}

/// Killed around a payment: what was stored before it is there, and is not stored again.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_has_stored_what_came_before_the_intent() {
    for at in [Point::AfterIntent, Point::AfterEffect, Point::AfterOutcome] {
        let mortal = Mortal::from_file(SCENARIO).await;
        let policy = script(ALLOW, "rial = 10_000_000", CLERK);
        let folder = policy.path().to_owned();
        let work = async move |life: Life| {
            let input = json!([
                ["cas", "paid", null, "501"],
                ["pay", 601, 501],
                ["cas", "paid", "501", "done"],
                ["get", "paid"],
            ]);
            let options = RunOptions { input, ..RunOptions::default() };
            life.run(&folder, options).await
        };
        assert!(mortal.live(move |_, point| point == at, work).await.is_none(), "{at:?}");
        let resumed = mortal.live_on(async |life: Life| life.go_on().await).await;
        let receipt = resumed.expect("it was begun");
        assert_eq!(receipt.status, Status::Done, "{at:?}: {:?}", receipt.error);
        assert_eq!(
            (&receipt.output[0], &receipt.output[2], &receipt.output[3]),
            (&json!(true), &json!(true), &json!("done"))
        );
        mortal.books().await;
    }
}
