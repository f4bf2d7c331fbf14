//! A policy's files: which they are, and what their digest is.

use std::path::{Path, PathBuf};

use pod_platform::without_byte_order_mark;
use serde_json::Value;

use super::{
    input_schema::InputSchema,
    manifest::{Manifest, Reading},
    reasons::Reasons,
    settings::Settings,
};
use crate::{
    contract::{OnFailure, World},
    crypto::Digest,
    error::{BadFile, Error, Place},
    files::read_file,
    grant::Grant,
};

/// A policy's files: a folder with `policy.toml`, a `.wasm` or a `.rhai`. A file that lies beside a
/// `policy.toml` is run by it, in place of its `entry`.
#[derive(Clone, Debug)]
pub struct PolicyFiles {
    /// The policy's name.
    pub name: String,
    /// The policy's version.
    pub version: String,
    /// The world, if a manifest says it.
    pub world: Option<World>,
    /// The component or the script.
    pub entry: PathBuf,
    /// The scenario that the emulator starts from if none is given.
    pub scenario: Option<PathBuf>,
    /// What the policy asks for.
    pub asks: Grant,
    /// What a payment that fails means for the others of its plan.
    pub on_failure: OnFailure,
    pub(super) settings: Settings,
    pub(super) input_schema: Option<InputSchema>,
    pub(super) reasons: Reasons,
    /// The text of policy.toml, if there is one.
    pub(crate) manifest: Option<String>,
}

impl PolicyFiles {
    /// Finds the files of the policy at `path`.
    ///
    /// # Errors
    /// If there is none, or its manifest is not as it should be.
    pub fn find(path: &Path) -> Result<Self, BadFile> {
        Self::find_as(path, Reading::New)
    }

    /// Finds the files of a policy in the store, which runs began with.
    pub(crate) fn archived(path: &Path) -> Result<Self, BadFile> {
        Self::find_as(path, Reading::Archived)
    }

    fn find_as(path: &Path, reading: Reading) -> Result<Self, BadFile> {
        let bad = |message: String| BadFile { path: path.to_owned(), place: None, message };
        if path.is_dir() {
            return Manifest::read_as(path, reading).map(Self::from);
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !matches!(extension, Some("wasm" | "rhai")) {
            return Err(bad(if path.exists() {
                "a policy is a folder with policy.toml, a .wasm or a .rhai".into()
            } else {
                "there is no such policy".into()
            }));
        }
        if !path.is_file() {
            return Err(bad("there is no such file".into()));
        }
        let folder =
            path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        if folder.join("policy.toml").is_file() {
            let manifest = Manifest::read_as(folder, reading)?;
            return Ok(Self { entry: path.to_owned(), ..manifest.into() });
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: stem.into_owned(),
            version: "0.0.0".into(),
            world: None,
            entry: path.to_owned(),
            scenario: None,
            asks: Grant::default(),
            on_failure: OnFailure::default(),
            settings: Settings::default(),
            input_schema: None,
            reasons: Reasons::default(),
            manifest: None,
        })
    }

    /// Is the entry a script?
    #[must_use]
    pub fn is_script(&self) -> bool {
        self.entry.extension().is_some_and(|extension| extension == "rhai")
    }

    /// What the policy takes as its input, if policy.toml says it: a JSON Schema of an object.
    #[must_use]
    pub fn input_schema(&self) -> Option<&Value> {
        self.input_schema.as_ref().map(InputSchema::json)
    }

    /// An error of compiling the entry, with its file.
    pub(crate) fn misread(&self, error: Error) -> Error {
        match error {
            Error::Component(reason) => BadFile {
                path: self.entry.clone(),
                place: None,
                message: format!("not a component: {reason}"),
            }
            .into(),
            error => error,
        }
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, BadFile> {
        let at_most = if self.is_script() { LARGEST_SCRIPT } else { LARGEST_COMPONENT };
        if !self.is_script() && !self.entry.exists() {
            let folder = self.entry.parent().filter(|folder| *folder != Path::new(""));
            let folder = folder.unwrap_or(Path::new(".")).display();
            let message = format!("is not built yet: run `podhost build {folder}`");
            return Err(BadFile { path: self.entry.clone(), place: None, message });
        }
        read_file(&self.entry, at_most)
    }

    /// The digest of all that decides what the policy does: policy.toml, and the entry with its name.
    pub(crate) fn digest_with(&self, entry: &[u8]) -> Digest {
        let name = self.entry.file_name().unwrap_or_default().to_string_lossy();
        let manifest = self.manifest.as_deref().unwrap_or_default();
        Digest::of(&[manifest.as_bytes(), name.as_bytes(), entry])
    }

    /// The digest of all that decides what the policy does: policy.toml with its settings, and the
    /// component or the script. What a grant is bound to.
    ///
    /// # Errors
    /// If the entry cannot be read.
    pub fn digest(&self) -> Result<Digest, BadFile> {
        Ok(self.digest_with(&self.read()?))
    }
}

impl From<Manifest> for PolicyFiles {
    fn from(manifest: Manifest) -> Self {
        let Manifest {
            name,
            version,
            world,
            entry,
            scenario,
            asks,
            on_failure,
            settings,
            input_schema,
            reasons,
            text,
        } = manifest;
        Self {
            name,
            version,
            world: Some(world),
            entry,
            scenario,
            asks,
            on_failure,
            settings,
            input_schema,
            reasons,
            manifest: Some(text),
        }
    }
}

/// What a component and a script may have, in bytes: to compile more takes the host's time and memory.
/// A component with a Python interpreter in it takes 18 MB.
const LARGEST_COMPONENT: u64 = 64 << 20;
const LARGEST_SCRIPT: u64 = 1 << 20;

/// A script's text.
pub(crate) fn source_text(files: &PolicyFiles, bytes: Vec<u8>) -> Result<String, BadFile> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        BadFile {
            path: files.entry.clone(),
            place: Some(Place::of(&text, valid)),
            message: "is not UTF-8".into(),
        }
    })?;
    Ok(without_byte_order_mark(&text).to_owned())
}
