//! What a fault means for one call.

use std::time::Duration;

use crate::scenario::{Fault, Moment, Spoilt};

/// How long a silent connection stays open.
const HOLD: Duration = Duration::from_secs(120);

/// What happens to a call. By default, nothing out of the ordinary.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Injected {
    pub(crate) effect: Effect,
    pub(crate) manner: Manner,
    /// How long the caller waits for it.
    pub(crate) latency: Duration,
}

/// When a call takes effect.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Effect {
    #[default]
    Now,
    /// In the background, so much later.
    Later(Duration),
    Never,
}

/// What its caller gets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Manner {
    /// The answer.
    #[default]
    Answer,
    /// A refusal with this code of POD's.
    Refusal(i32),
    /// This status of HTTP.
    Status(u16),
    /// The end of the connection.
    Close,
    /// The same, by TCP's RST.
    Reset,
    /// Silence for so long, then the end of the connection.
    Silence(Duration),
    /// The answer, as it has become.
    Spoilt(Spoilt),
}

impl Injected {
    /// Of a fault that has been checked.
    pub(super) fn by(fault: &Fault) -> Self {
        let hold = fault.hold_milliseconds.map_or(HOLD, Duration::from_millis);
        let manner = [
            fault.error_code.map(Manner::Refusal),
            fault.http_status.map(Manner::Status),
            fault.unanswered.map(|_| Manner::Close),
            fault.reset.map(|_| Manner::Reset),
            fault.timeout.map(|_| Manner::Silence(hold)),
            fault.answer.map(Manner::Spoilt),
        ];
        let later = fault.lands_after_milliseconds.map(Duration::from_millis);
        Self {
            effect: match fault.moment() {
                Moment::After => Effect::Now,
                Moment::Before => later.map_or(Effect::Never, Effect::Later),
            },
            manner: manner.into_iter().flatten().next().unwrap_or_default(),
            latency: Duration::from_millis(fault.latency_milliseconds.unwrap_or(0)),
        }
    }
}
