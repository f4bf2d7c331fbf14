//! The platform of a dry run: a fork, which is the emulator that reads the real platform and changes only
//! itself. Nothing but reads is ever sent.
//!
//! What no service of POD's tells – balances, a bank's terminal, an SMS's code – is taken from what
//! is stated, or else assumed to be in order; the receipt says what was assumed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use pod_emulator::fork::{self, InProcess, Upstream};
use pod_platform::{
    Accepts, Answer, Clock, Effect, Exchange, Request, Route, Secret, Traffic, types,
};

use super::platform::{Direct, Platform, Sent};
use crate::{contract::Stated, door::account::Account, error::Error};

/// How reference numbers of what a dry run changed begin.
const REFERENCE: &str = "dry-run-";

/// A fork of the platform that an account names, for one run.
pub(super) struct Fork {
    fork: InProcess,
    real: Direct,
}

impl Fork {
    /// Forks the platform of the account, with what is stated of the account.
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
        Ok(Self { fork, real: Direct::of(account) })
    }
}

impl Platform for Fork {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        ott: Option<&'a Secret>,
        accepts: Accepts<'a>,
    ) -> BoxFuture<'a, Sent> {
        // A link is built here: nothing is sent.
        if matches!(request.row.route, Route::Link { .. }) {
            return self.real.send(request, ott, accepts);
        }
        Box::pin(async move {
            let reading = Reading { real: &self.real, accepts, traffic: Mutex::default() };
            let outcome = self.fork.call(request, ott, &reading).await;
            let outcome = match request.row.effect {
                Effect::Read => outcome,
                Effect::Mutation { .. } => marked(outcome),
            };
            let traffic = *reading.traffic();
            Sent { traffic, outcome }
        })
    }

    /// A one-time token of the fork's own; the real platform is not asked for one.
    fn ott(&self) -> BoxFuture<'_, Exchange<Secret>> {
        Box::pin(async {
            let outcome = self.fork.ott().await;
            Exchange { traffic: Traffic::default(), outcome }
        })
    }
}

/// With a reference number that nobody takes for one of POD's.
fn marked(outcome: Result<Answer, types::Error>) -> Result<Answer, types::Error> {
    let marked = |number: String| format!("{REFERENCE}{number}");
    match outcome {
        Ok(answer) => {
            let reference_number = marked(answer.reference_number);
            Ok(Answer { reference_number, ..answer })
        }
        Err(types::Error::Platform(refusal)) => {
            let reference_number = marked(refusal.reference_number);
            Err(types::Error::Platform(types::PlatformError { reference_number, ..refusal }))
        }
        error => error,
    }
}

/// Reads the real platform for one call.
struct Reading<'a> {
    real: &'a Direct,
    accepts: Accepts<'a>,
    /// What all reads of the call took on the wire.
    traffic: Mutex<Traffic>,
}

impl Reading<'_> {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upstream for Reading<'_> {
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, types::Error>> {
        Box::pin(async move {
            let before = self.traffic().bytes_down;
            let accepts = |bytes: u64| (self.accepts)(before.saturating_add(bytes));
            let sent = self.real.send(request, None, &accepts).await;
            *self.traffic() += sent.traffic;
            sent.outcome
        })
    }
}
