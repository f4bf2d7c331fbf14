//! payAnyInvoiceByCredit and payInvoice.

use std::sync::Arc;

use pod_emulator::{Options, Scenario};
use pod_platform::{
    Instant, ManualClock,
    invoices::{IssueInvoiceRequest, PaymentTool},
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceRequest},
    types::{Error, PlatformErrorKind as Kind},
};

use crate::common::{SCENARIO, World, order};

fn pay(invoice: u64) -> PayAnyInvoiceByCreditRequest {
    PayAnyInvoiceByCreditRequest {
        invoice_id: invoice,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    }
}

fn delegated(
    invoice: u64,
    delegators: &[u64],
    hashes: &[&str],
    force: bool,
) -> PayAnyInvoiceByCreditRequest {
    PayAnyInvoiceByCreditRequest {
        delegator_id: delegators.to_vec(),
        delegation_hash: hashes.iter().map(|hash| (*hash).to_owned()).collect(),
        force_delegation: Some(force),
        ..pay(invoice)
    }
}

#[tokio::test]
async fn the_wallet_pays() {
    let world = World::start().await;
    assert!(world.call("sara", &pay(101)).await.unwrap());
    let invoice = world.invoice(101).await;
    assert!(invoice.payed);
    assert_eq!(invoice.payment_date, Some(world.emulator.clock().now()));
    assert_eq!(invoice.wallet.as_deref(), Some("PODLAND_WALLET"));
    assert_eq!(invoice.payment_tool_code, Some(PaymentTool::PaymentToolCredit));
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 20_000 - 4_360);
    assert_eq!(world.balance("invoice:101").await, 4_360);
    assert_eq!(world.refused("sara", &pay(101)).await, Kind::BillAlreadyPayed);
    assert_eq!(world.balance("invoice:101").await, 4_360);
}

#[tokio::test]
async fn refusals_move_nothing() {
    let world = World::start().await;
    for (caller, invoice, kind) in [
        ("sara", 999, Kind::NotFound),
        ("sara", 100, Kind::BillAlreadyPayed),
        ("sara", 103, Kind::InvoiceIsCanceled),
        ("sara", 203, Kind::BillAlreadyClosed),
        ("sara", 302, Kind::BillIsWaitingForGateway),
        ("reza", 101, Kind::InsufficientFunds),
    ] {
        assert_eq!(world.refused(caller, &pay(invoice)).await, kind, "{caller} pays {invoice}");
    }
    let mut elsewhere = pay(101);
    elsewhere.wallet = "OTHER_WALLET".into();
    assert_eq!(world.refused("sara", &elsewhere).await, Kind::InsufficientFunds);
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
}

#[tokio::test]
async fn p2_a_business_pays_what_it_issued_for_a_customer_or_for_nobody() {
    let world = World::start().await;
    assert!(world.call("shop", &pay(105)).await.unwrap());
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, 49_700);
    assert!(world.call("shop", &pay(101)).await.unwrap());
    let invoice = world.invoice(101).await;
    assert!(invoice.payed);
    assert_eq!(invoice.payer.unwrap().id, 10);
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, 45_340);
    // What it cannot do is to issue one for its own user.
    let for_itself = IssueInvoiceRequest { user_id: Some(10), ..order(1_000, 1.0) };
    assert_eq!(world.refused("shop", &for_itself).await, Kind::NoPermission);
}

#[tokio::test]
async fn a_three_step_payment_waits_for_its_verification() {
    let world = World::start().await;
    assert!(world.call("sara", &pay(301)).await.unwrap());
    let invoice = world.invoice(301).await;
    assert!(!invoice.payed);
    assert!(invoice.payment_date.is_some());
    assert_eq!(world.balance("invoice:301").await, 800);
    for caller in ["sara", "shop"] {
        assert_eq!(world.refused(caller, &pay(301)).await, Kind::BillIsWaitingForVerification);
    }
    let outside = PayInvoiceRequest { invoice_id: 301 };
    assert_eq!(world.refused("mill", &outside).await, Kind::BillIsWaitingForVerification);
}

#[tokio::test]
async fn delegated_credit_is_used_in_the_order_given_and_the_wallet_pays_the_rest() {
    let world = World::start().await;
    // Reza's credits give 1000 and 2000, the shop's the missing 1360.
    let payment = delegated(101, &[50, 10], &[], false);
    assert!(world.call("sara", &payment).await.unwrap());
    assert_eq!(world.balance("delegation:reza-food").await, 0);
    assert_eq!(world.balance("delegation:reza-any").await, 0);
    assert_eq!(world.balance("delegation:shop-any").await, 5_000 - 1_360);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 20_000);
    let invoice = world.invoice(101).await;
    assert_eq!(invoice.delegation_amount, Some(invoice.payable_amount));

    let payment = delegated(204, &[50, 20], &[], false);
    assert!(world.call("sara", &payment).await.unwrap());
    assert_eq!(world.balance("delegation:baker-today").await, 0);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 20_000 - 1_100);
}

#[tokio::test]
async fn a_hash_pins_one_credit() {
    let world = World::start().await;
    let payment = delegated(105, &[50], &["reza-any"], true);
    assert!(world.call("sara", &payment).await.unwrap());
    assert_eq!(world.balance("delegation:reza-food").await, 1_000);
    assert_eq!(world.balance("delegation:reza-any").await, 1_700);
}

#[tokio::test]
async fn forced_delegation_never_touches_the_wallet() {
    let world = World::start().await;
    for (invoice, delegators, hashes) in [
        (101, &[50][..], &[][..]),
        // Named twice, there only once.
        (101, &[50, 50], &[]),
        (101, &[50, 50], &["reza-any", "reza-any"]),
        (101, &[], &[]),
        // Somebody else's credit, another delegator's, an expired one, one of another guild.
        (101, &[50], &["reza-mill"]),
        (105, &[10], &["reza-any"]),
        (105, &[20], &["baker-old"]),
        (301, &[50], &["reza-food"]),
        (105, &[u64::MAX], &[]),
    ] {
        let payment = delegated(invoice, delegators, hashes, true);
        assert_eq!(
            world.refused("sara", &payment).await,
            Kind::InsufficientFunds,
            "{delegators:?} {hashes:?}"
        );
    }
    // With fewer hashes than delegators, nobody could tell which one a hash belongs to.
    let odd = delegated(105, &[50, 10], &["reza-any"], false);
    let error = world.call("sara", &odd).await.unwrap_err();
    assert!(
        matches!(error, Error::InvalidArgument(argument) if argument.field == "delegationHash")
    );
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
}

#[tokio::test]
async fn credit_ends_with_its_day_in_tehran() {
    let at = |text| Instant::from_jalali_date_time(text).unwrap();
    let clock = Arc::new(ManualClock::new(at("1399/03/13 23:59:59")));
    let world = World::with(Options {
        scenario: Scenario::from_json("common", SCENARIO).unwrap(),
        clock: Some(clock.clone()),
        ..Options::default()
    })
    .await;
    let payment = delegated(300, &[20], &["baker-today"], true);
    assert!(world.call("sara", &payment).await.unwrap());
    clock.set(at("1399/03/14 00:00:00"));
    let payment = delegated(105, &[20], &["baker-today"], true);
    assert_eq!(world.refused("sara", &payment).await, Kind::InsufficientFunds);
}

#[tokio::test]
async fn an_invoice_is_marked_as_paid_outside_by_its_issuer_only() {
    let world = World::start().await;
    let outside = |invoice_id| PayInvoiceRequest { invoice_id };
    for (caller, invoice, kind) in [
        ("baker", 101, Kind::NoPermission),
        ("sara", 101, Kind::InvalidToken),
        ("shop", 999, Kind::NotFound),
        ("shop", 100, Kind::BillAlreadyPayed),
        ("shop", 103, Kind::InvoiceIsCanceled),
        ("baker", 203, Kind::BillAlreadyClosed),
    ] {
        assert_eq!(world.refused(caller, &outside(invoice)).await, kind, "{caller} {invoice}");
    }
    assert!(world.call("shop", &outside(101)).await.unwrap());
    assert!(world.invoice(101).await.payed);
    assert_eq!(world.balance("invoice:101").await, 0);
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
    assert_eq!(world.refused("sara", &pay(101)).await, Kind::BillAlreadyPayed);
}

#[tokio::test]
async fn two_payers_at_once_pay_once() {
    let world = World::start().await;
    let invoice = world.call("baker", &order(1_000, 1.0)).await.unwrap().id;
    let payment = pay(invoice);
    let (shop, sara) = tokio::join!(world.call("shop", &payment), world.call("sara", &payment));
    assert!(shop.is_ok() != sara.is_ok());
    assert_eq!(world.balance(&format!("invoice:{invoice}")).await, 1_000);
}
