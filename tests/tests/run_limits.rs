//! A guest that traps, or uses up its fuel, memory or time, ends its own run, with its meters. The
//! host goes on.

use pod_host::{Receipt, RunError, Status};
use podhost_tests::{Bench, manifest};
use serde_json::Value;

const GRANT: &str = "\"invoices\", \"payments.pay-invoice-by-invoice\"";

/// Runs a hostile decider, and then a good one on the same host.
async fn run(budget: &str, body: &str) -> Receipt {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let manifest = manifest("netting", GRANT, &format!("rial = 10_000_000\n{budget}"));
    let hostile = bench.script(&manifest, &format!("fn plan(debts, credits) {{ {body} }}")).await;
    let receipt = bench.run(&hostile, Value::Null).await;
    assert_eq!(receipt.status, Status::Failed);
    assert!(receipt.effects.is_empty());
    assert_eq!(receipt.meters.calls, 2, "the host read the invoices");

    let good = bench.load("plugins/netting").await;
    let next = bench.run(&good, Value::Null).await;
    assert_eq!(next.status, Status::Done, "{:?}", next.error);
    assert_eq!(next.effects.len(), 3);
    bench.assert_balances(&[("invoice:501", 900_000)]).await;
    receipt
}

fn assert_exhausted(receipt: &Receipt, expected: &str) {
    match &receipt.error {
        Some(RunError::BudgetExhausted { meter, .. }) => assert_eq!(*meter, expected),
        other => panic!("ended by another cause: {other:?}"),
    }
}

#[tokio::test]
async fn fuel() {
    let receipt = run("fuel = 50_000_000", "loop {}").await;
    assert_exhausted(&receipt, "fuel");
    assert_eq!(receipt.meters.fuel, 50_000_000);
}

#[tokio::test]
async fn time() {
    let receipt = run("wall = \"300ms\"\nfuel = 1_000_000_000_000", "loop {}").await;
    assert_exhausted(&receipt, "wall");
    assert!(receipt.meters.wall_ms >= 300, "{} ms", receipt.meters.wall_ms);
    assert!(receipt.meters.wall_ms < 5_000, "{} ms", receipt.meters.wall_ms);
    assert!(receipt.meters.fuel > 0);
}

#[tokio::test]
async fn memory() {
    let hoard = "let all = []; loop { all.push([1, 2, 3, 4, 5, 6, 7, 8]); }";
    let receipt = run("memory = 16_000_000", hoard).await;
    assert_exhausted(&receipt, "memory");
    assert!(receipt.meters.memory_bytes <= 16_000_000);
}

#[tokio::test]
async fn recursion() {
    let receipt = run("", "plan(debts, credits)").await;
    assert!(matches!(receipt.error, Some(RunError::Policy { .. } | RunError::Trap { .. })));
}

#[tokio::test]
async fn a_failing_script_names_the_line() {
    let receipt = run("", "\n\n  throw \"no plan today\";").await;
    let Some(RunError::Policy { message, line, column, file }) = receipt.error else {
        panic!("ended by another cause: {:?}", receipt.error)
    };
    assert!(message.contains("no plan today"), "{message}");
    assert_eq!((line, column), (Some(3), Some(3)));
    assert!(file.expect("a script has a file").ends_with("script.rhai"));
}

#[tokio::test]
async fn a_host_call_that_copies_too_much() {
    let shout = "let text = \"x\"; while text.len < 20_000_000 { text += text; } print(text);";
    let receipt = run("memory = 256_000_000", shout).await;
    assert!(matches!(receipt.error, Some(RunError::Trap { .. })), "{:?}", receipt.error);
    assert!(receipt.log.is_empty());
}

/// A decider in WebAssembly text, whose `plan` is this.
fn decider(plan: &str) -> Vec<u8> {
    let text = format!(
        r#"
        (component
            (core module $m
                (table $table 1 funcref)
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
                (func (export "plan") (param i32 i32 i32 i32 i32 i32) (result i32) {plan}))
            (core instance $i (instantiate $m))
            (type $debt' (record (field "id" u64) (field "payable-amount" u64)
                (field "issuer-id" (option u64)) (field "issuance-date" (option u64))))
            (export $debt "debt" (type $debt'))
            (type $credit' (record (field "id" u64) (field "payable-amount" u64)
                (field "issuer-id" (option u64)) (field "user-id" (option u64))
                (field "payment-date" (option u64))))
            (export $credit "credit" (type $credit'))
            (type $alternative' (record (field "choice" string) (field "rule" string)
                (field "amounts" (list u64))))
            (export $alternative "alternative" (type $alternative'))
            (type $reason' (record (field "rule" string) (field "amounts" (list u64))
                (field "alternatives" (list $alternative))))
            (export $reason "reason" (type $reason'))
            (type $remark' (record (field "invoice-id" u64) (field "reason" $reason)))
            (export $remark "remark" (type $remark'))
            (type $pair' (record (field "creditor-invoice-id" u64)
                (field "debtor-invoice-id" u64) (field "reason" (option $reason))))
            (export $pair "pair" (type $pair'))
            (type $plan' (record (field "pairs" (list $pair)) (field "still-owed" (list $remark))
                (field "kept-out" (list $remark))))
            (export $plan "netting-plan" (type $plan'))
            (type $position' (record (field "line" u32) (field "column" u32)))
            (export $position "position" (type $position'))
            (type $failure' (record (field "message" string) (field "position" (option $position))))
            (export $failure "failure" (type $failure'))
            (func (export "plan") (param "debts" (list $debt)) (param "credits" (list $credit))
                (param "config" string) (result (result $plan (error $failure)))
                (canon lift (core func $i "plan") (memory (core memory $i "memory"))
                    (realloc (core func $i "realloc")))))
        "#
    );
    wat::parse_str(text).expect("the component is well-formed")
}

async fn run_component(component: &[u8]) -> Receipt {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("guest.wasm"), component).expect("the component is written");
    let manifest = manifest("netting", GRANT, "rial = 1").replace("script.rhai", "guest.wasm");
    std::fs::write(folder.path().join("policy.toml"), manifest).expect("the manifest is written");
    let policy = bench.host.load(folder.path()).await.expect("it fits the world");
    let receipt = bench.run(&policy, Value::Null).await;
    assert_eq!(receipt.status, Status::Failed);
    receipt
}

#[tokio::test]
async fn a_trap() {
    let receipt = run_component(&decider("unreachable")).await;
    let Some(RunError::Trap { message }) = &receipt.error else { panic!("{:?}", receipt.error) };
    assert!(message.contains("unreachable"), "{message}");
    assert!(receipt.meters.memory_bytes >= 65_536);
}

#[tokio::test]
async fn a_table_that_grows_too_large() {
    let grow = "(drop (table.grow $table (ref.null func) (i32.const 1000000))) unreachable";
    let receipt = run_component(&decider(grow)).await;
    assert_exhausted(&receipt, "memory");
}

#[tokio::test]
async fn an_answer_that_is_not_in_memory() {
    // A pointer past the end of the guest's one page.
    let receipt = run_component(&decider("i32.const 0x7fff0000")).await;
    assert!(matches!(receipt.error, Some(RunError::Trap { .. })), "{:?}", receipt.error);
}
