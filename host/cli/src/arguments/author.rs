//! The commands for whoever writes a policy.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{Building, Cache};

/// Begin a policy: a script, its policy.toml, a scenario, and what is expected in it
///
/// What it makes runs as it is, and passes `podhost test`.
#[derive(Args, Debug)]
#[command(after_help = NEW_EXAMPLES)]
pub struct New {
    /// The folder to make; its name is the policy's
    pub folder: PathBuf,
    /// What it decides [default: it is asked for on a terminal]
    #[arg(long, value_name = "WORLD")]
    pub world: Option<NewWorld>,
}

const NEW_EXAMPLES: &str = "\
Examples:
  podhost new first-fit --world netting
  podhost test first-fit";

/// What a new policy decides.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum NewWorld {
    /// Whatever it likes, by calls of its own
    Policy,
    /// Which debts are paid out of which paid invoices
    Netting,
    /// Whose delegated credit pays which invoices
    Delegation,
    /// Which loan pays an invoice
    LoanPlan,
}

/// Run a policy in its scenarios, and compare what comes of it with what is expected
///
/// Each scenario is run on an emulator and a store of its own, several at once, with what lies beside
/// it as NAME.input.json. What is expected of it lies there as NAME.expected.json: how the run ended,
/// its answer, its effects, what was denied, its log, and its calls and rials. --update writes that
/// file; look at its difference before you keep it.
#[derive(Args, Debug)]
#[command(after_help = TEST_EXAMPLES)]
pub struct Test {
    /// A folder with policy.toml, a .wasm, or a .rhai
    #[arg(default_value = ".")]
    pub policy: PathBuf,
    /// The scenarios [default: all of the policy's folder `scenarios`, or the manifest's]
    #[arg(long, value_name = "FILE")]
    pub scenario: Vec<PathBuf>,
    #[command(flatten)]
    pub building: Building,
    /// Write what came of each run as what is expected of it
    #[arg(long)]
    pub update: bool,
    /// Try again whenever a file of the policy's folder changes, until it is interrupted
    #[arg(long)]
    pub watch: bool,
    /// So many scenarios at once [default: as many as cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Write what came of them for a build server, too, as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print one JSON object: {"scenarios": [{"scenario", "verdict": "as-expected" | "different" |
    /// "missing" | "written" | "failed", "differences"?, "reason"?, "milliseconds"}]}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub cache: Cache,
}

const TEST_EXAMPLES: &str = "\
Examples:
  podhost test plugins/netting
  podhost test plugins/netting/netting.rhai --watch
  podhost test plugins/netting --scenario plugins/netting/scenarios/small.json --update
  podhost test plugins/netting --junit netting.xml

Exit code 0: all came to what is expected; 1: some did not, or nothing is expected of them yet.";
