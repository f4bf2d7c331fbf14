//! A decider's answer that breaks POD's rules is refused as a whole, before anything is paid, and
//! the receipt says which rule and which invoice.

use pod_emulator::Scenario;
use pod_host::{Receipt, RunError, Status};
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
            &format!("fn plan(debts, credits) {{ #{{ pairs: {pairs} }} }}"),
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
    let found: Vec<_> = violations.iter().map(|v| (&*v.rule, v.item, v.invoice)).collect();
    assert_eq!(found, expected);
    assert!(violations.iter().all(|v| v.message.contains(&v.invoice.to_string())));
    // The document that says so.
    let source = "S1, payInvoiceByInvoice";
    assert!(violations.iter().all(|v| v.source == source && v.message.contains(source)));
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

/// What a script of another world answers, on that policy's own small scenario.
async fn refused(
    world: &str,
    grant: &str,
    script: &str,
    source: &str,
) -> Vec<(&'static str, usize)> {
    let bench = Bench::from_file(&format!("plugins/{world}/scenarios/small.json")).await;
    let before = bench.pod.ledger().await.expect("the ledger can be read");
    let policy = bench.script(&manifest(world, grant, "rial = 100_000_000"), script).await;
    let receipt = bench.run(&policy, Value::Null).await;
    assert_eq!(before, bench.pod.ledger().await.expect("the ledger can be read"), "nothing moved");
    assert_eq!(receipt.status, Status::Refused, "{:?}", receipt.error);
    let Some(RunError::PlanRefused { violations }) = receipt.error else {
        panic!("refused for another reason: {:?}", receipt.error)
    };
    assert!(violations.iter().all(|v| v.source == source && v.message.contains(source)));
    // Leaked, so that the tests read as tables.
    violations.into_iter().map(|v| (&*v.rule.into_owned().leak(), v.item)).collect()
}

async fn spending(payments: &str) -> Vec<(&'static str, usize)> {
    let script =
        format!("fn order(invoices, delegations, wallets) {{ #{{ payments: [{payments}] }} }}");
    let grant = "\"invoices\", \"payments.pay-invoice-by-credit\"";
    refused("delegation", grant, &script, "S1, payInvoiceByCredit").await
}

#[tokio::test]
async fn spending_that_pod_would_not_book_so() {
    let share = |delegator: u64, hash: &str, rials: u64| {
        format!("#{{ delegator_id: {delegator}, hash: \"{hash}\", rials: {rials} }}")
    };
    let pay = |invoice: u64, shares: &[String], rest: &str| {
        let shares = shares.join(", ");
        format!("#{{ invoice_id: {invoice}, delegations: [{shares}], {rest} }}")
    };
    let forced = "force_delegation: true";
    let wallet = |rials: u64| {
        format!("wallet: #{{ code: \"PODLAND_WALLET\", rials: {rials} }}, force_delegation: false")
    };

    let lunch = [share(101, "lunch", 250_000)];
    assert_eq!(spending(&pay(999, &[], forced)).await, [("own-invoice", 0)]);
    let twice = [pay(703, &lunch, forced), pay(703, &lunch, forced)];
    assert_eq!(spending(&twice.join(", ")).await, [("invoice-once", 1)]);
    // The employer's credit is not the father's.
    let stolen = pay(703, &[share(102, "lunch", 250_000)], forced);
    assert_eq!(spending(&stolen).await[0], ("own-credit", 0));
    let other_guild = pay(702, &[share(101, "lunch", 500_000)], &wallet(100_000));
    assert_eq!(spending(&other_guild).await, [("guild", 0)]);
    let too_little = pay(704, &[share(101, "health", 400_000)], forced);
    assert_eq!(spending(&too_little).await, [("covered", 0)]);
    let empty_wallet = pay(704, &[share(101, "health", 400_000)], &wallet(500_000));
    assert_eq!(spending(&empty_wallet).await, [("covered", 0)]);
    // POD takes all of `lunch` that it can before it goes on.
    let shares = [share(101, "lunch", 100_000), share(102, "pocket", 150_000)];
    assert_eq!(spending(&pay(703, &shares, forced)).await, [("split", 0)]);
    let named_twice = pay(703, &[lunch[0].clone(), share(101, "lunch", 0)], forced);
    assert_eq!(spending(&named_twice).await, [("credit-once", 0)]);
}

async fn loan(choice: &str) -> Vec<(&'static str, usize)> {
    let script = format!("fn select(invoice, offers) {{ #{{ choice: #{{ {choice} }} }} }}");
    let grant = "\"invoices\", \"loans\"";
    refused("loan-plan", grant, &script, "S4, payInvoiceByLoan").await
}

#[tokio::test]
async fn a_loan_that_its_contract_does_not_allow() {
    let parts = |count: usize| vec!["#{ amount: 1, due_date: \"1399/04/01\" }"; count].join(", ");
    let choice = |plan: u64, down: u64, breathing: u32, count: usize| {
        format!(
            "contract_id: 50, plan_id: {plan}, primary_amount: {down}, total_cost: 0, \
             breathing_period_count: {breathing}, installments: [{}]",
            parts(count)
        )
    };
    assert_eq!(loan(&choice(77, 0, 0, 4)).await, [("offered", 0)]);
    assert_eq!(loan(&choice(5, 0, 0, 6)).await, [("active", 0)]);
    assert_eq!(loan(&choice(1, 12_000_000, 0, 4)).await, [("down-payment", 0)]);
    assert_eq!(loan(&choice(1, 0, 4, 4)).await, [("breathing-period", 0)]);
    assert_eq!(loan(&choice(1, 0, 0, 5)).await, [("installments", 0)]);
}
