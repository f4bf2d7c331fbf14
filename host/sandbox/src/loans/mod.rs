//! Loans: how they become active, and how they are paid back.

use crate::{
    invoice::Record,
    service::{Context, Refusal},
};

/// An invoice is paid: it may be a loan's down payment, or an instalment.
pub(crate) async fn invoice_paid(
    _context: &mut Context<'_>,
    _invoice: &mut Record,
) -> Result<(), Refusal> {
    Ok(())
}

/// An invoice is about to be cancelled: it may have been paid by a loan.
pub(crate) async fn subject_canceled(
    _context: &mut Context<'_>,
    _invoice: &Record,
) -> Result<(), Refusal> {
    Ok(())
}

/// An invoice's payment was not verified in time: if a loan paid it, the loan is cancelled.
pub(crate) async fn subject_unverified(
    _context: &mut Context<'_>,
    _invoice: &Record,
) -> Result<(), Refusal> {
    Ok(())
}

/// The customer did not choose a plan within a day.
pub(crate) async fn answer_timed_out(
    _context: &mut Context<'_>,
    _loan: i64,
) -> Result<(), Refusal> {
    Ok(())
}

/// An instalment's day has come.
pub(crate) async fn installment_due(
    _context: &mut Context<'_>,
    _installment: i64,
) -> Result<(), Refusal> {
    Ok(())
}

/// The guarantor pays an instalment.
pub(crate) async fn bank_settles(
    _context: &mut Context<'_>,
    _installment: i64,
) -> Result<(), Refusal> {
    Ok(())
}
