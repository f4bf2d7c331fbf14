//! What a run's journal has of each of its calls, for executing it again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use pod_platform::{Secret, types};
use serde::Serialize;

use super::{
    call::{Call, Reply, Returned},
    capability::NOW,
};
use crate::{
    error::Error,
    grant::Amounts,
    journal::{Entry, Intent, Outcome, Recorded, StoredEntry},
};

/// The calls of the past, by step, each until it is made again.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<BTreeMap<u64, Past>>);

/// What the journal has of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// None, unless the call was to change something.
    pub intent: Option<Intent>,
    /// None, if the host stopped before the call came to its end.
    pub outcome: Option<Outcome>,
    /// The one-time token of an open intent.
    pub ott: Option<Secret>,
}

impl History {
    pub fn of(entries: &[StoredEntry], mut otts: BTreeMap<u64, Secret>) -> Self {
        let mut steps = BTreeMap::<u64, Past>::new();
        for stored in entries {
            match &stored.entry {
                Entry::Intent(intent) => {
                    let past = steps.entry(intent.step).or_default();
                    past.ott = otts.remove(&intent.step);
                    past.intent = Some(intent.clone());
                }
                Entry::Outcome(outcome) => {
                    steps.entry(outcome.step).or_default().outcome = Some(outcome.clone());
                }
                Entry::Looks(looks) => {
                    for outcome in looks.outcomes() {
                        let past = steps.entry(outcome.step).or_default();
                        past.outcome = Some(outcome);
                    }
                }
                _ => {}
            }
        }
        Self(Mutex::new(steps))
    }

    /// Takes out what the journal has of a step.
    pub fn take(&self, step: u64) -> Option<Past> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&step)
    }

    /// Was this step a look at the clock? Then it is taken out.
    pub fn take_look_at_clock(&self, step: u64) -> bool {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_one = steps.get(&step).is_some_and(|past| {
            past.outcome.as_ref().is_some_and(|outcome| outcome.function == NOW)
        });
        is_one && steps.remove(&step).is_some()
    }

    /// The first call that was not made again.
    pub fn first_left(&self) -> Option<(u64, Past)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }

    /// Has every call of the journal been made again, so that the next one is new?
    pub fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Past {
    /// Is the run making the same call again?
    pub fn is(&self, call: &Call) -> bool {
        let digest = match (&self.intent, &self.outcome) {
            (Some(intent), _) => intent.call,
            (None, Some(outcome)) => outcome.call,
            (None, None) => return false,
        };
        digest == call.digest
    }

    /// Function and arguments, for people.
    pub fn asked(&self) -> String {
        match (&self.intent, &self.outcome) {
            (Some(intent), _) => asked(&intent.function, &intent.arguments),
            (None, Some(outcome)) => {
                asked(&outcome.function, outcome.arguments.as_deref().unwrap_or_default())
            }
            (None, None) => "nothing".to_owned(),
        }
    }
}

/// A call, for people.
pub(crate) fn asked(function: &str, arguments: &str) -> String {
    if arguments.is_empty() {
        return format!("`{function}`");
    }
    let fields: Vec<String> = form_urlencoded::parse(arguments.as_bytes())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("`{function}` with {}", fields.join(", "))
}

/// A recorded outcome, as the call's answer.
pub(crate) fn reply(call: &Call, outcome: Outcome) -> Result<Reply, Error> {
    let damaged = |error: serde_json::Error| {
        Error::Journal(format!("the outcome of call {} cannot be read: {error}", call.step))
    };
    let outcome = match outcome.recorded {
        Recorded::Done(result) => {
            let text = std::str::from_utf8(&result)
                .map_err(|error| Error::Journal(format!("call {}: {error}", call.step)))?;
            let count = outcome.count.unwrap_or_default();
            let value = call.capability.decode(count, text).map_err(damaged)?;
            Ok(Returned {
                count: outcome.count,
                result,
                value,
                reference_number: outcome.reference_number,
            })
        }
        Recorded::Refused(error) | Recorded::Unknown(error) => {
            Err(serde_json::from_str::<types::Error>(&error).map_err(damaged)?)
        }
    };
    Ok(Reply::of(outcome, Amounts::default()))
}

/// A value as the journal has it.
pub(crate) fn written(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Journal(error.to_string()))
}
