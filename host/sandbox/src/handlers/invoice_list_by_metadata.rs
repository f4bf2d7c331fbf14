//! getInvoiceListByMetadata: the caller's invoices whose metadata says something.
//!
//! POD's documents show no query. This is the form that POD's clients write: a field, a comparison,
//! and lists of further conditions.

use pod_platform::invoices::{GetInvoiceListByMetadataRequest, InvoicePage};
use serde::Deserialize;
use serde_json::Value;
use sqlx::query;

use crate::{
    invoice::Record,
    service::{Context, Handle, Refusal},
};

impl Handle for GetInvoiceListByMetadataRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<InvoicePage, Refusal> {
        let wanted: Condition = serde_json::from_str(&self.meta_query)
            .map_err(|error| Refusal::argument("metaQuery", format!("a query: {error}")))?;
        let rows = query(
            "SELECT * FROM invoices WHERE (business_id = ?1 OR user_id = ?2) \
             AND metadata IS NOT NULL AND (?3 IS NULL OR payed = ?3) \
             AND (?4 IS NULL OR canceled = ?4) ORDER BY id DESC",
        )
        .bind(context.caller.business_id)
        .bind(context.caller.user_id)
        .bind(self.is_payed)
        .bind(self.is_cancelled)
        .fetch_all(&mut *context.connection)
        .await?;
        let mut matches = Vec::new();
        for row in &rows {
            let invoice = Record::read(row)?;
            let metadata = invoice.metadata.as_deref().map(serde_json::from_str::<Value>);
            if metadata.transpose()?.is_some_and(|metadata| wanted.holds(&metadata)) {
                matches.push(invoice);
            }
        }
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let count = matches.len() as u64;
        let page = matches.into_iter().skip(offset).take(self.size as usize);
        let result = page.map(|invoice| Ok(invoice.shown(context.parties)?));
        Ok(InvoicePage { count, result: result.collect::<Result<_, Refusal>>()? })
    }
}

/// A condition on an invoice's metadata.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    field: Option<String>,
    is: Option<Value>,
    has: Option<String>,
    gt: Option<f64>,
    gte: Option<f64>,
    lt: Option<f64>,
    lte: Option<f64>,
    #[serde(default)]
    and: Vec<Condition>,
    #[serde(default)]
    or: Vec<Condition>,
    #[serde(default)]
    not: Vec<Condition>,
}

impl Condition {
    fn holds(&self, metadata: &Value) -> bool {
        let field = self.field.as_deref().map(|name| metadata.get(name).unwrap_or(&Value::Null));
        let own = field.is_none_or(|value| self.compares(value))
            && self.and.iter().all(|one| one.holds(metadata))
            && !self.not.iter().any(|one| one.holds(metadata));
        if self.or.is_empty() {
            return own;
        }
        let says_more = self.field.is_some() || !self.and.is_empty() || !self.not.is_empty();
        (says_more && own) || self.or.iter().any(|one| one.holds(metadata))
    }

    fn compares(&self, value: &Value) -> bool {
        let text = text(value);
        let number: Option<f64> = text.parse().ok();
        let within = |bound: Option<f64>, compare: fn(f64, f64) -> bool| {
            bound.is_none_or(|bound| number.is_some_and(|number| compare(number, bound)))
        };
        self.is.as_ref().is_none_or(|is| self::text(is) == text)
            && self.has.as_ref().is_none_or(|part| text.contains(part))
            && within(self.gt, |number, bound| number > bound)
            && within(self.gte, |number, bound| number >= bound)
            && within(self.lt, |number, bound| number < bound)
            && within(self.lte, |number, bound| number <= bound)
    }
}

/// A text as it is, anything else as JSON: `4` is `"4"`.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
