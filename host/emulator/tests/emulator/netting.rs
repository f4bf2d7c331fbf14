//! payInvoiceByInvoice: what it does, and each way in which it is refused.

use std::time::Duration;

use pod_platform::{
    Instant,
    invoices::{CancelInvoiceRequest, CloseInvoiceRequest},
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, PayInvoiceRequest},
    types::PlatformErrorKind as Kind,
};

use crate::common::{World, order};

fn net(creditor: u64, debtor: u64) -> PayInvoiceByInvoiceRequest {
    PayInvoiceByInvoiceRequest { creditor_invoice_id: creditor, debtor_invoice_id: debtor }
}

#[tokio::test]
async fn settles_a_debt_out_of_a_paid_invoice() {
    let world = World::start().await;
    assert!(world.call("shop", &net(100, 200)).await.unwrap());

    let creditor = world.invoice(100).await;
    assert!(creditor.will_be_paid && creditor.payed);
    let debtor = world.invoice(200).await;
    assert!(debtor.payed && debtor.will_be_blocked && !debtor.will_be_paid);
    assert_eq!(debtor.payment_date, Some(world.emulator.clock().now()));
    assert_eq!(world.balance("invoice:100").await, 9_000 - 7_085);
    assert_eq!(world.balance("invoice:200").await, 7_085);

    assert_eq!(world.refused("shop", &net(100, 200)).await, Kind::BillAlreadyPayed);
    assert_eq!(world.refused("shop", &net(100, 204)).await, Kind::CreditorInvoiceEarmarked);
    assert_eq!(world.balance("invoice:204").await, 0);
}

#[tokio::test]
async fn refuses_by_the_first_rule_that_is_broken() {
    let world = World::start().await;
    for (caller, creditor, debtor, kind) in [
        ("shop", 999, 200, Kind::NotFound),
        ("shop", 100, 999, Kind::NotFound),
        ("shop", u64::MAX, 200, Kind::NotFound),
        // The sides are swapped.
        ("shop", 200, 100, Kind::NoPermission),
        // The wrong caller: the debt's issuer, somebody else, a user.
        ("baker", 100, 200, Kind::NoPermission),
        ("mill", 100, 200, Kind::NoPermission),
        ("sara", 100, 200, Kind::InvalidToken),
        // Not the caller's debt, and not the caller's money.
        ("shop", 100, 300, Kind::NoPermission),
        ("shop", 201, 200, Kind::NoPermission),
        ("shop", 100, 101, Kind::NoPermission),
        ("shop", 100, 201, Kind::BillAlreadyPayed),
        ("shop", 100, 202, Kind::InvoiceIsCanceled),
        ("shop", 100, 203, Kind::BillAlreadyClosed),
        ("shop", 101, 200, Kind::CreditorInvoiceNotPayed),
        ("shop", 103, 200, Kind::InvoiceIsCanceled),
        ("shop", 104, 204, Kind::BillAlreadyClosed),
        ("shop", 102, 204, Kind::InsufficientFunds),
        ("nobody", 100, 200, Kind::InvalidToken),
    ] {
        let refused = world.refused(caller, &net(creditor, debtor)).await;
        assert_eq!(refused, kind, "{caller} nets {debtor} by {creditor}");
    }
    let ledger = world.emulator.ledger().await.unwrap();
    assert_eq!(ledger.transactions, 1, "only the opening");
}

#[tokio::test]
async fn money_paid_outside_pod_settles_nothing_here() {
    let world = World::start().await;
    let outside = PayInvoiceRequest { invoice_id: 101 };
    assert!(world.call("shop", &outside).await.unwrap());
    assert_eq!(world.refused("shop", &net(101, 204)).await, Kind::InsufficientFunds);
    assert!(!world.invoice(204).await.payed);
}

#[tokio::test]
async fn an_unverified_payment_settles_nothing() {
    let world = World::start().await;
    let mut three_steps = order(5_000, 1.0);
    three_steps.verification_needed = Some(true);
    let creditor = world.call("shop", &three_steps).await.unwrap().id;
    let payment = PayAnyInvoiceByCreditRequest {
        invoice_id: creditor,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    };
    assert!(world.call("sara", &payment).await.unwrap());
    assert_eq!(world.refused("shop", &net(creditor, 204)).await, Kind::CreditorInvoiceNotPayed);
}

/// What a debt's account and its issuer's guild account hold.
async fn booked(world: &World) -> [i64; 2] {
    [world.balance("invoice:200").await, world.balance("guild:2:FOOD_GUILD").await]
}

#[tokio::test]
async fn p1_what_was_netted_is_withdrawable_after_the_settlement() {
    let world = World::start().await;
    assert!(world.call("shop", &net(100, 200)).await.unwrap());
    assert!(world.call("baker", &CloseInvoiceRequest { id: 200 }).await.unwrap());
    let debt = world.invoice(200).await;
    assert!(debt.payed && debt.closed && !debt.withdrawable);
    assert_eq!(booked(&world).await, [7_085, 0]);
    assert_eq!(
        world.refused("baker", &CloseInvoiceRequest { id: 200 }).await,
        Kind::BillAlreadyClosed
    );

    let midnight = |text| Instant::from_jalali_date_time(text).unwrap();
    world.emulator.set_now(midnight("1399/03/13 23:59:59")).await.unwrap();
    assert!(!world.invoice(200).await.withdrawable);
    assert_eq!(world.emulator.set_now(midnight("1399/03/14 00:00:00")).await.unwrap(), 1);
    assert!(world.invoice(200).await.withdrawable);
    assert_eq!(booked(&world).await, [0, 7_085]);
}

#[tokio::test]
async fn p1_what_was_netted_and_settled_is_closed_at_once() {
    let world = World::start().await;
    assert!(world.call("shop", &net(100, 200)).await.unwrap());
    world.emulator.advance(Duration::from_secs(24 * 3_600)).await.unwrap();
    assert!(!world.invoice(200).await.withdrawable, "it is not closed");
    assert_eq!(booked(&world).await, [7_085, 0]);
    assert!(world.call("baker", &CloseInvoiceRequest { id: 200 }).await.unwrap());
    assert!(world.invoice(200).await.withdrawable);
    assert_eq!(booked(&world).await, [0, 7_085]);
}

#[tokio::test]
async fn p1_a_debt_that_is_cancelled_before_the_settlement_gives_back() {
    let world = World::start().await;
    assert!(world.call("shop", &net(100, 200)).await.unwrap());
    assert!(world.call("baker", &CancelInvoiceRequest { id: 200 }).await.unwrap());
    assert_eq!(world.balance("invoice:100").await, 9_000);
    // The same money may pay another debt, which waits for a settlement of its own.
    assert!(world.call("shop", &net(100, 204)).await.unwrap());
    assert!(world.call("baker", &CloseInvoiceRequest { id: 204 }).await.unwrap());
    world.emulator.advance(Duration::from_secs(24 * 3_600)).await.unwrap();
    assert_eq!(booked(&world).await, [0, 1_500]);
    assert!(world.invoice(204).await.withdrawable && !world.invoice(200).await.withdrawable);
}
