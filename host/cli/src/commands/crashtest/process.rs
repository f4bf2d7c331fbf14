//! The processes that are killed, and those that go on.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use pod_emulator::Scenario;
use pod_host::Receipt;
use pod_operator::TOKEN_VARIABLE;
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::Trial;
use crate::{
    arguments,
    exit::Failure,
    hold::{self, HELD},
    scenario as scenario_files,
};

/// Runs one policy with one input in processes of their own.
pub struct Runner {
    program: PathBuf,
    policy: PathBuf,
    input: OsString,
    cache: arguments::Cache,
    landing_window: Duration,
}

#[derive(Deserialize)]
struct Resumed {
    resumed: Vec<Receipt>,
    failed: Vec<Value>,
}

impl Runner {
    /// Beside a scenario may lie what its run is told: `NAME.input.json`.
    pub fn new(
        arguments: &arguments::Crashtest,
        file: &Path,
        scenario: &Scenario,
    ) -> Result<Self, Failure> {
        let beside = scenario_files::input_beside(file);
        let input = if arguments.input == "null" && beside.is_file() {
            let mut input = OsString::from("@");
            input.push(beside);
            input
        } else {
            arguments.input.clone().into()
        };
        let program =
            std::env::current_exe().context("podhost itself").map_err(Failure::platform)?;
        let (policy, cache) = (arguments.policy.clone(), arguments.cache.clone());
        let landing_window =
            arguments.landing_window.unwrap_or_else(|| scenario_files::landing_window(scenario));
        Ok(Self { program, policy, input, cache, landing_window })
    }

    /// Runs undisturbed.
    pub async fn run(&self, trial: &Trial) -> Result<Receipt, Failure> {
        let output = self.run_command(trial)?.output().await.map_err(Failure::platform)?;
        let printed = trial.without_address(&output.stdout);
        serde_json::from_str(&printed).map_err(|_| told(&output.stderr))
    }

    /// Runs, is killed when the call reaches the point, and goes on in another process.
    pub async fn kill_and_resume(
        &self,
        trial: &Trial,
        step: u64,
        point: &str,
    ) -> Result<Receipt, Failure> {
        let mut child = self
            .run_command(trial)?
            .env(hold::VARIABLE, format!("{step}:{point}"))
            .spawn()
            .map_err(Failure::platform)?;
        wait_until_held(&mut child, step, point).await?;
        // SIGKILL: the process gets no chance to do anything more.
        child.kill().await.map_err(Failure::platform)?;

        let mut resume = self.command(trial)?;
        resume.args(["resume", "--json"]).arg("--store").arg(trial.store());
        self.share_cache(&mut resume);
        let output = resume.output().await.map_err(Failure::platform)?;
        let printed = trial.without_address(&output.stdout);
        let Ok(Resumed { mut resumed, failed }) = serde_json::from_str(&printed) else {
            return Err(told(&output.stderr));
        };
        match (resumed.pop(), failed.as_slice()) {
            (Some(receipt), []) => Ok(receipt),
            (_, [failure, ..]) => Err(Failure::platform(anyhow!(
                "killed {point} of call {step}, the run cannot go on: {}",
                failure["reason"].as_str().unwrap_or_default()
            ))),
            (None, []) => Err(Failure::platform(anyhow!(
                "killed {point} of call {step}, the run left nothing to go on with"
            ))),
        }
    }

    fn run_command(&self, trial: &Trial) -> Result<Command, Failure> {
        let mut command = self.command(trial)?;
        command.arg("run").arg(&self.policy).args(["--json", "--key", "crashtest"]);
        command.arg("--platform").arg(trial.pod.platform_url());
        command.arg("--input").arg(&self.input).arg("--store").arg(trial.store());
        self.share_cache(&mut command);
        Ok(command)
    }

    fn share_cache(&self, command: &mut Command) {
        let arguments::Cache { cache, cache_at_most } = &self.cache;
        if let Some(cache) = cache {
            command.arg("--cache").arg(cache);
        }
        command.arg("--cache-at-most").arg(cache_at_most.to_string());
    }

    fn command(&self, trial: &Trial) -> Result<Command, Failure> {
        let token = trial.pod.caller_token().ok_or_else(|| {
            let missing = "the scenario has nobody to act for: it needs a business or a user";
            Failure::input(anyhow!(missing))
        })?;
        let mut command = Command::new(&self.program);
        command
            .env(TOKEN_VARIABLE, token.expose())
            .env("PODHOST_LANDING_WINDOW", format!("{}ms", self.landing_window.as_millis()))
            .env_remove("PODHOST_CONFIG")
            .env_remove("PODHOST_STORE")
            .env_remove(hold::VARIABLE)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }
}

async fn wait_until_held(child: &mut Child, step: u64, point: &str) -> Result<(), Failure> {
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).await.map_err(Failure::platform)?;
    }
    if line.trim_end() == HELD {
        return Ok(());
    }
    Err(Failure::platform(anyhow!(
        "the run ended before call {step} was {point}: it does not do the same each time"
    )))
}

/// What a process said before it ended without a result.
fn told(stderr: &[u8]) -> Failure {
    let said = String::from_utf8_lossy(stderr);
    Failure::platform(anyhow!("the run gave no receipt: {}", said.trim()))
}
