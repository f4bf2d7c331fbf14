//! An invoice as the database holds it, and as a caller sees it.

use pod_platform::{
    Instant, JalaliDate, Rial,
    invoices::{Invoice, InvoiceItem, PaymentTool, ProductShort},
    rules::{self, settlement::Settlement},
    types::{PlatformErrorKind as Kind, UnreadableField},
    wire::lenient,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{SqliteConnection, query};

use crate::{
    fork, gateway,
    parties::Parties,
    record::{self, record},
    service::{Context, Refusal},
};

/// More than this has no exact JSON number.
pub(crate) const LARGEST_AMOUNT: Rial = Rial::LARGEST;

record! {
    /// An invoice as the database holds it: a field for each column.
    Record in "invoices":
    id: i64,
    business_id: i64,
    user_id: Option<i64>,
    guild_code: String,
    amount: i64,
    discount: i64,
    vat: i64,
    vat_exact: Option<String>,
    tax_rate: f64,
    bill_number: Option<String>,
    payment_bill_number: Option<String>,
    unique_number: String,
    description: Option<String>,
    cellphone_number: Option<String>,
    metadata: Option<String>,
    redirect_url: Option<String>,
    lines: String,
    issued_at: i64,
    issued_on: String,
    deadline: Option<String>,
    paid_at: Option<i64>,
    payed: bool,
    unverified: bool,
    verified_at: Option<i64>,
    verification_needed: bool,
    verify_after_timeout: bool,
    canceled: bool,
    canceled_at: Option<i64>,
    closed: bool,
    close_time_out: Option<i64>,
    waiting: bool,
    edited: bool,
    safe: bool,
    post_voucher_enabled: bool,
    will_be_paid: bool,
    will_be_blocked: bool,
    will_blocked_for: Option<i64>,
    will_be_paid_at: Option<i64>,
    settles_at: Option<i64>,
    settles_to: Option<String>,
    wallet: Option<String>,
    payment_tool: Option<String>,
    payment_reference: Option<String>,
    payer_id: Option<i64>,
    delegated: i64,
    card_receipt: Option<String>,
    upstream: Option<String>,
}

/// What a bank or a terminal says of a payment by card.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct CardReceipt {
    pub(crate) bank_gateway: Option<String>,
    pub(crate) terminal_number: Option<String>,
    pub(crate) masked_card_number: Option<String>,
    /// The reference number of the Shaparak transaction.
    pub(crate) rrn: Option<String>,
    /// The trace number of the Shaparak transaction.
    pub(crate) tref: Option<String>,
}

impl Record {
    /// The id of the next new invoice.
    pub(crate) async fn next_id(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
        record::next_id(connection, "invoices").await
    }

    /// The invoice with this unique number.
    pub(crate) async fn find_unique(
        connection: &mut SqliteConnection,
        unique_number: &str,
    ) -> Result<Option<Self>, sqlx::Error> {
        query("SELECT * FROM invoices WHERE unique_number = ?")
            .bind(unique_number)
            .fetch_optional(connection)
            .await?
            .map(|row| Self::read(&row))
            .transpose()
    }

    /// What has to be paid. Both parts are within [`LARGEST_AMOUNT`].
    pub(crate) fn payable(&self) -> i64 {
        self.amount + self.vat
    }

    /// Can it still be paid today? If not: why.
    pub(crate) fn must_be_payable(&self, now: Instant) -> Result<(), Kind> {
        self.facts().payable(now.jalali_date()).map_err(Kind::from)
    }

    /// What decides what may be done with it.
    pub(crate) fn facts(&self) -> rules::invoice::Invoice {
        rules::invoice::Invoice {
            payed: self.payed,
            unverified: self.unverified,
            canceled: self.canceled,
            closed: self.closed,
            at_gateway: self.waiting,
            guaranteed: self.will_be_paid_at.is_some(),
            earmarked: self.will_be_paid,
            deadline: self.deadline.as_deref().and_then(|day| day.parse().ok()),
            unreadable: false,
        }
    }

    /// Takes on the state of its payment.
    pub(crate) fn become_as(&mut self, facts: rules::invoice::Invoice) {
        self.payed = facts.payed;
        self.unverified = facts.unverified;
        self.waiting = facts.at_gateway;
    }

    /// When Shaparak settles what paid it.
    pub(crate) fn settlement(&self) -> Settlement {
        Settlement(self.settles_at.map(instant))
    }

    pub(crate) fn card_receipt(&self) -> CardReceipt {
        let receipt = self.card_receipt.as_deref().and_then(|json| serde_json::from_str(json).ok());
        receipt.unwrap_or_default()
    }

    /// The lines as they are shown.
    pub(crate) fn items(&self) -> Result<Vec<InvoiceItem>, serde_json::Error> {
        serde_json::from_str(&self.lines)
    }

    /// POD's amounts have the fractions of its taxes (recorded answers); its books, as far as they
    /// show, are in whole rials (decided here).
    fn amounts_with_fractions(&self) -> Vec<UnreadableField> {
        let Some((rials, fraction)) = self.vat_exact.as_deref().and_then(|vat| vat.split_once('.'))
        else {
            return Vec::new();
        };
        let payable = format!("{}.{fraction}", self.payable());
        [("vat", format!("{rials}.{fraction}")), ("payableAmount", payable)]
            .map(|(name, value)| UnreadableField { name: name.to_owned(), value })
            .into()
    }

    /// The invoice as a caller sees it.
    pub(crate) fn shown(mut self, parties: &Parties) -> Result<Invoice, serde_json::Error> {
        let Some(upstream) = self.upstream.take() else { return self.shown_here(parties) };
        let upstream: Invoice = lenient::item(&upstream)?;
        let before = fork::record(&upstream)?.shown_here(parties)?;
        let shown = fork::overlay(&upstream, &before, &self.shown_here(parties)?)?;
        // Reading takes 0 for none, and POD sends 0.
        Ok(Invoice {
            delivery_date: set_or_zero(shown.delivery_date),
            payment_date: set_or_zero(shown.payment_date),
            cancel_date: set_or_zero(shown.cancel_date),
            shaparak_transaction_date: set_or_zero(shown.shaparak_transaction_date),
            ..shown
        })
    }

    fn shown_here(self, parties: &Parties) -> Result<Invoice, serde_json::Error> {
        let lines = self.items()?;
        let card = self.card_receipt();
        let digits = card.masked_card_number.as_deref().map(|masked| {
            let start = masked.len().saturating_sub(4);
            masked.get(start..).unwrap_or_default().to_owned()
        });
        let deadline = self.deadline.as_deref().and_then(|day| day.parse::<JalaliDate>().ok());
        let unreadable = self.amounts_with_fractions();
        let withdrawable = self.facts().withdrawable(self.settlement());
        let user_mobile = self.user_id.and_then(|user| parties.cellphone_number(user));
        Ok(Invoice {
            id: self.id.unsigned_abs(),
            total_amount_without_discount: Some(rial(self.amount + self.discount)),
            delegation_amount: Some(rial(self.delegated)),
            total_amount: Some(rial(self.amount)),
            payable_amount: rial(self.payable()),
            vat: Some(rial(self.vat)),
            issuance_date: Some(instant(self.issued_at)),
            // POD shows the deadline under this name (public clients' examples).
            delivery_date: set_or_zero(deadline.and_then(JalaliDate::start)),
            bill_number: self.bill_number,
            payment_bill_number: self.payment_bill_number,
            unique_number: Some(self.unique_number),
            description: self.description,
            payment_date: set_or_zero(self.paid_at.map(instant)),
            payed: self.payed,
            serial: Some(0),
            canceled: self.canceled,
            cancel_date: set_or_zero(self.canceled_at.map(instant)),
            business: Some(parties.business(self.business_id)),
            invoice_item_srvs: lines,
            guild_srv: Some(parties.guild(&self.guild_code)),
            user_srv: self.user_id.map(|user| parties.user(user)),
            cellphone_number: self.cellphone_number.or(user_mobile),
            closed: self.closed,
            verification_needed: self.verification_needed,
            verification_date: self.verified_at.map(instant),
            waiting: self.waiting || self.unverified,
            edited: self.edited,
            wallet: self.wallet,
            metadata: self.metadata,
            safe: self.safe,
            post_voucher_enabled: self.post_voucher_enabled,
            reference_number: self.payment_reference,
            masked_card_number: card.masked_card_number,
            issuer_srv: parties.owner(self.business_id),
            will_be_paid: self.will_be_paid,
            will_be_blocked: self.will_be_blocked,
            will_be_paid_at: self.will_be_paid_at.map(instant),
            will_blocked_for: self.will_blocked_for.map(i64::unsigned_abs),
            issuance_persian_date: Some(self.issued_on),
            bank_gateway: card.bank_gateway.map(|bank| gateway::bank(&bank)),
            transaction_reference_id: card.rrn,
            terminal_number: card.terminal_number,
            last_four_digit_of_card_number: digits,
            unsafe_close_time_out: Some(self.close_time_out.unwrap_or(0).unsigned_abs()),
            payment_tool_code: self.payment_tool.as_deref().map(PaymentTool::from_code),
            withdrawable,
            shaparak_transaction_date: set_or_zero(None),
            payer: self.payer_id.map(|payer| parties.user(payer)),
            unreadable,
            ..Invoice::default()
        })
    }
}

/// Issues an invoice for something that the platform itself bills, such as an instalment. It carries
/// no tax: nothing is sold.
pub(crate) async fn issue(
    context: &mut Context<'_>,
    business_id: i64,
    guild_code: &str,
    user_id: i64,
    amount: i64,
    description: String,
) -> Result<Record, Refusal> {
    let id = Record::next_id(context.connection).await?;
    let price = rial(amount);
    let product = unregistered(Some(&description), price);
    let lines = [line(id, 0, product, price, 1.0, Rial::ZERO, Some(&description))];
    let reference = context.reference.to_string();
    let invoice = Record {
        id,
        business_id,
        user_id: Some(user_id),
        guild_code: guild_code.to_owned(),
        amount,
        payment_bill_number: Some(reference.clone()),
        unique_number: unique_number(id),
        description: Some(description),
        lines: serde_json::to_string(&lines)?,
        issued_at: context.millis(),
        issued_on: context.now.jalali_date().to_string(),
        payment_reference: Some(reference),
        ..Record::default()
    };
    invoice.save(context.connection).await?;
    Ok(invoice)
}

/// An invoice's line, as it is shown. `amount` is the price of one (as in the public clients'
/// examples). Its number is unique among all lines while an invoice has fewer than a thousand.
pub(crate) fn line(
    invoice: i64,
    index: usize,
    product: ProductShort,
    price: Rial,
    quantity: f64,
    discount: Rial,
    description: Option<&str>,
) -> InvoiceItem {
    InvoiceItem {
        id: invoice.unsigned_abs() * 1000 + index as u64 + 1,
        product_short_srv: Some(product),
        amount: price,
        description: description.map(str::to_owned),
        quantity,
        discount: Some(discount),
        voucher_usage_srvs: Vec::new(),
    }
}

/// A product that is not registered.
pub(crate) fn unregistered(description: Option<&str>, price: Rial) -> ProductShort {
    ProductShort {
        id: 0,
        description: description.map(str::to_owned),
        price: Some(price),
        ..ProductShort::default()
    }
}

/// The number by which anybody may pay an invoice, the same in every run of a scenario.
pub(crate) fn unique_number(id: i64) -> String {
    let hash = Sha256::new().chain_update(b"invoice").chain_update(id.to_be_bytes()).finalize();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Amounts and instants of the database are never negative.
pub(crate) fn rial(amount: i64) -> Rial {
    Rial(amount.unsigned_abs())
}

pub(crate) fn instant(millis: i64) -> Instant {
    Instant(millis.unsigned_abs())
}

/// A date as POD sends it: 0 where it is not set (S2's and S4's samples).
pub(crate) fn set_or_zero(at: Option<Instant>) -> Option<Instant> {
    at.or(Some(Instant(0)))
}
