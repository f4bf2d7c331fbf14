//! `podhost statement`: what runs did, for the books.

use pod_host::{Language, LeftOut, Line, Statement, StatementFilter, Sum};
use pod_platform::Instant;
use serde_json::{Value, json};

use super::doubts::tell_unreadable;
use crate::{
    arguments::{self, StatementFormat},
    effect,
    exit::{Failure, Status},
    period::{self, Bound},
    put, say,
    store::{read_store, tell_unknown},
    tell,
    terminal::{self, Page, Table, foreign},
};

pub async fn print(arguments: arguments::Statement) -> Result<Status, Failure> {
    let from = arguments.from.map(Bound::begin);
    let to = arguments.to.map(Bound::end);
    period::check(from, to)?;
    let journal = read_store(&arguments.store).await?;
    tell_unknown(&journal, arguments.account.as_deref()).await?;
    let filter = StatementFilter { from, to, account: arguments.account };
    let statement = Statement::draw(&journal, &filter).await?;
    match arguments.format {
        StatementFormat::Json => terminal::json(&as_json(&statement)?)?,
        StatementFormat::Csv => {
            terminal::verbatim(&as_csv(&statement.lines)?);
            for sum in &statement.sums {
                tell!("{}", in_words(sum));
            }
        }
        StatementFormat::Table if statement.lines.is_empty() => say!("nothing took effect"),
        StatementFormat::Table => {
            let mut page = Page::default();
            page.table(table(&statement.lines));
            put!(page);
            for sum in &statement.sums {
                put!(page, "{}", in_words(sum));
            }
            terminal::print(&page);
        }
    }
    tell_left_out(statement.left_out);
    Ok(tell_unreadable(&statement.unreadable))
}

/// The time of an instant, as ISO 8601 has it.
fn iso(at: u64) -> String {
    let at = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn as_json(statement: &Statement) -> Result<Value, Failure> {
    let mut whole = serde_json::to_value(statement).map_err(Failure::platform)?;
    for line in whole["lines"].as_array_mut().into_iter().flatten() {
        let at = line["at"].as_u64().unwrap_or_default();
        line["time"] = json!(iso(at));
        line["date"] = json!(Instant(at).jalali_date().to_string());
    }
    Ok(whole)
}

/// The columns of the CSV. Scripts go by their names; more may follow.
const COLUMNS: [&str; 24] = [
    "kind",
    "time",
    "date",
    "account",
    "platform",
    "policy",
    "version",
    "run",
    "step",
    "service",
    "invoice",
    "object",
    "paid_from",
    "rials",
    "at_most",
    "pending",
    "reference",
    "proof",
    "evidence",
    "happened",
    "by",
    "note",
    "decided",
    "superseded",
];

fn as_csv(lines: &[Line]) -> Result<String, Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(COLUMNS).map_err(Failure::platform)?;
    for line in lines {
        let decision = line.decision.as_ref();
        let yes = |is_so: bool| if is_so { "yes" } else { "" }.to_owned();
        let fields = [
            line.kind.name().to_owned(),
            iso(line.at),
            Instant(line.at).jalali_date().to_string(),
            line.account.clone(),
            line.platform.clone().unwrap_or_default(),
            line.policy.clone(),
            line.version.clone(),
            line.run.clone(),
            line.step.to_string(),
            line.service.clone(),
            line.invoice.map(|invoice| invoice.to_string()).unwrap_or_default(),
            effect::object(&line.object),
            effect::source(&line.paid_from),
            line.rials.0.to_string(),
            yes(line.at_most),
            yes(line.pending),
            line.reference.clone().unwrap_or_default(),
            line.proof.map(|proof| proof.name().to_owned()).unwrap_or_default(),
            line.evidence.clone().or_else(|| line.reason.clone()).unwrap_or_default(),
            decision
                .map(|decision| if decision.happened { "yes" } else { "no" }.to_owned())
                .unwrap_or_default(),
            decision.and_then(|decision| decision.by.clone()).unwrap_or_default(),
            decision.map(|decision| decision.note.clone()).unwrap_or_default(),
            decision.map(|decision| iso(decision.at)).unwrap_or_default(),
            yes(decision.is_some_and(|decision| decision.superseded)),
        ];
        csv.write_record(fields.iter().map(|field| inert(field))).map_err(Failure::platform)?;
    }
    let bytes = csv.into_inner().map_err(|error| Failure::platform(error.into_error()))?;
    String::from_utf8(bytes).map_err(Failure::platform)
}

/// What a spreadsheet takes for the beginning of a formula.
const SIGNS: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%'];

/// What ends a cell where a comma is part of a number.
const SEPARATORS: [char; 2] = [';', '؛'];

/// A text that no spreadsheet takes for a formula, nor any part of it that it may take for a cell of its
/// own. Policies, payers and POD write what stands in these fields, and a formula can send a whole sheet
/// to somebody.
fn inert(field: &str) -> String {
    let field = terminal::harmless(field);
    let mut inert = String::with_capacity(field.len() + 1);
    let mut begins = true;
    for letter in field.chars() {
        if begins && SIGNS.contains(&letter) {
            inert.push('\'');
        }
        let stays = begins && (letter.is_whitespace() || letter == '"');
        begins = stays || SEPARATORS.contains(&letter);
        inert.push(letter);
    }
    inert
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new([
        "began",
        "kind",
        "account",
        "run",
        "call",
        "service",
        "object",
        "from",
        "rials",
        "reference",
        "proof",
    ])
    .numbers(&[4, 8, 9]);
    for line in lines {
        table.row([
            Instant(line.at).to_string(),
            line.kind.name().to_owned(),
            line.account.clone(),
            line.run.clone(),
            line.step.to_string(),
            line.service.clone(),
            effect::object(&line.object),
            effect::source(&line.paid_from),
            effect::rials(line.rials, line.at_most, line.pending, Language::English),
            line.reference.clone().unwrap_or_default(),
            proof(line),
        ]);
    }
    table
}

/// How it is known, or why it is not.
fn proof(line: &Line) -> String {
    if let Some(decision) = &line.decision {
        let what = if decision.happened { "it happened" } else { "it did not happen" };
        let by = decision.by.as_ref().map_or(String::new(), |by| format!(", says {by}"));
        let corrected = if decision.superseded { " (corrected later)" } else { "" };
        return format!("{what}{by}: {}{corrected}", decision.note);
    }
    let what = line.evidence.as_ref().or(line.reason.as_ref());
    match (line.proof, what) {
        (Some(proof), Some(what)) => format!("{}: {what}", proof.name()),
        (Some(proof), None) => proof.name().to_owned(),
        (None, what) => what.cloned().unwrap_or_default(),
    }
}

fn in_words(sum: &Sum) -> String {
    let plural = if sum.lines == 1 { "" } else { "s" };
    let mut text = format!(
        "{} on {}: {} {}{plural}, {} rials",
        foreign(&sum.account),
        foreign(&sum.platform),
        sum.lines,
        sum.kind.name(),
        sum.rials.grouped()
    );
    for (what, rials) in [("pending", sum.pending), ("at most", sum.at_most)] {
        if rials.0 > 0 {
            text.push_str(&format!(", {} of them {what}", rials.grouped()));
        }
    }
    text
}

/// Nothing is left out without a word.
fn tell_left_out(left_out: LeftOut) {
    let LeftOut { dry_runs, in_process, archived } = left_out;
    for (runs, why) in [
        (dry_runs, "which were dry"),
        (in_process, "whose platform ended with their process"),
        (archived, "which were pruned: an archive has them, if one was named (--store ARCHIVE)"),
    ] {
        if runs > 0 {
            tell!("podhost: not in this: {runs} runs {why}");
        }
    }
}
