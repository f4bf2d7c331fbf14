//! Failpoints: moments in a mutation's course at which tests stop the host.

use std::sync::Arc;

/// A moment in a mutation's course, for tests that stop the host there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Point {
    /// The call is about to be written down.
    BeforeIntent,
    /// It is on the disk, and not sent.
    AfterIntent,
    /// POD answered, or did not; nothing of it is on the disk.
    AfterEffect,
    /// Its outcome is on the disk.
    AfterOutcome,
}

/// Told when the call of a step reaches a point.
pub type OnPoint = Arc<dyn Fn(u64, Point) + Send + Sync>;
