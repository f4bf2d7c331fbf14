//! Precompiled components by content: compiled once, off the request path. What lies in their folder is
//! run as machine code, so it is executed only if it carries this user's mark ([`ArtefactFolder`]).

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;
use wasmtime::{Engine, component::Component};

use super::cache_folder::{ArtefactFolder, COMPILED, SOURCE};
use crate::{crypto::Digest, error::Error};

/// A folder of precompiled components. What is in use is also kept in memory.
pub struct Artefacts {
    engine: Engine,
    folder: ArtefactFolder,
    loaded: Mutex<HashMap<Digest, Arc<OnceCell<Component>>>>,
}

impl Artefacts {
    /// Opens a folder, and makes it if it is not there.
    ///
    /// # Errors
    /// If anybody but its owner, who must be us, could write to it: what lies in it is run as
    /// machine code.
    pub fn open(engine: &Engine, folder: ArtefactFolder) -> Result<Self, Error> {
        let unusable = |reason: String| Error::Artefacts { folder: folder.path.clone(), reason };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder.path)
            .map_err(|error| unusable(error.to_string()))?;
        check_owner(&folder.path).map_err(unusable)?;
        Ok(Self { engine: engine.clone(), folder, loaded: Mutex::default() })
    }

    /// The component that `make` makes, known by `key`. It is made and compiled at most once at a
    /// time, on a thread for blocking work, and not at all if it is in the folder. What is not
    /// anybody's file can be kept beside it: [`Artefacts::source`].
    ///
    /// # Errors
    /// If `make` fails, or what it made is no component.
    pub async fn component<F>(
        &self,
        key: Digest,
        keeps_source: bool,
        make: F,
    ) -> Result<Component, Error>
    where
        F: FnOnce() -> Result<Vec<u8>, Error> + Send + 'static,
    {
        let cell = {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.entry(key).or_default().clone()
        };
        let component = cell
            .get_or_try_init(|| async {
                let path = self.path(key);
                let source = keeps_source.then(|| self.source_path(key));
                let (engine, folder) = (self.engine.clone(), self.folder.clone());
                let work = tokio::task::spawn_blocking(move || {
                    load_or_compile(&engine, &folder, &path, source.as_deref(), make)
                });
                work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            })
            .await?;
        Ok(component.clone())
    }

    /// The component that was made, and not found, under `key`; none, if it is not at hand.
    pub fn source(&self, key: Digest) -> Option<Vec<u8>> {
        self.folder.read(&self.source_path(key))
    }

    fn source_path(&self, key: Digest) -> PathBuf {
        self.folder.path.join(format!("{key}.{SOURCE}"))
    }

    /// Is the component at hand, so that getting it compiles nothing?
    #[must_use]
    pub fn contains(&self, key: Digest) -> bool {
        self.path(key).is_file()
    }

    /// A file fits one build of wasmtime and one configuration, so both are part of its name.
    fn path(&self, key: Digest) -> PathBuf {
        let mut hasher = Fnv::default();
        std::hash::Hash::hash(&self.engine.precompile_compatibility_hash(), &mut hasher);
        let engine = std::hash::Hasher::finish(&hasher);
        self.folder.path.join(format!("{key}-{engine:016x}.{COMPILED}"))
    }
}

fn load_or_compile(
    engine: &Engine,
    folder: &ArtefactFolder,
    path: &Path,
    source: Option<&Path>,
    make: impl FnOnce() -> Result<Vec<u8>, Error>,
) -> Result<Component, Error> {
    let used = Vec::from_iter([Some(path), source].into_iter().flatten());
    if source.is_none_or(Path::is_file)
        && let Some(component) = load(engine, folder, path)
    {
        folder.touch(&used);
        return Ok(component);
    }
    let bytes = make()?;
    let compiled = engine
        .precompile_component(&bytes)
        .map_err(|error| Error::Component(format!("{error:#}")))?;
    let written = source.map_or(Ok(()), |source| folder.write(source, &bytes));
    if let Err(error) = written.and_then(|()| folder.write(path, &compiled)) {
        tracing::warn!(path = %path.display(), %error, "a compiled component could not be kept");
    }
    folder.trim(&used);
    // SAFETY: these bytes are what `precompile_component` of this very engine returned.
    unsafe { Component::deserialize(engine, &compiled) }
        .map_err(|error| Error::Component(format!("{error:#}")))
}

fn load(engine: &Engine, folder: &ArtefactFolder, path: &Path) -> Option<Component> {
    let compiled = folder.read(path)?;
    // SAFETY: the bytes carry a tag that only this user's key makes (`ArtefactFolder::read`), under the name
    // that they are asked for by; and what is written with it is what `precompile_component` returned
    // (`load_or_compile`). They were read once, and are checked and deserialized where they are, in
    // memory that nobody else has. The key is in a folder of the user's own, 0600. Wasmtime itself
    // refuses what another version or configuration compiled.
    match unsafe { Component::deserialize(engine, &compiled) } {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a compiled component is unusable");
            None
        }
    }
}

fn check_owner(folder: &Path) -> Result<(), String> {
    let check = || -> io::Result<Result<(), String>> {
        let about = fs::metadata(folder)?;
        // A file that we make is ours: its owner is who we are.
        let we = tempfile::NamedTempFile::new_in(folder)?.as_file().metadata()?.uid();
        if about.uid() != we {
            return Ok(Err("it belongs to another user".into()));
        }
        if about.permissions().mode() & 0o022 != 0 {
            return Ok(Err("others can write to it: `chmod go-w` it".into()));
        }
        Ok(Ok(()))
    };
    check().unwrap_or_else(|error| Err(error.to_string()))
}

/// A hasher whose result is the same in every process, for names of files.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl std::hash::Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
