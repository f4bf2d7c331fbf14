//! What answers a run's calls.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use pod_platform::{
    Accepts, Answer, Client, Credentials, Exchange, Request, Secret, Traffic, types,
};

use crate::door::account::Account;

/// What answers calls.
pub(crate) trait Platform: Send + Sync {
    /// Calls a service once. As the answer comes in, `accepts` is asked whether it may have so many
    /// bytes in all.
    fn send<'a>(
        &'a self,
        request: &'a Request,
        ott: Option<&'a Secret>,
        accepts: Accepts<'a>,
    ) -> BoxFuture<'a, Sent>;

    /// Gets a one-time token.
    fn ott(&self) -> BoxFuture<'_, Exchange<Secret>>;
}

/// What came of a request.
pub(crate) struct Sent {
    /// What it took on the wire.
    pub traffic: Traffic,
    pub outcome: Result<Answer, types::Error>,
}

impl Sent {
    /// Nothing was sent.
    pub fn nothing(error: types::Error) -> Self {
        Self { traffic: Traffic::default(), outcome: Err(error) }
    }
}

/// The platform that an account names.
pub(in crate::door) struct Direct {
    client: Client,
    credentials: Arc<Credentials>,
}

impl Direct {
    pub fn of(account: &Account) -> Self {
        Self { client: account.client.clone(), credentials: account.credentials.clone() }
    }
}

impl Platform for Direct {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        ott: Option<&'a Secret>,
        accepts: Accepts<'a>,
    ) -> BoxFuture<'a, Sent> {
        Box::pin(async move {
            let exchange = self.client.send(request, &self.credentials, ott, accepts).await;
            let Exchange { traffic, outcome } = exchange;
            Sent { traffic, outcome }
        })
    }

    fn ott(&self) -> BoxFuture<'_, Exchange<Secret>> {
        Box::pin(self.client.ott(&self.credentials))
    }
}
