//! How what the real platform shows becomes the emulator's own: rows, people, and the money that must
//! be in an invoice's account for what it shows.

use pod_platform::{
    Instant,
    bills::{BillStatus, ServiceBill},
    invoices::{Business, Guild, Invoice, User},
};
use sqlx::{SqliteConnection, query};

use super::{Known, identity::NOBODY, invoices::record, met::Met, pristine};
use crate::{
    handlers::payments::PODLAND_WALLET,
    invoice::Record,
    ledger::{self, Account, Move},
    parties::Caller,
    payment::{self, Source},
    service::Refusal,
    sheba,
};

/// The service under which the ledger keeps what came with what was read.
const READ: &str = "upstream";

/// The account itself, with what is known of it.
pub(crate) async fn account(
    connection: &mut SqliteConnection,
    now: Instant,
    caller: Caller,
    known: &Known,
    met: &Met,
) -> Result<(), sqlx::Error> {
    // Of what nobody has told, nobody is the issuer or the lender.
    for id in [Some(NOBODY), caller.business_id].into_iter().flatten() {
        let own = Business { id: id.unsigned_abs(), ..Business::default() };
        business(connection, met, &own, None).await?;
        if Some(id) == caller.business_id {
            query("UPDATE businesses SET user_id = ? WHERE id = ?")
                .bind(caller.user_id)
                .bind(id)
                .execute(&mut *connection)
                .await?;
        }
    }
    let user = caller.user_id;
    let mut moves = Vec::new();
    for (code, rials) in known.wallet.iter().flatten() {
        let to = Account::Wallet { user, code };
        moves.push(Move { from: Account::Outside, to, rials: rials.0.cast_signed() });
    }
    for (position, credit) in known.delegations.iter().flatten().enumerate() {
        query(
            "INSERT OR IGNORE INTO delegations (hash, delegator_id, delegate_id, position, \
             guild_code, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&credit.hash)
        .bind(credit.delegator_id.cast_signed())
        .bind(user)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(&credit.guild_code)
        .bind(credit.until.map(|until| until.0.cast_signed()))
        .execute(&mut *connection)
        .await?;
        let to = Account::Delegation { hash: &credit.hash };
        moves.push(Move { from: Account::Outside, to, rials: credit.amount.0.cast_signed() });
    }
    ledger::post(connection, now, "opening", 0, &moves).await
}

/// The account turns out to be this user: what was nobody's is its own.
pub(super) async fn account_is(
    connection: &mut SqliteConnection,
    now: Instant,
    user: i64,
) -> Result<(), sqlx::Error> {
    let wallets = ledger::wallets(connection, NOBODY).await?;
    let moves: Vec<Move<'_>> = wallets
        .iter()
        .map(|(code, rials)| Move {
            from: Account::Wallet { user: NOBODY, code },
            to: Account::Wallet { user, code },
            rials: *rials,
        })
        .collect();
    ledger::post(connection, now, READ, 0, &moves).await?;
    for sql in [
        "UPDATE delegations SET delegate_id = ?1 WHERE delegate_id = ?2",
        "UPDATE businesses SET user_id = ?1 WHERE user_id = ?2 AND id <> ?2",
    ] {
        query(sql).bind(user).bind(NOBODY).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn invoice(
    connection: &mut SqliteConnection,
    now: Instant,
    met: &Met,
    invoice: &Invoice,
) -> Result<(), Refusal> {
    if let Some(own) = &invoice.business {
        business(connection, met, own, invoice.issuer_srv.as_ref()).await?;
    }
    for one in [&invoice.user_srv, &invoice.payer].into_iter().flatten() {
        user(connection, met, one).await?;
    }
    if let Some(own) = &invoice.guild_srv {
        guild(connection, met, own).await?;
    }
    let row = record(invoice)?;
    row.save(connection).await?;
    fund(connection, now, &row).await?;
    pristine::keep(connection, "invoices", row.id).await?;
    Ok(())
}

/// Puts the money into an invoice's accounts that its state says is there. Where it came from, and
/// would go back to, is its payer's wallet, as far as the invoice tells.
async fn fund(
    connection: &mut SqliteConnection,
    now: Instant,
    row: &Record,
) -> Result<(), sqlx::Error> {
    let (is_paid, is_blocked) = (row.facts().keeps_money(), row.facts().keeps_guarantee());
    let mut moves = Vec::new();
    for (account, is_there) in [
        (Account::Invoice { id: row.id }, is_paid),
        (Account::Blocked { invoice: row.id }, is_blocked),
    ] {
        let wanted = if is_there { row.payable() } else { 0 };
        let more = wanted - account.balance(connection).await?;
        moves.push(Move { from: Account::Outside, to: account, rials: more });
    }
    ledger::post(connection, now, READ, 0, &moves).await?;
    query("DELETE FROM payment_sources WHERE invoice_id = ?")
        .bind(row.id)
        .execute(&mut *connection)
        .await?;
    if is_paid || is_blocked {
        let code = row.wallet.as_deref().unwrap_or(PODLAND_WALLET);
        let account = match row.payer_id.or(row.user_id).filter(|_| !row.will_be_blocked) {
            Some(user) => Account::Wallet { user, code },
            None => Account::Outside,
        };
        let source = Source { account: account.to_string(), rials: row.payable() };
        payment::remember_sources(connection, row.id, &[source]).await?;
    }
    Ok(())
}

/// The payment of a utility bill. If the account does not see its invoice, the bill tells what counts
/// of it.
pub(super) async fn bill(
    connection: &mut SqliteConnection,
    met: &Met,
    bill: &ServiceBill,
) -> Result<(), Refusal> {
    let invoice_id = match bill.invoice_id {
        Some(id) => id.cast_signed(),
        None => Record::next_id(connection).await?,
    };
    if Record::find(connection, invoice_id.unsigned_abs()).await?.is_none() {
        let is_open = bill.status == BillStatus::ServiceBillIssueInvoice;
        let stand_in = Invoice {
            id: invoice_id.unsigned_abs(),
            payable_amount: bill.price,
            user_srv: bill.user_srv.clone(),
            payer: bill.user_srv.clone().filter(|_| !is_open),
            payed: !is_open,
            closed: !is_open,
            ..Invoice::default()
        };
        // The platform itself issues such invoices.
        let business_id = Caller::PLATFORM.business_id.unwrap_or_default();
        let row = Record { business_id, ..record(&stand_in)? };
        row.save(connection).await?;
        pristine::keep(connection, "invoices", row.id).await?;
    }
    if let Some(own) = &bill.user_srv {
        user(connection, met, own).await?;
    }
    query(
        "INSERT OR REPLACE INTO service_bills (id, bill_id, payment_id, status, invoice_id, \
         user_id, requested_at, reference, canceled_at, upstream) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(bill.id.cast_signed())
    .bind(&bill.bill_id)
    .bind(&bill.payment_id)
    .bind(bill.status.code())
    .bind(invoice_id)
    .bind(bill.user_srv.as_ref().map_or(NOBODY, |own| own.id.cast_signed()))
    .bind(bill.request_date.unwrap_or(Instant(0)).0.cast_signed())
    .bind(bill.reference_number.map(u64::cast_signed))
    .bind(bill.cancel_date.filter(|at| at.0 > 0).map(|at| at.0.cast_signed()))
    .bind(serde_json::to_string(bill)?)
    .execute(&mut *connection)
    .await?;
    pristine::keep(connection, "service_bills", bill.id.cast_signed()).await?;
    Ok(())
}

/// A business, and the user that it is billed as, if that is shown.
pub(super) async fn business(
    connection: &mut SqliteConnection,
    met: &Met,
    own: &Business,
    owner: Option<&User>,
) -> Result<(), sqlx::Error> {
    if !met.business(own, owner) {
        return Ok(());
    }
    let id = own.id.cast_signed();
    query(
        "INSERT INTO businesses (id, user_id, name, num_of_products, rate, rate_count, sheba, \
         profile_image) VALUES (?1, COALESCE(?2, -?1), ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (id) DO UPDATE SET user_id = COALESCE(?2, user_id), name = ?3, \
         num_of_products = ?4, rate = ?5, rate_count = ?6, sheba = ?7, \
         profile_image = COALESCE(?8, profile_image)",
    )
    .bind(id)
    .bind(owner.map(|owner| owner.id.cast_signed()))
    .bind(&own.name)
    .bind(own.num_of_products.unwrap_or_default().cast_signed())
    .bind(own.rate.as_ref().map_or(0.0, |rate| rate.rate))
    .bind(own.rate.as_ref().map_or(0, |rate| rate.rate_count).cast_signed())
    .bind(own.sheba.clone().unwrap_or_else(|| sheba::of_business(own.id)))
    .bind(owner.and_then(|owner| owner.profile_image.clone()))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn user(
    connection: &mut SqliteConnection,
    met: &Met,
    own: &User,
) -> Result<(), sqlx::Error> {
    if !met.user(own) {
        return Ok(());
    }
    query(
        "INSERT INTO users (id, name, profile_image) VALUES (?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET (name, profile_image) = \
         (excluded.name, excluded.profile_image)",
    )
    .bind(own.id.cast_signed())
    .bind(own.name.clone().unwrap_or_default())
    .bind(&own.profile_image)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn guild(
    connection: &mut SqliteConnection,
    met: &Met,
    own: &Guild,
) -> Result<(), sqlx::Error> {
    if !met.guild(own) {
        return Ok(());
    }
    query("INSERT OR REPLACE INTO guilds (code, id, name) VALUES (?, ?, ?)")
        .bind(&own.code)
        .bind(own.id.cast_signed())
        .bind(&own.name)
        .execute(connection)
        .await?;
    Ok(())
}
