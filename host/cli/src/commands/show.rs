//! `podhost show`: a run's timeline, or its receipt.

use pod_host::{
    Budget, Spent,
    journal::{Entry, Looks, Recorded, RunSummary, StoredEntry},
};
use pod_platform::{Instant, Rial};
use serde_json::{Value, json};

use crate::{
    arguments,
    exit::{Failure, Status},
    operator, put, store,
    terminal::{self, Page, Table, foreign},
};

/// How much of a text a line of the timeline shows.
const SHOWN: usize = 100;

pub async fn show(arguments: arguments::Show) -> Result<Status, Failure> {
    let journal = store::read_store(&arguments.store).await?;
    let summary = store::find(&journal, &arguments.run).await?;
    let entries = journal.entries(&summary.run).await?;
    if arguments.receipt {
        let mut receipt = pod_host::journal::receipt(&summary.run, &entries)?;
        if let Some(operator) = operator::find(arguments.config.as_deref())?
            && let Some(key) = operator.signing_key()?
        {
            receipt = key.sign(receipt)?;
        }
        terminal::json(&receipt)?;
    } else if arguments.json {
        let entries: Vec<Value> = entries.iter().map(entry).collect();
        terminal::json(&json!({ "run": summary, "entries": entries }))?;
    } else {
        terminal::print(&timeline(&summary, &entries));
    }
    Ok(Status::Done)
}

/// A run's course, line by line.
pub fn timeline(summary: &RunSummary, entries: &[StoredEntry]) -> Page {
    let mut page = Page::default();
    let RunSummary { run, policy, version, account, platform, key, started, status, .. } = summary;
    let (policy, version, account) = (foreign(policy), foreign(version), foreign(account));
    put!(page, "run {run}: {policy} {version}, {}", foreign(status));
    let platform = foreign(platform.as_deref().unwrap_or("the platform in its process"));
    let key = key.as_ref().map_or(String::new(), |key| format!(", under the key {}", foreign(key)));
    put!(page, "for {account} on {platform}{key}, since {}", Instant(*started));
    put!(page);

    let budget = entries.iter().find_map(|stored| match &stored.entry {
        Entry::Started(started) => serde_json::from_str::<Budget>(&started.budget).ok(),
        _ => None,
    });
    let mut table =
        Table::new(["time", "call", "what", "rials left", "calls left"]).numbers(&[1, 3, 4]);
    let mut spent = Spent::default();
    for stored in entries {
        spent.fold(&stored.entry);
        let total = spent.total();
        let left = |of: fn(&Budget) -> u64, used: u64| {
            let left = budget.as_ref().map(|budget| of(budget).saturating_sub(used));
            left.map(|left| Rial(left).grouped().to_string()).unwrap_or_default()
        };
        let (step, at, what) = line(&stored.entry);
        table.row([
            Instant(at).to_string(),
            step.map(|step| step.to_string()).unwrap_or_default(),
            what,
            left(|budget| budget.rial.0, total.rials),
            left(|budget| budget.calls, total.calls),
        ]);
    }
    page.table(table);
    if let Some(last) = entries.last() {
        put!(page);
        put!(page, "{} entries, unbroken up to {}", entries.len(), last.hash);
    }
    page
}

/// The call, the time, and what happened, in a line.
pub fn line(entry: &Entry) -> (Option<u64>, u64, String) {
    match entry {
        Entry::Started(started) => {
            (None, started.at, format!("began, input {}", shortened(&started.input)))
        }
        Entry::Intent(intent) => {
            let held = Rial(intent.reserved.rials).grouped();
            let asked = asked(&intent.service, &intent.arguments);
            (Some(intent.step), intent.at, format!("about to {asked}, holding {held} rials"))
        }
        Entry::Outcome(outcome) => {
            let asked = outcome.arguments.as_ref().map_or(String::new(), |arguments| {
                format!("{}: ", asked(&outcome.function, arguments))
            });
            let mut what = match &outcome.recorded {
                Recorded::Done(result) => {
                    format!("{asked}{}", answer(&String::from_utf8_lossy(result), outcome.count))
                }
                Recorded::Refused(error) => format!("{asked}refused: {}", message(error)),
                Recorded::Unknown(error) => format!("{asked}unknown: {}", message(error)),
            };
            if let Some(number) = outcome.reference_number.as_ref().filter(|n| !n.is_empty()) {
                what.push_str(&format!(", reference number {number}"));
            }
            if let Some(evidence) = outcome.evidence.as_ref().filter(|said| !said.is_empty()) {
                what.push_str(&format!(" [{evidence}]"));
            }
            (Some(outcome.step), outcome.at, what)
        }
        Entry::Decided(decided) => {
            (None, decided.at, format!("decided {}", shortened(&decided.answer)))
        }
        Entry::Finished(finished) => {
            let error = finished.error.as_ref();
            let why = error.map_or(String::new(), |error| format!(": {}", message(error)));
            (None, finished.at, format!("ended {}{why}", finished.status))
        }
        Entry::Restored(restored) => {
            (None, restored.at, "found to be an older copy of its journal".to_owned())
        }
        Entry::Settled(settled) => {
            let what = if settled.happened { "it happened" } else { "it did not happen" };
            let by = settled.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
            (Some(settled.step), settled.at, format!("settled{by}: {what}: {}", settled.note))
        }
        Entry::Diverged(diverged) => {
            let (recorded, asked) = (&diverged.recorded, &diverged.asked);
            let what = format!("diverged: the journal has {recorded}, it asked {asked}");
            (Some(diverged.step), diverged.at, what)
        }
        Entry::Looks(looks) => self::looks(looks),
    }
}

/// Looks at the clock and random numbers; a single one with its answer.
fn looks(looks: &Looks) -> (Option<u64>, u64, String) {
    let (mut calls, mut times, mut numbers) = (Vec::new(), 0, 0);
    for outcome in looks.outcomes() {
        match outcome.function.starts_with("clock") {
            true => times += 1,
            false => numbers += 1,
        }
        calls.push(outcome);
    }
    let what = match &calls[..] {
        [only] => match &only.recorded {
            Recorded::Done(result) => {
                let answered = answer(&String::from_utf8_lossy(result), None);
                format!("{}: {answered}", only.function)
            }
            Recorded::Refused(_) | Recorded::Unknown(_) => only.function.clone(),
        },
        _ => format!("{times} looks at the clock, {numbers} random numbers"),
    };
    (Some(looks.step), calls.last().map_or(0, |last| last.at), what)
}

/// What was answered: of a list, how much of it.
fn answer(result: &str, count: Option<u64>) -> String {
    match serde_json::from_str(result) {
        Ok(Value::Array(items)) => {
            let all = count.filter(|count| *count > items.len() as u64);
            let of = all.map_or(String::new(), |count| format!(" of {count}"));
            format!("{}{of} found", items.len())
        }
        _ => shortened(result),
    }
}

/// A call with its fields.
fn asked(function: &str, arguments: &str) -> String {
    let fields: Vec<String> = url::form_urlencoded::parse(arguments.as_bytes())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    shortened(&format!("{function} {}", fields.join(" "))).trim_end().to_owned()
}

/// An error's own words.
fn message(json: &str) -> String {
    if let Ok(error) = serde_json::from_str::<pod_platform::types::Error>(json) {
        return error.to_string();
    }
    match serde_json::from_str::<pod_host::RunError>(json) {
        Ok(error) => error.to_string(),
        Err(_) => json.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// An entry whole, for machines. What is JSON in the journal is JSON here.
fn entry(stored: &StoredEntry) -> Value {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let optional = |text: &Option<String>| text.as_deref().map(parsed);
    let fields = match &stored.entry {
        Entry::Started(started) => json!({ "started": {
            "policy": started.policy, "version": started.version, "world": started.world,
            "component": started.component, "script": started.script,
            "account": started.account, "platform": started.platform,
            "business": started.business, "user": started.user, "key": started.key,
            "input": parsed(&started.input), "options": optional(&started.options),
            "stated": optional(&started.stated), "allowed": started.allowed,
            "repeatable": started.repeatable, "scope": optional(&started.scope),
            "budget": parsed(&started.budget),
            "host": started.host, "at": started.at,
        } }),
        Entry::Intent(intent) => json!({ "intent": {
            "step": intent.step, "function": intent.function, "service": intent.service,
            "arguments": fields(&intent.arguments), "call": intent.call,
            "effect_class": intent.effect_class, "invoice": intent.invoice,
            "reserved": amounts(intent.reserved), "at": intent.at, "at_most": intent.at_most,
        } }),
        Entry::Outcome(outcome) => {
            let (kind, value) = match &outcome.recorded {
                Recorded::Done(result) => ("done", parsed(&String::from_utf8_lossy(result))),
                Recorded::Refused(error) => ("refused", parsed(error)),
                Recorded::Unknown(error) => ("unknown", parsed(error)),
            };
            json!({ "outcome": {
                "step": outcome.step, "function": outcome.function, "call": outcome.call,
                "arguments": outcome.arguments.as_deref().map(fields), kind: value,
                "reference_number": outcome.reference_number, "evidence": outcome.evidence,
                "spent": amounts(outcome.spent), "at": outcome.at, "at_most": outcome.at_most,
                "pending": outcome.pending,
            } })
        }
        Entry::Decided(decided) => json!({ "decided": {
            "answer": parsed(&decided.answer), "fuel": decided.fuel,
            "memory_bytes": decided.memory_bytes, "at": decided.at,
        } }),
        Entry::Finished(finished) => json!({ "finished": {
            "status": finished.status, "output": optional(&finished.output),
            "error": optional(&finished.error), "fuel": finished.fuel,
            "memory_bytes": finished.memory_bytes, "wall_ms": finished.wall_ms,
            "at": finished.at,
        } }),
        Entry::Restored(restored) => json!({ "restored": { "at": restored.at } }),
        Entry::Settled(settled) => json!({ "settled": {
            "step": settled.step, "happened": settled.happened, "note": settled.note,
            "reference_number": settled.reference_number, "at": settled.at, "by": settled.by,
        } }),
        Entry::Diverged(diverged) => json!({ "diverged": {
            "step": diverged.step, "recorded": diverged.recorded, "asked": diverged.asked,
            "at": diverged.at,
        } }),
        Entry::Looks(looks) => {
            let call = |outcome: pod_host::journal::Outcome| {
                let result = match &outcome.recorded {
                    Recorded::Done(result) => parsed(&String::from_utf8_lossy(result)),
                    Recorded::Refused(error) | Recorded::Unknown(error) => parsed(error),
                };
                json!({
                    "step": outcome.step, "function": outcome.function, "done": result,
                    "at": outcome.at,
                })
            };
            json!({ "looks": looks.outcomes().map(call).collect::<Vec<_>>() })
        }
    };
    let mut whole = json!({ "sequence": stored.sequence, "hash": stored.hash });
    if let (Some(whole), Value::Object(fields)) = (whole.as_object_mut(), fields) {
        whole.extend(fields);
    }
    whole
}

/// A form's fields; of one that comes several times, all values.
fn fields(arguments: &str) -> Value {
    let mut fields = serde_json::Map::new();
    for (name, value) in url::form_urlencoded::parse(arguments.as_bytes()) {
        match fields.get_mut(name.as_ref()) {
            None => {
                fields.insert(name.into_owned(), json!(value));
            }
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(first) => *first = json!([first.clone(), value]),
        }
    }
    Value::Object(fields)
}

fn amounts(amounts: pod_host::Amounts) -> Value {
    let pod_host::Amounts { rials, calls, bytes_up, bytes_down, http_calls, sms } = amounts;
    json!({
        "rials": rials, "calls": calls, "bytes_up": bytes_up, "bytes_down": bytes_down,
        "http_calls": http_calls, "sms": sms,
    })
}
