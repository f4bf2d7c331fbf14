//! What a payer reads: the invoice, who may pay it, what it can be paid with, and the receipt.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use pod_platform::{types::PlatformErrorKind as Kind, wire::form::Fields};

use super::{
    answer::{Answer, respond, step},
    pay, persian,
    view::{Invoice, Message, Money, Payer, Payers, Preview, Receipt, WalletPage},
    visit::{Terms, Visit},
    way_back,
};
use crate::{
    gateway,
    handlers::payments::PODLAND_WALLET,
    invoice::Record,
    ledger, loans,
    parties::Caller,
    payment,
    platform::Platform,
    service::{Context, Refusal},
};

/// The value of `payer` of somebody who wants to log in.
const SOMEBODY: &str = "choose";

/// A payer has opened a link.
pub(super) async fn opened(platform: Arc<Platform>, visit: Visit) -> Response {
    if let Err(refusal) = platform.know(&visit.needs()).await {
        return respond(Err(refusal));
    }
    let shown = step(&platform, move |context| {
        Box::pin(async move {
            let (mut invoice, terms) = visit.open(context).await?;
            if invoice.must_be_payable(context.now).is_ok() {
                match terms.gateway.as_deref() {
                    Some(gateway::PEP) => return pay::at_bank(context, &mut invoice, &terms).await,
                    Some(pay::LOC) => return pay::at_once(context, &mut invoice, &terms).await,
                    _ => {}
                }
            }
            page(context, &visit, &invoice, &terms, None).await
        })
    });
    respond(shown.await)
}

/// The page of a link, with a word on what did not work.
pub(super) async fn page(
    context: &mut Context<'_>,
    visit: &Visit,
    invoice: &Record,
    terms: &Terms,
    notice: Option<String>,
) -> Result<Answer, Refusal> {
    let status = if notice.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let state = match invoice.must_be_payable(context.now) {
        Ok(()) => None,
        Err(Kind::BillIsWaitingForGateway) => return waiting(terms),
        Err(kind) => Some(kind.message()),
    };
    let wanted = visit.fields().get("payer").map(str::to_owned);
    match wanted.filter(|_| state.is_none()) {
        None => {
            let login = match terms.known_payer(invoice) {
                Some(user) => user.to_string(),
                None => SOMEBODY.to_owned(),
            };
            let preview = Preview {
                invoice: Invoice::of(invoice, context.parties)?,
                // The state says so already.
                notice: notice.filter(|notice| Some(notice.as_str()) != state),
                state,
                login: visit.query_for(Some(&login)),
                way_back: terms
                    .redirect
                    .as_ref()
                    .map(|redirect| way_back::with(redirect, &way_back::outcome(invoice))),
            };
            Answer::show(status, &preview)
        }
        Some(payer) if payer == SOMEBODY => {
            Answer::show(status, &payers(context, visit, invoice, terms))
        }
        Some(_) => {
            let payer = payer(context, visit, invoice, terms)?;
            Answer::show(status, &wallet(context, visit, invoice, payer, notice).await?)
        }
    }
}

/// Who has logged in, if this one may pay.
pub(super) fn payer(
    context: &Context<'_>,
    visit: &Visit,
    invoice: &Record,
    terms: &Terms,
) -> Result<Caller, Refusal> {
    let fields = visit.fields();
    let id = fields.get("payer").and_then(|id| id.trim().parse().ok());
    let user = id.filter(|user| context.parties.is_user(*user));
    let user = user.ok_or_else(|| Refusal::argument("payer", "the id of a user"))?;
    let payer = context.parties.acting(user);
    terms.admit(payer, invoice)?;
    Ok(payer)
}

fn payers(context: &Context<'_>, visit: &Visit, invoice: &Record, terms: &Terms) -> Payers {
    let everybody = context.parties.payers().into_iter();
    let admitted =
        everybody.filter(|(id, ..)| terms.admit(context.parties.acting(*id), invoice).is_ok());
    Payers {
        payable: persian::rials(invoice.payable()),
        payers: admitted
            .map(|(id, name, is_business)| Payer {
                name: name.to_owned(),
                is_business,
                query: visit.query_for(Some(&id.to_string())),
            })
            .collect(),
        back: visit.query_for(None),
    }
}

async fn wallet(
    context: &mut Context<'_>,
    visit: &Visit,
    invoice: &Record,
    payer: Caller,
    notice: Option<String>,
) -> Result<WalletPage, Refusal> {
    let credits = payment::credits(context, payer.user_id, invoice, None, None).await?;
    let mut wallets = ledger::wallets(context.connection, payer.user_id).await?;
    if !wallets.iter().any(|(code, _)| code == PODLAND_WALLET) {
        wallets.push((PODLAND_WALLET.to_owned(), 0));
    }
    wallets.sort_by_key(|(code, _)| code != PODLAND_WALLET);
    // S4: a loan without a down payment is confirmed where the customer would choose the wallet.
    let loan = invoice.user_id == Some(payer.user_id)
        && loans::pending_confirmation(context.connection, invoice.id).await?.is_some();
    let installments = invoice.user_id == Some(payer.user_id)
        && !loans::offers(context, invoice).await?.is_empty();
    Ok(WalletPage {
        loan,
        installments,
        payable: persian::rials(invoice.payable()),
        issuer: context.parties.business_name(invoice.business_id).to_owned(),
        payer: context.parties.user_name(payer.user_id).to_owned(),
        notice,
        credits: credits.into_iter().map(|credit| Money::credit(credit, context.parties)).collect(),
        wallets: wallets.into_iter().map(|(code, balance)| Money::wallet(code, balance)).collect(),
        back: visit.query_for(None),
    })
}

/// Somebody is at the bank with this invoice (S1: 72).
fn waiting(terms: &Terms) -> Result<Answer, Refusal> {
    let kind = Kind::BillIsWaitingForGateway;
    match &terms.redirect {
        Some(redirect) => Ok(Answer::go(way_back::with(
            redirect,
            &way_back::error_result(kind.code(), kind.message()),
        ))),
        None => Err(kind.into()),
    }
}

/// `/emulator/receipt/`: where a payer ends who has no address to go back to.
pub(super) async fn receipt(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
) -> Response {
    let fields = Fields::decoded(query.unwrap_or_default().as_bytes());
    let number = fields.get("uniqueNumber").unwrap_or_default().to_owned();
    let shown = step(&platform, move |context| {
        Box::pin(async move {
            let invoice = Record::find_unique(context.connection, &number).await?;
            let invoice = invoice.ok_or(Kind::PageNotFound)?;
            if invoice.payed || invoice.unverified {
                Answer::show(StatusCode::OK, &Receipt::of(&invoice, context.parties)?)
            } else {
                let text = Kind::InvoiceNotPayed.message().to_owned();
                Answer::show(StatusCode::OK, &Message { text, way_back: None })
            }
        })
    });
    respond(shown.await)
}
