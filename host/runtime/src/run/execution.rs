//! The execution of a run: for the first time, again after the host was stopped, or again to compare.
//! All three are the same code. They differ in the history that the door answers from, and in whether
//! it has a platform to send new calls to.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use pod_platform::types;
use serde_json::{Value, json};

use super::{
    decide::{Broken, CheckedPlan as _, Decider, execute},
    host::Host,
    spec::{Kind, Task},
};
use crate::{
    contract::{OnFailure, PolicyIndices},
    door::{Context, Door, RunLog},
    error::{Error, Stopped},
    guest::{GuestMeters, Start, Stop, until},
    journal::{Decided, Entry, LogLine, RunError},
    policy::{Loaded, guest, run_error},
};

/// How long an execution without a platform may take: it waits for nobody.
const OFFLINE: Duration = Duration::from_secs(3_600);
/// How many of the rules that a plan breaks are told, the first ones.
const MOST_VIOLATIONS: usize = 100;

pub(crate) struct Execution<'a> {
    pub host: &'a Host,
    pub policy: &'a Loaded,
    pub task: &'a Task<'a>,
    pub plan_only: bool,
    pub on_failure: OnFailure,
    pub context: Arc<Context>,
    /// What the decider answered before.
    pub decided: Option<Decided>,
}

/// What came of an execution.
pub(crate) struct Executed {
    pub output: Value,
    pub error: Option<RunError>,
    pub log: Vec<LogLine>,
    pub fuel: u64,
    pub memory_bytes: u64,
    pub wall_ms: u64,
}

/// How an execution ended, before its meters are read.
struct Ending {
    output: Value,
    error: Option<RunError>,
}

impl Ending {
    fn done(output: Value) -> Self {
        Self { output, error: None }
    }
}

impl Execution<'_> {
    /// Executes. Whatever goes wrong inside the run is part of what came of it.
    ///
    /// # Errors
    /// [`Error::Diverged`], if the run does not do again what it did.
    pub async fn run(self) -> Result<Executed, Error> {
        let began = Instant::now();
        let wall = match self.context.pod.is_offline() {
            true => OFFLINE,
            false => Duration::from_millis(self.context.grant.budget.wall_ms),
        };
        let running = Running(self.context.clone());
        let process = Process {
            deadline: began + wall,
            log: Arc::new(self.context.log()),
            meters: Arc::default(),
            execution: self,
        };
        let config = &process.execution.task.config;
        let ending = match &process.execution.task.kind {
            Kind::Policy(exports) => process.policy(exports, config, running).await,
            Kind::Netting(netting) => process.decide(netting, config, running).await,
            Kind::Delegation(delegation) => process.decide(delegation, config, running).await,
            Kind::LoanPlan(loan_plan) => process.decide(loan_plan, config, running).await,
        }?;
        Ok(Executed {
            output: ending.output,
            error: ending.error,
            log: process.log.lines(),
            fuel: process.meters.fuel.load(Ordering::Relaxed),
            memory_bytes: process.meters.memory_bytes.load(Ordering::Relaxed),
            wall_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// While this is held, effects may begin. A caller that hangs up drops it, too.
struct Running(Arc<Context>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lifetime.end();
    }
}

/// An execution under way.
struct Process<'a> {
    execution: Execution<'a>,
    deadline: Instant,
    log: Arc<RunLog>,
    meters: Arc<GuestMeters>,
}

impl Process<'_> {
    fn context(&self) -> &Arc<Context> {
        &self.execution.context
    }

    fn start(&self, door: Door) -> Start<'_> {
        Start {
            budget: &self.context().grant.budget,
            deadline: self.deadline,
            door: Some(door),
            clock: self.context().clock.clone(),
            log: self.log.clone(),
            meters: self.meters.clone(),
            stop: self.context().lifetime.stop.clone(),
        }
    }

    async fn policy(
        &self,
        exports: &PolicyIndices,
        config: &str,
        running: Running,
    ) -> Result<Ending, Error> {
        let Execution { host, policy, task, .. } = &self.execution;
        let answer = host.compiler().processor().in_turn(async {
            let start = self.start(Door::new(self.context().clone()));
            let mut guest = guest(host.compiler(), policy, start).await?;
            let answer = match exports.load(&mut guest.store, &guest.instance) {
                Ok(exports) => exports.call_run(&mut guest.store, &task.input, config).await,
                Err(error) => Err(error),
            };
            guest.finish(answer)
        });
        let answer = until(self.deadline, answer).await;
        self.let_effects_end(running).await;
        match answer {
            // Whatever a policy answers is its output; if it is no JSON, as the text that it is.
            Ok(output) => {
                Ok(Ending::done(serde_json::from_str(&output).unwrap_or(Value::String(output))))
            }
            Err(stop) => self.failed(stop),
        }
    }

    /// Fetches, asks, checks, and pays.
    async fn decide<D: Decider>(
        &self,
        decider: &D,
        config: &str,
        running: Running,
    ) -> Result<Ending, Error> {
        let door = Door::new(self.context().clone());
        let decided = until(self.deadline, self.answer(decider, &door, config)).await;
        let (books, answer, now) = match decided {
            Ok(Ok(decided)) => decided,
            Ok(Err(error)) => {
                let error = RunError::Call { message: error.to_string(), error };
                return Ok(Ending { output: Value::Null, error: Some(error) });
            }
            Err(stop) => return self.failed(stop),
        };
        let proposed = json!(answer);
        let mut plan = match decider.check(books, answer, now) {
            Ok(plan) => plan,
            Err(mut violations) => {
                violations.truncate(MOST_VIOLATIONS);
                let error = Some(RunError::PlanRefused { violations });
                return Ok(Ending { output: json!({ "proposed": proposed }), error });
            }
        };
        if self.execution.plan_only {
            let mut output = plan.output();
            output["planOnly"] = true.into();
            return Ok(Ending::done(output));
        }
        let on_failure = self.execution.on_failure;
        let paid = until(self.deadline, execute(&mut plan, &door, on_failure)).await;
        self.let_effects_end(running).await;
        let error = match paid {
            Ok(None) => None,
            Ok(Some(failed)) => {
                Some(RunError::Call { message: failed.to_string(), error: failed.error })
            }
            Err(stop) => {
                let last = self.context().recorder.last_mutation();
                for payment in plan.payments() {
                    payment.stop(last.as_ref());
                }
                if self.is_request(&stop) {
                    let unpaid = plan.payments().iter().filter(|payment| payment.is_left());
                    let unfinished = unpaid.map(ToString::to_string).collect();
                    return Err(Error::Stopped(Stopped { unfinished, ..Stopped::default() }));
                }
                self.failed(stop)?.error
            }
        };
        Ok(Ending { output: plan.output(), error })
    }

    /// Reads the books and asks the decider; its answer is an entry of the journal. An answer that
    /// is in the journal stands: it is not asked for again, or only to compare. The outer error ends
    /// the run, the inner one is a call's.
    async fn answer<D: Decider>(
        &self,
        decider: &D,
        door: &Door,
        config: &str,
    ) -> Result<Result<(D::Books, D::Proposal, u64), types::Error>, Stop> {
        let books = match decider.fetch(door).await {
            Ok(books) => books,
            Err(Broken::Call(error)) => return Ok(Err(error)),
            Err(Broken::Stop(stop)) => return Err(stop),
        };
        if let Some(decided) = &self.execution.decided
            && !self.context().pod.is_offline()
        {
            let answer = self.recall(decided)?;
            self.context().pass_over_decider();
            return Ok(Ok((books, answer, decided.at)));
        }
        let Execution { host, policy, .. } = &self.execution;
        let answer = host.compiler().processor().in_turn(async {
            let mut guest = guest(host.compiler(), policy, self.start(door.clone())).await?;
            let answer = decider.ask(&mut guest, &books, config).await;
            guest.finish(answer)
        });
        let answer = answer.await?;
        let text = json!(answer).to_string();
        if let Some(decided) = &self.execution.decided {
            if text != decided.answer {
                return Err(Stop::Host(self.answered_otherwise(&decided.answer, &text)));
            }
            return Ok(Ok((books, answer, decided.at)));
        }
        let now = self.context().clock.now().0;
        self.context().recorder.note(Entry::Decided(Decided {
            answer: text,
            at: now,
            fuel: Some(self.meters.fuel.load(Ordering::Relaxed)),
            memory_bytes: Some(self.meters.memory_bytes.load(Ordering::Relaxed)),
            log: serde_json::to_string(&self.log.lines()).ok(),
        }));
        Ok(Ok((books, answer, now)))
    }

    /// What the decider answered before, with what that took.
    fn recall<A: serde::de::DeserializeOwned>(&self, decided: &Decided) -> Result<A, Stop> {
        let unreadable = |error: serde_json::Error| {
            Stop::Host(Error::Journal(format!("the recorded decision cannot be read: {error}")))
        };
        self.meters.fuel.store(decided.fuel.unwrap_or_default(), Ordering::Relaxed);
        let memory = decided.memory_bytes.unwrap_or_default();
        self.meters.memory_bytes.store(memory, Ordering::Relaxed);
        if let Some(log) = &decided.log {
            self.log.recall(serde_json::from_str(log).map_err(unreadable)?);
        }
        serde_json::from_str(&decided.answer).map_err(unreadable)
    }

    fn answered_otherwise(&self, recorded: &str, asked: &str) -> Error {
        Error::Diverged {
            run: self.context().recorder.run().to_owned(),
            step: self.context().steps.next(),
            recorded: format!("the decision {}", shortened(recorded)),
            asked: format!("to carry out {}", shortened(asked)),
        }
    }

    /// Effects under way come to their ends and are recorded; none begins any more.
    async fn let_effects_end(&self, running: Running) {
        drop(running);
        self.context().lifetime.let_calls_end().await;
    }

    /// Was the host told to stop? That its time runs out while a call is waited for is no failure.
    fn is_request(&self, stop: &Stop) -> bool {
        match stop {
            Stop::Host(Error::Stopped(_)) => true,
            Stop::Wall => self.context().lifetime.is_stopped(),
            _ => false,
        }
    }

    fn failed(&self, stop: Stop) -> Result<Ending, Error> {
        if let Stop::Host(error @ Error::Diverged { .. }) = stop {
            return Err(error);
        }
        if self.is_request(&stop) {
            return Err(Error::Stopped(Stopped::default()));
        }
        let budget = &self.context().grant.budget;
        let error = run_error(self.execution.policy, budget, &self.log.mask, stop);
        Ok(Ending { output: Value::Null, error: Some(error) })
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(500)]
}
