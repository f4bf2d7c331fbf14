//! The key by which a user's hosts know again what they compiled.
//!
//! Compiled components are machine code: whoever can write one has it run here, outside of any
//! sandbox. The folder that they lie in may be shared, or on a disk that others reach; the key lies in
//! the user's data folder, so that who can write the one cannot make what this takes for its own.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

use ring::hmac;

use crate::files::private;

/// The key's file, in the user's data folder.
pub(crate) const FILE: &str = "components.key";
const LENGTH: usize = 32;
/// How many bytes a tag takes.
const TAG: usize = 32;

/// Marks what lies in a cache as its user's own.
pub(crate) struct ArtefactKey([u8; LENGTH]);

impl ArtefactKey {
    /// Reads the key, and makes it if there is none. One that others could read is given up.
    pub fn open(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        private::make_folder(folder)?;
        if let Some(key) = read(path)? {
            return Ok(key);
        }
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, &bytes)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(Self(bytes)),
            // Another process was faster.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                read(path)?.ok_or(error.error)
            }
            Err(error) => Err(error.error),
        }
    }

    /// The bytes as they are kept under a name: their tag, and then they.
    pub fn sealed(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut sealed = hmac::sign(&self.of_name(name), bytes).as_ref().to_vec();
        sealed.extend_from_slice(bytes);
        sealed
    }

    /// What was sealed under a name; none, if it is anything else.
    pub fn opened<'a>(&self, name: &str, sealed: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, bytes) = sealed.split_at_checked(TAG)?;
        hmac::verify(&self.of_name(name), bytes, tag).is_ok().then_some(bytes)
    }

    /// Each name has a key of its own, so that no file can take another's place.
    fn of_name(&self, name: &str) -> hmac::Key {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, name.as_bytes()).as_ref())
    }
}

fn read(path: &Path) -> io::Result<Option<ArtefactKey>> {
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        about => about?,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    if about.uid() != private::our_user(folder)? {
        return Err(io::Error::other("it belongs to another user"));
    }
    let bytes: Option<[u8; LENGTH]> = fs::read(path)?.try_into().ok();
    match bytes {
        Some(bytes) if about.is_file() && !private::is_open_to_others(&about) => {
            Ok(Some(ArtefactKey(bytes)))
        }
        _ => {
            tracing::warn!(path = %path.display(), "a key that others could read is made anew");
            fs::remove_file(path)?;
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_same_key_opens_under_the_same_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data/key");
        let key = ArtefactKey::open(&path).expect("it is made");
        let sealed = key.sealed("a", b"code");
        let again = ArtefactKey::open(&path).expect("it is read");
        assert_eq!(again.opened("a", &sealed), Some(&b"code"[..]));
        assert_eq!(again.opened("b", &sealed), None);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(again.opened("a", &changed), None, "byte {place}");
        }
        assert_eq!(again.opened("a", &sealed[..TAG - 1]), None);

        // One that somebody else could read is not gone by any more.
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode(&path) & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is ours");
        let other = ArtefactKey::open(&path).expect("it is made anew");
        assert_eq!(other.opened("a", &sealed), None);
        assert_eq!(mode(&path) & 0o777, 0o600);
    }
}
