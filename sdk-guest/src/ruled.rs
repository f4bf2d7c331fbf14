//! POD's rules, on what a policy sees.

use pod_rules::{
    invoice::{self, Shown},
    loan, spending,
};
use pod_values::{Instant, Rial};

use crate::{delegation::DelegatedCredit, invoices::Invoice, loan_plan::Offer};

impl From<&Invoice> for invoice::Invoice {
    fn from(invoice: &Invoice) -> Self {
        Self::from(Shown {
            payed: invoice.payed,
            canceled: invoice.canceled,
            closed: invoice.closed,
            waiting: invoice.waiting,
            verification_needed: invoice.verification_needed,
            payment_date: invoice.payment_date.map(Instant),
            verification_date: invoice.verification_date.map(Instant),
            will_be_paid: invoice.will_be_paid,
            will_be_paid_at: invoice.will_be_paid_at.map(Instant),
            unreadable: !invoice.unreadable.is_empty(),
            delivery_date: invoice.delivery_date.map(Instant),
        })
    }
}

impl<'a> From<&'a DelegatedCredit> for spending::Credit<'a> {
    fn from(credit: &'a DelegatedCredit) -> Self {
        Self {
            guild_code: credit.guild_code.as_deref(),
            expires_at: credit.expires_at.map(Instant),
        }
    }
}

impl From<&Offer> for loan::Offer {
    fn from(offer: &Offer) -> Self {
        Self {
            active: offer.active,
            last_day: offer.end_date.map(|end| Instant(end).jalali_date()),
            most_breathing: offer.max_breathing_period_count,
            customer_credit: offer.customer_credit.map(Rial),
            grantor_credit: offer.loan_grantor_ceiling.map(Rial),
        }
    }
}
