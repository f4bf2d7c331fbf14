//! What a payer does on a link's page: pays from wallet and credit, goes to the bank, or gives up.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use pod_platform::{types::PlatformErrorKind as Kind, wire::form::Fields};

use super::{
    answer::{Answer, message, respond, step},
    installments, show,
    view::Message,
    visit::{Terms, Visit},
    way_back,
};
use crate::{
    callbacks, gateway,
    handlers::payments::PODLAND_WALLET,
    invoice::{CardReceipt, Record},
    ledger::Account,
    loans,
    payment::{self, Delegations},
    platform::Platform,
    service::{Context, Refusal},
};

/// The gateway of POD's own sandbox: whatever comes there is paid at once (S1).
pub(super) const LOC: &str = "LOC";

const SERVICE: &str = "paymentPage";

/// Too little for a card: no document shows code or text of this error. 403 is what POD's gateway
/// service answers to what it does not take.
const TOO_CHEAP: (i32, &str) =
    (403, "پرداخت با کارت شتابی فقط برای فاکتورهای بالاتر از ۱۰٬۰۰۰ ریال امکان‌پذیر است");

/// A payer has chosen what to do.
pub(super) async fn chosen(platform: Arc<Platform>, visit: Visit, form: Fields) -> Response {
    if let Err(refusal) = platform.know(&visit.needs()).await {
        return respond(Err(refusal));
    }
    let again = visit.clone();
    let done = step(&platform, move |context| {
        Box::pin(async move { choose(context, &visit, &form).await })
    });
    let page = match done.await {
        Err(Refusal::Platform { kind, detail, .. }) => {
            // What is wrong with a field, a developer has to know; the rest is on the page.
            let notice = message(kind, detail.filter(|_| kind == Kind::BadParameters));
            let refused = step(&platform, move |context| {
                Box::pin(async move {
                    let (invoice, terms) = again.open(context).await?;
                    show::page(context, &again, &invoice, &terms, Some(notice)).await
                })
            });
            refused.await
        }
        done => done,
    };
    respond(page)
}

async fn choose(
    context: &mut Context<'_>,
    visit: &Visit,
    form: &Fields,
) -> Result<Answer, Refusal> {
    let (mut invoice, terms) = visit.open(context).await?;
    match form.get("action") {
        Some("wallet") => from_wallet(context, visit, &mut invoice, &terms, form).await,
        Some("plan") => installments::page(context, visit, &invoice, &terms, form).await,
        Some("borrow") => installments::borrow(context, visit, &invoice, &terms, form).await,
        Some("loan") => by_loan(context, visit, &invoice, &terms).await,
        Some("card") => {
            invoice.must_be_payable(context.now)?;
            at_bank(context, &mut invoice, &terms).await
        }
        Some("cancel") => gave_up(&invoice, terms.redirect.as_ref()),
        _ => Err(Refusal::argument("action", "wallet, plan, borrow, loan, card or cancel")),
    }
}

/// The credits that the payer has ticked, and the wallet for the rest.
async fn from_wallet(
    context: &mut Context<'_>,
    visit: &Visit,
    invoice: &mut Record,
    terms: &Terms,
    form: &Fields,
) -> Result<Answer, Refusal> {
    context.caller = show::payer(context, visit, invoice, terms)?;
    invoice.must_be_payable(context.now)?;
    let payer = context.caller.user_id;
    let mut delegations = Delegations::default();
    for credit in payment::credits(context, payer, invoice, None, None).await? {
        if form.values("delegation").any(|hash| hash == credit.hash) {
            delegations.delegators.push(credit.delegator.unsigned_abs());
            delegations.hashes.push(credit.hash);
        }
    }
    // A credit that has ended since the page was shown: the wallet must not pay for it unasked.
    if form.values("delegation").any(|hash| !delegations.hashes.iter().any(|own| own == hash)) {
        return Err(Kind::InsufficientFunds.into());
    }
    let wallet = form.get("wallet").unwrap_or(PODLAND_WALLET);
    pay_by_credit(context, invoice, payer, wallet, &delegations).await?;
    paid(context, invoice, terms.redirect.as_ref(), terms.call.as_deref()).await
}

/// The customer confirms the loan that waits for it.
async fn by_loan(
    context: &mut Context<'_>,
    visit: &Visit,
    invoice: &Record,
    terms: &Terms,
) -> Result<Answer, Refusal> {
    context.caller = show::payer(context, visit, invoice, terms)?;
    let loan = loans::pending_confirmation(context.connection, invoice.id).await?;
    loans::confirm(context, loan.ok_or(Kind::NotFound)?).await?;
    let id = invoice.id.unsigned_abs();
    let paid_by_loan = Record::find(context.connection, id).await?.ok_or(Kind::NotFound)?;
    paid(context, &paid_by_loan, terms.redirect.as_ref(), terms.call.as_deref()).await
}

async fn pay_by_credit(
    context: &mut Context<'_>,
    invoice: &mut Record,
    payer: i64,
    wallet: &str,
    delegations: &Delegations,
) -> Result<(), Refusal> {
    let mut payment = payment::by_credit(context, payer, invoice, wallet, delegations).await?;
    payment.tool = Some(payment::ONLINE_CREDIT);
    if wallet != PODLAND_WALLET {
        payment.card_receipt = Some(CardReceipt {
            terminal_number: Some(gateway::terminal(wallet)),
            ..CardReceipt::default()
        });
    }
    payment::pay(context, invoice, SERVICE, payment).await
}

/// To the bank, if the invoice is for enough. It may be paid.
pub(super) async fn at_bank(
    context: &mut Context<'_>,
    invoice: &mut Record,
    terms: &Terms,
) -> Result<Answer, Refusal> {
    if invoice.payable() <= gateway::NOT_BY_CARD {
        let (code, text) = TOO_CHEAP;
        return match &terms.redirect {
            Some(redirect) => {
                Ok(Answer::go(way_back::with(redirect, &way_back::error_result(code, text))))
            }
            None => {
                let message = Message { text: text.to_owned(), way_back: None };
                Answer::show(StatusCode::CONFLICT, &message)
            }
        };
    }
    let payer = terms.known_payer(invoice);
    let redirect = terms.redirect.as_ref().map(url::Url::as_str);
    let token = gateway::enter(context, invoice, payer, redirect, terms.call.as_deref()).await?;
    Ok(Answer::go(format!("{}/emulator/bank/{token}", context.root_url)))
}

/// Pays without asking: from the wallet of the link's own user, if there is enough in it, or by
/// card, of which it is not asked here whether the invoice is for enough. The invoice may be paid.
pub(super) async fn at_once(
    context: &mut Context<'_>,
    invoice: &mut Record,
    terms: &Terms,
) -> Result<Answer, Refusal> {
    let payer = terms.known_payer(invoice);
    let balance = match payer {
        Some(user) => {
            Account::Wallet { user, code: PODLAND_WALLET }.balance(context.connection).await?
        }
        None => 0,
    };
    match payer {
        Some(user) if balance >= invoice.payable() => {
            let none = Delegations::default();
            pay_by_credit(context, invoice, user, PODLAND_WALLET, &none).await?;
        }
        _ => gateway::by_card(context, invoice, payer, LOC).await?,
    }
    paid(context, invoice, terms.redirect.as_ref(), terms.call.as_deref()).await
}

/// The payment is made: the payer goes back, and the business's server is told.
pub(super) async fn paid(
    context: &mut Context<'_>,
    invoice: &Record,
    redirect: Option<&url::Url>,
    call: Option<&str>,
) -> Result<Answer, Refusal> {
    let parameters = way_back::outcome(invoice);
    let mut answer = Answer::go(match redirect {
        Some(redirect) => way_back::with(redirect, &parameters),
        None => way_back::receipt(context, invoice),
    });
    if let Some(call) = call {
        // What is no address is noted as it came, and not called.
        let url = way_back::address(call)
            .map_or_else(|| call.to_owned(), |address| way_back::with(&address, &parameters));
        answer.callback = Some(callbacks::note(context, invoice.id, url).await?);
    }
    Ok(answer)
}

/// The payer does not pay.
pub(super) fn gave_up(invoice: &Record, redirect: Option<&url::Url>) -> Result<Answer, Refusal> {
    match redirect {
        Some(redirect) => Ok(Answer::go(way_back::with(redirect, &way_back::outcome(invoice)))),
        None => {
            let text = "از پرداخت انصراف دادید. مبلغی از شما کسر نشد.".to_owned();
            Answer::show(StatusCode::OK, &Message { text, way_back: None })
        }
    }
}
