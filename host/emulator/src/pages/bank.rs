//! The page that stands in for the bank's: Shaparak's cards are not at hand here.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use bytes::Bytes;
use pod_platform::wire::form::Fields;

use super::{
    answer::{Answer, message, respond, step},
    pay, persian,
    view::{Bank, Message},
    way_back,
};
use crate::{
    gateway,
    handlers::payments::PODLAND_WALLET,
    platform::{Acting, Platform},
    service::{Context, Refusal},
};

/// A payer comes to the bank.
pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    Path(token): Path<String>,
) -> Response {
    respond(or_way_back(&platform, token, |context, token| Box::pin(page(context, token))).await)
}

/// The payer pays there, or does not.
pub(super) async fn chosen(
    State(platform): State<Arc<Platform>>,
    Path(token): Path<String>,
    body: Bytes,
) -> Response {
    let form = Fields::decoded(&body);
    let pays = match form.get("action") {
        Some("pay") => true,
        Some("cancel") => false,
        _ => return respond(Err(Refusal::argument("action", "pay or cancel"))),
    };
    let outcome = if pays {
        or_way_back(&platform, token, |context, token| Box::pin(paid(context, token))).await
    } else {
        or_way_back(&platform, token, |context, token| Box::pin(cancelled(context, token))).await
    };
    respond(outcome)
}

type AtBank = for<'a> fn(&'a mut Context<'_>, String) -> Acting<'a, Answer>;

/// Does something at the bank. If it is refused, the payer still finds back to the business.
async fn or_way_back(
    platform: &Arc<Platform>,
    token: String,
    action: AtBank,
) -> Result<super::answer::Page, Refusal> {
    let again = token.clone();
    match step(platform, move |context| action(context, token)).await {
        Err(Refusal::Platform { kind, detail, .. }) => {
            let text = message(kind, detail);
            let refused = step(platform, move |context| {
                Box::pin(async move {
                    let (visit, invoice) = gateway::find(context, &again).await?;
                    let redirect = visit.redirect_uri.as_deref().and_then(way_back::address);
                    let way_back = redirect
                        .map(|redirect| way_back::with(&redirect, &way_back::outcome(&invoice)));
                    Answer::show(StatusCode::CONFLICT, &Message { text, way_back })
                })
            });
            refused.await
        }
        done => done,
    }
}

async fn page(context: &mut Context<'_>, token: String) -> Result<Answer, Refusal> {
    let (visit, invoice) = gateway::find(context, &token).await?;
    visit.must_be_open(context, &invoice)?;
    let bank = Bank {
        payable: persian::rials(invoice.payable()),
        issuer: context.parties.business_name(invoice.business_id).to_owned(),
        number: persian::digits(invoice.id),
        terminal: persian::digits(gateway::terminal(PODLAND_WALLET)),
        card: persian::digits(gateway::CARD),
    };
    Answer::show(StatusCode::OK, &bank)
}

async fn paid(context: &mut Context<'_>, token: String) -> Result<Answer, Refusal> {
    let (visit, mut invoice) = gateway::find(context, &token).await?;
    visit.pay(context, &mut invoice).await?;
    let redirect = visit.redirect_uri.as_deref().and_then(way_back::address);
    pay::paid(context, &invoice, redirect.as_ref(), visit.call_uri.as_deref()).await
}

async fn cancelled(context: &mut Context<'_>, token: String) -> Result<Answer, Refusal> {
    let (visit, mut invoice) = gateway::find(context, &token).await?;
    visit.leave(context, &mut invoice).await?;
    let redirect = visit.redirect_uri.as_deref().and_then(way_back::address);
    pay::gave_up(&invoice, redirect.as_ref())
}
