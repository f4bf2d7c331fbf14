//! Effects are what happened: each says what really moved, on what, from what, and how that is known;
//! the budget is charged that and no more; and the statement over the store says the same.

use std::collections::{BTreeMap, BTreeSet};

use pod_emulator::{Books, Scenario};
use pod_host::{
    Effect, LineKind, Proof, Receipt, RunOptions, Spent, Statement, StatementFilter, Status,
    journal::Entry,
};
use podhost_tests::{
    Bench, manifest,
    mortal::{Life, Mortal, script},
    project,
};
use serde_json::{Value, json};

fn scenario(more: Value) -> Scenario {
    let mut scenario = json!({
        "now": "1399/03/13 10:00:00",
        "caller": "shop",
        "businesses": [
            { "id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
              "wallet": { "PODLAND_WALLET": 9_000 } },
            { "id": 2, "userId": 20, "name": "Baker", "apiToken": "baker" },
        ],
        "users": [{ "id": 40, "name": "Sara", "accessToken": "sara",
                    "wallet": { "PODLAND_WALLET": 50_000 } }],
    });
    for (name, value) in more.as_object().expect("an object") {
        scenario[name] = value.clone();
    }
    Scenario::from_json("effects", &scenario.to_string()).expect("the scenario is well-formed")
}

async fn run(bench: &Bench, budget: &str, script: &str) -> Receipt {
    let manifest = manifest("policy", "\"invoices\", \"payments\", \"loans\"", budget);
    let policy = bench.script(&manifest, script).await;
    bench.run(&policy, Value::Null).await
}

fn object(effect: &Effect) -> Vec<(&str, &str)> {
    effect.object.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The shop's own invoices, for Sara.
fn own(id: u64, more: Value) -> Value {
    let mut invoice = json!({ "id": id, "businessId": 1, "userId": 40, "amount": 1_000,
        "guildCode": "FOOD_GUILD" });
    for (name, value) in more.as_object().expect("an object") {
        invoice[name] = value.clone();
    }
    invoice
}

#[tokio::test]
async fn a_reduction_counts_by_the_difference_and_frees_the_rest() {
    let invoices = json!([
        own(1, json!({ "payed": true })),
        { "id": 2, "businessId": 2, "userId": 10, "amount": 900, "guildCode": "FOOD_GUILD" },
    ]);
    let bench = Bench::start(scenario(json!({ "invoices": invoices }))).await;
    // What was at stake of the reduction and the payment are 1,900 rials.
    let script = r#"
        fn run(input) {
            let line = get_invoice_list(#{ offset: 0, size: 1, id: 1 }).result[0]
                .invoice_item_srvs[0].id;
            reduce_invoice(#{ id: 1, invoice_item_id: [line], price: [400], quantity: [1],
                item_description: ["less"] });
            pay_invoice_by_credit(#{ invoice_id: 2 });
            get_remaining_budget().rial
        }
    "#;
    let receipt = run(&bench, "rial = 1_500", script).await;
    assert_eq!((receipt.status, &receipt.output), (Status::Done, &json!(0)), "{receipt:#?}");
    let rials: Vec<u64> = receipt.effects.iter().map(|effect| effect.rials.0).collect();
    assert_eq!((rials, receipt.meters.rials.0), (vec![600, 900], 1_500));
    assert_eq!(object(&receipt.effects[0]), [("invoiceId", "1")]);
    // What was paid too much went back.
    bench.assert_balances(&[("invoice:1", 400), ("wallet:40:PODLAND_WALLET", 50_600)]).await;
}

#[tokio::test]
async fn a_cancellation_counts_by_what_goes_back() {
    let invoices = json!([own(1, json!({})), own(2, json!({ "payed": true }))]);
    let bench = Bench::start(scenario(json!({ "invoices": invoices }))).await;
    let script = "fn run(input) { cancel_invoice(#{ id: 1 }); cancel_invoice(#{ id: 2 }); }";
    let receipt = run(&bench, "rial = 1_000", script).await;
    let rials: Vec<u64> = receipt.effects.iter().map(|effect| effect.rials.0).collect();
    assert_eq!((receipt.status, rials), (Status::Done, vec![0, 1_000]), "{:?}", receipt.error);
    assert_eq!(receipt.meters.rials.0, 1_000);
    bench.assert_balances(&[("invoice:2", 0)]).await;
    let books = bench.pod.books().await.expect("the books can be read");
    assert!(books.invoices.iter().all(|invoice| invoice.canceled));

    // What waits for its issuer's verification is paid, too.
    let invoices = json!([own(1, json!({ "verificationNeeded": true }))]);
    let paid = json!([{ "token": "sara", "service": "payInvoiceByCredit",
        "arguments": { "invoiceId": 1, "wallet": "PODLAND_WALLET" } }]);
    for (budget, effects) in [("rial = 999", 0), ("rial = 1_000", 1)] {
        let world = scenario(json!({ "invoices": invoices, "history": paid }));
        let bench = Bench::start(world).await;
        bench.assert_balances(&[("wallet:40:PODLAND_WALLET", 49_000)]).await;
        let receipt = run(&bench, budget, "fn run(input) { cancel_invoice(#{ id: 1 }) }").await;
        let rials: Vec<u64> = receipt.effects.iter().map(|effect| effect.rials.0).collect();
        assert_eq!(rials, vec![1_000; effects], "{budget}: {:?}", receipt.error);
        let back = if effects == 1 { 50_000 } else { 49_000 };
        bench.assert_balances(&[("wallet:40:PODLAND_WALLET", back)]).await;
    }

    // What goes back has to be granted, what nobody has paid needs nothing.
    let invoices = json!([own(1, json!({})), own(2, json!({ "payed": true }))]);
    let bench = Bench::start(scenario(json!({ "invoices": invoices }))).await;
    let receipt = run(&bench, "rial = 999", script).await;
    assert_eq!((receipt.status, receipt.effects.len()), (Status::Failed, 1));
    bench.assert_balances(&[("invoice:2", 1_000)]).await;
}

/// What stands between may mix answers up: one that another call has had, or that names another thing, says
/// nothing of this one.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_another_call_is_no_answer() {
    let close = |id: u64| format!("try {{ close_invoice(#{{ id: {id} }}); }} catch (error) {{}}");
    let issue = |number: &str| {
        format!(
            "issue_invoice(#{{ guild_code: \"FOOD_GUILD\", product_id: [0], price: [500], quantity: [1], \
             product_description: [\"bread\"], user_id: 40, bill_number: \"{number}\", \
             preferred_tax_rate: 0.0 }});"
        )
    };
    for (service, calls, took_place) in [
        // The second is refused, for nobody has paid it.
        ("closeInvoice", close(1) + &close(2), 1),
        ("issueInvoice", issue("a") + &issue("b"), 2),
    ] {
        let invoices = json!([own(1, json!({ "payed": true })), own(2, json!({}))]);
        let faults = json!([{ "service": service, "call": 2, "answer": "reordered" }]);
        let mortal =
            Mortal::start(scenario(json!({ "invoices": invoices, "faults": faults }))).await;
        let policy =
            script("\"invoices\"", "rial = 10_000", &format!("fn run(input) {{ {calls} }}"));
        let path = policy.path().to_owned();
        let work = async move |life: Life| life.run(&path, RunOptions::default()).await;
        let receipt = mortal.live_on(work).await;
        assert_eq!(receipt.effects.len(), took_place, "{service}: {receipt:#?}");
        let references: BTreeSet<&str> =
            receipt.effects.iter().map(|effect| effect.reference.as_str()).collect();
        assert_eq!(references.len(), took_place, "{service}: {receipt:#?}");
        let deeds = mortal.pod.deeds().await.expect("they can be read");
        assert_eq!(deeds.iter().filter(|deed| deed.service == service).count(), took_place);
    }
}

/// What was so before a call is not its doing, even where what stands between gives it the answer of the
/// call that made it so.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_so_is_not_claimed_whatever_is_answered() {
    let invoices = json!([own(1, json!({ "payed": true }))]);
    let faults = json!([{ "service": "closeInvoice", "call": 2, "answer": "reordered" }]);
    let mortal = Mortal::start(scenario(json!({ "invoices": invoices, "faults": faults }))).await;
    let close = "fn run(input) { try { close_invoice(#{ id: 1 }); } catch (error) {} }";
    let policy = script("\"invoices\"", "rial = 10_000", close);
    let path = policy.path().to_owned();
    let twice = async move |life: Life| {
        let first = life.run(&path, RunOptions::default()).await;
        (first, life.run(&path, RunOptions::default()).await)
    };
    let (first, second) = mortal.live_on(twice).await;
    assert_eq!((first.effects.len(), second.effects.len()), (1, 0), "{second:#?}");
    let deeds = mortal.pod.deeds().await.expect("they can be read");
    assert_eq!(deeds.iter().filter(|deed| deed.service == "closeInvoice").count(), 1);
}

/// What POD's trouble prevented is no lack of a grant: the host cannot look up what is at stake.
#[tokio::test]
async fn a_look_up_that_pod_fails_is_unavailable() {
    let list = "getInvoiceList";
    for fault in [
        json!({ "service": list, "call": 1, "errorCode": 401 }),
        json!({ "service": list, "call": 2, "answer": "reordered" }),
    ] {
        let own_ones = json!([own(1, json!({})), own(2, json!({}))]);
        let bench =
            Bench::start(scenario(json!({ "invoices": own_ones, "faults": [fault] }))).await;
        let script = "fn run(input) {
            if input { get_invoice_list(#{ id: 2, offset: 0, size: 1 }); }
            try { cancel_invoice(#{ id: 1 }); } catch (error) { return error.kind; }
        }";
        let policy = bench.script(&manifest("policy", "\"invoices\"", "rial = 9"), script).await;
        let reads_first = fault["call"] == 2;
        let options = RunOptions { input: json!(reads_first), ..RunOptions::default() };
        let receipt = bench.run_with(&policy, options).await;
        assert_eq!(receipt.output, "unavailable", "{receipt:#?}");
        assert!(receipt.denied.is_empty() && receipt.effects.is_empty(), "{receipt:#?}");
        assert!(receipt.met_outage, "{receipt:#?}");
    }
}

#[tokio::test]
async fn u7_cancelling_an_unpaid_invoice_takes_nothing_from_the_budget() {
    for (budget, dry_run) in
        [("rial = 0", false), ("rial = 0\nper-day.rial = 0", false), ("rial = 0", true)]
    {
        let bench = Bench::start(scenario(json!({ "invoices": [own(1, json!({}))] }))).await;
        let script = "fn run(input) { cancel_invoice(#{ id: 1 }) }";
        let policy = bench.script(&manifest("policy", "\"invoices\"", budget), script).await;
        let options = RunOptions { dry_run, ..RunOptions::default() };
        let receipt = bench.run_with(&policy, options).await;
        assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
        let rials: Vec<u64> = receipt.effects.iter().map(|effect| effect.rials.0).collect();
        assert_eq!((rials, receipt.meters.rials.0), (vec![0], 0));
        // It is journalled so: nothing was kept for it, either.
        let entries = bench.host.journal().entries(&receipt.run).await.expect("the chain holds");
        let reserved = entries.iter().filter_map(|stored| match &stored.entry {
            Entry::Intent(intent) => Some(intent.reserved.rials),
            _ => None,
        });
        assert!(reserved.eq([0]), "{receipt:#?}");
    }
}

/// Pays invoices 1 and 2 under a ceiling of 1,000 rials.
const CAPPED: &str = r#"
    fn run(input) { [pay(1), pay(2)] }
    fn pay(id) {
        try { return pay_any_invoice_by_credit(#{ invoice_id: id, wallet: "PODLAND_WALLET" }); }
        catch (error) { return error.kind; }
    }
"#;

#[tokio::test]
async fn a_payment_under_a_ceiling_says_that_it_is_one_where_nobody_sees_the_amount() {
    let invoice = |id| {
        json!({ "id": id, "businessId": 2, "amount": 700,
        "guildCode": "FOOD_GUILD" })
    };
    let invoices = json!([invoice(1), invoice(2)]);
    let bench = Bench::start(scenario(json!({ "invoices": invoices }))).await;
    let receipt = run(&bench, "rial = 1_500\nrial-per-payment = 1_000", CAPPED).await;
    assert_eq!(receipt.output, json!([true, "budget-exhausted"]), "{:?}", receipt.error);
    let effect = &receipt.effects[0];
    assert_eq!((effect.rials.0, effect.at_most), (1_000, true), "no exact sum is made up");
    assert_eq!(effect.paid_from.wallet.as_deref(), Some("PODLAND_WALLET"));
    assert_eq!(receipt.meters.rials.0, 1_000);
}

/// The platform does not answer the first look-up, and answers the one after the payment.
#[tokio::test]
async fn a_payment_under_a_ceiling_counts_by_its_amount_once_it_can_be_read() {
    let invoice = |id| {
        json!({ "id": id, "businessId": 2, "userId": 10, "amount": 700,
        "guildCode": "FOOD_GUILD" })
    };
    let faults = json!([{ "service": "getInvoiceList", "call": 1, "httpStatus": 502 }]);
    let invoices = json!([invoice(1), invoice(2)]);
    let bench = Bench::start(scenario(json!({ "invoices": invoices, "faults": faults }))).await;
    let receipt = run(&bench, "rial = 1_500\nrial-per-payment = 1_000", CAPPED).await;
    assert_eq!(receipt.output, json!([true, true]), "{:?}", receipt.error);
    let told: Vec<_> = receipt.effects.iter().map(|e| (e.rials.0, e.at_most)).collect();
    assert_eq!(told, [(700, false), (700, false)]);
    assert_eq!(receipt.meters.rials.0, 1_400, "the rest of the ceiling is free");
    bench.assert_balances(&[("wallet:10:PODLAND_WALLET", 9_000 - 1_400)]).await;
}

#[tokio::test]
async fn an_effect_that_was_read_says_what_was_read() {
    let invoices = json!([
        { "id": 1, "businessId": 2, "userId": 10, "amount": 700, "guildCode": "FOOD_GUILD" },
        { "id": 2, "businessId": 2, "userId": 10, "amount": 300, "guildCode": "FOOD_GUILD" },
    ]);
    let faults = json!([{ "service": "payInvoiceByCredit", "call": 1, "unanswered": "after" }]);
    let bench = Bench::start(scenario(json!({ "invoices": invoices, "faults": faults }))).await;
    let script = r#"
        fn run(input) {
            pay_invoice_by_credit(#{ invoice_id: 1 });
            pay_invoice_by_credit(#{ invoice_id: 2 });
        }
    "#;
    let receipt = run(&bench, "rial = 1_000", script).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    let [read, answered] = receipt.effects.as_slice() else { panic!("{:?}", receipt.effects) };
    assert_eq!((read.proof, answered.proof), (Proof::Read, Proof::Answered));
    let evidence = read.evidence.as_deref().unwrap_or_default();
    assert!(evidence.contains("invoice 1: payed"), "{evidence}");
    assert_eq!((read.rials.0, &answered.evidence), (700, &None));
    assert!(!answered.reference.is_empty() && read.at > 0 && read.at <= answered.at);
}

const SERVICES: &str = "tests/services/every-mutation";

/// A run of every service that changes something, and the books before it.
async fn every_mutation() -> (Bench, Books, Receipt) {
    let bench = Bench::from_file(&format!("{SERVICES}/scenario.json")).await;
    let before = bench.pod.books().await.expect("the books can be read");
    let input = std::fs::read(project(SERVICES).join("scenario.input.json")).expect("the input");
    let input = serde_json::from_slice(&input).expect("it is JSON");
    let policy = bench.host.load(project(SERVICES)).await.expect("the policy loads");
    let receipt = bench.run_with(&policy, RunOptions { input, ..RunOptions::default() }).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    (bench, before, receipt)
}

/// What the ledger moved for a service, in rials.
fn booked(books: &Books, service: &str) -> u64 {
    let of_service = books.transactions.iter().filter(|moved| moved.service == service);
    let moved = of_service.flat_map(|moved| moved.postings.values().copied());
    moved.filter(|rials| *rials > 0).map(i64::unsigned_abs).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_says_what_the_books_say() {
    let (bench, before, receipt) = every_mutation().await;
    let books = bench.pod.books().await.expect("the books can be read");
    let effects: BTreeMap<&str, &Effect> =
        receipt.effects.iter().map(|effect| (effect.service.as_str(), effect)).collect();
    assert_eq!(effects.len(), receipt.effects.len(), "each service once");

    // Each object and source wholly, as the books have them.
    for (service, expected, source) in [
        ("payBill", vec![("billId", "7748317800142"), ("paymentId", "1770160")], "PODLAND_WALLET"),
        ("payInvoiceByInvoice", vec![("creditorInvoiceId", "100"), ("debtorInvoiceId", "204")], ""),
        ("payInvoiceByPos", vec![("referenceNumber", "R1"), ("terminalNumber", "T1")], ""),
        ("payInvoiceInFuture", vec![("date", "1399/04/01")], "PODLAND_WALLET"),
        ("payAnyInvoiceByCredit", vec![("invoiceId", "202")], "PODLAND_WALLET"),
        ("updateLoanByPlan", vec![("loanId", "1"), ("planId", "617")], ""),
        ("cancelInvoice", vec![("invoiceId", "109")], ""),
    ] {
        let effect = effects[service];
        for (name, value) in expected {
            assert_eq!(effect.object.get(name).map(String::as_str), Some(value), "{service}");
        }
        assert_eq!(effect.paid_from.wallet.as_deref().unwrap_or_default(), source, "{service}");
        assert_eq!(effect.proof, Proof::Answered, "{service}");
    }
    // What was made is named, too.
    let made = |service: &str, name: &str| -> i64 {
        let id = effects[service].object.get(name);
        id.unwrap_or_else(|| panic!("{service}: {name}")).parse().expect("an id")
    };
    let issued = made("issueInvoice", "invoiceId");
    assert!(books.invoices.iter().any(|invoice| invoice.id == issued));
    assert_eq!(made("payBill", "serviceBillId"), books.bills[0].id);
    let loan = books.loans.iter().find(|loan| loan.id == made("payInvoiceByLoan", "loanId"));
    assert_eq!(loan.map(|loan| loan.subject_invoice_id), Some(113));

    // A loan whose down payment nobody has made is pending, and is the only effect that is.
    let pending: Vec<&str> =
        receipt.effects.iter().filter(|e| e.pending).map(|e| e.service.as_str()).collect();
    assert_eq!(pending, ["payInvoiceByLoan", "updateLoanByPlan"]);

    // Where the ledger moved money, it moved what the effect says.
    for service in [
        "cancelInvoice",
        "reduceInvoice",
        "payInvoiceByCredit",
        "payAnyInvoiceByCredit",
        "payInvoiceByInvoice",
        "verifyPaymentSMS",
    ] {
        let moved = booked(&books, service) - booked(&before, service);
        assert_eq!(effects[service].rials.0, moved, "{service}");
    }
    let sum: u64 = receipt.effects.iter().map(|effect| effect.rials.0).sum();
    assert_eq!(sum, receipt.meters.rials.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_is_the_fold_and_the_receipt() {
    let (bench, _, receipt) = every_mutation().await;
    let all = StatementFilter::default();
    let statement = Statement::draw(bench.host.journal(), &all).await;
    let statement = statement.expect("the journal can be read");
    let entries = bench.host.journal().entries(&receipt.run).await.expect("the chain holds");
    let spent = Spent::of(entries.iter().map(|stored| &stored.entry));
    let [sum] = statement.sums.as_slice() else { panic!("{:?}", statement.sums) };
    assert_eq!((sum.kind, sum.rials.0), (LineKind::Effect, spent.settled().rials));
    assert_eq!(sum.lines, receipt.effects.len() as u64);
    let pending = receipt.effects.iter().filter(|effect| effect.pending);
    assert_eq!(sum.pending.0, pending.map(|effect| effect.rials.0).sum::<u64>());

    // A period holds what began in it, and another account has done nothing.
    let at = statement.lines[3].at;
    let draw = async |filter: StatementFilter| {
        let drawn = Statement::draw(bench.host.journal(), &filter).await;
        drawn.expect("the journal can be read").lines.len()
    };
    let before = draw(StatementFilter { to: Some(at), ..Default::default() }).await;
    let after = draw(StatementFilter { from: Some(at), ..Default::default() }).await;
    assert_eq!(before + after, receipt.effects.len());
    let somebody = StatementFilter { account: Some("somebody".into()), ..Default::default() };
    assert_eq!(draw(somebody).await, 0);
    // A dry run has done nothing, and that it is left out is told.
    let policy = bench.host.load(project(SERVICES)).await.expect("the policy loads");
    let dry = RunOptions { dry_run: true, ..RunOptions::default() };
    bench.run_with(&policy, dry).await;
    let drawn = Statement::draw(bench.host.journal(), &all).await;
    let drawn = drawn.expect("the journal can be read");
    assert_eq!((drawn.lines.len(), drawn.left_out.dry_runs), (receipt.effects.len(), 1));
}
