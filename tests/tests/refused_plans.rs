//! A decider's answer that breaks POD's rules is refused as a whole, before anything is paid, and
//! the receipt says which rule and which invoice.

use pod_host::{Receipt, RunError, Status};
use pod_sandbox::Scenario;
use podhost_tests::{Bench, manifest, project};
use serde_json::Value;

const GRANT: &str = "\"invoices\", \"payments.pay-invoice-by-invoice\"";
const SMALL: &str = "plugins/netting/scenarios/small.json";

async fn answer(pairs: &str) -> Receipt {
    let bench = Bench::from_file(SMALL).await;
    let before = bench.pod.ledger().await.expect("the ledger can be read");
    let policy = bench
        .script(
            &manifest("netting", GRANT, "rial = 10_000_000"),
            &format!("fn plan(debts, credits) {{ {pairs} }}"),
        )
        .await;
    let receipt = bench.run(&policy, Value::Null).await;
    let after = bench.pod.ledger().await.expect("the ledger can be read");
    assert_eq!(before, after, "nothing moved");
    assert!(receipt.effects.is_empty());
    assert_eq!(receipt.meters.rials.0, 0);
    receipt
}

async fn assert_refused(pairs: &str, expected: &[(&str, usize, u64)]) {
    let receipt = answer(pairs).await;
    assert_eq!(receipt.status, Status::Refused);
    let Some(RunError::PlanRefused { violations }) = receipt.error else {
        panic!("refused for another reason: {:?}", receipt.error)
    };
    let found: Vec<_> = violations.iter().map(|v| (v.rule, v.item, v.invoice)).collect();
    assert_eq!(found, expected);
    assert!(violations.iter().all(|v| v.message.contains(&v.invoice.to_string())));
}

#[tokio::test]
async fn an_uncovered_pair() {
    // 603 holds 300,000 rials, 501 asks for 900,000; the good pair before it is not paid either.
    let pairs = "[#{creditor_invoice_id: 601, debtor_invoice_id: 502},
                  #{creditor_invoice_id: 603, debtor_invoice_id: 501}]";
    assert_refused(pairs, &[("covered", 1, 603)]).await;
}

#[tokio::test]
async fn an_invoice_twice() {
    let pairs = "[#{creditor_invoice_id: 601, debtor_invoice_id: 502},
                  #{creditor_invoice_id: 601, debtor_invoice_id: 503}]";
    assert_refused(pairs, &[("invoice-once", 1, 601)]).await;
}

#[tokio::test]
async fn somebody_elses_invoice() {
    // 505 is the mill's own paid invoice; 604 is the shop's, but not paid; 999 is nobody's.
    let pairs = "[#{creditor_invoice_id: 505, debtor_invoice_id: 503},
                  #{creditor_invoice_id: 604, debtor_invoice_id: 999}]";
    let expected =
        [("own-creditor-invoice", 0, 505), ("own-creditor-invoice", 1, 604), ("own-debt", 1, 999)];
    assert_refused(pairs, &expected).await;
}

#[tokio::test]
async fn sides_swapped() {
    let pairs = "[#{creditor_invoice_id: 502, debtor_invoice_id: 601}]";
    assert_refused(pairs, &[("own-creditor-invoice", 0, 502), ("own-debt", 0, 601)]).await;
}

#[tokio::test]
async fn an_answer_of_the_wrong_type() {
    let receipt = answer("[#{creditor_invoice_id: \"601\", debtor_invoice_id: 502}]").await;
    assert_eq!(receipt.status, Status::Failed);
    let error = receipt.error.expect("it says why").to_string();
    assert!(error.contains("creditor_invoice_id"), "{error}");
}

#[tokio::test]
async fn a_caller_that_is_no_business() {
    let scenario = Scenario::from_file(project(SMALL)).expect("well-formed");
    let caller = Some("karimi-access-token".to_owned());
    let bench = Bench::start(Scenario { caller, ..scenario }).await;
    let policy = bench.load("plugins/netting/netting.rhai").await;
    let error = bench.host.run(&policy, &bench.account, Value::Null).await.expect_err("no run");
    assert!(error.is_bad_input());
    assert!(error.to_string().contains("is no business"), "{error}");
}
