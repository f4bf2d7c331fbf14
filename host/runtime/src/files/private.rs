//! Files and folders for this user alone: 0600 in 0700, whatever the umask of this process is. A
//! journal tells what a merchant pays, and whoever could write it could have payments made.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
};

use crate::error::Error;

/// What others may do.
const OTHERS: u32 = 0o077;
/// A folder in which everybody may make files of their own.
const STICKY: u32 = 0o1000;

/// Makes a folder, and those above it that are missing.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a file to read and write it, and makes it if it is not there.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)
}

/// Makes a file that is not there yet.
pub(crate) fn make(path: &Path) -> io::Result<File> {
    File::options().create_new(true).read(true).write(true).mode(0o600).open(path)
}

/// Writes a file anew.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    Ok(file)
}

/// May anybody but its owner do anything with it?
pub(crate) fn is_open_to_others(about: &fs::Metadata) -> bool {
    about.permissions().mode() & OTHERS != 0
}

/// Takes from others what they may do with a file or a folder. Was there anything?
pub(crate) fn close_to_others(path: &Path) -> io::Result<bool> {
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        about => about?,
    };
    if about.is_symlink() || !is_open_to_others(&about) {
        return Ok(false);
    }
    let mode = about.permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode & !OTHERS & 0o7777))?;
    Ok(true)
}

/// Like [`close_to_others`], of a folder and all that is in it.
pub(crate) fn close_all_to_others(folder: &Path) -> io::Result<bool> {
    let mut closed = close_to_others(folder)?;
    let items = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(closed),
        items => items?,
    };
    for item in items {
        let item = item?;
        closed |= match item.file_type()?.is_dir() {
            true => close_all_to_others(&item.path())?,
            false => close_to_others(&item.path())?,
        };
    }
    Ok(closed)
}

/// Who we are: a file that we make is ours.
pub(crate) fn our_user(folder: &Path) -> io::Result<u32> {
    Ok(tempfile::NamedTempFile::new_in(folder)?.as_file().metadata()?.uid())
}

/// Makes a store's folder, or sees to it that it is ours alone. Answers what was open to others.
pub(crate) fn store_folder(folder: &Path, files: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let io = |error| Error::Io { path: folder.to_owned(), source: error };
    make_folder(folder).map_err(io)?;
    let about = fs::metadata(folder).map_err(io)?;
    if about.uid() != our_user(folder).map_err(io)? {
        return Err(Error::StoreOfAnother(folder.to_owned()));
    }
    let mut closed = Vec::new();
    if is_open_to_others(&about) {
        // To close a folder that is not a store of ours would take it from whoever shares it.
        let is_ours =
            || Ok(fs::read_dir(folder)?.next().is_none() || folder.join(files[0]).exists());
        if about.permissions().mode() & STICKY != 0 || !is_ours().map_err(io)? {
            return Err(Error::StoreIsShared(folder.to_owned()));
        }
        close_to_others(folder).map_err(io)?;
        closed.push(folder.to_owned());
    }
    for name in files {
        let path = folder.join(name);
        let close = if path.is_dir() && !closed.is_empty() {
            close_all_to_others(&path)
        } else {
            close_to_others(&path)
        };
        if close.map_err(|error| Error::Io { path: path.clone(), source: error })? {
            closed.push(path);
        }
    }
    Ok(closed)
}
