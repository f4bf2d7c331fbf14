//! `podhost doubts`: all calls in doubt, with what they hold and how to go on.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use pod_host::{OpenDoubt, Unreadable, journal::Journal};
use pod_platform::{Instant, Rial};
use serde_json::json;

use crate::{
    arguments, effect,
    exit::{Failure, Status},
    receipt::STYLE,
    shown::shown,
    store::store_folder,
};

pub async fn list(arguments: arguments::Doubts) -> Result<Status, Failure> {
    let journal = Journal::read_only(&store_folder(&arguments.store)?).await?;
    let (account, policy) = (arguments.account.as_deref(), arguments.policy.as_deref());
    let (doubts, unreadable) = pod_host::open_doubts(&journal, account, policy).await?;
    let held = Rial::checked_sum(doubts.iter().map(|open| open.doubt.rials));
    if arguments.json {
        println!("{}", json!({ "doubts": doubts, "rials": held, "unreadable": unreadable }));
    } else if doubts.is_empty() {
        println!("nothing is in doubt");
    } else {
        println!("{}", shown(&table(&doubts).to_string()));
        if let Some(held) = held {
            println!("\n{} rials are held for {} calls", held.grouped(), doubts.len());
        }
        println!("\nGo on with them, the oldest first:");
        let mut commands: Vec<&str> = doubts.iter().map(|open| open.command.as_str()).collect();
        commands.dedup();
        for command in commands {
            println!("  {command}");
        }
    }
    Ok(tell_unreadable(&unreadable))
}

fn table(doubts: &[OpenDoubt]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header([
        "began", "run", "call", "account", "policy", "service", "object", "from", "held", "why",
    ]);
    for column in [2, 8] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for OpenDoubt { run, policy, account, doubt, .. } in doubts {
        table.add_row([
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
        eprintln!("podhost: not in this: {}", shown(reason));
    }
    if unreadable.is_empty() { Status::Done } else { Status::Platform }
}
