//! issueInvoice.

use pod_platform::{
    Rial,
    invoices::{Invoice, InvoiceItem, IssueInvoiceRequest, ProductShort},
    types::PlatformErrorKind as Kind,
};
use sqlx::{query_as, query_scalar};

use crate::{
    fork::Need,
    invoice::{LARGEST_AMOUNT, Record, line, unique_number, unregistered},
    service::{Context, Handle, Refusal, calling_business, stored},
};

/// Lines are numbered within their invoice's thousand.
const MOST_LINES: usize = 999;

/// The tax on an invoice that names none (the public clients: the default VAT; S4: 585 on 6500).
const DEFAULT_TAX_RATE: f64 = 0.09;

impl Handle for IssueInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        let user = self.user_id.filter(|user| *user != 0);
        let people = Need::Issuing { user, guild: self.guild_code.clone() };
        let number = self.bill_number.clone().map(Need::Numbered);
        number.into_iter().chain([people]).collect()
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<Invoice, Refusal> {
        let business = calling_business(context)?;
        // Clients send 0 for nobody.
        let user = self.user_id.filter(|user| *user != 0);
        let user = user.map(|user| addressee(context, user)).transpose()?;
        check(&self, context)?;
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
        let id = if preview { 0 } else { Record::next_id(context.connection).await? };
        let lines = lines(&self, context, business, id).await?;
        let Sums { amount, discount, vat, vat_exact } =
            Sums::of(&lines, self.preferred_tax_rate.unwrap_or(DEFAULT_TAX_RATE))?;
        let reference = context.reference.to_string();
        let record = Record {
            id,
            business_id: business,
            user_id: user,
            guild_code: self.guild_code,
            amount,
            discount,
            vat,
            vat_exact,
            tax_rate: self.preferred_tax_rate.unwrap_or(DEFAULT_TAX_RATE),
            bill_number: self.bill_number,
            payment_bill_number: Some(reference.clone()),
            unique_number: unique_number(id),
            description: self.description,
            cellphone_number: self.cellphone_number,
            metadata: self.metadata,
            redirect_url: self.redirect_url,
            lines: serde_json::to_string(&lines)?,
            issued_at: context.millis(),
            issued_on: context.now.jalali_date().to_string(),
            deadline: self.deadline.map(|day| day.to_string()),
            verification_needed: self.verification_needed.unwrap_or(false),
            verify_after_timeout: self.verify_after_timeout.unwrap_or(false),
            safe: self.safe.unwrap_or(false),
            post_voucher_enabled: self.post_voucher_enabled.unwrap_or(false),
            close_time_out: self
                .close_time_out
                .map(|seconds| stored("closeTimeOut", seconds))
                .transpose()?,
            payment_reference: Some(reference),
            ..Record::default()
        };
        if !preview {
            record.save(context.connection).await?;
        }
        Ok(record.shown(context.parties)?)
    }
}

/// Somebody who can be billed, other than the caller itself.
fn addressee(context: &Context<'_>, user: u64) -> Result<i64, Refusal> {
    let known = i64::try_from(user)
        .ok()
        .filter(|user| context.parties.is_user(*user) || context.assumes("customer-exists"))
        .ok_or_else(|| Refusal::because(Kind::NotFound, format!("no user {user}")))?;
    if known == context.caller.user_id {
        return Err(Kind::NoPermission.into());
    }
    Ok(known)
}

/// What neither the fields' types nor the catalogue's rules say.
fn check(request: &IssueInvoiceRequest, context: &Context<'_>) -> Result<(), Refusal> {
    if request.price.len() > MOST_LINES {
        return Err(Refusal::argument("price", format!("at most {MOST_LINES} lines")));
    }
    // To leave out a discount that the issuer counts on would bill the wrong amount.
    if !request.voucher_hash.is_empty() {
        return Err(Refusal::argument(
            "voucherHash",
            "absent: there are no vouchers on the emulator",
        ));
    }
    if request.currency_code.as_deref().is_some_and(|code| code != "IRR") {
        return Err(Refusal::argument("currencyCode", "IRR, or absent: the ledger is in rials"));
    }
    if request.deadline.is_some_and(|deadline| deadline < context.now.jalali_date()) {
        return Err(Refusal::argument("deadline", "today or later"));
    }
    Ok(())
}

async fn lines(
    request: &IssueInvoiceRequest,
    context: &mut Context<'_>,
    business: i64,
    invoice: i64,
) -> Result<Vec<InvoiceItem>, Refusal> {
    let mut lines = Vec::with_capacity(request.price.len());
    let columns = request
        .product_id
        .iter()
        .zip(&request.price)
        .zip(&request.quantity)
        .zip(&request.product_description);
    for (index, (((product, price), quantity), description)) in columns.enumerate() {
        let discount = request.discount.get(index).copied().unwrap_or_default();
        let (product, price) = match (*product, price) {
            (0, Some(price)) => (unregistered(Some(description), *price), *price),
            (0, None) => return Err(Refusal::argument("price", "an amount where productId is 0")),
            (id, price) if context.fork.is_some() => shown(context, id, *price).await?,
            (id, price) => {
                let (product, own) = registered(context, business, id).await?;
                (product, price.unwrap_or(own))
            }
        };
        lines.push(line(
            invoice,
            index,
            product,
            price,
            *quantity,
            discount,
            Some(description.as_str()),
        ));
    }
    Ok(lines)
}

/// A product of the business, and its price.
async fn registered(
    context: &mut Context<'_>,
    business: i64,
    id: u64,
) -> Result<(ProductShort, Rial), Refusal> {
    let row: Option<(String, i64)> =
        query_as("SELECT name, price FROM products WHERE id = ? AND business_id = ?")
            .bind(stored("productId", id)?)
            .bind(business)
            .fetch_optional(&mut *context.connection)
            .await?;
    let (name, price) = row.ok_or_else(|| {
        Refusal::because(Kind::NotFound, format!("the business has no product {id}"))
    })?;
    let price = Rial(price.unsigned_abs());
    let product = ProductShort { id, name: Some(name), price: Some(price), ..Default::default() };
    Ok((product, price))
}

/// In a fork: a product of the business. No service tells what one costs; an invoice that has it does.
async fn shown(
    context: &mut Context<'_>,
    id: u64,
    price: Option<Rial>,
) -> Result<(ProductShort, Rial), Refusal> {
    let of_line = |line: &InvoiceItem| {
        let product = line.product_short_srv.clone();
        product.filter(|product| product.id == id && product.price.is_some())
    };
    let seen = context.fork.and_then(|fork| {
        let things = fork.seen.things();
        things.invoices.values().find_map(|one| one.invoice_item_srvs.iter().find_map(of_line))
    });
    let product = match seen {
        Some(product) => Some(product),
        None => {
            let lines: Option<String> = query_scalar(
                "SELECT lines FROM invoices WHERE EXISTS (SELECT 1 FROM json_each(lines) AS line \
                 WHERE line.value ->> '$.productShortSrv.id' = ?) LIMIT 1",
            )
            .bind(stored("productId", id)?)
            .fetch_optional(&mut *context.connection)
            .await?;
            let lines: Vec<InvoiceItem> =
                lines.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
            lines.iter().find_map(of_line)
        }
    };
    let own = product.as_ref().and_then(|product| product.price);
    let price = price.or(own).ok_or_else(|| {
        Refusal::unknown(format!("no service tells what product {id} costs: give its price"))
    })?;
    let product = product.unwrap_or(ProductShort { id, ..ProductShort::default() });
    Ok((product, price))
}

/// What an invoice's lines come to, as the database holds it.
pub(super) struct Sums {
    /// After discounts, before tax.
    pub(super) amount: i64,
    pub(super) discount: i64,
    /// Whole rials, which is what the books have.
    pub(super) vat: i64,
    /// All of it, if it has a fraction.
    pub(super) vat_exact: Option<String>,
}

impl Sums {
    /// Adds the lines up. A line that is no amount in whole rials, or less than its discount, is
    /// refused.
    pub(super) fn of(lines: &[InvoiceItem], tax_rate: f64) -> Result<Self, Refusal> {
        let (mut amount, mut discounts) = (Rial::ZERO, Rial::ZERO);
        for line in lines {
            let InvoiceItem { amount: price, quantity, .. } = line;
            let whole = price.times(*quantity).filter(|product| product.exact);
            let rials = whole.map(|product| product.rials).ok_or_else(|| {
                Refusal::because(
                    Kind::InvalidNumber,
                    format!("{price} × {quantity} is no amount in whole rials"),
                )
            })?;
            let discount = line.discount.unwrap_or_default();
            let net = rials.checked_sub(discount).ok_or_else(|| {
                Refusal::because(
                    Kind::InvalidNumber,
                    format!("the discount of {discount} is more than the line's {rials}"),
                )
            })?;
            let too_large =
                || Refusal::because(Kind::InvalidNumber, "the invoice's sum is too large");
            amount = amount.checked_add(net).ok_or_else(too_large)?;
            discounts = discounts.checked_add(discount).ok_or_else(too_large)?;
            if amount.checked_add(discounts).is_none_or(|sum| sum > LARGEST_AMOUNT) {
                return Err(too_large());
            }
        }
        if amount == Rial::ZERO {
            return Err(Refusal::because(Kind::InvalidNumber, "an invoice is for more than 0"));
        }
        let vat = amount
            .times(tax_rate)
            .filter(|vat| vat.rials <= LARGEST_AMOUNT)
            .ok_or_else(|| Refusal::because(Kind::InvalidNumber, "preferredTaxRate"))?;
        let vat_exact = (!vat.exact).then(|| vat.to_string());
        let kept = |rials: Rial| rials.0.cast_signed();
        Ok(Self {
            amount: kept(amount),
            discount: kept(discounts),
            vat: kept(vat.rials),
            vat_exact,
        })
    }
}
