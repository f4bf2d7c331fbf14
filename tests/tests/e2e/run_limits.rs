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
    decider_with(plan, "", "utf8")
}

/// The same with data in its memory, and texts in this encoding.
fn decider_with(plan: &str, data: &str, encoding: &str) -> Vec<u8> {
    let text = format!(
        r#"
        (component
            (core module $m
                (table $table 1 funcref)
                (memory (export "memory") 1)
                {data}
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
                    (realloc (core func $i "realloc")) string-encoding={encoding})))
        "#
    );
    wat::parse_str(text).expect("the component is well-formed")
}

/// Runs a component that must fail.
async fn run_component(component: &[u8]) -> Receipt {
    let receipt = ask_component(component).await;
    assert_eq!(receipt.status, Status::Failed);
    receipt
}

async fn ask_component(component: &[u8]) -> Receipt {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("guest.wasm"), component).expect("the component is written");
    let manifest = manifest("netting", GRANT, "rial = 1").replace("script.rhai", "guest.wasm");
    std::fs::write(folder.path().join("policy.toml"), manifest).expect("the manifest is written");
    let policy = bench.host.load(folder.path()).await.expect("it fits the world");
    bench.run(&policy, Value::Null).await
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

/// A plan at 2048 that leaves invoice 501 open: for the rule at 5120, with the amounts at `amounts`.
fn leaves_open(rule: &str, amounts: &str) -> String {
    format!(
        r#"
        (data (i32.const 2048) "\00\00\00\00" "\00\00\00\00\00\00\00\00"
            "\00\10\00\00\01\00\00\00" "\00\00\00\00\00\00\00\00")
        (data (i32.const 4096) "\f5\01\00\00\00\00\00\00" "\00\14\00\00\02\00\00\00"
            "{amounts}\01\00\00\00" "\00\00\00\00\00\00\00\00")
        (data (i32.const 5120) "{rule}")
        (data (i32.const 6144) "\07\00\00\00\00\00\00\00")
        "#
    )
}

const AT_6144: &str = "\\00\\18\\00\\00";

#[tokio::test]
async fn an_answer_in_each_encoding() {
    for (encoding, rule) in [("utf8", "no"), ("utf16", "n\\00o\\00")] {
        let data = leaves_open(rule, AT_6144);
        let receipt = ask_component(&decider_with("i32.const 2048", &data, encoding)).await;
        assert_eq!(receipt.status, Status::Done, "{encoding}: {:?}", receipt.error);
        let open = &receipt.output["stillOwed"][0];
        assert_eq!(open["invoice"], 501, "{encoding}");
        assert_eq!(open["reason"]["rule"], "no", "{encoding}");
        assert_eq!(open["reason"]["amounts"]["amount-1"], 7, "{encoding}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_well_formed() {
    for (rule, amounts, expected) in [
        ("\\ff\\fe", AT_6144, "utf-8"),
        ("no", "\\01\\18\\00\\00", "not aligned"),
        ("no", "\\00\\00\\ff\\7f", "out of bounds"),
    ] {
        let data = leaves_open(rule, amounts);
        let receipt = run_component(&decider_with("i32.const 2048", &data, "utf8")).await;
        let Some(RunError::Trap { message }) = &receipt.error else {
            panic!("{:?}", receipt.error)
        };
        assert!(message.contains(expected), "{message}");
    }
}
