//! Loans: a contract's grantor pays a customer's invoice, and the customer pays it back in
//! instalments.
//!
//! A loan is asked for by a shop, and is pending until its customer has chosen a plan and has paid
//! the down payment or, without one, has confirmed the loan at the gateway. Then it is active: the
//! contract's money pays the invoice. Its instalments begin when that payment is final; each is an
//! invoice of its own, whose money goes back to the contract.

mod columns;
mod contract;
mod early;
mod ending;
mod granting;
mod loan;
pub(crate) mod members;
mod offers;
mod repayment;
mod table;
mod texted;
mod view;

pub(crate) use columns::amount_in;
pub(crate) use contract::{Contract, Left, Part, Plan, left, remove_member, set_credit};
pub(crate) use early::{invoice as settlement_invoice, rest};
pub(crate) use ending::{answer_timed_out, subject_canceled, subject_reduced, subject_unverified};
pub(crate) use granting::{begin, confirm, pending_confirmation, take_plan};
pub(crate) use loan::{Installment, Loan};
pub(crate) use offers::{Offer, installments, offers};
pub(crate) use repayment::{bank_settles, installment_due};
pub(crate) use texted::{Choice, choices};

use pod_platform::types::PlatformErrorKind as Kind;

use crate::{
    invoice::Record,
    loans::loan::Role,
    service::{Context, Refusal},
};

/// A day, in milliseconds: how long a customer may think about a plan (S4), a guarantor takes to
/// pay, and an instalment waits before it is tried again.
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// An invoice is paid: a loan may pay it, or be paid by it.
pub(crate) async fn invoice_paid(
    context: &mut Context<'_>,
    invoice: &mut Record,
) -> Result<(), Refusal> {
    match Role::of(context.connection, invoice.id).await? {
        Some(Role::Subject(loan)) if loan.active => repayment::begin(context, &loan).await,
        // It was paid in another way: the loan is not needed any more.
        Some(Role::Subject(mut loan)) => ending::cancel(context, &mut loan).await,
        Some(Role::DownPayment(mut loan)) if loan.is_pending() => {
            match granting::activate(context, &mut loan, Some(invoice)).await {
                // A promise that is kept, or a bank, has nobody to be refused to: it goes back.
                Err(Refusal::Platform { .. }) if context.caller.is_platform() => {
                    ending::cancel(context, &mut loan).await?;
                    let id = invoice.id.unsigned_abs();
                    *invoice = Record::find(context.connection, id).await?.ok_or(Kind::NotFound)?;
                    Ok(())
                }
                outcome => outcome,
            }
        }
        Some(Role::Installment(installment)) if installment.is_open() => {
            repayment::settle(context, installment, invoice).await
        }
        Some(Role::EarlySettlement(mut loan)) => early::settle(context, &mut loan, invoice).await,
        _ => Ok(()),
    }
}
