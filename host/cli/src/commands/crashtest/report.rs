//! How far a crash test is, and what it found.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{
    Kill, Outcome,
    compare::{Difference, Verdict},
};
use crate::{
    put, tell,
    terminal::{self, Page, Table, foreign},
};

/// Letters of a value that are shown of a difference.
const VALUE: usize = 120;

/// A bar on a terminal, which each kill moves; elsewhere a line for each scenario and each kill.
pub struct Progress {
    bar: ProgressBar,
    is_watched: bool,
}

impl Progress {
    pub fn new() -> Self {
        let is_watched = terminal::is_watched();
        let bar = if is_watched { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = "{msg:40!} {wide_bar} {pos}/{len} kills, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar, is_watched }
    }

    /// A scenario is run undisturbed.
    pub fn begins(&self, scenario: &str) {
        self.bar.reset();
        self.bar.set_length(0);
        self.bar.set_message(format!("{}, undisturbed", foreign(scenario)));
    }

    /// It is about to be killed so many times.
    pub fn kills(&self, scenario: &str, kills: usize, points: usize) {
        self.bar.set_length(kills as u64);
        if !self.is_watched {
            tell!("{}: {kills} kills, of {points} that are possible", foreign(scenario));
        }
    }

    pub fn killed(&self, scenario: &str, step: u64, point: &str) {
        let scenario = foreign(scenario);
        self.bar.inc(1);
        self.bar.set_message(format!("{scenario}, {point} of call {step}"));
        if !self.is_watched {
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
            tell!("{scenario}: kill {done} of {all}, {point} of call {step}");
        }
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

pub fn readable(outcomes: &[Outcome]) -> Page {
    let header = ["scenario", "steps", "points", "kills", "same", "unknown", "different"];
    let mut table = Table::new(header).numbers(&[1, 2, 3, 4, 5, 6]);
    for outcome in outcomes {
        let count = |is: fn(&Verdict) -> bool| {
            outcome.kills.iter().filter(|kill| is(&kill.verdict)).count().to_string()
        };
        table.row([
            outcome.scenario.clone(),
            outcome.steps.to_string(),
            outcome.points.to_string(),
            outcome.kills.len().to_string(),
            count(|verdict| *verdict == Verdict::Same),
            count(|verdict| *verdict == Verdict::Unknown),
            count(Verdict::is_different),
        ]);
    }
    let mut page = Page::default();
    page.table(table);
    for outcome in outcomes {
        let told = outcome.kills.iter().filter(|kill| kill.verdict != Verdict::Same);
        told.for_each(|kill| tell_of(&mut page, &outcome.scenario, kill));
    }
    page
}

/// What came of a kill, where it is not the same.
fn tell_of(page: &mut Page, scenario: &str, kill: &Kill) {
    let Kill { step, point, verdict } = kill;
    let (service, step) = (foreign(&step.service), step.step);
    put!(page);
    let killed = format!("killed {point} of call {step}, {service}");
    match verdict {
        Verdict::Same => {}
        Verdict::Unknown => {
            put!(page, "scenario {}, {killed}: ends unknown: nothing tells", foreign(scenario));
        }
        Verdict::Lost { reason } => {
            put!(page, "scenario {}, {killed}: no receipt: {}", foreign(scenario), foreign(reason));
        }
        Verdict::Different { differences } => {
            put!(page, "scenario {}, {killed}, differs:", foreign(scenario));
            for Difference { path, undisturbed, killed } in differences {
                put!(page, "  {}", foreign(path));
                put!(page, "    undisturbed  {}", shown(undisturbed));
                put!(page, "    killed       {}", shown(killed));
            }
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value => foreign(value).within(VALUE).to_string(),
    }
}
