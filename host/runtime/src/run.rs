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
    Account, BadFile, Error, Host, Language, OnFailure, Policy, Stated,
    bindings::{Failure, PolicyIndices},
    budget::Budget,
    deciders::{
        Broken, Decider, Input, Plan as _, delegation::Delegation, execute, loan_plan::LoanPlan,
        netting::Netting,
    },
    delegation::Wallet,
    door::{Door, Passage, Recorder},
    error::Place,
    grant::Grant,
    guest::{Guest, GuestMeters, Start, Stop, until},
    journal::{Decided, Entry, Finished, Started},
    manifest::World,
    policy::{Exports, Loaded},
    receipt::{Meters, Receipt, RunError, Status},
    run_log::RunLog,
    stated::Facts,
};

/// How a policy is run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// What it is run with. A decider's input is null, or an object that may hold `invoices` (only
    /// these ids), `invoice` (only this id), and `stated`, as a free-form policy's may: see
    /// [`Stated`].
    pub input: Value,
    /// What it may do. None: what it asks for.
    pub grant: Option<Grant>,
    /// Decide and check, and pay nothing. Only for deciders: a free-form policy pays by itself.
    pub plan_only: bool,
    /// What a payment that fails means for the others of its plan. None: what the policy says.
    pub on_failure: Option<OnFailure>,
    /// The language of the reasons' texts.
    pub language: Language,
}

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

    fn failed(error: RunError) -> Self {
        Self { output: Value::Null, error: Some(error), refused: false }
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
        self.run_with(policy, account, RunOptions { input, ..RunOptions::default() }).await
    }

    /// Like [`Host::run`], with options.
    ///
    /// # Errors
    /// If the run could not be begun or its end not be journalled.
    pub async fn run_with(
        &self,
        policy: &Policy,
        account: &Account,
        options: RunOptions,
    ) -> Result<Receipt, Error> {
        let began = Instant::now();
        let loaded = &*policy.inner;
        let RunOptions { input, grant, plan_only, on_failure, language } = options;
        let task = Task::of(loaded, account, &input, plan_only || on_failure.is_some())?;
        let grant = grant.unwrap_or_else(|| loaded.asks.clone());
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
            plan_only,
            on_failure: on_failure.unwrap_or(loaded.on_failure),
        };
        let mut ending = match &task.kind {
            Kind::Policy(exports) => run.policy(exports, &input, &task.config, running).await,
            Kind::Netting(netting) => run.decide(netting, &task.config, running).await,
            Kind::Delegation(delegation) => run.decide(delegation, &task.config, running).await,
            Kind::LoanPlan(loan_plan) => run.decide(loan_plan, &task.config, running).await,
        };
        loaded.reasons.explain(&mut ending.output, language);

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
            stated: task.facts.listed,
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
        debts: &[crate::netting::Debt],
        credits: &[crate::netting::Credit],
    ) -> Result<crate::netting::NettingPlan, RunError> {
        let Exports::Netting(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::Netting));
        };
        self.ask(policy, async |guest, config| {
            crate::deciders::netting::ask(exports, guest, debts, credits, config).await
        })
        .await
    }

    /// Asks a delegation decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn order(
        &self,
        policy: &Policy,
        invoices: &[crate::delegation::OpenInvoice],
        delegations: &[crate::delegation::DelegatedCredit],
        wallets: &[Wallet],
    ) -> Result<crate::delegation::SpendingPlan, RunError> {
        let Exports::Delegation(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::Delegation));
        };
        self.ask(policy, async |guest, config| {
            crate::deciders::delegation::ask(exports, guest, invoices, delegations, wallets, config)
                .await
        })
        .await
    }

    /// Asks a loan plan decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn select(
        &self,
        policy: &Policy,
        invoice: &crate::loan_plan::InvoiceToFinance,
        offers: &[crate::loan_plan::Offer],
    ) -> Result<crate::loan_plan::Selection, RunError> {
        let Exports::LoanPlan(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::LoanPlan));
        };
        self.ask(policy, async |guest, config| {
            crate::deciders::loan_plan::ask(exports, guest, invoice, offers, config).await
        })
        .await
    }

    async fn ask<T>(
        &self,
        policy: &Policy,
        ask: impl AsyncFnOnce(&mut Guest, &str) -> wasmtime::Result<Result<T, Failure>>,
    ) -> Result<T, RunError> {
        let loaded = &*policy.inner;
        let budget = &loaded.asks.budget;
        let asked = async {
            let mut guest = guest(self, loaded, self.start_alone(budget)).await?;
            let answer = ask(&mut guest, &loaded.settings.text).await;
            guest.finish(answer)
        };
        asked.await.map_err(|stop| run_error(loaded, budget, stop))
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
    plan_only: bool,
    on_failure: OnFailure,
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

    async fn policy(
        &self,
        exports: &PolicyIndices,
        input: &Value,
        config: &str,
        running: Running,
    ) -> Ending {
        let answer = until(self.deadline, async {
            let start = self.start(Door::new(self.passage.clone()));
            let mut guest = guest(self.host, self.policy, start).await?;
            let answer = match exports.load(&mut guest.store, &guest.instance) {
                Ok(exports) => exports.call_run(&mut guest.store, &input.to_string(), config).await,
                Err(error) => Err(error),
            };
            guest.finish(answer)
        });
        let answer = answer.await;
        self.let_effects_end(running).await;
        match answer {
            // Whatever a policy answers is its output; if it is no JSON, as the text that it is.
            Ok(output) => {
                Ending::done(serde_json::from_str(&output).unwrap_or(Value::String(output)))
            }
            Err(stop) => Ending::failed(self.error(stop)),
        }
    }

    /// Fetches, asks, checks, and pays.
    async fn decide<D: Decider>(&self, decider: &D, config: &str, running: Running) -> Ending {
        let door = Door::new(self.passage.clone());
        let decided = until(self.deadline, self.answer(decider, &door, config)).await;
        let (books, answer, now) = match decided {
            Ok(Ok(decided)) => decided,
            Ok(Err(error)) => return Ending::failed(call_error(error)),
            Err(stop) => return Ending::failed(self.error(stop)),
        };
        let proposed = json!(answer);
        let mut plan = match decider.check(books, answer, now) {
            Ok(plan) => plan,
            Err(violations) => {
                return Ending {
                    output: json!({ "proposed": proposed }),
                    error: Some(RunError::PlanRefused { violations }),
                    refused: true,
                };
            }
        };
        if self.plan_only {
            let mut output = plan.output();
            output["planOnly"] = true.into();
            return Ending::done(output);
        }
        let paid = until(self.deadline, execute(&mut plan, &door, self.on_failure)).await;
        self.let_effects_end(running).await;
        let error = match paid {
            Ok(None) => None,
            Ok(Some(failed)) => {
                Some(RunError::Call { message: failed.to_string(), error: failed.error })
            }
            Err(stop) => {
                let last = self.passage.recorder.last_mutation();
                for payment in plan.payments() {
                    payment.stop(last.as_ref());
                }
                Some(self.error(stop))
            }
        };
        Ending { output: plan.output(), error, refused: false }
    }

    /// Reads the books and asks the decider; its answer is an entry of the journal. The outer error
    /// ends the run, the inner one is a call's.
    async fn answer<D: Decider>(
        &self,
        decider: &D,
        door: &Door,
        config: &str,
    ) -> Result<Result<(D::Books, D::Answer, u64), types::Error>, Stop> {
        let books = match decider.fetch(door).await {
            Ok(books) => books,
            Err(Broken::Call(error)) => return Ok(Err(error)),
            Err(Broken::Stop(stop)) => return Err(stop),
        };
        let mut guest = guest(self.host, self.policy, self.start(door.clone())).await?;
        let answer = decider.ask(&mut guest, &books, config).await;
        let answer = guest.finish(answer)?;
        let now = self.passage.clock.now().0;
        self.passage
            .recorder
            .note(Entry::Decided(Decided { answer: json!(answer).to_string(), at: now }));
        Ok(Ok((books, answer, now)))
    }

    /// Effects under way come to their ends and are recorded; none begins any more.
    async fn let_effects_end(&self, running: Running) {
        drop(running);
        self.passage.tasks.close();
        self.passage.tasks.wait().await;
    }

    fn error(&self, stop: Stop) -> RunError {
        run_error(self.policy, &self.passage.grant.budget, stop)
    }
}

/// What a run is to do, and by which facts.
struct Task<'a> {
    kind: Kind<'a>,
    facts: Facts,
    /// The configuration as the policy gets it, a JSON text.
    config: String,
}

enum Kind<'a> {
    Policy(&'a PolicyIndices),
    Netting(Netting<'a>),
    Delegation(Delegation<'a>),
    LoanPlan(LoanPlan<'a>),
}

impl<'a> Task<'a> {
    /// Checks what a run is told, before it begins.
    fn of(
        policy: &'a Loaded,
        account: &Account,
        input: &Value,
        needs_plan: bool,
    ) -> Result<Self, Error> {
        let exports = &policy.entry.exports;
        let input = match exports {
            // A free-form policy's input is its own; only what it states is the host's, too.
            Exports::Policy(_) if needs_plan => {
                let message = "a policy of the world `policy` pays by itself, without a plan that \
                               the host could stop at (--plan-only and --on-failure are for \
                               deciders)";
                return Err(Error::Input(message.into()));
            }
            Exports::Policy(_) => Input { stated: stated(input)?, ..Input::default() },
            _ if input.is_null() => Input::default(),
            _ => read_input(input)?,
        };
        let wanted = input.wanted();
        let stated = policy.settings.stated.clone();
        let facts = Facts::resolve(input.stated, stated, account);
        let mut config = policy.settings.config.clone();
        let business = account.business;
        let (kind, facts) = match exports {
            Exports::Policy(exports) => {
                config["stated"] = json!(facts.stated);
                config["stated"]["businessId"] = json!(business);
                (Kind::Policy(exports), facts)
            }
            Exports::Netting(exports) => {
                let business = business.ok_or_else(|| {
                    let name = &account.name;
                    let what = "is no business: it has no invoices to net";
                    Error::Account(format!("the account `{name}` {what}"))
                })?;
                (Kind::Netting(Netting { exports, business, wanted }), facts.used(&[]))
            }
            Exports::Delegation(exports) => {
                let facts = facts.used(&["wallet", "delegations"]);
                let Some(delegations) = &facts.stated.delegations else {
                    return Err(Error::Input(
                        "nobody states the delegated credits, which no POD service returns: \
                         write them into policy.toml ([[config.stated.delegations]]) or into \
                         --input '{\"stated\": {\"delegations\": [...]}}'"
                            .into(),
                    ));
                };
                let delegation = Delegation {
                    exports,
                    business,
                    wanted,
                    delegations: delegations.iter().map(Into::into).collect(),
                    wallets: wallets(&facts.stated),
                };
                (Kind::Delegation(delegation), facts)
            }
            Exports::LoanPlan(exports) => {
                let facts = facts.used(&["loanCredits", "loanPlans"]);
                let loan_plan = LoanPlan {
                    exports,
                    business,
                    wanted,
                    loan_credits: facts.stated.loan_credits.clone(),
                    loan_plans: facts.stated.loan_plans.clone().unwrap_or_default(),
                };
                (Kind::LoanPlan(loan_plan), facts)
            }
        };
        Ok(Self { kind, facts, config: config.to_string() })
    }
}

fn read_input(input: &Value) -> Result<Input, Error> {
    serde_path_to_error::deserialize(input).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!(" `{path}`:") };
        Error::Input(format!("the input:{place} {}", error.inner()))
    })
}

/// What a free-form policy's input states.
fn stated(input: &Value) -> Result<Stated, Error> {
    match input.get("stated") {
        None => Ok(Stated::default()),
        Some(stated) => read_input(&json!({ "stated": stated })).map(|input| input.stated),
    }
}

fn wallets(stated: &Stated) -> Vec<Wallet> {
    let wallets = stated.wallet.iter().flatten();
    wallets.map(|(code, balance)| Wallet { code: code.clone(), balance: balance.0 }).collect()
}

fn not_of_the_world(policy: &Policy, world: World) -> RunError {
    let (policy, world) = (&policy.inner.identity.name, world.name());
    RunError::Host { message: format!("`{policy}` is no policy of the world `{world}`") }
}

/// A fresh instance, its script loaded if it has one that its snapshot does not hold.
async fn guest(host: &Host, policy: &Loaded, start: Start<'_>) -> Result<Guest, Stop> {
    let mut guest = Guest::start(host.engine(), &policy.entry.pre, start).await?;
    let Some(script) = &policy.script else { return Ok(guest) };
    let Some(load) = &script.load else { return Ok(guest) };
    let host_error = |error: wasmtime::Error| Stop::Host(Error::Engine(format!("{error:#}")));
    let load = guest
        .instance
        .get_typed_func::<(&str, &str), (Result<(), Failure>,)>(&mut guest.store, load)
        .map_err(host_error)?;
    let (world, source) = (policy.world.name(), script.source.as_str());
    match load.call_async(&mut guest.store, (world, source)).await {
        Ok((Ok(()),)) => Ok(guest),
        Ok((Err(failure),)) => Err(Stop::Failure(failure)),
        Err(error) => match guest.finish::<()>(Err(error)) {
            Err(stop) => Err(stop),
            Ok(()) => unreachable!("an error is no answer"),
        },
    }
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
