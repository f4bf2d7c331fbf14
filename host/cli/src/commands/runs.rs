//! `podhost runs`

use clap::ValueEnum as _;
use pod_host::journal::{Journal, RunFilter, RunSummary};
use pod_platform::Instant;
use serde_json::json;

use crate::{
    arguments,
    exit::{Failure, Status},
    say,
    store::store_folder,
    terminal::{self, Page, Table, foreign},
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
    let runs = journal.runs(&filter).await?;
    if arguments.json {
        terminal::json(&json!({ "runs": runs }))?;
    } else if runs.is_empty() {
        say!("no runs");
    } else {
        let mut page = Page::default();
        page.table(table(&runs));
        terminal::print(&page);
    }
    Ok(Status::Done)
}

fn table(runs: &[RunSummary]) -> Table {
    let mut table = Table::new(["run", "began", "policy", "account", "status", "key"]);
    for run in runs {
        let archived = if run.archived.is_some() { " (archived)" } else { "" };
        let dry = if run.dry_run { " (dry run)" } else { "" };
        table.row([
            run.run.clone(),
            Instant(run.started).to_string(),
            format!("{} {}", foreign(&run.policy), foreign(&run.version)),
            run.account.clone(),
            format!("{}{dry}{archived}", run.status),
            run.key.clone().unwrap_or_default(),
        ]);
    }
    table
}
