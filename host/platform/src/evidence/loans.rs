//! What a loan proves: taken for an invoice, given another plan.

use super::{Attempt, Evidence, Proof, Sighting, element, number};
use crate::{
    client::Answer,
    loans::{Loan, LoanStatus},
    wire::form::Form,
};

impl Evidence {
    pub(super) fn weigh_loans(
        self,
        form: &Form,
        loans: &[Loan],
        answer: &Answer,
        attempt: Attempt,
    ) -> Sighting {
        if self == Self::LoanHasPlan {
            let id = number(form, "loanId");
            let found = loans.iter().position(|loan| Some(loan.id) == id);
            return match found.and_then(|index| Some((index, loans.get(index)?))) {
                Some((index, loan)) => {
                    let has_plan =
                        plan_of(loan).is_some() && plan_of(loan) == number(form, "planId");
                    Sighting {
                        shows: sketch(loan),
                        proof: Proof::happened_if(has_plan, || element(answer, index)),
                    }
                }
                None => {
                    let what = format!("loan {}", id.unwrap_or_default());
                    Sighting::nothing(what, Proof::not_seen(false))
                }
            };
        }
        let invoice = number(form, "invoiceId");
        let is_it = |loan: &Loan| {
            let subject = loan.subject_invoice.as_ref().map(|subject| subject.id);
            let contract = loan.contract.as_ref().map(|contract| contract.id);
            // The customer may have chosen another plan since.
            (subject.is_none() || subject == invoice) && contract == number(form, "contractId")
        };
        let is_canceled = |loan: &Loan| loan.status_code == LoanStatus::LoanStatusCanceled;
        // The customer can take a loan for an invoice, too: only a new one can be this call's.
        let found = loans
            .iter()
            .enumerate()
            .filter(|(_, loan)| is_it(loan) && attempt.covers(loan.creation_date))
            .min_by_key(|(_, loan)| is_canceled(loan));
        match found {
            Some((index, loan)) => Sighting {
                shows: sketch(loan),
                // Cancelled for whatever reason, it was there.
                proof: if is_canceled(loan) {
                    Proof::UNDECIDED
                } else {
                    Proof::Happened(element(answer, index))
                },
            },
            None => {
                let what = format!("loan for invoice {}", invoice.unwrap_or_default());
                match loans.first() {
                    Some(loan) => Sighting {
                        shows: format!("{what}: not since this attempt; {}", sketch(loan)),
                        proof: Proof::not_seen(false),
                    },
                    None => Sighting::nothing(what, Proof::not_seen(false)),
                }
            }
        }
    }
}

fn plan_of(loan: &Loan) -> Option<u64> {
    loan.plan.as_ref().map(|plan| plan.id)
}

/// What an operator would look at.
fn sketch(loan: &Loan) -> String {
    let mut text = format!("loan {}: {}", loan.id, loan.status_code.code());
    let numbers = [
        ("subjectInvoice", loan.subject_invoice.as_ref().map(|invoice| invoice.id)),
        ("contract", loan.contract.as_ref().map(|contract| contract.id)),
        ("plan", plan_of(loan)),
    ];
    for (name, id) in numbers {
        if let Some(id) = id {
            text.push_str(&format!(", {name} {id}"));
        }
    }
    if let Some(at) = loan.creation_date {
        text.push_str(&format!(", creationDate {at}"));
    }
    text
}
