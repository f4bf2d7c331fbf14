//! What must come of an attack: `verdict.toml`, read strictly, because a field that is overlooked
//! is a check that is not made.

use std::{collections::BTreeMap, fs, path::Path};

use pod_host::Status;
use serde::Deserialize;
use serde_json::Value;

/// What must come of one attack. What is not named must not be: no denial, no effect, no rial that
/// moves, no SMS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Verdict {
    /// What it attacks, in one line.
    pub attacks: String,

    /// What it is run with.
    #[serde(default)]
    pub input: Value,
    /// How often it is run, one after the other. All runs end alike; what changes on the platform is
    /// of all of them, the rest of the last.
    #[serde(default = "once")]
    pub runs: usize,
    /// Another policy of the account has stored something before, and finds it afterwards.
    #[serde(default)]
    pub neighbour: bool,
    /// Is a script in a snapshot of its own?
    #[serde(default)]
    pub installed: bool,
    /// So many bytes are missing at the end of the component.
    #[serde(default)]
    pub cut_off: usize,

    /// It is not loaded, and this is said.
    pub not_loaded: Option<String>,
    /// It is run, and ends so.
    pub status: Option<Status>,

    /// The error's kind.
    pub error: Option<String>,
    /// The budget that ran out.
    pub meter: Option<String>,
    /// What the error says, among other things.
    #[serde(default)]
    pub says: Vec<String>,
    /// The rules that a plan breaks, in its order.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The functions that were denied, in their order.
    #[serde(default)]
    pub denied: Vec<String>,
    /// What it answers.
    pub output: Option<Value>,
    /// How many lines are in its log.
    pub log: Option<usize>,
    /// What changes on the platform, in its order.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// The accounts whose balance changes, and what is in them afterwards.
    #[serde(default)]
    pub balances: BTreeMap<String, i64>,
    /// How many calls are in doubt.
    #[serde(default)]
    pub doubts: usize,
    /// How many requests the hostile server gets.
    #[serde(default)]
    pub asked: usize,
    /// How many SMS are sent.
    #[serde(default)]
    pub sms: usize,
    /// What it may take, beyond its budget.
    #[serde(default)]
    pub most: Most,
}

fn once() -> usize {
    1
}

/// Something that changes on the platform.
#[derive(Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Effect {
    pub service: String,
    pub invoice: Option<u64>,
    #[serde(default)]
    pub rials: u64,
}

/// Limits on what an attack leaves behind.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Most {
    pub receipt_bytes: Option<usize>,
    pub journal_entries: Option<usize>,
    pub journal_bytes: Option<usize>,
    /// How many denials, where there are too many to be listed.
    pub denied: Option<usize>,
    /// How many broken rules, likewise.
    pub rules: Option<usize>,
}

impl Verdict {
    /// Reads the verdict in a folder.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("verdict.toml");
        let text = fs::read_to_string(&path).map_err(|error| format!("verdict.toml: {error}"))?;
        Self::parse(&text).map_err(|error| format!("verdict.toml: {error}"))
    }

    /// Reads a verdict's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let verdict: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if verdict.attacks.trim().is_empty() || verdict.attacks.contains('\n') {
            return Err("`attacks` is one line".into());
        }
        if verdict.status.is_some() == verdict.not_loaded.is_some() {
            return Err("exactly one of `status` and `not-loaded` is given".into());
        }
        let has_error = match verdict.status {
            Some(Status::Failed | Status::Refused) => true,
            // It may have run to its end all the same.
            Some(Status::UnknownOutcome) => verdict.error.is_some(),
            _ => false,
        };
        if verdict.error.is_some() != has_error {
            return Err("an attack that fails or is refused, and no other, has an `error`".into());
        }
        Ok(verdict)
    }
}
