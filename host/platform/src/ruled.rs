//! POD's rules, on what POD shows.

use pod_rules::{
    bill::Progress,
    invoice::{self, Barred, Shown},
};

use crate::{bills::BillStatus, invoices::Invoice, types::PlatformErrorKind as Kind};

impl From<&Invoice> for invoice::Invoice {
    fn from(invoice: &Invoice) -> Self {
        Self::from(Shown {
            payed: invoice.payed,
            canceled: invoice.canceled,
            closed: invoice.closed,
            waiting: invoice.waiting,
            verification_needed: invoice.verification_needed,
            payment_date: invoice.payment_date,
            verification_date: invoice.verification_date,
            will_be_paid: invoice.will_be_paid,
            will_be_paid_at: invoice.will_be_paid_at,
            unreadable: !invoice.unreadable.is_empty(),
            delivery_date: invoice.delivery_date,
        })
    }
}

impl From<Barred> for Kind {
    fn from(reason: Barred) -> Self {
        match reason {
            Barred::Payed => Self::BillAlreadyPayed,
            Barred::NotPayed => Self::InvoiceNotPayed,
            Barred::CreditorNotPayed => Self::CreditorInvoiceNotPayed,
            Barred::WaitingForVerification => Self::BillIsWaitingForVerification,
            Barred::NotWaitingForVerification => Self::NotWaitingForVerification,
            Barred::Canceled => Self::InvoiceIsCanceled,
            Barred::Closed => Self::BillAlreadyClosed,
            Barred::AtGateway => Self::BillIsWaitingForGateway,
            Barred::Guaranteed => Self::WaitingForGuarantee,
            Barred::Earmarked => Self::CreditorInvoiceEarmarked,
            // No document names an error for this; the payer may not pay it any more.
            Barred::PastDeadline => Self::PaymentNotAllowed,
            // It is not sent, so POD refuses nothing.
            Barred::Unreadable => Self::Other,
        }
    }
}

impl BillStatus {
    /// How far the payment is. None: the platform's code is not one that its documents name.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        Some(match self {
            Self::ServiceBillIssueInvoice => Progress::Invoiced,
            Self::ServiceBillAccepted => Progress::Accepted,
            Self::ServiceBillSendFileFailed => Progress::SendFileFailed,
            Self::ServiceBillFileConfirmed => Progress::FileConfirmed,
            Self::ServiceBillSantaConfirmed => Progress::Settled,
            Self::ServiceBillCanceled => Progress::Canceled,
            Self::Other(_) => return None,
        })
    }

    /// The platform's status of a payment that is so far.
    #[must_use]
    pub fn of(progress: Progress) -> Self {
        match progress {
            Progress::Invoiced => Self::ServiceBillIssueInvoice,
            Progress::Accepted => Self::ServiceBillAccepted,
            Progress::SendFileFailed => Self::ServiceBillSendFileFailed,
            Progress::FileConfirmed => Self::ServiceBillFileConfirmed,
            Progress::Settled => Self::ServiceBillSantaConfirmed,
            Progress::Canceled => Self::ServiceBillCanceled,
        }
    }
}
