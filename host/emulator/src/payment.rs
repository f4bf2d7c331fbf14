//! What a payment does to an invoice, whichever way it is paid: the money goes into the invoice's
//! own account, where it waits until the invoice is closed or cancelled; and whatever hangs on the
//! invoice learns of it.

use pod_platform::{
    Instant, Rial,
    rules::{
        invoice::VERIFICATION_TIME,
        settlement,
        spending::{self, Shortfall},
    },
    types::PlatformErrorKind as Kind,
};
use sqlx::{SqliteConnection, query, query_as};

use crate::{
    bills,
    due::{self, Event},
    future,
    invoice::{CardReceipt, Record, instant},
    ledger::{self, Account, Move, rials},
    loans,
    service::{Context, Refusal},
};

/// The service under which the ledger keeps what Shaparak has settled.
const SETTLEMENT: &str = "shaparakSettlement";

/// Money that pays an invoice, and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Source {
    /// The account's name. A refund goes back there.
    pub(crate) account: String,
    pub(crate) rials: i64,
}

/// How an invoice is paid.
#[derive(Default)]
pub(crate) struct Payment {
    /// In the order of use.
    pub(crate) sources: Vec<Source>,
    /// What of it is delegated credit.
    pub(crate) delegated: i64,
    pub(crate) payer: Option<i64>,
    pub(crate) wallet: Option<String>,
    /// POD's code of the payment tool.
    pub(crate) tool: Option<&'static str>,
    pub(crate) card_receipt: Option<CardReceipt>,
}

/// POD's code for a payment from wallet or credit, by a call.
pub(crate) const CREDIT: &str = "PAYMENT_TOOL_CREDIT";
/// POD's code for a payment from wallet or credit, at the gateway.
pub(crate) const ONLINE_CREDIT: &str = "PAYMENT_TOOL_ONLINE_CREDIT";

/// A payment by card, at the gateway. POD has such a code; no document shows how it is spelled.
pub(crate) const ONLINE: &str = "PAYMENT_TOOL_ONLINE";

/// Pays an invoice that [may be paid](Record::must_be_payable).
pub(crate) async fn pay(
    context: &mut Context<'_>,
    invoice: &mut Record,
    service: &str,
    payment: Payment,
) -> Result<(), Refusal> {
    let to = Account::Invoice { id: invoice.id };
    let moves: Vec<Move<'_>> = payment
        .sources
        .iter()
        .map(|Source { account, rials }| Move {
            from: Account::Named(account),
            to: to.clone(),
            rials: *rials,
        })
        .collect();
    ledger::post(context.connection, context.now, service, context.reference, &moves).await?;
    remember_sources(context.connection, invoice.id, &payment.sources).await?;
    mark_paid(context, invoice, payment).await
}

/// Takes an invoice as paid whose money is in its account already, or is not on the platform.
pub(crate) async fn mark_paid(
    context: &mut Context<'_>,
    invoice: &mut Record,
    payment: Payment,
) -> Result<(), Refusal> {
    invoice.become_as(invoice.facts().paid(invoice.verification_needed));
    invoice.paid_at = Some(context.millis());
    invoice.payment_reference = Some(context.reference.to_string());
    invoice.delegated = payment.delegated;
    invoice.payer_id = payment.payer;
    invoice.wallet = payment.wallet;
    invoice.payment_tool = payment.tool.map(str::to_owned);
    invoice.card_receipt =
        payment.card_receipt.map(|receipt| serde_json::to_string(&receipt)).transpose()?;
    invoice.save(context.connection).await?;
    if invoice.unverified {
        let at = context.after(VERIFICATION_TIME);
        due::schedule(context.connection, at, Event::VerificationTimeOut, invoice.id).await?;
        Ok(())
    } else {
        counts_as_paid(context, invoice).await
    }
}

/// An invoice's payment is final: paid, and verified if it had to be.
async fn counts_as_paid(context: &mut Context<'_>, invoice: &mut Record) -> Result<(), Refusal> {
    let close_time_out = invoice.close_time_out.map(i64::unsigned_abs);
    if let Some(at) = settlement::closes_at(close_time_out, context.now) {
        due::schedule(context.connection, at, Event::CloseTimeOut, invoice.id).await?;
    }
    bills::invoice_paid(context, invoice).await?;
    loans::invoice_paid(context, invoice).await
}

/// The issuer confirms a three-step payment.
pub(crate) async fn verify(context: &mut Context<'_>, invoice: &mut Record) -> Result<(), Refusal> {
    invoice.facts().verifiable()?;
    invoice.become_as(invoice.facts().verified());
    invoice.verified_at = Some(context.millis());
    invoice.save(context.connection).await?;
    counts_as_paid(context, invoice).await
}

/// Closes a paid invoice: its money goes to its issuer.
pub(crate) async fn close(
    context: &mut Context<'_>,
    invoice: &mut Record,
    service: &str,
) -> Result<(), Refusal> {
    let guild = invoice.guild_code.clone();
    let to = Account::Guild { business: invoice.business_id, code: &guild };
    release(context, invoice, service, to).await?;
    invoice.closed = true;
    invoice.save(context.connection).await?;
    Ok(())
}

/// Takes all money out of an invoice's account; what Shaparak has not settled yet, when it has.
pub(crate) async fn release(
    context: &mut Context<'_>,
    invoice: &mut Record,
    service: &str,
    to: Account<'_>,
) -> Result<(), Refusal> {
    if !invoice.settlement().is_done() {
        invoice.settles_to = Some(to.to_string());
        return Ok(());
    }
    let from = Account::Invoice { id: invoice.id };
    let rials = from.balance(context.connection).await?;
    let moves = [Move { from, to, rials }];
    ledger::post(context.connection, context.now, service, context.reference, &moves).await?;
    Ok(())
}

/// An invoice is paid out of another one: the money is its issuer's once Shaparak has settled it
/// (S0, S1). No document tells when that is; here, at the next midnight.
pub(crate) async fn await_settlement(
    context: &mut Context<'_>,
    invoice: &mut Record,
    at: Instant,
) -> Result<(), Refusal> {
    invoice.settles_at = Some(at.0.cast_signed());
    due::schedule(context.connection, at, Event::ShaparakSettlement, invoice.id).await?;
    Ok(())
}

/// Shaparak settles what paid an invoice: if it was closed meanwhile, its money goes on.
pub(crate) async fn settled(context: &mut Context<'_>, id: i64) -> Result<(), Refusal> {
    let Some(mut invoice) = Record::find(context.connection, id.unsigned_abs()).await? else {
        return Ok(());
    };
    // It may have been given back and paid anew meanwhile.
    if !invoice.settlement().is_due(context.now) {
        return Ok(());
    }
    invoice.settles_at = None;
    if let Some(to) = invoice.settles_to.take() {
        release(context, &mut invoice, SETTLEMENT, Account::Named(&to)).await?;
    }
    invoice.save(context.connection).await?;
    Ok(())
}

/// Gives money back to where it came from: what was used last goes back first.
pub(crate) async fn refund(
    context: &mut Context<'_>,
    from: Account<'_>,
    invoice: i64,
    mut rials: i64,
    service: &str,
) -> Result<(), Refusal> {
    let sources: Vec<(i64, String, i64)> = query_as(
        "SELECT position, account, rials FROM payment_sources WHERE invoice_id = ? \
         ORDER BY position DESC",
    )
    .bind(invoice)
    .fetch_all(&mut *context.connection)
    .await?;
    let mut moves = Vec::new();
    for (position, account, paid) in &sources {
        let back = rials.min(*paid);
        if back == 0 {
            break;
        }
        rials -= back;
        let statement = if back == *paid {
            query("DELETE FROM payment_sources WHERE invoice_id = ? AND position = ?")
        } else {
            query("UPDATE payment_sources SET rials = rials - ? WHERE invoice_id = ? AND position = ?")
                .bind(back)
        };
        statement.bind(invoice).bind(position).execute(&mut *context.connection).await?;
        moves.push(Move { from: from.clone(), to: Account::Named(account), rials: back });
    }
    ledger::post(context.connection, context.now, service, context.reference, &moves).await?;
    Ok(())
}

/// Gives all that was paid for an invoice back, so that it is not paid any more.
pub(crate) async fn undo(
    context: &mut Context<'_>,
    invoice: &mut Record,
    service: &str,
) -> Result<(), Refusal> {
    let account = Account::Invoice { id: invoice.id };
    let held = account.balance(context.connection).await?;
    refund(context, account, invoice.id, held, service).await?;
    if invoice.will_be_blocked {
        // Its money came out of a creditor invoice, which is free again.
        query(
            "UPDATE invoices SET will_be_paid = 0, will_blocked_for = NULL \
             WHERE will_blocked_for = ?",
        )
        .bind(invoice.id)
        .execute(&mut *context.connection)
        .await?;
    }
    invoice.payed = false;
    invoice.unverified = false;
    invoice.will_be_blocked = false;
    invoice.settles_at = None;
    invoice.settles_to = None;
    invoice.delegated = 0;
    invoice.save(context.connection).await?;
    Ok(())
}

/// Cancels an invoice: what was paid or kept for it goes back.
pub(crate) async fn cancel(
    context: &mut Context<'_>,
    invoice: &mut Record,
    service: &str,
) -> Result<(), Refusal> {
    future::give_back(context, invoice, service).await?;
    undo(context, invoice, service).await?;
    invoice.canceled = true;
    invoice.canceled_at = Some(context.millis());
    invoice.save(context.connection).await?;
    Ok(())
}

/// An hour has passed: an unverified payment goes back to its payer (S1), or is verified by itself
/// if its issuer wished so (`verifyAfterTimeout`). The invoice can then be paid again.
pub(crate) async fn verification_timed_out(
    context: &mut Context<'_>,
    id: i64,
) -> Result<(), Refusal> {
    let Some(mut invoice) = Record::find(context.connection, id.unsigned_abs()).await? else {
        return Ok(());
    };
    if !invoice.facts().verification_is_over(invoice.paid_at.map(instant), context.now) {
        return Ok(());
    }
    if invoice.verify_after_timeout {
        return verify(context, &mut invoice).await;
    }
    undo(context, &mut invoice, "verificationTimeOut").await?;
    invoice.paid_at = None;
    invoice.save(context.connection).await?;
    loans::subject_unverified(context, &invoice).await
}

/// `closeTimeOut` seconds after its payment an invoice closes by itself.
pub(crate) async fn close_timed_out(context: &mut Context<'_>, id: i64) -> Result<(), Refusal> {
    match Record::find(context.connection, id.unsigned_abs()).await? {
        Some(mut invoice) if invoice.facts().closes_by_itself().is_ok() => {
            close(context, &mut invoice, "closeTimeOut").await
        }
        _ => Ok(()),
    }
}

/// Notes where an invoice's money came from, behind what it has been given before.
pub(crate) async fn remember_sources(
    connection: &mut SqliteConnection,
    invoice: i64,
    sources: &[Source],
) -> Result<(), sqlx::Error> {
    for source in sources.iter().filter(|source| source.rials > 0) {
        query(
            "INSERT INTO payment_sources (invoice_id, position, account, rials) \
             SELECT ?1, COALESCE(MAX(position), 0) + 1, ?2, ?3 \
             FROM payment_sources WHERE invoice_id = ?1",
        )
        .bind(invoice)
        .bind(&source.account)
        .bind(source.rials)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Which delegated credits pay, as a caller names them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delegations {
    /// In the order of use.
    pub(crate) delegators: Vec<u64>,
    /// None, or one for each delegator: that credit and no other. An empty one pins none.
    pub(crate) hashes: Vec<String>,
    /// Nothing but delegated credit pays.
    pub(crate) force: bool,
}

/// From wallet and delegated credit: the credits in the order given, the wallet for the rest.
pub(crate) async fn by_credit(
    context: &mut Context<'_>,
    payer: i64,
    invoice: &Record,
    wallet: &str,
    delegations: &Delegations,
) -> Result<Payment, Refusal> {
    let payable = rials(invoice.payable());
    let mut named: Vec<(String, Rial)> = Vec::new();
    if let Some(fork) = context.fork
        && !fork.knows_delegations(payer)
        && !delegations.delegators.is_empty()
        && context.assumes("delegations-cover")
    {
        named.push((Account::Assumed.to_string(), payable));
    }
    for (index, delegator) in delegations.delegators.iter().enumerate() {
        let hash = delegations.hashes.get(index).map(String::as_str).filter(|h| !h.is_empty());
        let Ok(delegator) = i64::try_from(*delegator) else { continue };
        for credit in credits(context, payer, invoice, Some(delegator), hash).await? {
            let account = Account::Delegation { hash: &credit.hash }.to_string();
            // A credit that the caller names twice is there only once.
            if !named.iter().any(|(known, _)| *known == account) {
                named.push((account, rials(credit.balance)));
            }
        }
    }
    let split = spending::split(payable, named.iter().map(|(_, holds)| *holds));
    let accounts = named.into_iter().map(|(account, _)| account);
    let mut sources: Vec<Source> = accounts
        .zip(&split.credits)
        .filter(|(_, taken)| **taken > Rial::ZERO)
        .map(|(account, taken)| Source { account, rials: taken.0.cast_signed() })
        .collect();
    let delegated = (payable.0 - split.wallet.0).cast_signed();
    if split.wallet > Rial::ZERO {
        let account = Account::Wallet { user: payer, code: wallet };
        if !delegations.force && context.fork.is_some_and(|fork| !fork.knows_wallet(payer, wallet))
        {
            context.assumes("wallet-covers");
            context.assume_in(&account, split.wallet.0.cast_signed()).await?;
        }
        let holds = account.balance(context.connection).await?;
        let lacks = match split.covered(rials(holds), delegations.force) {
            Ok(()) => None,
            Err(Shortfall::Credits(_)) => {
                Some(format!("delegated credit pays {delegated} of {} rials", payable.0))
            }
            Err(Shortfall::Wallet(_)) => {
                Some(format!("{wallet} holds {holds} of {} rials", split.wallet.0))
            }
        };
        if let Some(lacks) = lacks {
            return Err(Refusal::because(Kind::InsufficientFunds, lacks));
        }
        let rials = split.wallet.0.cast_signed();
        sources.push(Source { account: account.to_string(), rials });
    }
    Ok(Payment {
        sources,
        delegated,
        payer: Some(payer),
        wallet: Some(wallet.to_owned()),
        tool: Some(CREDIT),
        card_receipt: None,
    })
}

/// A delegated credit.
pub(crate) struct Credit {
    pub(crate) delegator: i64,
    pub(crate) hash: String,
    /// What is left of it.
    pub(crate) balance: i64,
}

/// The credits that may pay this invoice, in the order of use: all, a delegator's, or the one with
/// that hash. A credit for another guild, for somebody else, expired or unknown is none.
pub(crate) async fn credits(
    context: &mut Context<'_>,
    payer: i64,
    invoice: &Record,
    delegator: Option<i64>,
    hash: Option<&str>,
) -> Result<Vec<Credit>, sqlx::Error> {
    type Row = (i64, String, i64, Option<String>, Option<i64>);
    let rows: Vec<Row> = query_as(
        "SELECT delegator_id, hash, balance, guild_code, expires_at
         FROM delegations JOIN accounts ON name = 'delegation:' || hash
         WHERE delegate_id = ?1 AND (?2 IS NULL OR delegator_id = ?2)
           AND (?3 IS NULL OR hash = ?3) AND balance > 0
         ORDER BY position",
    )
    .bind(payer)
    .bind(delegator)
    .bind(hash)
    .fetch_all(&mut *context.connection)
    .await?;
    let now = context.now;
    let mut usable = Vec::new();
    for (delegator, hash, balance, guild_code, expires_at) in rows {
        let guild_code = guild_code.as_deref();
        let credit = spending::Credit { guild_code, expires_at: expires_at.map(instant) };
        if credit.usable(Some(&invoice.guild_code), now).is_ok() {
            usable.push(Credit { delegator, hash, balance });
        }
    }
    Ok(usable)
}
