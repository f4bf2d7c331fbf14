//! JSON values as script values: what goes in and out of the world `policy`. JSON has no blobs: one
//! leaves as an array of numbers.

use compact_str::CompactString;
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};
use serde_json::{Number, Value};

use crate::convert::{FromScript, IntoScript, Mismatch};

/// A JSON text's value, for a script.
///
/// # Errors
/// If it is no JSON, or scripts have no such number.
pub fn read(json: &str) -> Result<Dynamic, Mismatch> {
    let value: Value =
        serde_json::from_str(json).map_err(|error| Mismatch::new(error.to_string()))?;
    value.into_script()
}

/// The same of a text that nobody has checked: a number that would lose digits is an error.
///
/// # Errors
/// As above, and if it has such a number.
pub fn read_exactly(json: &str) -> Result<Dynamic, Mismatch> {
    let value: Value =
        serde_json::from_str(json).map_err(|error| Mismatch::new(error.to_string()))?;
    check_exact(&value)?;
    value.into_script()
}

/// A whole number that is too large for one is read as a decimal one, beyond 2^53 the nearest.
fn check_exact(value: &Value) -> Result<(), Mismatch> {
    /// 2^53.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    match value {
        Value::Number(number) => match number.as_f64() {
            Some(decimal) if number.is_f64() && decimal.abs() > EXACT => {
                Err(Mismatch::new(format!("{number} is too large to be read exactly")))
            }
            _ => Ok(()),
        },
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| {
                check_exact(item).map_err(|mismatch| mismatch.in_item(index))
            })
        }
        Value::Object(fields) => {
            let mut fields = fields.iter();
            fields.try_for_each(|(key, value)| {
                check_exact(value).map_err(|mismatch| mismatch.in_field(key))
            })
        }
        _ => Ok(()),
    }
}

impl IntoScript for Value {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        match self {
            Self::Null => Ok(Dynamic::UNIT),
            Self::Bool(flag) => flag.into_script(),
            Self::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(whole), _, _) => whole.into_script(),
                (_, Some(whole), _) => whole.into_script(),
                (_, _, Some(decimal)) => decimal.into_script(),
                _ => Err(Mismatch::new(format!("{number} is no number that a script can hold"))),
            },
            Self::String(text) => text.into_script(),
            Self::Array(items) => items.into_script(),
            Self::Object(fields) => {
                let entry = |(key, value): (String, Self)| match value.into_script() {
                    Ok(value) => Ok((key.into(), value)),
                    Err(mismatch) => Err(mismatch.in_field(&key)),
                };
                let map = fields.into_iter().map(entry).collect::<Result<Map, _>>()?;
                Ok(Dynamic::from_map(map))
            }
        }
    }
}

impl FromScript for Value {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        let value = value.flatten();
        if value.is_unit() {
            return Ok(Self::Null);
        }
        if let Ok(flag) = value.as_bool() {
            return Ok(Self::Bool(flag));
        }
        if let Ok(whole) = value.as_int() {
            return Ok(Self::Number(whole.into()));
        }
        if let Ok(decimal) = value.as_float() {
            return Number::from_f64(decimal)
                .map(Self::Number)
                .ok_or_else(|| Mismatch::new(format!("JSON has no {decimal}")));
        }
        if let Ok(letter) = value.as_char() {
            return Ok(Self::String(letter.into()));
        }
        let value = match value.try_cast_result::<ImmutableString>() {
            Ok(text) => return Ok(Self::String(text.into_owned())),
            Err(value) => value,
        };
        let value = match value.try_cast_result::<Array>() {
            Ok(items) => return Vec::from_script(Dynamic::from_array(items)).map(Self::Array),
            Err(value) => value,
        };
        let value = match value.try_cast_result::<Blob>() {
            Ok(bytes) => return Ok(bytes.into()),
            Err(value) => value,
        };
        let fields = value
            .try_cast_result::<Map>()
            .map_err(|value| Mismatch::new(format!("JSON has no {}", value.type_name())))?;
        let entry = |(key, value): (CompactString, Dynamic)| match Self::from_script(value) {
            Ok(value) => Ok((String::from(key), value)),
            Err(mismatch) => Err(mismatch.in_field(&key)),
        };
        fields.into_iter().map(entry).collect::<Result<_, _>>().map(Self::Object)
    }
}
