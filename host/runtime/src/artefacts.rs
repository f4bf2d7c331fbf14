//! Precompiled components by content: compiled once, off the request path, and then mapped.

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;
use wasmtime::{Engine, component::Component};

use crate::{Digest, Error};

/// A folder of precompiled components. What is in use is also kept in memory.
pub struct Artefacts {
    engine: Engine,
    folder: PathBuf,
    loaded: Mutex<HashMap<Digest, Arc<OnceCell<Component>>>>,
}

impl Artefacts {
    /// Opens `folder`, and makes it if it is not there.
    ///
    /// # Errors
    /// If anybody but its owner, who must be us, could write to it: what lies in it is run as
    /// machine code.
    pub fn open(engine: &Engine, folder: PathBuf) -> Result<Self, Error> {
        let unusable = |reason: String| Error::Artefacts { folder: folder.clone(), reason };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| unusable(error.to_string()))?;
        check_owner(&folder).map_err(unusable)?;
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
                let engine = self.engine.clone();
                let path = self.path(&engine, key);
                let source = keeps_source.then(|| self.source(key));
                let work = tokio::task::spawn_blocking(move || {
                    load_or_compile(&engine, &path, source.as_deref(), make)
                });
                work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            })
            .await?;
        Ok(component.clone())
    }

    /// Where the component lies that was made, and not found, under `key`; if it was made here.
    pub fn source(&self, key: Digest) -> PathBuf {
        self.folder.join(format!("{key}.wasm"))
    }

    /// Is the component at hand, so that getting it compiles nothing?
    #[must_use]
    pub fn contains(&self, key: Digest) -> bool {
        self.path(&self.engine, key).is_file()
    }

    /// A file fits one build of wasmtime and one configuration, so both are part of its name.
    fn path(&self, engine: &Engine, key: Digest) -> PathBuf {
        let mut hasher = Fnv::default();
        std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
        let engine = std::hash::Hasher::finish(&hasher);
        self.folder.join(format!("{key}-{engine:016x}.cwasm"))
    }
}

fn load_or_compile(
    engine: &Engine,
    path: &Path,
    source: Option<&Path>,
    make: impl FnOnce() -> Result<Vec<u8>, Error>,
) -> Result<Component, Error> {
    if source.is_none_or(Path::is_file)
        && let Some(component) = load(engine, path)
    {
        return Ok(component);
    }
    let bytes = make()?;
    let compiled = engine
        .precompile_component(&bytes)
        .map_err(|error| Error::Component(format!("{error:#}")))?;
    let write = |path: &Path, bytes: &[u8]| -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(path)?;
        Ok(())
    };
    let written = source.map_or(Ok(()), |source| write(source, &bytes));
    if let Err(error) = written.and_then(|()| write(path, &compiled)) {
        tracing::warn!(path = %path.display(), %error, "a compiled component could not be kept");
    }
    // SAFETY: these bytes are what `precompile_component` of this very engine returned.
    unsafe { Component::deserialize(engine, &compiled) }
        .map_err(|error| Error::Component(format!("{error:#}")))
}

fn load(engine: &Engine, path: &Path) -> Option<Component> {
    if !path.is_file() {
        return None;
    }
    // SAFETY: the file lies in a folder that belongs to this process's user and that nobody else
    // can write to (`check_owner`), and it got its name by a rename after it was written whole
    // (`load_or_compile`). So it holds what `precompile_component` returned. Wasmtime itself
    // refuses a file of another version or configuration.
    match unsafe { Component::deserialize_file(engine, path) } {
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
