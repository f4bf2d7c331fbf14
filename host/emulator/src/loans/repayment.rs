//! How a loan is paid back: each instalment is an invoice of its own on its day.

use pod_platform::{
    loans::{InstallmentStatus, LoanStatus},
    rules::repayment::{Attempt, attempt},
    types::PlatformErrorKind as Kind,
};

use super::{
    DAY,
    contract::Contract,
    early,
    loan::{Installment, Loan},
};
use crate::{
    due::{self, Event},
    invoice::{Record, instant, issue},
    ledger::Account,
    payment::{self, Delegations, Payment, Source},
    service::{Context, Refusal},
};

const SERVICE: &str = "installment";
const BANK_SETTLEMENT: &str = "bankSettlement";

/// The loan's payment is final: its instalments become due from now on, the overdue ones at once.
pub(super) async fn begin(context: &mut Context<'_>, loan: &Loan) -> Result<(), Refusal> {
    for installment in loan.installments(context.connection).await? {
        let at = instant(installment.due_at).max(context.now);
        due::schedule(context.connection, at, Event::Installment, installment.id).await?;
    }
    Ok(())
}

/// An instalment's day has come, or it is tried again.
pub(crate) async fn installment_due(context: &mut Context<'_>, id: i64) -> Result<(), Refusal> {
    let created = InstallmentStatus::InstallmentStatusCreated;
    let Some((mut installment, loan)) = find(context, id, &created).await? else {
        return Ok(());
    };
    let contract = Contract::of(context, &loan).await?;
    let mut invoice = match installment.invoice_id {
        Some(invoice) => billed(context, invoice).await?,
        None => bill(context, &mut installment, &loan, &contract).await?,
    };
    let is_payable = invoice.must_be_payable(context.now).is_ok();
    let paying = match is_payable {
        false => None,
        true => from_wallet(context, &loan, &contract, &invoice).await?,
    };
    let at = context.after(DAY);
    match (attempt(is_payable, paying.is_some(), contract.has_guarantor()), paying) {
        (Attempt::Wallet, Some(paying)) => {
            payment::pay(context, &mut invoice, SERVICE, paying).await
        }
        (Attempt::Guarantor, _) => {
            let waiting = InstallmentStatus::InstallmentStatusWaitingForBankSettlement;
            installment.status = waiting.code().to_owned();
            installment.save(context.connection).await?;
            Ok(due::schedule(context.connection, at, Event::BankSettlement, id).await?)
        }
        (Attempt::Wallet | Attempt::Later, _) => {
            Ok(due::schedule(context.connection, at, Event::Installment, id).await?)
        }
    }
}

/// How the customer's wallet would pay; none, if it does not hold enough.
async fn from_wallet(
    context: &mut Context<'_>,
    loan: &Loan,
    contract: &Contract,
    invoice: &Record,
) -> Result<Option<Payment>, Refusal> {
    let wallet = &contract.clear_installment_tool;
    let delegations = Delegations::default();
    match payment::by_credit(context, loan.user_id, invoice, wallet, &delegations).await {
        Ok(paying) => Ok(Some(paying)),
        Err(Refusal::Platform { kind: Kind::InsufficientFunds, .. }) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Issues an instalment's invoice, from the grantor for the customer.
async fn bill(
    context: &mut Context<'_>,
    installment: &mut Installment,
    loan: &Loan,
    contract: &Contract,
) -> Result<Record, Refusal> {
    let Installment { number, amount, .. } = *installment;
    let description = format!("بابت پرداخت قسط شماره {number} تسهیلات شماره {}", loan.id);
    let Contract { business_id, guild_code, .. } = contract;
    let invoice =
        issue(context, *business_id, guild_code, loan.user_id, amount, description).await?;
    installment.invoice_id = Some(invoice.id);
    installment.save(context.connection).await?;
    Ok(invoice)
}

/// The guarantor pays an instalment. Its money is a bank's, so it comes from outside.
pub(crate) async fn bank_settles(context: &mut Context<'_>, id: i64) -> Result<(), Refusal> {
    let waiting = InstallmentStatus::InstallmentStatusWaitingForBankSettlement;
    let Some((installment, _)) = find(context, id, &waiting).await? else {
        return Ok(());
    };
    let mut invoice = billed(context, installment.invoice_id.unwrap_or_default()).await?;
    if invoice.must_be_payable(context.now).is_err() {
        let at = context.after(DAY);
        return Ok(due::schedule(context.connection, at, Event::BankSettlement, id).await?);
    }
    let source = Source { account: Account::Outside.to_string(), rials: invoice.payable() };
    let paying = Payment { sources: vec![source], ..Payment::default() };
    payment::pay(context, &mut invoice, BANK_SETTLEMENT, paying).await
}

/// An instalment's invoice is paid, by whomever: its money goes back to the contract, which can
/// lend it again.
pub(super) async fn settle(
    context: &mut Context<'_>,
    mut installment: Installment,
    invoice: &mut Record,
) -> Result<(), Refusal> {
    let loan = Loan::find(context.connection, installment.loan_id.unsigned_abs()).await?;
    let mut loan = loan.ok_or(Kind::NotFound)?;
    let contract = Contract::of(context, &loan).await?;
    payment::release(context, invoice, SERVICE, contract.supply()).await?;
    invoice.closed = true;
    invoice.save(context.connection).await?;
    installment.status = InstallmentStatus::InstallmentStatusDone.code().to_owned();
    installment.save(context.connection).await?;
    early::withdraw(context, &mut loan).await?;
    if !loan.installments(context.connection).await?.iter().any(Installment::is_open) {
        loan.status = LoanStatus::LoanStatusDone.code().to_owned();
        loan.save(context.connection).await?;
    }
    Ok(())
}

/// An instalment and its loan, if both are still as they were when this was planned.
async fn find(
    context: &mut Context<'_>,
    id: i64,
    status: &InstallmentStatus,
) -> Result<Option<(Installment, Loan)>, sqlx::Error> {
    let installment = Installment::find(context.connection, id.unsigned_abs()).await?;
    let Some(installment) = installment.filter(|installment| installment.is(status)) else {
        return Ok(None);
    };
    let loan = Loan::find(context.connection, installment.loan_id.unsigned_abs()).await?;
    Ok(loan.map(|loan| (installment, loan)))
}

async fn billed(context: &mut Context<'_>, invoice: i64) -> Result<Record, Refusal> {
    let invoice = Record::find(context.connection, invoice.unsigned_abs()).await?;
    Ok(invoice.ok_or(Kind::InvoiceNotFound)?)
}
