//! getInvoiceList.
//!
//! A caller sees the invoices that it issued and those that were issued for it. No invoice is both,
//! so the two sets are listed each by its own index, already in the order of ids, and merged: a
//! page costs its own length, not the length of the list.

use std::borrow::Cow;

use pod_platform::{
    Instant,
    invoices::{GetInvoiceListRequest, InvoicePage},
    wire::form::Fields,
};
use serde_json::value::RawValue;
use sqlx::{QueryBuilder, Sqlite};

use super::product_srv;
use crate::{
    filters::{Filters, Value},
    fork::{Kind, Reads},
    invoice::Record,
    service::{Context, Handle, Refusal, stored},
};

impl Handle for GetInvoiceListRequest {
    const READS: Reads = Reads::Both(Kind::Invoices);

    async fn handle(self, context: &mut Context<'_>) -> Result<InvoicePage, Refusal> {
        let filters = filters(&self, context)?;
        let sides = [
            context.caller.business_id.map(|id| ("business_id", id)),
            Some(("user_id", context.caller.user_id)),
        ];
        let sides: Vec<_> = sides.into_iter().flatten().collect();
        // By `firstId` POD lists upwards from that id, otherwise downwards (the public clients'
        // notes on these three fields).
        let cursor = match (self.first_id, self.last_id) {
            (Some(id), _) => Some((" AND id >= ", stored("firstId", id)?)),
            (_, Some(id)) => Some((" AND id <= ", stored("lastId", id)?)),
            _ => None,
        };
        let order = if self.first_id.is_some() { " ORDER BY id ASC" } else { " ORDER BY id DESC" };
        let offset = stored("offset", self.offset.unwrap_or(0))?;

        let mut page = QueryBuilder::<Sqlite>::new("");
        for (index, side) in sides.iter().enumerate() {
            page.push(if index == 0 { "" } else { " UNION ALL " });
            page.push("SELECT * FROM invoices WHERE ");
            let (side, id) = side;
            page.push(side).push(" = ").push_bind(*id);
            filters.push(&mut page);
            if let Some((comparison, id)) = cursor {
                page.push(comparison).push_bind(id);
            }
        }
        page.push(order).push(" LIMIT ").push_bind(self.size);
        page.push(" OFFSET ").push_bind(offset);
        let rows = page.build().fetch_all(&mut *context.connection).await?;

        // A page that is not full and begins at the first match holds all there are.
        let short = cursor.is_none() && offset == 0 && rows.len() < self.size as usize;
        let count = if short {
            rows.len() as u64
        } else {
            let mut all = QueryBuilder::<Sqlite>::new("SELECT 0");
            for (side, id) in sides {
                all.push(" + (SELECT COUNT(*) FROM invoices WHERE ");
                all.push(side).push(" = ").push_bind(id);
                filters.push(&mut all);
                all.push(")");
            }
            let count: i64 = all.build_query_scalar().fetch_one(&mut *context.connection).await?;
            count.unsigned_abs()
        };
        let result = rows
            .iter()
            .map(|row| Ok(Record::read(row)?.shown(context.parties)?))
            .collect::<Result<_, Refusal>>()?;
        Ok(InvoicePage { count, result })
    }

    async fn dress(
        context: &mut Context<'_>,
        page: &InvoicePage,
        written: Box<RawValue>,
    ) -> Result<Box<RawValue>, Refusal> {
        product_srv::add(context, page, written).await
    }

    /// Some clients send a time behind the day, no page, or an `offset` beside the id that the page
    /// begins with, which says more.
    fn receive(fields: &Fields) -> Cow<'_, Fields> {
        let mut fields = fields.clone();
        for field in ["fromDate", "toDate"] {
            let day = |text: &str| text.split_once(' ').map_or(text, |(day, _)| day).to_owned();
            fields.change(field, day);
        }
        if fields.get("firstId").is_some() || fields.get("lastId").is_some() {
            fields.remove("offset");
        } else {
            first_page_unless_told(&mut fields, "offset", 0);
        }
        first_page_unless_told(&mut fields, "size", DEFAULT_SIZE);
        Cow::Owned(fields)
    }
}

/// How many invoices a page has that names no `size`: no document tells POD's own number.
pub(super) const DEFAULT_SIZE: u32 = 50;

/// Says which page is meant, where a caller did not.
pub(super) fn first_page_unless_told(fields: &mut Fields, field: &str, number: u32) {
    if fields.get(field).is_none() {
        fields.push(field, number.to_string());
    }
}

/// The conditions that a request sets.
fn filters(request: &GetInvoiceListRequest, context: &Context<'_>) -> Result<Filters, Refusal> {
    let moment = |field| context.fields.get(field).and_then(Instant::from_jalali_date_time);
    let from = moment("fromDate").or(request.from_date.and_then(|day| day.start()));
    let to = moment("toDate").or(request.to_date.and_then(|day| day.end()));

    let mut filters = Filters::of(context, "id");
    filters.number("id = ", "id", request.id)?;
    filters.text("bill_number = ", request.bill_number.as_deref());
    filters.text("unique_number = ", request.unique_number.as_deref());
    // Invoices have no tracker here.
    filters.number("NULL = ", "trackerId", request.tracker_id)?;
    filters.number("issued_at >= ", "fromDate", from.map(|at| at.0))?;
    filters.number("issued_at < ", "toDate", to.map(|at| at.0))?;
    filters.flag("canceled = ", request.is_canceled);
    filters.flag("payed = ", request.is_payed);
    filters.flag("closed = ", request.is_closed);
    // A payment that awaits its verification waits, too: shops look for it so.
    filters.flag("(waiting OR unverified) = ", request.is_waiting);
    filters.text("guild_code = ", request.guild_code.as_deref());
    filters.text("payment_reference = ", request.reference_number.as_deref());
    filters.number("user_id = ", "userId", request.user_id)?;
    filters.add(
        "business_id IN (SELECT id FROM businesses WHERE user_id IN \
         (SELECT value FROM json_each(",
        list(&request.issuer_id)?,
        ")))",
    );
    filters.within("description", request.query.as_deref());
    filters.add(
        "EXISTS (SELECT 1 FROM json_each(lines) AS line \
         WHERE line.value ->> '$.productShortSrv.id' IN (SELECT value FROM json_each(",
        list(&request.product_id_list)?,
        ")))",
    );
    Ok(filters)
}

/// A list, as the JSON text that the database unpacks; an empty one is no condition.
fn list(values: &[u64]) -> Result<Option<Value>, serde_json::Error> {
    Ok(match values {
        [] => None,
        values => Some(Value::Text(serde_json::to_string(values)?)),
    })
}
