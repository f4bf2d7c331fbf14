//! Work that takes seconds, for whoever waits for it.

use std::path::Path;

use crate::error::StoreOwner;

/// Told of work that takes seconds.
pub type OnProgress = Box<dyn Fn(Progress<'_>) + Send + Sync>;

/// Work that takes seconds. More of it may follow: whoever does not know it shows it as it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A component is being compiled; it will not have to be again.
    Compiling(&'a str),
    /// It is compiled.
    Compiled(&'a str),
    /// The store is waited for, which another process has; who, if that can be told.
    WaitingForStore(&'a Path, Option<&'a StoreOwner>),
    /// It was waited for, and is ours or still is not.
    WaitedForStore,
}
