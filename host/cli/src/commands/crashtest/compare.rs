//! Did a run that was killed come to the same end?

use pod_emulator::Books;
use pod_host::{Receipt, Status};
use serde::Serialize;
use serde_json::{Value, json};

use crate::difference;

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
        /// The fields that differ: the first twenty.
        differences: Vec<Difference>,
    },
    /// There is no receipt to compare.
    Lost {
        /// Why not.
        reason: String,
    },
}

/// A field that differs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// Where it stands, such as `receipt.output.payments[3].outcome`.
    pub path: String,
    /// Its value when nobody disturbs the run; null: it is not there.
    pub undisturbed: Value,
    /// Its value in the run that was killed.
    pub killed: Value,
}

/// Differences that are kept of one kill: where there are more, they have one cause.
const KEPT: usize = 20;

impl From<difference::Difference> for Difference {
    fn from(found: difference::Difference) -> Self {
        Self { path: found.path, undisturbed: found.expected, killed: found.found }
    }
}

impl Verdict {
    pub fn is_different(&self) -> bool {
        matches!(self, Self::Different { .. } | Self::Lost { .. })
    }
}

/// Services of these classes may leave a doubt that only a person can settle.
const UNPROVABLE: [&str; 2] = ["readable", "no-evidence"];
/// So may this one, whatever its class is: its customer may have paid by a call of his own.
const BY_CUSTOMER: &str = "verifyPaymentSMS";
/// A service of this class is called again: a file that is uploaded twice is there twice.
const IDEMPOTENT: &str = "idempotent";

pub fn verdict(
    expected: &(Receipt, Books),
    found: &(Receipt, Books),
    service: &str,
    effect_class: &str,
) -> Verdict {
    let is_doubted =
        found.0.status == Status::UnknownOutcome && expected.0.status != Status::UnknownOutcome;
    if is_doubted && (UNPROVABLE.contains(&effect_class) || service == BY_CUSTOMER) {
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
    let receipt = |receipt: &Receipt| {
        let mut receipt = comparable(receipt);
        for effect in receipt["effects"].as_array_mut().into_iter().flatten() {
            // The platform numbers both files.
            if is_repeated && let Some(object) = effect["object"].as_object_mut() {
                object.remove("fileId");
            }
        }
        receipt
    };
    let mut differences = Vec::new();
    let (of_receipts, of_books) =
        ([receipt(&expected.0), receipt(&found.0)], [books(&expected.1), books(&found.1)]);
    for (what, [expected, found]) in [("receipt", of_receipts), ("books", of_books)] {
        let all = difference::between(what, &expected, &found);
        differences.extend(all.into_iter().map(Difference::from));
    }
    differences.truncate(KEPT);
    if differences.is_empty() { Verdict::Same } else { Verdict::Different { differences } }
}

/// What must not depend on whether a run was disturbed. Reads that were not written down yet are
/// made again, so calls and bytes differ; so do numbers that the platform gives to each call.
fn comparable(receipt: &Receipt) -> Value {
    let mut receipt = json!({
        "status": receipt.status,
        "output": receipt.output,
        "error": receipt.error,
        "effects": receipt.effects,
        "denied": receipt.denied,
        "doubts": receipt.doubts.iter().map(|doubt| &doubt.service).collect::<Vec<_>>(),
        "stated": receipt.stated,
        "log": receipt.log,
        "rials": receipt.meters.rials,
    });
    without_references(&mut receipt);
    receipt
}

/// When something happened, and whether the host was told so or read it.
const HOW_AND_WHEN: [&str; 3] = ["at", "proof", "evidence"];

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
                let name = name.to_lowercase().replace(['_', '-'], "");
                !name.starts_with("reference") && !HOW_AND_WHEN.contains(&name.as_str())
            });
            fields.values_mut().for_each(without_references);
        }
        _ => {}
    }
}
