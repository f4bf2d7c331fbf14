//! A policy, from its files to something that can be run any number of times at once.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use pod_platform::without_byte_order_mark;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::{
    archive,
    input_schema::InputSchema,
    manifest::{Manifest, Reading, World},
    reasons::Reasons,
    settings::Settings,
};
use crate::{
    contract::PolicyIndices,
    crypto::Digest,
    error::{BadFile, Error},
    files::read_file,
    grant::Grant,
    guest::{Compiler, Export, GuestState, interpreter},
    journal::{PolicyIdentity, Started},
    run::{Host, OnFailure},
};

/// A loaded policy. Cheap to clone.
#[derive(Clone)]
pub struct Policy {
    pub(crate) inner: Arc<Loaded>,
}

pub(crate) struct Loaded {
    pub identity: PolicyIdentity,
    pub world: World,
    pub asks: Grant,
    pub on_failure: OnFailure,
    pub settings: Settings,
    pub input_schema: Option<InputSchema>,
    pub reasons: Reasons,
    pub component: Digest,
    pub entry: Entry,
    pub script: Option<Script>,
    /// Its entry, as it was named.
    pub path: PathBuf,
    /// What a grant of it is bound to.
    pub digest: Digest,
    /// Its files in the store.
    pub kept: String,
    pub mode: ScriptMode,
}

/// A component, ready to be instantiated.
pub(crate) struct Entry {
    pub pre: InstancePre<GuestState>,
    pub exports: Exports,
}

/// Where a component has its world's exports.
pub(crate) enum Exports {
    Policy(PolicyIndices),
    Netting(Export),
    Delegation(Export),
    LoanPlan(Export),
}

pub(crate) struct Script {
    pub file: PathBuf,
    pub source: String,
    /// How to load it into a fresh interpreter; none, if the snapshot holds it.
    pub load: Option<ComponentExportIndex>,
    /// What is suspicious in it.
    pub warnings: Vec<BadFile>,
}

impl Policy {
    /// Name, version and digest.
    #[must_use]
    pub fn identity(&self) -> &PolicyIdentity {
        &self.inner.identity
    }

    /// The world that it runs in.
    #[must_use]
    pub fn world(&self) -> World {
        self.inner.world
    }

    /// What it asks for.
    #[must_use]
    pub fn asks(&self) -> &Grant {
        &self.inner.asks
    }

    /// What a grant of it is bound to; see [`PolicyFiles::digest`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// What is suspicious in its script, and where it stands there; it runs all the same. A component
    /// has none.
    #[must_use]
    pub fn warnings(&self) -> &[BadFile] {
        self.inner.script.as_ref().map_or(&[], |script| &script.warnings)
    }
}

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
    settings: Settings,
    input_schema: Option<InputSchema>,
    reasons: Reasons,
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
    fn kept(path: &Path) -> Result<Self, BadFile> {
        Self::find_as(path, Reading::Kept)
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

/// How a script gets into the interpreter.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptMode {
    /// Parsed anew for each run. Nothing is compiled for it.
    #[default]
    AdHoc,
    /// In a snapshot of its own, which is made and compiled once.
    Installed,
}

impl Host {
    /// Loads the policy at `path`; see [`PolicyFiles`]. A script is loaded as ad-hoc.
    ///
    /// # Errors
    /// If a file is not as it should be, or the component does not fit its world.
    pub async fn load(&self, path: impl AsRef<Path>) -> Result<Policy, Error> {
        let files = PolicyFiles::find(path.as_ref())?;
        self.load_files(&files, ScriptMode::AdHoc).await
    }

    /// Loads a policy from its files.
    ///
    /// # Errors
    /// If a file is not as it should be, or the component does not fit its world.
    pub async fn load_files(&self, files: &PolicyFiles, mode: ScriptMode) -> Result<Policy, Error> {
        let loaded = self.load_bytes(files, mode).await?;
        Ok(Policy { inner: Arc::new(loaded) })
    }

    /// Loads the policy that a run began with.
    pub(crate) async fn load_kept(
        &self,
        run: &str,
        started: &Started,
        mode: ScriptMode,
    ) -> Result<Policy, Error> {
        let missing = |what: &str| Error::NotResumable {
            run: run.to_owned(),
            reason: format!("{what} that it began with is not in the store"),
        };
        let kept = started.kept.as_deref().ok_or_else(|| missing("the policy"))?;
        let path = self.kept().path(kept);
        if !path.is_file() {
            return Err(missing("the policy"));
        }
        let files = PolicyFiles::kept(&path)?;
        let mut loaded = self.load_bytes(&files, mode).await?;
        // Its folder is named by what is in it.
        if loaded.kept != kept {
            return Err(Error::NotResumable {
                run: run.to_owned(),
                reason: format!("its policy was changed in the store, in {}", path.display()),
            });
        }
        if loaded.component != started.component {
            // Another version of podhost brought another interpreter.
            let digest = started.component;
            let kept = self.kept().component(digest);
            if loaded.script.is_none() || !kept.is_file() {
                return Err(missing("the interpreter"));
            }
            let read = move || {
                std::fs::read(&kept).map_err(|error| Error::Io { path: kept.clone(), error })
            };
            let compiler = self.compiler();
            let name = "the interpreter of that time";
            let interpreter = compiler.component(digest, name, false, read).await?;
            let load = loading(&interpreter)?;
            loaded.entry =
                compiler.offer(loaded.world).link(&interpreter, loaded.world, &files.name)?;
            loaded.component = digest;
            if let Some(script) = &mut loaded.script {
                script.load = (mode == ScriptMode::AdHoc).then_some(load);
            }
        }
        if let (Some(script), Some(entry)) = (&mut loaded.script, &started.entry) {
            // Its errors name the script as they did then.
            script.file = entry.into();
        }
        Ok(Policy { inner: Arc::new(loaded) })
    }

    /// Loads a policy, and keeps it in the store, for a run that is cut off.
    async fn load_bytes(&self, files: &PolicyFiles, mode: ScriptMode) -> Result<Loaded, Error> {
        let (loaded, bytes) = self.compiler().load(files, mode).await?;
        self.kept().keep(files, &bytes)?;
        if loaded.script.is_some() {
            let made = || self.compiler().source(loaded.component);
            self.kept().keep_component(loaded.component, made)?;
        }
        Ok(loaded)
    }
}

/// A policy, and the bytes of its entry.
pub(crate) type LoadedEntry = (Loaded, Arc<[u8]>);

impl Compiler {
    /// Loads a policy, with the bytes of its entry. Boxed, so that it is compiled here, and not once
    /// more in each program that uses it.
    pub fn load<'a>(
        &'a self,
        files: &'a PolicyFiles,
        mode: ScriptMode,
    ) -> BoxFuture<'a, Result<LoadedEntry, Error>> {
        Box::pin(async move {
            let bytes: Arc<[u8]> = files.read()?.into();
            let digest = files.digest_with(&bytes);
            let kept = archive::name(files, &bytes);
            let identity = PolicyIdentity {
                name: files.name.clone(),
                version: files.version.clone(),
                digest: Digest::of_file(&bytes),
            };
            if files.is_script() {
                let loaded = self.load_script(files, identity, &bytes, digest, kept, mode).await?;
                return Ok((loaded, bytes));
            }
            let component_digest = identity.digest;
            let entry = bytes.clone();
            let component = self
                .component(component_digest, &files.name, false, move || Ok(entry.to_vec()))
                .await
                .map_err(|error| files.misread(error))?;
            let world = component_world(files, &component);
            let loaded = Loaded {
                entry: self.offer(world).link(&component, world, &files.name)?,
                identity,
                world,
                asks: files.asks.clone(),
                on_failure: files.on_failure,
                settings: files.settings.clone(),
                input_schema: files.input_schema.clone(),
                reasons: files.reasons.clone(),
                component: component_digest,
                script: None,
                path: files.entry.clone(),
                digest,
                kept,
                mode,
            };
            Ok((loaded, bytes))
        })
    }

    async fn load_script(
        &self,
        files: &PolicyFiles,
        identity: PolicyIdentity,
        bytes: &[u8],
        policy_digest: Digest,
        kept: String,
        mode: ScriptMode,
    ) -> Result<Loaded, Error> {
        let source = source_text(files, bytes.to_vec())?;
        let world = files.world.unwrap_or_else(|| script_world(&source));
        let (digest, interpreter) = self.interpreter(world, None).await?;
        let load = loading(&interpreter)?;
        let mut loaded = Loaded {
            entry: self.offer(world).link(&interpreter, world, &files.name)?,
            identity,
            world,
            asks: files.asks.clone(),
            on_failure: files.on_failure,
            settings: files.settings.clone(),
            input_schema: files.input_schema.clone(),
            reasons: files.reasons.clone(),
            component: digest,
            script: Some(Script {
                file: files.entry.clone(),
                source,
                load: Some(load),
                warnings: Vec::new(),
            }),
            path: files.entry.clone(),
            digest: policy_digest,
            kept,
            mode,
        };
        let warnings = self.parse(&loaded, &interpreter).await?;
        if let Some(script) = &mut loaded.script {
            script.warnings = warnings;
        }
        if mode == ScriptMode::Installed {
            let script = loaded.script.as_mut().map(|script| {
                script.load = None;
                script.source.clone()
            });
            let (digest, snapshot) = self.interpreter(world, script).await?;
            loaded.entry = self.offer(world).link(&snapshot, world, &files.name)?;
            loaded.component = digest;
        }
        Ok(loaded)
    }

    async fn interpreter(
        &self,
        world: World,
        script: Option<String>,
    ) -> Result<(Digest, Component), Error> {
        let digest = interpreter::digest(world, script.as_deref());
        let name = if script.is_some() { "the script's snapshot" } else { "the Rhai interpreter" };
        let engine = self.engine().clone();
        let component = self
            .component(digest, name, true, move || {
                interpreter::component(&engine, world, script.as_deref())
            })
            .await?;
        Ok((digest, component))
    }
}

/// How a script gets into an interpreter.
fn loading(interpreter: &Component) -> Result<ComponentExportIndex, Error> {
    interpreter::function(interpreter, interpreter::LOAD)
        .ok_or_else(|| Error::Component("the Rhai interpreter takes no script".into()))
}

/// A script's text.
pub(crate) fn source_text(files: &PolicyFiles, bytes: Vec<u8>) -> Result<String, BadFile> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        BadFile {
            path: files.entry.clone(),
            place: Some(crate::error::Place::of(&text, valid)),
            message: "is not UTF-8".into(),
        }
    })?;
    Ok(without_byte_order_mark(&text).to_owned())
}

/// A component's world: its manifest's or, without one, the one whose function it exports.
pub(crate) fn component_world(files: &PolicyFiles, component: &Component) -> World {
    let exports = |world: &World| component.get_export_index(None, world.export()).is_some();
    let world = files.world.or_else(|| World::ALL.into_iter().find(exports));
    world.unwrap_or(World::Policy)
}

/// The world of a script without a manifest: the one whose function it has.
pub(crate) fn script_world(source: &str) -> World {
    let has = |world: &World| {
        let function = format!("fn {}(", world.export());
        source.lines().any(|line| line.trim_start().starts_with(&function))
    };
    World::ALL.into_iter().find(has).unwrap_or(World::Policy)
}
