//! `podhost run`

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context as _, anyhow};
use pod_emulator::{Emulator, Options, Scenario};
use pod_host::{
    Account, Digest, Host, LARGEST_INPUT, Policy, PolicyFiles, RunOptions, ScriptMode, parse_input,
};
use pod_operator::{Acting, Binding, digest_line, digest_value};
use serde_json::Value;

use crate::{
    account, arguments,
    commands::{
        build,
        resume::{ending, resume_earlier},
    },
    exit::{Failure, Status},
    host::{open, prepare_host},
    receipt, report, scenario,
    signals::Signals,
    tell,
    terminal::{self, foreign},
};

/// Where a run takes place.
enum Place {
    /// On a platform that is there already, where the policy may do this much.
    There(Box<Acting>),
    /// On one that is started in this process, and ends with the run.
    Here(Box<Scenario>),
}

/// A script is parsed for its run, on the interpreter that all share: whoever edits it need not wait
/// for a snapshot, which takes more time than any run here.
const MODE: ScriptMode = ScriptMode::AdHoc;

pub async fn run(arguments: arguments::Run) -> Result<Status, Failure> {
    let input = read_input(&arguments.input)?;
    let files = build::find(&arguments.policy, arguments.building)?;
    let digest = files.digest()?;
    let place = match account::acting(&arguments.acting, &files, digest)? {
        Some(acting) => Place::There(Box::new(acting)),
        None => Place::Here(Box::new(scenario(&arguments, &files)?)),
    };

    let signals = Signals::listen()?;
    let config = arguments.acting.config.as_deref();
    let prepared = prepare_host(&arguments.folders, config, Some(&arguments.patience))?;
    let (emulator, account, grant, binding) = match place {
        Place::There(acting) => {
            let Acting { identity, grant, binding } = *acting;
            let account = signals.unless_told(account::connect(identity)).await?;
            (None, account, Some(grant), binding)
        }
        Place::Here(scenario) => {
            let options = Options { scenario: *scenario, ..Options::default() };
            let emulator = Emulator::start(options).await.map_err(Failure::platform)?;
            let account = account::in_process(&emulator).await?;
            (Some(emulator), account, None, Binding::NoOperator)
        }
    };
    // Others use the store while this is compiled.
    signals
        .unless_told(async {
            prepared.compile_unfinished().await;
            Ok(prepared.compile(&files, MODE).await?)
        })
        .await?;
    let host = signals.unless_told(open(prepared)).await?;
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
        let policy = host.load_files(&files, MODE).await?;
        for warning in policy.warnings() {
            tell!("warning: {}", foreign(warning));
        }
        if policy.digest() != digest {
            let entry = files.entry.display();
            return Err(Failure::input(anyhow!(
                "{entry} was changed while its grant was looked up"
            )));
        }
        if binding == Binding::Unbound {
            warn_of_a_stranger(&host, &policy, &account, digest).await?;
        }
        Ok::<_, Failure>(host.run_with(&policy, &account, options).await?)
    };
    let receipt = signals.stopping(&host, runs).await?;
    if let Some(emulator) = emulator {
        emulator.stop().await.map_err(Failure::platform)?;
    }

    if arguments.json {
        terminal::json(&receipt)?;
    } else {
        terminal::print(&receipt::readable(&receipt, arguments.lang));
    }
    if let Some(error) = &receipt.error {
        report::run_error(error);
    }
    Ok(ending(&receipt))
}

/// What the emulator in this process starts from.
fn scenario(arguments: &arguments::Run, files: &PolicyFiles) -> Result<Scenario, Failure> {
    if let Some(file) = &arguments.scenario {
        return Scenario::from_file(file).map_err(Failure::input);
    }
    let file = files.scenario.as_ref().ok_or_else(|| {
        Failure::input(anyhow!(
            "no scenario to start the emulator from: give --scenario FILE, or name one in \
             policy.toml (scenario = \"scenarios/small.json\"); or give --platform"
        ))
    })?;
    scenario::of_policy(file)
}

/// Tells that a grant, which is bound to no policy, is used by one that never used it.
async fn warn_of_a_stranger(
    host: &Host,
    policy: &Policy,
    account: &Account,
    digest: Digest,
) -> Result<(), Failure> {
    if host.has_run(policy, account).await? {
        return Ok(());
    }
    let name = foreign(&policy.identity().name);
    tell!(
        "podhost: what is called `{name}` now, {}, has never run for the account `{}`, and its grant \
         is bound to no policy; to bind it to this one, write below [policy.{name}] of \
         podhost.toml: {}",
        digest_value(digest),
        foreign(&account.name),
        digest_line(digest)
    );
    Ok(())
}

pub fn read_input(text: &str) -> Result<Value, Failure> {
    let Some(file) = text.strip_prefix('@') else {
        let parsed = parse_input(Path::new("--input"), text);
        return parsed.map_err(|error| match Path::new(text).is_file() {
            true => Failure::input(anyhow!("{error}; a file's JSON is --input @{text}")),
            false => error.into(),
        });
    };
    // A pipe is read as it comes, and no further than an input may go.
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(LARGEST_INPUT + 1).read_to_end(&mut bytes))
        .with_context(|| format!("--input: {file} cannot be read"))
        .map_err(Failure::input)?;
    let text = String::from_utf8(bytes)
        .with_context(|| format!("--input: {file} cannot be read"))
        .map_err(Failure::input)?;
    Ok(parse_input(Path::new(file), &text)?)
}
