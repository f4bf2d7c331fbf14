//! The door: whatever leaves the sandbox passes this one stack, in this one order. No other code
//! talks to a platform on a policy's behalf.
//!
//! Every layer is always ready, holds nothing but handles, and is cloned for each call.

mod account;
mod authorise;
mod charge;
mod client;
mod connection;
mod dry_run;
mod history;
mod http;
mod intake;
mod intend;
mod look;
pub mod measure;
mod memory;
mod moved;
mod reconcile;
mod record;
mod recorder;
mod retry;
mod run_log;
mod stakes;
mod state;
mod turns;

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pod_platform::{
    Before, Clock, Credentials, Effect, EffectClass, Instant, MARK_PREFIX, Request, Route, Secret,
    Service as PodService, types,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Service, ServiceBuilder};
use tracing::Instrument as _;

pub use account::Account;
pub(crate) use connection::{Connection, Direct};
pub(crate) use history::History;
pub(crate) use http::{Egress, HttpSecrets, SystemResolver};
pub use http::{HttpSecret, Resolve};
pub(crate) use look::look;
pub(crate) use memory::Memory;
use moved::Moved;
pub(crate) use reconcile::lands_until;
pub(crate) use record::is_beyond;
pub(crate) use recorder::{LastMutation, Recorder};
pub(crate) use run_log::RunLog;
pub(crate) use state::StateRequest;
use turns::Turn;
pub(crate) use turns::Turns;

use crate::{
    contract::{HttpRequest, HttpResponse, RemainingBudget},
    crypto::Digest,
    error::{Error, Stopped},
    grant::{Amounts, Grant},
    journal::{Diverged, Entry, FETCH, KnownBy, Owner, StateChange},
    redact::Mask,
};

/// The function that tells the time.
const NOW: &str = "clock.now";
/// What journals call randomness, whichever function asks for it.
const RANDOM: &str = "random.get-random-s64";

/// What a run's journal takes, in bytes, of calls that no budget counts: looks at the clock, random
/// numbers, links, and what is refused before it is sent. Without an end to them, they would fill
/// the host's memory and its disk.
const UNCOUNTED_BYTES: u64 = 1024 * 1024;
/// How much more it takes for each call that changed something, and how much at most: a run that pays
/// a thousand invoices has reason to look at the clock more often.
const UNCOUNTED_BYTES_PER_CHANGE: u64 = 16 * 1024;
const MOST_UNCOUNTED_BYTES: u64 = 16 * 1024 * 1024;
/// What an entry takes beyond the texts in it.
const ENTRY_BYTES: u64 = 256;

/// What a look at the clock or a random number takes, many of which are one entry.
const LOOK_BYTES: u64 = 16;

/// What all layers of one run share.
pub(crate) struct Passage {
    /// What the run may do.
    pub grant: Grant,
    /// What it did.
    pub recorder: Recorder,
    /// What the journal has of the run's calls: they are answered from it, and not sent again.
    pub history: History,
    /// Where calls go that the journal does not have. None in a replay, which sends nothing.
    pub connection: Option<Connection>,
    /// What the policy has stored.
    pub memory: Memory,
    /// The account's user, and its business.
    pub user: Option<u64>,
    pub business: Option<u64>,
    /// The platform's clock.
    pub clock: Arc<dyn Clock>,
    /// When the run began: what is refused by the time is refused again when it is done again.
    pub began: Instant,
    /// What the marks of this run are made of.
    pub mark: Digest,
    /// How long after it was sent a call may still take effect.
    pub landing_window: Duration,
    /// The journal is an older copy: since this time, in milliseconds since 1970, the run may have
    /// done what the journal does not tell.
    pub restored_since: Option<u64>,
    pub on_point: Option<OnPoint>,
    /// The way to the merchant's own servers, made when it is first needed.
    pub http: Egress,
    /// Policies whose memory is being changed.
    pub turns_to_store: Arc<Turns<Owner>>,
    /// The run's lock, held until its last call has ended.
    pub _live: Option<Turn>,
    /// Calls that are under way. They outlive the guest.
    pub tasks: TaskTracker,
    /// After the run's end, no effect begins.
    pub ended: AtomicBool,
    /// Once the host is told to stop, no call begins.
    pub stop: CancellationToken,
    pub next_step: AtomicU64,
    /// What the entries of calls that no budget counts come to.
    pub uncounted: AtomicU64,
    /// How many of its calls changed something.
    pub changes: AtomicU64,
}

/// A moment in a mutation's course, for tests that stop the host there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Point {
    /// The call is about to be written down.
    BeforeIntent,
    /// It is on the disk, and not sent.
    AfterIntent,
    /// POD answered, or did not; nothing of it is on the disk.
    AfterEffect,
    /// Its outcome is on the disk.
    AfterOutcome,
}

/// Told when the call of a step reaches a point.
pub type OnPoint = Arc<dyn Fn(u64, Point) + Send + Sync>;

impl Passage {
    /// Where calls go that the journal does not have.
    pub fn connection(&self) -> Result<&Connection, types::Error> {
        let offline = || types::Error::Unavailable("this run has no platform".to_owned());
        self.connection.as_ref().ok_or_else(offline)
    }

    /// Is this a replay, which sends nothing?
    pub fn is_offline(&self) -> bool {
        self.connection.is_none()
    }

    /// Is the host told to stop?
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// That the host was told to stop, if it was: nothing is recorded then, and the run goes on from
    /// here when it is resumed.
    pub fn go_on(&self) -> Result<(), Error> {
        match self.is_stopped() {
            true => Err(Error::Stopped(Stopped::default())),
            false => Ok(()),
        }
    }

    /// An empty log, which does not show what is secret.
    pub fn log(&self) -> RunLog {
        let of_account = self.connection.iter().flat_map(|connection| {
            let Credentials { token, api_keys, voucher_hashes } = &*connection.credentials;
            [token].into_iter().chain(api_keys.values()).chain(voucher_hashes)
        });
        let secrets = of_account.chain(self.http.secrets()).cloned();
        RunLog::new(Mask::of(secrets), self.grant.budget.log_bytes)
    }

    /// Passes over what a decider called that is not asked again: it has nothing but the clock.
    pub fn pass_over_decider(&self) {
        while self.history.take_look_at_clock(self.next_step.load(Ordering::Relaxed)) {
            self.next_step.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn seal(&self, step: u64, ott: &Secret) -> Result<Vec<u8>, Error> {
        match &self.connection {
            Some(connection) => connection.seal.seal(step, ott),
            None => Err(Error::Engine("a run without a platform has no one-time token".into())),
        }
    }

    /// Our mark on what the call of a step makes.
    fn mark(&self, step: u64) -> String {
        let digest = Digest::of(&[&self.mark.0, &step.to_le_bytes()]).to_string();
        format!("{MARK_PREFIX}{}", &digest[..20])
    }

    /// Counts what no budget counts, so that there is an end to it. It follows from the calls and
    /// their outcomes alone: executed again, a run comes to the same.
    fn count(&self, bytes: u64) -> Result<(), Error> {
        let changes = self.changes.load(Ordering::Relaxed);
        let limit = UNCOUNTED_BYTES
            .saturating_add(changes.saturating_mul(UNCOUNTED_BYTES_PER_CHANGE))
            .min(MOST_UNCOUNTED_BYTES);
        if self.uncounted.fetch_add(bytes, Ordering::Relaxed) + bytes > limit {
            return Err(Error::JournalFull { limit });
        }
        Ok(())
    }

    /// The run does not do again what it did. It is kept for a person, and nothing more is done.
    pub async fn diverge(&self, step: u64, recorded: String, asked: String) -> Error {
        self.recorder.note(Entry::Diverged(Diverged {
            step,
            recorded: recorded.clone(),
            asked: asked.clone(),
            at: self.clock.now().0,
        }));
        match self.recorder.commit().await {
            Ok(()) => {
                let run = self.recorder.run().to_owned();
                Error::Diverged { run, step, recorded, asked }
            }
            Err(error) => error,
        }
    }

    fn reach(&self, step: u64, point: Point) {
        if let Some(on_point) = &self.on_point {
            on_point(step, point);
        }
    }
}

/// A call on its way out.
#[derive(Clone)]
pub(crate) struct Call {
    /// Counts the run's calls from 0.
    pub step: u64,
    /// `interface.function`.
    pub function: String,
    /// What is called.
    pub operation: Operation,
    /// The form that the guest's request is sent as.
    pub arguments: Arc<str>,
    /// The digest of function and arguments.
    pub digest: Digest,
    /// What `charge` reserved.
    pub reserved: Amounts,
    /// Its rials are a ceiling: nobody could read how many are at stake.
    pub at_most: bool,
    /// Its intent, once it is written.
    pub intended: Option<Intended>,
    /// The one-time token that goes with the intent.
    pub ott: Option<Secret>,
    /// What was so before it, if it changes something that can be read.
    pub before: Option<Arc<Before>>,
}

/// A mutation's intent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intended {
    /// When the first attempt may have begun, in milliseconds since 1970.
    pub at: u64,
    /// Did it begin in a part of the journal that is lost, so that nobody knows when?
    pub restored: bool,
    /// May it have been sent already, so that it is looked for first?
    pub looked_for: bool,
}

/// What is called.
#[derive(Clone)]
pub(crate) enum Operation {
    /// A POD service.
    Pod(Request),
    /// The clock.
    Now,
    /// Randomness.
    Random,
    /// What is left of the budgets.
    RemainingBudget,
    /// A merchant's own server.
    Http(Arc<HttpRequest>),
    /// The policy's own memory.
    State(Arc<StateRequest>),
}

impl Call {
    /// The POD request, if it changes something.
    pub fn mutation(&self) -> Option<&Request> {
        match &self.operation {
            Operation::Pod(request) if request.row.effect != Effect::Read => Some(request),
            _ => None,
        }
    }

    /// If it changes something on another machine: how a doubt about it is settled.
    pub fn class(&self) -> Option<EffectClass> {
        match &self.operation {
            Operation::Pod(request) => match request.row.effect {
                Effect::Read => None,
                Effect::Mutation { class, .. } => Some(class),
            },
            Operation::Http(request) => {
                http::changes_something(request.method).then_some(EffectClass::NoEvidence)
            }
            Operation::Now
            | Operation::Random
            | Operation::RemainingBudget
            | Operation::State(_) => None,
        }
    }

    /// Function and arguments, for people.
    pub fn asked(&self) -> String {
        history::asked(&self.function, &self.arguments)
    }
}

/// What came back, and what it took.
pub(crate) struct Reply {
    pub outcome: Result<Returned, types::Error>,
    pub spent: Amounts,
    /// Of a call that was in doubt: what was found out.
    pub evidence: Option<String>,
    /// Of a call that was in doubt, and is not any more: how it is known what came of it.
    pub known_by: Option<KnownBy>,
    /// What it stored.
    pub state: Option<StateChange>,
    /// Of a mutation that took effect: what it moved.
    pub moved: Option<Moved>,
}

impl Reply {
    /// A refusal that took nothing.
    pub fn refused(error: types::Error) -> Self {
        Self::of(Err(error), Amounts::default())
    }

    /// Like [`Reply::refused`], for a layer that refuses at once.
    pub fn refusing(error: types::Error) -> Passing {
        Box::pin(async { Ok(Self::refused(error)) })
    }

    /// What came of a call without doubts.
    pub fn of(outcome: Result<Returned, types::Error>, spent: Amounts) -> Self {
        Self { outcome, spent, evidence: None, known_by: None, state: None, moved: None }
    }
}

/// What a call that was done returned: for the journal as JSON, for the guest as the type that it
/// expects.
pub(crate) struct Returned {
    /// All matches of a list.
    pub count: Option<u64>,
    pub result: Bytes,
    pub value: Box<dyn Any + Send>,
    pub reference_number: Option<String>,
}

impl Returned {
    /// Of a function of the host's own.
    pub fn of<T: Send + 'static>(result: impl Into<Bytes>, value: T) -> Self {
        let value = Box::new(value);
        Self { count: None, result: result.into(), value, reference_number: None }
    }
}

/// What a layer's call is: an error of the host's own ends the run.
pub(crate) type Passing = BoxFuture<'static, Result<Reply, Error>>;

/// What a layer does with a call on its way out. What tower asks of it besides is the same for
/// all, and stands in [`Stage`].
pub(crate) trait Layer: Clone + Send + 'static {
    fn pass(self, call: Call) -> Passing;
}

/// A layer as a tower service.
#[derive(Clone)]
pub(crate) struct Stage<L>(L);

impl<L: Layer> Service<Call> for Stage<L> {
    type Response = Reply;
    type Error = Error;
    type Future = Passing;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Passing {
        self.0.clone().pass(call)
    }
}

/// What a layer wraps.
pub(crate) trait Next:
    Service<Call, Response = Reply, Error = Error, Future = Passing> + Clone + Send + 'static
{
}

impl<S> Next for S where
    S: Service<Call, Response = Reply, Error = Error, Future = Passing> + Clone + Send + 'static
{
}

type Client = Stage<client::PodClient>;
type Retry = Stage<retry::Retry<Client>>;
type Reconcile = Stage<reconcile::Reconcile<Retry>>;
type Intend = Stage<intend::Intend<Reconcile>>;
type Charge = Stage<charge::Charge<Intend>>;
type Authorise = Stage<authorise::Authorise<Charge>>;
type Record = Stage<record::Record<Authorise>>;

/// One run's way out of the sandbox.
#[derive(Clone)]
pub(crate) struct Door {
    passage: Arc<Passage>,
    stack: Record,
}

impl Door {
    pub fn new(passage: Arc<Passage>) -> Self {
        let stack = ServiceBuilder::new()
            .layer_fn(|inner| Stage(record::Record { passage: passage.clone(), inner }))
            .layer_fn(|inner| Stage(authorise::Authorise { passage: passage.clone(), inner }))
            .layer_fn(|inner| Stage(charge::Charge { passage: passage.clone(), inner }))
            .layer_fn(|inner| Stage(intend::Intend { passage: passage.clone(), inner }))
            .layer_fn(|inner| Stage(reconcile::Reconcile { passage: passage.clone(), inner }))
            .layer_fn(|inner| Stage(retry::Retry { passage: passage.clone(), inner }))
            .service(Stage(client::PodClient { passage: passage.clone() }));
        Self { passage, stack }
    }

    /// Calls a POD service. The outer error ends the run, the inner one is the guest's.
    pub async fn call<S: PodService>(
        &self,
        request: &S,
    ) -> Result<Result<S::Response, types::Error>, Error> {
        let request = match request.prepare() {
            Ok(request) => request,
            Err(argument) => return Ok(Err(types::Error::InvalidArgument(argument))),
        };
        if let Err(argument) = request.check_days(self.passage.began) {
            return Ok(Err(types::Error::InvalidArgument(argument)));
        }
        let function = request.qualified_name();
        self.pass(function, Operation::Pod(request)).await
    }

    /// Does the run do again what it did?
    pub fn is_doing_again(&self) -> bool {
        !self.passage.history.is_over()
    }

    /// The last mutation that was intended.
    pub fn last_mutation(&self) -> Option<LastMutation> {
        self.passage.recorder.last_mutation()
    }

    /// The time now.
    pub async fn now(&self) -> Result<Instant, Error> {
        self.host_function(NOW, Operation::Now).await
    }

    /// Sixty-four random bits.
    pub async fn random(&self) -> Result<i64, Error> {
        self.host_function(RANDOM, Operation::Random).await
    }

    /// What is left of the budgets.
    pub async fn remaining_budget(&self) -> Result<RemainingBudget, Error> {
        self.host_function("budget.get-remaining-budget", Operation::RemainingBudget).await
    }

    /// Asks a merchant's own server.
    pub async fn fetch(
        &self,
        request: HttpRequest,
    ) -> Result<Result<HttpResponse, types::Error>, Error> {
        self.pass(FETCH.to_owned(), Operation::Http(Arc::new(request))).await
    }

    /// Reads or changes what the policy has stored.
    pub async fn state<T: 'static>(
        &self,
        request: StateRequest,
    ) -> Result<Result<T, types::Error>, Error> {
        self.pass(request.function().to_owned(), Operation::State(Arc::new(request))).await
    }

    async fn host_function<T: 'static>(
        &self,
        function: &str,
        operation: Operation,
    ) -> Result<T, Error> {
        self.pass(function.to_owned(), operation)
            .await?
            .map_err(|error| Error::Journal(format!("`{function}` cannot fail, but did: {error}")))
    }

    async fn pass<T: 'static>(
        &self,
        function: String,
        operation: Operation,
    ) -> Result<Result<T, types::Error>, Error> {
        self.passage.go_on()?;
        let arguments = match &operation {
            Operation::Pod(request) => request.form.encoded(),
            Operation::Http(request) => http::form(request).encoded(),
            Operation::State(request) => request.form().encoded(),
            Operation::Now | Operation::Random | Operation::RemainingBudget => String::new(),
        };
        let call = Call {
            step: self.passage.next_step.fetch_add(1, Ordering::Relaxed),
            digest: Digest::of(&[function.as_bytes(), arguments.as_bytes()]),
            function,
            arguments: arguments.into(),
            operation,
            reserved: Amounts::default(),
            at_most: false,
            intended: None,
            ott: None,
            before: None,
        };
        let entry = |texts: usize| ENTRY_BYTES + texts as u64;
        let arguments = call.arguments.len();
        let changes_something = call.class().is_some();
        let is_look = matches!(call.operation, Operation::Now | Operation::Random);
        let is_sent = match &call.operation {
            Operation::Pod(request) => !matches!(request.row.route, Route::Link { .. }),
            Operation::Http(_) => true,
            Operation::Now
            | Operation::Random
            | Operation::RemainingBudget
            | Operation::State(_) => false,
        };
        let span = tracing::debug_span!("call", step = call.step, function = call.function);
        let reply = self.stack.clone().call(call).instrument(span).await?;
        match &reply.outcome {
            Err(types::Error::Denied(denial)) => {
                self.passage.count(entry(arguments + denial.reason.len()))?;
            }
            Err(types::Error::BudgetExhausted(_) | types::Error::InvalidArgument(_)) => {
                self.passage.count(entry(arguments))?;
            }
            Ok(_) if is_look => self.passage.count(LOOK_BYTES)?,
            Ok(answer) if !is_sent => {
                self.passage.count(entry(arguments + answer.result.len()))?;
            }
            Err(_) if !is_sent => self.passage.count(entry(arguments))?,
            Ok(_) if changes_something => {
                self.passage.changes.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        Ok(reply.outcome.map(|answer| match answer.value.downcast::<T>() {
            Ok(value) => *value,
            Err(_) => unreachable!("a call's answer is read by the call's own reader"),
        }))
    }
}
