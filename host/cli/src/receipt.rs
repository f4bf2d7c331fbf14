//! A receipt for people: what was decided and why, what was paid, and what was used.

use std::fmt::Write as _;

use comfy_table::{
    CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle,
};
use pod_host::{Language, Receipt, Status};
use serde_json::{Map, Value};

use crate::{effect, shown::shown, words::Words};

/// The receipt as text. Colours are for errors only, so that it can be piped as it is.
pub fn readable(receipt: &Receipt, language: Language) -> String {
    let mut text = String::new();
    let page = Page { receipt, language, words: Words::of(language) };
    // Writing to a string cannot fail.
    let _ = page.write(&mut text);
    shown(&text)
}

/// The lists of an output that are tables, and their columns.
const TABLES: &[(&str, &[&str])] = &[
    (
        "payments",
        &[
            "service",
            "invoice",
            "creditorInvoiceId",
            "from",
            "rials",
            "outcome",
            "reference",
            "why",
        ],
    ),
    ("bills", &["billId", "paymentId", "rials", "outcome", "why"]),
    ("stillOwed", &["invoice", "rials", "why"]),
    ("unpaid", &["invoice", "rials", "why"]),
    ("keptOut", &["invoice", "why"]),
    ("lost", &["contractId", "planId", "planName", "why"]),
    ("issuers", &["name", "debts", "settled", "stillOwed"]),
    ("creditsUsed", &["delegatorId", "hash", "before", "spent", "after"]),
    ("loans", &["id", "invoice", "planId", "primaryAmount", "totalCost", "confirmAt"]),
    ("installments", &["dueDate", "amount"]),
];

/// What stands at the left: all else is numbers.
const TEXTS: &[&str] = &["service", "from", "outcome", "why", "name", "hash", "planName"];

/// Ids are no amounts: nobody groups their digits.
const IDS: &[&str] = &[
    "invoice",
    "creditorInvoiceId",
    "reference",
    "billId",
    "paymentId",
    "contractId",
    "planId",
    "delegatorId",
    "hash",
    "dueDate",
    "id",
];

/// A line under the header and nothing else: hundreds of rows stay readable.
pub const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none().junction(' '));

struct Page<'a> {
    receipt: &'a Receipt,
    language: Language,
    words: &'static Words,
}

impl Page<'_> {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Self { receipt, words, .. } = self;
        let policy = &receipt.policy;
        writeln!(text, "{} {}: {}", policy.name, policy.version, words.status(receipt.status))?;
        writeln!(text, "{} {}", words.run, receipt.run)?;
        writeln!(text, "policy sha256 {}\n", policy.digest)?;

        if receipt.dry_run {
            writeln!(text, "{}\n", words.dry_run)?;
        }
        self.output(text)?;
        if receipt.output["planOnly"] == true {
            writeln!(text, "{}\n", words.plan_only)?;
        } else if receipt.effects.is_empty() {
            writeln!(text, "{}\n", words.nothing_was_paid)?;
        } else if !receipt.output["payments"].is_array() {
            writeln!(text, "{}\n{}\n", words.term("effects"), self.effects())?;
        }
        for note in effect::notes(&receipt.effects, self.language) {
            writeln!(text, "{note}\n")?;
        }
        for refusal in &receipt.denied {
            writeln!(text, "{}: {}: {}", words.denied, refusal.function, refusal.reason)?;
        }
        if !receipt.stated.is_empty() {
            let stated: Vec<String> = receipt
                .stated
                .iter()
                .map(|fact| format!("{} ({})", words.term(&fact.fact), words.stated_by(fact.by)))
                .collect();
            writeln!(text, "{}: {}\n", words.stated, stated.join(words.comma))?;
        }
        if !receipt.assumed.is_empty() {
            let assumed: Vec<&str> = receipt.assumed.iter().map(|code| words.term(code)).collect();
            writeln!(text, "{}: {}\n", words.assumed, assumed.join(words.comma))?;
        }
        writeln!(text, "{}", self.meters())?;
        if receipt.dry_run {
            writeln!(text, "\n{}", words.dry_run)?;
        }
        if !receipt.log.is_empty() {
            writeln!(text, "\n{}:", words.log)?;
            for line in &receipt.log {
                // A line that is several cannot be taken for the receipt's own.
                let message = line.message.trim_end().replace('\n', "\n        ");
                writeln!(text, "  {:5} {message}", line.level)?;
            }
        }
        if receipt.status == Status::UnknownOutcome {
            writeln!(text, "\n{}", words.unknown_outcome)?;
        }
        Ok(())
    }

    /// What the policy decided: lists as tables, amounts as a summary, the rest as it is.
    fn output(&self, text: &mut String) -> std::fmt::Result {
        let Some(output) = self.receipt.output.as_object() else {
            if !self.receipt.output.is_null() {
                writeln!(text, "{:#}\n", self.receipt.output)?;
            }
            return Ok(());
        };
        self.fields(text, output, self.words.term("summary"))
    }

    fn fields(
        &self,
        text: &mut String,
        fields: &Map<String, Value>,
        title: &str,
    ) -> std::fmt::Result {
        let mut rest = fields.clone();
        rest.remove("planOnly");
        for (name, columns) in TABLES {
            let Some(Value::Array(rows)) = rest.get(*name) else { continue };
            if let Some(table) = self.table(rows, columns) {
                writeln!(text, "{}\n{table}\n", self.words.term(name))?;
            }
            rest.remove(*name);
        }
        if rest.get("choice").is_some_and(Value::is_null) {
            writeln!(text, "{}\n", self.words.nothing_fits)?;
        }
        if let Some(Value::Object(choice)) = rest.remove("choice") {
            self.fields(text, &choice, self.words.term("choice"))?;
            if let Some(why) = self.why(&choice) {
                writeln!(text, "{}: {why}\n", self.words.term("why"))?;
            }
        }
        // Of the loan that came of it, how it stands, and its schedule where it differs.
        if let Some(Value::Object(mut loan)) = rest.remove("loan") {
            if loan.get("agrees") == Some(&Value::Bool(true)) {
                loan.remove("installments");
            }
            self.fields(text, &loan, self.words.term("loan"))?;
        }
        rest.remove("reason");
        let mut summary = self.new_table(&[title, ""], &[1]);
        let mut is_empty = true;
        for (key, value) in &rest {
            if let Some(shown) = self.cell(key, value) {
                summary.add_row([self.words.term(key).to_owned(), shown]);
                is_empty = false;
            }
        }
        if !is_empty {
            writeln!(text, "{summary}\n")?;
        }
        rest.retain(|key, value| self.cell(key, value).is_none() && !value.is_null());
        if !rest.is_empty() {
            writeln!(text, "{:#}\n", Value::Object(rest))?;
        }
        Ok(())
    }

    /// A list as a table, without the columns that none of its rows has.
    fn table(&self, rows: &[Value], columns: &[&str]) -> Option<Table> {
        let rows: Vec<Vec<Option<String>>> = rows
            .iter()
            .filter_map(Value::as_object)
            .map(|row| columns.iter().map(|column| self.column(row, column)).collect())
            .collect();
        if rows.is_empty() {
            return None;
        }
        let shown: Vec<usize> = (0..columns.len())
            .filter(|&column| rows.iter().any(|row| row[column].is_some()))
            .collect();
        let header: Vec<&str> = shown.iter().map(|&c| self.words.term(columns[c])).collect();
        let numbers: Vec<usize> =
            (0..shown.len()).filter(|&index| !TEXTS.contains(&columns[shown[index]])).collect();
        let mut table = self.new_table(&header, &numbers);
        for row in rows {
            table.add_row(shown.iter().map(|&column| row[column].clone().unwrap_or_default()));
        }
        Some(table)
    }

    fn column(&self, row: &Map<String, Value>, column: &str) -> Option<String> {
        match column {
            "why" => self.why(row),
            "from" => self.from(row),
            _ => self.cell(column, row.get(column)?),
        }
    }

    /// Why: what went wrong, or the reason's text, and what was not chosen instead.
    fn why(&self, row: &Map<String, Value>) -> Option<String> {
        let error = row.get("error").map(|error| {
            let inner = error.as_object().and_then(|error| error.values().next()).unwrap_or(error);
            let message = inner.get("message").or_else(|| inner.get("reason")).unwrap_or(inner);
            message.as_str().map_or_else(|| message.to_string(), str::to_owned)
        });
        let reason = row.get("reason").and_then(|reason| {
            let mut text = self.reason(reason)?;
            for alternative in reason["alternatives"].as_array().into_iter().flatten() {
                let choice = alternative["choice"].as_str().unwrap_or_default();
                if let Some(why) = self.reason(alternative) {
                    let _ = write!(text, " ({choice}: {why})");
                }
            }
            Some(text)
        });
        match (error, reason) {
            (Some(error), _) => Some(error),
            (None, reason) => reason,
        }
    }

    fn reason(&self, reason: &Value) -> Option<String> {
        if let Some(text) = reason["text"].as_str() {
            return Some(text.to_owned());
        }
        let mut text = reason["rule"].as_str()?.to_owned();
        for (name, amount) in reason["amounts"].as_object().into_iter().flatten() {
            let amount = self.cell(name, amount).unwrap_or_default();
            let _ = write!(text, ", {name} {amount}");
        }
        Some(text)
    }

    /// Out of which credits and wallet.
    fn from(&self, row: &Map<String, Value>) -> Option<String> {
        let mut shares = Vec::new();
        for share in row.get("delegations").and_then(Value::as_array).into_iter().flatten() {
            let rials = self.cell("rials", &share["rials"]).unwrap_or_else(|| "?".into());
            shares.push(format!("{}: {rials}", share["hash"].as_str().unwrap_or_default()));
        }
        if let Some(wallet) = row.get("wallet") {
            let rials = self.cell("rials", &wallet["rials"]).unwrap_or_else(|| "?".into());
            shares.push(format!("{}: {rials}", wallet["code"].as_str().unwrap_or_default()));
        }
        (!shares.is_empty()).then(|| shares.join(" + "))
    }

    /// A value in a few words; none if it takes more.
    fn cell(&self, key: &str, value: &Value) -> Option<String> {
        match value {
            Value::Number(number) => match number.as_u64() {
                Some(number) if !IDS.contains(&key) => Some(self.language.number(number)),
                _ => Some(number.to_string()),
            },
            Value::String(text) => Some(self.words.term(text).to_owned()),
            Value::Bool(true) => Some(self.words.term("yes").to_owned()),
            Value::Bool(false) => Some(self.words.term("no").to_owned()),
            Value::Object(side) if side.len() == 2 => {
                let invoices = self.cell("invoices", side.get("invoices")?)?;
                let rials = self.cell("rials", side.get("rials")?)?;
                Some(format!("{invoices}: {rials}"))
            }
            _ => None,
        }
    }

    fn new_table(&self, header: &[&str], numbers: &[usize]) -> Table {
        let mut table = Table::new();
        table
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(header);
        for &column in numbers {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    fn effects(&self) -> Table {
        let Self { receipt, words, language } = self;
        let header = ["service", "object", "from", "rials", "reference", "proof"];
        let mut table = self.new_table(&header.map(|key| words.term(key)), &[3, 4]);
        for effect in &receipt.effects {
            table.add_row([
                effect.service.clone(),
                effect::object(&effect.object),
                effect::source(&effect.paid_from),
                effect::rials(effect.rials, effect.at_most, effect.pending, *language),
                effect.reference.clone(),
                words.term(effect::proof(effect.proof)).to_owned(),
            ]);
        }
        let count = language.number(receipt.effects.len() as u64);
        table.add_row([
            format!("{count} {}", words.in_all),
            String::new(),
            String::new(),
            language.number(receipt.meters.rials.0),
            String::new(),
            String::new(),
        ]);
        table
    }

    fn meters(&self) -> Table {
        let Self { receipt, words, language } = self;
        let meters = &receipt.meters;
        let number = |number: u64| language.number(number);
        let mut table = self.new_table(&[words.meter, words.used], &[1]);
        for (name, used) in [
            (words.rials, number(meters.rials.0)),
            (words.calls, number(meters.calls)),
            (words.bytes_up, number(meters.bytes_up)),
            (words.bytes_down, number(meters.bytes_down)),
            (words.wall, format!("{} {}", number(meters.wall_ms), words.milliseconds)),
            (words.fuel, number(meters.fuel)),
            (words.memory, format!("{} {}", number(meters.memory_bytes), words.bytes)),
        ] {
            table.add_row([name.to_owned(), used]);
        }
        table
    }
}
