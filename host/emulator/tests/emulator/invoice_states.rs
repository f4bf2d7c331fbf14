//! verifyInvoice, verifyAndCloseInvoice, closeInvoice, cancelInvoice, reduceInvoice: what becomes of
//! an invoice and of the money in it.

use std::sync::Arc;

use pod_emulator::{Options, Scenario};
use pod_platform::{
    Instant, ManualClock, Rial,
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, IssueInvoiceRequest, ReduceInvoiceRequest,
        VerifyAndCloseInvoiceRequest, VerifyInvoiceRequest,
    },
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, PayInvoiceRequest},
    types::PlatformErrorKind as Kind,
};

use crate::common::{SCENARIO, World, order};

const HOUR: u64 = 60 * 60 * 1_000;

fn pay(invoice_id: u64) -> PayAnyInvoiceByCreditRequest {
    PayAnyInvoiceByCreditRequest {
        invoice_id,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    }
}

fn verify(id: u64) -> VerifyInvoiceRequest {
    VerifyInvoiceRequest { id: Some(id), bill_number: None }
}

async fn with_clock() -> (World, Arc<ManualClock>) {
    let now = Instant::from_jalali_date_time("1399/03/13 10:00:00").unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let scenario = Scenario::from_json("common", SCENARIO).unwrap();
    let options = Options { scenario, clock: Some(clock.clone()), ..Options::default() };
    (World::with(options).await, clock)
}

fn advance(clock: &ManualClock, millis: u64) {
    use pod_platform::Clock as _;
    clock.set(Instant(clock.now().0 + millis));
}

#[tokio::test]
async fn a_three_step_payment_counts_when_it_is_verified() {
    let world = World::start().await;
    assert!(world.call("sara", &pay(301)).await.unwrap());
    assert!(!world.invoice(301).await.payed);
    assert_eq!(world.refused("sara", &pay(301)).await, Kind::BillIsWaitingForVerification);
    assert_eq!(
        world.refused("mill", &CloseInvoiceRequest { id: 301 }).await,
        Kind::BillIsWaitingForVerification
    );
    assert_eq!(world.refused("shop", &verify(301)).await, Kind::NoPermission);

    let verified = world.call("mill", &verify(301)).await.unwrap();
    assert!(verified.payed && verified.verification_date.is_some());
    assert_eq!(world.refused("mill", &verify(301)).await, Kind::NotWaitingForVerification);
    assert_eq!(world.balance("invoice:301").await, 800);
}

#[tokio::test]
async fn an_invoice_is_verified_by_its_bill_number() {
    let world = World::start().await;
    let request = IssueInvoiceRequest {
        verification_needed: Some(true),
        bill_number: Some("three-steps".into()),
        ..order(500, 1.0)
    };
    let id = world.call("shop", &request).await.unwrap().id;
    world.call("sara", &pay(id)).await.unwrap();
    let by_number =
        |number: &str| VerifyInvoiceRequest { id: None, bill_number: Some(number.to_owned()) };
    assert_eq!(world.refused("shop", &by_number("unknown")).await, Kind::NotFound);
    assert!(world.call("shop", &by_number("three-steps")).await.unwrap().payed);
}

#[tokio::test]
async fn unverified_money_goes_back_after_an_hour() {
    let (world, clock) = with_clock().await;
    let before = world.balance("wallet:40:PODLAND_WALLET").await;
    world.call("sara", &pay(301)).await.unwrap();
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, before - 800);
    advance(&clock, HOUR - 1);
    assert_eq!(world.balance("invoice:301").await, 800);
    advance(&clock, 1);
    assert_eq!(world.balance("invoice:301").await, 0);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, before);
    assert_eq!(world.refused("mill", &verify(301)).await, Kind::NotWaitingForVerification);

    // It can be paid anew, with an hour of its own.
    world.call("sara", &pay(301)).await.unwrap();
    advance(&clock, HOUR / 2);
    assert!(world.call("mill", &verify(301)).await.unwrap().payed);
    advance(&clock, HOUR);
    assert_eq!(world.balance("invoice:301").await, 800);
}

#[tokio::test]
async fn an_issuer_may_wish_for_verification_by_itself() {
    let (world, clock) = with_clock().await;
    let request = IssueInvoiceRequest {
        verification_needed: Some(true),
        verify_after_timeout: Some(true),
        ..order(500, 1.0)
    };
    let id = world.call("shop", &request).await.unwrap().id;
    world.call("sara", &pay(id)).await.unwrap();
    advance(&clock, HOUR);
    assert_eq!(world.balance(&format!("invoice:{id}")).await, 500);
    assert!(world.invoice(id).await.payed);
}

#[tokio::test]
async fn closing_gives_the_money_to_the_issuer() {
    let world = World::start().await;
    assert_eq!(
        world.refused("shop", &CloseInvoiceRequest { id: 105 }).await,
        Kind::InvoiceNotPayed
    );
    assert_eq!(world.refused("baker", &CloseInvoiceRequest { id: 100 }).await, Kind::NoPermission);
    assert_eq!(world.refused("shop", &CloseInvoiceRequest { id: 999 }).await, Kind::NotFound);
    let before = world.balance("guild:1:FOOD_GUILD").await;
    assert!(world.call("shop", &CloseInvoiceRequest { id: 100 }).await.unwrap());
    assert_eq!(world.balance("guild:1:FOOD_GUILD").await, before + 9_000);
    assert!(world.invoice(100).await.withdrawable);
    assert_eq!(
        world.refused("shop", &CloseInvoiceRequest { id: 100 }).await,
        Kind::BillAlreadyClosed
    );
    assert_eq!(
        world.refused("shop", &CloseInvoiceRequest { id: 103 }).await,
        Kind::InvoiceIsCanceled
    );
}

#[tokio::test]
async fn verifying_and_closing_is_one_step() {
    let world = World::start().await;
    let request = |id| VerifyAndCloseInvoiceRequest { id };
    assert_eq!(world.refused("mill", &request(999)).await, Kind::NotFound);
    assert_eq!(world.refused("mill", &request(301)).await, Kind::NotWaitingForVerification);
    world.call("sara", &pay(301)).await.unwrap();
    let invoice = world.call("mill", &request(301)).await.unwrap();
    assert!(invoice.payed && invoice.closed);
    assert_eq!(world.balance("guild:3:MILL_GUILD").await, 800);
}

#[tokio::test]
async fn an_invoice_closes_by_itself_if_its_issuer_wished_so() {
    let (world, clock) = with_clock().await;
    let request = IssueInvoiceRequest { close_time_out: Some(600), ..order(500, 1.0) };
    let id = world.call("shop", &request).await.unwrap().id;
    world.call("sara", &pay(id)).await.unwrap();
    advance(&clock, 600_000);
    assert_eq!(world.balance(&format!("invoice:{id}")).await, 0);
    assert!(world.invoice(id).await.closed);
}

#[tokio::test]
async fn cancelling_gives_back_what_was_paid_to_where_it_came_from() {
    let world = World::start().await;
    let wallet = world.balance("wallet:40:PODLAND_WALLET").await;
    let payment = PayAnyInvoiceByCreditRequest { delegator_id: vec![50], ..pay(204) };
    world.call("sara", &payment).await.unwrap();
    assert_eq!(world.balance("delegation:reza-food").await, 0);
    assert!(world.call("baker", &CancelInvoiceRequest { id: 204 }).await.unwrap());
    assert_eq!(world.balance("delegation:reza-food").await, 1_000);
    assert_eq!(world.balance("delegation:reza-any").await, 2_000);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, wallet);
    let invoice = world.invoice(204).await;
    assert!(invoice.canceled && !invoice.payed && invoice.cancel_date.is_some());
    for (caller, id, kind) in [
        ("baker", 204, Kind::InvoiceIsCanceled),
        ("baker", 203, Kind::BillAlreadyClosed),
        ("mill", 302, Kind::BillIsWaitingForGateway),
        ("shop", 200, Kind::NoPermission),
        ("sara", 101, Kind::NoPermission),
        ("shop", 999, Kind::NotFound),
    ] {
        assert_eq!(world.refused(caller, &CancelInvoiceRequest { id }).await, kind, "{id}");
    }
}

#[tokio::test]
async fn a_cancelled_debt_frees_the_invoice_that_paid_it() {
    let world = World::start().await;
    let net = PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };
    world.call("shop", &net).await.unwrap();
    assert_eq!(world.invoice(100).await.will_blocked_for, Some(200));
    assert_eq!(
        world.refused("shop", &CancelInvoiceRequest { id: 100 }).await,
        Kind::CreditorInvoiceEarmarked
    );
    world.call("baker", &CancelInvoiceRequest { id: 200 }).await.unwrap();
    assert_eq!(world.balance("invoice:100").await, 9_000);
    assert!(!world.invoice(100).await.will_be_paid);
}

#[tokio::test]
async fn reducing_gives_back_what_was_paid_too_much() {
    let world = World::start().await;
    let request = IssueInvoiceRequest {
        product_id: vec![0, 0],
        price: vec![Some(Rial(1_000)), Some(Rial(200))],
        quantity: vec![2.0, 5.0],
        product_description: vec!["flour".into(), "salt".into()],
        preferred_tax_rate: Some(0.1),
        ..order(1, 1.0)
    };
    let invoice = world.call("shop", &request).await.unwrap();
    assert_eq!(invoice.payable_amount, Rial(3_300));
    world.call("sara", &pay(invoice.id)).await.unwrap();
    let wallet = world.balance("wallet:40:PODLAND_WALLET").await;

    let salt = &invoice.invoice_item_srvs[1];
    let fewer = ReduceInvoiceRequest {
        id: invoice.id,
        invoice_item_id: vec![salt.id],
        price: vec![Rial(200)],
        quantity: vec![2.0],
        item_description: vec!["less salt".into()],
        preferred_tax_rate: None,
    };
    let reduced = world.call("shop", &fewer).await.unwrap();
    assert_eq!(reduced.payable_amount, Rial(2_640));
    assert!(reduced.edited && reduced.payed);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, wallet + 660);
    assert_eq!(world.balance(&format!("invoice:{}", invoice.id)).await, 2_640);

    let more = ReduceInvoiceRequest { quantity: vec![3.0], ..fewer.clone() };
    assert_eq!(world.refused("shop", &more).await, Kind::InvalidNumber);
    let gone = ReduceInvoiceRequest { quantity: vec![0.0], ..fewer.clone() };
    assert_eq!(world.call("shop", &gone).await.unwrap().payable_amount, Rial(2_200));
    assert_eq!(world.refused("shop", &gone).await, Kind::NotFound);
    let untaxed = ReduceInvoiceRequest {
        id: invoice.id,
        preferred_tax_rate: Some(0.0),
        ..ReduceInvoiceRequest::default()
    };
    assert_eq!(world.call("shop", &untaxed).await.unwrap().payable_amount, Rial(2_000));
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, wallet + 1_300);
    for (id, kind) in [
        (999, Kind::NotFound),
        (103, Kind::InvoiceIsCanceled),
        (104, Kind::BillAlreadyClosed),
        (200, Kind::NoPermission),
    ] {
        let request = ReduceInvoiceRequest { id, ..ReduceInvoiceRequest::default() };
        assert_eq!(world.refused("shop", &request).await, kind, "{id}");
    }
}

#[tokio::test]
async fn what_was_paid_outside_leaves_nothing_to_give_back() {
    let world = World::start().await;
    world.call("shop", &PayInvoiceRequest { invoice_id: 101 }).await.unwrap();
    let before = world.emulator.ledger().await.unwrap();
    assert!(world.call("shop", &CancelInvoiceRequest { id: 101 }).await.unwrap());
    assert_eq!(world.emulator.ledger().await.unwrap(), before);
}
