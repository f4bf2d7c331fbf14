//! issueInvoice.

use pod_platform::{
    Rial,
    invoices::{Invoice, InvoiceItem, IssueInvoiceRequest},
    types::PlatformErrorKind as Kind,
};
use sqlx::query_scalar;

use crate::{
    decimal,
    invoice::{LARGEST_AMOUNT, Record, line, unique_number},
    service::{Context, Handle, Refusal},
};

/// Lines are numbered within their invoice's thousand.
const MOST_LINES: usize = 999;

impl Handle for IssueInvoiceRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<Invoice, Refusal> {
        let Some(business) = context.caller.business_id else {
            return Err(Kind::NoPermission.into());
        };
        let user = self.user_id.map(|user| addressee(context, user)).transpose()?;
        self.check(context)?;
        if let Some(number) = &self.bill_number {
            let taken: bool = query_scalar(
                "SELECT EXISTS (SELECT 1 FROM invoices WHERE business_id = ? AND bill_number = ?)",
            )
            .bind(business)
            .bind(number)
            .fetch_one(&mut *context.connection)
            .await?;
            if taken {
                return Err(Refusal::argument(
                    "billNumber",
                    format!("new: the business has an invoice with the number {number} already"),
                ));
            }
        }

        let preview = self.preview == Some(true);
        // A preview is nobody's invoice: it is shown with the id 0, and not kept.
        let id = if preview {
            0
        } else {
            query_scalar("SELECT COALESCE(MAX(id), 0) + 1 FROM invoices")
                .fetch_one(&mut *context.connection)
                .await?
        };
        let lines = self.lines(id)?;
        let amount = Rial::checked_sum(lines.iter().map(|line| line.amount))
            .filter(|amount| *amount <= LARGEST_AMOUNT)
            .ok_or_else(|| {
                Refusal::because(Kind::InvalidNumber, "the invoice's sum is too large")
            })?;
        // POD's own tax rate is not documented, so an invoice without a rate has no tax here.
        let vat = decimal::times(amount, self.preferred_tax_rate.unwrap_or(0.0))
            .ok_or_else(|| Refusal::because(Kind::InvalidNumber, "preferredTaxRate"))?
            .rials;
        let record = Record {
            id,
            business_id: business,
            user_id: user,
            guild_code: self.guild_code,
            amount: stored(amount)?,
            vat: stored(vat)?,
            bill_number: self.bill_number,
            unique_number: unique_number(id),
            description: self.description,
            cellphone_number: self.cellphone_number,
            metadata: self.metadata,
            lines: serde_json::to_string(&lines)?,
            issued_at: context.millis(),
            issued_on: context.now.jalali_date().to_string(),
            verification_needed: self.verification_needed.unwrap_or(false),
            safe: self.safe.unwrap_or(false),
            post_voucher_enabled: self.post_voucher_enabled.unwrap_or(false),
            close_time_out: self
                .close_time_out
                .map(|seconds| {
                    i64::try_from(seconds)
                        .map_err(|_| Refusal::argument("closeTimeOut", "a number of seconds"))
                })
                .transpose()?,
            ..Record::default()
        };
        if !preview {
            record.insert(context.connection).await?;
        }
        Ok(record.shown(context.parties)?)
    }
}

/// Somebody who can be billed, other than the caller itself.
fn addressee(context: &Context<'_>, user: u64) -> Result<i64, Refusal> {
    let known = i64::try_from(user)
        .ok()
        .filter(|user| context.parties.is_user(*user))
        .ok_or_else(|| Refusal::because(Kind::NotFound, format!("no user {user}")))?;
    if known == context.caller.user_id {
        return Err(Kind::NoPermission.into());
    }
    Ok(known)
}

trait Checked {
    fn check(&self, context: &Context<'_>) -> Result<(), Refusal>;
    fn lines(&self, invoice: i64) -> Result<Vec<InvoiceItem>, Refusal>;
}

impl Checked for IssueInvoiceRequest {
    /// What neither the fields' types nor the catalogue's rules say.
    fn check(&self, context: &Context<'_>) -> Result<(), Refusal> {
        if self.price.len() > MOST_LINES {
            return Err(Refusal::argument("price", format!("at most {MOST_LINES} lines")));
        }
        // To leave out a discount that the issuer counts on would bill the wrong amount.
        if !self.voucher_hash.is_empty() {
            return Err(Refusal::argument(
                "voucherHash",
                "absent: there are no vouchers on the local platform",
            ));
        }
        if self.deadline.is_some_and(|deadline| deadline < context.now.jalali_date()) {
            return Err(Refusal::argument("deadline", "today or later"));
        }
        if let Some(metadata) = &self.metadata
            && serde_json::from_str::<serde::de::IgnoredAny>(metadata).is_err()
        {
            return Err(Refusal::argument("metadata", "a JSON text"));
        }
        Ok(())
    }

    fn lines(&self, invoice: i64) -> Result<Vec<InvoiceItem>, Refusal> {
        let lines = self
            .product_id
            .iter()
            .zip(&self.price)
            .zip(&self.quantity)
            .zip(&self.product_description)
            .enumerate();
        lines
            .map(|(index, (((product, price), quantity), description))| {
                let amount = decimal::times(*price, *quantity)
                    .filter(|product| product.exact && product.rials > Rial::ZERO)
                    .ok_or_else(|| {
                        Refusal::because(
                            Kind::InvalidNumber,
                            format!("{price} × {quantity} is no amount in whole rials"),
                        )
                    })?
                    .rials;
                Ok(line(invoice, index, *product, *price, *quantity, amount, Some(description)))
            })
            .collect()
    }
}

fn stored(amount: Rial) -> Result<i64, Refusal> {
    i64::try_from(amount.0).map_err(|_| Kind::InvalidNumber.into())
}
