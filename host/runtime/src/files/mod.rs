//! Files on the disk: private ones, which no other user may read or write, and untrusted ones, which a
//! policy's author wrote.

pub(crate) mod private;
pub(crate) mod untrusted;

pub use untrusted::{check_within, read_file};
