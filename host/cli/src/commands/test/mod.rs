//! `podhost test`: each scenario of a policy is run on an emulator and a store of its own, and what comes
//! of it is compared with what lies beside the scenario.

mod junit;
mod report;
mod watch;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, anyhow};
use pod_emulator::{Emulator, Options};
use pod_host::{
    PolicyFiles, RunOptions, ScriptMode, StableReceipt, check_within, parse_input, read_file,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    account, arguments,
    commands::{build, run::read_input},
    difference::{self, Difference},
    exit::{Failure, Status},
    host::prepare_to_try,
    scenario, terminal,
};

/// What may be expected of a run, in bytes.
const LARGEST: u64 = 64 << 20;

/// A receipt that is longer is expected in short, in bytes: nobody would read its difference.
const LONGEST_WHOLE: usize = 512 << 10;

/// What came of a scenario.
#[derive(Clone, Debug, Serialize)]
struct Outcome {
    scenario: String,
    #[serde(flatten)]
    verdict: Verdict,
    /// How long it took, its emulator's start included.
    milliseconds: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
enum Verdict {
    AsExpected,
    Different {
        differences: Vec<Difference>,
    },
    /// Nothing is expected of it yet.
    Missing,
    /// What came of it is expected from now on.
    Written {
        /// How the run ended.
        status: pod_host::Status,
    },
    /// There is no receipt to compare.
    Failed {
        reason: String,
    },
}

impl Verdict {
    fn is_well(&self) -> bool {
        matches!(self, Self::AsExpected | Self::Written { .. })
    }
}

pub async fn test(arguments: arguments::Test) -> Result<Status, Failure> {
    let arguments = Arc::new(arguments);
    if arguments.watch {
        return watch::rounds(&arguments).await;
    }
    round(&arguments).await
}

/// Runs all scenarios once.
async fn round(arguments: &Arc<arguments::Test>) -> Result<Status, Failure> {
    let files = Arc::new(build::find(&arguments.policy, arguments.building)?);
    let scenarios = scenario::all(&arguments.policy, &arguments.scenario, &files)?;
    compile(arguments, &files).await?;
    let outcomes = try_all(arguments, &files, scenarios).await?;
    if let Some(path) = &arguments.junit {
        let xml = junit::report(&files.name, &outcomes).map_err(Failure::platform)?;
        let written = fs::write(path, xml).with_context(|| path.display().to_string());
        written.map_err(Failure::platform)?;
    }
    if arguments.json {
        terminal::json(&json!({ "scenarios": outcomes }))?;
    } else {
        terminal::print(&report::readable(&outcomes));
    }
    let is_well = outcomes.iter().all(|outcome| outcome.verdict.is_well());
    Ok(if is_well { Status::Done } else { Status::Policy })
}

/// Compiles it for all of them, so that none waits for another that does.
async fn compile(arguments: &arguments::Test, files: &PolicyFiles) -> Result<(), Failure> {
    let folder = tempfile::tempdir().context("a folder").map_err(Failure::platform)?;
    let prepared = prepare_to_try(folder.path(), &arguments.cache, std::time::Duration::ZERO)?;
    Ok(prepared.compile(files, ScriptMode::AdHoc).await?)
}

async fn try_all(
    arguments: &Arc<arguments::Test>,
    files: &Arc<PolicyFiles>,
    scenarios: Vec<PathBuf>,
) -> Result<Vec<Outcome>, Failure> {
    let jobs = arguments.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        |jobs| jobs.get(),
    );
    let places = Arc::new(Semaphore::new(jobs));
    let mut running = JoinSet::new();
    for (number, file) in scenarios.into_iter().enumerate() {
        let (arguments, files, places) = (arguments.clone(), files.clone(), places.clone());
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            let began = Instant::now();
            let verdict = match try_one(&arguments, &files, &file).await {
                Ok(verdict) => verdict,
                Err(failure) => Verdict::Failed { reason: format!("{:#}", failure.error) },
            };
            let scenario = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            (number, Outcome { scenario, verdict, milliseconds })
        });
    }
    let mut outcomes = Vec::new();
    while let Some(done) = running.join_next().await {
        outcomes.push(done.map_err(Failure::platform)?);
    }
    outcomes.sort_by_key(|(number, _)| *number);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

async fn try_one(
    arguments: &arguments::Test,
    files: &PolicyFiles,
    file: &Path,
) -> Result<Verdict, Failure> {
    let (receipt, status) = run(arguments, files, file).await?;
    let beside = scenario::expected_beside(file);
    // What is written, or read, lies beside the scenario, whatever links there are.
    let folder = scenario::folder_of(file);
    check_within(folder, &beside).map_err(|reason| Failure::input(anyhow!(reason)))?;
    if arguments.update {
        return write(&beside, &receipt, status);
    }
    if !beside.is_file() {
        return Ok(Verdict::Missing);
    }
    let text = String::from_utf8(read_file(&beside, LARGEST)?)
        .map_err(|_| Failure::input(anyhow!("{}: is no text in UTF-8", beside.display())))?;
    let expected = parse_input(&beside, &text)?;
    let found = match expected.get("digest") {
        Some(_) => receipt.in_short(),
        None => receipt.whole().clone(),
    };
    let differences = difference::between("", &expected, &found);
    Ok(match differences.is_empty() {
        true => Verdict::AsExpected,
        false => Verdict::Different { differences },
    })
}

/// Runs the policy in one scenario.
async fn run(
    arguments: &arguments::Test,
    files: &PolicyFiles,
    file: &Path,
) -> Result<(StableReceipt, pod_host::Status), Failure> {
    let scenario = scenario::of_policy(file)?;
    let beside = scenario::input_beside(file);
    let input = match beside.is_file() {
        true => read_input(&format!("@{}", beside.display()))?,
        false => Value::Null,
    };
    let folder = tempfile::tempdir().context("a folder").map_err(Failure::platform)?;
    let window = scenario::landing_window(&scenario);
    let host = prepare_to_try(folder.path(), &arguments.cache, window)?.open().await?;
    let emulator = Emulator::start(Options { scenario, ..Options::default() });
    let emulator = emulator.await.map_err(Failure::platform)?;
    let account = account::in_process(&emulator).await?;
    let policy = host.load_files(files, ScriptMode::AdHoc).await?;
    let options = RunOptions { input, ..RunOptions::default() };
    let receipt = host.run_with(&policy, &account, options).await?;
    let stable = StableReceipt::of(&receipt, emulator.pay_url());
    emulator.stop().await.map_err(Failure::platform)?;
    Ok((stable, receipt.status))
}

/// Writes what is expected from now on; a file that says so already stays as it is.
fn write(
    beside: &Path,
    receipt: &StableReceipt,
    status: pod_host::Status,
) -> Result<Verdict, Failure> {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).map_err(Failure::platform);
    let mut text = pretty(receipt.whole())?;
    if text.len() > LONGEST_WHOLE {
        text = pretty(&receipt.in_short())?;
    }
    text.push('\n');
    if fs::read(beside).is_ok_and(|was| was == text.as_bytes()) {
        return Ok(Verdict::AsExpected);
    }
    fs::write(beside, text)
        .with_context(|| beside.display().to_string())
        .map_err(Failure::platform)?;
    Ok(Verdict::Written { status })
}
