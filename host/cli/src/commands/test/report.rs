//! What came of the scenarios, for people.

use serde_json::Value;

use super::{Outcome, Verdict};
use crate::{
    put,
    terminal::{Page, foreign},
};

/// Differences that are shown of one scenario; `--json` has all.
const SHOWN: usize = 20;
/// Letters of a value that are shown.
const VALUE: usize = 200;

pub fn readable(outcomes: &[Outcome]) -> Page {
    let mut page = Page::default();
    for Outcome { scenario, verdict, milliseconds } in outcomes {
        let what = match verdict {
            Verdict::AsExpected => "as expected".to_owned(),
            Verdict::Different { .. } => "different".to_owned(),
            Verdict::Missing => {
                "nothing is expected of it yet; --update writes what came of it".to_owned()
            }
            Verdict::Written { status } => {
                format!("written, of a run that ended {}", status.name())
            }
            Verdict::Failed { .. } => "failed".to_owned(),
        };
        put!(page, "{}: {what} ({milliseconds} ms)", foreign(scenario));
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
            Verdict::Failed { reason } => put!(page, "  {}", foreign(reason).within(VALUE * 5)),
            Verdict::AsExpected | Verdict::Missing | Verdict::Written { .. } => {}
        }
    }
    let well = outcomes.iter().filter(|outcome| outcome.verdict.is_well()).count();
    put!(page);
    put!(page, "{well} of {} scenarios came to what is expected", outcomes.len());
    page
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value => foreign(value).within(VALUE).to_string(),
    }
}
