//! How a loan is paid back, and settled before its time (S4).

use pod_values::Rial;

/// What becomes of an instalment on its day, or when it is tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attempt {
    /// The customer's wallet pays it.
    Wallet,
    /// The contract's guarantor pays it, a day later.
    Guarantor,
    /// Nobody does: it is tried again a day later.
    Later,
}

/// Who pays an instalment. Somebody may be paying its invoice otherwise, at the gateway or in future:
/// then it cannot be paid now.
#[must_use]
pub fn attempt(is_payable: bool, wallet_covers: bool, has_guarantor: bool) -> Attempt {
    match (is_payable, wallet_covers, has_guarantor) {
        (true, true, _) => Attempt::Wallet,
        (true, false, true) => Attempt::Guarantor,
        (true, false, false) | (false, ..) => Attempt::Later,
    }
}

/// How far a loan is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Loan {
    /// It is there, and neither done nor cancelled.
    pub created: bool,
    /// Its down payment is made, or it is confirmed.
    pub active: bool,
    /// The payment of the invoice that it paid is final.
    pub subject_payed: bool,
    /// Its customer gave it another plan already.
    pub plan_changed: bool,
    /// An instalment of it is paid.
    pub installment_paid: bool,
}

impl Loan {
    /// May its customer give it another plan? Once, and before the first instalment is paid (S4).
    #[must_use]
    pub fn may_change_plan(self) -> bool {
        self.created && !self.plan_changed && !self.installment_paid
    }

    /// What its customer pays to settle it now: all instalments that are open. None, if it cannot be
    /// settled: before the shop stands by a three-step payment, nothing is owed (decided here).
    #[must_use]
    pub fn rest(self, open: impl IntoIterator<Item = Rial>) -> Option<Rial> {
        let rest = Rial::checked_sum(open)?;
        (self.created && self.active && self.subject_payed && rest > Rial::ZERO).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wallet_comes_first_and_then_the_guarantor() {
        assert_eq!(attempt(true, true, true), Attempt::Wallet);
        assert_eq!(attempt(true, false, true), Attempt::Guarantor);
        assert_eq!(attempt(true, false, false), Attempt::Later);
        assert_eq!(attempt(false, true, true), Attempt::Later);
    }

    #[test]
    fn a_plan_is_changed_once_and_before_anything_is_paid_back() {
        let loan = Loan { created: true, ..Loan::default() };
        assert!(loan.may_change_plan());
        assert!(!Loan { plan_changed: true, ..loan }.may_change_plan());
        assert!(!Loan { installment_paid: true, ..loan }.may_change_plan());
        assert!(!Loan::default().may_change_plan());
    }

    #[test]
    fn what_is_left_is_owed_once_the_loan_runs() {
        let loan = Loan { created: true, active: true, subject_payed: true, ..Loan::default() };
        assert_eq!(loan.rest([Rial(3), Rial(4)]), Some(Rial(7)));
        assert_eq!(loan.rest([]), None);
        assert_eq!(Loan { subject_payed: false, ..loan }.rest([Rial(3)]), None);
        assert_eq!(Loan { active: false, ..loan }.rest([Rial(3)]), None);
    }
}
