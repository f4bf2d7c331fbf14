//! From an invoice's payment to its issuer's money: verification (S1, three-step payment), closing by
//! itself (`closeTimeOut`), and the Shaparak settlement of what another invoice paid (S0, S1).

use pod_values::Instant;

use crate::invoice::{Barred, Invoice, VERIFICATION_TIME};

impl Invoice {
    /// The invoice, paid now. Until its issuer verifies a three-step payment, it does not count as paid
    /// (S1). What was paid outside of POD leaves nothing to verify.
    #[must_use]
    pub fn paid(self, verification_needed: bool) -> Self {
        Self {
            payed: !verification_needed,
            unverified: verification_needed,
            at_gateway: false,
            ..self
        }
    }

    /// The invoice, its payment verified.
    #[must_use]
    pub fn verified(self) -> Self {
        Self { payed: true, unverified: false, ..self }
    }

    /// Is the time over in which its payment, made then, could be verified (S1: one hour)? What was
    /// given back meanwhile and paid anew has an hour of its own.
    #[must_use]
    pub fn verification_is_over(self, paid_at: Option<Instant>, now: Instant) -> bool {
        self.unverified && paid_at.is_some_and(|at| now.0.saturating_sub(at.0) >= VERIFICATION_TIME)
    }

    /// May it close by itself? As it can be [closed](Self::closable), and its money does not pay
    /// another invoice (decided here).
    ///
    /// # Errors
    /// Why it may not.
    pub fn closes_by_itself(self) -> Result<(), Barred> {
        self.closable()?;
        if self.earmarked { Err(Barred::Earmarked) } else { Ok(()) }
    }

    /// Is money in its account, neither back with its payer nor its issuer's yet?
    #[must_use]
    pub fn keeps_money(self) -> bool {
        (self.payed || self.unverified) && !self.closed && !self.canceled
    }

    /// Is money kept that pays it on a day (S0, payment in future)?
    #[must_use]
    pub fn keeps_guarantee(self) -> bool {
        self.guaranteed && !self.payed && !self.canceled
    }

    /// Can its issuer withdraw its money (S0, S1: of a debtor invoice once Shaparak has settled it)?
    #[must_use]
    pub fn withdrawable(self, settlement: Settlement) -> bool {
        self.closed && self.payed && settlement.is_done()
    }
}

/// When an invoice that nobody closes closes by itself: so many seconds after its payment
/// (`closeTimeOut`). Whether a three-step payment counts from its verification, no document tells; the
/// emulator counts so. None, if it never does.
#[must_use]
pub fn closes_at(close_time_out: Option<u64>, since: Instant) -> Option<Instant> {
    let seconds = close_time_out.filter(|seconds| *seconds > 0)?;
    Some(Instant(since.0.saturating_add(seconds.saturating_mul(1_000))))
}

/// When Shaparak settles what paid an invoice; none: there is nothing to settle, or no longer. Until
/// then closing it does not make its money its issuer's (S0, S1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Settlement(pub Option<Instant>);

impl Settlement {
    /// May the money go on?
    #[must_use]
    pub fn is_done(self) -> bool {
        self.0.is_none()
    }

    /// Is it to be settled, and its moment there?
    #[must_use]
    pub fn is_due(self, now: Instant) -> bool {
        self.0.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = VERIFICATION_TIME;

    #[test]
    fn a_three_step_payment_counts_once_it_is_verified() {
        let open = Invoice { at_gateway: true, ..Invoice::default() };
        let waiting = open.paid(true);
        assert_eq!(waiting.open(), Err(Barred::WaitingForVerification));
        assert_eq!(waiting.closable(), Err(Barred::WaitingForVerification));
        assert_eq!(waiting.verifiable(), Ok(()));
        assert!(waiting.keeps_money() && !waiting.at_gateway);
        assert_eq!(waiting.verified(), open.paid(false));
        assert_eq!(waiting.verified().closable(), Ok(()));
    }

    #[test]
    fn an_hour_after_its_payment_it_cannot_be_verified() {
        let waiting = Invoice::default().paid(true);
        let paid_at = Some(Instant(1_000));
        assert!(!waiting.verification_is_over(paid_at, Instant(999 + HOUR)));
        assert!(waiting.verification_is_over(paid_at, Instant(1_000 + HOUR)));
        assert!(!waiting.verified().verification_is_over(paid_at, Instant(u64::MAX)));
        assert!(!waiting.verification_is_over(None, Instant(u64::MAX)));
    }

    #[test]
    fn what_pays_another_invoice_does_not_close_by_itself() {
        let paid = Invoice::default().paid(false);
        assert_eq!(paid.closes_by_itself(), Ok(()));
        let earmarked = Invoice { earmarked: true, ..paid };
        assert_eq!(earmarked.closes_by_itself(), Err(Barred::Earmarked));
        assert_eq!(earmarked.closable(), Ok(()));
        assert_eq!(Invoice::default().closes_by_itself(), Err(Barred::NotPayed));
        assert_eq!(closes_at(Some(600), Instant(5)), Some(Instant(600_005)));
        assert_eq!(closes_at(Some(0), Instant(5)), None);
        assert_eq!(closes_at(None, Instant(5)), None);
        assert_eq!(closes_at(Some(u64::MAX), Instant(5)), Some(Instant(u64::MAX)));
    }

    #[test]
    fn money_is_withdrawn_once_it_is_closed_and_settled() {
        let closed = Invoice { closed: true, ..Invoice::default().paid(false) };
        let open = Settlement(Some(Instant(10)));
        assert!(closed.withdrawable(Settlement::default()));
        assert!(!closed.withdrawable(open));
        assert!(!Invoice::default().paid(false).withdrawable(Settlement::default()));
        assert!(open.is_due(Instant(10)) && !open.is_due(Instant(9)));
        assert!(!Settlement::default().is_due(Instant(u64::MAX)));
    }

    #[test]
    fn what_is_kept_goes_with_the_state() {
        let paid = Invoice::default().paid(false);
        assert!(paid.keeps_money());
        assert!(!Invoice { closed: true, ..paid }.keeps_money());
        assert!(!Invoice { canceled: true, ..paid }.keeps_money());
        let guaranteed = Invoice { guaranteed: true, ..Invoice::default() };
        assert!(guaranteed.keeps_guarantee() && !guaranteed.keeps_money());
        assert!(!guaranteed.paid(false).keeps_guarantee());
    }
}
