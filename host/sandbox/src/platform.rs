//! One call, from its fields to its envelope: who calls, which service, is its one-time token good,
//! and the transaction around its handler.

use std::sync::Arc;

use pod_platform::{
    Clock, Effect, Instant, catalogue,
    types::PlatformErrorKind as Kind,
    wire::{envelope::OutgoingEnvelope, form::Fields},
};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::Mutex;

use crate::{
    ott::{self, Otts},
    parties::{Caller, Parties},
    service::{Context, Entry, Refusal, Registry, Reply},
    store::Store,
};

/// POD's code for an error of its own, after which the outcome is unknown, and its message.
const INTERNAL: (i32, &str) = (999, "خطای ناشناخته در سامانه");

/// Everything that answers calls.
pub(crate) struct Platform {
    pub(crate) store: Mutex<Store>,
    pub(crate) parties: Parties,
    pub(crate) otts: Otts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) registry: Registry,
}

/// What the transport read of a request.
pub(crate) struct Call {
    pub(crate) token: Option<String>,
    pub(crate) token_issuer: Option<String>,
    pub(crate) ott: Option<String>,
    /// A service call's fields; none where only a one-time token is asked for.
    pub(crate) fields: Option<Fields>,
}

impl Platform {
    /// Answers one call. Calls are answered one after the other.
    pub(crate) async fn answer(&self, call: Call) -> OutgoingEnvelope {
        let mut store = self.store.lock().await;
        let (number, outcome) = match store.next_number().await {
            Ok(number) => (number, self.serve(&mut store, number, &call).await),
            Err(error) => (0, Err(error.into())),
        };
        drop(store);
        let (code, message, reply) = match outcome {
            Ok(reply) => (0, None, reply),
            Err(Refusal::Platform { kind, detail }) => {
                let message = match detail {
                    Some(detail) => format!("{}: {detail}", kind.message()),
                    None => kind.message().to_owned(),
                };
                (kind.code(), Some(message), Reply::default())
            }
            Err(Refusal::Internal(error)) => {
                tracing::error!(reference = number, %error, "a call failed");
                let (code, message) = INTERNAL;
                (code, Some(message.to_owned()), Reply::default())
            }
        };
        OutgoingEnvelope {
            has_error: message.is_some(),
            message_id: 0,
            reference_number: number.to_string(),
            error_code: code,
            message,
            count: reply.count,
            ott: self.otts.issue(number),
            result: reply.result,
        }
    }

    async fn serve(&self, store: &mut Store, number: i64, call: &Call) -> Result<Reply, Refusal> {
        let caller = self.caller(call)?;
        let Some(fields) = &call.fields else {
            return Ok(Reply::default());
        };
        let product =
            fields.get("scProductId").ok_or_else(|| Refusal::argument("scProductId", "given"))?;
        let entry = product.trim().parse().ok().and_then(|product| self.find(product)).ok_or_else(
            || {
                Refusal::argument(
                    "scProductId",
                    format!("a service of the local platform: none has the number {product}"),
                )
            },
        )?;
        let Service::Entry(entry) = entry else {
            return Ok(Reply::default());
        };
        let ott = match entry.row.needs_ott {
            true => {
                let number = call.ott.as_deref().and_then(|ott| self.otts.recognise(ott));
                Some(number.ok_or(Kind::InvalidOtt)?)
            }
            false => None,
        };

        let connection = &mut store.connection;
        let now = self.clock.now();
        if ott.is_none() && entry.row.effect == Effect::Read {
            return self.run(entry, connection, caller, now, number, fields).await;
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(ott) = ott
            && !ott::spend(&mut transaction, ott).await?
        {
            transaction.rollback().await?;
            return Err(Kind::InvalidOtt.into());
        }
        match self.run(entry, &mut transaction, caller, now, number, fields).await {
            Ok(reply) => {
                transaction.commit().await?;
                Ok(reply)
            }
            Err(refusal) => {
                transaction.rollback().await?;
                // A one-time token is good for one call, whatever comes of it.
                if let Some(ott) = ott {
                    ott::spend(connection, ott).await?;
                }
                Err(refusal)
            }
        }
    }

    async fn run(
        &self,
        entry: Entry,
        connection: &mut SqliteConnection,
        caller: Caller,
        now: Instant,
        reference: i64,
        fields: &Fields,
    ) -> Result<Reply, Refusal> {
        let mut context = Context { connection, caller, parties: &self.parties, now, reference };
        (entry.run)(&mut context, fields).await
    }

    fn caller(&self, call: &Call) -> Result<Caller, Kind> {
        // Issuer 1 is POD itself, and the only one whose tokens are known here.
        if call.token_issuer.as_deref().is_some_and(|issuer| issuer.trim() != "1") {
            return Err(Kind::InvalidToken);
        }
        call.token.as_deref().and_then(|token| self.parties.caller(token)).ok_or(Kind::InvalidToken)
    }

    fn find(&self, product: u32) -> Option<Service> {
        let ott = catalogue::GET_OTT.product;
        if product == ott.production || product == ott.sandbox {
            return Some(Service::GetOtt);
        }
        self.registry.get(product).map(Service::Entry)
    }
}

enum Service {
    /// Every answer carries a one-time token; this service does nothing else.
    GetOtt,
    Entry(Entry),
}
