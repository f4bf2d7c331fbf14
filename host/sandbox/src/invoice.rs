//! An invoice as the database holds it, and as a caller sees it.

use pod_platform::{
    Instant, Rial,
    invoices::{Guild, Invoice, InvoiceItem, ProductShort},
    types::PlatformErrorKind as Kind,
};
use sha2::{Digest, Sha256};
use sqlx::{Row as _, SqliteConnection, query, sqlite::SqliteRow};

use crate::parties::Parties;

/// More than this has no exact JSON number.
pub(crate) const LARGEST_AMOUNT: Rial = Rial(9_007_199_254_740_991);

/// The columns that [`Record::read`] reads, in its order.
macro_rules! columns {
    () => {
        "id, business_id, user_id, guild_code, amount, vat, bill_number, unique_number, \
         description, cellphone_number, metadata, lines, issued_at, issued_on, paid_at, payed, \
         unverified, canceled, closed, waiting, verification_needed, safe, post_voucher_enabled, \
         close_time_out, will_be_paid, will_be_blocked, wallet, payment_tool, payment_reference, \
         delegated"
    };
}
pub(crate) use columns;

/// An invoice as the database holds it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) business_id: i64,
    pub(crate) user_id: Option<i64>,
    pub(crate) guild_code: String,
    pub(crate) amount: i64,
    pub(crate) vat: i64,
    pub(crate) bill_number: Option<String>,
    pub(crate) unique_number: String,
    pub(crate) description: Option<String>,
    pub(crate) cellphone_number: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) lines: String,
    pub(crate) issued_at: i64,
    pub(crate) issued_on: String,
    pub(crate) paid_at: Option<i64>,
    pub(crate) payed: bool,
    pub(crate) unverified: bool,
    pub(crate) canceled: bool,
    pub(crate) closed: bool,
    pub(crate) waiting: bool,
    pub(crate) verification_needed: bool,
    pub(crate) safe: bool,
    pub(crate) post_voucher_enabled: bool,
    pub(crate) close_time_out: Option<i64>,
    pub(crate) will_be_paid: bool,
    pub(crate) will_be_blocked: bool,
    pub(crate) wallet: Option<String>,
    pub(crate) payment_tool: Option<String>,
    pub(crate) payment_reference: Option<String>,
    pub(crate) delegated: i64,
}

impl Record {
    /// Reads a row of [`columns!`].
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            business_id: row.try_get(1)?,
            user_id: row.try_get(2)?,
            guild_code: row.try_get(3)?,
            amount: row.try_get(4)?,
            vat: row.try_get(5)?,
            bill_number: row.try_get(6)?,
            unique_number: row.try_get(7)?,
            description: row.try_get(8)?,
            cellphone_number: row.try_get(9)?,
            metadata: row.try_get(10)?,
            lines: row.try_get(11)?,
            issued_at: row.try_get(12)?,
            issued_on: row.try_get(13)?,
            paid_at: row.try_get(14)?,
            payed: row.try_get(15)?,
            unverified: row.try_get(16)?,
            canceled: row.try_get(17)?,
            closed: row.try_get(18)?,
            waiting: row.try_get(19)?,
            verification_needed: row.try_get(20)?,
            safe: row.try_get(21)?,
            post_voucher_enabled: row.try_get(22)?,
            close_time_out: row.try_get(23)?,
            will_be_paid: row.try_get(24)?,
            will_be_blocked: row.try_get(25)?,
            wallet: row.try_get(26)?,
            payment_tool: row.try_get(27)?,
            payment_reference: row.try_get(28)?,
            delegated: row.try_get(29)?,
        })
    }

    /// The invoice with this id.
    pub(crate) async fn find(
        connection: &mut SqliteConnection,
        id: u64,
    ) -> Result<Option<Self>, sqlx::Error> {
        // An id that the database cannot hold is nobody's.
        let Ok(id) = i64::try_from(id) else {
            return Ok(None);
        };
        query(concat!("SELECT ", columns!(), " FROM invoices WHERE id = ?"))
            .bind(id)
            .fetch_optional(connection)
            .await?
            .map(|row| Self::read(&row))
            .transpose()
    }

    /// Writes a new invoice.
    pub(crate) async fn insert(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        query(concat!(
            "INSERT INTO invoices (",
            columns!(),
            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
             ?, ?, ?, ?)"
        ))
        .bind(self.id)
        .bind(self.business_id)
        .bind(self.user_id)
        .bind(&self.guild_code)
        .bind(self.amount)
        .bind(self.vat)
        .bind(&self.bill_number)
        .bind(&self.unique_number)
        .bind(&self.description)
        .bind(&self.cellphone_number)
        .bind(&self.metadata)
        .bind(&self.lines)
        .bind(self.issued_at)
        .bind(&self.issued_on)
        .bind(self.paid_at)
        .bind(self.payed)
        .bind(self.unverified)
        .bind(self.canceled)
        .bind(self.closed)
        .bind(self.waiting)
        .bind(self.verification_needed)
        .bind(self.safe)
        .bind(self.post_voucher_enabled)
        .bind(self.close_time_out)
        .bind(self.will_be_paid)
        .bind(self.will_be_blocked)
        .bind(&self.wallet)
        .bind(&self.payment_tool)
        .bind(&self.payment_reference)
        .bind(self.delegated)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What has to be paid. Both parts are within [`LARGEST_AMOUNT`].
    pub(crate) fn payable(&self) -> i64 {
        self.amount + self.vat
    }

    /// Can it still be paid? If not: why.
    pub(crate) fn must_be_open(&self) -> Result<(), Kind> {
        if self.payed {
            Err(Kind::BillAlreadyPayed)
        } else if self.unverified {
            Err(Kind::BillIsWaitingForVerification)
        } else if self.canceled {
            Err(Kind::InvoiceIsCanceled)
        } else if self.closed {
            Err(Kind::BillAlreadyClosed)
        } else if self.waiting {
            Err(Kind::BillIsWaitingForGateway)
        } else {
            Ok(())
        }
    }

    /// The invoice as a caller sees it.
    pub(crate) fn shown(self, parties: &Parties) -> Result<Invoice, serde_json::Error> {
        let business = parties.business(self.business_id);
        Ok(Invoice {
            id: self.id.unsigned_abs(),
            total_amount_without_discount: Some(rial(self.amount)),
            delegation_amount: Some(rial(self.delegated)),
            total_amount: Some(rial(self.amount)),
            payable_amount: rial(self.payable()),
            vat: Some(rial(self.vat)),
            issuance_date: Some(instant(self.issued_at)),
            bill_number: self.bill_number,
            unique_number: Some(self.unique_number),
            description: self.description,
            payment_date: self.paid_at.map(instant),
            payed: self.payed,
            canceled: self.canceled,
            business: Some(business),
            invoice_item_srvs: serde_json::from_str(&self.lines)?,
            guild_srv: Some(guild(self.guild_code)),
            user_srv: self.user_id.map(|user| parties.user(user)),
            cellphone_number: self.cellphone_number,
            closed: self.closed,
            verification_needed: self.verification_needed,
            waiting: self.waiting,
            wallet: self.wallet,
            metadata: self.metadata,
            safe: self.safe,
            post_voucher_enabled: self.post_voucher_enabled,
            reference_number: self.payment_reference,
            will_be_paid: self.will_be_paid,
            will_be_blocked: self.will_be_blocked,
            issuance_persian_date: Some(self.issued_on),
            unsafe_close_time_out: self.close_time_out.map(i64::unsigned_abs),
            payment_tool_code: self.payment_tool,
            ..Invoice::default()
        })
    }
}

/// An invoice's line, as it is shown. Its number is unique among all lines while an invoice has
/// fewer than a thousand.
pub(crate) fn line(
    invoice: i64,
    index: usize,
    product: u64,
    price: Rial,
    quantity: f64,
    amount: Rial,
    description: Option<&str>,
) -> InvoiceItem {
    InvoiceItem {
        id: invoice.unsigned_abs() * 1000 + index as u64 + 1,
        product_short_srv: Some(ProductShort {
            id: product,
            name: None,
            description: description.map(str::to_owned),
            price: Some(price),
        }),
        amount,
        description: description.map(str::to_owned),
        quantity,
        discount: None,
    }
}

/// The number by which anybody may pay an invoice, the same in every run of a scenario.
pub(crate) fn unique_number(id: i64) -> String {
    let hash = Sha256::new().chain_update(b"invoice").chain_update(id.to_be_bytes()).finalize();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// There is no register of guilds here: a code that somebody uses is a guild, and its number
/// follows from the code, so that it is the same everywhere.
fn guild(code: String) -> Guild {
    let hash = Sha256::digest(code.as_bytes());
    let id = hash.iter().take(3).fold(0, |id, byte| (id << 8) | u64::from(*byte));
    Guild { id, name: code.clone(), code }
}

/// Amounts and instants of the database are never negative.
fn rial(amount: i64) -> Rial {
    Rial(amount.unsigned_abs())
}

fn instant(millis: i64) -> Instant {
    Instant(millis.unsigned_abs())
}
