//! How a loan comes about: it is asked for, its plan is chosen, it becomes active.

use pod_platform::{
    Service,
    loans::{BreathingPeriodType, InstallmentStatus, LoanStatus, PayInvoiceByLoanRequest},
    rules::loan::Application,
    types::PlatformErrorKind as Kind,
};
use sqlx::{SqliteConnection, query};

use super::{
    DAY,
    contract::{Contract, Plan},
    early, ending,
    loan::{Installment, Loan, Role},
    repayment,
};
use crate::{
    due::{self, Event},
    invoice::{Record, instant, issue},
    ledger::{self, Account, Move, rials},
    payment::{self, Payment, Source},
    record,
    service::{Context, Refusal, stored},
    sms,
};

const SERVICE: &str = PayInvoiceByLoanRequest::ROW.name;

/// Makes a loan that is to pay an invoice.
pub(crate) async fn begin(
    context: &mut Context<'_>,
    invoice: &Record,
    request: &PayInvoiceByLoanRequest,
) -> Result<Loan, Refusal> {
    invoice.must_be_payable(context.now)?;
    // A loan is not paid by a loan.
    if Role::of(context.connection, invoice.id).await?.is_some() {
        return Err(Kind::PaymentNotAllowed.into());
    }
    let contract = Contract::named(context, request.contract_id).await?;
    let user_id = invoice
        .user_id
        .ok_or_else(|| Refusal::argument("invoiceId", "an invoice that was issued for a user"))?;
    if !contract.permits(invoice.business_id)? {
        return Err(Kind::NoPermission.into());
    }
    let down_payment = request.primary_amount.unwrap_or_default();
    let primary_amount = stored("primaryAmount", down_payment.0)?;
    let payable = rials(invoice.payable());
    let application = Application { payable, down_payment, breathing: 0 };
    let principal = application.principal().ok_or_else(|| {
        Refusal::argument("primaryAmount", format!("less than the invoice's {} rials", payable.0))
    })?;
    let principal = principal.0.cast_signed();
    let mut loan = Loan {
        id: record::next_id(context.connection, "loans").await?,
        contract_id: contract.id,
        user_id,
        subject_invoice_id: invoice.id,
        principal,
        primary_amount,
        // Without a plan nobody knows the interest; this much is owed in any case.
        total_amount: principal,
        breathing_period_count: breathing(request)?,
        assurance_number: request.assurance_number.clone(),
        created_at: context.millis(),
        ..Loan::default()
    };
    contract.must_cover(context, &loan).await?;

    let plan = match request.plan_id {
        Some(id) => Some(contract.plan(context, id).await?),
        None => {
            let mut plans = contract.active_plans(context.connection).await?;
            match plans.len() {
                0 if context.fork.is_some() && !contract.has_plans(context.connection).await? => {
                    ask_for_plan(context, &mut loan, &plans).await?;
                    None
                }
                0 => return Err(Refusal::argument("contractId", "a contract with an active plan")),
                1 => plans.pop(),
                _ => {
                    ask_for_plan(context, &mut loan, &plans).await?;
                    None
                }
            }
        }
    };
    if let Some(plan) = plan {
        follow(context, &mut loan, &plan).await?;
        ask_for_down_payment(context, &mut loan, invoice).await?;
    }
    Ok(loan)
}

/// The months before the first instalment.
fn breathing(request: &PayInvoiceByLoanRequest) -> Result<Option<i64>, Refusal> {
    match &request.breathing_period_type {
        None | Some(BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly) => {}
        Some(BreathingPeriodType::Other(_)) => {
            let monthly = BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly;
            return Err(Refusal::argument("breathingPeriodType", monthly.code()));
        }
    }
    Ok(request.breathing_period_count.map(i64::from))
}

/// The customer has a day to choose one of several plans.
async fn ask_for_plan(
    context: &mut Context<'_>,
    loan: &mut Loan,
    plans: &[Plan],
) -> Result<(), Refusal> {
    loan.status = LoanStatus::LoanStatusWaitingToCreate.code().to_owned();
    loan.created_offline = true;
    loan.save(context.connection).await?;
    let at = context.after(DAY);
    due::schedule(context.connection, at, Event::LoanAnswerTimeOut, loan.id).await?;
    // Who has no number can still choose by the service.
    if let Some(number) = context.parties.cellphone_number(loan.user_id) {
        let mut text = format!(
            "*سرزمین هوشمند پاد*\nبرای پرداخت فاکتور شماره {} با تسهیلات شماره {}، ظرف یک روز یکی \
             از طرح‌های زیر را انتخاب نمایید و شماره آن را به همین شماره پیامک کنید.",
            loan.subject_invoice_id, loan.id
        );
        for plan in plans {
            text.push_str(&format!("\n{}: {}", plan.id, plan.name));
        }
        sms::send(context, SERVICE, &number, &text).await?;
    }
    Ok(())
}

/// Gives a loan its plan, and the instalments that follow from it.
async fn follow(context: &mut Context<'_>, loan: &mut Loan, plan: &Plan) -> Result<(), Refusal> {
    let parts = plan.schedule(loan)?;
    loan.status = LoanStatus::LoanStatusCreated.code().to_owned();
    loan.plan_id = Some(plan.id);
    loan.total_amount = parts.iter().map(|part| part.amount).sum();
    if parts.is_empty() {
        context.assumes("loan-without-interest");
        loan.total_amount = loan.principal;
    }
    loan.save(context.connection).await?;
    for (number, part) in (1..).zip(parts) {
        let installment = Installment {
            id: record::next_id(context.connection, "installments").await?,
            loan_id: loan.id,
            number,
            amount: part.amount,
            due_at: part.due_at,
            status: InstallmentStatus::InstallmentStatusCreated.code().to_owned(),
            invoice_id: None,
        };
        installment.save(context.connection).await?;
    }
    Ok(())
}

/// The down payment is an invoice of the shop's own. Without one, the customer confirms the loan.
async fn ask_for_down_payment(
    context: &mut Context<'_>,
    loan: &mut Loan,
    subject: &Record,
) -> Result<(), Refusal> {
    if loan.primary_amount > 0 {
        let description = format!("بابت پیش پرداخت تسهیلات شماره {}", loan.id);
        let Record { business_id, guild_code, .. } = subject;
        let (user, amount) = (loan.user_id, loan.primary_amount);
        let invoice = issue(context, *business_id, guild_code, user, amount, description).await?;
        loan.pre_paid_invoice_id = Some(invoice.id);
        loan.save(context.connection).await?;
    }
    Ok(())
}

/// Gives a loan the plan that its customer has chosen: the first one, where the customer was asked,
/// and once another one before the first instalment is paid (S4).
pub(crate) async fn take_plan(
    context: &mut Context<'_>,
    loan: &mut Loan,
    plan: u64,
) -> Result<(), Refusal> {
    let contract = Contract::of(context, loan).await?;
    let plan = contract.plan(context, plan).await?;
    let subject = subject(context, loan).await?;
    if loan.is(&LoanStatus::LoanStatusWaitingToCreate) {
        follow(context, loan, &plan).await?;
        return ask_for_down_payment(context, loan, &subject).await;
    }
    if !loan.facts(context.connection).await?.may_change_plan() {
        return Err(Kind::NoPermission.into());
    }
    if loan.plan_id == Some(plan.id) {
        return Err(Refusal::argument("planId", "another plan than the loan has"));
    }
    if loan.upstream.is_some() {
        // Whether it was changed before, a loan does not show.
        context.assumes("loan-plan-changes-once");
    }
    early::withdraw(context, loan).await?;
    for installment in loan.installments(context.connection).await? {
        let deleted = InstallmentStatus::InstallmentStatusDeleted;
        ending::drop_installment(context, installment, &deleted).await?;
    }
    loan.plan_changed = true;
    follow(context, loan, &plan).await?;
    if loan.active && subject.payed {
        repayment::begin(context, loan).await?;
    }
    Ok(())
}

/// The loan that would pay an invoice if its customer confirmed it at the gateway.
pub(crate) async fn pending_confirmation(
    connection: &mut SqliteConnection,
    invoice: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let loan = Loan::paying(connection, invoice).await?;
    Ok(loan.filter(waits_for_confirmation).map(|loan| loan.id))
}

fn waits_for_confirmation(loan: &Loan) -> bool {
    loan.is_pending() && loan.primary_amount == 0
}

/// The customer confirms a loan without a down payment at the gateway.
pub(crate) async fn confirm(context: &mut Context<'_>, loan: i64) -> Result<(), Refusal> {
    let loan = Loan::find(context.connection, loan.unsigned_abs()).await?;
    let mut loan = loan.ok_or(Kind::NotFound)?;
    if !waits_for_confirmation(&loan) || loan.user_id != context.caller.user_id {
        return Err(Kind::NoPermission.into());
    }
    activate(context, &mut loan, None).await
}

/// Pays the invoice: from the contract's money and, if there was one, the down payment. A refusal
/// changes nothing.
pub(super) async fn activate(
    context: &mut Context<'_>,
    loan: &mut Loan,
    down_payment: Option<&mut Record>,
) -> Result<(), Refusal> {
    let contract = Contract::of(context, loan).await?;
    let mut subject = subject(context, loan).await?;
    subject.must_be_payable(context.now)?;
    contract.must_cover(context, loan).await?;

    let (supply, to) = (contract.supply(), Account::Invoice { id: subject.id });
    let source = Source { account: supply.to_string(), rials: loan.principal };
    let mut moves = vec![Move { from: supply, to: to.clone(), rials: loan.principal }];
    let mut delegated = 0;
    if let Some(paid) = down_payment {
        let from = Account::Invoice { id: paid.id };
        let rials = from.balance(context.connection).await?;
        moves.push(Move { from, to, rials });
        delegated = paid.delegated;
        hand_over(context, paid, &mut subject).await?;
    }
    ledger::post(context.connection, context.now, SERVICE, context.reference, &moves).await?;
    payment::remember_sources(context.connection, subject.id, &[source]).await?;
    loan.active = true;
    loan.save(context.connection).await?;
    let payment = Payment {
        delegated,
        payer: Some(loan.user_id),
        wallet: Some(contract.clear_installment_tool),
        // What S4 shows of an invoice that a loan paid.
        tool: Some(payment::ONLINE_CREDIT),
        ..Payment::default()
    };
    // The invoice's payment is told to the loans again, hence the box.
    Box::pin(payment::mark_paid(context, &mut subject, payment)).await
}

/// A down payment's invoice is done: where its money came from is remembered with the invoice that
/// it pays now, so that it finds its way back.
async fn hand_over(
    context: &mut Context<'_>,
    paid: &mut Record,
    subject: &mut Record,
) -> Result<(), Refusal> {
    query("UPDATE payment_sources SET invoice_id = ? WHERE invoice_id = ?")
        .bind(subject.id)
        .bind(paid.id)
        .execute(&mut *context.connection)
        .await?;
    if paid.will_be_blocked {
        query("UPDATE invoices SET will_blocked_for = ? WHERE will_blocked_for = ?")
            .bind(subject.id)
            .bind(paid.id)
            .execute(&mut *context.connection)
            .await?;
        subject.will_be_blocked = true;
    }
    if let Some(at) = paid.settles_at.take() {
        payment::await_settlement(context, subject, instant(at)).await?;
    }
    paid.closed = true;
    paid.save(context.connection).await?;
    Ok(())
}

/// The invoice that a loan pays.
async fn subject(context: &mut Context<'_>, loan: &Loan) -> Result<Record, Refusal> {
    let id = loan.subject_invoice_id.unsigned_abs();
    Ok(Record::find(context.connection, id).await?.ok_or(Kind::InvoiceNotFound)?)
}
