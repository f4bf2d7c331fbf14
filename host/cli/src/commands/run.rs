//! `podhost run`

use std::{io::IsTerminal as _, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pod_host::{
    Account, Host, PolicyFiles, Progress, RunError, RunOptions, ScriptMode, Stated, Status as Ended,
};
use pod_platform::{Client, Credentials, Limits, Platform};
use pod_sandbox::{Options, Sandbox, Scenario};
use serde_json::Value;

use crate::{
    arguments,
    commands::build::build_if_stale,
    exit::{Failure, Status},
    receipt, report,
};

pub async fn run(arguments: arguments::Run) -> Result<Status, Failure> {
    let input = read_input(&arguments.input)?;
    let files = PolicyFiles::find(&arguments.policy)?;
    let scenario = arguments.scenario.as_ref().or(files.scenario.as_ref()).ok_or_else(|| {
        Failure::input(anyhow!(
            "no scenario to start the local platform from: give --scenario FILE, or name one in \
             policy.toml (scenario = \"scenarios/small.json\")"
        ))
    })?;
    let scenario = Scenario::from_file(scenario).map_err(Failure::input)?;
    if arguments.policy.is_dir() {
        build_if_stale(&arguments.policy, &files)?;
    }

    let sandbox = Sandbox::start(Options { scenario, ..Options::default() })
        .await
        .map_err(Failure::platform)?;
    let host = host(&arguments.folders, &sandbox).await?;
    // A folder is an installed policy: its script gets a snapshot. A file is run as it is.
    let mode = if arguments.policy.is_dir() { ScriptMode::Installed } else { ScriptMode::AdHoc };
    let policy = host.load_files(&files, mode).await?;
    let options = RunOptions {
        input,
        plan_only: arguments.plan_only,
        on_failure: arguments.on_failure.map(Into::into),
        language: arguments.lang,
        ..RunOptions::default()
    };
    let account = account(&sandbox).await?;
    let receipt = host.run_with(&policy, &account, options).await?;
    sandbox.stop().await.map_err(Failure::platform)?;

    if arguments.json {
        println!("{}", serde_json::to_string(&receipt).map_err(Failure::platform)?);
    } else {
        print!("{}", receipt::readable(&receipt, arguments.lang));
    }
    if let Some(error) = &receipt.error {
        report::run_error(error);
    }
    Ok(match receipt.status {
        Ended::Done => Status::Done,
        Ended::UnknownOutcome => Status::Platform,
        Ended::Failed | Ended::Refused => match receipt.error {
            Some(error) if error.is_of_the_platform() => Status::Platform,
            Some(RunError::Policy { .. }) | Some(_) | None => Status::Policy,
        },
    })
}

fn read_input(text: &str) -> Result<Value, Failure> {
    let (name, text) = match text.strip_prefix('@') {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("--input: {file} cannot be read"))
                .map_err(Failure::input)?;
            (file, text)
        }
        None => ("--input", text.to_owned()),
    };
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::input(anyhow!("{name}:{line}:{column}: not JSON: {error}"))
    })
}

async fn host(folders: &arguments::Folders, sandbox: &Sandbox) -> Result<Host, Failure> {
    let bars = MultiProgress::new();
    let shown = std::sync::Mutex::new(Vec::<(String, ProgressBar)>::new());
    let terminal = std::io::stderr().is_terminal();
    let mut host = Host::builder().clock(sandbox.clock()).on_progress(move |progress| {
        let mut shown = shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match progress {
            Progress::Compiling(name) if terminal => {
                let style = ProgressStyle::with_template("{spinner} Compiling {msg} {elapsed}");
                let bar = bars.add(ProgressBar::new_spinner().with_message(name.to_owned()));
                if let Ok(style) = style {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(100));
                shown.push((name.to_owned(), bar));
            }
            Progress::Compiling(name) => eprintln!("Compiling {name}"),
            Progress::Compiled(name) => {
                shown.retain(|(known, bar)| {
                    if known == name {
                        bar.finish_and_clear();
                    }
                    known != name
                });
            }
        }
    });
    if let Some(store) = &folders.store {
        host = host.store(store);
    }
    if let Some(cache) = &folders.cache {
        host = host.artefacts(cache);
    }
    Ok(host.build().await?)
}

/// On the local platform a run acts for the scenario's caller.
async fn account(sandbox: &Sandbox) -> Result<Account, Failure> {
    let token = sandbox.caller_token().ok_or_else(|| {
        Failure::input(anyhow!("the scenario has nobody to act for: it needs a business or a user"))
    })?;
    let client = Client::new(Platform::at(sandbox.platform_url()), Limits::default())
        .map_err(Failure::platform)?;
    Ok(Account {
        name: "local".into(),
        client,
        credentials: Arc::new(Credentials::token(token.expose())),
        business: sandbox.caller_business(),
        stated: stated(sandbox).await.map_err(Failure::platform)?,
    })
}

/// What the local platform says beyond POD's services. Both write it in the scenario file's names.
async fn stated(sandbox: &Sandbox) -> anyhow::Result<Stated> {
    match sandbox.holdings().await? {
        Some(holdings) => Ok(serde_json::from_value(serde_json::to_value(holdings)?)?),
        None => Ok(Stated::default()),
    }
}
