//! What a bill proves: paid, cancelled.

use super::{Attempt, Evidence, Proof, Sighting, element, number, same_number};
use crate::{
    bills::{BillStatus, ServiceBill},
    client::Answer,
    wire::form::Form,
};

impl Evidence {
    pub(super) fn weigh_bills(
        self,
        form: &Form,
        bills: &[ServiceBill],
        answer: &Answer,
        attempt: Attempt,
    ) -> Sighting {
        if self == Self::BillCanceled {
            let id = number(form, "id");
            let found = bills.iter().position(|bill| Some(bill.id) == id);
            return match found.and_then(|index| Some((index, bills.get(index)?))) {
                Some((index, bill)) => Sighting {
                    shows: sketch(bill),
                    proof: Proof::happened_if(
                        bill.status == BillStatus::ServiceBillCanceled,
                        || element(answer, index),
                    ),
                },
                None => {
                    let what = format!("bill {}", id.unwrap_or_default());
                    Sighting::nothing(what, Proof::not_seen(false))
                }
            };
        }
        let field = |name| form.get(name).unwrap_or_default();
        let is_it = |bill: &ServiceBill| {
            same_number(&bill.bill_id, field("billId"))
                && same_number(&bill.payment_id, field("paymentId"))
        };
        // A bill can be paid again after it was cancelled: what is in force counts first.
        let rank = |bill: &ServiceBill| match bill.status {
            BillStatus::ServiceBillAccepted
            | BillStatus::ServiceBillFileConfirmed
            | BillStatus::ServiceBillSendFileFailed
            | BillStatus::ServiceBillSantaConfirmed => 0,
            BillStatus::Other(_) => 1,
            BillStatus::ServiceBillCanceled => 2,
            BillStatus::ServiceBillIssueInvoice => 3,
        };
        let found = bills.iter().enumerate().filter(|(_, bill)| is_it(bill));
        let Some((index, bill)) = found.min_by_key(|(_, bill)| rank(bill)) else {
            let what = format!("bill {}/{}", field("billId"), field("paymentId"));
            return Sighting::nothing(what, Proof::not_seen(false));
        };
        let proof = match bill.status {
            BillStatus::ServiceBillIssueInvoice => Proof::not_seen(false),
            BillStatus::ServiceBillCanceled => Proof::not_seen(
                attempt.covers(bill.request_date) || attempt.covers(bill.cancel_date),
            ),
            BillStatus::Other(_) => Proof::UNDECIDED,
            // The list holds what the caller paid; a payer who is named is the better witness.
            _ => match (&bill.user_srv, attempt.user) {
                (Some(payer), Some(user)) if payer.id != user => Proof::ByAnother,
                _ => Proof::Happened(element(answer, index)),
            },
        };
        Sighting { shows: sketch(bill), proof }
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
