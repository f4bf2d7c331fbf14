//! `podhost store accept`: a person's word that a store is to be gone by as it is.

use pod_host::journal::{Acceptance, Older, RunFilter};
use pod_platform::{Clock as _, Instant, SystemClock};
use serde_json::json;

use crate::{
    arguments,
    exit::{Failure, Status},
    host::take_store,
    operator::decider,
    say,
    store::tell_of_permissions,
    terminal::{self, foreign},
};

pub async fn store(arguments: arguments::StoreCommand) -> Result<Status, Failure> {
    match arguments.command {
        arguments::StoreCommands::Accept(accept) => self::accept(accept).await,
    }
}

async fn accept(arguments: arguments::Accept) -> Result<Status, Failure> {
    let arguments::Accept { by, note, config, json, store, waiting } = arguments;
    let user = || std::env::var("USER").ok();
    let by = decider(by, config.as_deref(), user)?;
    let journal = take_store(store.store.as_deref(), &waiting).await?;
    let folder = journal.folder();
    tell_of_permissions(&journal);
    let unfinished = journal.runs(&RunFilter::unfinished()).await?;
    let unknown = RunFilter { status: Some("unknown-outcome".to_owned()), ..RunFilter::default() };
    let unknown = journal.runs(&unknown).await?;
    // A dry run paid nothing, and may have been run since something was lost.
    let last = journal.runs(&RunFilter::default()).await?.into_iter().rfind(|run| !run.dry_run);
    let acceptance = Acceptance { by: by.clone(), note: note.unwrap_or_default() };
    let older = journal.accept(acceptance, SystemClock.now().0).await?;
    let ids = |runs: &[pod_host::journal::RunSummary]| -> Vec<String> {
        runs.iter().map(|run| run.run.clone()).collect()
    };
    if json {
        terminal::json(&json!({
            "store": folder, "was": older, "unfinished": ids(&unfinished),
            "unknown_outcome": ids(&unknown), "last": last,
        }))?;
        return Ok(Status::Done);
    }
    let Some(Older { reasons, had, has }) = older else {
        say!("the store {} is what it was: there is nothing to accept", foreign(folder.display()));
        return Ok(Status::Done);
    };
    say!("the store {}:", foreign(folder.display()));
    for reason in reasons {
        say!("  {}", foreign(&reason));
    }
    if let Some(had) = had.filter(|had| *had != has) {
        say!("groups of entries written to it: {had}; that it has: {has}");
    }
    match last {
        Some(last) => say!(
            "the last run that it knows: {}, {}, begun {}",
            last.run,
            foreign(&last.policy),
            Instant(last.started)
        ),
        None => say!("it knows no run"),
    }
    for (what, runs) in [("unfinished", &unfinished), ("with an unknown outcome", &unknown)] {
        say!("runs {what}: {}", runs.len());
        for run in runs {
            say!("  {} of {} for {}", run.run, foreign(&run.policy), foreign(&run.account));
        }
    }
    say!();
    say!(
        "Accepted by {}. Runs go on. What is unfinished looks for each of its calls on the platform \
         before it sends it. What was paid after this store's end is unknown to it: a key that was used \
         since begins a run again, and allowances do not count what was spent since.",
        foreign(&by)
    );
    Ok(Status::Done)
}
