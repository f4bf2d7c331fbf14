//! The journal: what a run was asked, what it did, and what came of it. An append-only chain of
//! entries a run, each with the hash of the one before.

mod entry;
mod store;

pub use entry::{
    Decided, Entry, EntryError, Finished, Intent, Outcome, Recorded, Started, decode, encode,
};
pub use store::{Chain, Journal, StoredEntry};
