//! The commands that keep a store, and what names one.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use pod_host::ARTEFACTS_AT_MOST;

use super::duration;
use crate::when::When;

/// Check a receipt, or a whole store
///
/// Of a receipt: its signature and, if the run is in the store, its journal. Of a store: each run's
/// chain of hashes, and whether what it is searched by – heads, keys, invoices, what was used of
/// allowances – is what the entries come to.
#[derive(Args, Debug)]
#[command(after_help = VERIFY_EXAMPLES)]
pub struct Verify {
    /// The receipt, a file with the JSON object that `podhost run --json` prints; `-` for stdin
    #[arg(conflicts_with_all = ["rebuild", "json"])]
    pub receipt: Option<PathBuf>,
    /// The key that it must be signed with: 64 hexadecimal digits [default: podhost.toml's]
    #[arg(long, value_name = "PUBLIC KEY")]
    pub key: Option<pod_host::PublicKey>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the journal is kept [default: podhost in your data folder]; without a receipt, all of
    /// it is checked
    #[arg(long, value_name = "DIR", env = "PODHOST_STORE", num_args = 0..=1)]
    pub store: Option<Option<PathBuf>>,
    /// Make anew what the store is searched by, from entries whose chain is unbroken
    #[arg(long)]
    pub rebuild: bool,
    /// Print what is found of a store as one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub waiting: Waiting,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  podhost verify receipt.json
  podhost verify --store
  podhost verify --store /srv/podhost --rebuild

Exit code 0: all is as it should be; 1: not so.";

/// Say that a store is to be gone by
#[derive(Args, Debug)]
pub struct StoreCommand {
    #[command(subcommand)]
    pub command: StoreCommands,
}

#[derive(Debug, Subcommand)]
pub enum StoreCommands {
    Accept(Accept),
}

/// Trust a store although it is older or shorter than it was
///
/// Shows what the store is known to have had and what it has, and writes down who trusts it so. Before
/// that, nothing is paid by it. What was paid after its end is unknown to it: look at the platform
/// first.
#[derive(Args, Debug)]
pub struct Accept {
    /// Who says so; it is kept in the store [default: podhost.toml's `operator.name`, or else $USER]
    #[arg(long, value_name = "NAME", env = "PODHOST_OPERATOR")]
    pub by: Option<String>,
    /// Why; it is kept in the store
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub store: Store,
    #[command(flatten)]
    pub waiting: Waiting,
}

/// Copy the store to a new folder, while runs go on
#[derive(Args, Debug)]
pub struct Backup {
    /// The new folder
    pub to: PathBuf,
    #[command(flatten)]
    pub store: Store,
}

/// Take old runs out of the store, into an archive if one is given
///
/// Only runs that have ended and wait for nobody go. The store keeps of each its length and its last
/// hash, so that the archived chain can be proven, and its key, so that it is not run again.
#[derive(Args, Debug)]
pub struct Prune {
    /// Begun before that: a Jalali day (1399/03/13), one with a time, or how long ago (90d)
    #[arg(long, value_name = "WHEN")]
    pub before: When,
    /// Move them to this store, where `podhost show --store DIR` finds them; without, they are gone
    #[arg(long, value_name = "DIR")]
    pub archive: Option<PathBuf>,
    #[command(flatten)]
    pub folders: Folders,
}

/// Where the journal is.
#[derive(Args, Debug)]
pub struct Store {
    /// Where the journal of all runs is kept [default: podhost in your data folder]
    #[arg(long, value_name = "DIR", env = "PODHOST_STORE")]
    pub store: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Folders {
    /// Where the journal of all runs is kept [default: podhost in your data folder]
    #[arg(long, value_name = "DIR", env = "PODHOST_STORE")]
    pub store: Option<PathBuf>,
    #[command(flatten)]
    pub cache: Cache,
    #[command(flatten)]
    pub waiting: Waiting,
}

/// Where compiled components are kept, and how much of them.
#[derive(Args, Clone, Debug)]
pub struct Cache {
    /// Where compiled components are kept [default: podhost in your cache folder]
    #[arg(long, value_name = "DIR", env = "PODHOST_CACHE")]
    pub cache: Option<PathBuf>,
    /// How many bytes of them may lie there: those go that were not used for the longest time
    #[arg(
        long,
        value_name = "BYTES",
        env = "PODHOST_CACHE_AT_MOST",
        default_value_t = ARTEFACTS_AT_MOST
    )]
    pub cache_at_most: u64,
}

/// For how long another process's store is waited for, unless it is said.
const WAIT: Duration = Duration::from_secs(600);

/// What to do while another process has the store.
#[derive(Args, Debug)]
pub struct Waiting {
    /// Wait so long for the store if another podhost has it; without a time, as long as it takes
    /// [default: 10m]
    ///
    /// One process has a store at a time. Those that wait get it in the order in which they came.
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        value_parser = duration
    )]
    pub wait: Option<Option<Duration>>,
    /// Do not wait for the store: exit with code 5 at once
    #[arg(long, conflicts_with = "wait")]
    pub no_wait: bool,
}

impl Waiting {
    /// How long to wait.
    pub fn at_most(&self) -> Duration {
        match self.wait {
            _ if self.no_wait => Duration::ZERO,
            None => WAIT,
            Some(time) => time.unwrap_or(Duration::MAX),
        }
    }
}
