//! The one place that talks to POD on a run's behalf, and the only one that sees an account's
//! credentials: the platform that the account names, or a fork of it. Whoever calls does not know which.

mod fork;
mod look;
mod platform;

use std::sync::Arc;

use pod_platform::{
    Accepts, Clock, Credentials, Exchange, Request, Secret, Traffic, types::Error as CallError,
};

pub(super) use look::pauses;
use platform::Direct;
pub(super) use platform::{Platform, Sent};

use super::account::Account;
use crate::{contract::Stated, crypto::Seal, error::Error};

/// A run's way to its account's platform.
pub(crate) struct Pod(Option<Connection>);

/// A platform, and the credentials that we have there.
struct Connection {
    platform: Box<dyn Platform>,
    credentials: Arc<Credentials>,
    /// Seals one-time tokens.
    seal: Seal,
}

impl Pod {
    /// The platform that an account names, for one run.
    pub fn of(run: &str, account: &Account) -> Result<Self, Error> {
        Ok(Self(Some(Connection {
            platform: Box::new(Direct::of(account)),
            credentials: account.credentials.clone(),
            seal: Seal::of(run, &account.credentials.token)?,
        })))
    }

    /// Another platform, for tests.
    #[cfg(test)]
    pub fn of_tests(platform: Box<dyn Platform>) -> Self {
        let credentials = Arc::new(Credentials::token("a token"));
        let seal = Seal::of("a run", &credentials.token).expect("a seal can be made");
        Self(Some(Connection { platform, credentials, seal }))
    }

    /// None: nothing is sent.
    pub fn offline() -> Self {
        Self(None)
    }

    /// A fork of it, changed only locally, where so much is stated of the account.
    pub async fn forked(
        self,
        account: &Account,
        stated: &Stated,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let fork = fork::Fork::begin(account, stated, clock).await?;
        Ok(Self(self.0.map(|connection| Connection { platform: Box::new(fork), ..connection })))
    }

    pub fn is_offline(&self) -> bool {
        self.0.is_none()
    }

    /// Calls a service once. As the answer comes in, `accepts` is asked whether it may have so many
    /// bytes in all.
    pub async fn send(
        &self,
        request: &Request,
        ott: Option<&Secret>,
        accepts: Accepts<'_>,
    ) -> Sent {
        match self.platform() {
            Ok(platform) => platform.send(request, ott, accepts).await,
            Err(error) => Sent::nothing(error),
        }
    }

    /// Gets a one-time token.
    pub async fn ott(&self) -> Exchange<Secret> {
        match self.platform() {
            Ok(platform) => platform.ott().await,
            Err(error) => Exchange { traffic: Traffic::default(), outcome: Err(error) },
        }
    }

    /// The one-time token of a step, as it is kept beside its intent.
    pub fn seal(&self, step: u64, ott: &Secret) -> Result<Vec<u8>, Error> {
        match &self.0 {
            Some(connection) => connection.seal.seal(step, ott),
            None => Err(Error::Engine("a run without a platform has no one-time token".into())),
        }
    }

    /// Opens what was sealed for a step; none, if the account has another token now.
    pub fn open(&self, step: u64, sealed: Vec<u8>) -> Option<Secret> {
        self.0.as_ref()?.seal.open(step, sealed)
    }

    /// What of the credentials nobody may read in a log.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().flat_map(|connection| {
            let Credentials { token, api_keys, voucher_hashes } = &*connection.credentials;
            [token].into_iter().chain(api_keys.values()).chain(voucher_hashes)
        })
    }

    fn platform(&self) -> Result<&dyn Platform, CallError> {
        match &self.0 {
            Some(connection) => Ok(&*connection.platform),
            None => Err(CallError::Unavailable("this run has no platform".to_owned())),
        }
    }
}
