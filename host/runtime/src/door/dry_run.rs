//! A dry run's platform is a fork: the emulator, which reads the real platform through the layers below
//! and changes only itself. Nothing that changes anything passes this layer.
//!
//! What no service of POD's tells – balances, a bank's terminal, an SMS's code – is taken from what
//! is stated, or else assumed to be in order; the receipt says what was assumed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use pod_emulator::fork::{self, InProcess, Upstream};
use pod_platform::{Accepts, Clock, Effect, Request, Route, Traffic, types};

use super::{Answer, Call, Connection, Layer, Next, Operation, Passage, Passing, Reply};
use crate::{Account, Error, Stated, budget::Amounts};

/// How reference numbers of a dry run begin.
const REFERENCE: &str = "dry-run-";

/// How the evidence of an answer begins that goes by more than was read or stated.
pub(crate) const ASSUMED: &str = "assumed: ";

/// What stands in for everything that a run could change.
pub(crate) struct DryRun {
    fork: InProcess,
    /// What the policy stored; none: what it removed.
    stored: Mutex<BTreeMap<String, Option<String>>>,
}

impl DryRun {
    /// A fork for an account, where so much is stated.
    pub async fn begin(
        account: &Account,
        stated: &Stated,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let own = fork::Account {
            token: account.credentials.token.clone(),
            business: account.business,
            user: account.user,
            known: stated.clone().into(),
        };
        let pay_url = account.client.platform().pay_url.clone();
        let fork = InProcess::begin(own, clock, pay_url).await;
        let fork = fork.map_err(|error| Error::Engine(format!("no dry run: {error}")))?;
        Ok(Self { fork, stored: Mutex::default() })
    }

    /// What the policy stored in this run, over what it found.
    pub fn stored(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look-up of the host's own, as the fork answers it, and what it took on the wire.
    pub async fn look_up(
        &self,
        connection: &Connection,
        request: &Request,
        accepts: Accepts<'_>,
    ) -> (Traffic, Result<pod_platform::Answer, types::Error>) {
        let source = Direct { connection, accepts, traffic: Mutex::default() };
        let called = self.fork.call(request, &source).await;
        let traffic = *source.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        (traffic, called.outcome)
    }
}

#[derive(Clone)]
pub(crate) struct Forked<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Forked<S> {
    fn pass(self, call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        let request = match &call.operation {
            // A link is built here: nothing is sent.
            Operation::Pod(request)
                if passage.dry_run.is_some()
                    && !matches!(request.row.route, Route::Link { .. }) =>
            {
                request.clone()
            }
            Operation::Http(_) if passage.dry_run.is_some() && call.class().is_some() => {
                return Reply::refusing(types::Error::Unavailable(
                    "this is a dry run: what the server would answer is not known".to_owned(),
                ));
            }
            _ => return inner.call(call),
        };
        Box::pin(async move {
            let Some(dry_run) = &passage.dry_run else { return inner.call(call).await };
            let source = Through { inner: Mutex::new(inner), call, came_to: Mutex::default() };
            let called = dry_run.fork.call(&request, &source).await;
            let came_to = source.came_to.into_inner().unwrap_or_else(PoisonError::into_inner);
            if let Some(error) = came_to.ended {
                return Err(error);
            }
            let changes = request.row.effect != Effect::Read;
            let outcome = called.outcome.map(|answer| Answer {
                count: Some(answer.count),
                result: answer.result,
                value: answer.value,
                reference_number: Some(match changes {
                    true => format!("{REFERENCE}{}", answer.reference_number),
                    false => answer.reference_number,
                }),
            });
            let outcome = outcome.map_err(|error| match error {
                types::Error::Platform(refusal) if changes => {
                    let reference_number = format!("{REFERENCE}{}", refusal.reference_number);
                    types::Error::Platform(types::PlatformError { reference_number, ..refusal })
                }
                error => error,
            });
            let is_told = outcome.is_ok() && !called.assumed.is_empty();
            let evidence = is_told.then(|| format!("{ASSUMED}{}", called.assumed.join(", ")));
            Ok(Reply { evidence, ..Reply::of(outcome, came_to.spent) })
        })
    }
}

/// Reads through the layers below, for a call that came down to here.
struct Through<S> {
    inner: Mutex<S>,
    call: Call,
    came_to: Mutex<CameTo>,
}

/// What reading took, and whether it ended the run.
#[derive(Default)]
struct CameTo {
    spent: Amounts,
    ended: Option<Error>,
}

impl<S: Next> Upstream for Through<S> {
    fn read<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<pod_platform::Answer, types::Error>> {
        Box::pin(async move {
            let operation = Operation::Pod(request.clone());
            let call = Call { operation, ott: None, ..self.call.clone() };
            let reading = self.inner.lock().unwrap_or_else(PoisonError::into_inner).call(call);
            let reply = reading.await;
            let mut came_to = self.came_to.lock().unwrap_or_else(PoisonError::into_inner);
            let reply = match reply {
                Ok(reply) => reply,
                Err(error) => {
                    came_to.ended = Some(error);
                    return Err(types::Error::Unavailable("the run ends".to_owned()));
                }
            };
            came_to.spent = came_to.spent.plus(reply.spent);
            reply.outcome.map(|answer| pod_platform::Answer {
                reference_number: answer.reference_number.unwrap_or_default(),
                count: answer.count.unwrap_or_default(),
                result: answer.result,
                value: answer.value,
            })
        })
    }
}

/// Reads for the host's own look-ups.
struct Direct<'a> {
    connection: &'a Connection,
    accepts: Accepts<'a>,
    traffic: Mutex<Traffic>,
}

impl Upstream for Direct<'_> {
    fn read<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<pod_platform::Answer, types::Error>> {
        Box::pin(async move {
            let Connection { client, credentials, .. } = self.connection;
            let exchange = client.send(request, credentials, None, self.accepts).await;
            *self.traffic.lock().unwrap_or_else(PoisonError::into_inner) += exchange.traffic;
            exchange.outcome
        })
    }
}
