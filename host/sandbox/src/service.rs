//! How a service is served: a handler for its request type, and the registry that finds it.
//!
//! Reading the form, checking the catalogue's rules, writing the answer and the transaction around
//! it all are the same for every service, and stand here and in [`platform`](crate::platform). A
//! handler is left with what its service does.

use std::{collections::HashMap, pin::Pin};

use pod_platform::{
    Instant, Row, Service,
    types::{InvalidArgument, PlatformErrorKind as Kind},
    wire::form::Fields,
};
use serde_json::value::RawValue;
use sqlx::SqliteConnection;

use crate::parties::{Caller, Parties};

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
}

impl Context<'_> {
    /// The time of the call, as the database holds it.
    pub(crate) fn millis(&self) -> i64 {
        i64::try_from(self.now.0).unwrap_or(i64::MAX)
    }
}

/// Why a call is refused. A refused call changes nothing.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// By the rules of POD.
    Platform { kind: Kind, detail: Option<String> },
    /// By a failure of this platform.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Refusal {
    /// POD's refusal, with a sentence of ours behind POD's message. Only for kinds that have a
    /// code: the others are told by their message alone.
    pub(crate) fn because(kind: Kind, detail: impl Into<String>) -> Self {
        Self::Platform { kind, detail: Some(detail.into()) }
    }

    /// 403, naming the field.
    pub(crate) fn argument(field: &str, expected: impl Into<String>) -> Self {
        InvalidArgument { field: field.to_owned(), expected: expected.into() }.into()
    }
}

impl From<Kind> for Refusal {
    fn from(kind: Kind) -> Self {
        Self::Platform { kind, detail: None }
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
}

/// The part of an envelope that a service fills.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) count: u64,
    pub(crate) result: Option<Box<RawValue>>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send + 'a>>;

/// A service that is served here.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) row: &'static Row,
    pub(crate) run: for<'a, 'c> fn(&'a mut Context<'c>, &'a Fields) -> Running<'a>,
}

/// All services that are served here, by both of their numbers.
#[derive(Default)]
pub(crate) struct Registry(HashMap<u32, Entry>);

impl Registry {
    pub(crate) fn serve<S: Handle>(mut self) -> Self {
        let entry = Entry { row: S::ROW, run: run::<S> };
        self.0.insert(S::ROW.product.production, entry);
        self.0.insert(S::ROW.product.sandbox, entry);
        self
    }

    pub(crate) fn get(&self, product: u32) -> Option<Entry> {
        self.0.get(&product).copied()
    }
}

fn run<'a, S: Handle>(context: &'a mut Context<'_>, fields: &'a Fields) -> Running<'a> {
    Box::pin(async move {
        let request = S::decode(fields).map_err(S::refuse)?;
        request.prepare().map_err(S::refuse)?;
        let response = request.handle(context).await?;
        Ok(Reply { count: S::count(&response), result: Some(S::write(&response)?) })
    })
}
