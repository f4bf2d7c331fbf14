//! The journal: what a run was asked, what it did, and what came of it. An append-only chain of
//! entries a run, each with the hash of the one before.

mod archive;
mod chain;
mod claims;
mod entry;
mod intent;
mod origin;
mod owner;
mod pauses;
mod runs;
mod state;
mod store;
mod usage;
mod writer;

pub use archive::Archived;
pub use chain::{Chain, StoredEntry};
pub(crate) use claims::{Claimant, Claims, Taken};
pub use entry::{
    Decided, Diverged, Entry, EntryError, Finished, Intent, KnownBy, Outcome, Recorded, Restored,
    Settled, Started, StateChange, decode, encode,
};
pub use owner::StoreOwner;
pub(crate) use owner::Taking;
pub use pauses::Pause;
pub use runs::{RunFilter, RunSummary};
pub use store::Journal;
pub(crate) use store::{AppendError, FILE};
pub(crate) use usage::{Owner, SharedUsage};
pub(crate) use writer::{Append, Index, Writing};

/// The receipt that a run's entries come to.
///
/// # Errors
/// If the run has not ended, or its entries do not say what they should.
pub fn receipt(run: &str, entries: &[StoredEntry]) -> Result<crate::Receipt, crate::Error> {
    crate::Receipt::of(run, entries)
}
