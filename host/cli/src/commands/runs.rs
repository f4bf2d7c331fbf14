//! `podhost runs`

use clap::ValueEnum as _;
use comfy_table::{ContentArrangement, Table};
use pod_host::journal::{RunFilter, RunSummary};
use pod_platform::Instant;
use serde_json::json;

use crate::{
    arguments,
    exit::{Failure, Status},
    receipt::STYLE,
    store::read_store,
};

pub async fn list(arguments: arguments::Runs) -> Result<Status, Failure> {
    let journal = read_store(&arguments.store).await?;
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
        println!("{}", json!({ "runs": runs }));
    } else if runs.is_empty() {
        println!("no runs");
    } else {
        println!("{}", table(&runs));
    }
    Ok(Status::Done)
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
