//! The bank's gateway, where payers pay by card. While one is there, the invoice is `waiting`: every
//! other way to pay it is refused with 72.

use pod_platform::{invoices::BankGateway, types::PlatformErrorKind as Kind};
use sha2::{Digest, Sha256};
use sqlx::{SqliteConnection, query, query_as, query_scalar};

use crate::{
    due::{self, Event},
    handlers::payments::PODLAND_WALLET,
    invoice::{CardReceipt, Record},
    ledger::{self, Account, Move},
    payment::{self, Payment, Source},
    service::{Context, Refusal},
};

/// Cards pay only what is more than this, in rials (S1).
pub(crate) const NOT_BY_CARD: i64 = 10_000;

/// A payer who has not come back from the bank after so many milliseconds is not waited for any
/// longer. No document tells how long POD waits: a quarter of an hour, as banks' pages do.
const PATIENCE: u64 = 15 * 60 * 1_000;

/// The card that pays here.
pub(crate) const CARD: &str = "621986******1234";

/// Pasargad bank's gateway, POD's own.
pub(crate) const PEP: &str = "PEP";

/// A payer at the bank.
#[derive(Clone, Debug)]
pub(crate) struct BankVisit {
    id: i64,
    payer: Option<i64>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) call_uri: Option<String>,
    open: bool,
}

/// Sends a payer to the bank, and returns the visit's token. The invoice
/// [may be paid](Record::must_be_payable).
pub(crate) async fn enter(
    context: &mut Context<'_>,
    invoice: &mut Record,
    payer: Option<i64>,
    redirect_uri: Option<&str>,
    call_uri: Option<&str>,
) -> Result<String, Refusal> {
    invoice.waiting = true;
    invoice.save(context.connection).await?;
    let hash = payment_hash(context, invoice.id);
    let token: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let id = query_scalar(
        "INSERT INTO bank_visits (token, invoice_id, payer_id, redirect_uri, call_uri) \
         VALUES (?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(&token)
    .bind(invoice.id)
    .bind(payer)
    .bind(redirect_uri)
    .bind(call_uri)
    .fetch_one(&mut *context.connection)
    .await?;
    let at = context.after(PATIENCE);
    due::schedule(context.connection, at, Event::GatewayTimeOut, id).await?;
    Ok(token)
}

/// The visit with this token, and its invoice.
pub(crate) async fn find(
    context: &mut Context<'_>,
    token: &str,
) -> Result<(BankVisit, Record), Refusal> {
    type Row = (i64, i64, Option<i64>, Option<String>, Option<String>, bool);
    let row: Option<Row> = query_as(
        "SELECT id, invoice_id, payer_id, redirect_uri, call_uri, open FROM bank_visits \
         WHERE token = ?",
    )
    .bind(token)
    .fetch_optional(&mut *context.connection)
    .await?;
    let (id, invoice, payer, redirect_uri, call_uri, open) = row.ok_or(Kind::PageNotFound)?;
    let record = Record::find(context.connection, invoice.unsigned_abs()).await?;
    let visit = BankVisit { id, payer, redirect_uri, call_uri, open };
    Ok((visit, record.ok_or(Kind::InvoiceNotFound)?))
}

impl BankVisit {
    /// Ends the visit, so that the invoice may be paid again. A visit ends once; why, if it has
    /// ended already.
    pub(crate) async fn leave(
        &self,
        context: &mut Context<'_>,
        invoice: &mut Record,
    ) -> Result<(), Refusal> {
        self.must_be_open(context, invoice)?;
        end(context.connection, self.id).await?;
        invoice.waiting = false;
        invoice.save(context.connection).await?;
        Ok(())
    }

    /// Can the payer still pay? If not: why.
    pub(crate) fn must_be_open(&self, context: &Context<'_>, invoice: &Record) -> Result<(), Kind> {
        if !self.open {
            invoice.must_be_payable(context.now)?;
            return Err(Kind::CodeInvalidOrExpired);
        }
        Ok(())
    }

    /// The card pays.
    pub(crate) async fn pay(
        &self,
        context: &mut Context<'_>,
        invoice: &mut Record,
    ) -> Result<(), Refusal> {
        self.leave(context, invoice).await?;
        invoice.must_be_payable(context.now)?;
        by_card(context, invoice, self.payer, PEP).await
    }
}

/// The payer has not come back.
pub(crate) async fn timed_out(context: &mut Context<'_>, visit: i64) -> Result<(), Refusal> {
    let invoice: Option<i64> =
        query_scalar("SELECT invoice_id FROM bank_visits WHERE id = ? AND open")
            .bind(visit)
            .fetch_optional(&mut *context.connection)
            .await?;
    let Some(invoice) = invoice else { return Ok(()) };
    end(context.connection, visit).await?;
    query("UPDATE invoices SET waiting = 0 WHERE id = ?")
        .bind(invoice)
        .execute(&mut *context.connection)
        .await?;
    Ok(())
}

async fn end(connection: &mut SqliteConnection, visit: i64) -> Result<(), sqlx::Error> {
    query("UPDATE bank_visits SET open = 0 WHERE id = ?").bind(visit).execute(connection).await?;
    Ok(())
}

/// Pays by card. What is given back later goes to a wallet, where somebody has one (S1): to the
/// payer's, or the invoice's user's.
pub(crate) async fn by_card(
    context: &mut Context<'_>,
    invoice: &mut Record,
    payer: Option<i64>,
    bank: &str,
) -> Result<(), Refusal> {
    const SERVICE: &str = "cardPayment";
    let rials = invoice.payable();
    let account = match payer.or(invoice.user_id) {
        None => Account::Outside,
        Some(user) => {
            let wallet = Account::Wallet { user, code: PODLAND_WALLET };
            let moves = [Move { from: Account::Outside, to: wallet.clone(), rials }];
            ledger::post(context.connection, context.now, SERVICE, context.reference, &moves)
                .await?;
            wallet
        }
    };
    let hash = payment_hash(context, invoice.id);
    let (rrn, tref) = hash.split_at(8);
    let payment = Payment {
        sources: vec![Source { account: account.to_string(), rials }],
        payer,
        wallet: Some(PODLAND_WALLET.to_owned()),
        tool: Some(payment::ONLINE),
        card_receipt: Some(CardReceipt {
            bank_gateway: Some(bank.to_owned()),
            terminal_number: Some(terminal(PODLAND_WALLET)),
            masked_card_number: Some(CARD.to_owned()),
            rrn: Some(format!("{:012}", number(rrn) % 1_000_000_000_000)),
            tref: Some(format!("{:06}", number(tref) % 1_000_000)),
        }),
        ..Payment::default()
    };
    payment::pay(context, invoice, SERVICE, payment).await
}

/// The number of the terminal through which a wallet is paid; it follows from the wallet's code.
pub(crate) fn terminal(wallet: &str) -> String {
    format!("{:08}", number(&Sha256::digest(wallet.as_bytes())) % 100_000_000)
}

/// A bank's gateway, as POD shows it. Its numbers follow from the bank's name.
pub(crate) fn bank(name: &str) -> BankGateway {
    let numbers = number(&Sha256::digest(name.as_bytes()));
    BankGateway {
        id: Some(numbers % 1_000),
        type_: Some(name.to_owned()),
        merchant_code: Some(format!("{:08}", numbers % 100_000_000)),
        terminal_code: Some(terminal(name)),
    }
}

/// What a payment's numbers are made of: the same in every run of a scenario.
fn payment_hash(context: &Context<'_>, invoice: i64) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"bank")
        .chain_update(invoice.to_be_bytes())
        .chain_update(context.reference.to_be_bytes())
        .finalize()
        .into()
}

/// The number that a hash begins with.
fn number(hash: &[u8]) -> u64 {
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
