//! What a loan proves: taken for an invoice, given another plan.

use super::{Attempt, Before, Evidence, Prior, Proof, Sighting, Witness, number};
use crate::{
    Rial,
    loans::{Loan, LoanStatus},
    wire::form::Form,
};

/// The lists of loans that may be asked: of a lender, and of a customer.
const LISTS: [usize; 2] = [0, 1];

impl Evidence {
    /// What the account's loans show before the call.
    pub(super) fn loans_before(self, form: &Form, witness: Witness<'_>) -> Option<Before> {
        if self == Self::LoanHasPlan {
            let loans = witness.loans(0)?;
            let id = number(form, "loanId");
            let Some(loan) = loans.iter().find(|loan| Some(loan.id) == id) else {
                return Some(Before::nothing(&name(form, self), Prior::Unseen));
            };
            let is_running = matches!(
                loan.status_code,
                LoanStatus::LoanStatusCreated | LoanStatus::LoanStatusWaitingToCreate
            );
            let prior = Prior::of(has_plan(form, loan), is_running);
            let stamp = format!("{:?}", plan_of(loan));
            return Some(Before { prior, shows: sketch(loan), stamp, known: Vec::new() });
        }
        if LISTS.iter().all(|list| witness.loans(*list).is_none()) {
            return Some(Before::nothing(&name(form, self), Prior::Unseen));
        }
        let loans = of_invoice(form, witness);
        let shows = match loans.as_slice() {
            [] => Before::nothing(&name(form, self), Prior::Open).shows,
            loans => loans.iter().map(|(.., loan)| sketch(loan)).collect::<Vec<_>>().join("; "),
        };
        let known = loans.iter().map(|(.., loan)| loan.id).collect();
        Some(Before { prior: Prior::Open, shows, stamp: String::new(), known })
    }

    /// What they prove after it.
    pub(super) fn weigh_loans(
        self,
        form: &Form,
        witness: Witness<'_>,
        attempt: Attempt<'_>,
    ) -> Option<Sighting> {
        if self == Self::LoanHasPlan {
            let loans = witness.loans(0)?;
            let id = number(form, "loanId");
            let found = loans.iter().enumerate().find(|(_, loan)| Some(loan.id) == id);
            return Some(match found {
                // Only its customer gives a loan another plan, so this account did.
                Some((index, loan)) => Sighting {
                    shows: sketch(loan),
                    proof: attempt.made(has_plan(form, loan), None, || witness.element(0, index)),
                },
                None => Sighting::nothing(&name(form, self), Proof::not_seen(false)),
            });
        }
        let loans = of_invoice(form, witness);
        let new: Vec<_> = loans.iter().filter(|(.., loan)| !attempt.was_there(loan.id)).collect();
        let what = name(form, self);
        Some(match new.as_slice() {
            [] => match loans.first() {
                Some((.., loan)) => Sighting {
                    shows: format!("{what}: not since this attempt; {}", sketch(loan)),
                    proof: Proof::not_seen(false),
                },
                // Not seen is not the same as not there: a list may leave out what it is asked for.
                None => Sighting::nothing(&what, Proof::UNDECIDED),
            },
            [(list, index, loan)] => {
                // Cancelled for whatever reason, it was there. The customer may have made another one.
                let is_canceled = loan.status_code == LoanStatus::LoanStatusCanceled;
                // Shop and customer can both take one: only the call's own number tells whose it is.
                let is_named = form.get("assuranceNumber").is_some_and(|number| !number.is_empty());
                let proof = if is_canceled || !is_named || !is_as_asked(form, loan) {
                    Proof::UNDECIDED
                } else {
                    attempt.made(true, loan.creation_date, || witness.element(*list, *index))
                };
                Sighting { shows: sketch(loan), proof }
            }
            several => {
                let all: Vec<String> = several.iter().map(|(.., loan)| sketch(loan)).collect();
                Sighting { shows: all.join("; "), proof: Proof::UNDECIDED }
            }
        })
    }
}

/// The loans for the invoice that the call names, each once: list, place in it, loan.
fn of_invoice<'a>(form: &Form, witness: Witness<'a>) -> Vec<(usize, usize, &'a Loan)> {
    let invoice = number(form, "invoiceId");
    let mut found: Vec<(usize, usize, &Loan)> = Vec::new();
    for list in LISTS {
        for (index, loan) in witness.loans(list).into_iter().flatten().enumerate() {
            let subject = loan.subject_invoice.as_ref().map(|subject| subject.id);
            let is_new = found.iter().all(|(.., known)| known.id != loan.id);
            if is_new && (subject.is_none() || subject == invoice) {
                found.push((list, index, loan));
            }
        }
    }
    found
}

/// Does a loan agree with what the call asked for? One with another plan may be another's, or its
/// customer has chosen that since.
fn is_as_asked(form: &Form, loan: &Loan) -> bool {
    let contract = loan.contract.as_ref().map(|contract| contract.id);
    let down_payment = number(form, "primaryAmount").unwrap_or_default();
    let assurance = form.get("assuranceNumber").filter(|number| !number.is_empty());
    let plan = number(form, "planId");
    contract == number(form, "contractId")
        && (plan.is_none() || plan == plan_of(loan))
        && loan.primary_amount == Rial(down_payment)
        && assurance.is_none_or(|asked| loan.assurance_number.as_deref() == Some(asked))
}

fn has_plan(form: &Form, loan: &Loan) -> bool {
    plan_of(loan).is_some() && plan_of(loan) == number(form, "planId")
}

fn plan_of(loan: &Loan) -> Option<u64> {
    loan.plan.as_ref().map(|plan| plan.id)
}

/// How a call names a loan.
fn name(form: &Form, evidence: Evidence) -> String {
    let field = |name| form.get(name).unwrap_or_default();
    match evidence {
        Evidence::LoanHasPlan => format!("loan {}", field("loanId")),
        _ => format!("loan for invoice {}", field("invoiceId")),
    }
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
