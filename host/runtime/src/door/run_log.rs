//! A run's log: what a policy writes, in order and bounded.

use std::sync::{Mutex, PoisonError};

use crate::{journal::LogLine, redact::Mask};

/// Lines kept at most.
const LINES: usize = 1_000;
/// What a line takes of the budget beyond its text, in bytes.
const LINE_COST: u64 = 16;

pub(crate) struct RunLog {
    pub mask: Mask,
    lines: Mutex<Lines>,
}

struct Lines {
    kept: Vec<LogLine>,
    dropped: usize,
    /// What the budget still covers, in bytes.
    left: u64,
}

impl RunLog {
    /// A log of so many bytes at most.
    pub fn new(mask: Mask, bytes: u64) -> Self {
        let lines = Lines { kept: Vec::new(), dropped: 0, left: bytes };
        Self { mask, lines: Mutex::new(lines) }
    }

    /// Writes a line. While a run does again what it did, only the receipt gets it.
    pub fn write(&self, level: &'static str, message: String, is_again: bool) {
        let message = self.mask.words(message);
        let cost = cost(&message);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.kept.len() < LINES && cost <= lines.left {
            if !is_again {
                tracing::debug!(target: "podhost::policy", level, message);
            }
            lines.left -= cost;
            lines.kept.push(LogLine { level: level.into(), message });
        } else {
            lines.dropped += 1;
        }
    }

    /// Takes over what was logged before.
    pub fn recall(&self, lines: Vec<LogLine>) {
        let mut own = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let costs: u64 = lines.iter().map(|line| cost(&line.message)).sum();
        own.left = own.left.saturating_sub(costs);
        own.kept.extend(lines);
    }

    pub fn lines(&self) -> Vec<LogLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = lines.kept.clone();
        if lines.dropped > 0 {
            kept.push(LogLine {
                level: "warn".into(),
                message: format!("{} more lines", lines.dropped),
            });
        }
        kept
    }
}

/// What a line takes of the budget, in bytes.
fn cost(message: &str) -> u64 {
    message.len() as u64 + LINE_COST
}
