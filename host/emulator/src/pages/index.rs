//! `/`: what a developer who has just started the platform wants to see.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use pod_platform::loans::LoanStatus;
use sqlx::query_as;

use super::{
    answer::{Answer, respond, step},
    link_by_unique_number, loan,
    persian::{digits, moment, rials},
};
use crate::{platform::Platform, service::Context, service::Refusal, sms};

/// How many invoices and SMS are listed.
const MOST: i64 = 50;

#[derive(Template)]
#[template(path = "index.html")]
struct Index {
    is_fork: bool,
    now: String,
    platform_url: String,
    people: Vec<Person>,
    invoices: Vec<OpenInvoice>,
    loans: Vec<OpenLoan>,
    sms: Vec<Message>,
}

struct Person {
    id: i64,
    name: String,
    is_business: bool,
    cellphone_number: Option<String>,
}

struct OpenInvoice {
    number: String,
    issuer: String,
    user: Option<String>,
    payable: String,
    /// Anybody's link; the bank's page, where somebody is there.
    link: String,
    is_at_bank: bool,
    own_link: Option<String>,
}

struct OpenLoan {
    number: String,
    user: String,
    invoice: String,
    total: String,
    link: String,
}

struct Message {
    at: String,
    to: String,
    text: String,
}

pub(super) async fn show(State(platform): State<Arc<Platform>>) -> Response {
    let shown = step(&platform, |context| {
        Box::pin(async move { Answer::show(StatusCode::OK, &index(context).await?) })
    });
    respond(shown.await)
}

async fn index(context: &mut Context<'_>) -> Result<Index, Refusal> {
    let (invoices, loans) = (invoices(context).await?, loans(context).await?);
    let newest = sms::all(context.connection).await?.into_iter().rev();
    let parties = context.parties;
    let people = parties.payers().into_iter().map(|(id, name, is_business)| Person {
        id,
        name: name.to_owned(),
        is_business,
        cellphone_number: parties.cellphone_number(id),
    });
    Ok(Index {
        is_fork: context.fork.is_some(),
        now: moment(context.now),
        platform_url: format!("{}/srv/sc", context.root_url),
        people: people.collect(),
        invoices,
        loans,
        sms: newest
            .take(MOST.unsigned_abs() as usize)
            .map(|sms| Message { at: moment(sms.at), to: sms.cellphone_number, text: sms.text })
            .collect(),
    })
}

async fn invoices(context: &mut Context<'_>) -> Result<Vec<OpenInvoice>, sqlx::Error> {
    type Row = (i64, i64, Option<i64>, i64, String, Option<String>);
    let rows: Vec<Row> = query_as(
        "SELECT id, business_id, user_id, amount + vat, unique_number,
                (SELECT token FROM bank_visits WHERE invoice_id = invoices.id AND open)
         FROM invoices
         WHERE NOT (payed OR unverified OR canceled OR closed) AND will_be_paid_at IS NULL
         ORDER BY id DESC LIMIT ?",
    )
    .bind(MOST)
    .fetch_all(&mut *context.connection)
    .await?;
    let (root_url, parties) = (context.root_url, context.parties);
    let open = |(id, business, user, payable, unique_number, bank): Row| OpenInvoice {
        number: digits(id),
        issuer: parties.business_name(business).to_owned(),
        user: user.map(|user| parties.user_name(user).to_owned()),
        payable: rials(payable),
        is_at_bank: bank.is_some(),
        link: match bank {
            Some(token) => format!("{root_url}/emulator/bank/{token}"),
            None => link_by_unique_number(root_url, &unique_number, &[]),
        },
        own_link: user.map(|_| format!("{root_url}/v1/pbc/payinvoice/?invoiceId={id}")),
    };
    Ok(rows.into_iter().map(open).collect())
}

async fn loans(context: &mut Context<'_>) -> Result<Vec<OpenLoan>, sqlx::Error> {
    let rows: Vec<(i64, i64, i64, i64)> = query_as(
        "SELECT id, user_id, subject_invoice_id, total_amount FROM loans
         WHERE status IN (?, ?) ORDER BY id DESC LIMIT ?",
    )
    .bind(LoanStatus::LoanStatusCreated.code())
    .bind(LoanStatus::LoanStatusWaitingToCreate.code())
    .bind(MOST)
    .fetch_all(&mut *context.connection)
    .await?;
    let (root_url, parties) = (context.root_url, context.parties);
    let open = |(id, user, invoice, total)| OpenLoan {
        number: digits(id),
        user: parties.user_name(user).to_owned(),
        invoice: digits(invoice),
        total: rials(total),
        link: loan::link(root_url, id),
    };
    Ok(rows.into_iter().map(open).collect())
}
