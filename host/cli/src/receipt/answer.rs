//! What was answered: of a decider, what the host checked and carried out, apart from what the policy
//! merely says; of a free-form policy, its own words, all of them.

use std::fmt::Write as _;

use pod_host::{Language, Receipt};
use pod_platform::types;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::section;
use crate::{
    put,
    terminal::{Page, Table, foreign},
    words::Words,
};

/// The worlds whose plans the host checks.
const DECIDERS: &[&str] = &["netting", "delegation", "loan-plan"];

/// The lists that are tables, and their columns. The first is never a name.
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
    ("reasons", &["invoice", "why"]),
    ("stillOwed", &["invoice", "rials", "why"]),
    ("unpaid", &["invoice", "rials", "why"]),
    ("keptOut", &["invoice", "why"]),
    ("leftOut", &["invoice", "planId", "unreadable"]),
    ("lost", &["contractId", "planId", "planName", "why"]),
    ("issuers", &["issuerId", "name", "debts", "settled", "stillOwed"]),
    ("creditsUsed", &["delegatorId", "hash", "before", "spent", "after"]),
    ("loans", &["id", "invoice", "planId", "primaryAmount", "totalCost", "confirmAt"]),
    ("installments", &["dueDate", "amount"]),
];

/// What stands at the left: all else is numbers.
const TEXTS: &[&str] =
    &["service", "from", "outcome", "why", "name", "hash", "planName", "confirmAt", "unreadable"];

/// Ids are no amounts: nobody groups their digits.
const IDS: &[&str] = &[
    "invoice",
    "creditorInvoiceId",
    "reference",
    "billId",
    "paymentId",
    "contractId",
    "planId",
    "issuerId",
    "delegatorId",
    "hash",
    "dueDate",
    "id",
];

/// Of a decider's output, the lists that are the policy's remarks.
const REMARKS: &[&str] = &["stillOwed", "unpaid", "keptOut", "lost", "proposed"];
/// Of a choice, what the policy computed and nobody else.
const PREDICTED: &[&str] = &["totalCost", "installments", "reason"];

pub struct Answer<'a> {
    receipt: &'a Receipt,
    language: Language,
    words: &'static Words,
    /// Of a decider.
    checked: Map<String, Value>,
    said: Value,
}

impl<'a> Answer<'a> {
    pub fn of(receipt: &'a Receipt, language: Language) -> Self {
        let (checked, said) = match &receipt.output {
            Value::Object(output) if DECIDERS.contains(&receipt.world.as_str()) => {
                let (checked, said) = told_apart(output.clone());
                (checked, Value::Object(said))
            }
            output => (Map::new(), output.clone()),
        };
        Self { receipt, language, words: Words::of(language), checked, said }
    }

    /// What the host checked.
    pub fn checked(&self, page: &mut Page) {
        if self.checked.is_empty() {
            return;
        }
        put!(page);
        put!(page, "{}", self.words.checked);
        put!(page);
        if self.checked.get("planOnly") == Some(&Value::Bool(true)) {
            put!(page, "{}", self.words.plan_only);
            put!(page);
        }
        self.fields(page, &self.checked, self.words.term("summary"));
    }

    /// What the policy says.
    pub fn said(&self, page: &mut Page) {
        let mut said = Page::default();
        match &self.said {
            Value::Null => {}
            Value::Object(output) => self.fields(&mut said, output, self.words.term("summary")),
            output => said.text(&format!("{output:#}")),
        }
        if !self.receipt.log.is_empty() {
            put!(said, "{}:", self.words.log);
            for line in &self.receipt.log {
                let message = line.message.trim_end().replace('\n', "\n        ");
                said.text(&format!("  {:5} {message}", line.level));
            }
        }
        if said.is_empty() {
            return;
        }
        // A section ends with a blank line, the meters do not.
        if self.checked.is_empty() {
            put!(page);
        }
        put!(page, "{}", self.words.said);
        page.quoted(self.words.policy, said);
    }

    fn fields(&self, page: &mut Page, fields: &Map<String, Value>, title: &str) {
        let mut rest = fields.clone();
        rest.remove("planOnly");
        for (name, columns) in TABLES {
            let Some(Value::Array(rows)) = rest.get(*name) else { continue };
            // A list of anything else is shown as it is.
            if !rows.iter().all(Value::is_object) {
                continue;
            }
            if let Some(table) = self.table(rows, columns) {
                section(page, self.words.term(name), table);
            }
            rest.remove(*name);
        }
        if rest.get("choice").is_some_and(Value::is_null) {
            put!(page, "{}", self.words.nothing_fits);
            put!(page);
        }
        if let Some(Value::Object(choice)) = rest.remove("choice") {
            self.fields(page, &choice, self.words.term("choice"));
            if let Some(why) = self.why(&choice) {
                put!(page, "{}: {}", self.words.term("why"), foreign(why));
                put!(page);
            }
        }
        // Of the loan that came of it, how it stands, and its schedule where it differs.
        if let Some(Value::Object(mut loan)) = rest.remove("loan") {
            if loan.get("agrees") == Some(&Value::Bool(true)) {
                loan.remove("installments");
            }
            self.fields(page, &loan, self.words.term("loan"));
        }
        rest.remove("reason");
        let mut summary = Table::new([title, ""]).numbers(&[1]);
        for (key, value) in &rest {
            if let Some(shown) = self.cell(key, value) {
                summary.row([self.words.term(key), &shown]);
            }
        }
        if !summary.is_empty() {
            page.table(summary);
            put!(page);
        }
        rest.retain(|key, value| self.cell(key, value).is_none() && !value.is_null());
        if !rest.is_empty() {
            page.text(&format!("{:#}", Value::Object(rest)));
            put!(page);
        }
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
        let mut table = Table::new(header).numbers(&numbers);
        for row in rows {
            table.row(shown.iter().map(|&column| row[column].clone().unwrap_or_default()));
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
        let error = row.get("error").map(|error| match called(error) {
            Some(error) => self.words.error(&error, self.language),
            None => error.as_str().map_or_else(|| error.to_string(), str::to_owned),
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
            shares
                .push(format!("{}: {rials}", foreign(share["hash"].as_str().unwrap_or_default())));
        }
        if let Some(wallet) = row.get("wallet") {
            let rials = self.cell("rials", &wallet["rials"]).unwrap_or_else(|| "?".into());
            shares
                .push(format!("{}: {rials}", foreign(wallet["code"].as_str().unwrap_or_default())));
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
}

/// What a call was answered instead of a result: as a plan says it, or, with its `kind` beside its
/// fields, as a script does.
fn called(error: &Value) -> Option<types::Error> {
    if let Ok(error) = types::Error::deserialize(error) {
        return Some(error);
    }
    let mut fields = error.as_object()?.clone();
    let Some(Value::String(kind)) = fields.remove("kind") else { return None };
    types::Error::deserialize(&json!({ kind: fields })).ok()
}

/// A decider's output in two: what the host checked or did, and the policy's reasons, remarks and
/// predictions.
fn told_apart(mut output: Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    let mut said = Map::new();
    let mut reasons = Vec::new();
    for payment in output.get_mut("payments").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(payment) = payment.as_object_mut() else { continue };
        if let Some(reason) = payment.remove("reason") {
            let invoice = payment.get("invoice").cloned().unwrap_or_default();
            reasons.push(serde_json::json!({ "invoice": invoice, "reason": reason }));
        }
    }
    if !reasons.is_empty() {
        said.insert("reasons".into(), reasons.into());
    }
    if let Some(choice) = output.get_mut("choice").and_then(Value::as_object_mut) {
        let predicted: Map<String, Value> = PREDICTED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), choice.remove(*name)?)))
            .collect();
        said.insert("choice".into(), predicted.into());
    }
    for name in REMARKS {
        if let Some(remarks) = output.remove(*name) {
            said.insert((*name).to_owned(), remarks);
        }
    }
    (output, said)
}
