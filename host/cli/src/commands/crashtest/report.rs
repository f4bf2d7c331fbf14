//! How far a crash test is, and what it found.

use std::{fmt::Write as _, io::IsTerminal as _};

use comfy_table::{CellAlignment, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, compare::Verdict};
use crate::receipt::STYLE;

/// A bar on a terminal; elsewhere a line for each scenario.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(0);
        let style = "{msg:20} {wide_bar} {pos}/{len} kills, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    pub fn scenario(&self, name: &str, kills: usize) {
        match &self.0 {
            Some(bar) => {
                bar.reset();
                bar.set_length(kills as u64);
                bar.set_message(name.to_owned());
            }
            None => eprintln!("{name}: {kills} kills"),
        }
    }

    pub fn advance(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    pub fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

pub fn readable(outcomes: &[Outcome]) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header([
        "scenario",
        "steps",
        "points",
        "kills",
        "same",
        "unknown",
        "different",
    ]);
    for column in 1..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for outcome in outcomes {
        let count = |is: fn(&Verdict) -> bool| {
            outcome.kills.iter().filter(|kill| is(&kill.verdict)).count().to_string()
        };
        table.add_row([
            outcome.scenario.clone(),
            outcome.steps.to_string(),
            outcome.points.to_string(),
            outcome.kills.len().to_string(),
            count(|verdict| *verdict == Verdict::Same),
            count(|verdict| *verdict == Verdict::Unknown),
            count(Verdict::is_different),
        ]);
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{table}");
    for outcome in outcomes {
        for kill in &outcome.kills {
            let (scenario, step, point) = (&outcome.scenario, &kill.step, kill.point);
            let what = match &kill.verdict {
                Verdict::Same => continue,
                Verdict::Unknown => "ends unknown: nothing on the platform tells",
                Verdict::Different { difference } => difference,
            };
            let _ = writeln!(
                text,
                "\n{scenario}, killed {point} of call {}, {}: {what}",
                step.step, step.service
            );
        }
    }
    text
}
