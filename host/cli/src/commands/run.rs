//! `podhost run`

use anyhow::{Context as _, anyhow};
use pod_host::{Grant, PolicyFiles, RunOptions, ScriptMode};
use pod_sandbox::{Options, Sandbox, Scenario};
use serde_json::Value;

use crate::{
    account::{self, Identity},
    arguments,
    commands::{
        build::build_if_stale,
        resume::{ending, resume_earlier},
    },
    exit::{Failure, Status},
    host::prepare_host,
    receipt, report,
    signals::Signals,
};

/// Where a run takes place.
enum Place {
    /// On a platform that is there already, where the policy may do this much.
    There(Box<Identity>, Box<Grant>),
    /// On one that is started in this process, and ends with the run.
    Here(Box<Scenario>),
}

pub async fn run(arguments: arguments::Run) -> Result<Status, Failure> {
    let input = read_input(&arguments.input)?;
    let files = PolicyFiles::find(&arguments.policy)?;
    let place = match Identity::of(&arguments.acting, &files)? {
        Some((identity, grant)) => Place::There(Box::new(identity), Box::new(grant)),
        None => Place::Here(Box::new(scenario(&arguments, &files)?)),
    };
    if arguments.policy.is_dir() {
        build_if_stale(&arguments.policy, &files)?;
    }

    // A folder is an installed policy: its script gets a snapshot. A file is run as it is.
    let mode = if arguments.policy.is_dir() { ScriptMode::Installed } else { ScriptMode::AdHoc };
    let signals = Signals::listen()?;
    let config = arguments.acting.config.as_deref();
    let prepared = prepare_host(&arguments.folders, config, Some(&arguments.patience))?;
    // Others use the store while this is compiled.
    signals
        .unless_told(async {
            prepared.compile_unfinished().await;
            Ok(prepared.compile(&files, mode).await?)
        })
        .await?;
    let host = signals.unless_told(async { Ok(prepared.open().await?) }).await?;

    let (sandbox, account, grant) = match place {
        Place::There(identity, grant) => (None, identity.connect().await?, Some(*grant)),
        Place::Here(scenario) => {
            let options = Options { scenario: *scenario, ..Options::default() };
            let sandbox = Sandbox::start(options).await.map_err(Failure::platform)?;
            let account = account::in_process(&sandbox).await?;
            (Some(sandbox), account, None)
        }
    };
    let options = RunOptions {
        input,
        grant,
        plan_only: arguments.plan_only,
        on_failure: arguments.on_failure.map(Into::into),
        language: arguments.lang,
        key: arguments.key.clone(),
        dry_run: arguments.dry_run,
    };
    let runs = async {
        // To go on with another run would change something.
        if !arguments.dry_run {
            resume_earlier(&host, &account).await?;
        }
        let policy = host.load_files(&files, mode).await?;
        Ok::<_, Failure>(host.run_with(&policy, &account, options).await?)
    };
    let receipt = signals.stopping(&host, runs).await?;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await.map_err(Failure::platform)?;
    }

    if arguments.json {
        println!("{}", serde_json::to_string(&receipt).map_err(Failure::platform)?);
    } else {
        print!("{}", receipt::readable(&receipt, arguments.lang));
    }
    if let Some(error) = &receipt.error {
        report::run_error(error);
    }
    Ok(ending(&receipt))
}

/// What the local platform in this process starts from.
fn scenario(arguments: &arguments::Run, files: &PolicyFiles) -> Result<Scenario, Failure> {
    let file = arguments.scenario.as_ref().or(files.scenario.as_ref()).ok_or_else(|| {
        Failure::input(anyhow!(
            "no scenario to start the local platform from: give --scenario FILE, or name one in \
             policy.toml (scenario = \"scenarios/small.json\"); or give --platform"
        ))
    })?;
    Scenario::from_file(file).map_err(Failure::input)
}

pub fn read_input(text: &str) -> Result<Value, Failure> {
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
