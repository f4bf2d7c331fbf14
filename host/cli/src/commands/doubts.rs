//! `podhost doubts`: all calls in doubt, with what they hold and how to go on.

use pod_host::{OpenDoubt, Unreadable};
use pod_platform::{Instant, Rial};
use serde_json::{Value, json};

use crate::{
    arguments, effect,
    exit::{Failure, Status},
    hint, put, say,
    store::{read_store, tell_unknown},
    tell,
    terminal::{self, Page, Table, foreign},
};

pub async fn list(arguments: arguments::Doubts) -> Result<Status, Failure> {
    let journal = read_store(&arguments.store).await?;
    let (account, policy) = (arguments.account.as_deref(), arguments.policy.as_deref());
    tell_unknown(&journal, account).await?;
    let (doubts, unreadable) = pod_host::open_doubts(&journal, account, policy).await?;
    let held = Rial::checked_sum(doubts.iter().map(|open| open.doubt.rials));
    if arguments.json {
        let doubts = doubts.iter().map(as_json).collect::<Result<Vec<_>, _>>()?;
        terminal::json(&json!({ "doubts": doubts, "rials": held, "unreadable": unreadable }))?;
    } else if doubts.is_empty() {
        say!("nothing is in doubt");
    } else {
        let mut page = Page::default();
        page.table(table(&doubts));
        if let Some(held) = held {
            put!(page);
            let calls = if doubts.len() == 1 { "call" } else { "calls" };
            put!(page, "{} rials are held for {} {calls}", held.grouped(), doubts.len());
        }
        put!(page);
        put!(page, "Go on with them, the oldest first:");
        let mut commands: Vec<String> = doubts.iter().map(command).collect();
        commands.dedup();
        for command in commands {
            put!(page, "  {command}");
        }
        terminal::print(&page);
    }
    Ok(tell_unreadable(&unreadable))
}

/// The command that goes on.
fn command(open: &OpenDoubt) -> String {
    hint::command(&match open.is_unfinished {
        true => format!("resume {}", open.run),
        false => format!("settle {} --step {}", open.run, open.doubt.step),
    })
}

fn as_json(open: &OpenDoubt) -> Result<Value, Failure> {
    let mut whole = serde_json::to_value(open).map_err(Failure::platform)?;
    whole["command"] = json!(command(open));
    Ok(whole)
}

fn table(doubts: &[OpenDoubt]) -> Table {
    let mut table = Table::new([
        "began", "run", "call", "account", "policy", "service", "object", "from", "held", "why",
    ])
    .numbers(&[2, 8]);
    for OpenDoubt { run, policy, account, doubt, .. } in doubts {
        table.row([
            Instant(doubt.since).to_string(),
            run.clone(),
            doubt.step.to_string(),
            account.clone(),
            policy.clone(),
            doubt.service.clone(),
            effect::object(&doubt.object),
            effect::source(&doubt.paid_from),
            effect::rials(doubt.rials, doubt.at_most, false, pod_host::Language::English),
            doubt.reason.clone(),
        ]);
    }
    table
}

/// Says which runs are missing from what was printed: it is not whole then.
pub fn tell_unreadable(unreadable: &[Unreadable]) -> Status {
    for Unreadable { reason, .. } in unreadable {
        tell!("podhost: not in this: {}", foreign(reason));
    }
    if unreadable.is_empty() { Status::Done } else { Status::Platform }
}
