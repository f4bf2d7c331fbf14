//! Where two JSON values differ.

use serde::Serialize;
use serde_json::{Map, Value};

/// A place at which one does.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// Such as `output.payments[3].outcome`.
    pub path: String,
    /// What should stand there; null: nothing.
    pub expected: Value,
    /// What stands there.
    pub found: Value,
}

/// All places below `path`, in their order.
pub fn between(path: &str, expected: &Value, found: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare(path, expected, found, &mut differences);
    differences
}

fn compare(path: &str, expected: &Value, found: &Value, differences: &mut Vec<Difference>) {
    match (expected, found) {
        _ if expected == found => {}
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names {
                let of =
                    |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or(Value::Null);
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&path, &of(one), &of(other), differences);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let of = |items: &[Value]| items.get(index).cloned().unwrap_or(Value::Null);
                compare(&format!("{path}[{index}]"), &of(one), &of(other), differences);
            }
        }
        (expected, found) => differences.push(Difference {
            path: path.to_owned(),
            expected: expected.clone(),
            found: found.clone(),
        }),
    }
}
