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
    fork::{Kind as List, Need, Reads},
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
    const READS: Reads = Reads::Both(List::Bills);

    async fn handle(self, context: &mut Context<'_>) -> Result<BillPage, Refusal> {
        let mut count = QueryBuilder::new("SELECT COUNT(*)");
        push_matches(&mut count, &self, context.caller.user_id)?;
        let count: i64 = count.build_query_scalar().fetch_one(&mut *context.connection).await?;

        let mut page = QueryBuilder::new("SELECT *");
        push_matches(&mut page, &self, context.caller.user_id)?;
        page.push(" ORDER BY id DESC LIMIT ").push_bind(self.size);
        page.push(" OFFSET ").push_bind(stored("offset", self.offset)?);
        let rows = page.build().fetch_all(&mut *context.connection).await?;
        let result = rows
            .iter()
            .map(|row| Ok(Bill::read(row)?.shown(context.parties)?))
            .collect::<Result<_, Refusal>>()?;
        Ok(BillPage { count: count.unsigned_abs(), result })
    }

    /// Documents want milliseconds, the public clients send Jalali days.
    fn receive(fields: &Fields) -> Cow<'_, Fields> {
        let mut fields = fields.clone();
        fields.change("fromDate", |text| millis(text, JalaliDate::start));
        fields.change("toDate", |text| millis(text, last_instant));
        Cow::Owned(fields)
    }
}

/// What a list is chosen from, and by what.
fn push_matches(
    sql: &mut QueryBuilder<Sqlite>,
    request: &ListBillsRequest,
    user: i64,
) -> Result<(), InvalidArgument> {
    sql.push(" FROM service_bills LEFT JOIN bills USING (bill_id, payment_id) WHERE user_id = ");
    sql.push_bind(user);
    for (condition, text) in
        [(" AND bill_id = ", &request.bill_id), (" AND payment_id = ", &request.payment_id)]
    {
        if let Some(text) = text {
            sql.push(condition).push_bind(text.clone());
        }
    }
    for (condition, field, number) in [
        (" AND id = ", "id", request.id),
        (" AND reference = ", "referenceNumber", request.reference_number),
        (" AND requested_at >= ", "fromDate", request.from_date.map(|at| at.0)),
        (" AND requested_at <= ", "toDate", request.to_date.map(|at| at.0)),
    ] {
        if let Some(number) = number {
            sql.push(condition).push_bind(stored(field, number)?);
        }
    }
    Ok(())
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
