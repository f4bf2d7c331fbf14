//! `podhost settle`

use pod_host::{Decision, Doubt, Host, journal::RunSummary};
use pod_platform::Instant;
use serde_json::json;

use crate::{
    account, arguments, effect,
    exit::{Failure, Status},
    hint,
    host::open_host,
    operator::decider,
    put, receipt, say, store,
    terminal::{self, Page, foreign},
};

/// Letters that are shown of why a call is in doubt, and of what was read since.
const EVIDENCE: usize = 1_000;

pub async fn settle(arguments: arguments::Settle) -> Result<Status, Failure> {
    let host = open_host(&arguments.folders, arguments.config.as_deref()).await?;
    let summary = store::find(host.journal(), &arguments.run).await?;
    let arguments::Settle { step, happened, not_happened, reference, note, json, .. } = &arguments;
    if !happened && !not_happened {
        let doubts = doubts(&host, &summary, &arguments).await?;
        if *json {
            terminal::json(&json!({ "run": summary.run, "doubts": doubts }))?;
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
        by: decider(arguments.by.clone(), arguments.config.as_deref(), || None)?,
    };
    let receipt = host.settle(&summary.run, decision).await?;
    if *json {
        terminal::json(&receipt)?;
    } else {
        terminal::print(&receipt::readable(&receipt, pod_host::Language::English));
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
        let identity = account::of_run(summary, arguments.config.as_deref())?;
        let account = account::connect(identity).await?;
        Ok::<_, Failure>(host.look(&summary.run, &account).await?)
    };
    match asked.await {
        Ok(doubts) => Ok(doubts),
        Err(failure) => {
            terminal::error(&format!("the platform is not asked: {:#}", failure.error));
            Ok(host.doubts(&summary.run).await?)
        }
    }
}

fn print_doubts(summary: &RunSummary, doubts: &[Doubt]) {
    let RunSummary { run, policy, account, .. } = summary;
    if doubts.is_empty() {
        say!("nothing of run {run} is in doubt");
        return;
    }
    let mut page = Page::default();
    put!(page, "run {run}, {} for {}", foreign(policy), foreign(account));
    put!(page);
    for doubt in doubts {
        let object = effect::object(&doubt.object);
        put!(page, "call {}: {} {}", doubt.step, foreign(&doubt.service), foreign(object));
        if !doubt.paid_from.is_empty() {
            put!(page, "  from       {}", foreign(effect::source(&doubt.paid_from)));
        }
        let ceiling = if doubt.at_most { "at most " } else { "" };
        put!(page, "  held       {ceiling}{} rials", doubt.rials.grouped());
        put!(page, "  began      {}", Instant(doubt.since));
        put!(page, "  why        {}", foreign(&doubt.reason).within(EVIDENCE));
        if let Some(reference) = &doubt.reference {
            put!(page, "  reference  {}", foreign(reference));
        }
        let evidence = doubt.evidence.as_deref().filter(|evidence| !evidence.is_empty());
        let evidence = evidence.unwrap_or("nothing on the platform tells");
        put!(page, "  evidence   {}", foreign(evidence).within(EVIDENCE));
        put!(page);
    }
    if summary.is_unfinished() {
        let resume = hint::command(&format!("resume {run}"));
        put!(page, "It has not ended: {} looks into it first", foreign(resume).within(EVIDENCE));
    } else {
        for (what, decision) in [("Decide", "--happened"), ("or", "--not-happened")] {
            let settle = format!("settle {run} {decision} --by YOU --note \"how you know\"");
            put!(page, "{what:>6}: {}", foreign(hint::command(&settle)).within(EVIDENCE));
        }
    }
    terminal::print(&page);
}
