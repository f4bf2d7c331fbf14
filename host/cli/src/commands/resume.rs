//! `podhost resume`, and what `podhost run` does before its run.

use pod_host::{Account, Error, Host, Receipt, Status as Ended, journal::RunSummary};
use serde_json::json;

use crate::{
    account,
    advice::told,
    arguments,
    exit::{Failure, Status},
    host::{open, prepare_host},
    receipt, report,
    signals::Signals,
    store, tell,
    terminal::{self, foreign},
};

pub async fn resume(arguments: arguments::Resume) -> Result<Status, Failure> {
    let signals = Signals::listen()?;
    let config = arguments.config.as_deref();
    store::present(arguments.folders.store.as_deref())?;
    let prepared = prepare_host(&arguments.folders, config, Some(&arguments.patience))?;
    // Others use the store meanwhile.
    let opened = async {
        prepared.compile_unfinished().await;
        open(prepared).await
    };
    let host = signals.unless_told(opened).await?;
    signals.stopping(&host, resume_all(&host, &arguments)).await
}

async fn resume_all(host: &Host, arguments: &arguments::Resume) -> Result<Status, Failure> {
    let summaries = if arguments.runs.is_empty() {
        host.unfinished().await?
    } else {
        let mut summaries = Vec::new();
        for run in &arguments.runs {
            summaries.push(store::find(host.journal(), run).await?);
        }
        summaries
    };

    // What is unfinished may be in the part that is lost.
    let mut status = match host.distrust() {
        Some(_) => Status::Platform,
        None => Status::Done,
    };
    let (mut resumed, mut failed) = (Vec::new(), Vec::new());
    for summary in summaries {
        let receipt = match resume_one(host, &summary, arguments).await {
            Ok(receipt) => receipt,
            Err(failure) => {
                if !arguments.json {
                    report::failure(&failure);
                }
                status = status.or(failure.status);
                let reason = format!("{:#}", failure.error);
                failed.push(json!({ "run": summary.run, "reason": reason }));
                continue;
            }
        };
        status = status.or(ending(&receipt));
        if arguments.json {
            resumed.push(receipt);
        } else {
            terminal::print(&receipt::readable(&receipt, arguments.lang));
            if let Some(error) = &receipt.error {
                report::run_error(error);
            }
        }
    }
    if arguments.json {
        terminal::json(&json!({ "resumed": resumed, "failed": failed }))?;
    }
    Ok(status)
}

async fn resume_one(
    host: &Host,
    summary: &RunSummary,
    arguments: &arguments::Resume,
) -> Result<Receipt, Failure> {
    if !summary.is_unfinished() && summary.status != "diverged" {
        return Ok(host.receipt(&summary.run).await?);
    }
    let identity = account::of_run(summary, arguments.config.as_deref())?;
    let account = account::connect(identity).await?;
    let (policy, whom) = (foreign(&summary.policy), foreign(&summary.account));
    tell!("Resuming run {} of {policy} for {whom}", summary.run);
    Ok(host.resume(&summary.run, &account).await?)
}

/// Goes on with what an account's earlier runs left, before it begins another. What cannot go on is
/// told, and stops nobody: what it holds stays held.
pub async fn resume_earlier(host: &Host, account: &Account) -> Result<(), Failure> {
    // Then the run that is to begin is refused as well, and says why.
    if host.distrust().is_some() {
        return Ok(());
    }
    for summary in host.unfinished().await? {
        if summary.account != account.name
            || summary.platform.is_none()
            || summary.platform != account.platform
        {
            continue;
        }
        let policy = foreign(&summary.policy);
        tell!("Resuming run {} of {policy}, which was cut off", summary.run);
        match host.resume(&summary.run, account).await {
            Ok(receipt) => tell!("Run {} ended: {}", receipt.run, receipt.status.name()),
            Err(error @ Error::Stopped(_)) => return Err(error.into()),
            Err(error) => terminal::error(&told(error)),
        }
    }
    Ok(())
}

/// The exit code for a receipt.
pub fn ending(receipt: &Receipt) -> Status {
    match receipt.status {
        Ended::Done => Status::Done,
        Ended::UnknownOutcome => Status::UnknownOutcome,
        Ended::Failed | Ended::Refused if receipt.failed_by_the_platform() => Status::Platform,
        Ended::Failed | Ended::Refused => Status::Policy,
    }
}
