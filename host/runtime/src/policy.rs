//! A policy, from its files to something that can be run any number of times at once.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::{
    BadFile, Digest, Error,
    bindings::PolicyIndices,
    deciders::OnFailure,
    grant::Grant,
    guest::GuestState,
    host::Host,
    interpreter,
    manifest::{Manifest, World},
    reasons::Reasons,
    receipt::PolicyIdentity,
    records::Export,
    settings::Settings,
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
    pub reasons: Reasons,
    pub component: Digest,
    pub entry: Entry,
    pub script: Option<Script>,
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
    /// The scenario that the local platform starts from if none is given.
    pub scenario: Option<PathBuf>,
    /// What the policy asks for.
    pub asks: Grant,
    /// What a payment that fails means for the others of its plan.
    pub on_failure: OnFailure,
    settings: Settings,
    reasons: Reasons,
}

impl PolicyFiles {
    /// Finds the files of the policy at `path`.
    ///
    /// # Errors
    /// If there is none, or its manifest is not as it should be.
    pub fn find(path: &Path) -> Result<Self, BadFile> {
        let bad = |message: String| BadFile { path: path.to_owned(), place: None, message };
        if path.is_dir() {
            return Manifest::read(path).map(Self::from);
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
            let manifest = Manifest::read(folder)?;
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
            reasons: Reasons::default(),
        })
    }

    /// Is the entry a script?
    #[must_use]
    pub fn is_script(&self) -> bool {
        self.entry.extension().is_some_and(|extension| extension == "rhai")
    }

    fn read(&self) -> Result<Vec<u8>, BadFile> {
        std::fs::read(&self.entry).map_err(|error| BadFile {
            path: self.entry.clone(),
            place: None,
            message: match error.kind() {
                std::io::ErrorKind::NotFound => {
                    let folder = self.entry.parent().unwrap_or(Path::new("."));
                    format!("is not built yet: run `podhost build {}`", folder.display())
                }
                _ => format!("cannot be read: {error}"),
            },
        })
    }
}

impl From<Manifest> for PolicyFiles {
    fn from(manifest: Manifest) -> Self {
        let Manifest { name, version, world, entry, scenario, asks, on_failure, settings, reasons } =
            manifest;
        Self {
            name,
            version,
            world: Some(world),
            entry,
            scenario,
            asks,
            on_failure,
            settings,
            reasons,
        }
    }
}

/// How a script gets into the interpreter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ScriptMode {
    /// Parsed anew for each run. Nothing is compiled for it.
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
        let bytes = files.read()?;
        let identity = PolicyIdentity {
            name: files.name.clone(),
            version: files.version.clone(),
            digest: Digest::of_file(&bytes),
        };
        let loaded = if files.is_script() {
            self.load_script(files, identity, bytes, mode).await?
        } else {
            let component_digest = identity.digest;
            let component = self
                .component(component_digest, &files.name, || Ok(bytes))
                .await
                .map_err(|error| match error {
                    Error::Component(reason) => BadFile {
                        path: files.entry.clone(),
                        place: None,
                        message: format!("not a component: {reason}"),
                    }
                    .into(),
                    error => error,
                })?;
            let exports =
                |world: &World| component.get_export_index(None, world.export()).is_some();
            let world = files.world.or_else(|| World::ALL.into_iter().find(exports));
            let world = world.unwrap_or(World::Policy);
            Loaded {
                entry: self.link(&component, world, &files.name)?,
                identity,
                world,
                asks: files.asks.clone(),
                on_failure: files.on_failure,
                settings: files.settings.clone(),
                reasons: files.reasons.clone(),
                component: component_digest,
                script: None,
            }
        };
        Ok(Policy { inner: Arc::new(loaded) })
    }

    async fn load_script(
        &self,
        files: &PolicyFiles,
        identity: PolicyIdentity,
        bytes: Vec<u8>,
        mode: ScriptMode,
    ) -> Result<Loaded, Error> {
        let source = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            BadFile {
                path: files.entry.clone(),
                place: Some(crate::error::Place::of(&text, valid)),
                message: "is not UTF-8".into(),
            }
        })?;
        let world = files.world.unwrap_or_else(|| script_world(&source));
        let (digest, interpreter) = self.interpreter(world, None).await?;
        let load = interpreter
            .get_export_index(None, interpreter::INTERFACE)
            .and_then(|interface| interpreter.get_export_index(Some(&interface), interpreter::LOAD))
            .ok_or_else(|| Error::Component("the Rhai interpreter takes no script".into()))?;
        let mut loaded = Loaded {
            entry: self.link(&interpreter, world, &files.name)?,
            identity,
            world,
            asks: files.asks.clone(),
            on_failure: files.on_failure,
            settings: files.settings.clone(),
            reasons: files.reasons.clone(),
            component: digest,
            script: Some(Script { file: files.entry.clone(), source, load: Some(load) }),
        };
        self.parse(&loaded).await?;
        if mode == ScriptMode::Installed {
            let script = loaded.script.as_mut().map(|script| {
                script.load = None;
                script.source.clone()
            });
            let (digest, snapshot) = self.interpreter(world, script).await?;
            loaded.entry = self.link(&snapshot, world, &files.name)?;
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
            .component(digest, name, move || {
                interpreter::component(&engine, world, script.as_deref())
            })
            .await?;
        Ok((digest, component))
    }

    fn link(&self, component: &Component, world: World, name: &str) -> Result<Entry, Error> {
        let offer = self.offer(world);
        offer.check(self.engine(), component, world, name)?;
        let misfit = |error: wasmtime::Error| Error::World {
            policy: name.to_owned(),
            world: world.name(),
            misfits: vec![format!("{error:#}")],
        };
        let pre = offer.linker.instantiate_pre(component).map_err(misfit)?;
        let export = || Export::find(&pre, world.export()).map_err(misfit);
        let exports = match world {
            World::Policy => Exports::Policy(PolicyIndices::new(&pre).map_err(misfit)?),
            World::Netting => Exports::Netting(export()?),
            World::Delegation => Exports::Delegation(export()?),
            World::LoanPlan => Exports::LoanPlan(export()?),
        };
        Ok(Entry { pre, exports })
    }
}

/// The world of a script without a manifest: the one whose function it has.
fn script_world(source: &str) -> World {
    let has = |world: &World| {
        let function = format!("fn {}(", world.export());
        source.lines().any(|line| line.trim_start().starts_with(&function))
    };
    World::ALL.into_iter().find(has).unwrap_or(World::Policy)
}
