//! `podhost test`: each scenario of a policy is run on an emulator and a store of its own, and what comes
//! of it is compared with what lies beside the scenario.

mod junit;
mod report;
mod watch;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use pod_emulator::{Emulator, Options};
use pod_host::{
    PolicyFiles, Receipt, RunError, RunOptions, ScriptMode, StableReceipt, parse_input, read_file,
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
    scenario,
    signals::{self, Signals},
    terminal,
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
    /// Why the run did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RunError>,
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
        /// Does its platform's clock stand where the scenario says, and not where the machine's does?
        has_time: bool,
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
    let signals = Signals::listen()?;
    let arguments = Arc::new(arguments);
    if arguments.watch {
        return watch::rounds(&arguments, &signals).await;
    }
    round(&arguments, &signals).await
}

/// Runs all scenarios once.
async fn round(arguments: &Arc<arguments::Test>, signals: &Signals) -> Result<Status, Failure> {
    let name = scenario::folder_of(&arguments.policy).display().to_string();
    let tried = async {
        let files = Arc::new(build::find(&arguments.policy, arguments.building)?);
        let scenarios = scenario::all(&arguments.policy, &arguments.scenario, &files)?;
        signals.unless_told(compile(arguments, &files)).await?;
        let count = scenarios.len();
        Ok::<_, Failure>((
            files.name.clone(),
            count,
            try_all(arguments, &files, scenarios, signals).await?,
        ))
    };
    let (policy, count, outcomes) = match tried.await {
        Ok(tried) => tried,
        Err(failure) => {
            // A build server is told so, too, and does not find an older answer.
            let reason = format!("{:#}", failure.error);
            let verdict = Verdict::Failed { reason };
            let outcome = Outcome { scenario: name.clone(), verdict, error: None, milliseconds: 0 };
            write_junit(arguments, &name, &[outcome])?;
            return Err(failure);
        }
    };
    if arguments.json {
        terminal::json(&json!({ "scenarios": outcomes }))?;
    } else {
        terminal::print(&report::readable(&outcomes));
    }
    write_junit(arguments, &policy, &outcomes)?;
    if let Some(status) = signals::received()
        && outcomes.len() < count
    {
        let done = outcomes.len();
        let error = anyhow!("stopped at your request: {done} of {count} scenarios were tried");
        return Err(Failure { status, error });
    }
    let is_well = outcomes.iter().all(|outcome| outcome.verdict.is_well());
    Ok(if is_well { Status::Done } else { Status::Policy })
}

fn write_junit(
    arguments: &arguments::Test,
    policy: &str,
    outcomes: &[Outcome],
) -> Result<(), Failure> {
    let Some(path) = &arguments.junit else { return Ok(()) };
    let xml = junit::report(policy, outcomes).map_err(Failure::platform)?;
    fs::write(path, xml)
        .with_context(|| format!("{} cannot be written", path.display()))
        .map_err(Failure::input)
}

/// Compiles it for all of them, so that none waits for another that does.
async fn compile(arguments: &arguments::Test, files: &PolicyFiles) -> Result<(), Failure> {
    let folder = tempfile::tempdir().context(TEMPORARY).map_err(Failure::platform)?;
    let prepared = prepare_to_try(folder.path(), &arguments.cache, Duration::ZERO)?;
    Ok(prepared.compile(files, ScriptMode::AdHoc).await?)
}

/// What cannot be made.
const TEMPORARY: &str = "a temporary folder (TMPDIR)";

/// What came of each, in their order; of those that were finished before the first signal.
async fn try_all(
    arguments: &Arc<arguments::Test>,
    files: &Arc<PolicyFiles>,
    scenarios: Vec<PathBuf>,
    signals: &Signals,
) -> Result<Vec<Outcome>, Failure> {
    let jobs = arguments.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        |jobs| jobs.get(),
    );
    let names = names(&scenarios);
    let places = Arc::new(Semaphore::new(jobs));
    let mut running = JoinSet::new();
    for (number, (file, scenario)) in scenarios.into_iter().zip(names).enumerate() {
        let (arguments, files, places) = (arguments.clone(), files.clone(), places.clone());
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            let began = Instant::now();
            let (verdict, error) = match try_one(&arguments, &files, &file).await {
                Ok(tried) => tried,
                Err(failure) => (Verdict::Failed { reason: format!("{:#}", failure.error) }, None),
            };
            let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            (number, Outcome { scenario, verdict, error, milliseconds })
        });
    }
    let mut outcomes = Vec::new();
    loop {
        let done = tokio::select! {
            done = running.join_next() => done,
            () = signals.first() => {
                // Each run's store goes with its task.
                running.shutdown().await;
                None
            }
        };
        let Some(done) = done else { break };
        outcomes.push(done.map_err(Failure::platform)?);
    }
    outcomes.sort_by_key(|(number, _)| *number);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// What scenarios are called: by their files' names, where these tell them apart.
fn names(scenarios: &[PathBuf]) -> Vec<String> {
    let stem = |file: &PathBuf| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut counts = BTreeMap::<String, usize>::new();
    for file in scenarios {
        *counts.entry(stem(file)).or_default() += 1;
    }
    let name = |file: &PathBuf| match counts.get(&stem(file)) {
        Some(1) => stem(file),
        _ => file.display().to_string(),
    };
    scenarios.iter().map(name).collect()
}

async fn try_one(
    arguments: &arguments::Test,
    files: &PolicyFiles,
    file: &Path,
) -> Result<(Verdict, Option<RunError>), Failure> {
    scenario::check(&arguments.policy, file)?;
    let Tried { receipt, stable, has_time } = run(arguments, files, file).await?;
    let beside = scenario::expected_beside(file);
    let verdict = if arguments.update {
        write(&beside, &stable, receipt.status, has_time)?
    } else if beside.exists() {
        compare(&beside, &stable)?
    } else {
        Verdict::Missing
    };
    Ok((verdict, receipt.error))
}

fn compare(beside: &Path, stable: &StableReceipt) -> Result<Verdict, Failure> {
    let text = String::from_utf8(read_file(beside, LARGEST)?)
        .map_err(|_| Failure::input(anyhow!("{}: is no text in UTF-8", beside.display())))?;
    let expected = parse_input(beside, &text)?;
    let found = match expected.get("digest") {
        Some(_) => stable.in_short(),
        None => stable.whole().clone(),
    };
    let differences = difference::between("", &expected, &found);
    Ok(match differences.is_empty() {
        true => Verdict::AsExpected,
        false => Verdict::Different { differences },
    })
}

struct Tried {
    receipt: Receipt,
    stable: StableReceipt,
    has_time: bool,
}

/// Runs the policy in one scenario.
async fn run(
    arguments: &arguments::Test,
    files: &PolicyFiles,
    file: &Path,
) -> Result<Tried, Failure> {
    let scenario = scenario::of_policy(file)?;
    let has_time = scenario.now.is_some();
    let beside = scenario::input_beside(file);
    let input = match beside.exists() {
        true => read_input(&format!("@{}", beside.display()))?,
        false => Value::Null,
    };
    let folder = tempfile::tempdir().context(TEMPORARY).map_err(Failure::platform)?;
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
    Ok(Tried { receipt, stable, has_time })
}

/// Writes what is expected from now on; a file that says so already stays as it is.
fn write(
    beside: &Path,
    stable: &StableReceipt,
    status: pod_host::Status,
    has_time: bool,
) -> Result<Verdict, Failure> {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).map_err(Failure::platform);
    let mut text = pretty(stable.whole())?;
    if text.len() > LONGEST_WHOLE {
        text = pretty(&stable.in_short())?;
    }
    text.push('\n');
    if fs::read(beside).is_ok_and(|was| was == text.as_bytes()) {
        return Ok(Verdict::AsExpected);
    }
    fs::write(beside, text)
        .with_context(|| format!("{} cannot be written", beside.display()))
        .map_err(Failure::platform)?;
    Ok(Verdict::Written { status, has_time })
}
