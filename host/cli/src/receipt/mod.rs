//! A receipt for people. The host's own words come first: how the run ended, what changed on the
//! platform, what is in doubt, what was denied and used. What a decider proposed follows as far as the
//! host checked it and carried it out; then, marked in each line, what the policy says.

mod answer;

use std::fmt::Display;

use pod_host::{Language, Receipt, Status};
use pod_platform::Instant;

use crate::{
    effect, hint, put,
    terminal::{Page, Table, foreign},
    words::Words,
};
use answer::Answer;

/// Letters of a command to type next: paths may be long.
const HINT: usize = 1_000;
/// Refusals that are listed.
const REFUSALS: usize = 50;

/// The receipt as it is read. Colours are for errors only, so that it can be piped as it is.
pub fn readable(receipt: &Receipt, language: Language) -> Page {
    let view = View { receipt, language, words: Words::of(language) };
    let mut page = Page::default();
    view.host(&mut page);
    let answer = Answer::of(receipt, language);
    answer.checked(&mut page);
    answer.said(&mut page);
    page
}

struct View<'a> {
    receipt: &'a Receipt,
    language: Language,
    words: &'static Words,
}

impl View<'_> {
    /// What the host knows by itself.
    fn host(&self, page: &mut Page) {
        let Self { receipt, words, .. } = self;
        let policy = &receipt.policy;
        put!(page, "{} {}: {}", words.run, foreign(&receipt.run), words.status(receipt.status));
        let (name, version) = (foreign(&policy.name), foreign(&policy.version));
        put!(page, "{} {name} {version}, sha256 {}", words.policy, policy.digest);
        if !receipt.account.is_empty() {
            let platform = receipt.platform.as_deref().unwrap_or(words.in_process);
            let (account, platform) = (foreign(&receipt.account), foreign(platform));
            put!(page, "{} {account} {} {platform}", words.account, words.on);
        }
        if let Some(key) = &receipt.key {
            put!(page, "{} {}", words.key, foreign(key));
        }
        put!(page);
        if receipt.dry_run {
            put!(page, "{}", words.dry_run);
            put!(page);
        }
        self.effects(page);
        self.doubts(page);
        self.settlements(page);
        self.refusals(page);
        if !receipt.stated.is_empty() {
            let stated: Vec<String> = receipt
                .stated
                .iter()
                .map(|fact| {
                    let what = foreign(words.term(&fact.fact));
                    format!("{what} ({})", words.stated_by(fact.by))
                })
                .collect();
            put!(page, "{}: {}", words.stated, stated.join(words.comma));
            put!(page);
        }
        if !receipt.assumed.is_empty() {
            let assumed: Vec<String> =
                receipt.assumed.iter().map(|code| foreign(words.term(code)).to_string()).collect();
            put!(page, "{}: {}", words.assumed, assumed.join(words.comma));
            put!(page);
        }
        page.table(self.meters());
        if receipt.dry_run {
            put!(page);
            put!(page, "{}", words.dry_run);
        }
    }

    fn effects(&self, page: &mut Page) {
        let Self { receipt, words, language } = self;
        if receipt.effects.is_empty() {
            let nothing = match receipt.doubts.is_empty() {
                true => words.nothing_was_paid,
                false => words.nothing_is_known,
            };
            put!(page, "{nothing}");
            put!(page);
            return;
        }
        let header = ["service", "object", "from", "rials", "reference", "proof"];
        let mut table = Table::new(header.map(|key| words.term(key))).numbers(&[3, 4]);
        for effect in &receipt.effects {
            table.row([
                effect.service.clone(),
                effect::object(&effect.object),
                effect::source(&effect.paid_from),
                effect::rials(effect.rials, effect.at_most, effect.pending, *language),
                effect.reference.clone(),
                words.term(effect::proof(effect.proof)).to_owned(),
            ]);
        }
        let count = language.number(receipt.effects.len() as u64);
        table.row([
            format!("{count} {}", words.in_all),
            String::new(),
            String::new(),
            language.number(receipt.meters.rials.0),
            String::new(),
            String::new(),
        ]);
        section(page, words.term("effects"), table);
        for note in effect::notes(&receipt.effects, *language) {
            put!(page, "{note}");
            put!(page);
        }
    }

    fn doubts(&self, page: &mut Page) {
        let Self { receipt, words, language } = self;
        if receipt.status == Status::UnknownOutcome {
            put!(page, "{}", words.unknown_outcome);
            put!(page);
        }
        if receipt.doubts.is_empty() {
            return;
        }
        let header = [
            words.call,
            words.term("service"),
            words.term("invoice"),
            words.held,
            words.term("reference"),
            words.term("why"),
        ];
        let mut table = Table::new(header).numbers(&[0, 2, 3, 4]);
        for doubt in &receipt.doubts {
            table.row([
                doubt.step.to_string(),
                doubt.service.clone(),
                doubt.invoice.map(|invoice| invoice.to_string()).unwrap_or_default(),
                language.number(doubt.rials.0),
                doubt.reference.clone().unwrap_or_default(),
                doubt.reason.clone(),
            ]);
        }
        section(page, words.in_doubt, table);
        let settle = hint::command(&format!("settle {}", receipt.run));
        put!(page, "{}: {}", words.to_settle, foreign(settle).within(HINT));
        put!(page);
    }

    fn settlements(&self, page: &mut Page) {
        let Self { receipt, words, .. } = self;
        if receipt.settled.is_empty() {
            return;
        }
        let header = [
            words.call,
            words.term("decision"),
            words.term("decided-at"),
            words.term("decided-by"),
            words.term("reference"),
            words.term("note"),
        ];
        let mut table = Table::new(header).numbers(&[0, 4]);
        for settled in &receipt.settled {
            let what = if settled.happened { words.happened } else { words.not_happened };
            table.row([
                settled.step.to_string(),
                what.to_owned(),
                Instant(settled.at).to_string(),
                settled.by.clone().unwrap_or_default(),
                settled.reference.clone().unwrap_or_default(),
                settled.note.clone(),
            ]);
        }
        section(page, words.settled, table);
    }

    fn refusals(&self, page: &mut Page) {
        let Self { receipt, words, language } = self;
        for refusal in receipt.denied.iter().take(REFUSALS) {
            let (function, reason) = (foreign(&refusal.function), foreign(&refusal.reason));
            put!(page, "{}: {function}: {reason}", words.denied);
        }
        let more = receipt.denied.len().saturating_sub(REFUSALS);
        if more > 0 {
            put!(page, "{}: {} {}", words.denied, language.number(more as u64), words.more);
        }
        if !receipt.denied.is_empty() {
            put!(page);
        }
    }

    fn meters(&self) -> Table {
        let Self { receipt, words, language } = self;
        let meters = &receipt.meters;
        let number = |number: u64| language.number(number);
        let mut table = Table::new([words.meter, words.used]).numbers(&[1]);
        for (name, used) in [
            (words.rials, number(meters.rials.0)),
            (words.calls, number(meters.calls)),
            (words.bytes_up, number(meters.bytes_up)),
            (words.bytes_down, number(meters.bytes_down)),
            (words.wall, format!("{} {}", number(meters.wall_ms), words.milliseconds)),
            (words.fuel, number(meters.fuel)),
            (words.memory, format!("{} {}", number(meters.memory_bytes), words.bytes)),
        ] {
            table.row([name, &used]);
        }
        table
    }
}

/// A table under its title.
fn section(page: &mut Page, title: impl Display, table: Table) {
    put!(page, "{title}");
    page.table(table);
    put!(page);
}
