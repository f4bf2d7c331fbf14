//! How a loan is paid back: instalments on their days, from the wallet, by the guarantor, or by
//! whoever pays their invoices.

use pod_platform::{
    Rial,
    invoices::{CancelInvoiceRequest, CloseInvoiceRequest, Invoice, IssueInvoiceRequest},
    loans::{
        InstallmentStatus, Loan, LoanStatus, PayInvoiceByLoanRequest,
        RemovePermittedUserFromLoanContractRequest,
    },
    payments::{PayInvoiceInFutureRequest, PayInvoiceRequest},
};

use crate::common::order;
use crate::loan_world::{LoanWorld, loan, pay, statuses};
use crate::{common, loan_world};

const CREATED: InstallmentStatus = InstallmentStatus::InstallmentStatusCreated;
const DONE: InstallmentStatus = InstallmentStatus::InstallmentStatusDone;
const WAITING: InstallmentStatus = InstallmentStatus::InstallmentStatusWaitingForBankSettlement;

/// The invoice of an instalment that has been due.
fn bill(loan: &Loan, number: usize) -> &Invoice {
    &loan.installments[number - 1].related_invoices[0]
}

#[tokio::test]
async fn instalments_are_paid_from_the_wallet_on_their_days() {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(102, 5, 62, 1_000) };
    let taken = world.taken("sara", &request).await;
    let accounts = ["loan-supply:5", "wallet:40:PODLAND_WALLET"];
    world.set_clock("1399/04/12 23:59:59");
    assert_eq!(world.balances(accounts).await, [48_000, 19_000]);
    assert_eq!(world.loan(taken.id).await.installments[0].related_invoices, []);

    world.set_clock("1399/04/13 00:00:00");
    assert_eq!(world.balances(accounts).await, [48_666, 18_334]);
    let running = world.loan(taken.id).await;
    assert_eq!(statuses(&running), [&DONE, &CREATED, &CREATED]);
    let first = &running.installments[0];
    assert_eq!((first.amount, first.remain_amount), (Rial(666), Rial(0)));
    let invoice = bill(&running, 1);
    assert!(invoice.payed && invoice.closed);
    assert_eq!(invoice.payable_amount, Rial(666));
    assert_eq!(invoice.business.as_ref().unwrap().name, "Bank");
    assert_eq!(invoice.user_srv.as_ref().unwrap().id, 40);
    assert_eq!(invoice.guild_srv.as_ref().unwrap().code, "BANK_GUILD");
    assert_eq!(invoice.description.as_deref(), Some("بابت پرداخت قسط شماره 1 تسهیلات شماره 1"));
    assert_eq!(invoice.payment_date.unwrap().to_string(), "1399/04/13 00:00:00");

    // Months pass at once, and each instalment is paid on its own day.
    world.set_clock("1399/07/01 10:00:00");
    assert_eq!(world.balances(accounts).await, [50_000, 17_000]);
    let settled = world.loan(taken.id).await;
    assert_eq!(settled.status_code, LoanStatus::LoanStatusDone);
    assert_eq!(statuses(&settled), [&DONE; 3]);
    assert_eq!(bill(&settled, 3).payable_amount, Rial(668));
    // What is paid back can be borrowed again.
    world.taken("sara", &loan(101, 5, 61, 585)).await;
}

#[tokio::test]
async fn the_interest_is_the_grantors_gain() {
    let world = LoanWorld::start().await;
    // 3000 and 10 % in two parts, of a contract with a guarantor who is not needed.
    world.taken("sara", &loan(101, 6, 64, 4_085)).await;
    world.set_clock("1399/05/01 00:00:00");
    let accounts = ["loan-supply:6", "wallet:40:PODLAND_WALLET"];
    assert_eq!(world.balances(accounts).await, [30_300, 20_000 - 4_085 - 3_300]);
}

#[tokio::test]
async fn without_a_guarantor_an_unpaid_instalment_is_tried_every_day() {
    let world = LoanWorld::start().await;
    let taken = world.helped(&loan(105, 5, 62, 3_000)).await;
    assert_eq!(statuses(&taken), [&CREATED; 3]);
    let open = bill(&taken, 1).id;
    assert!(!bill(&taken, 1).payed);
    world.set_clock("1399/03/15 09:00:00");
    assert_eq!(bill(&world.loan(taken.id).await, 1).id, open);

    // Anybody may pay the invoice.
    assert!(world.call("mill", &pay(open)).await.unwrap());
    let running = world.loan(taken.id).await;
    assert_eq!(statuses(&running), [&DONE, &CREATED, &CREATED]);
    assert!(bill(&running, 1).closed);
    assert_eq!(world.balances(["loan-supply:5"]).await, [47_000 + 1_000]);

    // The grantor may have been paid in cash.
    world.set_clock("1399/04/13 10:00:00");
    let second = bill(&world.loan(taken.id).await, 2).id;
    assert!(world.call("bank", &PayInvoiceRequest { invoice_id: second }).await.unwrap());
    assert_eq!(statuses(&world.loan(taken.id).await), [&DONE, &DONE, &CREATED]);
    assert_eq!(world.balances(["loan-supply:5"]).await, [48_000]);
}

#[tokio::test]
async fn an_instalment_is_tried_again_until_the_wallet_suffices() {
    let world = LoanWorld::start().await;
    let accounts = ["wallet:30:PODLAND_WALLET", "loan-supply:5"];
    let other = world.call("shop", &order(3_270, 1.0)).await.unwrap();
    assert!(world.call("mill", &pay(other.id)).await.unwrap());
    let taken = world.taken("mill", &loan(107, 5, 62, 1_000)).await;
    assert_eq!(world.balances(accounts).await, [730, 47_000]);
    world.set_clock("1399/03/14 12:00:00");
    let waiting = world.loan(taken.id).await;
    assert_eq!(statuses(&waiting), [&CREATED; 3]);

    // A purchase is cancelled, and its money is there when it is tried next.
    let cancel = CancelInvoiceRequest { id: other.id };
    assert!(world.call("shop", &cancel).await.unwrap());
    world.set_clock("1399/03/15 09:59:59");
    assert_eq!(world.balances(accounts).await, [4_000, 47_000]);
    world.set_clock("1399/03/15 10:00:00");
    assert_eq!(world.balances(accounts).await, [3_000, 48_000]);
    let running = world.loan(taken.id).await;
    assert_eq!(statuses(&running), [&DONE, &CREATED, &CREATED]);
    assert_eq!(bill(&running, 1).id, bill(&waiting, 1).id);
}

#[tokio::test]
async fn the_guarantor_pays_a_day_later() {
    let world = LoanWorld::start().await;
    let taken = world.helped(&loan(105, 6, 64, 1_000)).await;
    // 5000 and 10 %: two parts of 2750.
    assert_eq!(statuses(&taken), [&WAITING, &CREATED]);
    assert_eq!(taken.installments[0].remain_amount, Rial(2_750));
    assert_eq!(world.balances(["loan-supply:6"]).await, [25_000]);
    world.set_clock("1399/03/14 10:00:00");
    let running = world.loan(taken.id).await;
    assert_eq!(statuses(&running), [&DONE, &CREATED]);
    assert!(bill(&running, 1).payed && bill(&running, 1).closed);
    assert_eq!(bill(&running, 1).payer, None);
    assert_eq!(world.balances(["loan-supply:6"]).await, [27_750]);

    // The customer may still be first.
    world.set_clock("1399/04/13 10:00:00");
    let second = bill(&world.loan(taken.id).await, 2).id;
    assert!(world.call("mill", &pay(second)).await.unwrap());
    let settled = world.loan(taken.id).await;
    assert_eq!(settled.status_code, LoanStatus::LoanStatusDone);
    world.set_clock("1399/06/01 10:00:00");
    assert_eq!(world.balances(["loan-supply:6"]).await, [30_500]);
}

#[tokio::test]
async fn an_instalment_promised_for_later_is_left_alone() {
    let world = LoanWorld::start().await;
    let invoice = IssueInvoiceRequest { user_id: Some(30), ..order(8_720, 1.0) };
    let invoice = world.call("shop", &invoice).await.unwrap();
    // 780 of the mill's 5000 are left for an instalment of 1500.
    let taken = world.taken("mill", &loan(invoice.id, 5, 62, 4_220)).await;
    assert_eq!(statuses(&taken), [&CREATED; 3]);
    let open = bill(&taken, 1).id;
    let promise = PayInvoiceInFutureRequest {
        invoice_id: open,
        date: "1399/03/20".parse().unwrap(),
        guild_code: Some("FOOD_GUILD".into()),
        wallet: None,
    };
    // The mill's trade has what its wallet lacks.
    let sold = world.call("mill", &order(2_000, 1.0)).await.unwrap().id;
    assert!(world.call("sara", &pay(sold)).await.unwrap());
    let close = CloseInvoiceRequest { id: sold };
    assert!(world.call("mill", &close).await.unwrap());
    assert!(world.call("mill", &promise).await.unwrap());
    world.set_clock("1399/03/19 10:00:00");
    assert_eq!(*statuses(&world.loan(taken.id).await)[0], CREATED);
    world.set_clock("1399/03/20 00:00:00");
    assert_eq!(*statuses(&world.loan(taken.id).await)[0], DONE);
    assert_eq!(world.balances(["wallet:30:PODLAND_WALLET"]).await, [780]);
}

#[tokio::test]
async fn a_running_loan_outlives_its_membership() {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(101, 5, 61, 585) };
    let taken = world.taken("sara", &request).await;
    let remove = RemovePermittedUserFromLoanContractRequest {
        contract_id: 5,
        user_id: Some(40),
        ..RemovePermittedUserFromLoanContractRequest::default()
    };
    assert!(world.call("bank", &remove).await.unwrap());
    world.set_clock("1399/04/13 10:00:00");
    assert_eq!(*statuses(&world.loan(taken.id).await)[0], DONE);
}

#[tokio::test]
async fn instalments_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |now: &str| {
        let scenario = pod_emulator::Scenario::from_json("loans", loan_world::SCENARIO).unwrap();
        let clock = std::sync::Arc::new(pod_platform::ManualClock::new(loan_world::at(now)));
        let data = Some(folder.path().join("pod.db"));
        let options =
            pod_emulator::Options { scenario, clock: Some(clock), data, ..Default::default() };
        common::World::with(options).await
    };
    let world = start("1399/03/13 10:00:00").await;
    world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    assert!(world.call("sara", &pay(110)).await.unwrap());
    world.emulator.stop().await.unwrap();

    let world = start("1399/05/13 10:00:00").await;
    assert_eq!(world.balance("loan-supply:5").await, 43_500 + 3 * 1_105);
}
