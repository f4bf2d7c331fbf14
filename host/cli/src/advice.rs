//! The library's errors know no command line: what would help on one is said here.

use anyhow::anyhow;
use pod_host::{Error, Stopped};

/// The error, with what to do about it by podhost's own commands.
pub fn advised(error: Error) -> anyhow::Error {
    match advice(&error) {
        Some(advice) => anyhow!("{error}{advice}"),
        None => error.into(),
    }
}

/// The same in words, with the error's causes.
pub fn told(error: Error) -> String {
    format!("{:#}", advised(error))
}

/// What follows the error's own words.
fn advice(error: &Error) -> Option<String> {
    let advice = match error {
        Error::StoreInUse { .. } => {
            "; wait longer for it (--wait), or give this one its own with --store".to_owned()
        }
        Error::StoreOfAnother(_) => {
            "; run podhost as that user, or give this one its own with --store".to_owned()
        }
        Error::StoreIsShared(_) => " (--store names another folder)".to_owned(),
        Error::StoreIsOlder { folder, .. } => {
            format!(": `podhost store accept --store {}`", folder.display())
        }
        Error::IndexDiffers { folder, .. } => format!(
            ": `podhost verify --store {}` lists what differs, and with --rebuild makes it anew",
            folder.display()
        ),
        Error::NoSuchRun(_) => "; `podhost runs` lists them".to_owned(),
        Error::Paused { last, .. } => format!(
            ": `podhost show {last}` shows the last of them, `podhost unpause {last}` lets it go on"
        ),
        Error::Diverged { run, .. } => format!(" (`podhost show {run}`)"),
        Error::SeveralInDoubt { .. } => " with --step".to_owned(),
        Error::NoPlan => " (--plan-only and --on-failure are for deciders)".to_owned(),
        Error::Stopped(Stopped { run: Some(run), can_go_on: true, .. }) => {
            format!(": `podhost resume {run}` goes on")
        }
        _ => return None,
    };
    Some(advice)
}
