//! `policy.toml`: what a policy is, and what it asks for. Every mistake is named with its file,
//! line and field.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
};

use pod_platform::without_byte_order_mark;
use serde::{Deserialize, de::IgnoredAny};
use toml::{Spanned, de::DeTable};

use super::{
    input_schema::InputSchema,
    reasons::{RawRule, Reasons},
    settings::Settings,
    tables::{Document, Wrong},
};
use crate::{
    contract::{OnFailure, World},
    error::{BadFile, Place},
    files::{check_within, read_file, untrusted},
    grant::{BudgetFields, CapabilityFields, Grant, NetworkFields},
};

/// What a policy.toml may have, in bytes: it is read before anything is in a sandbox.
const LARGEST: u64 = 256 << 10;

/// How a policy.toml is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reading {
    /// As one that nobody vouches for.
    New,
    /// As that of an archived policy, which runs began with. It was read before, by the bounds of its time.
    Archived,
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
    /// The scenario that the emulator starts from if none is given.
    pub scenario: Option<PathBuf>,
    /// What the policy asks for.
    pub asks: Grant,
    /// What a payment that fails means for the others of its plan.
    pub on_failure: OnFailure,
    pub(crate) settings: Settings,
    pub(crate) input_schema: Option<InputSchema>,
    pub(crate) reasons: Reasons,
    /// Its text, as it was read: a digest is of all of it.
    pub(crate) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    name: Spanned<String>,
    version: String,
    world: World,
    entry: Spanned<String>,
    scenario: Option<Spanned<String>>,
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
    // Read as a `Document`, which knows where everything stands.
    #[serde(rename = "schema")]
    _schema: Option<IgnoredAny>,
    #[serde(rename = "config")]
    _config: Option<IgnoredAny>,
    #[serde(rename = "input-schema")]
    _input_schema: Option<IgnoredAny>,
}

impl Manifest {
    /// Reads `policy.toml` in `folder`.
    ///
    /// # Errors
    /// If it is missing, too large, malformed, asks for what does not exist, or names a file that is
    /// not inside the folder.
    pub fn read(folder: &Path) -> Result<Self, BadFile> {
        Self::read_as(folder, Reading::New)
    }

    pub(crate) fn read_as(folder: &Path, reading: Reading) -> Result<Self, BadFile> {
        let path = folder.join("policy.toml");
        let bad = |message: String| BadFile { path: path.clone(), place: None, message };
        check_within(folder, &path).map_err(bad)?;
        let text = String::from_utf8(read_file(&path, LARGEST)?)
            .map_err(|_| bad("cannot be read: it is no text in UTF-8".into()))?;
        let (manifest, named) = Self::parse_as(&path, &text, reading)?;
        if reading == Reading::New {
            for Named { field, file, span } in named {
                check_within(folder, &file).map_err(|reason| BadFile {
                    path: path.clone(),
                    place: Some(Place::of(without_byte_order_mark(&text), span.start)),
                    message: format!("`{field}`: {reason}"),
                })?;
            }
        }
        Ok(manifest)
    }

    /// Reads the text of a `policy.toml` that lies at `path`.
    ///
    /// # Errors
    /// If it is malformed, or asks for what does not exist.
    pub fn parse(path: &Path, text: &str) -> Result<Self, BadFile> {
        Self::parse_as(path, text, Reading::New).map(|(manifest, _)| manifest)
    }

    fn parse_as(path: &Path, whole: &str, reading: Reading) -> Result<(Self, Vec<Named>), BadFile> {
        let text = without_byte_order_mark(whole);
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
        let extension = Path::new(raw.entry.get_ref()).extension();
        if !matches!(extension.and_then(|extension| extension.to_str()), Some("wasm" | "rhai")) {
            let message =
                format!("`entry` must end in .wasm or .rhai, not `{}`", raw.entry.get_ref());
            return Err(bad(Some(raw.entry.span()), message));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut named = Vec::new();
        let mut name = |field: &'static str, name: &Spanned<String>| {
            let file = match reading {
                Reading::New => untrusted::named(folder, name.get_ref()),
                Reading::Archived => Ok(folder.join(name.get_ref())),
            };
            let file =
                file.map_err(|reason| bad(Some(name.span()), format!("`{field}`: {reason}")))?;
            named.push(Named { field, file: file.clone(), span: name.span() });
            Ok(file)
        };
        let entry = name("entry", &raw.entry)?;
        let scenario =
            raw.scenario.as_ref().map(|scenario| name("scenario", scenario)).transpose()?;
        let asks = Grant::of_fields(raw.capabilities, raw.network, raw.budget);
        let reasons =
            Reasons::of(raw.reasons).map_err(|(span, message)| bad(Some(span), message))?;
        let (settings, input_schema) =
            own_tables(text, reading, raw.world).map_err(|Wrong { place, message }| BadFile {
                path: path.to_owned(),
                place,
                message,
            })?;
        let manifest = Self {
            name: raw.name.into_inner(),
            version: raw.version,
            world: raw.world,
            entry,
            scenario,
            asks,
            on_failure: raw.on_failure,
            settings,
            input_schema,
            reasons,
            text: whole.to_owned(),
        };
        Ok((manifest, named))
    }
}

/// The tables whose shape is the policy's own.
fn own_tables(
    text: &str,
    reading: Reading,
    world: World,
) -> Result<(Settings, Option<InputSchema>), Wrong> {
    let root = DeTable::parse(text).map_err(|error| Wrong {
        place: error.span().map(|span| Place::of(text, span.start)),
        message: error.message().to_owned(),
    })?;
    let document = Document { text, root: root.get_ref(), reading };
    Ok((Settings::read(&document)?, InputSchema::find(&document, world)?))
}

/// A file that a manifest names.
struct Named {
    field: &'static str,
    file: PathBuf,
    span: Range<usize>,
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
