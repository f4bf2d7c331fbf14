//! `podhost runs`

use clap::ValueEnum as _;
use comfy_table::{ContentArrangement, Table};
use pod_host::{
    PAUSE_AFTER,
    journal::{Journal, Pause, RunFilter, RunSummary},
};
use pod_platform::Instant;
use serde_json::json;

use crate::{
    arguments,
    exit::{Failure, Status},
    receipt::STYLE,
    store::store_folder,
};

pub async fn list(arguments: arguments::Runs) -> Result<Status, Failure> {
    let journal = Journal::read_only(&store_folder(&arguments.store)?).await?;
    let status = arguments.status.and_then(|status| status.to_possible_value());
    let filter = RunFilter {
        run: None,
        policy: arguments.policy,
        account: arguments.account,
        status: status.map(|status| status.get_name().to_owned()),
        key: arguments.key,
        invoice: arguments.invoice,
        since: arguments.since.map(|when| when.millis()),
        before: arguments.before.map(|when| when.millis()),
    };
    let mut pauses = journal.pauses(PAUSE_AFTER).await?;
    pauses.retain(|pause| {
        let is = |asked: &Option<String>, is: &str| asked.as_deref().is_none_or(|name| name == is);
        is(&filter.policy, &pause.policy) && is(&filter.account, &pause.account)
    });
    let runs = journal.runs(&filter).await?;
    if arguments.json {
        println!("{}", json!({ "runs": runs, "paused": pauses }));
        return Ok(Status::Done);
    }
    if runs.is_empty() {
        println!("no runs");
    } else {
        println!("{}", table(&runs));
    }
    for pause in &pauses {
        println!("{}", paused(pause));
    }
    Ok(Status::Done)
}

/// One line of a policy that is not run any more.
pub fn paused(pause: &Pause) -> String {
    let Pause { policy, account, platform, runs, last, .. } = pause;
    format!(
        "paused: {policy} for {account} on {platform}, whose last {runs} runs failed; see `podhost \
         show {last}`, then mend it, or let it go on with `podhost unpause {last}`"
    )
}

fn table(runs: &[RunSummary]) -> Table {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["run", "began", "policy", "account", "status", "key"]);
    for run in runs {
        let archived = if run.archived.is_some() { " (archived)" } else { "" };
        let dry = if run.dry_run { " (dry run)" } else { "" };
        table.add_row([
            run.run.clone(),
            Instant(run.started).to_string(),
            format!("{} {}", run.policy, run.version),
            run.account.clone(),
            format!("{}{dry}{archived}", run.status),
            run.key.clone().unwrap_or_default(),
        ]);
    }
    table
}
