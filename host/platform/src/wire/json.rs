//! POD's JSON is looser than its documents: whole numbers come as floats, numbers as texts and the
//! other way round, and what is not set is absent, null or 0. These functions read it all into the
//! contract's exact types, and refuse what would lose something.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, Unexpected, Visitor},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::value::RawValue;

use crate::{Instant, Rial};

/// A whole number, also as `12.0` or `"12"`.
pub fn integer<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let number = deserializer.deserialize_any(Integer)?;
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| D::Error::custom("expected a whole number within range"))
}

/// A whole number or nothing: absent, null and `""` are `None`.
pub fn optional_integer<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer
        .deserialize_any(Integer)?
        .map(|number| {
            T::try_from(number)
                .map_err(|_| D::Error::custom("expected a whole number within range"))
        })
        .transpose()
}

/// A timestamp or nothing: 0 is POD's "not set".
pub fn optional_instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Instant>, D::Error> {
    Ok(optional_integer(deserializer)?.filter(|at| *at != 0).map(Instant))
}

/// A timestamp that must be there.
pub fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    integer(deserializer).map(Instant)
}

/// A text, also where POD sends a number.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_text(deserializer)?.ok_or_else(|| D::Error::custom("expected a text, found null"))
}

/// A text or nothing.
pub fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    struct Text;

    impl<'de> Visitor<'de> for Text {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
            Ok(Some(text))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Text)
}

/// One of POD's codes or nothing: absent, null and `""` are `None`.
pub fn optional_code<'de, D: Deserializer<'de>, T: From<String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(optional_text(deserializer)?.filter(|code| !code.is_empty()).map(T::from))
}

/// A record or nothing; a text is one that has no more than that.
pub fn optional_by_text<'de, D: Deserializer<'de>, T: Deserialize<'de> + From<String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Text(String),
        Record(T),
    }

    Ok(Option::<Either<T>>::deserialize(deserializer)?.and_then(|either| match either {
        Either::Text(text) => (!text.is_empty()).then(|| text.into()),
        Either::Record(record) => Some(record),
    }))
}

/// True or false; null is false.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(false))
}

/// A list; null is the empty one.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A service's answer that is a text. For some services, POD's documents disagree whether it is
/// the text itself or an object that holds it.
pub fn answer_text(result: &str) -> serde_json::Result<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Flag(bool),
        Number(u64),
        Text(String),
        Object(BTreeMap<String, String>),
    }

    match serde_json::from_str(result)? {
        Answer::Flag(flag) => Ok(flag.to_string()),
        Answer::Number(number) => Ok(number.to_string()),
        Answer::Text(text) => Ok(text),
        Answer::Object(object) => match object.into_values().next() {
            Some(text) => Ok(text),
            None => Err(serde_json::Error::custom("expected a text, found an empty object")),
        },
    }
}

/// A service's answer that is true or false; S1 types some of them as text.
pub fn answer_flag(result: &str) -> serde_json::Result<bool> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Flag(bool),
        Text(String),
    }

    match serde_json::from_str(result)? {
        Answer::Flag(flag) => Ok(flag),
        Answer::Text(text) => text.to_ascii_lowercase().parse().map_err(|_| {
            serde_json::Error::custom(format!("expected true or false, found `{text}`"))
        }),
    }
}

/// A service's answer that is a record; some services answer a list of one.
pub fn answer_record<T: DeserializeOwned>(result: &str) -> serde_json::Result<T> {
    if !result.trim_start().starts_with('[') {
        return serde_json::from_str(result);
    }
    let mut records: Vec<T> = serde_json::from_str(result)?;
    match (records.pop(), records.pop()) {
        (Some(record), None) => Ok(record),
        _ => Err(serde_json::Error::custom("expected one record, found a list")),
    }
}

/// Writes a number as POD does: a whole one without a point.
pub fn number<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match Rial::from_float(number.abs()) {
        Some(whole) if *number >= 0.0 => serializer.serialize_u64(whole.0),
        _ => serializer.serialize_f64(*number),
    }
}

/// Writes a number, or nothing, likewise.
pub fn optional_number<S: Serializer>(
    number: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => self::number(number, serializer),
        None => serializer.serialize_none(),
    }
}

/// A file's content, as base64.
pub mod base64_content {
    use super::*;

    /// Reads the content.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = text(deserializer)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }

    /// Writes the content.
    pub fn serialize<S: Serializer>(content: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(content))
    }
}

/// JSON within JSON, kept as the text that it is.
pub mod raw {
    use super::*;

    /// Reads a value of any kind; null is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        let value: Option<Box<RawValue>> = Option::deserialize(deserializer)?;
        Ok(value.map(|value| value.get().to_owned()))
    }

    /// Writes the value; a text that is no JSON is written as a string.
    pub fn serialize<S: Serializer>(
        value: &Option<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_deref().map(written).serialize(serializer)
    }

    pub(super) fn written(text: &str) -> Box<RawValue> {
        let value = RawValue::from_string(text.to_owned());
        value.unwrap_or_else(|_| serde_json::value::to_raw_value(text).expect("a string is JSON"))
    }
}

/// A list of JSON within JSON.
pub mod raw_list {
    use super::*;

    /// Reads values of any kind; null is the empty list.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<String>, D::Error> {
        let values: Vec<Box<RawValue>> = list(deserializer)?;
        Ok(values.iter().map(|value| value.get().to_owned()).collect())
    }

    /// Writes the values.
    pub fn serialize<S: Serializer>(values: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| raw::written(value)))
    }
}

/// A text that borrows from the input where it can.
pub(crate) fn cow<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    struct Borrowed<'a>(PhantomData<&'a ()>);

    impl<'de: 'a, 'a> Visitor<'de> for Borrowed<'a> {
        type Value = Option<Cow<'a, str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Borrowed(text)))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(text.to_owned())))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(number.to_string())))
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Borrowed(PhantomData))
}

struct Integer;

impl Visitor<'_> for Integer {
    type Value = Option<i128>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        let whole = Rial::from_float(number.abs())
            .ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))?;
        Ok(Some(if number < 0.0 { -i128::from(whole.0) } else { whole.0.into() }))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
