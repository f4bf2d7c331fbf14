//! The journal: what a run was asked, what it did, and what came of it. An append-only chain of
//! entries a run, each with the hash of the one before.

mod archive;
mod chain;
mod check;
mod claims;
pub(crate) mod effect;
mod entry;
mod familiar;
mod high_water;
mod intent;
mod looks;
mod migrate;
mod origin;
mod others;
mod owner;
mod pauses;
mod projection;
pub(crate) mod receipt;
mod runs;
mod space;
pub(crate) mod spent;
pub(crate) mod stable;
mod started;
mod state;
pub(crate) mod statement;
mod store;
mod trust;
mod usage;
mod words;
mod writer;

pub use archive::Archived;
pub use chain::{Chain, StoredEntry};
pub use check::{Difference, Verified};
pub(crate) use claims::{Claimant, Claims, Taken};
pub use entry::{
    Decided, Diverged, Entry, EntryError, Finished, Intent, KnownBy, Outcome, Recorded, Restored,
    Settled, Started, StateChange, decode, encode,
};
pub use looks::Looks;
pub(crate) use looks::together;
pub use origin::{Acceptance, Older};
pub use owner::Taking;
pub use pauses::Pause;
pub(crate) use projection::{Open, Projection};
pub(crate) use receipt::{Doubt, LogLine, PolicyIdentity, Receipt, RunError, Violation};
pub use runs::{RunFilter, RunSummary};
pub(crate) use spent::Change;
pub(crate) use started::RecordedOptions;
pub use store::Journal;
pub(crate) use store::{AppendError, FILE, KEPT};
pub use trust::Distrust;
pub(crate) use usage::{Owner, SharedUsage};
pub(crate) use words::{ASSUMED, FETCH, HTTP, REPEATED};
pub(crate) use writer::{Append, Index, Writing};

use crate::error::Error;
pub use crate::error::StoreOwner;

/// The receipt that a run's entries come to.
///
/// # Errors
/// If the run has not ended, or its entries do not say what they should.
pub fn receipt(run: &str, entries: &[StoredEntry]) -> Result<Receipt, Error> {
    Receipt::of(run, entries)
}
