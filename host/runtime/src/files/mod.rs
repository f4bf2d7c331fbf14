//! Files on the disk: those that are nobody else's, and those that nobody vouches for.

pub(crate) mod private;
pub(crate) mod untrusted;

pub use untrusted::{check_within, read_file};
