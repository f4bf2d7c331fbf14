//! What a bill proves: paid, cancelled, waiting for its invoice to be paid.

use pod_rules::bill::Progress;

use super::{Attempt, Before, Evidence, Prior, Proof, Sighting, Witness, number, same_number};
use crate::{
    bills::{BillStatus, ServiceBill},
    wire::form::Form,
};

impl Evidence {
    /// What the account's bills show before the call.
    pub(super) fn bills_before(self, form: &Form, witness: Witness<'_>) -> Option<Before> {
        let bills = witness.bills(0)?;
        if self == Self::BillCanceled {
            let id = number(form, "id");
            let Some(bill) = bills.iter().find(|bill| Some(bill.id) == id) else {
                return Some(Before::nothing(&name(form, self), Prior::Unseen));
            };
            let is_so = bill.status == BillStatus::ServiceBillCanceled;
            let prior = Prior::of(is_so, bill.status == BillStatus::ServiceBillAccepted);
            let stamp = format!("{:?}", bill.cancel_date);
            return Some(Before { prior, shows: sketch(bill), stamp, known: Vec::new() });
        }
        let ours: Vec<&ServiceBill> = bills.iter().filter(|bill| is_named(form, bill)).collect();
        let shows = match ours.as_slice() {
            [] => Before::nothing(&name(form, self), Prior::Open).shows,
            bills => bills.iter().map(|bill| sketch(bill)).collect::<Vec<_>>().join("; "),
        };
        if self == Self::BillInvoiced {
            let waiting = ours.iter().filter(|bill| is_waiting(&bill.status));
            let known: Vec<u64> = waiting.filter_map(|bill| bill.invoice_id).collect();
            let can = ours.iter().all(|bill| bill.status == BillStatus::ServiceBillCanceled);
            let prior = Prior::of(!known.is_empty(), can);
            return Some(Before { prior, shows, stamp: format!("{known:?}"), known });
        }
        let in_force: Vec<u64> =
            ours.iter().filter(|bill| is_paid(&bill.status)).map(|bill| bill.id).collect();
        // A list that is not known to be free of payments of this bill is none that one can go by.
        let is_unclear = ours.iter().any(|bill| matches!(bill.status, BillStatus::Other(_)));
        let prior = match in_force.is_empty() {
            false => Prior::AlreadySo,
            true if is_unclear => Prior::Barred,
            true => Prior::Open,
        };
        let canceled = ours.iter().filter(|bill| bill.status == BillStatus::ServiceBillCanceled);
        let known = canceled.map(|bill| bill.id).chain(in_force.iter().copied()).collect();
        Some(Before { prior, shows, stamp: format!("{in_force:?}"), known })
    }

    /// What they prove after it.
    pub(super) fn weigh_bills(
        self,
        form: &Form,
        witness: Witness<'_>,
        attempt: Attempt<'_>,
    ) -> Option<Sighting> {
        let bills = witness.bills(0)?;
        if self == Self::BillCanceled {
            let id = number(form, "id");
            let found = bills.iter().enumerate().find(|(_, bill)| Some(bill.id) == id);
            return Some(match found {
                // Only who paid a bill cancels its payment, so this account did.
                Some((index, bill)) => Sighting {
                    shows: sketch(bill),
                    proof: attempt.made(
                        bill.status == BillStatus::ServiceBillCanceled,
                        bill.cancel_date,
                        || witness.element(0, index),
                    ),
                },
                None => Sighting::nothing(&name(form, self), Proof::not_seen(false)),
            });
        }
        // The list does not hold the invoice that the call answers, so it is asked for again.
        if self == Self::BillInvoiced {
            let mut ours = bills.iter().filter(|bill| is_named(form, bill));
            let waiting = ours.find(|bill| is_waiting(&bill.status));
            let proof = Proof::not_seen(false);
            return Some(match waiting {
                Some(bill) => Sighting { shows: sketch(bill), proof },
                None => Sighting::nothing(&name(form, self), proof),
            });
        }
        // A bill can be paid again after it was cancelled: what is in force counts first.
        let rank = |bill: &ServiceBill| match &bill.status {
            status if is_paid(status) => 0,
            BillStatus::Other(_) => 1,
            BillStatus::ServiceBillCanceled => 2,
            _ => 3,
        };
        let found = bills.iter().enumerate().filter(|(_, bill)| {
            is_named(form, bill) && (is_paid(&bill.status) || !attempt.was_there(bill.id))
        });
        let Some((index, bill)) = found.min_by_key(|(_, bill)| rank(bill)) else {
            return Some(Sighting::nothing(&name(form, self), Proof::not_seen(false)));
        };
        let proof = match &bill.status {
            // The list holds what the caller paid; a payer who is named is the better witness.
            status if is_paid(status) => match (&bill.user_srv, attempt.user) {
                (Some(payer), Some(user)) if payer.id != user => Proof::ByAnother,
                _ => attempt.made(true, bill.request_date, || witness.element(0, index)),
            },
            BillStatus::ServiceBillCanceled => Proof::not_seen(
                attempt.covers(bill.request_date) || attempt.covers(bill.cancel_date),
            ),
            BillStatus::Other(_) => Proof::UNDECIDED,
            _ => Proof::not_seen(false),
        };
        Some(Sighting { shows: sketch(bill), proof })
    }
}

/// Is it the bill that the call names?
fn is_named(form: &Form, bill: &ServiceBill) -> bool {
    let field = |name| form.get(name).unwrap_or_default();
    same_number(&bill.bill_id, field("billId")) && same_number(&bill.payment_id, field("paymentId"))
}

/// Does a bill with this status have a payment that is in force?
fn is_paid(status: &BillStatus) -> bool {
    status.progress().is_some_and(Progress::is_paid)
}

/// Does a bill with this status wait until its invoice is paid (S3)?
fn is_waiting(status: &BillStatus) -> bool {
    status.progress() == Some(Progress::Invoiced)
}

/// How a call names a bill.
fn name(form: &Form, evidence: Evidence) -> String {
    let field = |name| form.get(name).unwrap_or_default();
    match evidence {
        Evidence::BillCanceled => format!("bill {}", field("id")),
        _ => format!("bill {}/{}", field("billId"), field("paymentId")),
    }
}

/// What an operator would look at.
fn sketch(bill: &ServiceBill) -> String {
    let mut text = format!("bill {}: {}", bill.id, bill.status.code());
    if let Some(payer) = &bill.user_srv {
        text.push_str(&format!(", userSrv {}", payer.id));
    }
    for (name, at) in [("requestDate", bill.request_date), ("cancelDate", bill.cancel_date)] {
        if let Some(at) = at {
            text.push_str(&format!(", {name} {at}"));
        }
    }
    text
}
