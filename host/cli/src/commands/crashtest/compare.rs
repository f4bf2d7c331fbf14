//! Did a run that was killed come to the same end?

use pod_host::{Effect, Receipt, Status};
use pod_sandbox::Books;
use serde::Serialize;
use serde_json::{Value, json};

/// What came of a kill.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Receipt and books are those of the undisturbed run.
    Same,
    /// Nothing that can be read proves what became of the call: the run waits for a person.
    Unknown,
    /// Receipt or books are others.
    Different {
        /// The first field that differs, and how.
        difference: String,
    },
}

impl Verdict {
    pub fn is_different(&self) -> bool {
        matches!(self, Self::Different { .. })
    }
}

/// Services of these classes may leave a doubt that only a person can settle.
const UNPROVABLE: [&str; 2] = ["readable", "no-evidence"];
/// A service of this class is called again: a file that is uploaded twice is there twice.
const IDEMPOTENT: &str = "idempotent";

pub fn verdict(
    expected: &(Receipt, Books),
    found: &(Receipt, Books),
    effect_class: &str,
) -> Verdict {
    let is_doubted =
        found.0.status == Status::UnknownOutcome && expected.0.status != Status::UnknownOutcome;
    if is_doubted && UNPROVABLE.contains(&effect_class) {
        return Verdict::Unknown;
    }
    let is_repeated = effect_class == IDEMPOTENT;
    let books = |books: &Books| {
        let mut books = serde_json::to_value(books).unwrap_or_default();
        if is_repeated && let Some(books) = books.as_object_mut() {
            books.remove("files");
        }
        books
    };
    let compared = difference("receipt", &comparable(&expected.0), &comparable(&found.0))
        .or_else(|| difference("books", &books(&expected.1), &books(&found.1)));
    match compared {
        None => Verdict::Same,
        Some(difference) => Verdict::Different { difference },
    }
}

/// What must not depend on whether a run was disturbed. Reads that were not written down yet are
/// made again, so calls and bytes differ; so do numbers that the platform gives to each call.
fn comparable(receipt: &Receipt) -> Value {
    let mut receipt = json!({
        "status": receipt.status,
        "output": receipt.output,
        "error": receipt.error,
        "effects": receipt.effects.iter().map(effect).collect::<Vec<_>>(),
        "denied": receipt.denied,
        "doubts": receipt.doubts.iter().map(|doubt| &doubt.service).collect::<Vec<_>>(),
        "stated": receipt.stated,
        "log": receipt.log,
        "rials": receipt.meters.rials,
    });
    without_references(&mut receipt);
    receipt
}

/// An effect, whenever and however it came to be known.
fn effect(effect: &Effect) -> Value {
    let mut effect = json!(effect);
    if let Some(fields) = effect.as_object_mut() {
        fields.retain(|name, _| !["at", "proof", "evidence"].contains(&name.as_str()));
    }
    effect
}

/// What comes before the number in our own texts.
const REFERENCE: &str = "reference number ";

fn without_references(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((before, number)) = text.split_once(REFERENCE) {
                let after = number.trim_start_matches(|letter: char| letter.is_ascii_digit());
                *text = format!("{before}{REFERENCE}…{after}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_references),
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !name.to_lowercase().replace(['_', '-'], "").starts_with("reference")
            });
            fields.values_mut().for_each(without_references);
        }
        _ => {}
    }
}

/// The first place at which two values differ.
fn difference(path: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            names
                .filter_map(|name| {
                    let of = |fields: &serde_json::Map<String, Value>| {
                        fields.get(name).cloned().unwrap_or(Value::Null)
                    };
                    difference(&format!("{path}.{name}"), &of(one), &of(other))
                })
                .next()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(index, (one, other))| {
                difference(&format!("{path}[{index}]"), one, other)
            })
        }
        (one, other) if one == other => None,
        (one, other) => Some(format!("{path}: {} became {}", shown(one), shown(other))),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
