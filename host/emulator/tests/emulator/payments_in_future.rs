//! payInvoiceInFuture: the money is blocked now, and pays on its day.

use std::sync::Arc;

use pod_emulator::{Options, Scenario};
use pod_platform::{
    Clock as _, Instant, JalaliDate, ManualClock,
    invoices::CancelInvoiceRequest,
    payments::{
        PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, PayInvoiceInFutureRequest,
        PayInvoiceRequest,
    },
    types::PlatformErrorKind as Kind,
};

use crate::common::{SCENARIO, World};

fn day(text: &str) -> JalaliDate {
    text.parse().unwrap()
}

fn from_wallet(invoice_id: u64, date: &str) -> PayInvoiceInFutureRequest {
    PayInvoiceInFutureRequest {
        invoice_id,
        date: day(date),
        guild_code: None,
        wallet: Some("PODLAND_WALLET".into()),
    }
}

async fn start() -> (World, Arc<ManualClock>) {
    let now = Instant::from_jalali_date_time("1399/03/13 10:00:00").unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let scenario = Scenario::from_json("common", SCENARIO).unwrap();
    let options = Options { scenario, clock: Some(clock.clone()), ..Options::default() };
    (World::with(options).await, clock)
}

#[tokio::test]
async fn the_money_leaves_now_and_arrives_on_the_day() {
    let (world, clock) = start().await;
    let wallet = world.balance("wallet:10:PODLAND_WALLET").await;
    assert!(world.call("shop", &from_wallet(204, "1399/04/01")).await.unwrap());
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, wallet - 1_500);
    assert_eq!(world.balance("blocked:204").await, 1_500);
    let invoice = world.invoice(204).await;
    assert_eq!(invoice.will_be_paid_at, day("1399/04/01").start());
    assert!(!invoice.payed);

    clock.set(Instant(day("1399/04/01").start().unwrap().0 - 1));
    assert_eq!(world.balance("blocked:204").await, 1_500);
    clock.set(day("1399/04/01").start().unwrap());
    assert_eq!(world.balance("blocked:204").await, 0);
    assert_eq!(world.balance("invoice:204").await, 1_500);
    let paid = world.invoice(204).await;
    assert!(paid.payed);
    assert_eq!(paid.payment_date, Some(clock.now()));

    assert!(world.call("baker", &CancelInvoiceRequest { id: 204 }).await.unwrap());
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, wallet);
}

#[tokio::test]
async fn until_then_nothing_else_pays_it() {
    let (world, _) = start().await;
    world.call("shop", &from_wallet(200, "1399/04/01")).await.unwrap();
    let by_credit = PayInvoiceByCreditRequest { invoice_id: 200, ..Default::default() };
    assert_eq!(world.refused("shop", &by_credit).await, Kind::WaitingForGuarantee);
    assert_eq!(
        world.refused("baker", &PayInvoiceRequest { invoice_id: 200 }).await,
        Kind::WaitingForGuarantee
    );
    let net = PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };
    assert_eq!(world.refused("shop", &net).await, Kind::WaitingForGuarantee);
    assert_eq!(
        world.refused("shop", &from_wallet(200, "1399/05/01")).await,
        Kind::WaitingForGuarantee
    );
}

#[tokio::test]
async fn the_issuer_may_cancel_it_the_debtor_may_not() {
    let (world, clock) = start().await;
    let guild = PayInvoiceInFutureRequest {
        guild_code: Some("MILL_GUILD".into()),
        wallet: None,
        ..from_wallet(204, "1399/04/01")
    };
    assert_eq!(world.refused("shop", &guild).await, Kind::NotEnoughCreditToBlock);
    world.call("shop", &from_wallet(204, "1399/04/01")).await.unwrap();
    let cancel = CancelInvoiceRequest { id: 204 };
    assert_eq!(world.refused("shop", &cancel).await, Kind::NoPermission);
    let wallet = world.balance("wallet:10:PODLAND_WALLET").await;
    assert!(world.call("baker", &cancel).await.unwrap());
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, wallet + 1_500);
    clock.set(day("1399/04/02").start().unwrap());
    assert_eq!(world.balance("invoice:204").await, 0);
    assert!(!world.invoice(204).await.payed);
}

#[tokio::test]
async fn what_cannot_be_promised_is_refused() {
    let (world, _) = start().await;
    for (caller, invoice, date, kind) in [
        ("baker", 204, "1399/04/01", Kind::InvoiceNotIssuedForCaller),
        ("sara", 101, "1399/04/01", Kind::InvalidToken),
        ("shop", 999, "1399/04/01", Kind::NotFound),
        ("shop", 204, "1399/03/12", Kind::BadParameters),
        ("shop", 201, "1399/04/01", Kind::BillAlreadyPayed),
        ("shop", 202, "1399/04/01", Kind::InvoiceIsCanceled),
        ("shop", 203, "1399/04/01", Kind::BillAlreadyClosed),
        ("baker", 300, "1399/04/01", Kind::NotEnoughCreditToBlock),
    ] {
        let request = from_wallet(invoice, date);
        assert_eq!(world.refused(caller, &request).await, kind, "{caller} {invoice} {date}");
    }
    let ledger = world.emulator.ledger().await.unwrap();
    assert_eq!(ledger.transactions, 1);
}

#[tokio::test]
async fn a_one_time_token_may_be_missing_but_not_wrong() {
    let (world, _) = start().await;
    let fields = "scProductId=29802&invoiceId=204&date=1399/04/01&wallet=PODLAND_WALLET";
    let wrong = world.post(&[("_token_", "shop"), ("_ott_", "made-up")], fields).await;
    assert_eq!(wrong["errorCode"], 39);
    let without = world.post(&[("_token_", "shop")], fields).await;
    assert_eq!(without["result"], true, "{without}");
}
