//! A policy, from its files to something that can be run any number of times at once.

use std::{path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use wasmtime::component::{Component, ComponentExportIndex};

use super::{
    archive,
    files::{PolicyFiles, source_text},
    input_schema::InputSchema,
    reasons::Reasons,
    settings::Settings,
};
use crate::{
    contract::{OnFailure, ScriptMode, World},
    crypto::Digest,
    error::{BadFile, Error},
    grant::Grant,
    guest::{Compiler, Linked, interpreter},
    journal::PolicyIdentity,
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
    pub entry: Linked,
    pub script: Option<Script>,
    /// Its entry, as it was named.
    pub path: PathBuf,
    /// What a grant of it is bound to.
    pub digest: Digest,
    /// Its files in the store.
    pub kept: String,
    pub mode: ScriptMode,
}

/// A script, and how it gets into the interpreter.
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
pub(crate) fn loading(interpreter: &Component) -> Result<ComponentExportIndex, Error> {
    interpreter::function(interpreter, interpreter::LOAD)
        .ok_or_else(|| Error::Component("the Rhai interpreter takes no script".into()))
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
