//! A loan without a down payment becomes active when its customer confirms it on the payment page.

use pod_platform::{
    invoices::PaymentTool,
    loans::{InstallmentStatus, PayInvoiceByLoanRequest},
};

use crate::loan_world::{LoanWorld, loan, pay, statuses};
use crate::street::{Page, get, submit};

const CONFIRM: &str = "تایید تسهیلات";

/// The page of an invoice, on which a payer has logged in.
fn page_of(invoice: u64, payer: u64) -> String {
    format!("/v1/pbc/payinvoice/?invoiceId={invoice}&payer={payer}")
}

async fn confirm(world: &LoanWorld, invoice: u64, payer: u64) -> Page {
    submit(&world.emulator, &page_of(invoice, payer), "action=loan").await
}

#[tokio::test]
async fn the_customer_confirms_it() {
    let world = LoanWorld::start().await;
    let before = get(&world.emulator, &page_of(101, 40)).await;
    assert!(!before.text.contains(CONFIRM));
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(101, 5, 61, 0) };
    let pending = world.call("shop", &request).await.unwrap();
    assert!(!pending.active);
    get(&world.emulator, &page_of(101, 40)).await.says(CONFIRM);
    assert!(!world.loan(pending.id).await.active);

    let path = format!("{}&redirectUri=http://127.0.0.1/back", page_of(101, 40));
    let done = submit(&world.emulator, &path, "action=loan").await;
    assert_eq!(done.parameter("paid"), "true");
    assert!(world.loan(pending.id).await.active);
    let invoice = world.invoice(101).await;
    assert!(invoice.payed);
    assert_eq!(invoice.payment_tool_code, Some(PaymentTool::PaymentToolOnlineCredit));
    let accounts = ["loan-supply:5", "invoice:101", "wallet:40:PODLAND_WALLET"];
    assert_eq!(world.balances(accounts).await, [50_000 - 7_085, 7_085, 20_000]);
}

#[tokio::test]
async fn the_first_instalment_may_be_due_at_once() {
    let world = LoanWorld::start().await;
    let pending = world.call("shop", &loan(102, 5, 62, 0)).await.unwrap();
    confirm(&world, 102, 40).await;
    let running = world.loan(pending.id).await;
    assert_eq!(*statuses(&running)[0], InstallmentStatus::InstallmentStatusDone);
    let accounts = ["loan-supply:5", "wallet:40:PODLAND_WALLET"];
    assert_eq!(world.balances(accounts).await, [48_000, 19_000]);
}

#[tokio::test]
async fn nobody_else_confirms_it_and_nothing_else_is_confirmed() {
    let world = LoanWorld::start().await;
    let pending = world.call("shop", &loan(101, 5, 61, 0)).await.unwrap();
    let number = world.invoice(101).await.unique_number.unwrap();
    for payer in [50, 30, 10] {
        // Anybody may come by this link, but to pay.
        let path = format!("/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber={number}&payer={payer}");
        let page = submit(&world.emulator, &path, "action=loan").await;
        assert!(page.status >= 400, "{payer}: {page:?}");
        assert!(confirm(&world, 101, payer).await.status >= 400, "{payer}");
    }
    assert!(!world.loan(pending.id).await.active);

    // One that wants a down payment, one that wants a plan, and no loan at all.
    world.call("shop", &loan(102, 5, 61, 100)).await.unwrap();
    let asked = PayInvoiceByLoanRequest { plan_id: None, ..loan(103, 5, 0, 0) };
    world.call("shop", &asked).await.unwrap();
    for invoice in [102, 103, 109] {
        assert!(!get(&world.emulator, &page_of(invoice, 40)).await.text.contains(CONFIRM));
        assert!(confirm(&world, invoice, 40).await.status >= 400, "{invoice}");
    }
    // Twice is once.
    confirm(&world, 101, 40).await;
    assert!(confirm(&world, 101, 40).await.status >= 400);
    let principal = 7_085;
    let first = 1_204;
    assert_eq!(world.balances(["loan-supply:5"]).await, [50_000 - principal + first]);
}

#[tokio::test]
async fn a_confirmation_keeps_to_the_rules_of_its_moment() {
    let world = LoanWorld::start().await;
    let pending = world.call("shop", &loan(101, 5, 61, 0)).await.unwrap();
    world.set_clock("1401/01/01 10:00:00");
    assert!(confirm(&world, 101, 40).await.status >= 400, "the contract has ended");
    assert!(!world.loan(pending.id).await.active);
    // Paid otherwise, there is nothing to confirm.
    assert!(world.call("sara", &pay(101)).await.unwrap());
    assert!(confirm(&world, 101, 40).await.status >= 400);
    assert_eq!(world.balances(["loan-supply:5", "invoice:101"]).await, [50_000, 7_085]);
}
