//! What may be done with an invoice, as it stands.

use pod_values::{Instant, JalaliDate};

/// After so many milliseconds an unverified payment goes back (S1: one hour).
pub const VERIFICATION_TIME: u64 = 60 * 60 * 1_000;

/// What of an invoice decides what may be done with it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Invoice {
    /// It is paid, and verified if it had to be.
    pub payed: bool,
    /// It is paid, and waits for its issuer's verification (S1).
    pub unverified: bool,
    /// It is cancelled.
    pub canceled: bool,
    /// It is closed: its money is its issuer's.
    pub closed: bool,
    /// Its payer is at the gateway.
    pub at_gateway: bool,
    /// Money is kept, or a guarantee given, that pays it on a day (S0, payment in future).
    pub guaranteed: bool,
    /// Its money pays another invoice (S1, `willBePaid`).
    pub earmarked: bool,
    /// The last day on which it can be paid.
    pub deadline: Option<JalaliDate>,
    /// Some of it could not be read, so nobody knows what it is.
    pub unreadable: bool,
}

/// What POD's lists show of an invoice, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Shown {
    /// `payed`
    pub payed: bool,
    /// `canceled`
    pub canceled: bool,
    /// `closed`
    pub closed: bool,
    /// `waiting`
    pub waiting: bool,
    /// `verificationNeeded`
    pub verification_needed: bool,
    /// `paymentDate`
    pub payment_date: Option<Instant>,
    /// `verificationDate`
    pub verification_date: Option<Instant>,
    /// `willBePaid`
    pub will_be_paid: bool,
    /// `willBePaidAt`
    pub will_be_paid_at: Option<Instant>,
    /// `deliveryDate`, under which POD shows the deadline (public clients' examples).
    pub delivery_date: Option<Instant>,
    /// Some field of it has a shape that is not known.
    pub unreadable: bool,
}

/// Why something may not be done with an invoice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Barred {
    /// It is paid already.
    Payed,
    /// It is not paid, and cannot be closed.
    NotPayed,
    /// It is not paid, and cannot pay another invoice.
    CreditorNotPayed,
    /// It is paid and waits for its issuer's verification.
    WaitingForVerification,
    /// There is no payment that waits for being verified.
    NotWaitingForVerification,
    /// It is cancelled.
    Canceled,
    /// It is closed.
    Closed,
    /// Its payer is at the gateway.
    AtGateway,
    /// It is paid on a day by what was kept or guaranteed for it.
    Guaranteed,
    /// Its money pays another invoice.
    Earmarked,
    /// Its last day has passed.
    PastDeadline,
    /// Some of it could not be read.
    Unreadable,
}

impl From<Shown> for Invoice {
    /// No field says that a payment awaits its verification: it is so when there was a payment, it
    /// had to be verified, and no day of that is shown (decided here). POD lets `waiting` be true
    /// then, too, although nobody is at the gateway (public shop plugins).
    fn from(shown: Shown) -> Self {
        let was_paid = shown.payed || shown.payment_date.is_some();
        let unverified = was_paid
            && shown.verification_needed
            && shown.verification_date.is_none()
            && !shown.canceled;
        Self {
            payed: shown.payed,
            unverified,
            canceled: shown.canceled,
            closed: shown.closed,
            at_gateway: shown.waiting && !unverified,
            guaranteed: shown.will_be_paid_at.is_some(),
            earmarked: shown.will_be_paid,
            deadline: shown.delivery_date.map(Instant::jalali_date),
            unreadable: shown.unreadable,
        }
    }
}

impl Invoice {
    /// Is all of it known? Nothing may be done with what is not (decided here).
    fn readable(self) -> Result<(), Barred> {
        if self.unreadable { Err(Barred::Unreadable) } else { Ok(()) }
    }

    /// Can it be paid, on some day? S1's errors 24, 58, 32, 45 and 72, and S0's payment in future;
    /// of several reasons, the first in this order (decided here).
    ///
    /// # Errors
    /// Why it cannot.
    pub fn open(self) -> Result<(), Barred> {
        self.readable()?;
        if self.payed {
            Err(Barred::Payed)
        } else if self.unverified {
            Err(Barred::WaitingForVerification)
        } else if self.canceled {
            Err(Barred::Canceled)
        } else if self.closed {
            Err(Barred::Closed)
        } else if self.at_gateway {
            Err(Barred::AtGateway)
        } else if self.guaranteed {
            Err(Barred::Guaranteed)
        } else {
            Ok(())
        }
    }

    /// Can it be paid today? It is [open](Self::open), and its deadline is today or later (S0).
    ///
    /// # Errors
    /// Why it cannot.
    pub fn payable(self, today: JalaliDate) -> Result<(), Barred> {
        self.open()?;
        match self.deadline {
            Some(deadline) if deadline < today => Err(Barred::PastDeadline),
            _ => Ok(()),
        }
    }

    /// Is money held for it, which goes back if it is cancelled: paid, verified or not, or kept for a day
    /// (S0, S1)? Of what is not wholly known, it is (decided here).
    #[must_use]
    pub fn holds_money(self) -> bool {
        self.payed || self.unverified || self.guaranteed || self.unreadable
    }

    /// Can it be cancelled? Its money must still be its own: not its issuer's yet, and not
    /// another invoice's (S0, S1).
    ///
    /// # Errors
    /// Why it cannot.
    pub fn cancelable(self) -> Result<(), Barred> {
        self.readable()?;
        if self.canceled {
            Err(Barred::Canceled)
        } else if self.closed {
            Err(Barred::Closed)
        } else if self.at_gateway {
            Err(Barred::AtGateway)
        } else if self.earmarked {
            Err(Barred::Earmarked)
        } else {
            Ok(())
        }
    }

    /// Can it be reduced? As it can be [cancelled](Self::cancelable), and no money is kept for it,
    /// because that was kept for all of it (decided here).
    ///
    /// # Errors
    /// Why it cannot.
    pub fn reducible(self) -> Result<(), Barred> {
        self.cancelable()?;
        if self.guaranteed { Err(Barred::Guaranteed) } else { Ok(()) }
    }

    /// Can its payment be verified (S1, three-step payment; error 59)?
    ///
    /// # Errors
    /// Why it cannot.
    pub fn verifiable(self) -> Result<(), Barred> {
        self.readable()?;
        if self.unverified { Ok(()) } else { Err(Barred::NotWaitingForVerification) }
    }

    /// Can it be closed, so that its money becomes its issuer's (S0, S1)?
    ///
    /// # Errors
    /// Why it cannot.
    pub fn closable(self) -> Result<(), Barred> {
        self.readable()?;
        if self.closed {
            Err(Barred::Closed)
        } else if self.canceled {
            Err(Barred::Canceled)
        } else if self.unverified {
            Err(Barred::WaitingForVerification)
        } else if self.payed {
            Ok(())
        } else {
            Err(Barred::NotPayed)
        }
    }

    /// Can its money pay another invoice (S1, payInvoiceByInvoice)? It must be paid, and its money
    /// must still be its own.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn free_for_netting(self) -> Result<(), Barred> {
        self.readable()?;
        if self.canceled {
            Err(Barred::Canceled)
        } else if self.unverified || !self.payed {
            Err(Barred::CreditorNotPayed)
        } else if self.earmarked {
            Err(Barred::Earmarked)
        } else if self.closed {
            Err(Barred::Closed)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TODAY: JalaliDate = JalaliDate { year: 1399, month: 3, day: 13 };

    fn any_invoice() -> impl Strategy<Value = Invoice> {
        let day = prop::option::of((1398_u16..=1400, 1_u8..=12, 1_u8..=29));
        (any::<[bool; 7]>(), day).prop_map(|(flags, day)| {
            let [payed, unverified, canceled, closed, at_gateway, guaranteed, earmarked] = flags;
            let deadline = day.map(|(year, month, day)| JalaliDate { year, month, day });
            Invoice {
                payed,
                unverified,
                canceled,
                closed,
                at_gateway,
                guaranteed,
                earmarked,
                deadline,
                unreadable: false,
            }
        })
    }

    proptest! {
        #[test]
        fn what_can_be_paid_can_be_nothing_but_changed(invoice in any_invoice()) {
            if invoice.payable(TODAY).is_ok() {
                prop_assert!(invoice.closable().is_err());
                prop_assert!(invoice.free_for_netting().is_err());
                prop_assert!(invoice.verifiable().is_err());
            }
        }

        #[test]
        fn what_can_be_reduced_can_be_cancelled(invoice in any_invoice()) {
            prop_assert!(invoice.reducible().is_err() || invoice.cancelable().is_ok());
        }

        #[test]
        fn what_pays_another_invoice_could_be_closed_and_cancelled(invoice in any_invoice()) {
            if invoice.free_for_netting().is_ok() {
                prop_assert_eq!(invoice.closable(), Ok(()));
                prop_assert!(invoice.at_gateway || invoice.cancelable().is_ok());
            }
        }

        #[test]
        fn each_reason_alone_bars_a_payment(invoice in any_invoice()) {
            let Invoice { payed, unverified, canceled, closed, at_gateway, guaranteed, .. } = invoice;
            let is_barred = payed || unverified || canceled || closed || at_gateway || guaranteed;
            prop_assert_eq!(invoice.open().is_err(), is_barred);
            let is_late = invoice.deadline.is_some_and(|deadline| deadline < TODAY);
            prop_assert_eq!(invoice.payable(TODAY).is_err(), is_barred || is_late);
        }
    }

    #[test]
    fn m4_nothing_may_be_done_with_what_cannot_be_read() {
        for payed in [true, false] {
            let invoice = Invoice { payed, unreadable: true, ..Invoice::default() };
            for may in [
                invoice.payable(TODAY),
                invoice.cancelable(),
                invoice.reducible(),
                invoice.verifiable(),
                invoice.closable(),
                invoice.free_for_netting(),
            ] {
                assert_eq!(may, Err(Barred::Unreadable));
            }
        }
    }

    #[test]
    fn the_last_day_is_a_day_to_pay() {
        let until = |day| Invoice { deadline: Some(day), ..Invoice::default() };
        assert_eq!(until(TODAY).payable(TODAY), Ok(()));
        let yesterday = JalaliDate { day: 12, ..TODAY };
        assert_eq!(until(yesterday).payable(TODAY), Err(Barred::PastDeadline));
        assert_eq!(until(yesterday).open(), Ok(()));
    }

    #[test]
    fn a_payment_that_awaits_its_verification_shows_by_its_day() {
        let at = Some(Instant(1));
        let unpaid = Shown { verification_needed: true, ..Shown::default() };
        assert_eq!(Invoice::from(unpaid).open(), Ok(()));
        let paid = Shown { payment_date: at, ..unpaid };
        assert_eq!(Invoice::from(paid).open(), Err(Barred::WaitingForVerification));
        // It may be told to wait, too; that is not the gateway's waiting.
        let waiting = Shown { waiting: true, ..paid };
        assert_eq!(Invoice::from(waiting).open(), Err(Barred::WaitingForVerification));
        assert_eq!(Invoice::from(waiting).cancelable(), Ok(()));
        let verified = Shown { payed: true, verification_date: at, ..paid };
        assert_eq!(Invoice::from(verified).free_for_netting(), Ok(()));
        let canceled = Shown { canceled: true, ..paid };
        assert_eq!(Invoice::from(canceled).open(), Err(Barred::Canceled));
        let at_bank = Shown { waiting: true, ..Shown::default() };
        assert_eq!(Invoice::from(at_bank).cancelable(), Err(Barred::AtGateway));
    }
}
