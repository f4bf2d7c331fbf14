//! A run's log: what a policy writes, in order and bounded.

use std::sync::{Mutex, PoisonError};

use crate::receipt::LogLine;

/// Lines kept at most.
const LINES: usize = 1_000;
/// Bytes kept of one line.
const LINE_BYTES: usize = 4 * 1024;

#[derive(Default)]
pub(crate) struct RunLog(Mutex<Lines>);

#[derive(Default)]
struct Lines {
    kept: Vec<LogLine>,
    dropped: usize,
}

impl RunLog {
    /// Writes a line. While a run does again what it did, only the receipt gets it.
    pub fn write(&self, level: &'static str, mut message: String, is_again: bool) {
        if message.len() > LINE_BYTES {
            message.truncate(message.floor_char_boundary(LINE_BYTES));
            message.push('…');
            // What was cut off would stay in memory.
            message.shrink_to_fit();
        }
        if !is_again {
            tracing::debug!(target: "podhost::policy", level, message);
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.kept.len() < LINES {
            lines.kept.push(LogLine { level: level.into(), message });
        } else {
            lines.dropped += 1;
        }
    }

    /// Takes over what was logged before.
    pub fn recall(&self, lines: Vec<LogLine>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept.extend(lines);
    }

    pub fn lines(&self) -> Vec<LogLine> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
