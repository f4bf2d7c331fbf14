//! One call, from its fields to its envelope: who calls, which service, is its one-time token good,
//! and the transaction around its handler.

use std::{
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use pod_platform::{
    Clock, Effect as Changes, Instant, Route, TokenKind, catalogue,
    types::{self, PlatformErrorKind as Kind},
    wire::{envelope::OutgoingEnvelope, form::Fields},
};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    answer::Answered,
    clock::OwnClock,
    deeds, due,
    faults::{self, Called, Effect, Injected, Manner},
    fork::{self, Fork, Need, Upstream},
    ott::{self, Otts},
    parties::{Caller, Parties},
    scenario::Spoilt,
    service::{Context, Entry, Refusal, Registry, Reply},
    store::Store,
};

/// POD's code for an error of its own, after which the outcome is unknown, and its message.
pub(crate) const INTERNAL: (i32, &str) = (999, "خطای ناشناخته در سامانه");

/// Everything that answers calls.
pub(crate) struct Platform {
    pub(crate) store: Mutex<Store>,
    pub(crate) people: RwLock<Arc<Parties>>,
    /// What it is a fork of, if it is one.
    pub(crate) fork: Option<Fork>,
    pub(crate) otts: Otts,
    pub(crate) clock: Arc<dyn Clock>,
    /// The same clock, unless whoever started the platform gave it.
    pub(crate) own_clock: Option<Arc<OwnClock>>,
    pub(crate) registry: Registry,
    /// The `errorCode` of refusals for which documents give a message only.
    pub(crate) message_error_code: i32,
    /// Where the platform's own pages and files are.
    pub(crate) root_url: String,
    /// Nobody waits any more.
    pub(crate) stopping: CancellationToken,
    /// Calls that take effect after their caller has gone.
    pub(crate) to_land: TaskTracker,
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
    /// A service that has a number, by its name.
    Named(&'static str),
    /// A one-time token, and nothing else.
    OneTimeToken,
}

/// What came of a call that arrived.
struct Taken {
    called: Called,
    injected: Injected,
    /// None if nothing was done yet, or is.
    outcome: Option<Result<Reply, Refusal>>,
}

impl Platform {
    /// Who there is.
    pub(crate) fn parties(&self) -> Arc<Parties> {
        Arc::clone(&self.people.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads anew who there is: in a fork, somebody new may have been shown.
    pub(crate) async fn read_parties(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let parties = Arc::new(Parties::read(connection).await?);
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = parties;
        Ok(())
    }

    /// Answers one call, or does to it what a fault has it. Calls are answered one after the other.
    pub(crate) async fn answer(self: Arc<Self>, call: Call) -> Answered {
        let mut store = self.store.lock().await;
        let (number, taken) = match store.next_number().await {
            Ok(number) => (number, self.take(&mut store, number, &call).await),
            Err(error) => (0, Err(error.into())),
        };
        let Taken { called, injected, outcome } = match taken {
            Ok(taken) => taken,
            Err(refusal) => {
                let envelope = Some(Arc::new(self.envelope(number, Err(refusal))));
                return Answered { envelope, manner: Manner::Answer, latency: Duration::ZERO };
            }
        };
        let Injected { manner, latency, effect } = injected;
        let envelope = match manner {
            Manner::Refusal(code) => Some(self.refusal(number, code, faults::message(code))),
            _ => outcome.map(|outcome| self.envelope(number, outcome)),
        };
        let mut envelope = envelope.map(Arc::new);
        if let Some(own) = &envelope
            && store.faults.keeps_answers(called)
        {
            let token = call.token.as_deref();
            let earlier = store.faults.earlier.replace(called.service, token, own);
            if manner == Manner::Spoilt(Spoilt::Reordered) {
                envelope = earlier;
            }
        }
        drop(store);
        if let Effect::Later(after) = effect {
            let platform = Arc::clone(&self);
            self.to_land.spawn(async move {
                // A platform that stops does not keep it waiting.
                platform.stopping.run_until_cancelled(tokio::time::sleep(after)).await;
                platform.land(number, &call).await;
            });
        }
        Answered { envelope, manner, latency }
    }

    /// Lets a call come in: what is due before it happens, then the call, or what a fault does to
    /// it. An error is one that no fault may hide: no service was called, or the platform failed.
    async fn take(&self, store: &mut Store, number: i64, call: &Call) -> Result<Taken, Refusal> {
        self.let_due_things_happen(store).await?;
        let entry = self.find(call)?;
        let called = Called::of(entry.map(|entry| entry.row));
        let injected = store.faults.next(&mut store.connection, called, call).await?;
        let outcome = match injected.effect {
            Effect::Never | Effect::Later(_) => None,
            Effect::Now => match self.serve(store, number, call, entry, self.upstream()).await {
                Err(Refusal::Internal(error)) => return Err(Refusal::Internal(error)),
                outcome => Some(outcome.map(|reply| self.telling(reply))),
            },
        };
        Ok(Taken { called, injected, outcome })
    }

    /// A call takes effect whose caller has gone. Everything is as it is now: its one-time token may
    /// have been used meanwhile.
    async fn land(&self, number: i64, call: &Call) {
        let mut store = self.store.lock().await;
        let landing = async {
            self.let_due_things_happen(&mut store).await?;
            let entry = self.find(call)?;
            self.serve(&mut store, number, call, entry, self.upstream()).await
        };
        match landing.await {
            Ok(_) => tracing::info!(reference = number, "a call took effect late"),
            Err(Refusal::Platform { kind, .. }) => {
                tracing::info!(reference = number, kind = kind.name(), "a late call is refused");
            }
            Err(Refusal::Internal(error)) => {
                tracing::error!(reference = number, %error, "a late call failed");
            }
        }
    }

    /// The answer with what it goes by that nobody tells.
    fn telling(&self, reply: Reply) -> Reply {
        match &self.fork {
            Some(fork) => Reply { assumed: fork.gaps.take(), ..reply },
            None => reply,
        }
    }

    fn envelope(&self, number: i64, outcome: Result<Reply, Refusal>) -> OutgoingEnvelope {
        match outcome {
            Ok(Reply { count, result, assumed }) => OutgoingEnvelope {
                has_error: false,
                message_id: 0,
                reference_number: number.to_string(),
                error_code: 0,
                message: None,
                explanation: (!assumed.is_empty())
                    .then(|| format!("this is a fork, and nobody tells: {}", assumed.join(", "))),
                assumed,
                count,
                ott: self.otts.issue(number),
                result,
            },
            Err(Refusal::Platform { kind, says, detail }) => OutgoingEnvelope {
                explanation: detail,
                ..self.refusal(number, self.code(kind), says.unwrap_or(kind.message()))
            },
            Err(Refusal::Internal(error)) => match error.downcast::<types::Error>() {
                Ok(error) => self.unread(number, *error),
                Err(error) => {
                    tracing::error!(reference = number, %error, "a call failed");
                    let (code, message) = INTERNAL;
                    self.refusal(number, code, message)
                }
            },
        }
    }

    /// Of a fork: the real platform does not show what the call needs. It refuses as that does.
    fn unread(&self, number: i64, error: types::Error) -> OutgoingEnvelope {
        let (code, message, explanation) = match error {
            types::Error::Platform(refusal) => {
                let code = if refusal.code == 0 { self.message_error_code } else { refusal.code };
                let explanation = "so the real platform refuses what the fork has to read";
                (code, refusal.message, explanation.to_owned())
            }
            error => {
                tracing::error!(reference = number, %error, "a fork cannot answer");
                let explanation = format!("the fork cannot answer, and changed nothing: {error}");
                (INTERNAL.0, INTERNAL.1.to_owned(), explanation)
            }
        };
        OutgoingEnvelope { explanation: Some(explanation), ..self.refusal(number, code, &message) }
    }

    /// The code that an answer has: never 0, which would be none.
    fn code(&self, kind: Kind) -> i32 {
        match kind.code() {
            0 => self.message_error_code,
            code => code,
        }
    }

    fn refusal(&self, number: i64, code: i32, message: &str) -> OutgoingEnvelope {
        OutgoingEnvelope {
            has_error: true,
            error_code: code,
            message: Some(message.to_owned()),
            ..self.envelope(number, Ok(Reply::default()))
        }
    }

    /// Everything whose time has come happens, each at its own time. How many things did.
    pub(crate) async fn let_due_things_happen(&self, store: &mut Store) -> Result<u64, Refusal> {
        let now = self.clock.now();
        let parties = self.parties();
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
            let mut context =
                self.context(&parties, &mut event, Caller::PLATFORM, at, number, &fields);
            let before = deeds::Before::of(&mut context).await?;
            match due.happen(&mut context).await {
                Ok(()) => {
                    before.note(&mut context, due.event.name(), None).await?;
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
    pub(crate) async fn serve(
        &self,
        store: &mut Store,
        number: i64,
        call: &Call,
        entry: Option<Entry>,
        upstream: Option<&dyn Upstream>,
    ) -> Result<Reply, Refusal> {
        let Some(entry) = entry else {
            self.caller(call)?;
            return Ok(Reply::default());
        };
        // Whoever knows a file's hash may read it.
        let caller = || match entry.row.route {
            Route::Download { .. } => Ok(Caller::PLATFORM),
            _ => self.caller(call),
        };
        let mut acting = caller()?;
        if entry.row.token == TokenKind::Business && acting.business_id.is_none() {
            return Err(Kind::InvalidToken.into());
        }
        // Of a token that no answer carried, there is nothing to use up.
        let ott = match &call.ott {
            Some(ott) if entry.row.needs_ott => Some(self.otts.recognise(ott)),
            None if entry.row.needs_ott && !entry.may_omit_ott => {
                return Err(Kind::InvalidOtt.into());
            }
            _ => None,
        };

        let connection = &mut store.connection;
        let now = self.clock.now();
        if let (Some(fork), Some(upstream)) = (&self.fork, upstream) {
            let asked = fork::Asked { platform: self, fork, upstream, entry, number };
            if let Some(reply) = asked.read(connection, acting, &call.fields).await? {
                return Ok(reply);
            }
            // It may know now who calls.
            acting = caller()?;
        }
        let parties = self.parties();
        if ott.is_none() && entry.row.effect == Changes::Read && !entry.writes {
            let mut context = self.context(&parties, connection, acting, now, number, &call.fields);
            return (entry.run)(&mut context).await;
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let is_fresh = match ott {
            Some(Some(ott)) => ott::spend(&mut transaction, ott).await?,
            Some(None) => false,
            None => true,
        };
        let mut context =
            self.context(&parties, &mut transaction, acting, now, number, &call.fields);
        // POD's own rules come first: that an invoice is paid is told whatever the token is
        // (recorded answers).
        let outcome = match perform(entry, &mut context).await {
            Ok(_) if !is_fresh => Err(Kind::InvalidOtt.into()),
            outcome => outcome,
        };
        match outcome {
            Ok(reply) => {
                transaction.commit().await?;
                store.next_due = due::next(&mut store.connection).await?;
                Ok(reply)
            }
            Err(refusal) => {
                transaction.rollback().await?;
                // A one-time token is good for one call, whatever comes of it.
                if let Some(Some(ott)) = ott {
                    ott::spend(connection, ott).await?;
                }
                Err(refusal)
            }
        }
    }

    /// In a fork: brings what is needed into the tables, for what is no call of a service.
    pub(crate) async fn know(&self, needs: &[Need]) -> Result<(), Refusal> {
        let (Some(fork), Some(upstream)) = (&self.fork, self.upstream()) else { return Ok(()) };
        let mut store = self.store.lock().await;
        fork.know(self, upstream, &mut store.connection, needs).await
    }

    /// Where a fork reads for calls that do not say.
    fn upstream(&self) -> Option<&dyn Upstream> {
        self.fork.as_ref()?.upstream.as_deref()
    }

    /// Does something that is no call of a service, such as a payer's click, as one transaction.
    pub(crate) async fn act<T>(
        &self,
        name: &str,
        caller: Caller,
        action: impl for<'a> FnOnce(&'a mut Context<'_>) -> Acting<'a, T> + Send,
    ) -> Result<T, Refusal> {
        let mut store = self.store.lock().await;
        self.let_due_things_happen(&mut store).await?;
        let number = store.next_number().await?;
        let mut transaction = store.connection.begin_with("BEGIN IMMEDIATE").await?;
        let fields = Fields::default();
        let now = self.clock.now();
        let parties = self.parties();
        let mut context = self.context(&parties, &mut transaction, caller, now, number, &fields);
        let before = deeds::Before::of(&mut context).await?;
        match action(&mut context).await {
            Ok(done) => {
                before.note(&mut context, name, None).await?;
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

    pub(crate) fn context<'a>(
        &'a self,
        parties: &'a Parties,
        connection: &'a mut SqliteConnection,
        caller: Caller,
        now: Instant,
        reference: i64,
        fields: &'a Fields,
    ) -> Context<'a> {
        Context {
            connection,
            caller,
            parties,
            now,
            reference,
            root_url: &self.root_url,
            fields,
            fork: self.fork.as_ref(),
            only: None,
        }
    }

    fn caller(&self, call: &Call) -> Result<Caller, Kind> {
        // Issuer 1 is POD itself, and the only one whose tokens are known here.
        if call.token_issuer.as_deref().is_some_and(|issuer| issuer.trim() != "1") {
            return Err(Kind::InvalidToken);
        }
        let token = call.token.as_deref().ok_or(Kind::InvalidToken)?;
        self.who(token).ok_or(Kind::InvalidToken)
    }

    /// Who has a token. A fork is for one account.
    pub(crate) fn who(&self, token: &str) -> Option<Caller> {
        match &self.fork {
            Some(fork) => (token == fork.token.expose()).then(|| fork.identity.caller()),
            None => self.parties().caller(token),
        }
    }

    /// The service that is called; none where only a one-time token is asked for.
    pub(crate) fn find(&self, call: &Call) -> Result<Option<Entry>, Refusal> {
        match call.target {
            Target::OneTimeToken => Ok(None),
            Target::Path(path) => {
                self.registry.path(path).map(Some).ok_or_else(|| {
                    Refusal::because(Kind::NotFound, format!("no service at {path}"))
                })
            }
            Target::Named(name) => self.registry.named(name).map(Some).ok_or_else(|| {
                Refusal::because(Kind::NotFound, format!("no service named {name}"))
            }),
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
                        format!("a service of the emulator: none has the number {product}");
                    Refusal::argument("scProductId", expected)
                })
            }
        }
    }
}

/// Does what a service does within a transaction, and notes what that changed.
pub(crate) async fn perform(entry: Entry, context: &mut Context<'_>) -> Result<Reply, Refusal> {
    let before = deeds::Before::of(context).await?;
    let reply = (entry.run)(context).await?;
    if matches!(entry.row.effect, Changes::Mutation { .. }) {
        before.note(context, entry.row.name, deeds::answered(&reply)).await?;
    }
    Ok(reply)
}

/// Every answer carries a one-time token; this service does nothing else.
fn is_get_ott(number: u32) -> bool {
    match catalogue::GET_OTT.route {
        Route::Product(product) => product.numbers().any(|known| known == number),
        _ => false,
    }
}
