//! Form fields, as clients send them and as a server reads them.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{Instant, JalaliDate, JalaliDateTime, Rial, types::InvalidArgument};

/// List fields that POD's clients send with brackets (`price[]`). All others are repeated without.
const BRACKETED: &[&str] = &[
    "productId",
    "price",
    "quantity",
    "productDescription",
    "discount",
    "invoiceItemId",
    "itemDescription",
];

/// POD's word for the price of a registered product.
const AUTO: &str = "auto";

/// The fields of a request, in the order in which they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(Cow<'static, str>, String)>);

impl Form {
    /// Adds one field.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds fields behind these.
    pub fn extend<'a>(&mut self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.0.extend(
            fields.into_iter().map(|(name, value)| (name.to_owned().into(), value.to_owned())),
        );
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// All values of a field, in order, whichever way a list is spelled.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| bare(key) == name).map(|(_, value)| value.as_str())
    }

    /// These fields, and all others.
    #[must_use]
    pub fn split(&self, names: &[&str]) -> (Self, Self) {
        let (these, others) =
            self.0.iter().cloned().partition(|(key, _)| names.contains(&bare(key)));
        (Self(these), Self(others))
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_str()))
    }

    /// As `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.iter()).finish()
    }
}

/// The fields of a request, as a server received them: names in any case, lists in both spellings.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`, a query string or a body.
    #[must_use]
    pub fn decoded(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Adds one field.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Replaces every value of a field by what `change` makes of it.
    pub fn change(&mut self, name: &str, change: impl Fn(&str) -> String) {
        for (key, value) in &mut self.0 {
            if bare(key).eq_ignore_ascii_case(name) && !value.is_empty() {
                *value = change(value);
            }
        }
    }

    /// Drops all values of a field.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| !bare(key).eq_ignore_ascii_case(name));
    }

    /// Adds the fields of `other` behind these.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The first value of a field; an empty value counts as absent, as POD's clients send it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// All values of a field that are not empty, in order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, value)| bare(key).eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

impl From<&Form> for Fields {
    fn from(form: &Form) -> Self {
        Self(form.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn bare(name: &str) -> &str {
    name.strip_suffix("[]").unwrap_or(name)
}

/// A value that a form field can hold.
pub trait FormValue: Sized {
    /// Writes the field `name`, or nothing if there is no value.
    fn push(&self, name: &'static str, form: &mut Form);

    /// Reads the field `name`.
    ///
    /// # Errors
    /// If it is missing although it is required, or is not of this type.
    fn take(name: &'static str, fields: &Fields) -> Result<Self, InvalidArgument>;
}

/// A value that is written as one text.
trait Scalar: Sized {
    const EXPECTED: &'static str;

    fn text(&self) -> String;

    fn parse(text: &str) -> Option<Self>;
}

macro_rules! scalar {
    ($type:ty, $expected:literal) => {
        scalar!($type, $expected, |value| value.to_string(), |text| text.parse().ok());
    };
    ($type:ty, $expected:literal, $text:expr, $parse:expr) => {
        impl Scalar for $type {
            const EXPECTED: &'static str = $expected;

            fn text(&self) -> String {
                let text: fn(&Self) -> String = $text;
                text(self)
            }

            fn parse(text: &str) -> Option<Self> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text.trim())
            }
        }

        impl FormValue for $type {
            fn push(&self, name: &'static str, form: &mut Form) {
                form.push(name, self.text());
            }

            fn take(name: &'static str, fields: &Fields) -> Result<Self, InvalidArgument> {
                parse(name, fields.get(name).unwrap_or_default())
            }
        }

        impl FormValue for Option<$type> {
            fn push(&self, name: &'static str, form: &mut Form) {
                if let Some(value) = self {
                    value.push(name, form);
                }
            }

            fn take(name: &'static str, fields: &Fields) -> Result<Self, InvalidArgument> {
                fields.get(name).map(|text| parse(name, text)).transpose()
            }
        }

        impl FormValue for Vec<$type> {
            fn push(&self, name: &'static str, form: &mut Form) {
                for value in self {
                    if BRACKETED.contains(&name) {
                        form.push(format!("{name}[]"), value.text());
                    } else {
                        form.push(name, value.text());
                    }
                }
            }

            fn take(name: &'static str, fields: &Fields) -> Result<Self, InvalidArgument> {
                fields.values(name).map(|text| parse(name, text)).collect()
            }
        }
    };
}

/// For the contract's enumerations to which POD may add: any text is one of their values.
macro_rules! open_enum {
    ($($type:ident)*) => {$(
        impl $crate::wire::form::FormValue for Option<$type> {
            fn push(&self, name: &'static str, form: &mut $crate::wire::form::Form) {
                if let Some(value) = self {
                    form.push(name, value.code());
                }
            }

            fn take(
                name: &'static str,
                fields: &$crate::wire::form::Fields,
            ) -> Result<Self, $crate::types::InvalidArgument> {
                Ok(fields.get(name).map($type::from_code))
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::json::text(deserializer).map(|text| Self::from_code(&text))
            }
        }
    )*};
}
pub(crate) use open_enum;

scalar!(u32, "a whole number", ToString::to_string, |text| integral(text)?.parse().ok());
scalar!(u64, "a whole number", ToString::to_string, |text| integral(text)?.parse().ok());
scalar!(f64, "a number");
scalar!(Rial, "an amount in whole rials", ToString::to_string, |text| integral(text)?.parse().ok());
scalar!(Instant, "milliseconds since 1970", |at| at.0.to_string(), |text| integral(text)?
    .parse()
    .ok()
    .map(Instant));
scalar!(JalaliDate, "a day of the Persian calendar, yyyy/mm/dd");
scalar!(JalaliDateTime, "a date-time of the Persian calendar, yyyy/mm/dd HH:MM:SS");
scalar!(String, "a text that is not empty", Clone::clone, |text| (!text.is_empty())
    .then(|| text.to_owned()));
// Python and C# clients send `True` and `False`.
scalar!(bool, "true or false", ToString::to_string, |text| text.to_ascii_lowercase().parse().ok());

impl FormValue for Vec<Option<Rial>> {
    fn push(&self, name: &'static str, form: &mut Form) {
        for price in self {
            let text = price.map_or_else(|| AUTO.to_owned(), |price| price.text());
            form.push(format!("{name}[]"), text);
        }
    }

    fn take(name: &'static str, fields: &Fields) -> Result<Self, InvalidArgument> {
        let price = |text: &str| match text.trim() {
            AUTO => Ok(None),
            amount => parse(name, amount).map(Some),
        };
        fields.values(name).map(price).collect()
    }
}

/// A file's content: as base64 here, as it is on the wire.
impl FormValue for Vec<u8> {
    fn push(&self, name: &'static str, form: &mut Form) {
        form.push(name, BASE64_STANDARD.encode(self));
    }

    fn take(name: &'static str, fields: &Fields) -> Result<Self, InvalidArgument> {
        fields.get(name).and_then(|text| BASE64_STANDARD.decode(text).ok()).ok_or_else(|| {
            InvalidArgument { field: name.to_owned(), expected: "a file that is not empty".into() }
        })
    }
}

/// The digits of a whole number. Clients whose numbers are floats send `4500.0`, `20000.00` or
/// `2.0E7`; a decimal with anything behind its point but zeros is none.
fn integral(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['.', 'e', 'E']) {
        return Some(text.into());
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<u8>().ok()?.into()),
        None => (text, 0_usize),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    // The point moves to the right by the exponent; behind it, nothing may be left.
    let (moved, rest) = fraction.split_at(exponent.min(fraction.len()));
    let zeros = "0".repeat(exponent - moved.len());
    rest.bytes().all(|byte| byte == b'0').then(|| format!("{whole}{moved}{zeros}").into())
}

fn parse<T: Scalar>(name: &'static str, text: &str) -> Result<T, InvalidArgument> {
    T::parse(text)
        .ok_or_else(|| InvalidArgument { field: name.to_owned(), expected: T::EXPECTED.to_owned() })
}
