//! A run's calls, counted: their steps, and what those come to in the journal that no budget counts.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;

/// What a run's journal takes, in bytes, of calls that no budget counts: looks at the clock, random
/// numbers, links, and what is refused before it is sent. Without an end to them, they would fill
/// the host's memory and its disk.
const UNCOUNTED_BYTES: u64 = 1024 * 1024;
/// How much more it takes for each call that changed something, and how much at most: a run that pays
/// a thousand invoices has reason to look at the clock more often.
const UNCOUNTED_BYTES_PER_CHANGE: u64 = 16 * 1024;
const MOST_UNCOUNTED_BYTES: u64 = 16 * 1024 * 1024;
/// What an entry takes beyond the texts in it.
const ENTRY_BYTES: u64 = 256;
/// What a look at the clock or a random number takes, many of which are one entry.
const LOOK_BYTES: u64 = 16;

/// The steps that a run has made.
#[derive(Default)]
pub(crate) struct Steps {
    next: AtomicU64,
    /// What the entries of calls that no budget counts come to.
    uncounted: AtomicU64,
    /// How many of its calls changed something.
    changes: AtomicU64,
}

impl Steps {
    /// The step of the next call.
    pub fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Takes the next step.
    pub fn take(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A call changed something.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an entry with texts of so many bytes that no budget counts.
    pub fn count_entry(&self, texts: usize) -> Result<(), Error> {
        self.count(ENTRY_BYTES + texts as u64)
    }

    /// Counts a look at the clock, or a random number.
    pub fn count_look(&self) -> Result<(), Error> {
        self.count(LOOK_BYTES)
    }

    /// Counts what no budget counts, so that there is an end to it. It follows from the calls and
    /// their outcomes alone: executed again, a run comes to the same.
    fn count(&self, bytes: u64) -> Result<(), Error> {
        let changes = self.changes.load(Ordering::Relaxed);
        let limit = UNCOUNTED_BYTES
            .saturating_add(changes.saturating_mul(UNCOUNTED_BYTES_PER_CHANGE))
            .min(MOST_UNCOUNTED_BYTES);
        if self.uncounted.fetch_add(bytes, Ordering::Relaxed) + bytes > limit {
            return Err(Error::JournalFull { limit });
        }
        Ok(())
    }
}
