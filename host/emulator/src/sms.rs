//! The SMS that POD would send. They are kept, so that whoever tests can read them, and whoever
//! plays the customer can answer them.

use pod_platform::{Instant, types::PlatformErrorKind as Kind};
use sha2::{Digest, Sha256};
use sqlx::{SqliteConnection, query, query_as, query_scalar};

use crate::{
    handlers::payments::PODLAND_WALLET,
    invoice::Record,
    payment::{self, Delegations},
    service::{Context, Refusal},
};

/// A code is good for so many milliseconds, as long as a payment link (S0: 300 seconds; no document
/// tells it of codes).
pub(crate) const CODE_TIME: u64 = 300_000;

/// An SMS.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sms {
    /// Counts from 1.
    pub id: u64,
    /// When it was sent, in milliseconds since 1970.
    pub at: Instant,
    /// Whom it went to.
    pub cellphone_number: String,
    /// What it says.
    pub text: String,
}

/// Sends an SMS for a service.
pub(crate) async fn send(
    context: &mut Context<'_>,
    service: &str,
    to: &str,
    text: &str,
) -> Result<(), sqlx::Error> {
    query("INSERT INTO sms (at, service, cellphone_number, text) VALUES (?, ?, ?, ?)")
        .bind(context.millis())
        .bind(service)
        .bind(to)
        .bind(text)
        .execute(&mut *context.connection)
        .await?;
    Ok(())
}

/// All SMS that were sent, the newest last.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Sms>, sqlx::Error> {
    let rows: Vec<(i64, i64, String, String)> =
        query_as("SELECT id, at, cellphone_number, text FROM sms ORDER BY id")
            .fetch_all(connection)
            .await?;
    let sms = |(id, at, cellphone_number, text): (i64, i64, String, String)| Sms {
        id: id.unsigned_abs(),
        at: Instant(at.unsigned_abs()),
        cellphone_number,
        text,
    };
    Ok(rows.into_iter().map(sms).collect())
}

/// Makes a code by which the invoice's user pays it.
pub(crate) async fn issue_code(
    context: &mut Context<'_>,
    invoice: &Record,
    user: i64,
    wallet: &str,
    delegations: &Delegations,
) -> Result<String, Refusal> {
    // Five digits that follow from the call, so that a scenario's codes are always the same.
    let hash = Sha256::new()
        .chain_update(b"code")
        .chain_update(invoice.id.to_be_bytes())
        .chain_update(context.reference.to_be_bytes())
        .finalize();
    let number = hash.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    let code = format!("{:05}", number % 100_000);
    query(
        "INSERT OR REPLACE INTO payment_codes (code, invoice_id, user_id, wallet, delegators, \
         hashes, force_delegation, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&code)
    .bind(invoice.id)
    .bind(user)
    .bind(wallet)
    .bind(serde_json::to_string(&delegations.delegators)?)
    .bind(serde_json::to_string(&delegations.hashes)?)
    .bind(delegations.force)
    .bind(context.after(CODE_TIME).0.cast_signed())
    .execute(&mut *context.connection)
    .await?;
    Ok(code)
}

/// Is there a code that pays when this user texts it back?
pub(crate) async fn is_code(
    connection: &mut SqliteConnection,
    user: i64,
    text: &str,
    now: Instant,
) -> Result<bool, sqlx::Error> {
    query_scalar(
        "SELECT EXISTS (SELECT 1 FROM payment_codes \
         WHERE code = ? AND user_id = ? AND wallet = ? AND expires_at > ?)",
    )
    .bind(text)
    .bind(user)
    .bind(PODLAND_WALLET)
    .bind(now.0.cast_signed())
    .fetch_one(connection)
    .await
}

/// Pays by a code: `invoice` pins the one that it is for, where the payer names it; `user`, whose
/// phone it came from. A code that is texted back pays from POD's wallet; for the others it takes a
/// call (S1). Returns the invoice.
pub(crate) async fn pay_by_code(
    context: &mut Context<'_>,
    code: &str,
    invoice: Option<i64>,
    user: Option<i64>,
    service: &str,
) -> Result<i64, Refusal> {
    type Row = (i64, i64, String, String, String, bool);
    let row: Option<Row> = query_as(
        "SELECT invoice_id, user_id, wallet, delegators, hashes, force_delegation \
         FROM payment_codes WHERE code = ?1 AND expires_at > ?2 \
         AND (?3 IS NULL OR invoice_id = ?3) \
         AND (?4 IS NULL OR (user_id = ?4 AND wallet = ?5)) \
         ORDER BY expires_at DESC LIMIT 1",
    )
    .bind(code)
    .bind(context.millis())
    .bind(invoice)
    .bind(user)
    .bind(PODLAND_WALLET)
    .fetch_optional(&mut *context.connection)
    .await?;
    let (invoice, user, wallet, delegators, hashes, force) =
        row.ok_or(Kind::CodeInvalidOrExpired)?;
    let mut invoice =
        Record::find(context.connection, invoice.unsigned_abs()).await?.ok_or(Kind::NotFound)?;
    invoice.must_be_payable(context.now)?;
    let delegations = Delegations {
        delegators: serde_json::from_str(&delegators)?,
        hashes: serde_json::from_str(&hashes)?,
        force,
    };
    let paying = payment::by_credit(context, user, &invoice, &wallet, &delegations).await?;
    payment::pay(context, &mut invoice, service, paying).await?;
    query("DELETE FROM payment_codes WHERE invoice_id = ?")
        .bind(invoice.id)
        .execute(&mut *context.connection)
        .await?;
    Ok(invoice.id)
}
