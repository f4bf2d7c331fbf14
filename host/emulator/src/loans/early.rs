//! Settlement before its time (S4): the customer pays back at once what is left of a loan, by an
//! invoice of its own.

use pod_platform::{
    loans::{InstallmentStatus, LoanStatus},
    types::PlatformErrorKind as Kind,
};

use super::{
    contract::Contract,
    ending,
    loan::{Installment, Loan},
};
use crate::{
    invoice::{Record, issue},
    ledger::rials,
    payment,
    service::{Context, Refusal},
};

const SERVICE: &str = "preSettlement";

/// What a customer would pay now to settle a loan; none, if it cannot be settled.
pub(crate) async fn rest(context: &mut Context<'_>, loan: &Loan) -> Result<Option<i64>, Refusal> {
    let installments = loan.installments(context.connection).await?;
    let open = installments.iter().filter(|installment| installment.is_open());
    let open = open.map(|installment| rials(installment.amount));
    let rest = loan.facts(context.connection).await?.rest(open);
    Ok(rest.map(|rest| rest.0.cast_signed()))
}

/// The invoice by which the caller settles its loan: the one that it asked for already, or a new one.
pub(crate) async fn invoice(context: &mut Context<'_>, loan: u64) -> Result<Record, Refusal> {
    let loan = Loan::find(context.connection, loan).await?;
    let own = loan.filter(|loan| loan.user_id == context.caller.user_id);
    let mut loan = own.ok_or(Kind::NotFound)?;
    let rest = rest(context, &loan).await?.ok_or(Kind::NoPermission)?;
    if let Some(id) = loan.pre_settlement_invoice_id {
        let asked_for = Record::find(context.connection, id.unsigned_abs()).await?;
        return Ok(asked_for.ok_or(Kind::InvoiceNotFound)?);
    }
    let contract = Contract::of(context, &loan).await?;
    let description = format!("بابت تسویه زودتر از موعد تسهیلات شماره {}", loan.id);
    let Contract { business_id, guild_code, .. } = contract;
    let invoice = issue(context, business_id, &guild_code, loan.user_id, rest, description).await?;
    loan.pre_settlement_invoice_id = Some(invoice.id);
    loan.save(context.connection).await?;
    Ok(invoice)
}

/// It is paid: the money goes back to the contract, and nothing is owed any more.
pub(super) async fn settle(
    context: &mut Context<'_>,
    loan: &mut Loan,
    invoice: &mut Record,
) -> Result<(), Refusal> {
    let contract = Contract::of(context, loan).await?;
    payment::release(context, invoice, SERVICE, contract.supply()).await?;
    invoice.closed = true;
    invoice.save(context.connection).await?;
    for installment in loan.installments(context.connection).await? {
        let settled = InstallmentStatus::InstallmentStatusPreSettled;
        ending::drop_installment(context, installment, &settled).await?;
    }
    loan.status = LoanStatus::LoanStatusDone.code().to_owned();
    loan.settled_at = Some(context.millis());
    loan.save(context.connection).await?;
    Ok(())
}

/// What is left of a loan has changed: an invoice for what was left before is not paid any more.
pub(super) async fn withdraw(context: &mut Context<'_>, loan: &mut Loan) -> Result<(), Refusal> {
    let Some(invoice) = loan.pre_settlement_invoice_id.take() else { return Ok(()) };
    loan.save(context.connection).await?;
    ending::withdraw(context, invoice).await
}

/// Was an instalment paid, on its day or before?
pub(super) fn is_paid(installment: &Installment) -> bool {
    installment.is(&InstallmentStatus::InstallmentStatusDone)
        || installment.is(&InstallmentStatus::InstallmentStatusPreSettled)
}
