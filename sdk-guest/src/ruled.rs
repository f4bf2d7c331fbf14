//! POD's rules, on what a policy sees.

use pod_rules::invoice::{self, Shown};
use pod_values::Instant;

use crate::invoices::Invoice;

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
