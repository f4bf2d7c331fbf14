//! Payment in future: the money leaves its account now, waits where nobody can spend it, and pays
//! the invoice on its day (S0, S1).

use pod_platform::{JalaliDate, types::PlatformErrorKind as Kind};

use crate::{
    due::{self, Event},
    invoice::Record,
    ledger::{self, Account, Move},
    payment::{self, Payment, Source},
    service::{Context, Refusal},
};

/// Blocks what an invoice needs, and promises its payment.
pub(crate) async fn guarantee(
    context: &mut Context<'_>,
    invoice: &mut Record,
    from: Account<'_>,
    date: JalaliDate,
    service: &str,
) -> Result<(), Refusal> {
    let at = date.start().ok_or_else(|| Refusal::argument("date", "a day of the calendar"))?;
    let rials = invoice.payable();
    let is_known = match (&from, context.fork) {
        (_, None) => true,
        (Account::Wallet { user, code }, Some(fork)) => fork.knows_wallet(*user, code),
        (_, Some(_)) => false,
    };
    if !is_known {
        let is_wallet = matches!(from, Account::Wallet { .. });
        context.assumes(if is_wallet { "wallet-covers" } else { "guild-account-covers" });
        context.assume_in(&from, rials).await?;
    }
    if from.balance(context.connection).await? < rials {
        return Err(Kind::NotEnoughCreditToBlock.into());
    }
    let source = Source { account: from.to_string(), rials };
    payment::remember_sources(context.connection, invoice.id, &[source]).await?;
    let moves = [Move { from, to: Account::Blocked { invoice: invoice.id }, rials }];
    ledger::post(context.connection, context.now, service, context.reference, &moves).await?;
    invoice.will_be_paid_at = Some(at.0.cast_signed());
    invoice.payer_id = Some(context.caller.user_id);
    invoice.save(context.connection).await?;
    due::schedule(context.connection, at, Event::GuaranteedPayment, invoice.id).await?;
    Ok(())
}

/// Gives the blocked money back, because the invoice is cancelled.
pub(crate) async fn give_back(
    context: &mut Context<'_>,
    invoice: &mut Record,
    service: &str,
) -> Result<(), Refusal> {
    let blocked = Account::Blocked { invoice: invoice.id };
    let rials = blocked.balance(context.connection).await?;
    payment::refund(context, blocked, invoice.id, rials, service).await?;
    invoice.will_be_paid_at = None;
    invoice.save(context.connection).await?;
    Ok(())
}

/// The day has come.
pub(crate) async fn pay(context: &mut Context<'_>, id: i64) -> Result<(), Refusal> {
    let Some(mut invoice) = Record::find(context.connection, id.unsigned_abs()).await? else {
        return Ok(());
    };
    if !invoice.facts().keeps_guarantee() {
        return Ok(());
    }
    let from = Account::Blocked { invoice: id };
    let rials = from.balance(context.connection).await?;
    let moves = [Move { from, to: Account::Invoice { id }, rials }];
    ledger::post(context.connection, context.now, "guaranteedPayment", context.reference, &moves)
        .await?;
    let payment =
        Payment { payer: invoice.payer_id, tool: Some(payment::CREDIT), ..Payment::default() };
    payment::mark_paid(context, &mut invoice, payment).await
}
