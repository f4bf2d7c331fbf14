//! A fork that is called in the same process, without HTTP in between.

use std::sync::Arc;

use bytes::Bytes;
use pod_platform::{
    Answer, Clock, Request, Secret, explained,
    types::{self, PlatformError},
    wire::form::Fields,
};

use super::{Account, Upstream};
use crate::{
    Error, Options, open,
    platform::{Call, Platform, Target},
    service::{Refusal, Reply},
};

/// A fork for one account, whose calls bring their own way to the real platform.
pub struct InProcess {
    platform: Platform,
    account: Account,
}

impl InProcess {
    /// A fork where nothing is known yet but the account. Links to payment pages begin with `pay_url`.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub async fn begin(
        account: Account,
        clock: Arc<dyn Clock>,
        pay_url: String,
    ) -> Result<Self, Error> {
        let options = Options { clock: Some(clock), ..Options::default() };
        let (platform, _) = open(options, pay_url, Some((account.clone(), None))).await?;
        Ok(Self { platform, account })
    }

    /// A one-time token, which is good for one call.
    ///
    /// # Errors
    /// If the fork's database fails.
    pub async fn ott(&self) -> Result<Secret, types::Error> {
        let number = self.platform.store.lock().await.next_number().await;
        let number = number.map_err(|error| types::Error::Unavailable(error.to_string()))?;
        Ok(Secret::new(self.platform.otts.issue(number)))
    }

    /// Calls a service. What the answer needs is read from `upstream`.
    ///
    /// # Errors
    /// What refuses it: the fork as POD would, or whatever kept the real platform from being read.
    pub async fn call(
        &self,
        request: &Request,
        ott: Option<&Secret>,
        upstream: &dyn Upstream,
    ) -> Result<Answer, types::Error> {
        let mut store = self.platform.store.lock().await;
        let mut number = 0;
        let outcome = async {
            number = store.next_number().await?;
            self.platform.let_due_things_happen(&mut store).await?;
            let call = Call {
                token: Some(self.account.token.expose().to_owned()),
                token_issuer: None,
                ott: ott.map(|ott| ott.expose().to_owned()),
                target: Target::Named(request.row.name),
                fields: Fields::from(&request.sent()),
            };
            let entry = self.platform.find(&call)?;
            self.platform.serve(&mut store, number, &call, entry, Some(upstream)).await
        };
        let outcome = outcome.await;
        let reference_number = number.to_string();
        let assumed = self.platform.fork.as_ref().map(|fork| fork.gaps.take()).unwrap_or_default();
        match outcome {
            Ok(Reply { count, result, .. }) => {
                let result = result.map_or_else(|| "null".into(), |result| result.get().to_owned());
                (request.read)(count, &result)
                    .map(|value| Answer {
                        reference_number,
                        count,
                        result: Bytes::from(result),
                        value,
                        assumed: assumed.into_iter().map(str::to_owned).collect(),
                    })
                    .map_err(|error| types::Error::Unavailable(error.to_string()))
                    .and_then(|answer| answer.appended(request))
            }
            Err(Refusal::Platform { kind, says, detail }) => {
                let message = says.unwrap_or(kind.message());
                Err(types::Error::Platform(PlatformError {
                    kind,
                    code: kind.code(),
                    message: explained(message, detail.as_deref()),
                    reference_number,
                }))
            }
            Err(Refusal::Internal(error)) => Err(match error.downcast::<types::Error>() {
                Ok(error) => *error,
                Err(error) => types::Error::Unavailable(error.to_string()),
            }),
        }
    }
}
