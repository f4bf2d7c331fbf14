//! What can go wrong outside a policy: its files, its component, the store, the host itself. What
//! goes wrong inside a run stands in the run's receipt.

use std::{fmt, io, path::PathBuf};

use pod_platform::Instant;
use serde::{Deserialize, Serialize};

/// A place in a file, counted from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Place {
    /// The place of a byte in a text.
    #[must_use]
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line: line as u32, column: column as u32 }
    }
}

/// Bad input: which file, where in it, and what is wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub struct BadFile {
    /// The file.
    pub path: PathBuf,
    /// Where in the file, if it is a matter of one place.
    pub place: Option<Place>,
    /// What is wrong and what is expected, the field named.
    pub message: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The process that owns a store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoreOwner {
    /// Its id.
    pub process: u32,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// What for, in its own words.
    pub purpose: String,
}

impl fmt::Display for StoreOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, since, purpose } = self;
        write!(f, "process {process}, since {}", Instant(*since))?;
        if purpose.is_empty() { Ok(()) } else { write!(f, ", for {purpose}") }
    }
}

/// The host could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A policy's file is not as it should be.
    #[error(transparent)]
    BadFile(#[from] BadFile),
    /// A policy's component is not a component.
    #[error("not a component: {0}")]
    Component(String),
    /// A policy's component does not fit its world.
    #[error("{policy} does not fit the world `{world}`: {}", .misfits.join("; "))]
    World {
        /// The policy.
        policy: String,
        /// The world that it claims.
        world: &'static str,
        /// Each import and export that does not fit.
        misfits: Vec<String>,
    },
    /// The account cannot do what the policy's world needs.
    #[error("{0}")]
    Account(String),
    /// What the run was told does not fit its policy.
    #[error("{0}")]
    Input(String),
    /// The folder of compiled components cannot be used.
    #[error("the folder of compiled components, {}, cannot be used: {reason}", folder.display())]
    Artefacts {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Another process owns the store.
    #[error(
        "the store {} is in use by {}; wait longer for it (--wait), or give this one its own with \
         --store",
        store.display(),
        owner.as_ref().map_or("another podhost".to_owned(), ToString::to_string)
    )]
    StoreInUse {
        /// Its folder.
        store: PathBuf,
        /// Who owns it, if that can be told.
        owner: Option<StoreOwner>,
    },
    /// The archive for old runs is the store that they are in.
    #[error(
        "{} is the store itself: what moves there would be taken out of it and be nowhere; name \
         another folder for the archive",
        .0.display()
    )]
    ArchiveIsStore(PathBuf),
    /// The host was told to stop.
    #[error("{0}")]
    Stopped(Stopped),
    /// The store has lost something that was written to it.
    #[error(
        "the store {folder} is older or shorter than it was: {reason}. What was paid since is not in \
         it, so its keys, its allowances and what it holds are not gone by: nothing is paid and \
         nothing settled until a person has looked, and says so with `podhost store accept --store \
         {folder}`",
        folder = folder.display()
    )]
    StoreIsOlder {
        /// Its folder.
        folder: PathBuf,
        /// What shows it.
        reason: String,
    },
    /// What the store is searched by is not what its entries say.
    #[error(
        "the index of the store {folder} is not what its entries come to: {reason}. Nothing is paid \
         and nothing settled by it: `podhost verify --store {folder}` lists what differs, and with \
         --rebuild makes the index anew from the entries",
        folder = folder.display()
    )]
    IndexDiffers {
        /// Its folder.
        folder: PathBuf,
        /// The first difference.
        reason: String,
    },
    /// The store belongs to another user.
    #[error("the store {} belongs to another user: run podhost as that user, or give this one its own with --store", .0.display())]
    StoreOfAnother(PathBuf),
    /// The store's folder is not its own, and open to others.
    #[error(
        "the folder {folder} holds other things and is open to other users, and a store is for one \
         user alone: give it a folder of its own with --store, or close this one with `chmod 700 \
         {folder}`",
        folder = .0.display()
    )]
    StoreIsShared(PathBuf),
    /// There is no store to read.
    #[error("{} holds no journal", .0.display())]
    NoStore(PathBuf),
    /// The journal has no such run.
    #[error("there is no run {0}; `podhost runs` lists them")]
    NoSuchRun(String),
    /// The key was used for another request.
    #[error(
        "the key `{key}` began run {run}, with another policy, input or option; a key stands for \
         one request"
    )]
    KeyTaken {
        /// The key.
        key: String,
        /// The run that has it.
        run: String,
    },
    /// Too many runs of the policy wait for their turn.
    #[error("{waiting} runs of the policy `{policy}` wait for their turn already: try again later")]
    QueueFull {
        /// The policy.
        policy: String,
        /// How many wait.
        waiting: usize,
    },
    /// The policy failed so often that it is not run any more.
    #[error(
        "the policy `{policy}` is paused: its last {runs} runs for the account `{account}` failed \
         (`podhost show {last}` shows the last of them); mend it, or let it go on as it is with \
         `podhost unpause {last}`"
    )]
    Paused {
        /// The policy.
        policy: String,
        /// The account that it acts for.
        account: String,
        /// How many failed one after the other.
        runs: u32,
        /// The last of them.
        last: String,
    },
    /// The run asked for something else than its journal says that it asked.
    #[error(
        "run {run} diverged at call {step}: its journal has {recorded}, now it asks {asked}; it is \
         kept for you to look into (`podhost show {run}`)"
    )]
    Diverged {
        /// The run.
        run: String,
        /// The call, counted from 0.
        step: u64,
        /// What the journal has.
        recorded: String,
        /// What was asked instead.
        asked: String,
    },
    /// The run cannot go on here.
    #[error("run {run} cannot be resumed: {reason}")]
    NotResumable {
        /// The run.
        run: String,
        /// Why not.
        reason: String,
    },
    /// There is nothing to settle, or not so.
    #[error("run {run}: {reason}")]
    NotInDoubt {
        /// The run.
        run: String,
        /// Why not.
        reason: String,
    },
    /// The run's calls that no other budget counts are more than its journal takes.
    #[error("the run asked for more than its journal takes, {limit} bytes")]
    JournalFull {
        /// How many bytes of them it takes.
        limit: u64,
    },
    /// The journal could not be written or read. No money moves without it.
    #[error("the journal cannot be used: {0}")]
    Journal(String),
    /// The store's folder could not be used.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// The engine could not be set up on this machine.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
}

/// A run that ended early, for the host was told to stop.
#[derive(Clone, Debug, Default)]
pub struct Stopped {
    /// The run; none, if it had not begun.
    pub run: Option<String>,
    /// How many calls it made.
    pub calls: u64,
    /// Payments that were decided and not made, in words.
    pub unfinished: Vec<String>,
    /// Calls of which nobody knows whether they took effect.
    pub doubts: usize,
    /// Can it be resumed?
    pub can_go_on: bool,
}

/// How many payments that were not made are told one by one.
const TOLD: usize = 5;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run: Some(run), calls, unfinished, doubts, can_go_on } = self else {
            return f.write_str("stopped at your request, before the run began: nothing was done");
        };
        write!(f, "run {run} was stopped at your request after {calls} calls; unfinished: ")?;
        match unfinished.as_slice() {
            [] => f.write_str("the policy had not come to its end")?,
            all => {
                f.write_str(&all[..all.len().min(TOLD)].join(", "))?;
                if all.len() > TOLD {
                    write!(f, " and {} more payments", all.len() - TOLD)?;
                }
            }
        }
        if *doubts > 0 {
            write!(f, "; {doubts} in doubt, which is looked into again")?;
        }
        match can_go_on {
            true => write!(f, "; `podhost resume {run}` goes on"),
            false => f.write_str(
                "; it cannot go on: it was a dry run, or its platform ends with this process",
            ),
        }
    }
}

impl Error {
    /// Is the input at fault, rather than the host or what it stands on?
    #[must_use]
    pub fn is_bad_input(&self) -> bool {
        matches!(
            self,
            Self::BadFile(_)
                | Self::Component(_)
                | Self::World { .. }
                | Self::Account(_)
                | Self::Input(_)
                | Self::NoStore(_)
                | Self::ArchiveIsStore(_)
                | Self::NoSuchRun(_)
                | Self::KeyTaken { .. }
                | Self::NotInDoubt { .. }
        )
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Journal(error.to_string())
    }
}
