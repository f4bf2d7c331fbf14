//! What came of the scenarios, for people.

use pod_host::{RunError, Status};
use serde_json::Value;

use super::{Outcome, Verdict};
use crate::{
    put, report,
    terminal::{Page, foreign},
};

/// Differences that are shown of one scenario; `--json` has all.
const SHOWN: usize = 20;
/// Letters of a value that are shown.
const VALUE: usize = 200;
/// Letters that are shown of what went wrong: it says what to do.
const WORDS: usize = 2_000;

pub fn readable(outcomes: &[Outcome]) -> Page {
    let mut page = Page::default();
    for Outcome { scenario, verdict, error, milliseconds } in outcomes {
        let what = match verdict {
            Verdict::AsExpected => "as expected".to_owned(),
            Verdict::Different { .. } => "different".to_owned(),
            Verdict::Missing => {
                "nothing is expected of it yet; --update writes what came of it".to_owned()
            }
            Verdict::Written { status, .. } => {
                format!("written, of a run that ended {}", status.name())
            }
            Verdict::Failed { .. } => "failed".to_owned(),
        };
        put!(page, "{}: {what} ({milliseconds} ms)", foreign(scenario));
        if let Some(error) = error.as_ref().filter(|_| !matches!(verdict, Verdict::AsExpected)) {
            put!(page, "  the run failed: {}", foreign(at_its_place(error)).within(WORDS));
            if let Some(help) = report::help(error) {
                put!(page, "  {help}");
            }
        }
        match verdict {
            Verdict::Different { differences } => {
                for found in differences.iter().take(SHOWN) {
                    put!(page, "  {}", foreign(&found.path).within(VALUE));
                    put!(page, "    expected  {}", value(&found.expected));
                    put!(page, "    found     {}", value(&found.found));
                }
                let more = differences.len().saturating_sub(SHOWN);
                if more > 0 {
                    put!(page, "  and {more} more; --json has all");
                }
            }
            Verdict::Failed { reason } => put!(page, "  {}", foreign(reason).within(WORDS)),
            Verdict::Written { has_time: false, .. } => {
                put!(
                    page,
                    "  the scenario has no `now`: what comes of it may change with the time"
                );
            }
            Verdict::AsExpected | Verdict::Missing | Verdict::Written { .. } => {}
        }
    }
    put!(page);
    put!(page, "{}", in_all(outcomes));
    page
}

fn in_all(outcomes: &[Outcome]) -> String {
    let count = |is: fn(&Verdict) -> bool| outcomes.iter().filter(|one| is(&one.verdict)).count();
    let written = count(|verdict| matches!(verdict, Verdict::Written { .. }));
    let as_expected = count(|verdict| matches!(verdict, Verdict::AsExpected));
    let all = outcomes.len();
    if written == 0 {
        return format!("{as_expected} of {all} scenarios came to what is expected");
    }
    let unwell = count(
        |verdict| matches!(verdict, Verdict::Written { status, .. } if *status != Status::Done),
    );
    format!(
        "{written} of {all} scenarios were written, {unwell} of them of runs that did not end done; \
         {as_expected} came to what was expected already"
    )
}

/// A run's error, with the place in the script where it ended.
pub fn at_its_place(error: &RunError) -> String {
    match error {
        RunError::Policy { message, file: Some(file), line: Some(line), column: Some(column) } => {
            format!("{file}:{line}:{column}: {message}")
        }
        error => error.to_string(),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value => foreign(value).within(VALUE).to_string(),
    }
}
