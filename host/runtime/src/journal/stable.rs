//! What of a receipt can be expected: it is the same on every machine and on every day.

use serde::Serialize;
use serde_json::{Value, json};

use super::{effect::Effect, receipt::Receipt};
use crate::crypto::Digest;

/// The lists of an output for which, in short, their lengths stand.
const LISTS: [&str; 9] = [
    "payments",
    "stillOwed",
    "unpaid",
    "keptOut",
    "creditsUsed",
    "lost",
    "bills",
    "loans",
    "choice",
];

/// Stands for the platform's own address in links.
const PAY: &str = "https://pay";

/// What of a receipt is the same whenever and wherever its run is made in a scenario: how it ended,
/// what it answered, what it did, in rials and calls, what was denied, and what it logged. Run, times,
/// digests, bytes and fuel are left out.
///
/// Such is what lies beside a scenario as `NAME.expected.json`, which `podhost test` compares with.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct StableReceipt(Value);

impl StableReceipt {
    /// Of a receipt, and of the address at which its platform's payers pay, which stands in links.
    #[must_use]
    pub fn of(receipt: &Receipt, pay_url: &str) -> Self {
        let effects = receipt.effects.iter().cloned();
        let effects: Vec<Effect> =
            effects.map(|effect| Effect { at: 0, step: 0, ..effect }).collect();
        let mut stable = json!({
            "status": receipt.status,
            "error": receipt.error.as_ref().map(ToString::to_string),
            "output": receipt.output,
            "effects": effects,
            "meters": { "calls": receipt.meters.calls, "rials": receipt.meters.rials },
            "denied": receipt.denied,
            "stated": receipt.stated,
            "log": receipt.log,
        });
        without_address(&mut stable, pay_url);
        Self(stable)
    }

    /// In full.
    #[must_use]
    pub fn whole(&self) -> &Value {
        &self.0
    }

    /// For a run of thousands of payments: the sums as they are, lists by their lengths, and the
    /// SHA-256 digest of the whole in the field `digest`.
    #[must_use]
    pub fn in_short(&self) -> Value {
        let mut short = self.0.clone();
        if let Some(output) = short["output"].as_object_mut() {
            for list in LISTS {
                if let Some(Value::Array(items)) = output.get(list) {
                    let length = items.len();
                    output.insert(list.to_owned(), json!(length));
                }
            }
        }
        for list in ["effects", "stated"] {
            short[list] = json!(self.0[list].as_array().map(Vec::len));
        }
        short["digest"] = json!(Digest::of_file(self.0.to_string().as_bytes()).to_string());
        short
    }
}

fn without_address(value: &mut Value, address: &str) {
    match value {
        Value::String(text) if text.contains(address) => *text = text.replace(address, PAY),
        Value::Array(items) => items.iter_mut().for_each(|item| without_address(item, address)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| without_address(field, address));
        }
        _ => {}
    }
}
