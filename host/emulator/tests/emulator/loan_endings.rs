//! How a loan ends without being paid back, and how everybody's money goes back then.

use pod_platform::{
    Rial,
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, IssueInvoiceRequest, ReduceInvoiceRequest,
        VerifyInvoiceRequest,
    },
    loans::{InstallmentStatus, LoanStatus, PayInvoiceByLoanRequest},
    payments::{PayInvoiceByInvoiceRequest, PayInvoiceInFutureRequest, PayInvoiceRequest},
    types::PlatformErrorKind as Kind,
};

use crate::common::order;
use crate::loan_world;
use crate::loan_world::{LoanWorld, loan, pay, statuses};
use crate::street::submit;

const SUPPLY: &str = "loan-supply:5";
const WALLET: &str = "wallet:40:PODLAND_WALLET";

fn cancel(id: u64) -> CancelInvoiceRequest {
    CancelInvoiceRequest { id }
}

#[tokio::test]
async fn another_payment_cancels_a_pending_loan() {
    let world = LoanWorld::start().await;
    let pending = world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    let down_payment = world.newest_invoice("sara").await.id;
    assert!(world.call("sara", &pay(101)).await.unwrap());
    let canceled = world.loan(pending.id).await;
    assert_eq!(canceled.status_code, LoanStatus::LoanStatusCanceled);
    let all_canceled = vec![&InstallmentStatus::InstallmentStatusCanceled; 6];
    assert_eq!(statuses(&canceled), all_canceled);
    assert_eq!(world.refused("sara", &pay(down_payment)).await, Kind::InvoiceIsCanceled);
    assert_eq!(world.balances([SUPPLY, "invoice:101"]).await, [50_000, 7_085]);

    // Likewise where the customer has not chosen a plan yet, and where it is paid outside POD.
    let request = PayInvoiceByLoanRequest { plan_id: None, ..loan(102, 5, 0, 0) };
    let asked = world.call("shop", &request).await.unwrap();
    assert!(world.call("shop", &PayInvoiceRequest { invoice_id: 102 }).await.unwrap());
    assert_eq!(world.loan(asked.id).await.status_code, LoanStatus::LoanStatusCanceled);
}

#[tokio::test]
async fn a_down_payment_cannot_pay_what_is_paid_already() {
    let world = LoanWorld::start().await;
    world.call("shop", &loan(103, 5, 61, 500)).await.unwrap();
    let down_payment = world.newest_invoice("sara").await.id;
    // The money is there and waits for the shop: the loan is still pending, but not needed.
    assert!(world.call("sara", &pay(103)).await.unwrap());
    assert_eq!(world.refused("sara", &pay(down_payment)).await, Kind::BillIsWaitingForVerification);
    let verify = VerifyInvoiceRequest { id: Some(103), bill_number: None };
    world.call("shop", &verify).await.unwrap();
    assert_eq!(world.refused("sara", &pay(down_payment)).await, Kind::InvoiceIsCanceled);
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [13_500, 50_000]);
}

#[tokio::test]
async fn an_unverified_invoice_loses_its_loan_after_an_hour() {
    let world = LoanWorld::start().await;
    let taken = world.taken("sara", &loan(103, 5, 61, 500)).await;
    assert!(!world.invoice(103).await.payed);
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [19_500, 44_000]);
    world.set_clock("1399/03/13 10:59:59");
    // Not even the first instalment, which is due today, is paid before the shop stands by it.
    assert_eq!(world.balances([WALLET]).await, [19_500]);
    world.set_clock("1399/03/13 11:00:00");
    let canceled = world.loan(taken.id).await;
    assert_eq!(canceled.status_code, LoanStatus::LoanStatusCanceled);
    assert!(!canceled.active);
    assert_eq!(statuses(&canceled), vec![&InstallmentStatus::InstallmentStatusCanceled; 6]);
    assert_eq!(world.balances([WALLET, SUPPLY, "invoice:103"]).await, [20_000, 50_000, 0]);

    // The next one is verified in time.
    let taken = world.taken("sara", &loan(103, 5, 61, 500)).await;
    let verify = VerifyInvoiceRequest { id: Some(103), bill_number: None };
    assert!(world.call("shop", &verify).await.unwrap().payed);
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [19_500 - 1_020, 44_000 + 1_020]);
    world.set_clock("1399/03/13 13:00:00");
    assert!(world.loan(taken.id).await.active);
}

#[tokio::test]
async fn an_invoice_is_cancelled_while_no_instalment_is_paid() {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(101, 5, 61, 585) };
    let taken = world.taken("sara", &request).await;
    assert!(world.call("shop", &cancel(101)).await.unwrap());
    let canceled = world.loan(taken.id).await;
    assert_eq!(canceled.status_code, LoanStatus::LoanStatusCanceled);
    assert_eq!(statuses(&canceled), vec![&InstallmentStatus::InstallmentStatusCanceled; 6]);
    assert_eq!(world.balances([WALLET, SUPPLY, "invoice:101"]).await, [20_000, 50_000, 0]);
    world.set_clock("1399/12/01 10:00:00");
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [20_000, 50_000]);

    let taken = world.taken("sara", &loan(102, 5, 61, 10)).await;
    assert_eq!(*statuses(&world.loan(taken.id).await)[0], InstallmentStatus::InstallmentStatusDone);
    assert_eq!(world.refused("shop", &cancel(102)).await, Kind::NoPermission);
    assert!(world.loan(taken.id).await.active);
}

#[tokio::test]
async fn an_overdue_instalments_invoice_goes_with_its_loan() {
    let world = LoanWorld::start().await;
    let open = world.helped(&loan(105, 5, 61, 100)).await.installments[0].related_invoices[0].id;
    assert_eq!(world.refused("bank", &cancel(open)).await, Kind::NoPermission);
    assert!(world.call("shop", &cancel(105)).await.unwrap());
    assert!(world.invoice(open).await.canceled);
    assert_eq!(world.balances([SUPPLY, "wallet:30:PODLAND_WALLET"]).await, [50_000, 5_000]);
}

#[tokio::test]
async fn a_cancelled_down_payment_cancels_its_loan() {
    let world = LoanWorld::start().await;
    let pending = world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    let down_payment = world.newest_invoice("sara").await.id;
    assert!(world.call("shop", &cancel(down_payment)).await.unwrap());
    assert_eq!(world.loan(pending.id).await.status_code, LoanStatus::LoanStatusCanceled);

    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(101, 5, 61, 585) };
    let taken = world.taken("sara", &request).await;
    let down_payment = world.newest_invoice("sara").await.id;
    assert_eq!(world.refused("shop", &cancel(down_payment)).await, Kind::BillAlreadyClosed);
    assert!(world.loan(taken.id).await.active);
}

#[tokio::test]
async fn a_loan_is_for_the_whole_invoice() {
    let world = LoanWorld::start().await;
    let invoice = world.invoice(101).await;
    let reduce = |id, line| ReduceInvoiceRequest {
        id,
        invoice_item_id: vec![line],
        price: vec![Rial(100)],
        quantity: vec![1.0],
        item_description: vec!["less".into()],
        ..ReduceInvoiceRequest::default()
    };
    let line = invoice.invoice_item_srvs[0].id;
    let pending = world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    let down_payment = world.newest_invoice("sara").await;
    let of_down_payment = reduce(down_payment.id, down_payment.invoice_item_srvs[0].id);
    assert_eq!(world.refused("shop", &of_down_payment).await, Kind::NoPermission);
    let less = ReduceInvoiceRequest { price: vec![Rial(6_000)], ..reduce(101, line) };
    assert_eq!(world.call("shop", &less).await.unwrap().payable_amount, Rial(6_540));
    assert_eq!(world.loan(pending.id).await.status_code, LoanStatus::LoanStatusCanceled);

    world.taken("sara", &loan(101, 5, 61, 540)).await;
    assert_eq!(world.refused("shop", &reduce(101, line)).await, Kind::NoPermission);
}

#[tokio::test]
async fn a_down_payment_finds_its_way_back_however_it_was_paid() {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(107, 5, 62, 1_000) };

    // Outside POD: only the loan is there to go back.
    world.call("shop", &request).await.unwrap();
    let down_payment = world.newest_invoice("mill").await.id;
    assert!(world.call("shop", &PayInvoiceRequest { invoice_id: down_payment }).await.unwrap());
    assert_eq!(world.balances([SUPPLY, "invoice:107"]).await, [47_000, 3_000]);
    assert!(world.call("shop", &cancel(107)).await.unwrap());
    assert_eq!(world.balances([SUPPLY, "invoice:107"]).await, [50_000, 0]);

    // By netting: the creditor invoice is free again.
    let sold = world.call("mill", &order(1_500, 1.0)).await.unwrap().id;
    assert!(world.call("sara", &pay(sold)).await.unwrap());
    let invoice = world.call("shop", &order_for_mill()).await.unwrap().id;
    world.call("shop", &PayInvoiceByLoanRequest { invoice_id: invoice, ..request }).await.unwrap();
    let down_payment = world.newest_invoice("mill").await.id;
    let netting =
        PayInvoiceByInvoiceRequest { creditor_invoice_id: sold, debtor_invoice_id: down_payment };
    assert!(world.call("mill", &netting).await.unwrap());
    let account = format!("invoice:{sold}");
    let held = world.invoice(sold).await.payable_amount.0.cast_signed();
    assert_eq!(world.balances([&account]).await, [held - 1_000]);
    assert_eq!(world.invoice(sold).await.will_blocked_for, Some(invoice));
    assert!(world.call("shop", &cancel(invoice)).await.unwrap());
    assert_eq!(world.balances([SUPPLY, &account]).await, [50_000, held]);
    assert!(!world.invoice(sold).await.will_be_paid);
}

fn order_for_mill() -> IssueInvoiceRequest {
    IssueInvoiceRequest { user_id: Some(30), ..order(4_000, 1.0) }
}

#[tokio::test]
async fn a_down_payment_promised_for_later_makes_the_loan_active_then() {
    let world = LoanWorld::start().await;
    let pending = world.call("shop", &loan(107, 5, 62, 1_000)).await.unwrap();
    let down_payment = world.newest_invoice("mill").await.id;
    let promise = PayInvoiceInFutureRequest {
        invoice_id: down_payment,
        date: "1399/03/20".parse().unwrap(),
        wallet: Some("PODLAND_WALLET".into()),
        guild_code: None,
    };
    assert!(world.call("mill", &promise).await.unwrap());
    assert!(!world.loan(pending.id).await.active);
    world.set_clock("1399/03/20 00:00:00");
    let loan = world.loan(pending.id).await;
    assert!(loan.active);
    // The schedule counts from the day of the loan.
    assert_eq!(loan.installments[0].due_date.unwrap().to_string(), "1399/03/13 00:00:00");
    assert_eq!(*statuses(&loan)[0], InstallmentStatus::InstallmentStatusDone);

    // Cancelled before: what is blocked goes back.
    let invoice = world.call("shop", &order_for_mill()).await.unwrap().id;
    world.call("shop", &loan_world::loan(invoice, 5, 62, 1_000)).await.unwrap();
    let down_payment = world.newest_invoice("mill").await.id;
    let before = world.balances(["wallet:30:PODLAND_WALLET"]).await;
    let date = "1399/04/20".parse().unwrap();
    let promise = PayInvoiceInFutureRequest { invoice_id: down_payment, date, ..promise.clone() };
    assert!(world.call("mill", &promise).await.unwrap());
    assert!(world.call("shop", &cancel(invoice)).await.unwrap());
    assert_eq!(world.balances(["wallet:30:PODLAND_WALLET"]).await, before);

    // Kept, but the contract has ended meanwhile: the loan is cancelled, the money goes back.
    let invoice = world.call("shop", &order_for_mill()).await.unwrap().id;
    let pending = world.call("shop", &loan_world::loan(invoice, 5, 62, 1_000)).await.unwrap();
    let down_payment = world.newest_invoice("mill").await.id;
    let date = "1401/01/20".parse().unwrap();
    let promise = PayInvoiceInFutureRequest { invoice_id: down_payment, date, ..promise };
    assert!(world.call("mill", &promise).await.unwrap());
    world.set_clock("1401/01/20 00:00:00");
    let loan = world.loan(pending.id).await;
    assert_eq!(loan.status_code, LoanStatus::LoanStatusCanceled);
    assert!(world.invoice(down_payment).await.canceled);
    assert_eq!(world.balances([&format!("blocked:{down_payment}")]).await, [0]);
    assert_eq!(world.balances([&format!("invoice:{down_payment}")]).await, [0]);
}

#[tokio::test]
async fn p1_a_netted_down_payment_is_withdrawable_after_the_settlement() {
    let world = LoanWorld::start().await;
    let sold = world.call("mill", &order(1_500, 1.0)).await.unwrap().id;
    assert!(world.call("sara", &pay(sold)).await.unwrap());
    let invoice = world.call("shop", &order_for_mill()).await.unwrap().id;
    world.call("shop", &loan_world::loan(invoice, 5, 62, 1_000)).await.unwrap();
    let down_payment = world.newest_invoice("mill").await.id;
    let netting =
        PayInvoiceByInvoiceRequest { creditor_invoice_id: sold, debtor_invoice_id: down_payment };
    assert!(world.call("mill", &netting).await.unwrap());
    assert!(world.call("shop", &CloseInvoiceRequest { id: invoice }).await.unwrap());
    let accounts = [&format!("invoice:{invoice}"), "guild:1:FOOD_GUILD"];
    assert!(!world.invoice(invoice).await.withdrawable);
    assert_eq!(world.balances(accounts).await, [4_000, 0]);
    world.set_clock("1399/03/14 00:00:00");
    assert_eq!(world.balances(accounts).await, [0, 4_000]);
    assert!(world.invoice(invoice).await.withdrawable);
}

#[tokio::test]
async fn p1_a_netted_instalment_is_lent_again_after_the_settlement() {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(107, 5, 62, 0) };
    let taken = world.call("shop", &request).await.unwrap();
    let page = "/v1/pbc/payinvoice/?invoiceId=107&payer=30";
    submit(&world.emulator, page, "action=loan").await;
    // The mill's wallet is empty when the first instalment is due; a customer's payment pays it.
    assert!(world.call("mill", &pay(104)).await.unwrap());
    let rest = world.call("shop", &order(3_500, 1.0)).await.unwrap().id;
    assert!(world.call("mill", &pay(rest)).await.unwrap());
    world.set_clock("1399/04/13 10:00:00");
    let open = world.loan(taken.id).await.installments[0].related_invoices[0].id;
    let sold = world.call("mill", &order(1_500, 1.0)).await.unwrap().id;
    assert!(world.call("sara", &pay(sold)).await.unwrap());
    let netting = PayInvoiceByInvoiceRequest { creditor_invoice_id: sold, debtor_invoice_id: open };
    assert!(world.call("mill", &netting).await.unwrap());
    assert_eq!(*statuses(&world.loan(taken.id).await)[0], InstallmentStatus::InstallmentStatusDone);
    let account = format!("invoice:{open}");
    assert_eq!(world.balances([SUPPLY, &account]).await, [46_000, 1_333]);
    world.set_clock("1399/04/14 00:00:00");
    assert_eq!(world.balances([SUPPLY, &account]).await, [47_333, 0]);
}
