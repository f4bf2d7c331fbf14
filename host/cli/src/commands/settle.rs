//! `podhost settle`

use pod_host::{Decision, Doubt, Host, journal::RunSummary};
use pod_platform::Instant;
use serde_json::json;

use crate::{
    account::Identity,
    arguments,
    exit::{Failure, Status},
    host::open_host,
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
    };
    let receipt = host.settle(&summary.run, decision).await?;
    if *json {
        println!("{}", serde_json::to_string(&receipt).map_err(Failure::platform)?);
    } else {
        print!("{}", receipt::readable(&receipt, pod_host::Language::English));
    }
    Ok(Status::Done)
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
        let invoice =
            doubt.invoice.map_or(String::new(), |invoice| format!(" of invoice {invoice}"));
        println!("call {}: {}{invoice}", doubt.step, doubt.service);
        println!("  held       {} rials", doubt.rials.grouped());
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
    println!("Decide: podhost settle {run} --happened --note \"how you know\"");
    println!("    or: podhost settle {run} --not-happened --note \"how you know\"");
}
