//! The policies that runs in the store may still be executed with, as they were when those began.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::files::PolicyFiles;
use crate::{
    crypto::Digest,
    error::Error,
    files::private,
    journal::{self, Journal, KEPT, Pause},
};

/// What a policy's files are kept as: `FOLDER/ENTRY`. The folder is named by what is in it.
pub(crate) fn name(files: &PolicyFiles, entry: &[u8]) -> String {
    let name = entry_name(files);
    format!("{}/{name}", files.digest_with(entry))
}

fn entry_name(files: &PolicyFiles) -> String {
    files.entry.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Pause {
    /// Is this policy, with just these files, the one that is paused?
    #[must_use]
    pub fn is_of(&self, files: &PolicyFiles) -> bool {
        let entry = files.read();
        entry.is_ok_and(|entry| self.kept == name(files, &entry))
    }
}

/// The store's archive of policies and of interpreters, a folder.
#[derive(Clone, Debug)]
pub(crate) struct PolicyArchive(PathBuf);

impl PolicyArchive {
    pub fn open(store: &Path) -> Self {
        Self(store.join(KEPT))
    }

    /// Keeps a policy's files.
    pub fn keep(&self, files: &PolicyFiles, entry: &[u8]) -> Result<(), Error> {
        let path = self.path(&name(files, entry));
        let folder = path.parent().unwrap_or(&self.0).to_owned();
        if !folder.is_dir() {
            let io = |error| Error::Io { path: folder.clone(), source: error };
            private::make_folder(&self.0).map_err(io)?;
            let new = tempfile::tempdir_in(&self.0).map_err(io)?;
            private::close_to_others(new.path()).map_err(io)?;
            let write = |name: &str, bytes: &[u8]| {
                private::write(&new.path().join(name), bytes)?.sync_all()
            };
            write(&entry_name(files), entry).map_err(io)?;
            if let Some(manifest) = &files.manifest {
                write("policy.toml", manifest.as_bytes()).map_err(io)?;
            }
            match fs::rename(new.path(), &folder) {
                Ok(()) => {
                    let _ = new.keep();
                }
                // Another thread kept the same policy in the meantime.
                Err(_) if folder.is_dir() => {}
                Err(error) => return Err(io(error)),
            }
        }
        Ok(())
    }

    /// Where a kept policy's entry lies.
    pub fn path(&self, kept: &str) -> PathBuf {
        self.0.join(kept)
    }

    /// Keeps a component that is made here, such as the interpreter. It is a copy of its own: what
    /// lies in a cache may be another's to write.
    pub fn keep_component(
        &self,
        digest: Digest,
        made: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let to = self.component(digest);
        if to.is_file() {
            return Ok(());
        }
        // Without it, a run can be resumed only by a host that makes the same.
        let Some(made) = made() else { return Ok(()) };
        let io = |error| Error::Io { path: to.clone(), source: error };
        private::make_folder(&self.0).map_err(io)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(io)?;
        io::Write::write_all(&mut file, &made).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&to).map(drop).map_err(|error| io(error.error))
    }

    /// Where a kept component lies, if it is there.
    pub fn component(&self, digest: Digest) -> PathBuf {
        self.0.join(format!("{digest}.wasm"))
    }

    /// Copies everything that is kept to another store.
    pub fn copy(&self, to: &Path) -> Result<(), Error> {
        let to = Self::open(to);
        let io = |error| Error::Io { path: to.0.clone(), source: error };
        let kept = match fs::read_dir(&self.0) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io(error)),
        };
        for item in kept {
            let item = item.map_err(io)?;
            let (from, target) = (item.path(), to.0.join(item.file_name()));
            if target.exists() {
                continue;
            }
            if from.is_dir() {
                private::make_folder(&target).map_err(io)?;
                for file in fs::read_dir(&from).map_err(io)? {
                    let file = file.map_err(io)?;
                    fs::copy(file.path(), target.join(file.file_name())).map_err(io)?;
                }
                private::close_all_to_others(&target).map_err(io)?;
            } else {
                private::make_folder(&to.0).map_err(io)?;
                fs::copy(&from, &target).map_err(io)?;
                private::close_to_others(&target).map_err(io)?;
            }
        }
        Ok(())
    }

    /// Drops what no run refers to. Answers how many bytes that took.
    pub fn prune(&self, in_use: &BTreeSet<String>) -> Result<u64, Error> {
        let io = |error| Error::Io { path: self.0.clone(), source: error };
        let in_use: BTreeSet<&str> =
            in_use.iter().filter_map(|kept| kept.split('/').next()).collect();
        let kept = match fs::read_dir(&self.0) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(io(error)),
        };
        let mut bytes = 0;
        for item in kept {
            let path = item.map_err(io)?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if in_use.contains(name.as_str()) {
                continue;
            }
            bytes += size(&path).map_err(io)?;
            if path.is_dir() {
                fs::remove_dir_all(&path).map_err(io)?;
            } else {
                fs::remove_file(&path).map_err(io)?;
            }
        }
        Ok(bytes)
    }
}

/// How many bytes a file takes, or all files in a folder.
fn size(path: &Path) -> io::Result<u64> {
    if !path.is_dir() {
        return Ok(fs::symlink_metadata(path)?.len());
    }
    fs::read_dir(path)?.map(|file| size(&file?.path())).sum()
}

/// Copies a store to a new folder, whoever owns it and while runs go on.
///
/// # Errors
/// If there is no store, or the folder has one already.
pub async fn back_up(store: &Path, to: &Path) -> Result<(), Error> {
    let journal = Journal::read_only(store).await?;
    let io = |error| Error::Io { path: to.to_owned(), source: error };
    // What lies within a store would be part of the next copy.
    let own = store.canonicalize().map_err(io)?;
    let above = to.ancestors().find_map(|above| above.canonicalize().ok());
    if above.is_some_and(|above| above.starts_with(&own)) {
        return Err(Error::Input(format!("{} lies within the store", to.display())));
    }
    private::make_folder(to).map_err(io)?;
    journal.back_up(&to.join(journal::FILE)).await?;
    PolicyArchive::open(store).copy(to)
}
