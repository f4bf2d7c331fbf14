//! Loan plans: an invoice paid by a loan (S4, payInvoiceByLoan).

use std::collections::HashMap;

use pod_platform::{
    Instant, JalaliDate, Rial, Service,
    invoices::GetInvoiceListRequest,
    loans::{
        BreathingPeriodType, Loan, LoanPlan as Listed, LoanPlanListRequest, PayInvoiceByLoanRequest,
    },
    rules::{
        self,
        loan::{Application, NotGranted},
        plan::{self, MemberCredit},
    },
    types,
};
use serde_json::{Value, json};

use super::{
    Broken, Decider, LeftOut, PAGE, Payment, Wanted, is_issued_by, keep_payable, payable, refused,
};
use crate::{
    contract::{
        Choice, Failure, InvoiceToFinance, LostOffer, Offer, PlannedInstallment, Selection,
        StatedLoanCredit, StatedLoanPlan,
    },
    door::Door,
    guest::{Export, Guest, Lifted, Records},
    journal::Violation,
};

/// The document that says how a loan pays an invoice.
const SOURCE: &str = "S4, payInvoiceByLoan";
/// Of how many invoices that could not be read a refusal tells.
const MOST_TOLD: usize = 3;

pub(crate) struct LoanPlan<'a> {
    pub exports: &'a Export,
    pub business: Option<u64>,
    /// The invoice; none: the only one that is open.
    pub wanted: Option<Wanted>,
    pub loan_credits: Option<Vec<StatedLoanCredit>>,
    pub loan_plans: Vec<StatedLoanPlan>,
}

#[derive(Debug)]
pub(crate) struct Books {
    invoice: InvoiceToFinance,
    offers: Vec<Offer>,
    left_out: Vec<LeftOut>,
}

impl Decider for LoanPlan<'_> {
    type Books = Books;
    type Proposal = Selection;
    type Checked = CheckedSelection;

    async fn fetch(&self, door: &Door) -> Result<Books, Broken> {
        let mut left_out = Vec::new();
        let invoice = self.invoice(door, &mut left_out).await?;
        let mut offers = Vec::new();
        for plan in plans(door).await? {
            if plan.unreadable.is_empty() {
                offers.extend(self.offer(plan, invoice.user_id));
            } else {
                left_out.push(LeftOut::new("planId", plan.id, &plan));
            }
        }
        offers.sort_unstable_by_key(|offer| (offer.contract_id, offer.plan_id));
        Ok(Books { invoice, offers, left_out })
    }

    async fn ask(
        &self,
        guest: &mut Guest,
        books: &Books,
        config: &str,
    ) -> wasmtime::Result<Result<Selection, Failure>> {
        ask(self.exports, guest, &books.invoice, &books.offers, config).await
    }

    fn check(
        &self,
        books: Books,
        answer: Selection,
        now: u64,
    ) -> Result<CheckedSelection, Vec<Violation>> {
        check(books, answer, now)
    }
}

impl LoanPlan<'_> {
    async fn invoice(
        &self,
        door: &Door,
        left_out: &mut Vec<LeftOut>,
    ) -> Result<InvoiceToFinance, Broken> {
        let one = match &self.wanted {
            None => None,
            Some(wanted) => match (wanted.ids.first(), wanted.ids.len()) {
                (Some(id), 1) => Some(*id),
                (_, ids) => {
                    return Err(wanted.refused(format!(
                        "one id, since one invoice is paid by a loan; it holds {ids}"
                    )));
                }
            },
        };
        let list = match one {
            Some(_) => {
                let list = GetInvoiceListRequest {
                    offset: Some(0),
                    size: 1,
                    id: one,
                    ..Default::default()
                };
                let mut listed = super::Listed::default();
                door.call(&list).await??.result.into_iter().for_each(|one| listed.add(one));
                if let Some(wanted) = &self.wanted {
                    wanted.check_readable(&listed.left_out)?;
                }
                keep_payable(door, listed.invoices).await?
            }
            None => {
                let listed = payable(door).await?;
                left_out.extend(listed.left_out);
                listed.invoices
            }
        };
        // A shop offers a loan for what it issued; a customer takes one for what it owes.
        let (issued, owed): (Vec<_>, Vec<_>) =
            list.into_iter().partition(|i| is_issued_by(i, self.business));
        let mut found = if self.wanted.is_none() && !owed.is_empty() {
            owed
        } else {
            issued.into_iter().chain(owed).collect()
        };
        match (found.pop(), found.is_empty()) {
            (Some(invoice), true) => Ok(InvoiceToFinance {
                id: invoice.id,
                payable_amount: invoice.payable_amount.0,
                user_id: invoice.user_srv.map(|user| user.id),
                issuer_id: invoice.business.map(|issuer| issuer.id),
            }),
            (last, _) => {
                let field = self.wanted.as_ref().map_or("invoice", |wanted| wanted.field);
                let expected = if last.is_some() {
                    "the id of one of the open invoices, since there are several".to_owned()
                } else {
                    let named = one.map(|id| format!("; {id} is none")).unwrap_or_default();
                    let unread = left_out.iter().map(|left_out| format!("; {left_out}"));
                    let unread: String = unread.take(MOST_TOLD).collect();
                    format!("the id of an open invoice that the account sees{named}{unread}")
                };
                Err(refused(field, expected))
            }
        }
    }

    fn offer(&self, plan: Listed, customer: Option<u64>) -> Option<Offer> {
        let contract = plan.contract?;
        let stated = self.loan_plans.iter().find(|stated| stated.id == plan.id);
        let stated = stated.map(|stated| stated.installments);
        let credits =
            self.loan_credits.as_ref().map(|credits| {
                credits.iter().map(|&StatedLoanCredit { contract_id, user_id, credit }| {
                    MemberCredit { contract_id, user_id, credit }
                })
            });
        Some(Offer {
            contract_id: contract.id,
            contract_name: contract.name,
            plan_id: plan.id,
            plan_name: plan.name,
            active: plan::is_active(plan.active, contract.active),
            installments: plan::installments(stated, plan.script.as_deref()),
            interest_rate: plan.interest_rate,
            guarantor: contract.guarantor.map(|guarantor| guarantor.code().to_owned()),
            max_breathing_period_count: plan::most_breathing(contract.max_breathing_period_count),
            end_date: contract.end_date.map(|at| at.0),
            customer_credit: plan::customer_credit(credits, contract.id, customer)
                .map(|rials| rials.0),
            loan_grantor_ceiling: contract.loan_grantor_ceiling.map(|rials| rials.0),
        })
    }
}

async fn plans(door: &Door) -> Result<Vec<Listed>, Broken> {
    let (mut plans, mut total) = (Vec::new(), 0);
    loop {
        let offset = plans.len() as u64;
        let request = LoanPlanListRequest { offset, size: PAGE, ..Default::default() };
        let page = door.call(&request).await??;
        let last = page.result.is_empty();
        plans.extend(page.result);
        total = total.max(page.count);
        if last || plans.len() as u64 == total {
            return Ok(plans);
        }
    }
}

/// Calls the decider.
pub(crate) async fn ask(
    exports: &Export,
    guest: &mut Guest,
    invoice: &InvoiceToFinance,
    offers: &[Offer],
    config: &str,
) -> wasmtime::Result<Result<Selection, Failure>> {
    let books = (*invoice, Records(offers), config);
    let answer: Result<Lifted<Selection>, Failure> = exports.call(guest, books).await?;
    Ok(answer.map(|Lifted(selection)| selection))
}

/// What was decided, and what came of it.
pub(crate) struct CheckedSelection {
    invoice: InvoiceToFinance,
    offers: Vec<Offer>,
    left_out: Vec<LeftOut>,
    choice: Option<Choice>,
    lost: Vec<LostOffer>,
    /// One, if a loan is taken.
    payments: Vec<Payment>,
    created: Option<Loan>,
}

fn check(books: Books, answer: Selection, now: u64) -> Result<CheckedSelection, Vec<Violation>> {
    let Books { invoice, offers, left_out } = books;
    let Selection { choice, lost } = answer;
    let mut violations = Vec::new();
    let mut payments = Vec::new();
    if let Some(choice) = &choice {
        let mut violate = |rule: &'static str, what: String| {
            let Choice { plan_id, .. } = choice;
            violations.push(Violation {
                rule: rule.into(),
                item: 0,
                invoice: invoice.id,
                message: format!("invoice {}: plan {plan_id} {what} ({SOURCE})", invoice.id),
                source: SOURCE.into(),
            });
        };
        judge(&invoice, &offers, choice, now, &mut violate);
        let service = PayInvoiceByLoanRequest::ROW.name;
        let rials = Rial(invoice.payable_amount);
        payments.push(Payment::new(service, invoice.id, rials, choice.reason.clone()));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(CheckedSelection { invoice, offers, left_out, choice, lost, payments, created: None })
}

fn judge(
    invoice: &InvoiceToFinance,
    offers: &[Offer],
    choice: &Choice,
    now: u64,
    violate: &mut dyn FnMut(&'static str, String),
) {
    let offer = offers
        .iter()
        .find(|offer| (offer.contract_id, offer.plan_id) == (choice.contract_id, choice.plan_id));
    let Some(offer) = offer else {
        let what = format!("of contract {} is not on offer", choice.contract_id);
        return violate("offered", what);
    };
    let rule = rules::loan::Offer {
        active: offer.active,
        last_day: offer.end_date.map(|end| Instant(end).jalali_date()),
        most_breathing: offer.max_breathing_period_count,
        customer_credit: offer.customer_credit.map(Rial),
        grantor_credit: offer.loan_grantor_ceiling.map(Rial),
    };
    let (payable, down) = (Rial(invoice.payable_amount), Rial(choice.primary_amount));
    let breathing = choice.breathing_period_count;
    let application = Application { payable, down_payment: down, breathing };
    let lacks = |whose: &str, most: Rial| {
        let principal = application.principal().unwrap_or_default();
        format!("is to finance {} rials; {whose} {}", principal.grouped(), most.grouped())
    };
    for reason in rule.refuses(application, Instant(now).jalali_date()) {
        match reason {
            NotGranted::Inactive => violate("active", "is not active".into()),
            NotGranted::Ended => {
                violate("contract-ended", "is of a contract that has ended".into());
            }
            NotGranted::NothingToLend => {
                let (down, payable) = (down.grouped(), payable.grouped());
                let what =
                    format!("gets a down payment of {down} of {payable} rials: nothing is left");
                return violate("down-payment", what);
            }
            NotGranted::CustomerCredit(most) => {
                violate("customer-credit", lacks("the customer may borrow", most));
            }
            NotGranted::GrantorCredit(most) => {
                violate("grantor-ceiling", lacks("the grantor lends", most));
            }
            NotGranted::Breathing(most) => {
                let what =
                    format!("is to breathe for {breathing} months; its contract allows {most}");
                violate("breathing-period", what);
            }
        }
    }
    if let Some(installments) = offer.installments
        && choice.installments.len() != installments as usize
    {
        let found = choice.installments.len();
        violate("installments", format!("has {installments} instalments, not {found}"));
    }
}

impl super::CheckedPlan for CheckedSelection {
    fn payments(&mut self) -> &mut [Payment] {
        &mut self.payments
    }

    async fn pay(&mut self, _: usize, door: &Door) -> Result<Result<(), types::Error>, Broken> {
        let Some(choice) = &self.choice else { return Ok(Ok(())) };
        let breathes = choice.breathing_period_count > 0;
        let monthly = BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly;
        let request = PayInvoiceByLoanRequest {
            invoice_id: self.invoice.id,
            contract_id: choice.contract_id,
            plan_id: Some(choice.plan_id),
            primary_amount: (choice.primary_amount > 0).then_some(Rial(choice.primary_amount)),
            assurance_number: None,
            breathing_period_type: breathes.then_some(monthly),
            breathing_period_count: breathes.then_some(choice.breathing_period_count),
        };
        Ok(door.call(&request).await?.map(|loan| self.created = Some(loan)))
    }

    fn output(self) -> Value {
        let Self { invoice, offers, left_out, choice, lost, payments, created } = self;
        let offers: HashMap<(u64, u64), &Offer> =
            offers.iter().map(|offer| ((offer.contract_id, offer.plan_id), offer)).collect();
        let names = |contract: u64, plan: u64| {
            let offer = offers.get(&(contract, plan));
            json!({
                "contractId": contract,
                "contractName": offer.and_then(|offer| offer.contract_name.as_ref()),
                "planId": plan,
                "planName": offer.and_then(|offer| offer.plan_name.as_ref()),
            })
        };
        let chosen = choice.as_ref().map(|choice| {
            let mut shown = names(choice.contract_id, choice.plan_id);
            shown["primaryAmount"] = choice.primary_amount.into();
            shown["breathingPeriodCount"] = choice.breathing_period_count.into();
            shown["totalCost"] = choice.total_cost.into();
            shown["installments"] = choice.installments.iter().map(installment).collect();
            shown["reason"] = json!(choice.reason);
            shown
        });
        let lost: Vec<Value> = lost
            .iter()
            .map(|lost| {
                let mut shown = names(lost.contract_id, lost.plan_id);
                shown["reason"] = json!(lost.reason);
                shown
            })
            .collect();
        let loan = created.as_ref().zip(choice.as_ref()).map(|(loan, choice)| {
            if !loan.unreadable.is_empty() {
                let unreadable = types::UnreadableField::in_words(loan);
                return json!({ "id": loan.id, "unreadable": unreadable });
            }
            let scheduled: Vec<Value> = loan
                .installments
                .iter()
                .map(|part| {
                    let due = part.due_date.map(|at| at.jalali_date().to_string());
                    json!({ "amount": part.amount, "dueDate": due })
                })
                .collect();
            let predicted: Vec<Value> = choice.installments.iter().map(installment).collect();
            json!({
                "id": loan.id,
                "status": loan.status_code.code(),
                "active": loan.active,
                "totalAmount": loan.total_amount,
                "agrees": scheduled == predicted,
                "installments": scheduled,
            })
        });
        let mut output = json!({
            "payments": payments,
            "invoice": invoice.id,
            "payable": invoice.payable_amount,
            "choice": chosen,
            "loan": loan,
            "lost": lost,
        });
        LeftOut::tell(&left_out, &mut output);
        output
    }
}

fn installment(part: &PlannedInstallment) -> Value {
    let day = part.due_date;
    let day = JalaliDate { year: day.year, month: day.month, day: day.day };
    json!({ "amount": part.amount, "dueDate": day.to_string() })
}
