//! How a service is served: a handler for its request type, and the registry that finds it.
//!
//! Reading the form, checking the catalogue's rules, writing the answer and the transaction around
//! it all are the same for every service, and stand here and in [`platform`](crate::platform). A
//! handler is left with what its service does.

use std::{borrow::Cow, collections::HashMap, pin::Pin};

use pod_platform::{
    Instant, Request, Route, Row, Service,
    rules::invoice::Barred,
    types::{self, InvalidArgument, PlatformErrorKind as Kind},
    wire::form::Fields,
};
use serde_json::value::RawValue;
use sqlx::SqliteConnection;

use crate::{
    fork::{Fork, NOBODY, Need, Reads},
    ledger::{self, Account, Move},
    parties::{Caller, Parties},
};

/// What a handler works with.
pub(crate) struct Context<'a> {
    /// The database; within the call's transaction, if the service changes anything.
    pub(crate) connection: &'a mut SqliteConnection,
    /// Whom the call acts for.
    pub(crate) caller: Caller,
    /// Who there is.
    pub(crate) parties: &'a Parties,
    /// The time of the call.
    pub(crate) now: Instant,
    /// The call's reference number.
    pub(crate) reference: i64,
    /// Where the platform's own pages and files are.
    pub(crate) root_url: &'a str,
    /// The call's fields, as they came.
    pub(crate) fields: &'a Fields,
    /// What the platform is a fork of, if it is one.
    pub(crate) fork: Option<&'a Fork>,
    /// Of a list in a fork: the ids, as JSON, of the things that it is to tell of, and of no others.
    pub(crate) only: Option<&'a str>,
}

impl Context<'_> {
    /// The time of the call, as the database holds it.
    pub(crate) fn millis(&self) -> i64 {
        i64::try_from(self.now.0).unwrap_or(i64::MAX)
    }

    /// So many milliseconds after the call.
    pub(crate) fn after(&self, millis: u64) -> Instant {
        Instant(self.now.0.saturating_add(millis))
    }

    /// The next midnight in Tehran.
    pub(crate) fn midnight(&self) -> Instant {
        self.now.jalali_date().end().unwrap_or(self.now)
    }

    /// In a fork, what nobody tells is assumed, by the name that receipts know. False: this is none.
    pub(crate) fn assumes(&self, what: &'static str) -> bool {
        if let Some(fork) = self.fork {
            fork.gaps.assume(what);
        }
        self.fork.is_some()
    }

    /// Assumes that so much is in an account: what it lacks comes out of the account `assumed`.
    pub(crate) async fn assume_in(
        &mut self,
        account: &Account<'_>,
        rials: i64,
    ) -> Result<(), sqlx::Error> {
        let lacks = rials - account.balance(self.connection).await?;
        if lacks > 0 {
            let moves = [Move { from: Account::Assumed, to: account.clone(), rials: lacks }];
            ledger::post(self.connection, self.now, "assumed", self.reference, &moves).await?;
        }
        Ok(())
    }

    /// The service's number that the caller knows it by.
    pub(crate) fn product(&self) -> Option<u32> {
        self.fields.get("scProductId")?.trim().parse().ok()
    }
}

/// The business that calls.
pub(crate) fn calling_business(context: &Context<'_>) -> Result<i64, Kind> {
    let business = context.caller.business_id.ok_or(Kind::NoPermission)?;
    if business == NOBODY {
        context.assumes("account-is-a-business");
    }
    Ok(business)
}

/// A number that the database can hold.
pub(crate) fn stored(field: &str, value: u64) -> Result<i64, InvalidArgument> {
    i64::try_from(value).map_err(|_| InvalidArgument {
        field: field.to_owned(),
        expected: format!("at most {}", i64::MAX),
    })
}

/// Why a call is refused. A refused call changes nothing.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// By the rules of POD: in its words for this kind, unless it `says` something else here. The
    /// `detail` is ours.
    Platform { kind: Kind, says: Option<&'static str>, detail: Option<String> },
    /// By a failure of this platform.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Refusal {
    /// POD's refusal, explained by a sentence of ours.
    pub(crate) fn because(kind: Kind, detail: impl Into<String>) -> Self {
        Self::Platform { kind, says: None, detail: Some(detail.into()) }
    }

    /// POD's refusal, in other words than POD's usual ones for this kind.
    pub(crate) fn saying(kind: Kind, message: &'static str) -> Self {
        Self::Platform { kind, says: Some(message), detail: None }
    }

    /// A fork cannot tell what POD would do.
    pub(crate) fn unknown(what: impl Into<String>) -> Self {
        Self::Internal(Box::new(types::Error::Unavailable(what.into())))
    }

    /// 403, naming the field.
    pub(crate) fn argument(field: &str, expected: impl Into<String>) -> Self {
        InvalidArgument { field: field.to_owned(), expected: expected.into() }.into()
    }
}

impl From<Barred> for Refusal {
    fn from(reason: Barred) -> Self {
        Kind::from(reason).into()
    }
}

impl From<Kind> for Refusal {
    fn from(kind: Kind) -> Self {
        Self::Platform { kind, says: None, detail: None }
    }
}

impl From<InvalidArgument> for Refusal {
    fn from(argument: InvalidArgument) -> Self {
        Self::because(Kind::BadParameters, argument.to_string())
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

/// A service's handler.
pub(crate) trait Handle: Service {
    /// Does what the service does.
    fn handle(
        self,
        context: &mut Context<'_>,
    ) -> impl Future<Output = Result<Self::Response, Refusal>> + Send;

    /// How the service refuses arguments that are not its own.
    fn refuse(argument: InvalidArgument) -> Refusal {
        argument.into()
    }

    /// The fields in the form that the contract gives them, where clients also send another.
    fn receive(fields: &Fields) -> Cow<'_, Fields> {
        Cow::Borrowed(fields)
    }

    /// The answer as it was written, with what POD sends beside the contract's fields.
    fn dress(
        context: &mut Context<'_>,
        response: &Self::Response,
        written: Box<RawValue>,
    ) -> impl Future<Output = Result<Box<RawValue>, Refusal>> + Send {
        let _ = (context, response);
        async { Ok(written) }
    }

    /// In a fork: what has to be known before the call can be answered.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// In a fork: where it reads.
    const READS: Reads = Reads::Here;

    /// Does the platform keep something of it, although it changes nothing for anybody?
    const WRITES: bool = false;

    /// May a call leave out the one-time token, although our client always sends one?
    const MAY_OMIT_OTT: bool = false;
}

/// The part of an envelope that a service fills.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) count: u64,
    pub(crate) result: Option<Box<RawValue>>,
    /// In a fork: what was taken as given, because nobody tells it.
    pub(crate) assumed: Vec<&'static str>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send + 'a>>;

/// Reads a request, and says what has to be known to answer it.
type Prepare = fn(&Fields) -> Result<(Request, Vec<Need>), Refusal>;

/// A service that is served here.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) row: &'static Row,
    pub(crate) may_omit_ott: bool,
    pub(crate) writes: bool,
    pub(crate) reads: Reads,
    pub(crate) prepare: Prepare,
    pub(crate) run: for<'a, 'c> fn(&'a mut Context<'c>) -> Running<'a>,
}

/// All services that are served here, by all of their numbers and by their paths.
#[derive(Default)]
pub(crate) struct Registry {
    products: HashMap<u32, Entry>,
    paths: HashMap<&'static str, Entry>,
}

impl Registry {
    pub(crate) fn serve<S: Handle>(mut self) -> Self {
        let entry = Entry {
            row: S::ROW,
            may_omit_ott: S::MAY_OMIT_OTT,
            writes: S::WRITES,
            reads: S::READS,
            prepare: prepare::<S>,
            run: run::<S>,
        };
        match S::ROW.route {
            Route::Product(product) => {
                self.products.extend(product.numbers().map(|number| (number, entry)));
            }
            Route::Path { path, .. } | Route::Upload { path } | Route::Download { path } => {
                self.paths.insert(path, entry);
            }
            // The payment pages serve it.
            Route::Link { .. } => {}
        }
        self
    }

    pub(crate) fn product(&self, number: u32) -> Option<Entry> {
        self.products.get(&number).copied()
    }

    pub(crate) fn path(&self, path: &str) -> Option<Entry> {
        self.paths.get(path).copied()
    }

    pub(crate) fn named(&self, service: &str) -> Option<Entry> {
        let mut entries = self.products.values().chain(self.paths.values());
        entries.find(|entry| entry.row.name == service).copied()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = Entry> {
        self.paths.values().copied()
    }
}

fn prepare<S: Handle>(fields: &Fields) -> Result<(Request, Vec<Need>), Refusal> {
    let request = S::decode(&S::receive(fields)).map_err(S::refuse)?;
    let prepared = request.prepare().map_err(S::refuse)?;
    Ok((prepared, request.needs()))
}

fn run<'a, S: Handle>(context: &'a mut Context<'_>) -> Running<'a> {
    Box::pin(async move {
        let request = S::decode(&S::receive(context.fields)).map_err(S::refuse)?;
        request.prepare().map_err(S::refuse)?;
        let response = request.handle(context).await?;
        let written = S::write(&response)?;
        let result = S::dress(context, &response, written).await?;
        Ok(Reply { count: S::count(&response), result: Some(result), ..Reply::default() })
    })
}
