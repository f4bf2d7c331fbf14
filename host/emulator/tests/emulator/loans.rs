//! payInvoiceByLoan and updateLoanByPlan: how a loan comes about, and how its plan is chosen.

use pod_platform::{
    Rial,
    invoices::{CancelInvoiceRequest, CloseInvoiceRequest, PaymentTool},
    loans::{
        BreathingPeriodType, ClearInstallmentTool, InstallmentStatus, LoanGuarantor, LoanStatus,
        PayInvoiceByLoanRequest, SupplyAmountType, UpdateLoanByPlanRequest,
    },
    types::{Error, PlatformErrorKind as Kind},
};

use crate::common::http;
use crate::loan_world::{LoanWorld, amounts, loan, pay, statuses};
use crate::street::tell;

const SUPPLY: &str = "loan-supply:5";
const WALLET: &str = "wallet:40:PODLAND_WALLET";

fn change(loan: u64, plan: u64) -> UpdateLoanByPlanRequest {
    UpdateLoanByPlanRequest { loan_id: loan, plan_id: plan }
}

fn cancel(id: u64) -> CancelInvoiceRequest {
    CancelInvoiceRequest { id }
}

#[tokio::test]
async fn a_loan_is_active_when_its_down_payment_is_paid() {
    let world = LoanWorld::start().await;
    let request = PayInvoiceByLoanRequest {
        assurance_number: Some("A-1".into()),
        breathing_period_count: Some(3),
        ..loan(101, 5, 61, 585)
    };
    let pending = world.call("shop", &request).await.unwrap();
    assert_eq!(pending.status_code, LoanStatus::LoanStatusCreated);
    assert!(!pending.active);
    assert_eq!((pending.primary_amount, pending.total_amount), (Rial(585), Rial(6_630)));
    assert_eq!(amounts(&pending), [1_105; 6]);
    assert_eq!(world.balances([SUPPLY, "invoice:101"]).await, [50_000, 0]);
    assert!(!world.invoice(101).await.payed);

    let down_payment = world.newest_invoice("sara").await;
    assert_eq!(down_payment.payable_amount, Rial(585));
    assert_eq!(down_payment.business.as_ref().unwrap().id, 1);
    assert_eq!(down_payment.description.as_deref(), Some("بابت پیش پرداخت تسهیلات شماره 1"));
    assert!(world.call("sara", &pay(down_payment.id)).await.unwrap());

    let active = world.loan(pending.id).await;
    assert!(active.active);
    assert_eq!(active.installments, pending.installments);
    let invoice = world.invoice(101).await;
    assert!(invoice.payed && !invoice.closed);
    assert_eq!(invoice.payment_tool_code, Some(PaymentTool::PaymentToolOnlineCredit));
    assert!(world.invoice(down_payment.id).await.closed);
    let accounts = [SUPPLY, WALLET, "invoice:101", &format!("invoice:{}", down_payment.id)];
    assert_eq!(world.balances(accounts).await, [43_500, 19_415, 7_085, 0]);

    assert!(world.call("shop", &CloseInvoiceRequest { id: 101 }).await.unwrap());
    assert_eq!(world.balances(["guild:1:FOOD_GUILD"]).await, [7_085]);
}

#[tokio::test]
async fn a_loan_tells_all_about_itself() {
    let world = LoanWorld::start().await;
    let request = PayInvoiceByLoanRequest {
        assurance_number: Some("A-1".into()),
        breathing_period_type: Some(BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly),
        breathing_period_count: Some(3),
        ..loan(101, 5, 61, 0)
    };
    let loan = world.call("shop", &request).await.unwrap();
    assert_eq!(loan.unique_number.as_deref(), Some("loan-1"));
    assert_eq!(loan.persian_creation_date.as_deref(), Some("1399/03/13"));
    assert_eq!(loan.creation_date, Some(world.emulator.clock().now()));
    assert_eq!(loan.business.as_ref().unwrap().name, "Shop");
    assert_eq!(loan.user.as_ref().unwrap().name.as_deref(), Some("Sara"));
    assert_eq!(loan.bill_number.as_deref(), Some("S-101"));
    let subject = loan.subject_invoice.as_ref().unwrap();
    assert_eq!(subject, &world.invoice(101).await);
    assert_eq!(loan.assurance_number.as_deref(), Some("A-1"));
    assert_eq!(loan.assurance_identifier, subject.unique_number);
    assert_eq!(loan.clear_installment_tool_id.as_deref(), Some("PODLAND_WALLET"));
    let wallet = ClearInstallmentTool::LoanClearInstallmentToolWallet;
    assert_eq!(loan.clear_installment_tool_code, Some(wallet));
    let monthly = BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly;
    assert_eq!(loan.breathing_period_type, Some(monthly));
    assert_eq!(loan.breathing_period_count, Some(3));
    assert!(!loan.created_offline);
    assert_eq!((loan.settled_date, loan.canceled_date), (None, None));

    let days: Vec<String> = loan
        .installments
        .iter()
        .map(|installment| installment.due_date.unwrap().to_string())
        .collect();
    // Principal 7085, 2 % of it are 141: 7226 in six parts.
    assert_eq!(amounts(&loan), [1_204, 1_204, 1_204, 1_204, 1_204, 1_206]);
    assert_eq!(days[0], "1399/06/13 00:00:00");
    assert_eq!(days[5], "1399/11/13 00:00:00");
    for (index, installment) in loan.installments.iter().enumerate() {
        assert_eq!(installment.installment_id as usize, index + 1);
        assert_eq!(installment.remain_amount, installment.amount);
        assert_eq!(installment.related_invoices, []);
    }
    let settlements: Vec<_> = loan
        .pre_settlements
        .iter()
        .map(|settlement| {
            (settlement.pre_settlement_id, settlement.paid_installment_count, settlement.amount.0)
        })
        .collect();
    let expected = [(1, 0, 7_226), (2, 1, 6_022), (3, 2, 4_818), (4, 3, 3_614), (5, 4, 2_410)];
    assert_eq!(settlements[..5], expected);
    assert_eq!(settlements[5], (6, 5, 1_206));

    let plan = loan.plan.as_ref().unwrap();
    assert_eq!((plan.id, plan.name.as_deref(), plan.interest_rate), (61, Some("six"), Some(2.0)));
    let contract = loan.contract.as_ref().unwrap();
    assert_eq!((contract.id, contract.name.as_deref()), (5, Some("Instalments")));
    assert_eq!(contract.guarantor, Some(LoanGuarantor::LoanGuarantorNoGuarantor));
    assert_eq!(contract.loan_grantor_ceiling, Some(Rial(50_000)));
    assert_eq!(contract.commission_rate, Some(2.0));
    assert_eq!(contract.end_date.unwrap().to_string(), "1400/12/29 00:00:00");
    assert_eq!(contract.max_breathing_period_count, Some(3));
    assert!(contract.active && contract.all_businesses_permitted);
    let grantor = contract.grantor.as_ref().unwrap();
    assert_eq!((grantor.id, grantor.business.as_ref().unwrap().id), (2, 2));
    let guild = SupplyAmountType::SupplyLoanAmountTypeGuild;
    assert_eq!(grantor.supply_amount_type_code, Some(guild));
    assert_eq!(grantor.supply_amount_value.as_deref(), Some("BANK_GUILD"));
    assert_eq!(grantor.guild.as_ref().unwrap().code, "BANK_GUILD");
}

#[tokio::test]
async fn asking_again_answers_the_same_loan() {
    let world = LoanWorld::start().await;
    let first = world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    assert_eq!(world.call("shop", &loan(101, 5, 61, 585)).await.unwrap(), first);
    assert_eq!(world.call("shop", &loan(101, 6, 64, 1)).await.unwrap(), first);
    let down_payment = world.newest_invoice("sara").await.id;
    assert!(world.call("sara", &pay(down_payment)).await.unwrap());
    let again = world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    assert_eq!((again.id, again.active), (first.id, true));
    assert_eq!(world.balances([SUPPLY]).await, [50_000 - 6_500 + 1_105]);
    assert_eq!(world.refused("mill", &loan(101, 5, 61, 585)).await, Kind::NoPermission);
}

#[tokio::test]
async fn what_the_rules_do_not_allow_is_refused() {
    let world = LoanWorld::start().await;
    for (caller, request, kind) in [
        ("shop", loan(999, 5, 61, 0), Kind::NotFound),
        ("shop", loan(101, 999, 61, 0), Kind::NotFound),
        ("shop", loan(101, 5, 999, 0), Kind::NotFound),
        // A plan of another contract, and one that cannot be chosen any more.
        ("shop", loan(101, 5, 64, 0), Kind::NotFound),
        ("shop", loan(101, 5, 63, 0), Kind::BadParameters),
        ("sara", loan(101, 5, 61, 0), Kind::InvalidToken),
        ("bank", loan(101, 5, 61, 0), Kind::NoPermission),
        ("shop", loan(108, 5, 61, 0), Kind::InvoiceIsCanceled),
        ("shop", loan(104, 5, 61, 0), Kind::BadParameters),
        // Not a member; another shop's contract; a contract that has ended.
        ("shop", loan(105, 8, 66, 0), Kind::NoPermission),
        ("shop", loan(101, 8, 66, 0), Kind::NoPermission),
        ("shop", loan(101, 7, 65, 0), Kind::BadParameters),
        // More than the customer's credit, and more than there is to lend.
        ("shop", loan(109, 5, 61, 0), Kind::InsufficientFunds),
        ("shop", loan(109, 6, 64, 0), Kind::InsufficientFunds),
        ("shop", loan(101, 5, 61, 7_085), Kind::BadParameters),
        ("shop", loan(101, 5, 61, u64::MAX), Kind::BadParameters),
        // Nothing is left for six instalments.
        ("shop", loan(101, 5, 61, 7_084), Kind::BadParameters),
    ] {
        assert_eq!(world.refused(caller, &request).await, kind, "{caller} {request:?}");
    }
    let without_plan = PayInvoiceByLoanRequest { plan_id: None, ..loan(101, 9, 0, 0) };
    assert_eq!(world.refused("shop", &without_plan).await, Kind::BadParameters);
    for (unit, count) in [(None, Some(4)), (Some("LOAN_PLAN_BREATHING_PERIOD_TYPE_DAILY"), Some(1))]
    {
        let request = PayInvoiceByLoanRequest {
            breathing_period_type: unit.map(BreathingPeriodType::from_code),
            breathing_period_count: count,
            ..loan(101, 5, 61, 0)
        };
        assert_eq!(world.refused("shop", &request).await, Kind::BadParameters, "{unit:?}");
    }
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
}

#[tokio::test]
async fn a_credit_is_for_all_loans_that_are_not_paid_back() {
    let world = LoanWorld::start().await;
    // Reza may borrow 8000 under the contract; what is only asked for counts, too.
    world.call("shop", &loan(105, 5, 62, 0)).await.unwrap();
    let Error::Platform(error) = world.call("shop", &loan(106, 5, 62, 0)).await.unwrap_err() else {
        panic!("not refused by the platform");
    };
    assert_eq!(error.kind, Kind::InsufficientFunds);
    assert!(error.message.contains("2000 of 3000"), "{}", error.message);
    // The mill's own business may ask, since the invoice was issued for it.
    world.call("mill", &loan(107, 5, 62, 0)).await.unwrap();
    assert!(world.call("shop", &cancel(105)).await.unwrap());
    world.call("shop", &loan(106, 5, 62, 0)).await.unwrap();
}

#[tokio::test]
async fn the_only_plan_needs_no_choice() {
    let world = LoanWorld::start().await;
    let request = PayInvoiceByLoanRequest { plan_id: None, ..loan(101, 6, 0, 85) };
    let loan = world.call("shop", &request).await.unwrap();
    assert_eq!(loan.plan.unwrap().id, 64);
    assert_eq!(loan.status_code, LoanStatus::LoanStatusCreated);
}

#[tokio::test]
async fn the_customer_chooses_among_several_plans() {
    let world = LoanWorld::start().await;
    let request = PayInvoiceByLoanRequest { plan_id: None, ..loan(101, 5, 0, 85) };
    let asked = world.call("shop", &request).await.unwrap();
    assert_eq!(asked.status_code, LoanStatus::LoanStatusWaitingToCreate);
    assert!(asked.created_offline && !asked.active);
    assert_eq!((asked.plan, asked.installments), (None, vec![]));
    assert_eq!(asked.total_amount, Rial(7_000));
    let sms = world.emulator.sms().await.unwrap().pop().unwrap();
    assert_eq!(sms.cellphone_number, "09120000040");
    assert!(sms.text.contains("61: six") && sms.text.contains("62: three"), "{}", sms.text);

    assert_eq!(world.refused("reza", &change(asked.id, 61)).await, Kind::NotFound);
    assert_eq!(world.refused("sara", &change(asked.id, 63)).await, Kind::BadParameters);
    let chosen = world.call("sara", &change(asked.id, 62)).await.unwrap();
    assert_eq!(chosen.status_code, LoanStatus::LoanStatusCreated);
    assert_eq!(amounts(&chosen), [2_333, 2_333, 2_334]);
    // The choice is not the change that everybody has once.
    let changed = world.call("sara", &change(asked.id, 61)).await.unwrap();
    assert_eq!(changed.total_amount, Rial(7_140));
    assert_eq!(world.refused("sara", &change(asked.id, 62)).await, Kind::NoPermission);

    let down_payment = world.newest_invoice("sara").await;
    assert_eq!(down_payment.payable_amount, Rial(85));
    assert!(world.call("sara", &pay(down_payment.id)).await.unwrap());
    assert!(world.loan(asked.id).await.active);
}

#[tokio::test]
async fn who_does_not_choose_within_a_day_gets_no_loan() {
    let world = LoanWorld::start().await;
    let request = PayInvoiceByLoanRequest { plan_id: None, ..loan(101, 5, 0, 0) };
    let asked = world.call("shop", &request).await.unwrap();
    world.set_clock("1399/03/14 09:59:59");
    assert_eq!(world.loan(asked.id).await.status_code, LoanStatus::LoanStatusWaitingToCreate);
    world.set_clock("1399/03/14 10:00:00");
    let canceled = world.loan(asked.id).await;
    assert_eq!(canceled.status_code, LoanStatus::LoanStatusCanceled);
    assert_eq!(canceled.canceled_date.unwrap().to_string(), "1399/03/14 10:00:00");
    assert_eq!(world.refused("sara", &change(asked.id, 61)).await, Kind::NoPermission);
    // The invoice is free for another loan.
    let other = world.call("shop", &loan(101, 5, 61, 0)).await.unwrap();
    assert_ne!(other.id, asked.id);
}

#[tokio::test]
async fn a_plan_is_changed_once_and_before_the_first_instalment_is_paid() {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { breathing_period_count: Some(1), ..loan(101, 5, 61, 85) };
    let taken = world.taken("sara", &request).await;
    world.set_clock("1399/03/20 10:00:00");
    assert_eq!(world.refused("sara", &change(taken.id, 61)).await, Kind::BadParameters);
    assert_eq!(world.refused("sara", &change(taken.id, 64)).await, Kind::NotFound);
    assert_eq!(world.refused("sara", &change(99, 62)).await, Kind::NotFound);
    let changed = world.call("sara", &change(taken.id, 62)).await.unwrap();
    assert_eq!(amounts(&changed), [2_333, 2_333, 2_334]);
    let first = &changed.installments[0];
    assert_eq!(first.due_date.unwrap().to_string(), "1399/04/13 00:00:00");
    assert_eq!(first.installment_id, 1);
    assert_eq!(world.refused("sara", &change(taken.id, 61)).await, Kind::NoPermission);
    // What was replaced is shown to who asks for it, and never paid.
    let deleted = InstallmentStatus::InstallmentStatusDeleted;
    let replaced = world.installments(taken.id, Some(deleted)).await;
    let replaced: Vec<u64> = replaced.iter().map(|installment| installment.amount.0).collect();
    assert_eq!(replaced, amounts(&taken));
    assert_eq!(world.installments(taken.id, None).await, changed.installments);
    world.set_clock("1399/04/13 00:00:00");
    assert_eq!(world.balances([WALLET]).await, [20_000 - 85 - 2_333]);

    let other = world.taken("sara", &loan(102, 5, 61, 10)).await;
    let paid = world.loan(other.id).await;
    assert_eq!(*statuses(&paid)[0], InstallmentStatus::InstallmentStatusDone);
    assert_eq!(world.refused("sara", &change(other.id, 62)).await, Kind::NoPermission);
}

#[tokio::test]
async fn a_change_takes_an_overdue_instalments_invoice_back() {
    let world = LoanWorld::start().await;
    // Reza has no money: his first instalment stays open.
    let taken = world.helped(&loan(105, 5, 61, 100)).await;
    let open = taken.installments[0].related_invoices[0].clone();
    assert!(!open.payed && !open.canceled);
    world.call("reza", &change(taken.id, 62)).await.unwrap();
    assert!(world.invoice(open.id).await.canceled);
    let changed = world.loan(taken.id).await;
    assert_eq!(changed.installments[0].related_invoices.len(), 1);
    assert_ne!(changed.installments[0].related_invoices[0].id, open.id);
}

#[tokio::test]
async fn a_down_payment_is_paid_while_the_contract_still_covers_the_loan() {
    let world = LoanWorld::start().await;
    world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    let down_payment = world.newest_invoice("sara").await.id;
    world.set_clock("1401/01/01 10:00:00");
    assert_eq!(world.refused("sara", &pay(down_payment)).await, Kind::BadParameters);
    assert_eq!(world.balances([WALLET, SUPPLY]).await, [20_000, 50_000]);
    assert!(!world.invoice(down_payment).await.payed);
}

#[tokio::test]
async fn a_loan_is_not_paid_by_a_loan() {
    let world = LoanWorld::start().await;
    world.call("shop", &loan(101, 5, 61, 585)).await.unwrap();
    let down_payment = world.newest_invoice("sara").await.id;
    let request = loan(down_payment, 5, 62, 0);
    assert_eq!(world.refused("shop", &request).await, Kind::PaymentNotAllowed);
}

#[tokio::test]
async fn the_wire_is_a_get_with_pods_names() {
    let world = LoanWorld::start().await;
    let url = format!(
        "{}/nzh/payInvoiceByLoan?invoiceId=101&contractId=5&planId=61&primaryAmount=585",
        world.emulator.platform_url()
    );
    let response = http().get(url).header("_token_", "shop").header("_token_issuer_", "1");
    let text = response.send().await.unwrap().text().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["result"]["statusCode"], "LOAN_STATUS_CREATED");
    assert_eq!(answer["result"]["installments"][0]["status"], "INSTALLMENT_STATUS_CREATED");
    assert_eq!(answer["result"]["uniqueNumber"], "loan-1");
}

/// Sara, or Reza, texts something.
async fn text(world: &LoanWorld, from: &str, text: &str) -> (u16, serde_json::Value) {
    let body = serde_json::json!({"from": from, "text": text}).to_string();
    tell(&world.emulator, "/emulator/sms", &body).await
}

const SARA: &str = "09120000040";

#[tokio::test]
async fn p4_a_plan_is_chosen_by_sms_and_changed_once() {
    let world = LoanWorld::start().await;
    let request = PayInvoiceByLoanRequest { plan_id: None, ..loan(101, 5, 0, 85) };
    let asked = world.call("shop", &request).await.unwrap().id;
    let sms = world.emulator.sms().await.unwrap().pop().unwrap();
    assert!(sms.text.contains("61: six") && sms.text.contains("پیامک کنید"), "{}", sms.text);
    // Not a plan that cannot be chosen, and not for somebody else.
    for (from, plan) in [(SARA, "63"), (SARA, "64"), (SARA, "x"), ("09120000050", "62")] {
        assert_eq!(text(&world, from, plan).await.0, 400, "{from}: {plan}");
    }
    assert_eq!(
        text(&world, SARA, " ۶۲ ").await,
        (200, serde_json::json!({"loanId": asked, "planId": 62}))
    );
    let chosen = world.loan(asked).await;
    assert_eq!(chosen.status_code, LoanStatus::LoanStatusCreated);
    assert_eq!(amounts(&chosen), [2_333, 2_333, 2_334]);
    assert_eq!(text(&world, SARA, "62").await.0, 400, "it has that plan");
    assert_eq!(text(&world, SARA, "61").await.0, 200);
    assert_eq!(world.loan(asked).await.total_amount, Rial(7_140));
    assert_eq!(text(&world, SARA, "62").await.0, 400, "a plan is changed once");
    let deeds = world.emulator.deeds().await.unwrap();
    let last = deeds.last().unwrap();
    assert_eq!((last.service.as_str(), last.user_id), ("smsPlan", 40));
}

#[tokio::test]
async fn p4_no_plan_is_changed_by_sms_after_the_first_instalment() {
    let world = LoanWorld::start().await;
    let taken = world.taken("sara", &loan(102, 5, 61, 10)).await;
    assert_eq!(*statuses(&world.loan(taken.id).await)[0], InstallmentStatus::InstallmentStatusDone);
    assert_eq!(text(&world, SARA, "62").await.0, 400);
    assert_eq!(text(&world, SARA, &format!("{} 62", taken.id)).await.0, 400);
}

#[tokio::test]
async fn p4_where_two_loans_may_be_meant_the_text_names_one() {
    let world = LoanWorld::start().await;
    let mut asked = Vec::new();
    for invoice in [101, 102] {
        let request = PayInvoiceByLoanRequest { plan_id: None, ..loan(invoice, 5, 0, 0) };
        asked.push(world.call("shop", &request).await.unwrap().id);
    }
    let (status, answer) = text(&world, SARA, "62").await;
    let error = answer["error"].as_str().unwrap();
    let both = format!("`{} 62` or `{} 62`", asked[0], asked[1]);
    assert!(status == 400 && error.contains(&both), "{error}");
    assert_eq!(text(&world, SARA, &format!("{} 62", asked[1])).await.0, 200);
    assert_eq!(world.loan(asked[0]).await.status_code, LoanStatus::LoanStatusWaitingToCreate);
    assert_eq!(world.loan(asked[1]).await.status_code, LoanStatus::LoanStatusCreated);
    // Of the two, only one still waits for its plan.
    assert_eq!(
        text(&world, SARA, "61").await.1,
        serde_json::json!({"loanId": asked[0], "planId": 61})
    );
}
