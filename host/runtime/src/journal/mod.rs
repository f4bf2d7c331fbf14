//! The journal: what a run was asked, what it did, and what came of it. An append-only chain of
//! entries a run, each with the hash of the one before.

mod archive;
mod chain;
mod claims;
mod entry;
mod origin;
mod runs;
mod store;
mod writer;

pub use archive::Archived;
pub use chain::{Chain, StoredEntry};
pub(crate) use claims::Claims;
pub use entry::{
    Decided, Diverged, Entry, EntryError, Finished, Intent, Outcome, Recorded, Restored, Settled,
    Started, decode, encode,
};
pub use runs::{RunFilter, RunSummary};
pub(crate) use store::AppendError;
pub use store::Journal;
pub(crate) use writer::{Append, Index};
