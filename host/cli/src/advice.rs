//! The library's errors know no command line: what would help on one is said here.

use anyhow::anyhow;
use pod_host::{Error, Stopped};

use crate::hint;

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
        Error::NoSuchRun(_) => format!("; `{}` lists them", hint::command("runs")),
        Error::Paused { last, .. } => format!(
            ": `{}` shows the last of them, `{}` lets it go on",
            hint::command(&format!("show {last}")),
            hint::command(&format!("unpause {last}"))
        ),
        Error::Diverged { run, .. } => {
            format!(" (`{}`)", hint::command(&format!("show {run}")))
        }
        Error::SeveralInDoubt { .. } => " with --step".to_owned(),
        Error::NoPlan => " (--plan-only and --on-failure are for deciders)".to_owned(),
        Error::Stopped(Stopped { run: Some(run), can_go_on: true, .. }) => {
            format!(": `{}` goes on", hint::command(&format!("resume {run}")))
        }
        _ => return None,
    };
    Some(advice)
}
