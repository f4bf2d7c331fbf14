//! `podhost settle`

use std::path::Path;

use anyhow::anyhow;
use pod_host::{Decision, Doubt, Host, journal::RunSummary};
use pod_platform::Instant;
use serde_json::json;

use crate::{
    account::Identity,
    arguments, effect,
    exit::{Failure, Status},
    host::open_host,
    operator::Operator,
    receipt, store,
};

pub async fn settle(arguments: arguments::Settle) -> Result<Status, Failure> {
    let host = open_host(&arguments.folders, arguments.config.as_deref()).await?;
    let summary = store::find(host.journal(), &arguments.run).await?;
    let arguments::Settle { step, happened, not_happened, reference, note, json, .. } = &arguments;
    if !happened && !not_happened {
        let doubts = doubts(&host, &summary, &arguments).await?;
        if *json {
            println!("{}", json!({ "run": summary.run, "doubts": doubts }));
        } else {
            print_doubts(&summary, &doubts);
        }
        return Ok(Status::Done);
    }
    let decision = Decision {
        step: *step,
        happened: *happened,
        reference_number: reference.clone(),
        note: note.clone().unwrap_or_default(),
        by: decider(arguments.by.as_deref(), arguments.config.as_deref())?,
    };
    let receipt = host.settle(&summary.run, decision).await?;
    if *json {
        println!("{}", serde_json::to_string(&receipt).map_err(Failure::platform)?);
    } else {
        print!("{}", receipt::readable(&receipt, pod_host::Language::English));
    }
    Ok(Status::Done)
}

/// Who decides: whoever is named, or else whom podhost.toml names.
fn decider(named: Option<&str>, config: Option<&Path>) -> Result<String, Failure> {
    let operator = match named {
        Some(_) => None,
        None => Operator::find(config)?.and_then(|operator| operator.name().map(str::to_owned)),
    };
    let by = named.map(str::to_owned).or(operator).unwrap_or_default();
    if by.trim().is_empty() {
        return Err(Failure::input(anyhow!(
            "who decides? The journal keeps it: --by NAME, the environment variable \
             PODHOST_OPERATOR, or `name` in podhost.toml, [operator]"
        )));
    }
    Ok(by)
}

/// The run's doubts, with what the platform shows now; if it cannot be asked, with what it showed.
async fn doubts(
    host: &Host,
    summary: &RunSummary,
    arguments: &arguments::Settle,
) -> Result<Vec<Doubt>, Failure> {
    let asked = async {
        let account = Identity::of_run(summary, arguments.config.as_deref())?.connect().await?;
        Ok::<_, Failure>(host.look(&summary.run, &account).await?)
    };
    match asked.await {
        Ok(doubts) => Ok(doubts),
        Err(failure) => {
            eprintln!("podhost: the platform is not asked: {:#}", failure.error);
            Ok(host.doubts(&summary.run).await?)
        }
    }
}

fn print_doubts(summary: &RunSummary, doubts: &[Doubt]) {
    let RunSummary { run, policy, account, .. } = summary;
    if doubts.is_empty() {
        println!("nothing of run {run} is in doubt");
        return;
    }
    println!("run {run}, {policy} for {account}\n");
    for doubt in doubts {
        println!("call {}: {} {}", doubt.step, doubt.service, effect::object(&doubt.object));
        if !doubt.paid_from.is_empty() {
            println!("  from       {}", effect::source(&doubt.paid_from));
        }
        let ceiling = if doubt.at_most { "at most " } else { "" };
        println!("  held       {ceiling}{} rials", doubt.rials.grouped());
        println!("  began      {}", Instant(doubt.since));
        println!("  why        {}", doubt.reason);
        if let Some(reference) = &doubt.reference {
            println!("  reference  {reference}");
        }
        println!(
            "  evidence   {}\n",
            doubt.evidence.as_deref().unwrap_or("nothing on the platform tells")
        );
    }
    println!("Decide: podhost settle {run} --happened --by YOU --note \"how you know\"");
    println!("    or: podhost settle {run} --not-happened --by YOU --note \"how you know\"");
}
