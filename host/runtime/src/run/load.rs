//! Loads policies for runs: from their files, which are archived in the store, or from that archive.

use std::{path::Path, sync::Arc};

use super::host::{Host, PreparedHost};
use crate::{
    contract::ScriptMode,
    error::Error,
    journal::Started,
    policy::{Inspection, Loaded, Policy, PolicyFiles, inspect, loading},
};

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
    pub(crate) async fn load_archived(
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
        let path = self.policies().path(kept);
        if !path.is_file() {
            return Err(missing("the policy"));
        }
        let files = PolicyFiles::archived(&path)?;
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
            let kept = self.policies().component(digest);
            if loaded.script.is_none() || !kept.is_file() {
                return Err(missing("the interpreter"));
            }
            let read = move || {
                std::fs::read(&kept)
                    .map_err(|error| Error::Io { path: kept.clone(), source: error })
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
        self.policies().keep(files, &bytes)?;
        if loaded.script.is_some() {
            let made = || self.compiler().source(loaded.component);
            self.policies().keep_component(loaded.component, made)?;
        }
        Ok(loaded)
    }
}

impl PreparedHost {
    /// Looks into a policy. It is loaded as for a run, so that nothing passes here that a run would
    /// refuse: a component is linked to its world, and a script is parsed.
    ///
    /// # Errors
    /// If a file is not as it should be, or the component does not fit its world. A decider that
    /// imports more than log and clock does not.
    pub async fn inspect(&self, files: &PolicyFiles) -> Result<Inspection, Error> {
        inspect(self.compiler(), files).await
    }
}
