//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use pod_host::Language;

use crate::destination::Destination;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the policy failed or was refused
  2  bad usage or bad input
  3  the platform or the store failed";

/// Runs merchants' policies safely on the POD payments platform.
///
/// A policy is a sandboxed program, a WebAssembly component or a Rhai script, that decides about
/// money: every call it makes is authorised, metered and journalled.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(Run),
    Sandbox(Sandbox),
    Build(Build),
    /// Print a completion script for a shell
    ///
    /// For bash, put this into ~/.bashrc: source <(podhost completions bash)
    Completions {
        shell: clap_complete::Shell,
    },
}

/// Run a policy once, and print its receipt
///
/// Without --platform and --account, the local POD platform is started in this process from a
/// scenario, on a loopback port, and ends with the run. With one of them, the run acts for an
/// account on a platform that is there already, such as POD itself. The receipt tells what was
/// decided, what was paid, and what was used; on a terminal as tables, with --json as one JSON
/// object on stdout.
#[derive(Args, Debug)]
#[command(after_help = RUN_EXAMPLES)]
pub struct Run {
    /// A folder with policy.toml, a .wasm, or a .rhai
    pub policy: PathBuf,
    /// The scenario that the local platform starts from [default: the policy's own]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["platform", "account"])]
    pub scenario: Option<PathBuf>,
    #[command(flatten)]
    pub acting: Acting,
    /// What the policy is run with: JSON, or @FILE with JSON in it
    ///
    /// A decider's input may name what to decide about, {"invoices": [501, 502]} or {"invoice":
    /// 501}, and state what no POD service returns: {"stated": {"wallet": {"PODLAND_WALLET":
    /// 5000000}, "delegations": [...], "loanCredits": [...]}}, in the scenario file's names.
    #[arg(long, value_name = "JSON|@FILE", default_value = "null", hide_default_value = true)]
    pub input: String,
    /// Decide and check, show what would be paid, and pay nothing (deciders only)
    #[arg(long)]
    pub plan_only: bool,
    /// What to do when a payment of a plan fails [default: the policy's `on-failure`]
    #[arg(long, value_name = "WHAT")]
    pub on_failure: Option<OnFailure>,
    /// The language of reasons and tables
    #[arg(long, value_name = "en|fa", env = "PODHOST_LANG", default_value = "en")]
    pub lang: Language,
    /// Print the receipt as one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub folders: Folders,
}

/// What to do when a payment of a plan fails.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OnFailure {
    /// Pay nothing more
    Stop,
    /// Go on with the next payment
    GoOn,
}

impl From<OnFailure> for pod_host::OnFailure {
    fn from(what: OnFailure) -> Self {
        match what {
            OnFailure::Stop => Self::Stop,
            OnFailure::GoOn => Self::GoOn,
        }
    }
}

const RUN_EXAMPLES: &str = "\
Examples:
  podhost run plugins/netting
  podhost run plugins/delegation --plan-only --lang fa
  podhost run plugins/loan-plan --input '{\"invoice\": 700}'
  podhost run plugins/month
  podhost run plugins/netting/netting.rhai --json
  podhost run plugins/netting --scenario plugins/netting/scenarios/month.json
  podhost run plugins/netting --account bakery
  PODHOST_TOKEN=shop-api-token podhost run plugins/netting --platform http://127.0.0.1:8044";

/// Serve the local POD platform until stopped
///
/// It speaks POD's wire format, so that any POD client works against it. The first line on stdout
/// is a JSON object with its addresses: {"platform": URL, "pay": URL, "file": URL}.
///
/// Open the "pay" address in a browser to look around and to pay invoices. Under /sandbox/ there is
/// a control API: it moves the clock, reads SMS and answers them, shows the ledger. All of it is
/// described in docs/local-platform.md.
#[derive(Args, Debug)]
#[command(after_help = SANDBOX_EXAMPLES)]
pub struct Sandbox {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8044")]
    pub listen: SocketAddr,
    /// Keep the platform's state in this file; without it, in memory
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What an empty platform starts from
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
}

const SANDBOX_EXAMPLES: &str = "\
Examples:
  podhost sandbox --scenario plugins/netting/scenarios/small.json
  curl http://127.0.0.1:8044/sandbox/clock --json '{\"advance\": \"36h\"}'
  curl http://127.0.0.1:8044/sandbox/sms";

/// Build a policy's component from its crate
///
/// Compiles the crate for wasm32-unknown-unknown with the first compiler that is there: the
/// ordinary one (`rustup target add wasm32-unknown-unknown`), or Debian's (`apt-get install
/// rustc-web rust-web-src`). The component is written to the `entry` of policy.toml.
#[derive(Args, Debug)]
pub struct Build {
    /// A folder with policy.toml and Cargo.toml
    #[arg(default_value = ".")]
    pub policy: PathBuf,
}

/// Whom to act for, and where.
#[derive(Args, Debug)]
pub struct Acting {
    /// The platform to act on [default: the account's own]
    ///
    /// POD itself (production), POD's own sandbox (sandbox), the platform that `podhost sandbox`
    /// serves at its default address (local), or one at a URL. On the last two, the environment
    /// variable PODHOST_TOKEN can hold a token to act with, and no account is needed.
    #[arg(long, value_name = "production|sandbox|local|URL")]
    pub platform: Option<Destination>,
    /// The account to act for [default: the only one of podhost.toml]
    ///
    /// podhost.toml describes accounts: [account.NAME] with the platform, and where the token is, in
    /// an environment variable, a file, or with a program that prints it. No secret stands in it.
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Folders {
    /// Where the journal of all runs is kept [default: podhost in your data folder]
    #[arg(long, value_name = "DIR", env = "PODHOST_STORE")]
    pub store: Option<PathBuf>,
    /// Where compiled components are kept [default: podhost in your cache folder]
    #[arg(long, value_name = "DIR", env = "PODHOST_CACHE")]
    pub cache: Option<PathBuf>,
}
