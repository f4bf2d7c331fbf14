//! One run, from its first entry to its receipt.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use pod_platform::{Rial, types};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use crate::{
    Account, BadFile, Error, Host, Policy,
    bindings::{Credit, Debt, Failure, NettingIndices, Pair, PolicyIndices},
    budget::Budget,
    deciders::netting::{self, Broken},
    door::{Door, Passage, Recorder},
    error::Place,
    grant::Grant,
    guest::{Guest, GuestMeters, Start, Stop, until},
    journal::{Decided, Entry, Finished, Started},
    policy::{Exports, Loaded},
    receipt::{Meters, Receipt, RunError, Status},
    run_log::RunLog,
};

/// How a run ended, before its meters are read.
struct Ending {
    output: Value,
    error: Option<RunError>,
    refused: bool,
}

impl Ending {
    fn done(output: Value) -> Self {
        Self { output, error: None, refused: false }
    }

    fn failed(output: Value, error: RunError) -> Self {
        Self { output, error: Some(error), refused: false }
    }
}

impl Host {
    /// Runs a policy for an account, granted what it asks for, and tells what came of it. Whatever
    /// goes wrong inside the run stands in the receipt.
    ///
    /// # Errors
    /// If the run could not be begun or its end not be journalled.
    pub async fn run(
        &self,
        policy: &Policy,
        account: &Account,
        input: Value,
    ) -> Result<Receipt, Error> {
        self.run_granted(policy, account, input, policy.asks().clone()).await
    }

    /// Like [`Host::run`], with a grant of the operator's own.
    ///
    /// # Errors
    /// If the run could not be begun or its end not be journalled.
    pub async fn run_granted(
        &self,
        policy: &Policy,
        account: &Account,
        input: Value,
        grant: Grant,
    ) -> Result<Receipt, Error> {
        let began = Instant::now();
        let loaded = &*policy.inner;
        let business = account.business.ok_or_else(|| {
            let name = &account.name;
            Error::Account(format!(
                "the account `{name}` is no business: it has no invoices to net"
            ))
        });
        let run = uuid::Uuid::now_v7().to_string();
        let passage = Arc::new(Passage {
            recorder: Recorder::new(run, self.journal().clone()),
            grant,
            client: account.client.clone(),
            credentials: account.credentials.clone(),
            clock: self.clock().clone(),
            tasks: TaskTracker::new(),
            ended: AtomicBool::new(false),
            next_step: AtomicU64::new(0),
        });
        let running = Running(passage.clone());
        passage.recorder.note(Entry::Started(started(self, loaded, account, &input, &passage)));

        let log = Arc::new(RunLog::default());
        let meters = Arc::new(GuestMeters::default());
        let wall = Duration::from_millis(passage.grant.budget.wall_ms);
        let run = Run {
            host: self,
            policy: loaded,
            passage: &passage,
            deadline: began + wall,
            log: log.clone(),
            meters: meters.clone(),
        };
        let ending = match &loaded.entry.exports {
            Exports::Policy(exports) => run.policy(exports, &input).await,
            Exports::Netting(exports) => run.netting(exports, business?).await,
        };

        // Effects under way come to their ends and are recorded.
        drop(running);
        passage.tasks.close();
        passage.tasks.wait().await;

        let recorder = &passage.recorder;
        let status = match &ending {
            _ if recorder.is_doubtful() => Status::UnknownOutcome,
            Ending { refused: true, .. } => Status::Refused,
            Ending { error: Some(_), .. } => Status::Failed,
            Ending { error: None, .. } => Status::Done,
        };
        let spent = recorder.spent();
        let meters = Meters {
            calls: spent.calls,
            bytes_up: spent.bytes_up,
            bytes_down: spent.bytes_down,
            wall_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            fuel: meters.fuel.load(Ordering::Relaxed),
            memory_bytes: meters.memory_bytes.load(Ordering::Relaxed),
            rials: Rial(spent.rials),
        };
        recorder.note(Entry::Finished(Finished {
            status: status.name().to_owned(),
            output: Some(ending.output.to_string()),
            error: ending.error.as_ref().and_then(|error| serde_json::to_string(error).ok()),
            fuel: meters.fuel,
            memory_bytes: meters.memory_bytes,
            wall_ms: meters.wall_ms,
            at: self.clock().now().0,
        }));
        recorder.commit().await?;
        Ok(Receipt {
            run: recorder.run().to_owned(),
            policy: loaded.identity.clone(),
            status,
            output: ending.output,
            error: ending.error,
            effects: recorder.effects(),
            meters,
            denied: recorder.refusals(),
            log: log.lines(),
            journal_head: recorder.head(),
        })
    }

    /// Asks a netting decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn plan(
        &self,
        policy: &Policy,
        debts: &[Debt],
        credits: &[Credit],
    ) -> Result<Vec<Pair>, RunError> {
        let budget = &policy.inner.asks.budget;
        let start = self.start_alone(budget);
        let Exports::Netting(exports) = &policy.inner.entry.exports else {
            let message = format!("`{}` is no netting decider", policy.inner.identity.name);
            return Err(RunError::Host { message });
        };
        plan(self, &policy.inner, exports, start, debts, credits)
            .await
            .map_err(|stop| run_error(&policy.inner, budget, stop))
    }

    /// A guest without a run: nobody reads its log or its meters.
    fn start_alone<'a>(&self, budget: &'a Budget) -> Start<'a> {
        Start {
            budget,
            deadline: Instant::now() + Duration::from_millis(budget.wall_ms),
            door: None,
            clock: self.clock().clone(),
            log: Arc::default(),
            meters: Arc::default(),
        }
    }

    /// Does the script parse? Tells with file, line and column if not.
    pub(crate) async fn parse(&self, policy: &Loaded) -> Result<(), Error> {
        let budget = &policy.asks.budget;
        let start = self.start_alone(budget);
        match guest(self, policy, start).await {
            Ok(_) => Ok(()),
            Err(Stop::Host(error)) => Err(error),
            Err(stop) => {
                let path = policy.script.as_ref().map(|script| script.file.clone());
                let place = match &stop {
                    Stop::Failure(Failure { position: Some(at), .. }) => {
                        Some(Place { line: at.line, column: at.column })
                    }
                    _ => None,
                };
                let message = run_error(policy, budget, stop).to_string();
                Err(BadFile { path: path.unwrap_or_default(), place, message }.into())
            }
        }
    }
}

/// While this is held, effects may begin. A caller that hangs up drops it, too.
struct Running(Arc<Passage>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::SeqCst);
    }
}

struct Run<'a> {
    host: &'a Host,
    policy: &'a Loaded,
    passage: &'a Arc<Passage>,
    deadline: Instant,
    log: Arc<RunLog>,
    meters: Arc<GuestMeters>,
}

impl Run<'_> {
    fn start(&self, door: Door) -> Start<'_> {
        Start {
            budget: &self.passage.grant.budget,
            deadline: self.deadline,
            door: Some(door),
            clock: self.passage.clock.clone(),
            log: self.log.clone(),
            meters: self.meters.clone(),
        }
    }

    async fn policy(&self, exports: &PolicyIndices, input: &Value) -> Ending {
        let answer = until(self.deadline, async {
            let start = self.start(Door::new(self.passage.clone()));
            let mut guest = guest(self.host, self.policy, start).await?;
            let answer = match exports.load(&mut guest.store, &guest.instance) {
                Ok(exports) => exports.call_run(&mut guest.store, &input.to_string()).await,
                Err(error) => Err(error),
            };
            guest.finish(answer)
        });
        match answer.await {
            // Whatever a policy answers is its output; if it is no JSON, as the text that it is.
            Ok(output) => {
                Ending::done(serde_json::from_str(&output).unwrap_or(Value::String(output)))
            }
            Err(stop) => Ending::failed(Value::Null, self.error(stop)),
        }
    }

    async fn netting(&self, exports: &NettingIndices, business: u64) -> Ending {
        let door = Door::new(self.passage.clone());
        let (books, pairs) = match until(self.deadline, self.decide(exports, &door, business)).await
        {
            Ok(Ok(decided)) => decided,
            Ok(Err(error)) => return Ending::failed(Value::Null, call_error(error)),
            Err(stop) => return Ending::failed(Value::Null, self.error(stop)),
        };
        let plan = match netting::check(&books, &pairs) {
            Ok(plan) => plan,
            Err(violations) => {
                let pairs: Vec<Value> = pairs
                    .iter()
                    .map(|pair| {
                        json!({
                            "creditorInvoiceId": pair.creditor_invoice_id,
                            "debtorInvoiceId": pair.debtor_invoice_id,
                        })
                    })
                    .collect();
                return Ending {
                    output: json!({ "pairs": pairs }),
                    error: Some(RunError::PlanRefused { violations }),
                    refused: true,
                };
            }
        };
        let output = serde_json::to_value(&plan).unwrap_or_default();
        let paid = until(self.deadline, async {
            match netting::execute(&door, &plan).await {
                Ok(()) => Ok(Ok(())),
                Err(Broken::Call(error)) => Ok(Err(error)),
                Err(Broken::Stop(stop)) => Err(stop),
            }
        });
        match paid.await {
            Ok(Ok(())) => Ending::done(output),
            Ok(Err(error)) => Ending::failed(output, call_error(error)),
            Err(stop) => Ending::failed(output, self.error(stop)),
        }
    }

    /// Reads the books and asks the decider; its answer is an entry of the journal.
    async fn decide(
        &self,
        exports: &NettingIndices,
        door: &Door,
        business: u64,
    ) -> Result<Result<(netting::Books, Vec<Pair>), types::Error>, Stop> {
        let books = match netting::fetch(door, business).await {
            Ok(books) => books,
            Err(Broken::Call(error)) => return Ok(Err(error)),
            Err(Broken::Stop(stop)) => return Err(stop),
        };
        let start = self.start(door.clone());
        let pairs =
            plan(self.host, self.policy, exports, start, &books.debts, &books.credits).await?;
        let answer: Vec<[u64; 2]> =
            pairs.iter().map(|pair| [pair.creditor_invoice_id, pair.debtor_invoice_id]).collect();
        self.passage.recorder.note(Entry::Decided(Decided {
            answer: json!(answer).to_string(),
            at: self.passage.clock.now().0,
        }));
        Ok(Ok((books, pairs)))
    }

    fn error(&self, stop: Stop) -> RunError {
        run_error(self.policy, &self.passage.grant.budget, stop)
    }
}

/// A fresh instance, its script loaded if it has one that its snapshot does not hold.
async fn guest(host: &Host, policy: &Loaded, start: Start<'_>) -> Result<Guest, Stop> {
    let mut guest = Guest::start(host.engine(), &policy.entry.pre, start).await?;
    let Some(script) = &policy.script else { return Ok(guest) };
    let Some(load) = &script.load else { return Ok(guest) };
    let host_error = |error: wasmtime::Error| Stop::Host(Error::Engine(format!("{error:#}")));
    let load = guest
        .instance
        .get_typed_func::<(&str,), (Result<(), Failure>,)>(&mut guest.store, load)
        .map_err(host_error)?;
    match load.call_async(&mut guest.store, (script.source.as_str(),)).await {
        Ok((Ok(()),)) => Ok(guest),
        Ok((Err(failure),)) => Err(Stop::Failure(failure)),
        Err(error) => match guest.finish::<()>(Err(error)) {
            Err(stop) => Err(stop),
            Ok(()) => unreachable!("an error is no answer"),
        },
    }
}

async fn plan(
    host: &Host,
    policy: &Loaded,
    exports: &NettingIndices,
    start: Start<'_>,
    debts: &[Debt],
    credits: &[Credit],
) -> Result<Vec<Pair>, Stop> {
    let mut guest = guest(host, policy, start).await?;
    let answer = match exports.load(&mut guest.store, &guest.instance) {
        Ok(exports) => exports.call_plan(&mut guest.store, debts, credits).await,
        Err(error) => Err(error),
    };
    guest.finish(answer)
}

fn started(
    host: &Host,
    policy: &Loaded,
    account: &Account,
    input: &Value,
    passage: &Passage,
) -> Started {
    Started {
        policy: policy.identity.name.clone(),
        version: policy.identity.version.clone(),
        world: policy.world.name().to_owned(),
        component: policy.component,
        script: policy.script.as_ref().map(|_| policy.identity.digest),
        account: account.name.clone(),
        input: input.to_string(),
        allowed: passage.grant.functions.iter().cloned().collect(),
        budget: serde_json::to_string(&passage.grant.budget).unwrap_or_default(),
        host: env!("CARGO_PKG_VERSION").to_owned(),
        at: host.clock().now().0,
    }
}

fn call_error(error: types::Error) -> RunError {
    RunError::Call { message: error.to_string(), error }
}

fn run_error(policy: &Loaded, budget: &Budget, stop: Stop) -> RunError {
    match stop {
        Stop::Failure(Failure { message, position }) => RunError::Policy {
            message,
            file: policy.script.as_ref().map(|script| script.file.display().to_string()),
            line: position.map(|at| at.line),
            column: position.map(|at| at.column),
        },
        Stop::Trap(message) => RunError::Trap { message },
        Stop::Fuel => RunError::BudgetExhausted { meter: "fuel", limit: budget.fuel },
        Stop::Memory => RunError::BudgetExhausted { meter: "memory", limit: budget.memory_bytes },
        Stop::Wall => RunError::BudgetExhausted { meter: "wall", limit: budget.wall_ms },
        Stop::Host(error) => RunError::Host { message: error.to_string() },
    }
}
