//! The folder that compiled components are kept in, which hosts may share: each file marked as this
//! user's own, and of all of them no more than the folder may hold.
//!
//! When a file was last used is its modification time, which is all that processes at the same time
//! need to agree on. A file that another process drops is one that has to be compiled again.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use crate::crypto::ArtefactKey;

/// What the folder may hold unless another bound is chosen, in bytes: the interpreters with fifty
/// other components.
pub const ARTEFACTS_AT_MOST: u64 = 1 << 30;

/// How the names of compiled components and of made ones end.
pub(crate) const COMPILED: &str = "compiled";
pub(crate) const SOURCE: &str = "source";

/// How the name of a file begins that is being written.
const UNFINISHED: &str = ".podhost-";
/// After so long nobody writes it any more: whoever did was killed.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Where compiled components are kept, and how much of them.
#[derive(Clone)]
pub(crate) struct ArtefactFolder {
    pub path: PathBuf,
    /// The key is in the first of these that can be had; it is made when it is first needed.
    pub key_files: Vec<PathBuf>,
    /// None: there is no key to be had, and so nothing in the folder is gone by.
    pub key: Arc<OnceLock<Option<ArtefactKey>>>,
    /// What it may hold, in bytes.
    pub at_most: u64,
}

impl ArtefactFolder {
    pub fn new(path: PathBuf, key_files: Vec<PathBuf>, at_most: u64) -> Self {
        Self { path, key_files, key: Arc::default(), at_most }
    }

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
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
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

    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let Some(key) = self.key() else { return Ok(()) };
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.path)?;
        io::Write::write_all(&mut file, &key.sealed(&name(path), bytes))?;
        file.persist(path)?;
        Ok(())
    }

    /// Marks files as used now.
    pub fn touch(&self, paths: &[&Path]) {
        let now = SystemTime::now();
        for path in paths {
            let touched = File::open(path).and_then(|file| file.set_modified(now));
            if let Err(error) = touched {
                tracing::debug!(path = %path.display(), %error, "its use cannot be marked");
            }
        }
    }

    /// Drops what was least recently used until no more is left than the folder may hold. What is
    /// used right now stays, be it more than that.
    pub fn trim(&self, in_use: &[&Path]) {
        let mut files = match self.files() {
            Ok(files) => files,
            Err(error) => {
                let path = self.path.display();
                tracing::warn!(%path, %error, "compiled components cannot be counted");
                return;
            }
        };
        files.sort_by_key(|file| file.used);
        let mut held: u64 = files.iter().map(|file| file.bytes).sum();
        for CachedFile { path, bytes, .. } in files {
            if held <= self.at_most {
                return;
            }
            if in_use.contains(&path.as_path()) {
                continue;
            }
            match fs::remove_file(&path) {
                Ok(()) => held -= bytes,
                // Another process dropped it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => held -= bytes,
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "this cannot be dropped");
                }
            }
        }
    }

    /// What is kept in the folder. What else lies there is nobody's to drop; what was left
    /// unfinished is dropped now.
    fn files(&self) -> io::Result<Vec<CachedFile>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let is_unfinished = name(&path).starts_with(UNFINISHED);
            // Another process may just have dropped it.
            let Ok(about) = fs::symlink_metadata(&path) else { continue };
            if !about.is_file() || !(is_unfinished || is_artefact(&path)) {
                continue;
            }
            let used = about.modified()?;
            if is_unfinished {
                if used.elapsed().is_ok_and(|age| age > ABANDONED) {
                    let _ = fs::remove_file(&path);
                }
                continue;
            }
            files.push(CachedFile { path, used, bytes: about.len() });
        }
        Ok(files)
    }
}

/// A compiled component in the folder.
struct CachedFile {
    path: PathBuf,
    used: SystemTime,
    bytes: u64,
}

/// Is this a name that [`super::cache`] gives? It begins with a digest.
fn is_artefact(path: &Path) -> bool {
    let ends = path
        .extension()
        .is_some_and(|end| end == OsStr::new(COMPILED) || end == OsStr::new(SOURCE));
    let digest = name(path).bytes().take_while(u8::is_ascii_hexdigit).count();
    ends && digest == 64
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
