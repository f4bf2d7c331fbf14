//! The receipt: what a run decided, did, and used.

use std::{borrow::Cow, collections::BTreeMap};

use pod_platform::{Rial, types};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    StoredEntry,
    effect::{Effect, Source},
    projection::Projection,
};
use crate::{
    contract::{Recorded, StatedFact},
    crypto::{Digest, Signature, SigningKey},
    error::Error,
};

/// The account of one run. Its JSON form is a contract: fields may be added, none changes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The run's id.
    pub run: String,
    /// The caller's own name for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Nothing was paid: a fork of the platform answered every call that changes something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What was run.
    pub policy: PolicyIdentity,
    /// For whom. Empty in receipts of old, as where.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Where; none: on a platform that ended with its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The world that it was run in. In `policy`, the output is the policy's own words; in a
    /// decider's, the host checked what is to be paid, and says what became of it: reasons and
    /// remarks alone are the policy's. Empty in receipts of old.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub world: String,
    /// How it ended.
    pub status: Status,
    /// What the policy answered; of a decider, what was decided.
    pub output: Value,
    /// Why it did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// What changed on the platform, in order.
    pub effects: Vec<Effect>,
    /// POD did not answer some call, or did not know the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub met_outage: bool,
    /// What was used.
    pub meters: Meters,
    /// What was refused for lack of a grant.
    pub denied: Vec<Refusal>,
    /// Calls of which nobody knows whether they took effect. They hold their rials until a person
    /// settles them (`podhost settle`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// What a person decided of calls that were in doubt, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settlement>,
    /// What the run went by and did not read: it was stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<StatedFact>,
    /// What a dry run went by that was neither read nor stated, such as `wallet-covers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
    /// What the policy logged.
    pub log: Vec<LogLine>,
    /// The hash of the run's last journal entry.
    pub journal_head: Digest,
    /// The operator's signature, if there is a key to sign with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl Receipt {
    /// Did the run fail because the platform or the store did, rather than its policy? Whatever a
    /// policy makes of a call that POD did not answer, POD's trouble was behind it.
    #[must_use]
    pub fn failed_by_the_platform(&self) -> bool {
        match &self.error {
            Some(RunError::Policy { .. } | RunError::Call { .. }) if self.met_outage => true,
            Some(error) => error.is_of_the_platform(),
            None => false,
        }
    }

    /// The receipt of a run that ended, from its entries.
    pub(crate) fn of(run: &str, entries: &[StoredEntry]) -> Result<Self, Error> {
        let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
        let head = entries.last().map_or(Digest([0; 32]), |last| last.hash);
        Self::of_projection(run, &projection, head)
    }

    pub(crate) fn of_projection(
        run: &str,
        projection: &Projection,
        head: Digest,
    ) -> Result<Self, Error> {
        let damaged = |what: &str| Error::Journal(format!("run {run}: {what} cannot be read"));
        if projection.started.is_none() {
            return Err(Error::NoSuchRun(run.to_owned()));
        }
        let finished = projection.finished.as_ref().ok_or_else(|| Error::NotResumable {
            run: run.to_owned(),
            reason: "it has not ended".to_owned(),
        })?;
        let error = match &finished.error {
            Some(error) => Some(serde_json::from_str(error).map_err(|_| damaged("its error"))?),
            None => None,
        };
        let output = match &finished.output {
            Some(output) => serde_json::from_str(output).map_err(|_| damaged("its output"))?,
            None => Value::Null,
        };
        let log = match &finished.log {
            Some(log) => serde_json::from_str(log).map_err(|_| damaged("its log"))?,
            None => Vec::new(),
        };
        Self::of_run(run, projection, head, output, error, log)
    }

    /// The receipt of a run that ended with this output and this error.
    pub(crate) fn of_run(
        run: &str,
        projection: &Projection,
        head: Digest,
        output: Value,
        error: Option<RunError>,
        log: Vec<LogLine>,
    ) -> Result<Self, Error> {
        let (Some(started), Some(finished)) = (&projection.started, &projection.finished) else {
            return Err(Error::NoSuchRun(run.to_owned()));
        };
        let spent = projection.spent.settled();
        let stated = match &started.stated {
            Some(stated) => serde_json::from_str(stated).map_err(|error| {
                Error::Journal(format!("run {run}: what it went by cannot be read: {error}"))
            })?,
            None => Recorded::default(),
        };
        Ok(Self {
            run: run.to_owned(),
            key: started.key.clone(),
            dry_run: started.is_dry_run(),
            policy: PolicyIdentity {
                name: started.policy.clone(),
                version: started.version.clone(),
                digest: started.script.unwrap_or(started.component),
            },
            account: started.account.clone(),
            platform: started.platform.clone(),
            world: started.world.clone(),
            status: projection.status(error.as_ref()),
            output,
            error,
            effects: projection.effects.clone(),
            met_outage: projection.met_outage,
            meters: Meters {
                calls: spent.calls,
                bytes_up: spent.bytes_up,
                bytes_down: spent.bytes_down,
                http_calls: spent.http_calls,
                wall_ms: finished.wall_ms,
                fuel: finished.fuel,
                memory_bytes: finished.memory_bytes,
                rials: Rial(spent.rials),
            },
            denied: projection.refusals.clone(),
            doubts: projection.doubts(),
            settled: projection.settlements.clone(),
            stated: stated.used,
            assumed: projection.assumed.iter().cloned().collect(),
            log,
            journal_head: head,
            signature: None,
        })
    }
}

impl SigningKey {
    /// Signs a receipt, in place of any signature that it has.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn sign(&self, mut receipt: Receipt) -> Result<Receipt, Error> {
        receipt.signature = None;
        let value = serde_json::to_value(&receipt)
            .map_err(|error| Error::Journal(format!("the receipt is no JSON: {error}")))?;
        receipt.signature = Some(self.sign_json(value));
        Ok(receipt)
    }
}

/// A call of which nobody knows whether it took effect.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Doubt {
    /// The call, counted from 0.
    pub step: u64,
    /// POD's name of the service.
    pub service: String,
    /// The invoice that it was to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<u64>,
    /// What it was to act on, by POD's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub object: BTreeMap<String, String>,
    /// What it was to be paid from.
    #[serde(default, skip_serializing_if = "Source::is_empty")]
    pub paid_from: Source,
    /// What is held for it.
    pub rials: Rial,
    /// What is held is a ceiling: nobody could read the amount.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_most: bool,
    /// When it began, in milliseconds since 1970.
    pub since: u64,
    /// Why nobody knows.
    pub reason: String,
    /// POD's reference number, if it answered with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What was read since, and what it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// What a person decided of a call in doubt. Of several for one call, the last one counts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Settlement {
    /// The call, counted from 0.
    pub step: u64,
    /// Did it take effect?
    pub happened: bool,
    /// Why, in the person's words.
    pub note: String,
    /// When it was decided, in milliseconds since 1970.
    pub at: u64,
    /// Who decided. None, where nobody was asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// POD's reference number, if the person found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// It takes the place of an earlier decision.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrects: bool,
}

/// What was run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PolicyIdentity {
    /// The policy's name.
    pub name: String,
    /// The policy's version.
    pub version: String,
    /// SHA-256 of the component or the script.
    pub digest: Digest,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
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

/// What a run used.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Meters {
    /// Calls to POD, the host's own included.
    pub calls: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// Requests to the merchant's own servers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub http_calls: u64,
    /// Milliseconds on the wall clock.
    pub wall_ms: u64,
    /// Units of wasmtime's fuel.
    pub fuel: u64,
    /// Bytes of linear memory, at the peak.
    pub memory_bytes: u64,
    /// Rials paid.
    pub rials: Rial,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A call that was refused for lack of a grant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refusal {
    /// `interface.function`
    pub function: String,
    /// What is missing.
    pub reason: String,
}

/// One line of a run's log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LogLine {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: Cow<'static, str>,
    /// The text.
    pub message: String,
}

/// Why a run did not end well.
#[derive(Clone, Debug, Deserialize, thiserror::Error, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RunError {
    /// The policy gave up.
    #[error("{message}")]
    Policy {
        /// The policy's own words.
        message: String,
        /// The script, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// The line in the script, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// The column in the line, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
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
        /// `fuel`, `memory`, `wall`, or `journal`: entries of calls that nothing else counts.
        meter: Cow<'static, str>,
        /// What was granted: units of fuel, bytes, or milliseconds.
        limit: u64,
    },
    /// The decider's answer breaks POD's rules.
    #[error("the plan breaks POD's rules: {}", .violations.iter().map(|v| v.message.as_str()).collect::<Vec<_>>().join("; "))]
    PlanRefused {
        /// Each rule that is broken, and by what: the first hundred.
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
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Violation {
    /// A stable name of the rule.
    pub rule: Cow<'static, str>,
    /// The plan's item, from 0.
    pub item: usize,
    /// The invoice at fault.
    pub invoice: u64,
    /// In words.
    pub message: String,
    /// The document and the service that prescribe the rule.
    pub source: Cow<'static, str>,
}

impl RunError {
    /// A name of the kind of error that stays as it is: its `kind` in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy { .. } => "policy",
            Self::Trap { .. } => "trap",
            Self::BudgetExhausted { .. } => "budget-exhausted",
            Self::PlanRefused { .. } => "plan-refused",
            Self::Call { .. } => "call",
            Self::Host { .. } => "host",
        }
    }

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
