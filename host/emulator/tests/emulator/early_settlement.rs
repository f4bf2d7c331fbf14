//! A customer settles a loan before its time, on its page.

use pod_platform::{
    invoices::CancelInvoiceRequest,
    loans::{
        BusinessLoanListRequest, InstallmentStatus, LoanStatus, PayInvoiceByLoanRequest,
        UpdateLoanByPlanRequest,
    },
    types::PlatformErrorKind as Kind,
};

use crate::loan_world::{LoanWorld, loan, pay, statuses};
use crate::street::{Page, get, submit};

const WALLET: &str = "wallet:40:PODLAND_WALLET";
const SUPPLY: &str = "loan-supply:5";
const SETTLED: InstallmentStatus = InstallmentStatus::InstallmentStatusPreSettled;
const DONE: InstallmentStatus = InstallmentStatus::InstallmentStatusDone;

fn page_of(loan: u64) -> String {
    format!("/emulator/loan/?loanId={loan}")
}

async fn settle(world: &LoanWorld, loan: u64) -> Page {
    submit(&world.emulator, &page_of(loan), "action=settle").await
}

/// The loans with this invoice for their settlement.
async fn settled_by(world: &LoanWorld, invoice: u64) -> Vec<u64> {
    let request = BusinessLoanListRequest {
        pre_settlement_invoice_id: Some(invoice),
        size: 9,
        ..BusinessLoanListRequest::default()
    };
    let page = world.call("bank", &request).await.unwrap();
    page.result.iter().map(|loan| loan.id).collect()
}

/// Sara owes 7,000 in six parts of 1,190 and 2 %; the first is paid.
async fn owing(world: &LoanWorld) -> u64 {
    let taken = world.taken("sara", &loan(101, 5, 61, 85)).await;
    let owed = world.loan(taken.id).await;
    assert_eq!(*statuses(&owed)[0], DONE);
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [18_725, 44_190]);
    taken.id
}

#[tokio::test]
async fn p6_the_rest_is_paid_at_once() {
    let world = LoanWorld::start().await;
    let loan = owing(&world).await;
    get(&world.emulator, "/").await.says(&page_of(loan));
    let page = get(&world.emulator, &page_of(loan)).await;
    page.says("تسویه زودتر از موعد").says("۵٬۹۵۰").says("پرداخت شده").says("۱۳۹۹/۰۸/۱۳");
    assert_eq!(page.status, 200);

    world.set_clock("1399/04/01 10:00:00");
    let asked = settle(&world, loan).await;
    let invoice = world.newest_invoice("sara").await;
    assert_eq!(invoice.payable_amount.0, 5_950);
    assert_eq!(invoice.business.as_ref().unwrap().id, 2);
    assert_eq!(settle(&world, loan).await.location, asked.location, "asked twice is asked once");
    get(&world.emulator, &asked.location).await.says("۵٬۹۵۰");
    assert_eq!(world.loan(loan).await.status_code, LoanStatus::LoanStatusCreated);
    let paid = submit(&world.emulator, &asked.location, "action=wallet").await;
    assert_eq!(paid.status, 303);

    let done = world.loan(loan).await;
    assert_eq!(done.status_code, LoanStatus::LoanStatusDone);
    assert_eq!(statuses(&done), [&DONE, &SETTLED, &SETTLED, &SETTLED, &SETTLED, &SETTLED]);
    assert_eq!(done.settled_date.unwrap().to_string(), "1399/04/01 10:00:00");
    assert!(done.installments.iter().all(|part| part.remain_amount.0 == 0));
    assert_eq!(settled_by(&world, invoice.id).await, [loan]);
    let day = |text: &str| BusinessLoanListRequest {
        settled_date_from: Some(text.parse().unwrap()),
        size: 9,
        ..BusinessLoanListRequest::default()
    };
    assert_eq!(world.call("bank", &day("1399/04/01")).await.unwrap().count, 1);
    assert_eq!(world.call("bank", &day("1399/04/02")).await.unwrap().count, 0);
    // The money can be lent again, and nothing is due any more.
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [12_775, 50_140]);
    world.set_clock("1400/01/01 10:00:00");
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [12_775, 50_140]);
    get(&world.emulator, &page_of(loan)).await.says("تسویه شده").says("۱۳۹۹/۰۴/۰۱");
    assert!(settle(&world, loan).await.status >= 400);
    let cancel = CancelInvoiceRequest { id: 101 };
    assert_eq!(world.refused("shop", &cancel).await, Kind::NoPermission);
}

#[tokio::test]
async fn p6_a_loan_that_is_paid_on_its_days_has_no_settled_date() {
    let world = LoanWorld::start().await;
    let taken = world.taken("sara", &loan(102, 5, 62, 300)).await;
    world.set_clock("1399/06/13 10:00:00");
    let done = world.loan(taken.id).await;
    assert_eq!(done.status_code, LoanStatus::LoanStatusDone);
    assert!(done.settled_date.is_none_or(|date| date.0 == 0), "{:?}", done.settled_date);
}

#[tokio::test]
async fn p6_an_invoice_for_the_rest_ends_when_the_rest_changes() {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(101, 5, 61, 85) };
    let taken = world.taken("sara", &request).await.id;
    settle(&world, taken).await;
    let first = world.newest_invoice("sara").await.id;
    let change = UpdateLoanByPlanRequest { loan_id: taken, plan_id: 62 };
    world.call("sara", &change).await.unwrap();
    assert!(world.invoice(first).await.canceled, "another plan, another rest");
    settle(&world, taken).await;
    let second = world.newest_invoice("sara").await;
    assert_eq!(second.payable_amount.0, 7_000);
    // The first instalment is paid on its day.
    world.set_clock("1399/04/13 10:00:00");
    assert_eq!(*statuses(&world.loan(taken).await)[0], DONE);
    assert!(world.invoice(second.id).await.canceled);
    assert_eq!(settled_by(&world, second.id).await, [0; 0]);
    settle(&world, taken).await;
    let third = world.newest_invoice("sara").await;
    assert_eq!(third.payable_amount.0, 4_667);
    // Its issuer may take it back, and its customer ask again.
    assert!(world.call("bank", &CancelInvoiceRequest { id: third.id }).await.unwrap());
    settle(&world, taken).await;
    let fourth = world.newest_invoice("sara").await.id;
    assert_ne!(fourth, third.id);
    assert!(world.call("sara", &pay(fourth)).await.unwrap());
    assert_eq!(statuses(&world.loan(taken).await), [&DONE, &SETTLED, &SETTLED]);
    assert_eq!(world.balances([SUPPLY]).await, [50_000]);
}

#[tokio::test]
async fn p6_what_does_not_run_is_not_settled() {
    let world = LoanWorld::start().await;
    for (path, form, status) in [
        (page_of(99), "action=settle", 404),
        ("/emulator/loan".to_owned(), "action=settle", 404),
        (page_of(1), "action=fly", 400),
    ] {
        assert_eq!(submit(&world.emulator, &path, form).await.status, status, "{path} {form}");
    }
    let pending = world.call("shop", &loan(102, 5, 61, 10)).await.unwrap().id;
    assert_eq!(settle(&world, pending).await.status, 409);
    let asked = PayInvoiceByLoanRequest { plan_id: None, ..loan(101, 5, 0, 0) };
    let asked = world.call("shop", &asked).await.unwrap().id;
    assert_eq!(settle(&world, asked).await.status, 409);
    get(&world.emulator, &page_of(asked)).await.says("منتظر انتخاب طرح بازپرداخت");
    // Paid, but the shop has not verified it.
    let unverified = world.taken("sara", &loan(103, 5, 61, 500)).await.id;
    assert_eq!(settle(&world, unverified).await.status, 409);
}

#[tokio::test]
async fn p6_an_overdue_instalment_is_settled_with_the_rest() {
    let world = LoanWorld::start().await;
    // Reza has no money: his first instalment stays open.
    let taken = world.helped(&loan(105, 5, 61, 100)).await;
    let overdue = taken.installments[0].related_invoices[0].id;
    settle(&world, taken.id).await;
    let invoice = world.newest_invoice("reza").await.id;
    assert!(world.call("sara", &pay(invoice)).await.unwrap());
    assert_eq!(statuses(&world.loan(taken.id).await), [&SETTLED; 6]);
    assert!(world.invoice(overdue).await.canceled);
}
