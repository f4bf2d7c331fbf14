//! The receipt: what a run decided, did, and used.

use pod_platform::{Rial, types};
use serde::Serialize;
use serde_json::Value;

use crate::{Digest, StatedFact};

/// The account of one run. Its JSON form is a contract: fields may be added, none changes.
#[derive(Clone, Debug, Serialize)]
pub struct Receipt {
    /// The run's id.
    pub run: String,
    /// What was run.
    pub policy: PolicyIdentity,
    /// How it ended.
    pub status: Status,
    /// What the policy answered; of a decider, what was decided.
    pub output: Value,
    /// Why it did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// What changed on the platform, in order.
    pub effects: Vec<Effect>,
    /// What was used.
    pub meters: Meters,
    /// What was refused for lack of a grant.
    pub denied: Vec<Refusal>,
    /// What the run went by and did not read: it was stated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<StatedFact>,
    /// What the policy logged.
    pub log: Vec<LogLine>,
    /// The hash of the run's last journal entry.
    pub journal_head: Digest,
}

/// What was run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PolicyIdentity {
    /// The policy's name.
    pub name: String,
    /// The policy's version.
    pub version: String,
    /// SHA-256 of the component or the script.
    pub digest: Digest,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should.
    Done,
    /// The policy, or a call that it needed, failed.
    Failed,
    /// What the policy proposed breaks a rule. Nothing was paid.
    Refused,
    /// Of some call nobody knows whether it took effect.
    UnknownOutcome,
}

impl Status {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::UnknownOutcome => "unknown-outcome",
        }
    }
}

/// Something that changed on the platform.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Effect {
    /// POD's name of the service.
    pub service: String,
    /// The invoice that was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice: Option<u64>,
    /// What was paid.
    pub rials: Rial,
    /// POD's reference number.
    pub reference: String,
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Meters {
    /// Calls to POD, the host's own included.
    pub calls: u64,
    /// Bytes sent to POD.
    pub bytes_up: u64,
    /// Bytes received from POD.
    pub bytes_down: u64,
    /// Milliseconds on the wall clock.
    pub wall_ms: u64,
    /// Units of wasmtime's fuel.
    pub fuel: u64,
    /// Bytes of linear memory, at the peak.
    pub memory_bytes: u64,
    /// Rials paid.
    pub rials: Rial,
}

/// A call that was refused for lack of a grant.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Refusal {
    /// `interface.function`
    pub function: String,
    /// What is missing.
    pub reason: String,
}

/// One line of a run's log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LogLine {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The text.
    pub message: String,
}

/// Why a run did not end well.
#[derive(Clone, Debug, thiserror::Error, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RunError {
    /// The policy gave up.
    #[error("{message}")]
    Policy {
        /// The policy's own words.
        message: String,
        /// The script, if it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// The line in the script, from 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// The column in the line, from 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        column: Option<u32>,
    },
    /// The policy trapped.
    #[error("the policy trapped: {message}")]
    Trap {
        /// What wasmtime says.
        message: String,
    },
    /// A budget ran out that ends the run.
    #[error("the budget `{meter}` is exhausted: {limit} granted")]
    BudgetExhausted {
        /// `fuel`, `memory` or `wall`.
        meter: &'static str,
        /// What was granted: units of fuel, bytes, or milliseconds.
        limit: u64,
    },
    /// The decider's answer breaks POD's rules.
    #[error("the plan breaks POD's rules: {}", .violations.iter().map(|v| v.message.as_str()).collect::<Vec<_>>().join("; "))]
    PlanRefused {
        /// Each rule that is broken, and by what.
        violations: Vec<Violation>,
    },
    /// A call failed that the host made to carry out what was decided.
    #[error("{message}")]
    Call {
        /// The call's error, in words.
        message: String,
        /// The call's error, as a guest would get it.
        error: types::Error,
    },
    /// The host could not go on: no money moves without its journal.
    #[error("{message}")]
    Host {
        /// What happened.
        message: String,
    },
}

/// A rule that a plan breaks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Violation {
    /// A stable name of the rule.
    pub rule: &'static str,
    /// The plan's item, from 0.
    pub item: usize,
    /// The invoice at fault.
    pub invoice: u64,
    /// In words.
    pub message: String,
    /// The document and the service that prescribe the rule.
    pub source: &'static str,
}

impl RunError {
    /// Did the platform or the store fail, rather than the policy?
    #[must_use]
    pub fn is_of_the_platform(&self) -> bool {
        match self {
            Self::Host { .. } => true,
            Self::Call { error, .. } => {
                matches!(error, types::Error::Unavailable(_) | types::Error::OutcomeUnknown(_))
            }
            _ => false,
        }
    }
}
