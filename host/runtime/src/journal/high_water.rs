//! How far a journal has come, in a small file beside it.
//!
//! The database says it as well, in the same transaction as the entries; the file is written after
//! that and before anybody is told, so that no call begins of which the file does not know. A
//! database that says less than the file has lost something: its `-wal` was cut off or taken away, or
//! an older copy was put in its place.
//!
//! The file is made anew each time that the journal is opened, and the database knows which file is
//! its own, so that a copy of both, put back together, is noticed, too. It is not flushed with each
//! group of entries: what it is for – files that somebody changed, a process that was killed – does
//! not lose what the system has taken; and when the power fails, it may say less than the database,
//! which is no doubt.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use crate::{crypto::Digest, files::private};

/// The file's name.
pub(crate) const FILE: &str = "journal.high-water";
/// What is becoming that file.
const NEW: &str = "journal.high-water.new";

/// How far a journal has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct HighWater {
    /// How often it was opened.
    pub generation: u64,
    /// How many groups of entries were written.
    pub commits: u64,
    /// What they were: the hash of the last group, and of the history before it.
    pub history: History,
}

/// The hash of all groups of entries, one after the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct History(pub Digest);

impl Default for History {
    fn default() -> Self {
        Self(Digest([0; 32]))
    }
}

impl HighWater {
    /// After one more group, which is these.
    pub fn after(self, group: &[&[u8]]) -> Self {
        let parts: Vec<&[u8]> =
            std::iter::once(&self.history.0.0[..]).chain(group.iter().copied()).collect();
        Self { commits: self.commits + 1, history: History(Digest::of(&parts)), ..self }
    }

    /// Always as long, so that it is written over in its place.
    fn text(self) -> String {
        let Self { generation, commits, history: History(history) } = self;
        format!(
            "podhost high-water 1\ngeneration {generation:020}\ncommits {commits:020}\n\
             history {history}\n"
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        field("podhost high-water 1")?;
        Some(Self {
            generation: field("generation ")?.parse().ok()?,
            commits: field("commits ")?.parse().ok()?,
            history: History(field("history ")?.parse().ok()?),
        })
    }
}

/// What is found beside a journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    /// None: it cannot be read.
    pub water: Option<HighWater>,
    /// Which file it is.
    pub identity: String,
}

/// Reads what is beside the journal in a folder; none, if there is nothing.
pub(super) fn find(folder: &Path) -> io::Result<Option<Found>> {
    let mut file = match File::open(folder.join(FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let identity = identity(&file.metadata()?);
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(&mut file, 4096), &mut bytes)?;
    let water = std::str::from_utf8(&bytes).ok().and_then(HighWater::parse);
    Ok(Some(Found { water, identity }))
}

/// Which file is becoming the one beside the journal in a folder; none, if there is none.
pub(super) fn becoming(folder: &Path) -> io::Result<Option<String>> {
    match fs::metadata(folder.join(NEW)) {
        Ok(about) => Ok(Some(identity(&about))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file that is becoming the one beside a journal.
pub(super) struct Next {
    file: File,
    folder: PathBuf,
    pub identity: String,
}

impl Next {
    pub fn make(folder: &Path, water: HighWater) -> io::Result<Self> {
        let new = folder.join(NEW);
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = private::make(&new)?;
        file.write_all_at(water.text().as_bytes(), 0)?;
        file.sync_all()?;
        Ok(Self { identity: identity(&file.metadata()?), file, folder: folder.to_owned() })
    }

    /// The database knows it: from now on it is the one.
    pub fn take_its_place(self) -> io::Result<File> {
        fs::rename(self.folder.join(NEW), self.folder.join(FILE))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(self.file)
    }
}

/// How far the journal of this process has come.
#[derive(Default)]
pub(super) struct Mark {
    /// None: the journal is only read, or not trusted; then what it had stays written as it is.
    pub file: Option<File>,
    pub water: HighWater,
}

impl Mark {
    /// The database has this now.
    pub fn raise(&mut self, water: HighWater) -> io::Result<()> {
        self.water = water;
        match &self.file {
            Some(file) => file.write_all_at(water.text().as_bytes(), 0),
            None => Ok(()),
        }
    }
}

/// What tells a file from its copies: a number, which is used again when the file is gone, and when
/// it was made, where the file system knows.
pub(super) fn identity(about: &fs::Metadata) -> String {
    let made = about.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    format!("{}-{}", about.ino(), made.unwrap_or(Duration::ZERO).as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let water = HighWater { generation: 3, commits: 12, ..HighWater::default() };
        for water in [HighWater::default(), water, water.after(&[b"a", b"b"])] {
            assert_eq!(HighWater::parse(&water.text()), Some(water));
            assert_eq!(water.text().len(), HighWater::default().text().len());
        }
        for text in ["", "podhost high-water 1\n", "podhost high-water 2\ngeneration 1\n"] {
            assert_eq!(HighWater::parse(text), None, "{text:?}");
        }
        assert_ne!(water.after(&[b"a", b"b"]), water.after(&[b"ab"]));
    }
}
