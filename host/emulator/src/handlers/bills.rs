//! payBill, issueBillInvoice, listBills and cancelBill.

use std::borrow::Cow;

use pod_platform::{
    Instant, JalaliDate, NotABill, Route, Service, UtilityBill,
    bills::{
        BillPage, CancelBillRequest, IssueBillInvoiceRequest, ListBillsRequest, PayBillRequest,
        ServiceBill,
    },
    invoices::Invoice,
    rules::bill::is_taken,
    types::{InvalidArgument, PlatformErrorKind as Kind},
    wire::form::Fields,
};
use sqlx::{QueryBuilder, Sqlite};

use super::payments::PODLAND_WALLET;
use crate::{
    bills::{self, Bill},
    filters::{Filters, List},
    fork::{Kind as Listed, Need, Reads},
    payment::{self, Delegations},
    service::{Context, Handle, Refusal, stored},
};

impl Handle for PayBillRequest {
    fn needs(&self) -> Vec<Need> {
        let (bill_id, payment_id) = (self.bill_id.clone(), self.payment_id.clone());
        vec![Need::Bill { bill_id, payment_id }]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<ServiceBill, Refusal> {
        let bill = processable::<Self>(context, &self.bill_id, &self.payment_id)?;
        let mut invoice = bills::open_invoice(context, &bill).await?;
        invoice.must_be_payable(context.now)?;
        let (payer, nobody) = (context.caller.user_id, Delegations::default());
        let paying = payment::by_credit(context, payer, &invoice, PODLAND_WALLET, &nobody).await?;
        payment::pay(context, &mut invoice, Self::ROW.name, paying).await?;
        let paid = Bill::of_invoice(context.connection, invoice.id).await?.ok_or(Kind::NotFound)?;
        Ok(paid.shown(context.parties)?)
    }

    fn refuse(argument: InvalidArgument) -> Refusal {
        refuse_identifiers(argument)
    }
}

impl Handle for IssueBillInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        let (bill_id, payment_id) = (self.bill_id.clone(), self.payment_id.clone());
        vec![Need::Bill { bill_id, payment_id }]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<Invoice, Refusal> {
        let bill = processable::<Self>(context, &self.bill_id, &self.payment_id)?;
        let invoice = bills::open_invoice(context, &bill).await?;
        Ok(invoice.shown(context.parties)?)
    }

    fn refuse(argument: InvalidArgument) -> Refusal {
        refuse_identifiers(argument)
    }
}

/// The bill, if the service takes such: the newer ones take no traffic fines (S3), the older one
/// does (S2).
fn processable<S: Service>(
    context: &Context<'_>,
    bill_id: &str,
    payment_id: &str,
) -> Result<UtilityBill, Kind> {
    let bill = UtilityBill::read(bill_id, payment_id).map_err(|error| match error {
        NotABill::PaymentId { .. } => Kind::InvalidPaymentId,
        NotABill::BillId { .. } | NotABill::Barcode(_) => Kind::InvalidBillId,
    })?;
    let is_older = match S::ROW.route {
        Route::Product(product) => {
            context.product().is_some_and(|number| product.older.contains(&number))
        }
        _ => false,
    };
    if !is_taken(bill.bill_type(), is_older) {
        return Err(Kind::TrafficFineNotProcessed);
    }
    Ok(bill)
}

/// POD has codes of its own for identifiers that do not hold (S3). The catalogue's rule quotes what
/// was sent; where nothing was sent, nothing is quoted.
fn refuse_identifiers(argument: InvalidArgument) -> Refusal {
    let quoted = argument.expected.split_once('`').and_then(|(_, rest)| rest.rsplit_once('`'));
    let kind = match (quoted, argument.field.as_str()) {
        (None, _) => Kind::BadParameters,
        (Some((value, _)), _) if !value.bytes().all(|byte| byte.is_ascii_digit()) => {
            Kind::InvalidNumber
        }
        (_, "paymentId") => Kind::InvalidPaymentId,
        _ => Kind::InvalidBillId,
    };
    Refusal::because(kind, argument.to_string())
}

impl Handle for ListBillsRequest {
    const READS: Reads = Reads::Both(Listed::Bills);

    async fn handle(self, context: &mut Context<'_>) -> Result<BillPage, Refusal> {
        let user = context.caller.user_id;
        let from = move |sql: &mut QueryBuilder<Sqlite>| {
            sql.push(
                " FROM service_bills LEFT JOIN bills USING (bill_id, payment_id) WHERE user_id = ",
            )
            .push_bind(user);
        };
        let list = List {
            columns: "*",
            from: &from,
            filters: filters(&self, context)?,
            order: "id DESC",
            size: self.size,
            offset: self.offset,
        };
        let (count, rows) = list.fetch(context.connection).await?;
        let result = rows
            .iter()
            .map(|row| Ok(Bill::read(row)?.shown(context.parties)?))
            .collect::<Result<_, Refusal>>()?;
        Ok(BillPage { count, result })
    }

    /// Documents want milliseconds, the public clients send Jalali days.
    fn receive(fields: &Fields) -> Cow<'_, Fields> {
        let mut fields = fields.clone();
        fields.change("fromDate", |text| millis(text, JalaliDate::start));
        fields.change("toDate", |text| millis(text, last_instant));
        Cow::Owned(fields)
    }
}

/// The conditions that a request sets.
fn filters(request: &ListBillsRequest, context: &Context<'_>) -> Result<Filters, Refusal> {
    let mut filters = Filters::of(context, "id");
    filters.text("bill_id = ", request.bill_id.as_deref());
    filters.text("payment_id = ", request.payment_id.as_deref());
    filters.number("id = ", "id", request.id)?;
    filters.number("reference = ", "referenceNumber", request.reference_number)?;
    filters.number("requested_at >= ", "fromDate", request.from_date.map(|at| at.0))?;
    filters.number("requested_at <= ", "toDate", request.to_date.map(|at| at.0))?;
    Ok(filters)
}

/// A Jalali day or date-time in milliseconds; any other text as it is.
fn millis(text: &str, of_day: fn(JalaliDate) -> Option<Instant>) -> String {
    let at = match text.parse() {
        Ok(day) => of_day(day),
        Err(_) => Instant::from_jalali_date_time(text),
    };
    at.map_or_else(|| text.to_owned(), |at| at.0.to_string())
}

/// The last millisecond of a day.
fn last_instant(day: JalaliDate) -> Option<Instant> {
    Some(Instant(day.end()?.0.checked_sub(1)?))
}

impl Handle for CancelBillRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::BillById(self.id)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<ServiceBill, Refusal> {
        let id = stored("id", self.id)?;
        let bill = bills::cancel(context, id, Self::ROW.name).await?;
        Ok(bill.shown(context.parties)?)
    }
}
