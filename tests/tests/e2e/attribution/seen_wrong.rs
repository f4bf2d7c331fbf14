//! What an operator saw go wrong in a day: each as it was seen.

use std::collections::BTreeSet;

use pod_emulator::Deed;
use pod_host::{Error, Point, Receipt, RunOptions, Status};
use pod_platform::{Client, Credentials, Limits, Platform};
use podhost_tests::{
    mortal::{Life, Mortal, script},
    project,
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{
    cases::cases,
    town::{Call, Reads, SHOP, Town, run_in},
    verdict::{Told, of_one_call},
};
use crate::service_cases::prepared;

fn lost(when: &str) -> Value {
    json!({ "unanswered": when })
}

/// Netted into a loan's down-payment invoice, and the answer is lost: the loan begins, and the
/// creditor invoice's one field moves on. It was made, and must not be told as refused.
#[tokio::test(flavor = "multi_thread")]
async fn netted_into_a_down_payment() {
    let mut town = Town::start().await;
    let loan = Call {
        r#as: "baker".into(),
        function: "loans.pay-invoice-by-loan".into(),
        request: json!({ "invoice_id": 206, "contract_id": 839, "plan_id": 616, "primary_amount": 500 }),
        save: Default::default(),
    };
    town.call(&loan).await.expect("a loan");
    town.draw_a_line().await;
    town.fault("payInvoiceByInvoice", lost("after")).await;
    let request = json!({ "creditor_invoice_id": 100, "debtor_invoice_id": "$down-payment" });
    let receipt = town.run(town.options(&[("payments.pay-invoice-by-invoice", request)])).await;
    let told = of_one_call(&town, &receipt, "payInvoiceByInvoice", Some(500)).await;
    let told = told.unwrap_or_else(|wrong| panic!("{wrong:?}: {receipt:#?}"));
    assert_eq!(town.own_deeds().await.len(), 1, "it was made");
    assert_ne!(told, Told::Denied, "{receipt:#?}");
}

/// Made, and made again when the second attempt never arrives: only the first run has made it.
#[tokio::test(flavor = "multi_thread")]
async fn made_again() {
    let again = [
        "payBill",
        "payInvoiceByCredit",
        "payAnyInvoiceByCredit, of its own",
        "payInvoiceByInvoice",
        "cancelInvoice, of a paid one",
        "cancelInvoice, of an open one",
        "closeInvoice",
        "reduceInvoice",
    ];
    let cases = cases();
    for name in again {
        let case = cases.iter().find(|case| case.name == name).expect(name);
        let mut town = Town::start().await;
        for call in &case.before {
            town.call(call).await.expect(name);
        }
        let calls = [(&*case.function, case.request.clone())];
        let first = town.run(town.options(&calls)).await;
        assert_eq!(first.effects.len(), 1, "{name}: {first:#?}");
        town.draw_a_line().await;
        town.fault(case.service, lost("before")).await;
        let second = town.run(town.options(&calls)).await;
        assert!(town.own_deeds().await.is_empty(), "{name}: it is made once");
        assert!(second.effects.is_empty(), "{name}: {:?}", second.effects);
        assert_eq!(second.meters.rials.0, 0, "{name}");
        assert_eq!(
            (second.doubts.len(), second.status),
            (0, Status::Done),
            "{name}: it was known before"
        );
    }
}

/// POD answers a bill's invoice to whoever asks for it. Only who asked first has had it issued; where the
/// account's user is not told, nobody can tell that it was another.
#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_of_a_bill_that_another_asked_for() {
    let request = json!({ "bill_id": "2050327604613", "payment_id": "1070189" });
    let function = "bills.issue-bill-invoice";
    for user in [Some(SHOP.unsigned_abs()), None] {
        for (first, issued) in [("reza", 0), ("nobody", 1), ("shop", 0)] {
            let mut town = Town::start().await;
            if first != "nobody" {
                let (r#as, function) = (first.into(), function.into());
                let asked =
                    Call { r#as, function, request: request.clone(), save: Default::default() };
                town.call(&asked).await.expect("an invoice");
            }
            town.draw_a_line().await;
            let options = town.options(&[(function, request.clone())]);
            let run = async move |life: Life| {
                let mut account = life.account.clone();
                account.user = user;
                run_in(Life { account, ..life }, options, Reads::All).await
            };
            let receipt = town.mortal.live_on(run).await;
            let is_unknown = (first, user) == ("reza", None);
            let status = if is_unknown { Status::UnknownOutcome } else { Status::Done };
            assert_eq!(receipt.status, status, "{first}, {user:?}: {receipt:#?}");
            assert_eq!(receipt.doubts.len(), usize::from(is_unknown), "{first}, {user:?}");
            assert_eq!(receipt.effects.len(), issued, "{first}, {user:?}: {:?}", receipt.effects);
            assert_eq!(town.own_deeds().await.len(), issued, "{first}, {user:?}");
        }
    }
}

/// Netted by one run; the next pays the same debt by credit, and that never arrives.
#[tokio::test(flavor = "multi_thread")]
async fn netted_by_one_run_and_paid_by_the_next() {
    let mut town = Town::start().await;
    let netting = json!({ "creditor_invoice_id": 100, "debtor_invoice_id": 204 });
    let netted = town.run(town.options(&[("payments.pay-invoice-by-invoice", netting)])).await;
    assert_eq!(netted.effects.len(), 1, "{netted:#?}");
    town.draw_a_line().await;
    for (function, request) in [
        ("payments.pay-invoice-by-credit", json!({ "invoice_id": 204 })),
        (
            "payments.pay-any-invoice-by-credit",
            json!({ "invoice_id": 204, "wallet": "PODLAND_WALLET" }),
        ),
    ] {
        for service in ["payInvoiceByCredit", "payAnyInvoiceByCredit"] {
            town.fault(service, lost("before")).await;
        }
        let paid = town.run(town.options(&[(function, request)])).await;
        assert!(paid.effects.is_empty(), "{function}: {:?}", paid.effects);
        assert_eq!((paid.meters.rials.0, paid.doubts.len()), (0, 0), "{function}");
        town.mortal.pod.clear_faults().await.expect("they can be taken away");
    }
    assert!(town.own_deeds().await.is_empty());
}

/// A list of bills that is run daily, and grows: each day's receipt has what that day paid.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_bills_every_day() {
    const BILLS: [(&str, &str, u64); 6] = [
        ("7748317800142", "1770160", 17_000),
        ("1117753200140", "12070160", 120_000),
        ("2050327604613", "1070189", 10_000),
        ("9174639504124", "12908190", 129_000),
        ("9100074409153", "12908199", 129_000),
        ("5006002508016", "10884247", 108_000),
    ];
    let mut scenario: Value = serde_json::from_slice(
        &std::fs::read(project("tests/attribution/town.json")).expect("the town"),
    )
    .expect("it is JSON");
    scenario["businesses"][0]["wallet"]["PODLAND_WALLET"] = 2_000_000.into();
    for (index, when) in ["before", "after"].into_iter().enumerate() {
        scenario["faults"] = json!([
            { "service": "payBill", "probability": 0.5, "unanswered": when },
        ]);
        scenario["faultSeed"] = index.into();
        let town = pod_emulator::Scenario::from_json("bills", &scenario.to_string());
        let mut town = Town::of(town.expect("well-formed")).await;
        let mut paid: BTreeSet<String> = BTreeSet::new();
        for day in 1..=BILLS.len() {
            town.draw_a_line().await;
            let calls: Vec<_> = BILLS[..day]
                .iter()
                .map(|(bill, payment, _)| {
                    ("bills.pay-bill", json!({ "bill_id": bill, "payment_id": payment }))
                })
                .collect();
            let receipt = town.run(town.options(&calls)).await;
            let deeds = town.own_deeds().await;
            let moved: u64 = deeds.iter().map(|deed| deed.rials.0).sum();
            let claimed: u64 = receipt.effects.iter().map(|effect| effect.rials.0).sum();
            let held: u64 = receipt.doubts.iter().map(|doubt| doubt.rials.0).sum();
            let place = format!("{when}, day {day}: {deeds:?}, {receipt:#?}");
            assert_eq!(receipt.meters.rials.0, claimed, "{place}");
            // What was paid on another day is known, whatever is lost today.
            let new = deeds.iter().map(|deed| deed.objects["billId"].clone());
            assert!(new.into_iter().all(|bill| paid.insert(bill)), "paid twice, {place}");
            assert!(receipt.effects.len() + receipt.doubts.len() >= deeds.len(), "{place}");
            assert!(claimed <= moved && moved <= claimed + held, "{place}");
            assert!(receipt.doubts.len() <= 1, "only the new bill can be in doubt, {place}");
            town.mortal
                .pod
                .advance(std::time::Duration::from_secs(20 * 3600))
                .await
                .expect("a day");
        }
    }
}

/// A loan for one's own debt, whose answer is lost: `loanList` shows it with the same token, so
/// nobody says that the account sees none.
#[tokio::test(flavor = "multi_thread")]
async fn a_loan_that_the_account_can_see() {
    let mut town = Town::start().await;
    town.draw_a_line().await;
    town.fault("payInvoiceByLoan", lost("after")).await;
    let request =
        json!({ "invoice_id": 206, "contract_id": 839, "plan_id": 616, "primary_amount": 500 });
    let receipt = town.run(town.options(&[("loans.pay-invoice-by-loan", request)])).await;
    let told = of_one_call(&town, &receipt, "payInvoiceByLoan", None).await;
    let told = told.unwrap_or_else(|wrong| panic!("{wrong:?}: {receipt:#?}"));
    let deeds = town.own_deeds().await;
    let [Deed { answered: Some(loan), .. }] = &deeds[..] else { panic!("{deeds:?}") };
    match told {
        Told::Claimed => {}
        Told::Denied => panic!("{receipt:#?}"),
        Told::Unknown => {
            let run = receipt.run.clone();
            let look = async move |life: Life| {
                life.host.look(&run, &life.account).await.expect("it can be looked at")
            };
            let doubts = town.mortal.live_on(look).await;
            let evidence = doubts[0].evidence.clone().unwrap_or_default();
            assert!(evidence.contains(&format!("loan {loan}")), "{evidence}");
            assert!(!evidence.contains("sees none"), "{evidence}");
        }
    }
}

const PAY: &str = "fn run(input) { pay_invoice_by_credit(#{ invoice_id: 201 }) }";

async fn pay(town: &Town, options: RunOptions) -> Receipt {
    let policy = script("\"payments\"", "rial = 1_000_000", PAY);
    let path = policy.path().to_owned();
    town.mortal.live_on(async move |life: Life| life.run(&path, options).await).await
}

/// One look-up that goes wrong is made again, like any read.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_fails_once() {
    for fault in [
        json!({ "httpStatus": 502 }),
        json!({ "unanswered": "before" }),
        json!({ "reset": "before" }),
        json!({ "errorCode": 999 }),
    ] {
        let town = Town::start().await;
        town.fault("getInvoiceList", fault.clone()).await;
        let receipt = pay(&town, RunOptions::default()).await;
        assert_eq!(receipt.status, Status::Done, "{fault}: {receipt:#?}");
        assert_eq!((receipt.effects.len(), receipt.meters.rials.0), (1, 510), "{fault}");
        assert!(receipt.denied.is_empty(), "{fault}: {:?}", receipt.denied);
    }
}

/// What POD's trouble prevents is unavailable, and no denial: the same key can be asked again.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_always_fails() {
    let town = Town::start().await;
    let fault = json!({ "service": "getInvoiceList", "probability": 1.0, "httpStatus": 502 });
    let fault = serde_json::from_value(fault).expect("a fault");
    town.mortal.pod.add_fault(fault).await.expect("it can be added");
    let policy = script("\"payments\"", "rial = 1_000_000\nwall = \"5s\"", PAY);
    let path = policy.path().to_owned();
    let ask = {
        let path = path.clone();
        async move |life: Life| {
            let policy = life.load(&path).await;
            let key = RunOptions { key: Some("monday".into()), ..RunOptions::default() };
            life.host.run_with(&policy, &life.account, key).await
        }
    };
    let prevented: Result<Receipt, Error> = town.mortal.live_on(ask.clone()).await;
    if let Ok(receipt) = &prevented {
        assert!(receipt.denied.is_empty(), "{:?}", receipt.denied);
        assert!(receipt.effects.is_empty() && receipt.doubts.is_empty(), "{receipt:#?}");
        assert_ne!(receipt.status, Status::Done);
        assert!(receipt.failed_by_the_platform(), "{:?}: exit code 3", receipt.error);
    }
    town.mortal.pod.clear_faults().await.expect("they can be taken away");
    let again = town.mortal.live_on(ask).await.expect("it may be asked again");
    assert_eq!((again.status, again.effects.len()), (Status::Done, 1), "{again:#?}");
    let books = town.mortal.books().await;
    assert_eq!(books.balances.get("invoice:201"), Some(&510), "it is paid once");
}

/// A plan is carried out whole although a look-up fails in the midst of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_on_after_a_look_up_that_fails() {
    let plan = async |fault: Option<u64>| {
        let mortal = Mortal::from_file("plugins/netting/scenarios/small.json").await;
        if let Some(call) = fault {
            let fault = json!({ "service": "getInvoiceList", "call": call, "httpStatus": 502 });
            let fault = serde_json::from_value(fault).expect("a fault");
            mortal.pod.add_fault(fault).await.expect("it can be added");
        }
        let options = RunOptions::default();
        let path = project("plugins/netting");
        let receipt = mortal.live_on(async move |life: Life| life.run(&path, options).await).await;
        (receipt, mortal.books().await)
    };
    podhost_tests::build("plugins/netting");
    let (undisturbed, books) = plan(None).await;
    assert!(undisturbed.effects.len() > 1, "{undisturbed:#?}");
    for call in 1..=8 {
        let (receipt, after) = plan(Some(call)).await;
        assert_eq!(receipt.status, undisturbed.status, "call {call}: {:?}", receipt.error);
        assert!(receipt.denied.is_empty(), "call {call}: {:?}", receipt.denied);
        assert_eq!(after, books, "call {call}");
    }
}

/// The same call while the host is killed: a journal that has only its intent proves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_claims_nothing_of_the_day_before() {
    let mut town = Town::start().await;
    let bill = json!({ "bill_id": "7748317800142", "payment_id": "1770160" });
    let first = town.run(town.options(&[("bills.pay-bill", bill.clone())])).await;
    assert_eq!(first.effects.len(), 1, "{first:#?}");
    town.draw_a_line().await;
    let options = town.options(&[("bills.pay-bill", bill)]);
    let kills = |_, at| at == Point::AfterIntent;
    let ended =
        town.mortal.live(kills, async move |life| run_in(life, options, Reads::All).await).await;
    let second = match ended {
        Some(receipt) => receipt,
        None => {
            let go_on = async |life: Life| life.go_on().await.expect("it was cut off");
            town.mortal.live_on(go_on).await
        }
    };
    assert!(town.own_deeds().await.is_empty());
    assert!(second.effects.is_empty(), "{:?}", second.effects);
    assert_eq!((second.meters.rials.0, second.doubts.len()), (0, 0), "{second:#?}");
}

/// Whoever issued a debt reduces it, between the host's look at it and the payment, or just after the
/// payment: POD tells no amount, so that which of both it was is not known, and the receipt says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_is_reduced_meanwhile() {
    for (when, moved) in [(Point::AfterIntent, 400), (Point::AfterEffect, 6_500)] {
        let town = Town::start().await;
        let client = Client::new(Platform::at(town.mortal.pod.platform_url()), Limits::default());
        let client = client.expect("a client");
        let reduces = move |_, point: Point| {
            let reduce = async {
                let request = json!({ "id": 204, "invoice_item_id": [204_001], "price": [400],
                    "quantity": [1], "item_description": ["less"] });
                let request = prepared("invoices.reduce-invoice", &request);
                let baker = Credentials::token("baker");
                client
                    .send(&request, &baker, None, &|_| true)
                    .await
                    .outcome
                    .expect("it is reduced");
            };
            if point == when {
                tokio::task::block_in_place(|| Handle::current().block_on(reduce));
            }
            false
        };
        let pay = json!({ "invoice_id": 204 });
        let options = town.options(&[("payments.pay-invoice-by-credit", pay)]);
        let work = async move |life: Life| run_in(life, options, Reads::All).await;
        let receipt = town.mortal.live(reduces, work).await.expect("nobody is killed");
        let deeds = town.mortal.pod.deeds().await.expect("the deeds can be read");
        let paid: Vec<u64> = deeds
            .iter()
            .filter(|deed| deed.service == "payInvoiceByCredit")
            .map(|deed| deed.rials.0)
            .collect();
        assert_eq!(paid, [moved], "{when:?}");
        let effect = &receipt.effects[0];
        assert_eq!((effect.rials.0, effect.at_most), (6_500, true), "{when:?}: {effect:?}");
        assert_eq!(receipt.meters.rials.0, 6_500, "{when:?}");
    }
}

/// A debt that nobody touches meanwhile is paid by its exact amount, though somebody else issued it.
#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_stays_as_it_was() {
    let town = Town::start().await;
    let pay = json!({ "invoice_id": 204 });
    let receipt = town.run(town.options(&[("payments.pay-invoice-by-credit", pay)])).await;
    let effect = &receipt.effects[0];
    assert_eq!((effect.rials.0, effect.at_most), (6_500, false), "{effect:?}");
}
