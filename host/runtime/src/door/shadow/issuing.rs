//! Invoices that are issued, and reduced.

use bytes::Bytes;
use pod_platform::{
    Rial, Service as _,
    invoices::{
        Business, GetInvoiceListRequest, Guild, Invoice, InvoiceItem, IssueInvoiceRequest,
        ProductShort, ReduceInvoiceRequest, User,
    },
    rules,
    types::PlatformErrorKind as Kind,
    wire::form::Fields,
};

use super::{Act, Refusal, Source, files::invalid, written};

/// The tax on an invoice that names none (S4: 585 on 6500).
const DEFAULT_TAX_RATE: f64 = 0.09;

impl<S: Source> Act<'_, S> {
    pub(super) async fn issue(&mut self) -> Result<Bytes, Refusal> {
        let request = IssueInvoiceRequest::decode(&Fields::from(self.form())).map_err(invalid)?;
        let user = request.user_id.filter(|user| *user != 0);
        if user.is_some() && user == self.user {
            return Err(Kind::NoPermission.into());
        }
        if self.business.is_none() {
            self.assumed.insert("account-is-a-business");
        }
        if !request.voucher_hash.is_empty() {
            return Err(Refusal::unknown("what a voucher takes off is not known"));
        }
        let today = self.now.jalali_date();
        if request.deadline.is_some_and(|deadline| deadline < today) {
            return Err(Refusal::argument("deadline", "today or later"));
        }
        if let Some(number) = &request.bill_number
            && self.numbered(number).await?.is_some()
        {
            let expected =
                format!("new: the business has an invoice with the number {number} already");
            return Err(Refusal::argument("billNumber", expected));
        }
        let lines = self.lines(&request)?;
        let rate = request.preferred_tax_rate.unwrap_or(DEFAULT_TAX_RATE);
        let sums = Sums::of(&lines, rate)?;

        let is_preview = request.preview == Some(true);
        let id = if is_preview { 0 } else { self.new_id() };
        let business = self.own_business();
        let user_srv = user.map(|id| self.known_user(id));
        let issuer_srv = self.own_user();
        let mut invoice = Invoice {
            id,
            bill_number: request.bill_number,
            payment_bill_number: Some(self.reference()),
            unique_number: Some(format!("dry-run-{id}")),
            description: request.description,
            delivery_date: request.deadline.and_then(|day| day.start()),
            business,
            invoice_item_srvs: lines,
            guild_srv: Some(self.guild(request.guild_code)),
            user_srv,
            cellphone_number: request.cellphone_number,
            verification_needed: request.verification_needed == Some(true),
            metadata: request.metadata,
            safe: request.safe == Some(true),
            post_voucher_enabled: request.post_voucher_enabled == Some(true),
            unsafe_close_time_out: request.close_time_out,
            issuer_srv,
            ..self.blank()
        };
        sums.write(&mut invoice);
        if !is_preview {
            self.state.invoices.put(invoice.clone());
        }
        written(&invoice)
    }

    /// An invoice of this moment.
    pub(super) fn blank(&self) -> Invoice {
        Invoice {
            issuance_date: Some(self.now),
            issuance_persian_date: Some(self.now.jalali_date().to_string()),
            reference_number: Some(self.reference()),
            delegation_amount: Some(Rial::ZERO),
            ..Invoice::default()
        }
    }

    /// An invoice over one line without tax, issued by the platform for one of its own services.
    pub(super) fn bill(&mut self, amount: Rial, description: String) -> Invoice {
        let line = InvoiceItem {
            id: self.new_id(),
            product_short_srv: Some(unregistered(&description, amount)),
            amount,
            description: Some(description.clone()),
            quantity: 1.0,
            discount: Some(Rial::ZERO),
            voucher_usage_srvs: Vec::new(),
        };
        let id = self.new_id();
        let mut invoice = Invoice {
            id,
            unique_number: Some(format!("dry-run-{id}")),
            payment_bill_number: Some(self.reference()),
            description: Some(description),
            invoice_item_srvs: vec![line],
            ..self.blank()
        };
        Sums { amount, discount: Rial::ZERO, vat: Rial::ZERO }.write(&mut invoice);
        invoice
    }

    fn lines(&mut self, request: &IssueInvoiceRequest) -> Result<Vec<InvoiceItem>, Refusal> {
        let mut lines = Vec::with_capacity(request.price.len());
        let columns = request
            .product_id
            .iter()
            .zip(&request.price)
            .zip(&request.quantity)
            .zip(&request.product_description);
        for (index, (((product, price), quantity), description)) in columns.enumerate() {
            let (product, price) = match (*product, *price) {
                (0, Some(price)) => (unregistered(description, price), price),
                (id, price) => self.registered(id, price)?,
            };
            lines.push(InvoiceItem {
                id: self.new_id(),
                product_short_srv: Some(product),
                amount: price,
                description: Some(description.clone()),
                quantity: *quantity,
                discount: Some(request.discount.get(index).copied().unwrap_or_default()),
                voucher_usage_srvs: Vec::new(),
            });
        }
        Ok(lines)
    }

    /// A product of the business. No service tells what one costs; an invoice that has it does.
    fn registered(&self, id: u64, price: Option<Rial>) -> Result<(ProductShort, Rial), Refusal> {
        let seen = self.state.invoices.all().flat_map(|invoice| &invoice.invoice_item_srvs);
        let seen = seen.filter_map(|line| line.product_short_srv.as_ref());
        let product = seen.filter(|product| product.id == id).find(|one| one.price.is_some());
        let own = product.and_then(|product| product.price);
        let price = price.or(own).ok_or_else(|| {
            Refusal::unknown(format!("no service tells what product {id} costs: give its price"))
        })?;
        let product = product.cloned().unwrap_or(ProductShort { id, ..ProductShort::default() });
        Ok((product, price))
    }

    pub(super) async fn reduce(&mut self) -> Result<Bytes, Refusal> {
        let request = ReduceInvoiceRequest::decode(&Fields::from(self.form())).map_err(invalid)?;
        let mut invoice = self.issued("id").await?;
        rules::invoice::Invoice::from(&invoice).reducible()?;
        for (index, id) in request.invoice_item_id.iter().enumerate() {
            let lines = &mut invoice.invoice_item_srvs;
            let line = lines.iter_mut().find(|line| line.id == *id).ok_or_else(|| {
                Refusal::because(Kind::NotFound, format!("the invoice has no line {id}"))
            })?;
            line.amount = request.price.get(index).copied().unwrap_or(line.amount);
            line.quantity = request.quantity.get(index).copied().unwrap_or(line.quantity);
            line.description = request.item_description.get(index).cloned();
            if line.quantity == 0.0 {
                line.discount = Some(Rial::ZERO);
            }
        }
        invoice.invoice_item_srvs.retain(|line| line.quantity > 0.0);
        let rate = request.preferred_tax_rate.unwrap_or_else(|| tax_rate(&invoice));
        let sums = Sums::of(&invoice.invoice_item_srvs, rate)?;
        let (before, after) = (invoice.payable_amount, sums.payable());
        if after > before {
            let detail = format!("a reduced invoice is for at most {before} rials, not {after}");
            return Err(Refusal::because(Kind::InvalidNumber, detail));
        }
        self.subject_reduced(invoice.id)?;
        sums.write(&mut invoice);
        invoice.edited = true;
        self.state.invoices.put(invoice.clone());
        written(&invoice)
    }

    /// The account's own invoice with this number.
    pub(super) async fn numbered(&mut self, number: &str) -> Result<Option<Invoice>, Refusal> {
        let list = GetInvoiceListRequest {
            offset: Some(0),
            size: 20,
            bill_number: Some(number.to_owned()),
            ..Default::default()
        };
        let page = self.ask(&list).await?;
        self.state.invoices.see(&page.result);
        let is_it = |invoice: &&Invoice| {
            invoice.bill_number.as_deref() == Some(number) && self.is_issued(invoice) != Some(false)
        };
        Ok(self.state.invoices.all().find(is_it).cloned())
    }

    /// The account's business, as its invoices show it.
    fn own_business(&self) -> Option<Business> {
        let id = self.business?;
        let mut businesses = self.state.invoices.all().filter_map(|one| one.business.as_ref());
        let known = businesses.find(|business| business.id == id).cloned();
        Some(known.unwrap_or(Business {
            id,
            name: String::new(),
            num_of_products: None,
            rate: None,
            sheba: None,
            service_call_name: None,
        }))
    }

    fn guild(&self, code: String) -> Guild {
        let mut guilds = self.state.invoices.all().filter_map(|one| one.guild_srv.as_ref());
        let known = guilds.find(|guild| guild.code == code).cloned();
        known.unwrap_or_else(|| Guild { id: 0, name: code.clone(), code })
    }

    fn known_user(&mut self, id: u64) -> User {
        let mut users = self.state.invoices.all().filter_map(|one| one.user_srv.as_ref());
        let known = users.find(|user| user.id == id).cloned();
        known.unwrap_or_else(|| {
            self.assumed.insert("customer-exists");
            User { id, ..User::default() }
        })
    }
}

fn unregistered(description: &str, price: Rial) -> ProductShort {
    ProductShort {
        id: 0,
        description: Some(description.to_owned()),
        price: Some(price),
        ..ProductShort::default()
    }
}

/// The tax that an invoice bears: no field tells the rate itself.
fn tax_rate(invoice: &Invoice) -> f64 {
    let (Some(vat), Some(amount)) = (invoice.vat, invoice.total_amount) else { return 0.0 };
    if amount == Rial::ZERO {
        return 0.0;
    }
    let exact = vat.0 as f64 / amount.0 as f64;
    // The shortest decimal that makes the same tax.
    let rounded = [100.0, 1_000.0, 10_000.0, 1_000_000.0].map(|unit| (exact * unit).ceil() / unit);
    let same = |rate: &f64| amount.times(*rate).is_some_and(|product| product.rials == vat);
    rounded.into_iter().find(same).unwrap_or(exact)
}

/// What an invoice's lines come to.
struct Sums {
    /// After discounts, before tax.
    amount: Rial,
    discount: Rial,
    vat: Rial,
}

impl Sums {
    fn of(lines: &[InvoiceItem], tax_rate: f64) -> Result<Self, Refusal> {
        let refuse = |detail: String| Refusal::because(Kind::InvalidNumber, detail);
        let too_large = || refuse("the invoice's sum is too large".to_owned());
        let (mut amount, mut discounts) = (Rial::ZERO, Rial::ZERO);
        for line in lines {
            let InvoiceItem { amount: price, quantity, .. } = line;
            let whole = price.times(*quantity).filter(|product| product.exact);
            let rials = whole.map(|product| product.rials).ok_or_else(|| {
                refuse(format!("{price} × {quantity} is no amount in whole rials"))
            })?;
            let discount = line.discount.unwrap_or_default();
            let net = rials.checked_sub(discount).ok_or_else(|| {
                refuse(format!("the discount of {discount} is more than the line's {rials}"))
            })?;
            amount = amount.checked_add(net).ok_or_else(too_large)?;
            discounts = discounts.checked_add(discount).ok_or_else(too_large)?;
            if amount.checked_add(discounts).is_none_or(|sum| sum > Rial::LARGEST) {
                return Err(too_large());
            }
        }
        if amount == Rial::ZERO {
            return Err(refuse("an invoice is for more than 0".to_owned()));
        }
        let vat = amount.times(tax_rate).filter(|vat| vat.rials <= Rial::LARGEST);
        let vat = vat.ok_or_else(|| refuse("preferredTaxRate".to_owned()))?.rials;
        Ok(Self { amount, discount: discounts, vat })
    }

    fn payable(&self) -> Rial {
        Rial(self.amount.0.saturating_add(self.vat.0))
    }

    fn write(&self, invoice: &mut Invoice) {
        let full = self.amount.0.saturating_add(self.discount.0);
        invoice.total_amount_without_discount = Some(Rial(full));
        invoice.total_amount = Some(self.amount);
        invoice.vat = Some(self.vat);
        invoice.payable_amount = self.payable();
    }
}
