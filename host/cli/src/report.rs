//! Failures on stderr: one clear sentence, and the line of the file where there is one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pod_emulator::{Problem, ScenarioError};
use pod_host::{BadFile, Place, RunError};
use pod_platform::{types, without_byte_order_mark};

use crate::{
    exit::Failure,
    snippet::{self, Whose},
    tell,
    terminal::{self, foreign},
};

/// Letters of a policy's words that are shown when it gives up.
const WORDS: usize = 2_000;

pub fn failure(failure: &Failure) {
    if let Some(Mistake { path, place, message }) = mistake(&failure.error)
        && snippet::print(&path, place, &message, Whose::Host)
    {
        return;
    }
    terminal::error(&format!("{:#}", failure.error));
}

/// What is wrong at one place of a file.
struct Mistake {
    path: PathBuf,
    place: Place,
    message: String,
}

fn mistake(error: &anyhow::Error) -> Option<Mistake> {
    if let Some(ScenarioError::Invalid(problem)) = error.downcast_ref() {
        return in_scenario(problem);
    }
    let bad_file = match error.downcast_ref::<pod_host::Error>() {
        Some(pod_host::Error::BadFile(bad_file)) => bad_file,
        _ => error.downcast_ref::<BadFile>()?,
    };
    let BadFile { path, place, message } = bad_file.clone();
    Some(Mistake { path, place: place?, message })
}

fn in_scenario(problem: &Problem) -> Option<Mistake> {
    let Problem { file, line, column, path, reason } = problem;
    let (file, line, column) = (PathBuf::from(file.as_ref()?), (*line)?, (*column)?);
    let text = fs::read_to_string(&file).ok()?;
    let before =
        without_byte_order_mark(&text).lines().nth(line.saturating_sub(1)).unwrap_or_default();
    // JSON counts columns in bytes, a snippet in characters.
    let before = &before[..before.floor_char_boundary(column.saturating_sub(1))];
    let place = Place {
        line: u32::try_from(line).ok()?,
        column: u32::try_from(before.chars().count() + 1).ok()?,
    };
    let message = if path.is_empty() { reason.clone() } else { format!("{path}: {reason}") };
    Some(Mistake { path: file, place, message })
}

pub fn run_error(error: &RunError) {
    if let RunError::Policy { message, file: Some(file), line: Some(line), column: Some(column) } =
        error
        && snippet::print(
            Path::new(file),
            Place { line: *line, column: *column },
            message,
            Whose::Policy,
        )
    {
        return;
    }
    match error {
        // These are the policy's own words.
        RunError::Policy { message, .. } => {
            terminal::error(&format!("the policy gave up: {}", foreign(message).within(WORDS)));
        }
        error => terminal::error(&error.to_string()),
    }
    if let Some(help) = help(error) {
        tell!("podhost: {help}");
    }
}

/// What to do about a run's error.
pub fn help(error: &RunError) -> Option<String> {
    let meter = exhausted(error)?;
    Some(format!(
        "to raise it: `{meter}` in [budget] of policy.toml and, for an account, in \
         [policy.NAME.budget] of podhost.toml; the least of both counts, and of what all runs may use \
         together, per-day and per-policy"
    ))
}

/// The budget that ended a run, if the operator's and the policy's files say how large it is.
fn exhausted(error: &RunError) -> Option<&str> {
    match error {
        // The journal's bound follows from what else is granted.
        RunError::BudgetExhausted { meter, .. } if meter != "journal" => Some(meter),
        RunError::Call { error: types::Error::BudgetExhausted(exhaustion), .. } => {
            Some(exhaustion.meter.name())
        }
        _ => None,
    }
}
