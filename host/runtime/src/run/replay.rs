//! Executing a run again against its journal alone: no platform, nothing written. Does it come to
//! the same? And where would another version of its policy first do something else?

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{
    execution::{Executed, Execution},
    facts::Background,
    host::Host,
    spec::Task,
};
use crate::{
    crypto::Digest,
    door::{Context, History, Recorder, is_beyond},
    error::Error,
    journal::{Finished, Projection, RunError},
    policy::Policy,
};

/// What came of a replay.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Replay {
    /// The run.
    pub run: String,
    /// How many entries its chain has; all of them were checked.
    pub entries: u64,
    /// The hash of the last.
    pub journal_head: Digest,
    /// What is not the same. Empty, if all of it is.
    pub differences: Vec<Difference>,
    /// Why not all of it could be compared: the run has not ended, or something outside it, such as
    /// the time, ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// Something that a replay does otherwise.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// `call 3`, `output`, `error`, `fuel`, `memory_bytes` or `log`.
    pub what: String,
    /// What the journal has.
    pub recorded: String,
    /// What the replay has.
    pub replayed: String,
}

impl Replay {
    /// Did the replay come to the same, as far as it went?
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Host {
    /// Executes a run again, with the policy that it began with, against its journal alone.
    ///
    /// # Errors
    /// If the journal cannot be read or is damaged, or the policy is not in the store.
    pub async fn replay(&self, run: &str) -> Result<Replay, Error> {
        self.do_again(run, None).await
    }

    /// Executes a run again with another policy, to see where it first does something else. What the
    /// two take, and where in a script an error stands, is not compared.
    ///
    /// # Errors
    /// If the journal cannot be read or is damaged, or the policy does not fit the run's input.
    pub async fn replay_with(&self, run: &str, policy: &Policy) -> Result<Replay, Error> {
        self.do_again(run, Some(policy)).await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn do_again<'a>(
        &'a self,
        run: &'a str,
        other: Option<&'a Policy>,
    ) -> BoxFuture<'a, Result<Replay, Error>> {
        Box::pin(async move {
            let entries = self.journal().entries(run).await?;
            let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
            let started =
                projection.started.as_ref().ok_or_else(|| Error::NoSuchRun(run.to_owned()))?;
            let options = started.recorded_options();
            let policy = match other {
                Some(policy) => policy.clone(),
                None => self.load_archived(run, started, options.script_mode).await?,
            };
            let background = Background::recorded(run, started)?;
            let input = serde_json::from_str(&started.input).map_err(|error| {
                Error::Journal(format!("run {run}: its input cannot be read: {error}"))
            })?;
            let task = Task::of(&policy.inner, &background, &input, false)?;
            let history = History::of(&entries, Default::default());
            let recorder = Recorder::after(run.to_owned(), started.owner(), None, &entries);
            let context = Arc::new(Context {
                grant: started.grant(run)?,
                ..self.offline_context(run, started, recorder, history)
            });
            let execution = Execution {
                host: self,
                policy: &policy.inner,
                task: &task,
                plan_only: options.plan_only,
                on_failure: options.on_failure,
                context: context.clone(),
                decided: projection.decided.clone(),
            };
            let executed = execution.run().await;

            let mut replay = Replay {
                run: run.to_owned(),
                entries: entries.len() as u64,
                journal_head: entries.last().map_or(Digest([0; 32]), |last| last.hash),
                differences: Vec::new(),
                incomplete: projection
                    .finished
                    .as_ref()
                    .map_or_else(|| Some("the run has not ended".to_owned()), stopped_from_outside),
            };
            match executed {
                Err(Error::Diverged { step, recorded, asked, .. }) => {
                    if replay.incomplete.is_none() || !is_beyond(&recorded) {
                        let what = format!("call {step}");
                        replay.differences.push(Difference { what, recorded, replayed: asked });
                    }
                }
                Err(error) => return Err(error),
                Ok(mut executed) => {
                    policy.inner.reasons.explain(&mut executed.output, options.language);
                    if let Some((step, past)) = context.history.first_left() {
                        replay.differences.push(Difference {
                            what: format!("call {step}"),
                            recorded: past.asked(),
                            replayed: "nothing: it ended".to_owned(),
                        });
                    }
                    if let (Some(finished), None) = (&projection.finished, &replay.incomplete) {
                        let likeness = Likeness {
                            policy: other.is_none(),
                            engine: policy.inner.component == started.component
                                && started.host == env!("CARGO_PKG_VERSION"),
                        };
                        replay.differences.extend(compare(finished, &executed, &likeness));
                    }
                }
            }
            Ok(replay)
        })
    }
}

/// What ended a run, if it was not the run itself.
fn stopped_from_outside(finished: &Finished) -> Option<String> {
    let error = finished.error.as_deref()?;
    match serde_json::from_str(error).ok()? {
        RunError::BudgetExhausted { meter, .. } if meter == "wall" => {
            Some("the run was stopped when its time was up".to_owned())
        }
        RunError::Host { message } => Some(format!("the host could not go on: {message}")),
        _ => None,
    }
}

/// What a replay has in common with its run.
struct Likeness {
    /// The policy that the run began with.
    policy: bool,
    /// The engine, and the component that runs on it.
    engine: bool,
}

fn compare(finished: &Finished, executed: &Executed, same: &Likeness) -> Vec<Difference> {
    let json = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    let log = (!executed.log.is_empty()).then(|| serde_json::json!(executed.log).to_string());
    let error = executed.error.as_ref().and_then(|error| serde_json::to_string(error).ok());
    let errors = [json(finished.error.clone()), json(error)];
    // In another script the same may stand elsewhere.
    let [failed, fails] = if same.policy { errors } else { errors.map(without_place) };
    let mut compared = vec![
        ("output", json(finished.output.clone()), executed.output.to_string()),
        ("error", failed, fails),
        ("log", json(finished.log.clone()), json(log)),
    ];
    // Another policy takes otherwise, be it by a remark more, and another engine counts otherwise.
    if same.policy && same.engine {
        let fuel = (finished.fuel.to_string(), executed.fuel.to_string());
        compared.push(("fuel", fuel.0, fuel.1));
        let memory = (finished.memory_bytes.to_string(), executed.memory_bytes.to_string());
        compared.push(("memory_bytes", memory.0, memory.1));
    }
    compared
        .into_iter()
        .filter(|(_, recorded, replayed)| recorded != replayed)
        .map(|(what, recorded, replayed)| Difference { what: what.to_owned(), recorded, replayed })
        .collect()
}

/// An error without where it stands.
fn without_place(error: String) -> String {
    let Ok(RunError::Policy { message, .. }) = serde_json::from_str(&error) else { return error };
    let error = RunError::Policy { message, file: None, line: None, column: None };
    serde_json::json!(error).to_string()
}
