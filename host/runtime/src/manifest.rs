//! `policy.toml`: what a policy is, and what it asks for. Every mistake is named with its file,
//! line and field.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
};

use pod_platform::Rial;
use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;

use crate::{
    budget::Budget,
    deciders::OnFailure,
    engine::MAX_MEMORY_BYTES,
    error::{BadFile, Place},
    grant::{self, Grant},
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
    capabilities: RawCapabilities,
    #[serde(default)]
    budget: RawBudget,
    #[serde(default)]
    reasons: BTreeMap<String, RawRule>,
    // Read by `Settings`, which knows where everything stands.
    #[serde(rename = "schema")]
    _schema: Option<IgnoredAny>,
    #[serde(rename = "config")]
    _config: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCapabilities {
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    #[serde(default)]
    repeatable: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBudget {
    rial: Option<u64>,
    rial_per_payment: Option<u64>,
    calls: Option<u64>,
    bytes_up: Option<u64>,
    bytes_down: Option<u64>,
    wall: Option<Spanned<String>>,
    fuel: Option<u64>,
    memory: Option<Spanned<u64>>,
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
        let named = |field: &str, names: &[Spanned<String>]| {
            let mut functions = BTreeSet::new();
            for name in names {
                let named = grant::functions(name.get_ref());
                if named.is_empty() {
                    let message = format!(
                        "`capabilities.{field}`: there is no function or group `{}`; a function is \
                         named like `payments.pay-invoice`, a group like `payments`",
                        name.get_ref()
                    );
                    return Err(bad(Some(name.span()), message));
                }
                functions.extend(named);
            }
            Ok(functions)
        };
        let functions = named("allow", &raw.capabilities.allow)?;
        let repeatable = named("repeatable", &raw.capabilities.repeatable)?;
        let default = Budget::default();
        let budget = Budget {
            rial: raw.budget.rial.map_or(default.rial, Rial),
            rial_per_payment: raw.budget.rial_per_payment.map(Rial),
            calls: raw.budget.calls.unwrap_or(default.calls),
            bytes_up: raw.budget.bytes_up.unwrap_or(default.bytes_up),
            bytes_down: raw.budget.bytes_down.unwrap_or(default.bytes_down),
            wall_ms: match &raw.budget.wall {
                Some(wall) => milliseconds(wall.get_ref()).ok_or_else(|| {
                    let message = format!(
                        "`budget.wall` must be like \"30s\" or \"2m\", not `{}`",
                        wall.get_ref()
                    );
                    bad(Some(wall.span()), message)
                })?,
                None => default.wall_ms,
            },
            fuel: raw.budget.fuel.unwrap_or(default.fuel),
            memory_bytes: match &raw.budget.memory {
                Some(memory) if *memory.get_ref() > MAX_MEMORY_BYTES as u64 => {
                    let message = format!("`budget.memory` is at most {MAX_MEMORY_BYTES} bytes");
                    return Err(bad(Some(memory.span()), message));
                }
                Some(memory) => *memory.get_ref(),
                None => default.memory_bytes,
            },
        };
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
            asks: Grant { functions, budget, repeatable },
            on_failure: raw.on_failure,
            settings,
            reasons,
            text: text.to_owned(),
        })
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let duration: jiff::SignedDuration = text.parse().ok()?;
    u64::try_from(duration.as_millis()).ok()
}

/// The key on the line of this byte, in its table.
fn field_at(text: &str, byte: usize) -> Option<String> {
    let start = text.get(..byte)?.rfind('\n').map_or(0, |newline| newline + 1);
    let (key, _) = text.get(start..)?.lines().next()?.split_once('=')?;
    let table = text[..start]
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix('[')?.strip_suffix(']').map(str::to_owned));
    Some(match table {
        Some(table) => format!("{table}.{}", key.trim()),
        None => key.trim().to_owned(),
    })
}
