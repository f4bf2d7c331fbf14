//! What a call that took effect moved. That may be less than was at stake: a reduced invoice is still
//! owed for what is left of it.

use std::any::Any;

use crate::{
    Rial,
    invoices::Invoice,
    loans::{Loan, LoanStatus},
    service::Stakes,
};

impl Stakes {
    /// The rials that a call moved, by its service's own answer: `before` is what the host read to be
    /// at stake, none where it could not read it or where it may have changed since. None: the answer
    /// does not tell.
    #[must_use]
    pub fn moved(self, before: Option<Rial>, answer: &dyn Any) -> Option<Rial> {
        match self {
            Self::Nothing => Some(Rial::ZERO),
            Self::ReductionOf(_) => {
                let answer = answer.downcast_ref::<Invoice>()?;
                // An amount that could not be read reads 0.
                let after = answer.unreadable.is_empty().then_some(answer.payable_amount)?;
                // More than before is nothing that this call did.
                Some(before?.checked_sub(after).unwrap_or(Rial::ZERO))
            }
            Self::PayableAmountOf(_) => before.or_else(|| {
                let loan = answer.downcast_ref::<Loan>()?;
                Some(loan.subject_invoice.as_ref()?.payable_amount)
            }),
            Self::RefundOf(_) | Self::TotalAmountOfLoan(_) | Self::BillAmount => before,
        }
    }

    /// Does a look after the call show what it moved, as one before it would have? A reduced or
    /// cancelled invoice does not show any more what it was.
    #[must_use]
    pub fn shows_afterwards(self) -> bool {
        matches!(self, Self::PayableAmountOf(_))
    }
}

/// Does what a call answers still wait for somebody? A loan does, until its customer has confirmed it
/// or made the down payment (S4).
#[must_use]
pub fn is_pending(answer: &dyn Any) -> bool {
    answer.downcast_ref::<Loan>().is_some_and(|loan| {
        let is_over =
            matches!(loan.status_code, LoanStatus::LoanStatusCanceled | LoanStatus::LoanStatusDone);
        !loan.active && !is_over
    })
}
