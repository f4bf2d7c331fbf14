//! payInvoiceByCredit: an invoice that was issued for the caller.

use pod_platform::{
    invoices::PaymentTool, payments::PayInvoiceByCreditRequest, types::PlatformErrorKind as Kind,
};

use crate::common::World;

fn pay(invoice_id: u64) -> PayInvoiceByCreditRequest {
    PayInvoiceByCreditRequest { invoice_id, ..PayInvoiceByCreditRequest::default() }
}

#[tokio::test]
async fn the_callers_own_invoice_is_paid_from_podland_wallet() {
    let world = World::start().await;
    assert!(world.call("sara", &pay(101)).await.unwrap());
    let invoice = world.invoice(101).await;
    assert_eq!(invoice.wallet.as_deref(), Some("PODLAND_WALLET"));
    assert_eq!(invoice.payment_tool_code, Some(PaymentTool::PaymentToolCredit));
    assert_eq!(invoice.payer.unwrap().id, 40);
    assert_eq!(world.balance("invoice:101").await, 4_360);
    assert_eq!(world.refused("sara", &pay(101)).await, Kind::BillAlreadyPayed);
}

#[tokio::test]
async fn credits_are_used_in_the_order_of_their_delegators() {
    let world = World::start().await;
    let payment = PayInvoiceByCreditRequest {
        delegator_id: vec![10, 50],
        delegation_hash: vec!["shop-any".into(), "reza-any".into()],
        force_delegation: Some(true),
        ..pay(101)
    };
    assert!(world.call("sara", &payment).await.unwrap());
    assert_eq!(world.balance("delegation:shop-any").await, 640);
    assert_eq!(world.balance("delegation:reza-any").await, 2_000);
    assert_eq!(world.invoice(101).await.delegation_amount.unwrap().0, 4_360);
}

#[tokio::test]
async fn other_peoples_invoices_are_not() {
    let world = World::start().await;
    for (caller, invoice, kind) in [
        ("sara", 105, Kind::InvoiceNotIssuedForCaller),
        ("baker", 101, Kind::InvoiceNotIssuedForCaller),
        ("shop", 101, Kind::InvoiceNotIssuedForCaller),
        ("sara", 999, Kind::NotFound),
        ("shop", 202, Kind::InvoiceIsCanceled),
        ("baker", 300, Kind::InsufficientFunds),
    ] {
        assert_eq!(world.refused(caller, &pay(invoice)).await, kind, "{caller} {invoice}");
    }
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
}
