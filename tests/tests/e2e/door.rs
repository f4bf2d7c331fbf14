//! The door, from inside a policy: what is not granted is denied, what the budget does not cover is
//! not begun, and both are answers that a policy can handle.

use pod_emulator::Scenario;
use pod_host::{
    Receipt, Status,
    journal::{Entry, Outcome, Recorded},
};
use podhost_tests::{Bench, manifest};
use serde_json::{Value, json};

/// The shop nets 601 against 501, and reports what came of it.
const NET: &str = r#"
    fn run(input) {
        try {
            pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: input });
            return "paid";
        } catch (error) {
            return error;
        }
    }
"#;

async fn run(bench: &Bench, manifest: &str, script: &str, input: Value) -> Receipt {
    let policy = bench.script(manifest, script).await;
    bench.run(&policy, input).await
}

async fn small() -> Bench {
    Bench::from_file("plugins/netting/scenarios/small.json").await
}

#[tokio::test]
async fn a_granted_call_passes() {
    let bench = small().await;
    let manifest = manifest("policy", "\"payments\"", "rial = 900_000");
    let receipt = run(&bench, &manifest, NET, json!(501)).await;
    assert_eq!((receipt.status, receipt.output), (Status::Done, json!("paid")));
    assert_eq!(receipt.effects.len(), 1);
    assert_eq!(receipt.effects[0].service, "payInvoiceByInvoice");
    assert_eq!((receipt.effects[0].invoice, receipt.effects[0].rials.0), (Some(501), 900_000));
    assert!(!receipt.effects[0].reference.is_empty());
    let calls = "both invoices were looked at, one paid the other, and was looked at again";
    assert_eq!(receipt.meters.calls, 4, "{calls}");
    bench.assert_balances(&[("invoice:501", 900_000), ("invoice:601", 100_000)]).await;
}

/// Nothing is blocked for six centuries because a day is Gregorian, and the policy is told.
#[tokio::test]
async fn m6_a_guarantee_until_a_gregorian_day_is_refused() {
    let bench = small().await;
    let manifest = manifest("policy", "\"payments\"", "rial = 10_000_000");
    let script = r#"
        fn run(input) {
            try {
                pay_invoice_in_future(#{
                    invoice_id: 501, date: input, wallet: "PODLAND_WALLET"
                });
                return "guaranteed";
            } catch (error) {
                return error;
            }
        }
    "#;
    let receipt = run(&bench, &manifest, script, json!("2020/06/10")).await;
    assert_eq!(receipt.status, Status::Done, "the script handled it");
    assert_eq!(receipt.output["kind"], "invalid-argument");
    let output = receipt.output.to_string();
    assert!(output.contains("2020-06-10 is 1399/03/21"), "{output}");
    assert_eq!((receipt.meters.calls, receipt.meters.rials.0), (0, 0));
    // It ends alike when it is done again, whatever the time is then.
    let replayed = bench.host.replay(&receipt.run).await;
    assert!(replayed.is_ok(), "{replayed:?}");
}

#[tokio::test]
async fn a_call_that_is_not_granted_is_denied() {
    let bench = small().await;
    let manifest = manifest("policy", "\"invoices\"", "rial = 10_000_000");
    let receipt = run(&bench, &manifest, NET, json!(501)).await;
    assert_eq!(receipt.status, Status::Done, "the script handled it");
    assert_eq!(receipt.output["kind"], "denied");
    assert_eq!(receipt.denied.len(), 1);
    assert_eq!(receipt.denied[0].function, "payments.pay-invoice-by-invoice");
    assert_eq!(receipt.meters.calls, 0);
    bench.assert_balances(&[("invoice:501", 0)]).await;
}

#[tokio::test]
async fn one_rial_too_few_and_nothing_begins() {
    let bench = small().await;
    let manifest = manifest("policy", "\"payments\"", "rial = 899_999");
    let receipt = run(&bench, &manifest, NET, json!(501)).await;
    let exhausted = json!({
        "kind": "budget-exhausted", "meter": "rial", "needed": 900_000, "remaining": 899_999,
    });
    assert_eq!(receipt.output, exhausted);
    assert_eq!(receipt.meters.calls, 2, "both invoices were looked at, and nothing was sent");
    bench.assert_balances(&[("invoice:501", 0)]).await;
}

#[tokio::test]
async fn no_rials_unless_granted() {
    let bench = small().await;
    let manifest = manifest("policy", "\"payments\"", "calls = 10");
    let receipt = run(&bench, &manifest, NET, json!(501)).await;
    assert_eq!(receipt.output["kind"], "budget-exhausted");
    assert_eq!(receipt.output["remaining"], 0);
}

#[tokio::test]
async fn an_amount_that_cannot_be_read_is_refused() {
    let bench = small().await;
    let manifest = manifest("policy", "\"payments\"", "rial = 10_000_000");
    let receipt = run(&bench, &manifest, NET, json!(12_345)).await;
    assert_eq!(receipt.output["kind"], "denied");
    let reason = receipt.output["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("the amount of invoice 12345 cannot be read"), "{reason}");
}

#[tokio::test]
async fn a_refusal_of_pod_releases_what_was_reserved() {
    let bench = small().await;
    // 602 holds too little for 501; what was reserved for it must do for 502.
    let script = r#"
        fn run(input) {
            let refused = try_to_net(602, 501);
            [refused.kind, try_to_net(602, 502)]
        }
        fn try_to_net(creditor, debtor) {
            try {
                pay_invoice_by_invoice(#{ creditor_invoice_id: creditor, debtor_invoice_id: debtor });
                return "paid";
            } catch (error) { return error; }
        }
    "#;
    let manifest = manifest("policy", "\"payments\"", "rial = 900_000");
    let receipt = run(&bench, &manifest, script, Value::Null).await;
    assert_eq!(receipt.output, json!(["platform", "paid"]), "{:?}", receipt.error);
    assert_eq!(receipt.meters.rials.0, 400_000);
}

#[tokio::test]
async fn calls_are_counted_and_bounded() {
    let bench = small().await;
    let script = r#"
        fn run(input) {
            let listed = 0;
            try {
                loop { get_invoice_list(#{ offset: 0, size: 1 }); listed += 1; }
            } catch (error) { return [listed, error.meter]; }
        }
    "#;
    let receipt =
        run(&bench, &manifest("policy", "\"invoices\"", "calls = 7"), script, Value::Null).await;
    assert_eq!(receipt.output, json!([7, "calls"]), "{:?}", receipt.error);
    assert_eq!(receipt.meters.calls, 7);
}

/// What was cut off came all the same: it counts, and it is not asked for again.
#[tokio::test]
async fn an_answer_beyond_the_budget_is_cut_off_and_asked_for_once() {
    let bench = small().await;
    let manifest = manifest("policy", "\"invoices\"", "bytes-down = 500");
    let list = r#"
        fn run(input) {
            let kinds = [];
            for turn in 0..2 {
                try { get_invoice_list(#{ offset: 0, size: 20 }); } catch (error) { kinds += error; }
            }
            kinds
        }
    "#;
    let receipt = run(&bench, &manifest, list, json!(null)).await;
    for turn in 0..2 {
        let error = &receipt.output[turn];
        assert_eq!(error["kind"], "budget-exhausted", "{}", receipt.output);
        assert_eq!(error["meter"], "bytes-down");
    }
    assert_eq!(receipt.meters.calls, 1, "the second one was not sent");
    assert!(receipt.meters.bytes_down > 500, "{:?}", receipt.meters);
}

#[tokio::test]
async fn a_wrong_argument_is_named_before_anything_is_sent() {
    let bench = small().await;
    let script = r#"
        fn run(input) {
            try { get_invoice_list(#{ offset: 0, first_id: 3, size: 1 }) } catch (error) { return error; }
        }
    "#;
    let receipt =
        run(&bench, &manifest("policy", "\"invoices\"", "calls = 7"), script, Value::Null).await;
    assert_eq!(receipt.output["kind"], "invalid-argument", "{:?}", receipt.error);
    assert_eq!(receipt.output["field"], "offset");
    assert_eq!(receipt.meters.calls, 0);
}

/// Nobody's invoice of another business: the caller may pay it, but does not see its amount.
#[tokio::test]
async fn an_amount_that_cannot_be_read_is_charged_at_the_ceiling_per_payment() {
    let scenario = Scenario::from_json(
        "ceiling",
        r#"{
            "businesses": [
                {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
                 "wallet": {"PODLAND_WALLET": 9000}},
                {"id": 2, "userId": 20, "name": "Baker", "apiToken": "baker"}
            ],
            "invoices": [
                {"id": 1, "businessId": 2, "amount": 700, "guildCode": "FOOD_GUILD"},
                {"id": 2, "businessId": 2, "amount": 700, "guildCode": "FOOD_GUILD"}
            ]
        }"#,
    );
    let bench = Bench::start(scenario.unwrap()).await;
    let script = r#"
        fn run(input) { [pay(1), pay(2)] }
        fn pay(id) {
            try { return pay_any_invoice_by_credit(#{ invoice_id: id, wallet: "PODLAND_WALLET" }); }
            catch (error) { return error.kind; }
        }
    "#;
    let budget = "rial = 1_500\nrial-per-payment = 1_000";
    let receipt =
        run(&bench, &manifest("policy", "\"payments\"", budget), script, Value::Null).await;
    assert_eq!(receipt.output, json!([true, "budget-exhausted"]), "{:?}", receipt.error);
    assert_eq!(receipt.meters.rials.0, 1_000);
    bench.assert_balances(&[("invoice:1", 700), ("invoice:2", 0)]).await;

    let low = manifest("policy", "\"payments\"", "rial = 1_500");
    let receipt = run(&bench, &low, script, Value::Null).await;
    assert_eq!(receipt.output, json!(["denied", "denied"]), "{:?}", receipt.error);
}

#[tokio::test]
async fn a_script_issues_marks_and_lists() {
    let bench = small().await;
    let script = r#"
        fn run(input) {
            let invoice = issue_invoice(#{
                guild_code: "FOOD_GUILD", product_id: [0], price: [1000], quantity: [2],
                product_description: ["bread"], bill_number: "B-1",
                preferred_tax_rate: 0.0,
            });
            let marked = pay_invoice(#{ invoice_id: invoice.id });
            let found = get_invoice_list(#{ offset: 0, size: 10, bill_number: "B-1" });
            log("info", `issued ${invoice.id} at ${now()}`);
            let random = get_random_s64();
            [invoice.payable_amount, marked, found.count, found.result[0].payed]
        }
    "#;
    let manifest = manifest("policy", "\"payments\", \"invoices\"", "rial = 2_000");
    let receipt = run(&bench, &manifest, script, Value::Null).await;
    assert_eq!(receipt.output, json!([2_000, true, 1, true]), "{:?}", receipt.error);
    assert_eq!(receipt.effects.len(), 2);
    assert_eq!(receipt.log.len(), 1);
}

#[tokio::test]
async fn no_secret_reaches_the_journal_or_the_receipt() {
    let bench = small().await;
    let manifest = manifest("policy", "\"payments\", \"invoices\"", "rial = 900_000");
    let receipt = run(&bench, &manifest, NET, json!(501)).await;
    let mut kept = serde_json::to_vec(&receipt).expect("a receipt is JSON");
    let mut folders = vec![bench.store().to_owned()];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(folder).expect("the store is there") {
            let path = item.expect("an item").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                kept.extend(std::fs::read(path).expect("it can be read"));
            }
        }
    }
    let token = b"shop-api-token";
    assert!(!kept.windows(token.len()).any(|window| window == token));
}

#[tokio::test]
async fn a_deciders_clock_passes_the_door_too() {
    let bench = small().await;
    let manifest = manifest("netting", "\"invoices\"", "calls = 10");
    let policy = bench.script(&manifest, "fn plan(debts, credits) { info(now()); #{} }").await;
    let receipt = bench.run(&policy, Value::Null).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    let now = bench.pod.clock().now().0.to_string();
    assert_eq!(receipt.log[0].message, now);
    let entries = bench.host.journal().entries(&receipt.run).await.expect("the chain holds");
    let is_it = |outcome: &Outcome| {
        outcome.function == "clock.now" && outcome.recorded == Recorded::Done(now.clone().into())
    };
    let recorded = entries.iter().any(|entry| match &entry.entry {
        Entry::Outcome(outcome) => is_it(outcome),
        Entry::Looks(looks) => looks.outcomes().any(|outcome| is_it(&outcome)),
        _ => false,
    });
    assert!(recorded);
}
