//! The gateway of instalments (S4): the buyer chooses a contract's plan and a down payment, sees the
//! instalments, and takes the loan.

use askama::Template;
use axum::http::StatusCode;
use pod_platform::{
    Rial,
    loans::{LoanGuarantor, PayInvoiceByLoanRequest},
    types::PlatformErrorKind as Kind,
    wire::form::Fields,
};

use super::{
    answer::Answer,
    pay,
    persian::{day, digits, quantity, rials},
    show,
    view::wallet_name,
    visit::{Terms, Visit},
};
use crate::{
    invoice::Record,
    loans::{self, Loan, Offer},
    service::{Context, Refusal},
};

#[derive(Template)]
#[template(path = "installments.html")]
struct Page {
    payable: String,
    issuer: String,
    buyer: String,
    plans: Vec<PlanChoice>,
    primary_amount: String,
    assurance_number: String,
    /// What the chosen plan comes to.
    preview: Option<Preview>,
    /// The query of the page before.
    back: String,
}

struct PlanChoice {
    id: i64,
    name: String,
    contract: String,
    installments: String,
    interest_rate: String,
    left: String,
    /// Whence the instalments are paid.
    source: String,
    is_guaranteed: bool,
    chosen: bool,
}

struct Preview {
    /// Number, day, amount, and what would settle the loan early before this one is paid.
    installments: Vec<(String, String, String, String)>,
    total: String,
}

/// What the buyer has chosen.
struct Choice {
    plan: Option<u64>,
    primary_amount: Rial,
    assurance_number: Option<String>,
}

impl Choice {
    fn read(form: &Fields) -> Result<Self, Refusal> {
        let filled = |name| form.get(name).map(str::trim).filter(|text| !text.is_empty());
        let primary_amount = match filled("primaryAmount") {
            Some(text) => loans::amount_in(text)
                .ok_or_else(|| Refusal::argument("primaryAmount", "an amount in whole rials"))?,
            None => Rial::ZERO,
        };
        Ok(Self {
            plan: filled("plan").and_then(|plan| plan.parse().ok()),
            primary_amount,
            assurance_number: filled("assuranceNumber").map(str::to_owned),
        })
    }
}

/// Shows the plans and, of a chosen one, the instalments.
pub(super) async fn page(
    context: &mut Context<'_>,
    visit: &Visit,
    invoice: &Record,
    terms: &Terms,
    form: &Fields,
) -> Result<Answer, Refusal> {
    let buyer = buyer(context, visit, invoice, terms)?;
    invoice.must_be_payable(context.now)?;
    let offers = loans::offers(context, invoice).await?;
    if offers.is_empty() {
        return Err(Kind::NoPermission.into());
    }
    let choice = Choice::read(form)?;
    let primary_amount = choice.primary_amount.0.cast_signed();
    let principal = invoice.payable() - primary_amount;
    if principal <= 0 {
        return Err(Refusal::argument("primaryAmount", "less than the invoice's amount"));
    }
    let chosen = offers
        .iter()
        .flat_map(|offer| &offer.plans)
        .find(|plan| choice.plan == Some(plan.id.unsigned_abs()));
    let preview = match chosen {
        Some(plan) => {
            let parts = loans::installments(context, plan, principal)?;
            let total = parts.iter().map(|part| part.amount).sum();
            let mut rest = total;
            let shown = |(number, part): (usize, loans::Part)| {
                let early = rials(rest);
                rest -= part.amount;
                (digits(number), day(part.due_at), rials(part.amount), early)
            };
            Some(Preview {
                installments: (1..).zip(parts).map(shown).collect(),
                total: rials(total),
            })
        }
        None => None,
    };
    let page = Page {
        payable: rials(invoice.payable()),
        issuer: context.parties.business_name(invoice.business_id).to_owned(),
        buyer: context.parties.user_name(buyer).to_owned(),
        plans: offers.iter().flat_map(|offer| plans(offer, choice.plan)).collect(),
        primary_amount: choice.primary_amount.to_string(),
        assurance_number: choice.assurance_number.unwrap_or_default(),
        preview,
        back: visit.query_for(Some(&buyer.to_string())),
    };
    Answer::show(StatusCode::OK, &page)
}

fn plans(offer: &Offer, chosen: Option<u64>) -> Vec<PlanChoice> {
    let Offer { contract, left, plans } = offer;
    let plan = |plan: &loans::Plan| PlanChoice {
        id: plan.id,
        name: plan.name.clone(),
        contract: contract.name.clone().unwrap_or_else(|| digits(contract.id)),
        installments: digits(plan.installments),
        interest_rate: quantity(plan.interest_rate),
        left: rials(*left),
        source: wallet_name(&contract.clear_installment_tool),
        is_guaranteed: contract.guarantor == LoanGuarantor::LoanGuarantorPasargad.code(),
        chosen: chosen == Some(plan.id.unsigned_abs()),
    };
    plans.iter().map(plan).collect()
}

/// Takes the loan. Its down payment is an invoice that is paid next; without one, choosing it is the
/// confirmation that S4 asks for.
pub(super) async fn borrow(
    context: &mut Context<'_>,
    visit: &Visit,
    invoice: &Record,
    terms: &Terms,
    form: &Fields,
) -> Result<Answer, Refusal> {
    let buyer = buyer(context, visit, invoice, terms)?;
    context.caller = context.parties.acting(buyer);
    let choice = Choice::read(form)?;
    let chosen = choice.plan.ok_or_else(|| Refusal::argument("plan", "one of the plans"))?;
    let offers = loans::offers(context, invoice).await?;
    let contract = offers
        .iter()
        .find(|offer| offer.plans.iter().any(|plan| plan.id.unsigned_abs() == chosen))
        .map(|offer| offer.contract.id.unsigned_abs())
        .ok_or(Kind::NoPermission)?;
    let request = PayInvoiceByLoanRequest {
        invoice_id: invoice.id.unsigned_abs(),
        contract_id: contract,
        plan_id: Some(chosen),
        primary_amount: Some(choice.primary_amount),
        assurance_number: choice.assurance_number,
        ..PayInvoiceByLoanRequest::default()
    };
    let Loan { id, pre_paid_invoice_id, .. } = loans::begin(context, invoice, &request).await?;
    match pre_paid_invoice_id {
        Some(down_payment) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("invoiceId", &down_payment.to_string());
            query.append_pair("payer", &buyer.to_string());
            if let Some(redirect) = &terms.redirect {
                query.append_pair("redirectUri", redirect.as_str());
            }
            let root_url = context.root_url;
            Ok(Answer::go(format!("{root_url}/v1/pbc/payinvoice/?{}", query.finish())))
        }
        None => {
            loans::confirm(context, id).await?;
            let paid = Record::find(context.connection, invoice.id.unsigned_abs()).await?;
            let paid = paid.ok_or(Kind::InvoiceNotFound)?;
            pay::paid(context, &paid, terms.redirect.as_ref(), terms.call.as_deref()).await
        }
    }
}

/// The one who has logged in, if that is the invoice's own user.
fn buyer(
    context: &Context<'_>,
    visit: &Visit,
    invoice: &Record,
    terms: &Terms,
) -> Result<i64, Refusal> {
    let payer = show::payer(context, visit, invoice, terms)?.user_id;
    if invoice.user_id == Some(payer) { Ok(payer) } else { Err(Kind::NoPermission.into()) }
}
