//! `/emulator/loan`: a customer sees a loan, and settles what is left of it before its time (S4).
//!
//! It stands in for POD's own page. As with the link to an invoice, whoever opens it is the loan's
//! customer.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use bytes::Bytes;
use pod_platform::{
    loans::{InstallmentStatus, LoanStatus},
    types::PlatformErrorKind as Kind,
    wire::form::Fields,
};

use super::{
    answer::{Answer, respond, step},
    persian::{day, digits, rials},
};
use crate::{
    loans::{self, Installment, Loan},
    platform::Platform,
    service::{Context, Refusal},
};

#[derive(Template)]
#[template(path = "loan.html")]
struct Page {
    number: String,
    /// Names and values.
    facts: Vec<(&'static str, String)>,
    installments: Vec<Part>,
    /// What settles it now, if it can be settled.
    rest: Option<String>,
}

struct Part {
    number: String,
    due: String,
    amount: String,
    status: &'static str,
}

/// The customer looks at the loan.
pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
) -> Response {
    let shown = step(&platform, move |context| {
        Box::pin(async move {
            let loan = asked_for(context, query).await?;
            Answer::show(StatusCode::OK, &page(context, loan).await?)
        })
    });
    respond(shown.await)
}

/// The customer wants to settle it: there is an invoice for that, which is paid like any other.
pub(super) async fn chosen(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let form = Fields::decoded(&body);
    if form.get("action") != Some("settle") {
        return respond(Err(Refusal::argument("action", "settle")));
    }
    let asked = step(&platform, move |context| {
        Box::pin(async move {
            let loan = asked_for(context, query).await?;
            context.caller = context.parties.acting(loan.user_id);
            let invoice = loans::settlement_invoice(context, loan.id.unsigned_abs()).await?;
            let root_url = context.root_url;
            Ok(Answer::go(format!(
                "{root_url}/v1/pbc/payinvoice/?invoiceId={}&payer={}",
                invoice.id, loan.user_id
            )))
        })
    });
    respond(asked.await)
}

/// The link to a loan's page.
pub(super) fn link(root_url: &str, loan: i64) -> String {
    format!("{root_url}/emulator/loan/?loanId={loan}")
}

async fn asked_for(context: &mut Context<'_>, query: Option<String>) -> Result<Loan, Refusal> {
    let fields = Fields::decoded(query.unwrap_or_default().as_bytes());
    let id = fields.get("loanId").and_then(|id| id.trim().parse().ok());
    let loan = match id {
        Some(id) => Loan::find(context.connection, id).await?,
        None => None,
    };
    Ok(loan.ok_or(Kind::PageNotFound)?)
}

async fn page(context: &mut Context<'_>, loan: Loan) -> Result<Page, Refusal> {
    let rest = loans::rest(context, &loan).await?;
    let installments = loan.installments(context.connection).await?;
    let status = status(&LoanStatus::from_code(&loan.status), loan.active);
    let facts = [
        ("خریدار", Some(context.parties.user_name(loan.user_id).to_owned())),
        ("شماره فاکتور", Some(digits(loan.subject_invoice_id))),
        ("پیش پرداخت", Some(format!("{} ریال", rials(loan.primary_amount)))),
        ("مبلغ کل تسهیلات", Some(format!("{} ریال", rials(loan.total_amount)))),
        ("وضعیت", Some(status.to_owned())),
        ("تاریخ تسویه زودتر از موعد", loan.settled_at.map(day)),
    ];
    Ok(Page {
        number: digits(loan.id),
        facts: facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        installments: installments.into_iter().map(Part::of).collect(),
        rest: rest.map(rials),
    })
}

impl Part {
    fn of(installment: Installment) -> Self {
        Self {
            number: digits(installment.number),
            due: day(installment.due_at),
            amount: rials(installment.amount),
            status: in_words(&InstallmentStatus::from_code(&installment.status)),
        }
    }
}

/// An instalment's state in POD's own words (S4).
fn in_words(status: &InstallmentStatus) -> &'static str {
    match status {
        InstallmentStatus::InstallmentStatusCreated => "ایجاد شده",
        InstallmentStatus::InstallmentStatusDeleted => "حذف شده",
        InstallmentStatus::InstallmentStatusCanceled => "لغو شده",
        InstallmentStatus::InstallmentStatusDone => "پرداخت شده",
        InstallmentStatus::InstallmentStatusWaitingForBankSettlement => "منتظر تسویه بانکی",
        InstallmentStatus::InstallmentStatusPreSettled => "تسویه زودتر از موعد",
        InstallmentStatus::Other(_) => "نامعلوم",
    }
}

fn status(status: &LoanStatus, active: bool) -> &'static str {
    match status {
        LoanStatus::LoanStatusCreated if active => "فعال",
        LoanStatus::LoanStatusCreated => "منتظر پیش پرداخت یا تایید",
        LoanStatus::LoanStatusWaitingToCreate => "منتظر انتخاب طرح بازپرداخت",
        LoanStatus::LoanStatusDone => "تسویه شده",
        LoanStatus::LoanStatusCanceled => "لغو شده",
        LoanStatus::Other(_) => "نامعلوم",
    }
}
