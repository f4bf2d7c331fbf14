//! `podhost runs`

use clap::ValueEnum as _;
use pod_host::{
    PAUSE_AFTER,
    journal::{Pause, RunFilter, RunSummary},
};
use pod_platform::Instant;
use serde_json::json;

use crate::{
    arguments,
    exit::{Failure, Status},
    hint, period, say,
    store::{self, read_store, tell_unknown},
    tell,
    terminal::{self, Page, Table, foreign},
    when::When,
};

/// How many runs a table shows unless it is told.
const PAGE: u32 = 50;

pub async fn list(arguments: arguments::Runs) -> Result<Status, Failure> {
    let since = arguments.since.map(When::millis);
    let before = arguments.before.map(When::millis);
    period::check(since, before)?;
    let journal = read_store(&arguments.store).await?;
    tell_unknown(&journal, arguments.account.as_deref()).await?;
    let limit = arguments.limit.or((!arguments.json).then_some(PAGE));
    let before_run = match &arguments.before_run {
        Some(begins) => Some(store::find(&journal, begins).await?.run),
        None => None,
    };
    let status = arguments.status.and_then(|status| status.to_possible_value());
    let filter = RunFilter {
        run: None,
        policy: arguments.policy,
        account: arguments.account,
        status: status.map(|status| status.get_name().to_owned()),
        key: arguments.key,
        invoice: arguments.invoice,
        since,
        before,
        not_ended_before: None,
        before_run,
        // One more tells whether there is another page.
        limit: limit.map(|limit| limit.saturating_add(1)),
    };
    let mut pauses = journal.pauses(PAUSE_AFTER).await?;
    pauses.retain(|pause| {
        let is = |asked: &Option<String>, is: &str| asked.as_deref().is_none_or(|name| name == is);
        is(&filter.policy, &pause.policy) && is(&filter.account, &pause.account)
    });
    let mut runs = journal.runs(&filter).await?;
    let beyond = runs.len().saturating_sub(limit.map_or(usize::MAX, |limit| limit as usize));
    runs.drain(..beyond);
    let more = beyond > 0;
    if arguments.json {
        terminal::json(&json!({ "runs": runs, "more": more, "paused": pauses }))?;
        return Ok(Status::Done);
    }
    if runs.is_empty() {
        say!("no runs");
    } else {
        let mut page = Page::default();
        page.table(table(&runs));
        terminal::print(&page);
    }
    if more && let Some(first) = runs.first() {
        tell!("podhost: there are older ones: --before-run {}", first.run);
    }
    for pause in &pauses {
        say!("{}", paused(pause));
    }
    Ok(Status::Done)
}

/// One line of a policy that is not run any more.
pub fn paused(pause: &Pause) -> String {
    let Pause { policy, account, platform, runs, last, .. } = pause;
    let (policy, account, platform) = (foreign(policy), foreign(account), foreign(platform));
    format!(
        "paused: {policy} for {account} on {platform}, whose last {runs} runs failed; see `{}`, then \
         mend it, or let it go on with `{}`",
        hint::command(&format!("show {last}")),
        hint::command(&format!("unpause {last}"))
    )
}

fn table(runs: &[RunSummary]) -> Table {
    let mut table = Table::new(["run", "began", "policy", "account", "status", "key"]);
    for run in runs {
        let pruned = if run.archived.is_some() { " (pruned)" } else { "" };
        let dry = if run.dry_run { " (dry run)" } else { "" };
        table.row([
            run.run.clone(),
            Instant(run.started).to_string(),
            format!("{} {}", foreign(&run.policy), foreign(&run.version)),
            run.account.clone(),
            format!("{}{dry}{pruned}", run.status),
            run.key.clone().unwrap_or_default(),
        ]);
    }
    table
}
