//! Tables of a policy.toml whose shape is their policy's own, as JSON, and where in the text each of
//! their values stands.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::{exact::is_exact, manifest::Reading};
use crate::error::Place;

/// What is wrong, and where.
pub(crate) struct Wrong {
    pub place: Option<Place>,
    pub message: String,
}

/// A TOML document in which things can be found again.
pub(crate) struct Document<'a> {
    pub text: &'a str,
    pub root: &'a DeTable<'a>,
    pub reading: Reading,
}

impl Document<'_> {
    /// A table of the document as JSON; none is an empty one.
    pub fn table(&self, name: &str) -> Result<Map<String, Value>, Wrong> {
        let table = self.optional_table(name)?;
        Ok(table.unwrap_or_default())
    }

    /// The same, if it is there.
    pub fn optional_table(&self, name: &str) -> Result<Option<Map<String, Value>>, Wrong> {
        let Some((_, value)) = self.root.get_key_value(name) else { return Ok(None) };
        match self.json_of(value.get_ref()) {
            Ok(Value::Object(table)) => Ok(Some(table)),
            Ok(_) => Err(self.wrong(&[name], "must be a table")),
            Err(Unfit { mut path, reason }) => {
                path.push(name.to_owned());
                let path: Vec<&str> = path.iter().rev().map(String::as_str).collect();
                Err(self.wrong(&path, reason))
            }
        }
    }

    pub fn wrong(&self, path: &[&str], message: impl std::fmt::Display) -> Wrong {
        let place = self.span(path).map(|span| Place::of(self.text, span.start));
        Wrong { place, message: format!("`{}`: {message}", path.join(".")) }
    }

    /// Where a value stands, or the innermost around it that there is.
    fn span(&self, path: &[&str]) -> Option<Range<usize>> {
        let (first, rest) = path.split_first()?;
        let (key, mut value) = self.root.get_key_value(*first)?;
        let mut span = key.span();
        for name in rest {
            let inner = match value.get_ref() {
                DeValue::Table(table) => table.get_key_value(*name).map(|(key, value)| {
                    // A table's own span is its header's.
                    let is_table = matches!(value.get_ref(), DeValue::Table(_));
                    (if is_table { key.span() } else { value.span() }, value)
                }),
                DeValue::Array(items) => {
                    let index = name.parse::<usize>().ok();
                    index.and_then(|i| items.get(i)).map(|value| (value.span(), value))
                }
                _ => None,
            };
            let Some((at, inner)) = inner else { break };
            (span, value) = (at, inner);
        }
        Some(span)
    }

    fn json_of(&self, value: &DeValue<'_>) -> Result<Value, Unfit> {
        Ok(match value {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Integer(number) => {
                let digits = number.as_str();
                i64::from_str_radix(digits, number.radix()).map(Value::from).map_err(|_| {
                    Unfit::new(format!("{digits} is more than a whole number holds"))
                })?
            }
            DeValue::Float(number) => {
                let digits = number.as_str();
                let read = digits.parse().ok().and_then(serde_json::Number::from_f64);
                let read = read.ok_or_else(|| Unfit::new(format!("{digits} is no number")))?;
                if self.reading == Reading::New && !is_exact(digits) {
                    let reason = format!("{digits} would lose digits: write it as a text");
                    return Err(Unfit::new(reason));
                }
                Value::Number(read)
            }
            DeValue::Datetime(date) => {
                return Err(Unfit::new(format!("{date}: write a day as a text, \"1399/03/13\"")));
            }
            DeValue::Array(items) => {
                let item = |(index, item): (usize, &toml::Spanned<DeValue<'_>>)| {
                    self.json_of(item.get_ref()).map_err(|unfit| unfit.within(&index.to_string()))
                };
                Value::Array(items.iter().enumerate().map(item).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => {
                let mut fields = Map::new();
                for (key, value) in table.iter() {
                    let name = key.get_ref().to_string();
                    let value =
                        self.json_of(value.get_ref()).map_err(|unfit| unfit.within(&name))?;
                    fields.insert(name, value);
                }
                Value::Object(fields)
            }
        })
    }
}

/// What JSON has not, and where: the innermost name first.
struct Unfit {
    path: Vec<String>,
    reason: String,
}

impl Unfit {
    fn new(reason: String) -> Self {
        Self { path: Vec::new(), reason }
    }

    fn within(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }
}
