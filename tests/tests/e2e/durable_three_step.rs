//! A payment that has to be verified goes back to its payer after an hour. One whose answer was lost
//! is found within that hour; after it, nobody can tell it from one that never was, and it is not
//! taken for that.

use std::time::Duration;

use pod_emulator::{Books, Scenario};
use pod_host::{Decision, Point, Receipt, RunOptions, Status};
use podhost_tests::mortal::{Life, Mortal, script};
use serde_json::json;
use tempfile::TempDir;

const MINUTE: Duration = Duration::from_secs(60);
const HELD: u64 = 900_000;

/// A shop owes an invoice that has to be verified, has money for it, and a paid invoice of its own.
fn scenario() -> Scenario {
    let scenario = json!({
        "now": "1399/03/13 10:00:00",
        "caller": "shop",
        "businesses": [
            { "id": 10, "userId": 1, "name": "Shop", "apiToken": "shop",
              "wallet": { "PODLAND_WALLET": 5_000_000 } },
            { "id": 20, "userId": 2, "name": "Mill", "apiToken": "mill" },
        ],
        "users": [{ "id": 100, "name": "Customer", "accessToken": "customer",
                    "wallet": { "PODLAND_WALLET": 5_000_000 } }],
        "invoices": [
            { "id": 501, "businessId": 20, "userId": 1, "amount": HELD, "guildCode": "FOOD_GUILD",
              "verificationNeeded": true },
            { "id": 601, "businessId": 10, "userId": 100, "amount": 1_000_000,
              "guildCode": "FOOD_GUILD", "payed": true },
        ],
    });
    Scenario::from_json("three steps", &scenario.to_string()).expect("well-formed")
}

/// Pays the invoice out of the wallet: with a one-time token, which fences.
fn by_credit() -> TempDir {
    script(
        "\"payments\"",
        "rial = 900_000",
        "fn run(input) { pay_invoice_by_credit(#{ invoice_id: 501 }) }",
    )
}

/// Pays it by netting: without a one-time token.
fn by_invoice() -> TempDir {
    let source = "fn run(input) { \
        pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 }) }";
    script("\"payments\"", "rial = 900_000", source)
}

/// How many payments of the invoice were ever posted.
fn payments(books: &Books) -> usize {
    let gets = |posted: &&pod_emulator::books::Transaction| {
        posted.postings.get("invoice:501").is_some_and(|rials| *rials > 0)
    };
    books.transactions.iter().filter(gets).count()
}

/// Pays, is killed at the point, and goes on after so long: the receipt, the books, and the platform.
async fn killed(policy: &TempDir, at: Point, pause: Duration) -> (Receipt, Books, Mortal) {
    let mortal = Mortal::start(scenario()).await;
    let path = policy.path().to_owned();
    let work = async move |life: Life| life.run(&path, RunOptions::default()).await;
    assert!(mortal.live(move |_, point| point == at, work).await.is_none());
    mortal.pod.advance(pause).await.expect("the clock moves");
    let work = async |life: Life| life.go_on().await.expect("it was cut off");
    let receipt = mortal.live_on(work).await;
    let books = mortal.books().await;
    (receipt, books, mortal)
}

/// Nobody knows: the rials stay held, and one payment at most was ever made.
fn assert_in_doubt(receipt: &Receipt) {
    assert_eq!(receipt.status, Status::UnknownOutcome, "{receipt:#?}");
    assert_eq!(receipt.doubts.len(), 1);
    assert_eq!((receipt.doubts[0].invoice, receipt.doubts[0].rials.0), (Some(501), HELD));
    assert!(receipt.effects.is_empty());
    assert_eq!(receipt.meters.rials.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_went_back_did_not_never_happen() {
    let (receipt, books, mortal) = killed(&by_credit(), Point::AfterEffect, 61 * MINUTE).await;
    assert_in_doubt(&receipt);
    assert_eq!(payments(&books), 1, "it is not paid again: {:#?}", books.transactions);
    assert_eq!(books.balances.get("wallet:1:PODLAND_WALLET"), Some(&5_000_000), "it went back");

    // A person sees it, and decides.
    let run = receipt.run;
    let settled = mortal
        .live_on(async move |life: Life| {
            let doubts = life.host.look(&run, &life.account).await.expect("it looks");
            let evidence = doubts[0].evidence.clone().unwrap_or_default();
            assert!(evidence.contains("invoice 501: not payed"), "{evidence}");
            let note = "the bank statement shows that it went back".to_owned();
            let by = "sara".to_owned();
            let decision =
                Decision { step: None, happened: false, reference_number: None, note, by };
            life.host.settle(&run, decision).await.expect("it was in doubt")
        })
        .await;
    assert_eq!((settled.meters.rials.0, settled.effects.len()), (0, 0));
    assert!(settled.doubts.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_hour_it_is_found() {
    for minutes in [0, 5, 54] {
        let (receipt, books, _) = killed(&by_credit(), Point::AfterEffect, minutes * MINUTE).await;
        assert_eq!(receipt.status, Status::Done, "after {minutes} minutes: {:?}", receipt.error);
        assert_eq!((receipt.effects.len(), receipt.meters.rials.0), (1, HELD));
        assert_eq!(payments(&books), 1);
        assert_eq!(books.balances.get("invoice:501"), Some(&(HELD as i64)));
    }
}

/// Near the end of the hour it may go back while it is looked for: it is found, or in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_the_hour_nothing_is_paid_twice() {
    for minutes in 55..=62 {
        let (receipt, books, _) = killed(&by_credit(), Point::AfterEffect, minutes * MINUTE).await;
        assert_eq!(payments(&books), 1, "after {minutes} minutes");
        match receipt.status {
            Status::Done => assert_eq!(books.balances.get("invoice:501"), Some(&(HELD as i64))),
            _ => assert_in_doubt(&receipt),
        }
    }
}

/// Its one-time token was never used: that it is taken now proves that nothing was paid before.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_never_sent_is_made_an_hour_later() {
    let (receipt, books, _) = killed(&by_credit(), Point::AfterIntent, 61 * MINUTE).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    assert_eq!((receipt.effects.len(), payments(&books)), (1, 1));
}

/// Netting has no one-time token. An hour later nothing tells whether it was ever sent.
#[tokio::test(flavor = "multi_thread")]
async fn netting_without_a_token_stays_in_doubt() {
    let (receipt, books, _) = killed(&by_invoice(), Point::AfterEffect, 61 * MINUTE).await;
    assert_in_doubt(&receipt);
    assert_eq!(payments(&books), 1);
    let (receipt, books, _) = killed(&by_invoice(), Point::AfterIntent, 61 * MINUTE).await;
    assert_in_doubt(&receipt);
    assert_eq!(payments(&books), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn netting_is_found_or_made_within_the_hour() {
    for at in [Point::AfterIntent, Point::AfterEffect] {
        let (receipt, books, _) = killed(&by_invoice(), at, 5 * MINUTE).await;
        assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
        assert_eq!((receipt.effects.len(), payments(&books)), (1, 1), "{at:?}");
    }
}

/// Without a crash: POD took the payment, its answer is lost, and it is looked for at once.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_no_loss() {
    let mortal = Mortal::start(scenario()).await;
    let fault = json!({ "service": "payInvoiceByCredit", "call": 1, "unanswered": "after" });
    let fault = serde_json::from_value(fault).expect("a fault");
    mortal.pod.add_fault(fault).await.expect("it can be added");
    let policy = by_credit();
    let path = policy.path().to_owned();
    let receipt =
        mortal.live_on(async move |life: Life| life.run(&path, RunOptions::default()).await).await;
    assert_eq!((receipt.status, receipt.effects.len()), (Status::Done, 1), "{:?}", receipt.error);
    assert_eq!(payments(&mortal.books().await), 1);
}
