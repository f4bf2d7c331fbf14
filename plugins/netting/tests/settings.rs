//! What the settings change: which debts weigh most, and which creditor invoices are kept out.

use netting::{Config, plan};
use pod_sdk::netting::{Credit, Debt, NettingPlan};

const DAY: u64 = 24 * 60 * 60 * 1_000;
const NOW: u64 = 100 * DAY;

fn debt(id: u64, payable_amount: u64, issuer: u64, days_ago: u64) -> Debt {
    let issuance_date = Some(NOW - days_ago * DAY);
    Debt { id, payable_amount, issuer_id: Some(issuer), issuance_date }
}

fn credit(id: u64, payable_amount: u64, customer: u64, days_ago: u64) -> Credit {
    Credit {
        id,
        payable_amount,
        issuer_id: Some(1),
        user_id: Some(customer),
        payment_date: Some(NOW - days_ago * DAY),
    }
}

fn settled(plan: &NettingPlan) -> Vec<u64> {
    plan.pairs.iter().map(|pair| pair.debtor_invoice_id).collect()
}

fn decide(debts: &[Debt], credits: &[Credit], config: &Config) -> NettingPlan {
    plan(debts, credits, config, NOW).expect("it decides")
}

#[test]
fn an_issuer_that_counts_more_is_paid_first() {
    let debts = [debt(1, 900, 20, 0), debt(2, 500, 30, 0)];
    let credits = [credit(3, 1_000, 40, 0)];
    assert_eq!(settled(&decide(&debts, &credits, &Config::default())), [1]);
    let issuer_percent = [("30".to_owned(), 200)].into();
    let config = Config { issuer_percent, ..Config::default() };
    let plan = decide(&debts, &credits, &config);
    assert_eq!(settled(&plan), [2]);
    let reason = &plan.still_owed[0].reason;
    assert_eq!(
        (reason.rule.as_str(), &*reason.amounts),
        ("heavier-debts-first", &[900, 900, 1][..])
    );
}

#[test]
fn what_is_overdue_is_paid_first() {
    let debts = [debt(1, 900, 20, 5), debt(2, 500, 20, 40)];
    let credits = [credit(3, 1_000, 40, 0)];
    let overdue = |overdue_percent_per_day| Config {
        days_to_pay: 30,
        overdue_percent_per_day,
        ..Config::default()
    };
    // Ten days overdue: 500 weighs 900 at 8 % a day, where the larger one wins, and 950 at 9 %.
    assert_eq!(settled(&decide(&debts, &credits, &overdue(8))), [1]);
    assert_eq!(settled(&decide(&debts, &credits, &overdue(9))), [2]);
}

#[test]
fn what_is_kept_out_says_why() {
    let debts = [debt(1, 100, 20, 0)];
    let credits = [
        credit(10, 150, 77, 9),
        credit(11, 150, 40, 1),
        credit(12, 150, 40, 60),
        credit(13, 120, 40, 9),
        credit(14, 900, 40, 9),
        credit(15, 200, 40, 9),
    ];
    let config = Config {
        keep_out_customers: vec![77],
        keep_out_younger_than_days: Some(2),
        keep_out_older_than_days: Some(30),
        keep_out_below: Some(150),
        keep_out_above: Some(800),
        ..Config::default()
    };
    let plan = decide(&debts, &credits, &config);
    assert_eq!(plan.pairs[0].creditor_invoice_id, 15);
    let kept: Vec<(u64, &str, &[u64])> = plan
        .kept_out
        .iter()
        .map(|kept| (kept.invoice_id, kept.reason.rule.as_str(), &*kept.reason.amounts))
        .collect();
    let expected: [(u64, &str, &[u64]); 5] = [
        (10, "kept-out-by-customer", &[77]),
        (11, "kept-out-as-young", &[1, 2]),
        (12, "kept-out-as-old", &[60, 30]),
        (13, "kept-out-as-small", &[120, 150]),
        (14, "kept-out-as-large", &[900, 800]),
    ];
    assert_eq!(kept, expected);

    let config = Config { keep_out_issuers: vec![1], ..Config::default() };
    let plan = decide(&debts, &credits, &config);
    assert!(plan.pairs.is_empty());
    assert_eq!(plan.kept_out.len(), credits.len());
    let reason = &plan.still_owed[0].reason;
    assert_eq!((reason.rule.as_str(), &*reason.amounts), ("nothing-covers", &[100, 0][..]));
}

#[test]
fn a_weight_that_no_script_could_hold_is_an_error() {
    let debts = [debt(1, u64::MAX / 3, 20, 0)];
    let config = Config { issuer_percent: [("20".to_owned(), 200)].into(), ..Config::default() };
    let error = plan(&debts, &[], &config, NOW).expect_err("too heavy");
    assert_eq!(error.message(), "invoice 1 weighs too much");
}
