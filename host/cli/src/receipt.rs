//! A receipt for people: what was decided, what was paid, and what was used.

use std::fmt::Write as _;

use comfy_table::{
    CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle,
};
use pod_host::{Receipt, Status};
use pod_platform::Rial;
use serde_json::Value;

/// The receipt as text. Colours are for errors only, so that it can be piped as it is.
pub fn readable(receipt: &Receipt) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, receipt);
    text
}

fn write(text: &mut String, receipt: &Receipt) -> std::fmt::Result {
    let policy = &receipt.policy;
    writeln!(text, "{} {}: {}", policy.name, policy.version, receipt.status.name())?;
    writeln!(text, "run {}", receipt.run)?;
    writeln!(text, "policy sha256 {}\n", policy.digest)?;

    if let Some(summary) = netting_summary(&receipt.output) {
        writeln!(text, "{summary}\n")?;
    } else if !receipt.output.is_null() {
        writeln!(text, "{:#}\n", receipt.output)?;
    }
    if receipt.effects.is_empty() {
        writeln!(text, "Nothing was paid.\n")?;
    } else {
        writeln!(text, "{}\n", effects(receipt))?;
    }
    for refusal in &receipt.denied {
        writeln!(text, "Denied: {}: {}", refusal.function, refusal.reason)?;
    }
    writeln!(text, "{}", meters(receipt))?;
    if !receipt.log.is_empty() {
        writeln!(text, "\nLog:")?;
        for line in &receipt.log {
            writeln!(text, "  {:5} {}", line.level, line.message)?;
        }
    }
    if receipt.status == Status::UnknownOutcome {
        writeln!(text, "\nOf some payment nobody knows yet whether it took effect.")?;
    }
    Ok(())
}

/// A line under the header and nothing else: hundreds of rows stay readable.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none().junction(' '));

fn table(header: &[&str], numbers: &[usize]) -> Table {
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

fn effects(receipt: &Receipt) -> Table {
    let creditor_of = |invoice: u64| {
        let pairs = receipt.output["pairs"].as_array()?;
        let pair = pairs.iter().find(|pair| pair["debtorInvoiceId"] == invoice)?;
        pair["creditorInvoiceId"].as_u64()
    };
    let mut table = table(&["service", "invoice", "out of", "rials", "reference"], &[1, 2, 3, 4]);
    for effect in &receipt.effects {
        let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
        table.add_row([
            effect.service.clone(),
            number(effect.invoice),
            number(effect.invoice.and_then(creditor_of)),
            effect.rials.grouped().to_string(),
            effect.reference.clone(),
        ]);
    }
    table.add_row([
        format!("{} in all", receipt.effects.len()),
        String::new(),
        String::new(),
        receipt.meters.rials.grouped().to_string(),
        String::new(),
    ]);
    table
}

fn meters(receipt: &Receipt) -> Table {
    let meters = &receipt.meters;
    let mut table = table(&["meter", "used"], &[1]);
    let grouped = |number: u64| Rial(number).grouped().to_string();
    for (name, used) in [
        ("rials", meters.rials.grouped().to_string()),
        ("calls to POD", grouped(meters.calls)),
        ("bytes up", grouped(meters.bytes_up)),
        ("bytes down", grouped(meters.bytes_down)),
        ("wall time", format!("{} ms", grouped(meters.wall_ms))),
        ("fuel", grouped(meters.fuel)),
        ("memory", format!("{} bytes", grouped(meters.memory_bytes))),
    ] {
        table.add_row([name.to_owned(), used]);
    }
    table
}

/// What a netting decider decided, in a sentence.
fn netting_summary(output: &Value) -> Option<String> {
    let side = |name: &str| {
        let side = &output[name];
        Some((side["invoices"].as_u64()?, Rial(side["rials"].as_u64()?)))
    };
    let (debts, owed) = side("debts")?;
    let (credits, paid) = side("credits")?;
    let (settled, rials) = side("settled")?;
    let beyond = Rial(output["earmarkedBeyond"].as_u64()?);
    Some(format!(
        "{debts} debts of {} rials, {credits} paid invoices of {} rials at hand.\n\
         Planned: {settled} debts of {} rials settled, {} rials earmarked beyond them.",
        owed.grouped(),
        paid.grouped(),
        rials.grouped(),
        beyond.grouped(),
    ))
}
