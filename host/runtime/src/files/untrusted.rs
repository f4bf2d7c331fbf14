//! Files that nobody vouches for: those of a policy's folder. They are looked at before anything is
//! in a sandbox, so they are read whole, up to a limit, and only where they are ordinary files inside
//! the folder.

use std::{
    fs::{self, OpenOptions},
    io::Read as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf},
};

use rustix::fs::OFlags;

use crate::error::BadFile;

/// Reads an ordinary file of at most so many bytes. Whatever else bears its name (a pipe, a device,
/// a folder) is refused, without waiting for it.
///
/// # Errors
/// If it is not there, is no ordinary file, is larger, or cannot be read.
pub fn read_file(path: &Path, at_most: u64) -> Result<Vec<u8>, BadFile> {
    let bad = |message: String| BadFile { path: path.to_owned(), place: None, message };
    let unreadable = |error: std::io::Error| bad(format!("cannot be read: {error}"));
    // To open a pipe waits for whoever writes into it, unless this is said.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(bad("cannot be read: it is a folder".into()));
    }
    if !metadata.is_file() {
        return Err(bad("is no ordinary file".into()));
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    let read = match metadata.len() > at_most {
        true => metadata.len(),
        false => file.take(at_most + 1).read_to_end(&mut bytes).map_err(unreadable)? as u64,
    };
    if read > at_most {
        return Err(bad(format!("is larger than {}", size(at_most))));
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    }
}

/// Where a file lies that a policy's files name, below their folder.
pub(crate) fn named(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let path = Path::new(name);
    let is_below = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.components().all(is_below) && path.file_name().is_some() && !name.contains('\0') {
        Ok(folder.join(path))
    } else {
        Err(format!(
            "`{name}` leads out of the policy's folder: name a file inside it, without a `/` in \
             front and without `..`"
        ))
    }
}

/// Checks that no link leads from a policy's folder to a file elsewhere, one that is not there yet
/// included.
///
/// # Errors
/// What it leads to.
pub fn check_within(folder: &Path, file: &Path) -> Result<(), String> {
    let folder = or_here(folder);
    let inside = canonical(folder)?;
    let there = file.ancestors().map(or_here).find(|path| path.symlink_metadata().is_ok());
    let target = canonical(there.unwrap_or(folder))?;
    if target.starts_with(&inside) {
        return Ok(());
    }
    Err(format!(
        "{} leads out of the policy's folder, to {}: put the file itself there",
        file.display(),
        target.display()
    ))
}

fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

fn canonical(path: &Path) -> Result<PathBuf, String> {
    fs::canonicalize(path).map_err(|error| format!("{} leads nowhere: {error}", path.display()))
}
