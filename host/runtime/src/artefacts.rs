//! Precompiled components by content: compiled once, off the request path. What lies in their folder is
//! run as machine code, so it is executed only if it carries this user's mark ([`ArtefactKey`]).

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::OnceCell;
use wasmtime::{Engine, component::Component};

use crate::{Digest, Error, artefact_key::ArtefactKey};

/// A folder of precompiled components. What is in use is also kept in memory.
pub struct Artefacts {
    engine: Engine,
    folder: PathBuf,
    key_files: Vec<PathBuf>,
    /// None: there is no key to be had, and so nothing in the folder is gone by.
    key: Arc<OnceLock<Option<ArtefactKey>>>,
    loaded: Mutex<HashMap<Digest, Arc<OnceCell<Component>>>>,
}

impl Artefacts {
    /// Opens `folder`, and makes it if it is not there. What is in it is marked with the key in the
    /// first of `key_files` that can be had; it is made when it is first needed.
    ///
    /// # Errors
    /// If anybody but its owner, who must be us, could write to it: what lies in it is run as
    /// machine code.
    pub fn open(engine: &Engine, folder: PathBuf, key_files: Vec<PathBuf>) -> Result<Self, Error> {
        let unusable = |reason: String| Error::Artefacts { folder: folder.clone(), reason };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| unusable(error.to_string()))?;
        check_owner(&folder).map_err(unusable)?;
        Ok(Self {
            engine: engine.clone(),
            folder,
            key_files,
            key: Arc::default(),
            loaded: Mutex::default(),
        })
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
                let (engine, cache) = (self.engine.clone(), self.cache());
                let work = tokio::task::spawn_blocking(move || {
                    load_or_compile(&engine, &cache, &path, source.as_deref(), make)
                });
                work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            })
            .await?;
        Ok(component.clone())
    }

    /// The component that was made, and not found, under `key`; none, if it is not at hand.
    pub fn source(&self, key: Digest) -> Option<Vec<u8>> {
        self.cache().read(&self.source_path(key))
    }

    fn source_path(&self, key: Digest) -> PathBuf {
        self.folder.join(format!("{key}.source"))
    }

    fn cache(&self) -> Cache {
        Cache { key_files: self.key_files.clone(), key: self.key.clone() }
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
        self.folder.join(format!("{key}-{engine:016x}.compiled"))
    }
}

fn load_or_compile(
    engine: &Engine,
    cache: &Cache,
    path: &Path,
    source: Option<&Path>,
    make: impl FnOnce() -> Result<Vec<u8>, Error>,
) -> Result<Component, Error> {
    if source.is_none_or(Path::is_file)
        && let Some(component) = load(engine, cache, path)
    {
        return Ok(component);
    }
    let bytes = make()?;
    let compiled = engine
        .precompile_component(&bytes)
        .map_err(|error| Error::Component(format!("{error:#}")))?;
    let written = source.map_or(Ok(()), |source| cache.write(source, &bytes));
    if let Err(error) = written.and_then(|()| cache.write(path, &compiled)) {
        tracing::warn!(path = %path.display(), %error, "a compiled component could not be kept");
    }
    // SAFETY: these bytes are what `precompile_component` of this very engine returned.
    unsafe { Component::deserialize(engine, &compiled) }
        .map_err(|error| Error::Component(format!("{error:#}")))
}

fn load(engine: &Engine, cache: &Cache, path: &Path) -> Option<Component> {
    let compiled = cache.read(path)?;
    // SAFETY: the bytes carry a tag that only this user's key makes (`Cache::read`), under the name
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

/// Files that are marked as this user's own.
struct Cache {
    key_files: Vec<PathBuf>,
    key: Arc<OnceLock<Option<ArtefactKey>>>,
}

impl Cache {
    fn key(&self) -> Option<&ArtefactKey> {
        let open = |path: &PathBuf| match ArtefactKey::open(path) {
            Ok(key) => Some(key),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "no key can be kept here");
                None
            }
        };
        let first = || {
            let key = self.key_files.iter().find_map(open);
            if key.is_none() {
                tracing::warn!("nothing that is compiled is kept: there is no key to mark it with");
            }
            key
        };
        self.key.get_or_init(first).as_ref()
    }

    /// A file's bytes, if it is there and they are what was written to it.
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let mut sealed = match fs::read(path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "what was compiled cannot be read");
                return None;
            }
        };
        let Some(bytes) = self.key()?.opened(&name(path), &sealed) else {
            tracing::error!(
                path = %path.display(),
                "this was changed, or compiled by somebody else: it is not run, but compiled anew"
            );
            // What cannot be removed is written over.
            let _ = fs::remove_file(path);
            return None;
        };
        let tag = sealed.len() - bytes.len();
        sealed.drain(..tag);
        Some(sealed)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let Some(key) = self.key() else { return Ok(()) };
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, &key.sealed(&name(path), bytes))?;
        file.persist(path)?;
        Ok(())
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
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
