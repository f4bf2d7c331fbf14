//! `podhost crashtest`: each run is killed at every point of its course, by a signal that no process
//! can catch, and must come to the same end as one that nobody disturbed.

mod compare;
mod process;
mod report;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use pod_emulator::{Books, Emulator, Options, Scenario};
use pod_host::{Receipt, journal::Journal};
use serde::Serialize;

use crate::{
    arguments,
    commands::build,
    exit::{Failure, Status},
    hold::POINTS,
    scenario, terminal,
};

use compare::Verdict;
use process::Runner;
use report::Progress;

/// A call that changes something.
#[derive(Clone, Debug, Serialize)]
struct Step {
    step: u64,
    service: String,
    #[serde(skip)]
    effect_class: String,
}

/// A kill, and what came of it.
#[derive(Clone, Debug, Serialize)]
struct Kill {
    #[serde(flatten)]
    step: Step,
    point: &'static str,
    #[serde(flatten)]
    verdict: Verdict,
}

/// What came of one scenario.
#[derive(Debug, Serialize)]
struct Outcome {
    scenario: String,
    /// Calls that change something.
    steps: usize,
    /// All points at which it can be killed; of a sample, more than there are kills.
    points: usize,
    kills: Vec<Kill>,
}

pub async fn crashtest(arguments: arguments::Crashtest) -> Result<Status, Failure> {
    let files = build::find(&arguments.policy, arguments.building)?;
    let scenarios = scenario::all(&arguments.policy, &arguments.scenario, &files)?;
    let progress = Progress::new();
    let mut outcomes = Vec::new();
    for scenario in &scenarios {
        scenario::check(&arguments.policy, scenario)?;
    }
    for scenario in scenarios {
        outcomes.push(try_scenario(&arguments, &scenario, &progress).await?);
    }
    progress.clear();
    if arguments.json {
        terminal::json(&serde_json::json!({ "scenarios": outcomes }))?;
    } else {
        terminal::print(&report::readable(&outcomes));
    }
    let mut kills = outcomes.iter().flat_map(|outcome| &outcome.kills);
    let is_different = kills.any(|kill| kill.verdict.is_different());
    Ok(if is_different { Status::Policy } else { Status::Done })
}

async fn try_scenario(
    arguments: &arguments::Crashtest,
    file: &Path,
    progress: &Progress,
) -> Result<Outcome, Failure> {
    let scenario = scenario::of_policy(file)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let runner = Runner::new(arguments, file, &scenario)?;
    progress.begins(&name);
    let undisturbed = Trial::begin(&scenario).await?;
    let receipt = runner.run(&undisturbed).await?;
    let steps = undisturbed.steps(&receipt).await?;
    let expected = (receipt, undisturbed.end().await?);

    let all: Vec<(Step, usize)> = steps
        .iter()
        .flat_map(|step| (0..POINTS.len()).map(|point| (step.clone(), point)))
        .collect();
    let points = all.len();
    let chosen = sample(all, arguments.kills, arguments.seed);
    progress.kills(&name, chosen.len(), points);
    let jobs = arguments.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        |jobs| jobs.get(),
    );
    let kills: Vec<Result<Kill, Failure>> = stream::iter(chosen)
        .map(|(step, point)| {
            let (runner, scenario, expected, name) = (&runner, &scenario, &expected, &name);
            async move {
                let (number, point) = (step.step, POINTS[point].1);
                let kill = kill(runner, scenario, expected, step, point).await;
                progress.killed(name, number, point);
                kill
            }
        })
        .buffered(jobs)
        .collect()
        .await;
    let kills = kills.into_iter().collect::<Result<_, _>>()?;
    Ok(Outcome { scenario: name, steps: steps.len(), points, kills })
}

async fn kill(
    runner: &Runner,
    scenario: &Scenario,
    expected: &(Receipt, Books),
    step: Step,
    point: &'static str,
) -> Result<Kill, Failure> {
    let trial = Trial::begin(scenario).await?;
    let resumed = runner.kill_and_resume(&trial, step.step, point).await;
    let books = trial.end().await?;
    let verdict = match resumed {
        Ok(receipt) => {
            compare::verdict(expected, &(receipt, books), &step.service, &step.effect_class)
        }
        Err(failure) => Verdict::Lost { reason: format!("{:#}", failure.error) },
    };
    Ok(Kill { step, point, verdict })
}

/// A platform and a store of their own, for one run.
struct Trial {
    pod: Emulator,
    folder: tempfile::TempDir,
}

impl Trial {
    async fn begin(scenario: &Scenario) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().context("a folder").map_err(Failure::platform)?;
        let options = Options {
            data: Some(folder.path().join("platform.sqlite")),
            scenario: scenario.clone(),
            // A fault that a repeat meets, or that a repeat is counted for, would be a difference.
            repeats_are_one_call: true,
            ..Options::default()
        };
        let pod = Emulator::start(options).await.map_err(Failure::platform)?;
        Ok(Self { pod, folder })
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// What a process printed, but for the platform's address: each trial has another.
    fn without_address(&self, printed: &[u8]) -> String {
        let pay = self.pod.pay_url();
        String::from_utf8_lossy(printed).replace(pay, "http://platform")
    }

    /// The calls of a run that change something.
    async fn steps(&self, receipt: &Receipt) -> Result<Vec<Step>, Failure> {
        let journal = Journal::read_only(&self.store()).await?;
        let entries = journal.entries(&receipt.run).await?;
        let step = |entry: &pod_host::journal::Entry| match entry {
            pod_host::journal::Entry::Intent(intent) => Some(Step {
                step: intent.step,
                service: intent.service.clone(),
                effect_class: intent.effect_class.clone(),
            }),
            _ => None,
        };
        Ok(entries.iter().filter_map(|stored| step(&stored.entry)).collect())
    }

    /// What is in the platform's books at the end.
    async fn end(self) -> Result<Books, Failure> {
        let books = self.pod.books().await.map_err(Failure::platform)?;
        self.pod.stop().await.map_err(Failure::platform)?;
        Ok(books)
    }
}

/// So many of them, drawn by the seed, in their order.
fn sample<T>(all: Vec<T>, at_most: usize, seed: u64) -> Vec<T> {
    let mut keyed: Vec<(pod_host::Digest, usize, T)> = all
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let draw = pod_host::Digest::of(&[&seed.to_le_bytes(), &index.to_le_bytes()]);
            (draw, index, item)
        })
        .collect();
    keyed.sort_by_key(|(draw, ..)| draw.0);
    keyed.truncate(at_most);
    keyed.sort_by_key(|(_, index, _)| *index);
    keyed.into_iter().map(|(.., item)| item).collect()
}
