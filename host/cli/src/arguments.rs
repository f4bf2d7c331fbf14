//! The command line.

mod author;
mod books;
mod store;

use std::{error::Error as _, net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    error::ContextKind,
};
use pod_host::Language;
use pod_operator::Destination;

pub use self::{
    author::{New, NewWorld, Test},
    books::{Doubts, Statement, StatementFormat},
    store::{
        Accept, Backup, Cache, Folders, Prune, Store, StoreCommand, StoreCommands, Verify, Waiting,
    },
};
use crate::{hint, terminal::foreign, when::When};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the policy failed or was refused
  2  bad usage or bad input
  3  the platform or the store failed
  4  of some payment nobody knows whether it took effect (podhost settle)
  5  another podhost has the store
  6  the policy is paused, because it kept failing (podhost unpause)
130, 143  it was told to stop, by SIGINT or SIGTERM: what was under way is recorded, and what is left
     can be resumed";

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

impl Arguments {
    fn parsed() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        hint::remember(&matches);
        Self::from_arg_matches(&matches)
    }

    /// The arguments of this process. What is wrong with one, or with a variable that stands in for one,
    /// is said with its value as it can be shown.
    pub fn read() -> Result<Self, clap::Error> {
        Self::parsed().map_err(|error| {
            // What we say of a value, we say of it as it is.
            if error.source().is_some() && error.get(ContextKind::InvalidArg).is_some() {
                return shown_of(&error);
            }
            let mut shown: Vec<String> = std::env::args_os()
                .map(|argument| foreign(argument.display()).to_string())
                .collect();
            // The name of the program is our own.
            if let Some(program) = shown.first_mut() {
                "podhost".clone_into(program);
            }
            let value = error.get(ContextKind::InvalidValue).map(ToString::to_string);
            let is_shown = |value: String| {
                let value = foreign(value).to_string();
                shown.iter().any(|argument| argument.contains(&value))
            };
            if !value.is_none_or(is_shown) {
                return shown_of(&error);
            }
            Self::try_parse_from(shown).err().unwrap_or_else(|| shown_of(&error))
        })
    }
}

/// What is wrong with arguments of which nothing is wrong any more as they can be shown, such as a
/// key with a line break, or with a variable.
fn shown_of(error: &clap::Error) -> clap::Error {
    let context = |kind| error.get(kind).map(|value| foreign(value).to_string());
    let value = context(ContextKind::InvalidValue);
    let message = match (value, context(ContextKind::InvalidArg), error.source()) {
        // A key may be what nobody else should read.
        (_, Some(argument), Some(why)) if argument.contains("--key") => {
            format!("invalid value for '{argument}': {}", foreign(why))
        }
        (Some(value), Some(argument), Some(why)) => {
            format!("invalid value '{value}' for '{argument}': {}", foreign(why))
        }
        _ => error.kind().to_string(),
    };
    clap::Error::raw(error.kind(), format!("{message}\n"))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    New(New),
    Run(Run),
    Runs(Runs),
    Show(Show),
    Explain(Explain),
    Resume(Resume),
    Doubts(Doubts),
    Settle(Settle),
    Statement(Statement),
    Unpause(Unpause),
    Replay(Replay),
    Verify(Verify),
    Test(Test),
    Crashtest(Crashtest),
    Backup(Backup),
    Prune(Prune),
    Store(StoreCommand),
    #[command(alias = "sandbox")]
    Emulator(Emulator),
    Build(Build),
    Check(Check),
    /// Print a completion script for a shell
    ///
    /// For bash, put this into ~/.bashrc: source <(podhost completions bash)
    Completions {
        shell: clap_complete::Shell,
    },
}

/// Run a policy once, and print its receipt
///
/// Without --platform and --account, the emulator is started in this process from a
/// scenario, on a loopback port, and ends with the run. With one of them, the run acts for an
/// account on a platform that is there already, such as POD itself. The receipt tells what was
/// decided, what was paid, and what was used; on a terminal as tables, with --json as one JSON
/// object on stdout.
#[derive(Args, Debug)]
#[command(after_help = RUN_EXAMPLES)]
pub struct Run {
    /// A folder with policy.toml, a .wasm, or a .rhai
    pub policy: PathBuf,
    /// The scenario that the emulator starts from [default: the policy's own]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["platform", "account"])]
    pub scenario: Option<PathBuf>,
    #[command(flatten)]
    pub building: Building,
    #[command(flatten)]
    pub acting: Acting,
    /// What the policy is run with: JSON, or @FILE with JSON in it
    ///
    /// A decider's input may name what to decide about, {"invoices": [501, 502]} or {"invoice":
    /// 501}, and state what no POD service returns: {"stated": {"wallet": {"PODLAND_WALLET":
    /// 5000000}, "delegations": [...], "loanCredits": [...]}}, in the scenario file's names.
    #[arg(long, value_name = "JSON|@FILE", default_value = "null", hide_default_value = true)]
    pub input: String,
    /// Your own name for this run: the same request under the same key is run once
    ///
    /// Asked for again, it answers the first run's receipt, and goes on with that run if it was cut
    /// off. Scoped to account and policy; with another input or option it is an error.
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub key: Option<String>,
    /// Decide and check, show what would be paid, and pay nothing (deciders only)
    #[arg(long)]
    pub plan_only: bool,
    /// Decide and say what would be paid; nothing that changes anything is sent
    ///
    /// Reads the real platform, and answers whatever would change something from a fork of what
    /// was read: an invoice that is paid so is paid for the rest of the run, and nowhere else. What
    /// POD cannot be asked for, such as a balance that nobody states, is assumed, and the receipt
    /// says so. Earlier runs that were cut off are not resumed.
    #[arg(long)]
    pub dry_run: bool,
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
    pub patience: Patience,
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
  podhost run plugins/netting --account bakery --dry-run
  podhost run plugins/netting --account bakery
  podhost run plugins/netting --account bakery --key 1399-03
  PODHOST_TOKEN=shop-api-token podhost run plugins/netting --platform http://127.0.0.1:8044";

/// List runs, the oldest first, and the policies that are paused
#[derive(Args, Debug)]
#[command(after_help = RUNS_EXAMPLES)]
pub struct Runs {
    /// Of the policy with this name
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// For this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// That stand so
    #[arg(long, value_name = "STATUS")]
    pub status: Option<RunStatus>,
    /// That were about to pay this invoice
    #[arg(long, value_name = "ID")]
    pub invoice: Option<u64>,
    /// Begun under this key
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Begun then or later: a Jalali day (1399/03/13), one with a time, or how long ago (36h, 7d)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Begun before that
    #[arg(long, value_name = "WHEN")]
    pub before: Option<When>,
    /// At most so many, the newest of them [default: 50; with --json, all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Begun before this run: the next page is asked for by the first run of this one
    #[arg(long, value_name = "RUN")]
    pub before_run: Option<String>,
    /// Print one JSON object: {"runs": [...], "more": is there another page?, "paused": [{"policy",
    /// "account", "platform", "runs", "last"}]}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub store: Store,
}

const RUNS_EXAMPLES: &str = "\
Examples:
  podhost runs --status unknown-outcome
  podhost runs --policy netting --since 7d
  podhost runs --limit 20 --before-run 0199ab12
  podhost runs --invoice 501 --json";

/// How a run stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RunStatus {
    /// As it should
    Done,
    /// The policy, or a call that it needed, failed
    Failed,
    /// What the policy proposed breaks a rule
    Refused,
    /// Of some call nobody knows whether it took effect
    UnknownOutcome,
    /// It was cut off, or is going on
    Unfinished,
    /// Executed again, it did something else than its journal says
    Diverged,
}

/// Show what a run was asked, what POD answered, and how its budget burned down
#[derive(Args, Debug)]
pub struct Show {
    /// The run's id, or how it begins or ends
    pub run: String,
    /// Print its receipt instead, as one JSON object
    #[arg(long, conflicts_with = "json")]
    pub receipt: bool,
    /// Print the timeline as one JSON object
    #[arg(long)]
    pub json: bool,
    /// The operator's podhost.toml, whose key signs receipts
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub store: Store,
}

/// Explain a run to whoever has to answer for it: its receipt and its course, or both as a page
///
/// The page is one file for a browser: what was paid from what, what is in doubt, budgets, reasons, and
/// each call. It loads nothing and runs nothing, and is dark where the browser is.
#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct Explain {
    /// The run's id, or how it begins or ends
    pub run: String,
    /// Write a page for a browser into this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The language of the page, or of the text's tables
    #[arg(long, value_name = "en|fa", env = "PODHOST_LANG", default_value = "en")]
    pub lang: Language,
    #[command(flatten)]
    pub store: Store,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  podhost explain 5d3e90b7
  podhost explain 5d3e90b7 --html run.html --lang fa";

/// Go on with runs that were cut off
///
/// A run is executed again from its beginning, with the policy and under the grant that it began
/// with. What its journal has is not done again; a call whose outcome nobody wrote down is looked
/// into first. Accounts are those of podhost.toml, or PODHOST_TOKEN's.
#[derive(Args, Debug)]
#[command(after_help = RESUME_EXIT_CODE)]
pub struct Resume {
    /// The runs' ids, or how they begin [default: all that were cut off]
    pub runs: Vec<String>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// The language of tables
    #[arg(long, value_name = "en|fa", env = "PODHOST_LANG", default_value = "en")]
    pub lang: Language,
    /// Print one JSON object: {"resumed": [receipts], "failed": [{"run", "reason"}]}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub patience: Patience,
    #[command(flatten)]
    pub folders: Folders,
}

const RESUME_EXIT_CODE: &str = "\
Of several runs the most urgent exit code counts: 4, then 130 or 143, 3, 5, 2, 6, 1.";

/// Show the evidence of a call in doubt, or decide what became of it
///
/// A call that nobody can prove holds its rials until a person decides. Without a decision, this
/// shows each call of the run that is in doubt, and what the platform shows of it now. What was decided
/// is corrected by deciding again, with --step: both decisions are kept, and the later one counts.
#[derive(Args, Debug)]
#[command(after_help = SETTLE_EXAMPLES)]
pub struct Settle {
    /// The run's id, or how it begins or ends
    pub run: String,
    /// The call, if several are in doubt, or to correct what was decided of it
    #[arg(long, value_name = "N")]
    pub step: Option<u64>,
    /// It took effect: what was held for it is spent
    #[arg(long, group = "decision", requires = "note")]
    pub happened: bool,
    /// It did not take effect: what was held for it is free
    #[arg(long, group = "decision", requires = "note")]
    pub not_happened: bool,
    /// POD's reference number, if you found it
    #[arg(long, value_name = "NUMBER", requires = "happened")]
    pub reference: Option<String>,
    /// How you know; it is kept in the journal
    #[arg(long, value_name = "TEXT", requires = "decision")]
    pub note: Option<String>,
    /// Who decides; it is kept in the journal [default: podhost.toml's `operator.name`]
    #[arg(long, value_name = "NAME", env = "PODHOST_OPERATOR")]
    pub by: Option<String>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print one JSON object: {"run", "doubts"}, or the receipt once it is decided
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub folders: Folders,
}

const SETTLE_EXAMPLES: &str = "\
Examples:
  podhost doubts
  podhost settle 0199ab12
  podhost settle 0199ab12 --happened --reference 5101032 --by sara --note \"on the statement\"
  podhost settle 0199ab12 --not-happened --by sara --note \"POD's support: never arrived\"
  podhost settle 0199ab12 --step 3 --happened --by reza --note \"it arrived after all\"";

/// Let a policy go on that was paused because it kept failing
///
/// A policy whose runs failed ten times, one after the other, is not run any more for that account.
/// Another version of it is.
#[derive(Args, Debug)]
pub struct Unpause {
    /// The id of one of the policy's runs, or how it begins or ends
    pub run: String,
    #[command(flatten)]
    pub folders: Folders,
}

/// Execute a run again against its journal alone, and compare
///
/// Nothing is called and nothing is written. Without --policy, output, error, log, fuel and memory
/// must be the same, and the chain of hashes unbroken; with it, the first difference is shown.
#[derive(Args, Debug)]
pub struct Replay {
    /// The run's id, or how it begins or ends
    pub run: String,
    /// Another version of the policy: where would it first do something else?
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<PathBuf>,
    #[command(flatten)]
    pub building: Building,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub folders: Folders,
}

/// Kill a policy's runs at every step of their journals, resume them, and compare
///
/// Each scenario is run once undisturbed, on an emulator of its own. Then it is run again for
/// each call that changes something, and the process is killed before the call is written down,
/// after that, after its effect, and after its outcome is written down; the run is resumed, and the
/// platform's books and the receipt must be those of the undisturbed run.
#[derive(Args, Debug)]
#[command(after_help = CRASHTEST_EXAMPLES)]
pub struct Crashtest {
    /// A folder with policy.toml, a .wasm, or a .rhai
    pub policy: PathBuf,
    /// The scenarios [default: all of the policy's folder `scenarios`, or the manifest's]
    #[arg(long, value_name = "FILE")]
    pub scenario: Vec<PathBuf>,
    #[command(flatten)]
    pub building: Building,
    /// What the policy is run with: JSON, or @FILE with JSON in it
    #[arg(long, value_name = "JSON|@FILE", default_value = "null", hide_default_value = true)]
    pub input: String,
    /// At most so many kills for a scenario; a larger one is sampled
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub kills: usize,
    /// So many kills at once, each with a platform and a store of its own [default: as many as cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// How long after it was sent a call that nobody answered may still take effect
    ///
    /// By default 200 milliseconds, the platform being in this process, and as much more as the
    /// scenario's faults let calls land late.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub landing_window: Option<Duration>,
    /// What the sample is drawn by
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub cache: Cache,
}

const CRASHTEST_EXAMPLES: &str = "\
Examples:
  podhost crashtest plugins/netting
  podhost crashtest plugins/month --scenario plugins/month/scenarios/small.json
  podhost crashtest plugins/netting --kills 40 --seed 7 --json

Exit code 0: all kills came to the same end; 1: some did not.";

/// Whether a policy's folder may be built.
#[derive(Args, Clone, Copy, Debug)]
pub struct Building {
    /// Build the policy first if its component is missing or older than its crate
    ///
    /// This runs the folder's own code (build scripts, procedural macros) as this user, outside the
    /// sandbox, as `podhost build` does. Without it, nothing of a folder is run but the policy.
    #[arg(long)]
    pub build: bool,
}

/// How long to look into a call that nobody answered.
#[derive(Args, Debug)]
pub struct Patience {
    /// How long after it was sent a call that nobody answered may still take effect [default: 10s]
    ///
    /// For so long the platform is looked at before the call's outcome counts as unknown.
    #[arg(long, value_name = "TIME", env = "PODHOST_LANDING_WINDOW", value_parser = duration)]
    pub landing_window: Option<Duration>,
}

fn key(text: &str) -> Result<String, pod_host::Error> {
    pod_host::check_key(text).map(|()| text.to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is like 500ms, 10s or 2m".to_owned();
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

/// Serve the emulator until stopped
///
/// It speaks POD's wire format; docs/emulator.md says which clients were tried. The first line on stdout
/// is a JSON object with its addresses: {"platform": URL, "pay": URL, "file": URL}.
///
/// Open the "pay" address in a browser to look around and to pay invoices. Under /emulator/ there is
/// a control API: it moves the clock, reads SMS and answers them, shows the ledger. All of it is
/// described in docs/emulator.md.
#[derive(Args, Debug)]
#[command(after_help = EMULATOR_EXAMPLES)]
pub struct Emulator {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8044")]
    pub listen: SocketAddr,
    /// Keep the platform's state in this file; without it, in memory
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What an empty platform starts from
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Fork an account's platform: begin where it stands, and change nothing there
    ///
    /// What is needed is read from the account's platform, POD itself for example, with the account's
    /// token; whatever changes, changes here only, and is gone when the emulator stops. The account's
    /// name is the token that the fork is called with. docs/emulator.md says what a fork cannot know.
    #[arg(long, value_name = "ACCOUNT", conflicts_with_all = ["data", "scenario"])]
    pub fork: Option<String>,
    /// The platform that is forked [default: the account's own]
    #[arg(long, value_name = "production|sandbox|local|URL", requires = "fork")]
    pub platform: Option<Destination>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
}

const EMULATOR_EXAMPLES: &str = "\
Examples:
  podhost emulator --scenario plugins/netting/scenarios/small.json
  podhost emulator --fork bakery
  PODHOST_TOKEN=bakery podhost run plugins/netting --platform local
  curl http://127.0.0.1:8044/emulator/clock --json '{\"advance\": \"36h\"}'
  curl http://127.0.0.1:8044/emulator/sms";

/// Build a policy's component from its crate
///
/// Compiles the crate for wasm32-unknown-unknown with the first compiler that is there: the
/// ordinary one (`rustup target add wasm32-unknown-unknown`), or Debian's (`apt-get install
/// rustc-web rust-web-src`). The component is written to the `entry` of policy.toml.
///
/// This runs the folder's own code (build scripts, procedural macros) as this user, outside the
/// sandbox, with an environment that holds no token. No other command does that, unless it is given
/// --build.
#[derive(Args, Debug)]
pub struct Build {
    /// A folder with policy.toml and Cargo.toml
    #[arg(default_value = ".")]
    pub policy: PathBuf,
}

/// Show what a policy imports, what it asks for, and what it is granted
///
/// Nothing is run, and nothing is built, but the policy is loaded as for a run: a component is linked,
/// a script is parsed, and what is suspicious in it is told. What is granted is what both policy.toml
/// asks for and podhost.toml grants, in [policy.NAME]; without a podhost.toml it is what the policy
/// asks for, as on the emulator. A script's interpreter imports everything, so of a script only what
/// it asks for counts. A policy that is paused, because it kept failing, is said to be.
#[derive(Args, Debug)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// A folder with policy.toml, a .wasm, or a .rhai
    pub policy: PathBuf,
    #[command(flatten)]
    pub building: Building,
    /// The account that it is to act for [default: its own, as podhost.toml says]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub cache: Cache,
    #[command(flatten)]
    pub store: Store,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  podhost check plugins/netting
  podhost check plugins/netting --account bakery
  podhost check plugins/month --config podhost.toml --json

Exit code 0: all that it asks for is granted to it as it is, and it imports nothing else; 1: not so.";

/// Whom to act for, and where.
#[derive(Args, Debug)]
pub struct Acting {
    /// The platform to act on [default: the account's own]
    ///
    /// POD itself (production), POD's own sandbox (sandbox), the platform that `podhost emulator`
    /// serves at its default address (local), or one at a URL. On the last two, the environment
    /// variable PODHOST_TOKEN can hold a token to act with, and no account is needed.
    #[arg(long, value_name = "production|sandbox|local|URL")]
    pub platform: Option<Destination>,
    /// The account to act for [default: the policy's own, as podhost.toml says]
    ///
    /// A policy belongs to one account and acts for no other: [policy.NAME] says for which, and what
    /// the policy may do. What it may do is what its policy.toml asks for, too.
    ///
    /// podhost.toml describes accounts: [account.NAME] with the platform, and where the token is, in
    /// an environment variable, a file, or with a program that prints it. No secret stands in it.
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// The operator's podhost.toml [default: ./podhost.toml, or the one in your settings folder]
    #[arg(long, value_name = "FILE", env = "PODHOST_CONFIG")]
    pub config: Option<PathBuf>,
}
