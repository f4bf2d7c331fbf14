//! The hashes that hold one run's entries together.

use super::{Entry, decode, encode};
use crate::{crypto::Digest, error::Error};

/// An entry as it is stored.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// Its place in the run, from 0.
    pub sequence: u64,
    /// The hash of the entry before it, and of itself.
    pub hash: Digest,
    /// The entry.
    pub entry: Entry,
}

/// The hashes of one run's entries, each over the one before and the entry's bytes.
#[derive(Clone, Debug)]
pub struct Chain {
    head: Digest,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Digest([0; 32]) }
    }
}

impl Chain {
    /// A chain whose last entry has this hash.
    #[must_use]
    pub fn after(head: Digest) -> Self {
        Self { head }
    }

    /// The hash of the next entry.
    pub fn next(&mut self, bytes: &[u8]) -> Digest {
        self.head = Digest::of(&[&self.head.0, bytes]);
        self.head
    }

    /// The hash of the last entry.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.head
    }

    pub(crate) fn link(&mut self, entry: &Entry) -> (Vec<u8>, Digest) {
        let bytes = encode(entry);
        let hash = self.next(&bytes);
        (bytes, hash)
    }
}

/// A row of the database: sequence number, bytes, hash.
pub(super) type StoredRow = (u64, Vec<u8>, Vec<u8>);

/// Reads a run's rows and checks their chain, up to the head that is known of it.
pub(super) fn read(
    run: &str,
    rows: Vec<StoredRow>,
    known: Option<(u64, Digest)>,
) -> Result<Vec<StoredEntry>, Error> {
    let mut chain = Chain::default();
    let mut entries = Vec::with_capacity(rows.len());
    for (sequence, bytes, hash) in rows {
        let broken = |what: String| Error::Journal(format!("run {run}, entry {sequence}: {what}"));
        let expected = chain.next(&bytes);
        if sequence != entries.len() as u64 || hash != expected.0 {
            return Err(broken("the chain of hashes is broken".into()));
        }
        let entry = decode(&bytes).map_err(|error| broken(error.to_string()))?;
        entries.push(StoredEntry { sequence, hash: expected, entry });
    }
    match known {
        Some((length, head)) if length != entries.len() as u64 || head != chain.head() => {
            Err(Error::Journal(format!(
                "run {run}: {length} entries were written and {} are there: its tail is missing or \
                 damaged",
                entries.len()
            )))
        }
        _ => Ok(entries),
    }
}
