//! For crash tests: a process that is told to stops at a point of a call's course, says so on
//! stdout, and waits to be killed.

use std::{io::Write as _, sync::Arc};

use anyhow::anyhow;
use pod_host::{OnPoint, Point};

use crate::exit::Failure;

/// The environment variable with the call and the point, `3:after-effect`.
pub const VARIABLE: &str = "PODHOST_HOLD_AT";

/// What the process says.
pub const HELD: &str = "held";

/// The points, by their names.
pub const POINTS: [(Point, &str); 4] = [
    (Point::BeforeIntent, "before-intent"),
    (Point::AfterIntent, "after-intent"),
    (Point::AfterEffect, "after-effect"),
    (Point::AfterOutcome, "after-outcome"),
];

/// Is this process to stop at a point?
pub fn is_asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Whom to tell of points, if this process is to stop at one.
pub fn on_point() -> Result<Option<OnPoint>, Failure> {
    let Some(at) = std::env::var_os(VARIABLE) else { return Ok(None) };
    let at = at.to_string_lossy();
    let read = || {
        let (step, point) = at.split_once(':')?;
        let (point, _) = POINTS.iter().find(|(_, name)| *name == point)?;
        Some((step.parse::<u64>().ok()?, *point))
    };
    let wanted = read()
        .ok_or_else(|| Failure::input(anyhow!("{VARIABLE} is no point of a call: `{at}`")))?;
    Ok(Some(Arc::new(move |step, point| {
        if (step, point) == wanted {
            let mut stdout = std::io::stdout();
            let _ = writeln!(stdout, "{HELD}").and_then(|()| stdout.flush());
            loop {
                std::thread::park();
            }
        }
    })))
}
