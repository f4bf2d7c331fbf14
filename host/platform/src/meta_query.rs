//! Which invoices `getInvoiceListByMetadata` asks for.
//!
//! POD's documents show no query. This is the form that POD's clients write: a field, a comparison,
//! and lists of further conditions.

use serde::Deserialize;
use serde_json::Value;

/// A condition on an invoice's metadata.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetaQuery {
    field: Option<String>,
    is: Option<Value>,
    has: Option<String>,
    gt: Option<f64>,
    gte: Option<f64>,
    lt: Option<f64>,
    lte: Option<f64>,
    #[serde(default)]
    and: Vec<MetaQuery>,
    #[serde(default)]
    or: Vec<MetaQuery>,
    #[serde(default)]
    not: Vec<MetaQuery>,
}

impl MetaQuery {
    /// Does metadata say what is asked for?
    #[must_use]
    pub fn holds(&self, metadata: &Value) -> bool {
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
