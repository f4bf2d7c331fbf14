//! The page. It holds all that it shows: nothing is loaded, and nothing in it runs.

use askama::Template;
use pod_host::{
    Budget, Language, Receipt,
    journal::{Entry, RunSummary, StoredEntry},
};
use pod_platform::Instant;
use serde_json::Value;

use super::super::show;
use crate::{effect, terminal::harmless, words::Words};

/// Lines of the timeline that are shown; `podhost show` has all.
const TIMELINE: usize = 2_000;

/// POD's name of the invoice whose money pays another.
const CREDITOR: &str = "creditorInvoiceId";

#[derive(Template)]
#[template(path = "explain.html")]
struct Explained {
    words: &'static Words,
    lang: &'static str,
    dir: &'static str,
    title: String,
    status: &'static str,
    status_code: &'static str,
    facts: Vec<String>,
    error: Option<String>,
    dry_run: bool,
    nothing: &'static str,
    effects: Vec<Paid>,
    total: String,
    notes: Vec<&'static str>,
    doubts: Vec<Vec<String>>,
    settled: Vec<Vec<String>>,
    denied: Vec<Vec<String>>,
    meters: Vec<Meter>,
    reasons: Vec<Vec<String>>,
    output: String,
    log: Vec<Vec<String>>,
    timeline: Vec<Vec<String>>,
    chain: String,
}

/// Who paid what, and its share of the largest payment.
struct Paid {
    from: String,
    service: String,
    object: String,
    rials: String,
    share: u64,
    reference: String,
    proof: &'static str,
}

/// What was used of what was granted, and that as a share.
struct Meter {
    name: &'static str,
    used: String,
    granted: String,
    share: u64,
}

/// A page of its own about a run that has ended.
pub fn of(
    summary: &RunSummary,
    receipt: &Receipt,
    entries: &[StoredEntry],
    language: Language,
) -> askama::Result<String> {
    let words = Words::of(language);
    let (lang, dir) = match language {
        Language::English => ("en", "ltr"),
        Language::Persian => ("fa", "rtl"),
    };
    let platform = summary.platform.as_deref().unwrap_or(words.in_process);
    let mut facts = vec![
        format!("{} {}", words.account, harmless(&summary.account)),
        format!("{} {}", words.on, harmless(platform)),
        Instant(summary.started).to_string(),
        format!("sha256 {}", receipt.policy.digest),
    ];
    facts.extend(receipt.key.as_ref().map(|key| format!("{} {}", words.key, harmless(key))));
    let policy = &receipt.policy;
    let explained = Explained {
        words,
        lang,
        dir,
        title: format!(
            "{} {} – {} {}",
            harmless(&policy.name),
            harmless(&policy.version),
            words.run,
            harmless(&receipt.run)
        ),
        status: words.status(receipt.status),
        status_code: receipt.status.name(),
        facts,
        error: receipt.error.as_ref().map(|error| harmless(&error.to_string())),
        dry_run: receipt.dry_run,
        nothing: match receipt.doubts.is_empty() {
            true => words.nothing_was_paid,
            false => words.nothing_is_known,
        },
        effects: effects(receipt, words, language),
        total: format!(
            "{} {}: {} {}",
            language.number(receipt.effects.len() as u64),
            words.in_all,
            language.number(receipt.meters.rials.0),
            words.rials
        ),
        notes: effect::notes(&receipt.effects, language),
        doubts: doubts(receipt, language),
        settled: settled(receipt, words),
        denied: receipt
            .denied
            .iter()
            .map(|refusal| vec![harmless(&refusal.function), harmless(&refusal.reason)])
            .collect(),
        meters: meters(receipt, entries, words, language),
        reasons: reasons(&receipt.output),
        output: harmless_lines(&serde_json::to_string_pretty(&receipt.output).unwrap_or_default()),
        log: receipt
            .log
            .iter()
            .map(|line| vec![line.level.to_string(), harmless(&line.message)])
            .collect(),
        timeline: entries.iter().take(TIMELINE).map(timeline).collect(),
        chain: format!("{} · {}", language.number(entries.len() as u64), receipt.journal_head),
    };
    explained.render()
}

fn effects(receipt: &Receipt, words: &Words, language: Language) -> Vec<Paid> {
    let largest = receipt.effects.iter().map(|effect| effect.rials.0).max().unwrap_or_default();
    receipt
        .effects
        .iter()
        .map(|effect| {
            // What a debt is netted with is what it is paid from.
            let mut object = effect.object.clone();
            let creditor = object.remove_entry(CREDITOR);
            let creditor = creditor.map(|(name, id)| format!("{name} {id}"));
            let from = creditor.unwrap_or_else(|| effect::source(&effect.paid_from));
            (effect, from, object)
        })
        .map(|(effect, from, object)| Paid {
            from: harmless(&from),
            service: harmless(&effect.service),
            object: harmless(&effect::object(&object)),
            rials: effect::rials(effect.rials, effect.at_most, effect.pending, language),
            share: share(effect.rials.0, largest),
            reference: harmless(&effect.reference),
            proof: words.term(effect::proof(effect.proof)),
        })
        .collect()
}

fn doubts(receipt: &Receipt, language: Language) -> Vec<Vec<String>> {
    let row = |doubt: &pod_host::Doubt| {
        vec![
            doubt.step.to_string(),
            harmless(&doubt.service),
            harmless(&effect::object(&doubt.object)),
            effect::rials(doubt.rials, doubt.at_most, false, language),
            harmless(&doubt.reason),
        ]
    };
    receipt.doubts.iter().map(row).collect()
}

fn settled(receipt: &Receipt, words: &Words) -> Vec<Vec<String>> {
    let row = |settled: &pod_host::Settlement| {
        vec![
            settled.step.to_string(),
            if settled.happened { words.happened } else { words.not_happened }.to_owned(),
            Instant(settled.at).to_string(),
            harmless(settled.by.as_deref().unwrap_or_default()),
            harmless(&settled.note),
        ]
    };
    receipt.settled.iter().map(row).collect()
}

fn meters(
    receipt: &Receipt,
    entries: &[StoredEntry],
    words: &'static Words,
    language: Language,
) -> Vec<Meter> {
    let budget = entries.iter().find_map(|stored| match &stored.entry {
        Entry::Started(started) => serde_json::from_str::<Budget>(&started.budget).ok(),
        _ => None,
    });
    let used = &receipt.meters;
    let granted = |of: fn(&Budget) -> u64| budget.as_ref().map(of);
    [
        (words.rials, used.rials.0, granted(|budget| budget.rial.0)),
        (words.calls, used.calls, granted(|budget| budget.calls)),
        (words.bytes_up, used.bytes_up, granted(|budget| budget.bytes_up)),
        (words.bytes_down, used.bytes_down, granted(|budget| budget.bytes_down)),
        (words.wall, used.wall_ms, granted(|budget| budget.wall_ms)),
        (words.fuel, used.fuel, granted(|budget| budget.fuel)),
        (words.memory, used.memory_bytes, granted(|budget| budget.memory_bytes)),
    ]
    .into_iter()
    .map(|(name, used, granted)| Meter {
        name,
        used: language.number(used),
        granted: granted.map(|granted| language.number(granted)).unwrap_or_default(),
        share: granted.map_or(0, |granted| share(used, granted)),
    })
    .collect()
}

/// In percent of the whole, for a bar.
fn share(part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * 100 / u128::from(whole.max(1))).unwrap_or(100).min(100)
}

/// What a decider says of each invoice that it decided about.
fn reasons(output: &Value) -> Vec<Vec<String>> {
    let mut reasons = Vec::new();
    for list in ["payments", "unpaid", "stillOwed", "keptOut", "lost"] {
        for item in output[list].as_array().into_iter().flatten() {
            let Some(text) = item["reason"]["text"].as_str() else { continue };
            let what = ["invoice", "planId", "plan"].iter().find_map(|name| match &item[*name] {
                Value::Null => None,
                value => Some(value.to_string()),
            });
            reasons.push(vec![harmless(&what.unwrap_or_default()), harmless(text)]);
        }
    }
    reasons
}

fn timeline(stored: &StoredEntry) -> Vec<String> {
    let (step, at, what) = show::line(&stored.entry);
    vec![
        Instant(at).to_string(),
        step.map(|step| step.to_string()).unwrap_or_default(),
        harmless(&what),
    ]
}

/// A text of several lines, each as it is seen.
fn harmless_lines(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}
