//! No core dump of this process: its memory holds tokens and keys.

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::exit::Failure;

/// Turns core dumps off, for this process and for the programs that it starts. Before any secret is
/// read: a crash after that leaves nothing on the disk, and no process of the same user can look
/// into the memory of this one.
pub fn turn_off() -> Result<(), Failure> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .context("core dumps, which would hold secrets, cannot be turned off")
        .map_err(Failure::platform)?;
    // The limit does not count for a program that the kernel pipes core dumps to.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .context("core dumps, which would hold secrets, cannot be turned off")
        .map_err(Failure::platform)?;
    Ok(())
}
