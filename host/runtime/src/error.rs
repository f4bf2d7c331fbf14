//! What can go wrong outside a policy: its files, its component, the store, the host itself. What
//! goes wrong inside a run stands in the run's receipt.

use std::{error::Error as StdError, fmt, io, path::PathBuf};

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

/// The host could not do what it was asked. Causes are sources, and are not repeated in the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// Only a decider has a plan that the host could stop at, or go on with when a payment fails.
    #[error(
        "a policy of the world `policy` pays by itself, without a plan that the host could stop at"
    )]
    NoPlan,
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
        "the store {} is in use by {}",
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
         nothing settled until a person has looked, and accepts it as it is",
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
         and nothing settled by it until the index is made anew from the entries",
        folder = folder.display()
    )]
    IndexDiffers {
        /// Its folder.
        folder: PathBuf,
        /// The first difference.
        reason: String,
    },
    /// The store belongs to another user.
    #[error("the store {} belongs to another user", .0.display())]
    StoreOfAnother(PathBuf),
    /// The store's folder is not its own, and open to others.
    #[error(
        "the folder {folder} holds other things and is open to other users, and a store is for one \
         user alone: give it a folder of its own, or close this one with `chmod 700 {folder}`",
        folder = .0.display()
    )]
    StoreIsShared(PathBuf),
    /// There is no store to read.
    #[error("{} holds no journal", .0.display())]
    NoStore(PathBuf),
    /// The journal has no such run.
    #[error("there is no run {0}")]
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
        "the policy `{policy}` is paused: its last {runs} runs for the account `{account}` failed, \
         {last} last of all; mend it, or let it go on as it is"
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
         kept for you to look into"
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
    /// Several calls of the run could be settled, and none is named.
    #[error("run {run}: calls {} are in doubt: name one", listed(steps))]
    SeveralInDoubt {
        /// The run.
        run: String,
        /// The calls, counted from 0.
        steps: Vec<u64>,
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
    /// What is in the journal cannot be gone by, or could not be written. No money moves without it.
    #[error("the journal cannot be used: {0}")]
    Journal(String),
    /// The journal's database could not be opened or read. No money moves without it.
    #[error("the journal cannot be used")]
    Database(#[source] Box<dyn StdError + Send + Sync>),
    /// A file or folder of the store's could not be used.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
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
            true => f.write_str("; it can be resumed"),
            false => f.write_str(
                "; it cannot go on: it was a dry run, or its platform ends with this process",
            ),
        }
    }
}

impl Error {
    /// A name of the kind of error that stays as it is: `docs/errors.md` has all of them.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadFile(_) => "bad-file",
            Self::Component(_) => "not-a-component",
            Self::World { .. } => "wrong-world",
            Self::Account(_) => "unfit-account",
            Self::Input(_) => "bad-input",
            Self::NoPlan => "no-plan",
            Self::Artefacts { .. } => "artefacts-unusable",
            Self::StoreInUse { .. } => "store-in-use",
            Self::ArchiveIsStore(_) => "archive-is-store",
            Self::Stopped(_) => "stopped",
            Self::StoreIsOlder { .. } => "store-is-older",
            Self::IndexDiffers { .. } => "index-differs",
            Self::StoreOfAnother(_) => "store-of-another",
            Self::StoreIsShared(_) => "store-is-shared",
            Self::NoStore(_) => "no-store",
            Self::NoSuchRun(_) => "no-such-run",
            Self::KeyTaken { .. } => "key-taken",
            Self::QueueFull { .. } => "queue-full",
            Self::Paused { .. } => "paused",
            Self::Diverged { .. } => "diverged",
            Self::NotResumable { .. } => "not-resumable",
            Self::SeveralInDoubt { .. } => "several-in-doubt",
            Self::NotInDoubt { .. } => "not-in-doubt",
            Self::JournalFull { .. } => "journal-full",
            Self::Journal(_) => "journal-unusable",
            Self::Database(_) => "database-failed",
            Self::Io { .. } => "file-unusable",
            Self::Engine(_) => "engine-unusable",
        }
    }

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
                | Self::NoPlan
                | Self::NoStore(_)
                | Self::ArchiveIsStore(_)
                | Self::NoSuchRun(_)
                | Self::KeyTaken { .. }
                | Self::SeveralInDoubt { .. }
                | Self::NotInDoubt { .. }
        )
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// An error with all its causes, where only words are kept of it.
pub(crate) fn told(error: &dyn StdError) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}

/// Numbers, as a list in words.
pub(crate) fn listed(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}
