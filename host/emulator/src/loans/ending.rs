//! How a loan ends without being paid back: it is not wanted any more, not answered, or its shop
//! does not stand by the invoice.

use pod_platform::{
    loans::{InstallmentStatus, LoanStatus},
    types::PlatformErrorKind as Kind,
};

use super::{
    early,
    loan::{Installment, Loan, Role},
};
use crate::{
    invoice::Record,
    payment,
    service::{Context, Refusal},
};

const SERVICE: &str = "loanCancellation";

/// Cancels a loan, with everything that has not been paid of it.
pub(super) async fn cancel(context: &mut Context<'_>, loan: &mut Loan) -> Result<(), Refusal> {
    loan.status = LoanStatus::LoanStatusCanceled.code().to_owned();
    loan.active = false;
    loan.canceled_at = Some(context.millis());
    loan.save(context.connection).await?;
    for installment in loan.installments(context.connection).await? {
        let canceled = InstallmentStatus::InstallmentStatusCanceled;
        drop_installment(context, installment, &canceled).await?;
    }
    early::withdraw(context, loan).await?;
    match loan.pre_paid_invoice_id {
        Some(invoice) => withdraw(context, invoice).await,
        None => Ok(()),
    }
}

/// Ends an instalment that has not been paid, and its invoice with it.
pub(super) async fn drop_installment(
    context: &mut Context<'_>,
    mut installment: Installment,
    status: &InstallmentStatus,
) -> Result<(), Refusal> {
    if !installment.is_open() {
        return Ok(());
    }
    installment.status = status.code().to_owned();
    installment.save(context.connection).await?;
    match installment.invoice_id {
        Some(invoice) => withdraw(context, invoice).await,
        None => Ok(()),
    }
}

/// Cancels an invoice of the loan's own, unless its money has been used.
pub(super) async fn withdraw(context: &mut Context<'_>, invoice: i64) -> Result<(), Refusal> {
    match Record::find(context.connection, invoice.unsigned_abs()).await? {
        Some(mut invoice) if !invoice.canceled && !invoice.closed => {
            payment::cancel(context, &mut invoice, SERVICE).await
        }
        _ => Ok(()),
    }
}

/// An invoice is about to be cancelled. If a loan paid it, that is possible while no instalment is
/// paid; an instalment is not for its issuer to forgive in this way.
pub(crate) async fn subject_canceled(
    context: &mut Context<'_>,
    invoice: &Record,
) -> Result<(), Refusal> {
    match Role::of(context.connection, invoice.id).await? {
        Some(Role::Subject(mut loan)) => {
            if loan.installments(context.connection).await?.iter().any(early::is_paid) {
                return Err(Kind::NoPermission.into());
            }
            cancel(context, &mut loan).await
        }
        Some(Role::DownPayment(mut loan)) if loan.is_pending() => cancel(context, &mut loan).await,
        // Its customer asked for it, and can ask again.
        Some(Role::EarlySettlement(mut loan)) => {
            loan.pre_settlement_invoice_id = None;
            Ok(loan.save(context.connection).await?)
        }
        Some(Role::Installment(_)) => Err(Kind::NoPermission.into()),
        Some(Role::DownPayment(_)) | None => Ok(()),
    }
}

/// An invoice is about to be reduced. A loan is made for the whole of an invoice: one that has not
/// paid it yet is cancelled, one that has forbids it, and a loan's own invoices stay as they are.
pub(crate) async fn subject_reduced(
    context: &mut Context<'_>,
    invoice: &Record,
) -> Result<(), Refusal> {
    match Role::of(context.connection, invoice.id).await? {
        None => Ok(()),
        Some(Role::Subject(mut loan)) if !loan.active => cancel(context, &mut loan).await,
        Some(_) => Err(Kind::NoPermission.into()),
    }
}

/// An invoice's payment was not verified in time: if a loan paid it, the loan is cancelled (S4).
pub(crate) async fn subject_unverified(
    context: &mut Context<'_>,
    invoice: &Record,
) -> Result<(), Refusal> {
    match Loan::paying(context.connection, invoice.id).await? {
        Some(mut loan) if loan.active => cancel(context, &mut loan).await,
        _ => Ok(()),
    }
}

/// The customer did not choose a plan within a day.
pub(crate) async fn answer_timed_out(context: &mut Context<'_>, loan: i64) -> Result<(), Refusal> {
    match Loan::find(context.connection, loan.unsigned_abs()).await? {
        Some(mut loan) if loan.is(&LoanStatus::LoanStatusWaitingToCreate) => {
            cancel(context, &mut loan).await
        }
        _ => Ok(()),
    }
}
