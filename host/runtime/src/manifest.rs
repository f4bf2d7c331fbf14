//! `policy.toml`: what a policy is, and what it asks for. Every mistake is named with its file,
//! line and field.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;

use crate::{
    deciders::OnFailure,
    error::{BadFile, Place},
    grant::Grant,
    grant_fields::{BudgetFields, CapabilityFields, NetworkFields},
    reasons::{RawRule, Reasons},
    settings::{Settings, Wrong},
};

/// The worlds that a policy can be written for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Free-form automation: exports `run`.
    Policy,
    /// A netting decider: exports `plan`.
    Netting,
    /// A delegation decider: exports `order`.
    Delegation,
    /// A loan plan decider: exports `select`.
    LoanPlan,
}

impl World {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Policy, Self::Netting, Self::Delegation, Self::LoanPlan];

    /// The world's name in WIT.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Netting => "netting",
            Self::Delegation => "delegation",
            Self::LoanPlan => "loan-plan",
        }
    }

    /// The function that the world exports.
    #[must_use]
    pub fn export(self) -> &'static str {
        match self {
            Self::Policy => "run",
            Self::Netting => "plan",
            Self::Delegation => "order",
            Self::LoanPlan => "select",
        }
    }
}

/// A policy's manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The policy's name.
    pub name: String,
    /// The policy's version.
    pub version: String,
    /// The world that it is written for.
    pub world: World,
    /// The component or the script, beside the manifest.
    pub entry: PathBuf,
    /// The scenario that the local platform starts from if none is given.
    pub scenario: Option<PathBuf>,
    /// What the policy asks for.
    pub asks: Grant,
    /// What a payment that fails means for the others of its plan.
    pub on_failure: OnFailure,
    pub(crate) settings: Settings,
    pub(crate) reasons: Reasons,
    /// Its text.
    pub(crate) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    name: Spanned<String>,
    version: String,
    world: World,
    entry: Spanned<String>,
    scenario: Option<String>,
    #[serde(default)]
    on_failure: OnFailure,
    #[serde(default)]
    capabilities: CapabilityFields,
    #[serde(default)]
    network: NetworkFields,
    #[serde(default)]
    budget: BudgetFields,
    #[serde(default)]
    reasons: BTreeMap<String, RawRule>,
    // Read by `Settings`, which knows where everything stands.
    #[serde(rename = "schema")]
    _schema: Option<IgnoredAny>,
    #[serde(rename = "config")]
    _config: Option<IgnoredAny>,
}

impl Manifest {
    /// Reads `policy.toml` in `folder`.
    ///
    /// # Errors
    /// If it is missing, malformed, or asks for what does not exist.
    pub fn read(folder: &Path) -> Result<Self, BadFile> {
        let path = folder.join("policy.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| BadFile {
            path: path.clone(),
            place: None,
            message: format!("cannot be read: {error}"),
        })?;
        Self::parse(&path, &text)
    }

    /// Reads the text of a `policy.toml` that lies at `path`.
    ///
    /// # Errors
    /// If it is malformed, or asks for what does not exist.
    pub fn parse(path: &Path, text: &str) -> Result<Self, BadFile> {
        let bad = |span: Option<Range<usize>>, message: String| BadFile {
            path: path.to_owned(),
            place: span.map(|span| Place::of(text, span.start)),
            message,
        };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let field = error.span().and_then(|span| field_at(text, span.start));
            let message = error.message().trim().to_owned();
            let message = match field {
                Some(field) if !message.contains(&format!("`{field}`")) => {
                    format!("`{field}`: {message}")
                }
                _ => message,
            };
            bad(error.span(), message)
        })?;

        if raw.name.get_ref().is_empty() {
            return Err(bad(Some(raw.name.span()), "`name` is empty".into()));
        }
        let entry = PathBuf::from(raw.entry.get_ref());
        if !matches!(entry.extension().and_then(|e| e.to_str()), Some("wasm" | "rhai")) {
            let message = format!("`entry` must end in .wasm or .rhai, not `{}`", entry.display());
            return Err(bad(Some(raw.entry.span()), message));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let asks = Grant::of_fields(raw.capabilities, raw.network, raw.budget);
        let reasons =
            Reasons::of(raw.reasons).map_err(|(span, message)| bad(Some(span), message))?;
        let settings = Settings::read(text).map_err(|Wrong { place, message }| BadFile {
            path: path.to_owned(),
            place,
            message,
        })?;
        Ok(Self {
            name: raw.name.into_inner(),
            version: raw.version,
            world: raw.world,
            entry: folder.join(entry),
            scenario: raw.scenario.map(|scenario| folder.join(scenario)),
            asks,
            on_failure: raw.on_failure,
            settings,
            reasons,
            text: text.to_owned(),
        })
    }
}

/// The key whose value this byte is in, in its table.
fn field_at(text: &str, byte: usize) -> Option<String> {
    let before = text.get(..byte)?;
    let end = text[byte..].find('\n').map_or(text.len(), |end| byte + end);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let mut lines = text[..end].lines().rev();
    // A list may go on over several lines.
    let of_line = |line: &str| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim();
        let is_part = |letter: char| letter.is_alphanumeric() || "-_.\"' ".contains(letter);
        (!key.is_empty() && !key.starts_with('"') && key.chars().all(is_part))
            .then(|| key.to_owned())
    };
    let key = lines.by_ref().take_while(|line| !line.starts_with('[')).find_map(of_line)?;
    let table = text[..start]
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix('[')?.strip_suffix(']').map(str::to_owned));
    Some(match table {
        Some(table) => format!("{table}.{key}"),
        None => key,
    })
}
