//! One call, from its fields to its envelope: who calls, which service, is its one-time token good,
//! and the transaction around its handler.

use std::{pin::Pin, sync::Arc};

use pod_platform::{
    Clock, Effect, Instant, Route, TokenKind, catalogue,
    types::PlatformErrorKind as Kind,
    wire::{envelope::OutgoingEnvelope, form::Fields},
};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::Mutex;

use crate::{
    clock::OwnClock,
    due,
    faults::{self, Fault, Faults},
    ott::{self, Otts},
    parties::{Caller, Parties},
    service::{Context, Entry, Refusal, Registry, Reply},
    store::Store,
};

/// POD's code for an error of its own, after which the outcome is unknown, and its message.
pub(crate) const INTERNAL: (i32, &str) = (999, "خطای ناشناخته در سامانه");

/// Everything that answers calls.
pub(crate) struct Platform {
    pub(crate) store: Mutex<Store>,
    pub(crate) parties: Parties,
    pub(crate) otts: Otts,
    pub(crate) clock: Arc<dyn Clock>,
    /// The same clock, unless whoever started the platform gave it.
    pub(crate) own_clock: Option<Arc<OwnClock>>,
    pub(crate) faults: Faults,
    pub(crate) registry: Registry,
    /// Where the platform's own pages and files are.
    pub(crate) root_url: String,
}

/// What [`Platform::act`] runs.
pub(crate) type Acting<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// What the transport read of a request.
pub(crate) struct Call {
    pub(crate) token: Option<String>,
    pub(crate) token_issuer: Option<String>,
    pub(crate) ott: Option<String>,
    pub(crate) target: Target,
    pub(crate) fields: Fields,
}

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// A service, by the number among the fields.
    Product,
    /// A service with a path of its own.
    Path(&'static str),
    /// A one-time token, and nothing else.
    OneTimeToken,
}

/// What came of a call that was not refused by POD's rules.
enum Outcome {
    Done(Reply),
    /// With this code, by a fault.
    Refused(i32),
    Unanswered,
}

impl Platform {
    /// Answers one call, unless a fault of the scenario's leaves it without an answer. Calls are
    /// answered one after the other.
    pub(crate) async fn answer(&self, call: Call) -> Option<OutgoingEnvelope> {
        let mut store = self.store.lock().await;
        let (number, outcome) = match store.next_number().await {
            Ok(number) => (number, self.take(&mut store, number, &call).await),
            Err(error) => (0, Err(error.into())),
        };
        drop(store);
        let (code, message, reply) = match outcome {
            Ok(Outcome::Done(reply)) => (0, None, reply),
            Ok(Outcome::Refused(code)) => {
                (code, Some(faults::message(code).to_owned()), Reply::default())
            }
            Ok(Outcome::Unanswered) => return None,
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
        Some(OutgoingEnvelope {
            has_error: message.is_some(),
            message_id: 0,
            reference_number: number.to_string(),
            error_code: code,
            message,
            count: reply.count,
            ott: self.otts.issue(number),
            result: reply.result,
        })
    }

    /// Lets a call come in: what is due before it happens, then the call, or the fault that the
    /// scenario has for it.
    async fn take(&self, store: &mut Store, number: i64, call: &Call) -> Result<Outcome, Refusal> {
        self.let_due_things_happen(store).await?;
        let entry = self.find(call)?;
        let service = entry.map_or(catalogue::GET_OTT.name, |entry| entry.row.name);
        match self.faults.next(&mut store.connection, service).await? {
            None => self.serve(store, number, call, entry).await.map(Outcome::Done),
            Some(Fault::Refused(code)) => Ok(Outcome::Refused(code)),
            Some(Fault::Unheard) => Ok(Outcome::Unanswered),
            Some(Fault::Unanswered) => match self.serve(store, number, call, entry).await {
                Err(Refusal::Internal(error)) => Err(Refusal::Internal(error)),
                // That it was refused does not reach its caller, either.
                Ok(_) | Err(Refusal::Platform { .. }) => Ok(Outcome::Unanswered),
            },
        }
    }

    /// Everything whose time has come happens, each at its own time. How many things did.
    pub(crate) async fn let_due_things_happen(&self, store: &mut Store) -> Result<u64, Refusal> {
        let now = self.clock.now();
        let mut happened = 0;
        while store.next_due.is_some_and(|at| at.unsigned_abs() <= now.0) {
            let number = store.next_number().await?;
            let mut transaction = store.connection.begin_with("BEGIN IMMEDIATE").await?;
            let Some((at, due)) = due::take(&mut transaction, now).await? else {
                transaction.rollback().await?;
                store.next_due = due::next(&mut store.connection).await?;
                continue;
            };
            let fields = Fields::default();
            let mut event = transaction.begin().await?;
            let mut context = self.context(&mut event, Caller::PLATFORM, at, number, &fields);
            match due.happen(&mut context).await {
                Ok(()) => {
                    event.commit().await?;
                    happened += 1;
                }
                Err(Refusal::Internal(error)) => return Err(Refusal::Internal(error)),
                // What the rules refuse does not happen, not even half; it is not due any more.
                Err(Refusal::Platform { kind, .. }) => {
                    event.rollback().await?;
                    tracing::warn!(event = %due.event, kind = kind.name(), "not possible any more");
                }
            }
            transaction.commit().await?;
            store.next_due = due::next(&mut store.connection).await?;
        }
        Ok(happened)
    }

    /// Does what a service does; none only gives out a one-time token.
    async fn serve(
        &self,
        store: &mut Store,
        number: i64,
        call: &Call,
        entry: Option<Entry>,
    ) -> Result<Reply, Refusal> {
        let Some(entry) = entry else {
            self.caller(call)?;
            return Ok(Reply::default());
        };
        // Whoever knows a file's hash may read it.
        let caller = match entry.row.route {
            Route::Download { .. } => Caller::PLATFORM,
            _ => self.caller(call)?,
        };
        if entry.row.token == TokenKind::Business && caller.business_id.is_none() {
            return Err(Kind::InvalidToken.into());
        }
        let ott = match &call.ott {
            Some(ott) if entry.row.needs_ott => {
                Some(self.otts.recognise(ott).ok_or(Kind::InvalidOtt)?)
            }
            None if entry.row.needs_ott && !entry.may_omit_ott => {
                return Err(Kind::InvalidOtt.into());
            }
            _ => None,
        };

        let connection = &mut store.connection;
        let now = self.clock.now();
        if ott.is_none() && entry.row.effect == Effect::Read && !entry.writes {
            let mut context = self.context(connection, caller, now, number, &call.fields);
            return (entry.run)(&mut context).await;
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(ott) = ott
            && !ott::spend(&mut transaction, ott).await?
        {
            transaction.rollback().await?;
            return Err(Kind::InvalidOtt.into());
        }
        let mut context = self.context(&mut transaction, caller, now, number, &call.fields);
        match (entry.run)(&mut context).await {
            Ok(reply) => {
                transaction.commit().await?;
                store.next_due = due::next(&mut store.connection).await?;
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

    /// Does something that is no call of a service, such as a payer's click, as one transaction.
    pub(crate) async fn act<T>(
        &self,
        caller: Caller,
        action: impl for<'a> FnOnce(&'a mut Context<'_>) -> Acting<'a, T> + Send,
    ) -> Result<T, Refusal> {
        let mut store = self.store.lock().await;
        self.let_due_things_happen(&mut store).await?;
        let number = store.next_number().await?;
        let mut transaction = store.connection.begin_with("BEGIN IMMEDIATE").await?;
        let fields = Fields::default();
        let now = self.clock.now();
        let mut context = self.context(&mut transaction, caller, now, number, &fields);
        match action(&mut context).await {
            Ok(done) => {
                transaction.commit().await?;
                store.next_due = due::next(&mut store.connection).await?;
                Ok(done)
            }
            Err(refusal) => {
                transaction.rollback().await?;
                Err(refusal)
            }
        }
    }

    fn context<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
        caller: Caller,
        now: Instant,
        reference: i64,
        fields: &'a Fields,
    ) -> Context<'a> {
        Context {
            connection,
            caller,
            parties: &self.parties,
            now,
            reference,
            root_url: &self.root_url,
            fields,
        }
    }

    fn caller(&self, call: &Call) -> Result<Caller, Kind> {
        // Issuer 1 is POD itself, and the only one whose tokens are known here.
        if call.token_issuer.as_deref().is_some_and(|issuer| issuer.trim() != "1") {
            return Err(Kind::InvalidToken);
        }
        call.token.as_deref().and_then(|token| self.parties.caller(token)).ok_or(Kind::InvalidToken)
    }

    /// The service that is called; none where only a one-time token is asked for.
    fn find(&self, call: &Call) -> Result<Option<Entry>, Refusal> {
        match call.target {
            Target::OneTimeToken => Ok(None),
            Target::Path(path) => {
                self.registry.path(path).map(Some).ok_or_else(|| {
                    Refusal::because(Kind::NotFound, format!("no service at {path}"))
                })
            }
            Target::Product => {
                let product = call
                    .fields
                    .get("scProductId")
                    .ok_or_else(|| Refusal::argument("scProductId", "given"))?;
                let number = product.trim().parse().ok();
                if number.is_some_and(is_get_ott) {
                    return Ok(None);
                }
                let entry = number.and_then(|number| self.registry.product(number));
                entry.map(Some).ok_or_else(|| {
                    let expected =
                        format!("a service of the local platform: none has the number {product}");
                    Refusal::argument("scProductId", expected)
                })
            }
        }
    }
}

/// Every answer carries a one-time token; this service does nothing else.
fn is_get_ott(number: u32) -> bool {
    match catalogue::GET_OTT.route {
        Route::Product(product) => product.numbers().any(|known| known == number),
        _ => false,
    }
}
