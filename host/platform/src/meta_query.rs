//! Which invoices `getInvoiceListByMetadata` asks for.
//!
//! POD's documents show no query. This is the form that POD's clients write: a field, a comparison,
//! and lists of further conditions.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

/// A condition on an invoice's metadata.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetaQuery {
    field: Option<String>,
    is: Option<Value>,
    has: Option<String>,
    gt: Option<Bound>,
    gte: Option<Bound>,
    lt: Option<Bound>,
    lte: Option<Bound>,
    #[serde(default)]
    and: Vec<MetaQuery>,
    #[serde(default)]
    or: Vec<MetaQuery>,
    #[serde(default)]
    not: Vec<MetaQuery>,
}

/// A number to compare with, which POD also reads in quotes.
#[derive(Clone, Copy, Debug)]
struct Bound(f64);

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }

        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => match text.trim().parse() {
                Ok(number) if f64::is_finite(number) => Ok(Self(number)),
                _ => Err(D::Error::custom(format!(
                    "expected a number to compare with, found `{text}`"
                ))),
            },
        }
    }
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
        let within = |bound: Option<Bound>, compare: fn(f64, f64) -> bool| {
            bound.is_none_or(|bound| number.is_some_and(|number| compare(number, bound.0)))
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
