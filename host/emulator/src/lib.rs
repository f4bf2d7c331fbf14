//! An emulator: the platform's own wire format over a real double-entry ledger.
//!
//! ```
//! use pod_platform::{Client, Credentials, Limits, Platform, payments::PayInvoiceByInvoiceRequest};
//! use pod_emulator::{Options, Emulator, Scenario};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The shop owes the baker 6,500 rials, and a customer has paid the shop 9,000.
//! let scenario = Scenario::from_json("shop.json", r#"{
//!     "businesses": [
//!         {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop"},
//!         {"id": 2, "userId": 20, "name": "Baker", "apiToken": "baker"}
//!     ],
//!     "invoices": [
//!         {"id": 100, "businessId": 1, "amount": 9000, "guildCode": "FOOD_GUILD", "payed": true},
//!         {"id": 200, "businessId": 2, "userId": 10, "amount": 6500, "guildCode": "FOOD_GUILD"}
//!     ]
//! }"#)?;
//! let emulator = Emulator::start(Options { scenario, ..Options::default() }).await?;
//!
//! let client = Client::new(Platform::at(emulator.platform_url()), Limits::default())?;
//! let shop = Credentials::token("shop");
//! let netting = PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };
//! assert!(client.call(&netting, &shop).await?);
//!
//! let ledger = emulator.ledger().await?;
//! assert_eq!(ledger.balance("invoice:100"), 2_500);
//! assert_eq!(ledger.balance("invoice:200"), 6_500);
//! assert_eq!(ledger.total, 0);
//! emulator.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! It is a platform of its own, not a mock: nothing is scripted but the
//! [faults](scenario::Fault) that a scenario asks for, every answer follows from its ledger and
//! POD's rules. It starts from a [`Scenario`], lives in memory or in a file, and speaks
//! to any POD client, since it listens to everything that the public ones send.
//!
//! What is not documented anywhere is decided in one place, with a comment, and never by chance:
//! the same scenario and the same calls give the same invoices and the same reference numbers.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod answer;
mod bills;
pub mod books;
mod callbacks;
mod clock;
mod control;
pub mod deeds;
mod due;
mod faults;
mod files;
mod filters;
pub mod fork;
mod future;
mod gateway;
mod handlers;
mod history;
mod holdings;
mod invoice;
mod ledger;
mod line;
mod loans;
mod ott;
mod pages;
mod parties;
mod payment;
mod platform;
mod record;
pub mod scenario;
mod seed;
mod server;
mod service;
mod sheba;
mod sms;
mod store;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, RwLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use pod_platform::{Clock, Instant, Secret, SystemClock, invoices::Invoice, types};
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use books::Books;
pub use clock::CannotMove;
pub use deeds::Deed;
pub use faults::{CountedFault, Faults};
pub use holdings::{DelegatedCredit, Holdings, LoanCredit};
pub use ledger::Ledger;
pub use scenario::{Problem, Scenario, ScenarioError};
pub use sms::Sms;

use crate::{
    clock::{Move, OwnClock},
    faults::Injector,
    fork::Fork,
    invoice::Record,
    line::{Line, Lines},
    ott::Otts,
    parties::{Caller, Parties},
    platform::Platform,
    scenario::Fault,
    store::Store,
};

/// How long a stop waits for calls that have begun.
const PATIENCE: Duration = Duration::from_secs(5);

/// How to start a platform. More fields may follow: what is not said is by `..Options::default()`.
pub struct Options {
    /// Where to listen. Port 0: a free one.
    pub listen: SocketAddr,
    /// The file that keeps the platform's state; none: it lives in memory. A file that holds a
    /// platform already goes on where it was, and the scenario is ignored.
    pub data: Option<PathBuf>,
    /// The state in which a new platform starts.
    pub scenario: Scenario,
    /// The time. None: it stands still at the scenario's `now`, or, without one, is the system's;
    /// and it can be [moved](Emulator::advance).
    pub clock: Option<Arc<dyn Clock>>,
    /// A call that is made again – with the same one-time token, if it has one, and the same fields –
    /// is the call that it repeats: [faults](Fault) do not count it, and what they refused is refused
    /// again. So the histories of callers that were killed, and went on, can be compared.
    pub repeats_are_one_call: bool,
    /// The real platform that it forks: it begins where that stands, and lives in memory.
    pub fork: Option<fork::Origin>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            data: None,
            scenario: Scenario::default(),
            clock: None,
            repeats_are_one_call: false,
            fork: None,
        }
    }
}

/// A platform cannot be started, or its database failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The scenario contradicts itself.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The address is taken or is not this machine's.
    #[error("the platform cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The data file cannot be opened or made, or another process uses it.
    #[error("the platform's data in {file} cannot be opened; another process may be using it")]
    Open {
        /// The file.
        file: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The data file is a database of something else.
    #[error("{file} is a database, but not one of an emulator")]
    Foreign {
        /// The file.
        file: String,
    },
    /// The data file was written by another version of this program.
    #[error(
        "the platform's data in {file} is of version {version}, which this program cannot read"
    )]
    Version {
        /// The file.
        file: String,
        /// Its version.
        version: i64,
    },
    /// The data file has lost what every platform has.
    #[error("the platform's data is damaged: {0}")]
    Damaged(&'static str),
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// A fork's state is of one day: it is not kept.
    #[error("a fork lives in memory: it has no data file")]
    ForkWithData,
    /// The real platform does not show the account what a fork begins with.
    #[error("the real platform cannot be forked: {0}")]
    Upstream(types::Error),
    /// The clock cannot be moved so.
    #[error(transparent)]
    Clock(#[from] CannotMove),
    /// The database failed.
    #[error("the platform's database failed")]
    Database(#[from] sqlx::Error),
}

/// A running platform. It stops when it is dropped; [`stop`](Self::stop) waits for that.
pub struct Emulator {
    platform: Arc<Platform>,
    address: SocketAddr,
    platform_url: String,
    root_url: String,
    caller_token: Option<Secret>,
    stopping: DropGuard,
    server: JoinHandle<()>,
    stopped: watch::Receiver<()>,
}

impl Emulator {
    /// Starts a platform.
    ///
    /// # Errors
    /// If the scenario contradicts itself, the address is taken, or the data cannot be opened.
    pub async fn start(options: Options) -> Result<Self, Error> {
        Self::serve(options).await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn serve(mut options: Options) -> BoxFuture<'static, Result<Self, Error>> {
        Box::pin(async move {
            let listener = TcpListener::bind(options.listen)
                .await
                .map_err(|source| Error::Listen { address: options.listen, source })?;
            let address = listener
                .local_addr()
                .map_err(|source| Error::Listen { address: options.listen, source })?;
            let root_url = format!("http://{address}");
            let fork = options.fork.take().map(|origin| (origin.account, Some(origin.upstream)));
            let (platform, caller_token) = open(options, root_url.clone(), fork).await?;
            let platform = Arc::new(platform);

            let stopping = platform.stopping.clone();
            let asked_to_stop = stopping.clone().cancelled_owned();
            let (ended, stopped) = watch::channel(());
            let router = server::router(Arc::clone(&platform));
            let server = tokio::spawn(async move {
                let service = router.into_make_service_with_connect_info::<Line>();
                let serve =
                    axum::serve(Lines(listener), service).with_graceful_shutdown(asked_to_stop);
                if let Err(error) = serve.await {
                    tracing::error!(%error, "the platform's server failed");
                }
                drop(ended);
            });
            Ok(Self {
                platform,
                address,
                platform_url: format!("{root_url}/srv/sc"),
                root_url,
                caller_token,
                stopping: stopping.drop_guard(),
                server,
                stopped,
            })
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where services are called: `http://127.0.0.1:PORT/srv/sc`.
    #[must_use]
    pub fn platform_url(&self) -> &str {
        &self.platform_url
    }

    /// Where payers pay: payment links begin with this.
    #[must_use]
    pub fn pay_url(&self) -> &str {
        &self.root_url
    }

    /// Where files are fetched.
    #[must_use]
    pub fn file_url(&self) -> &str {
        &self.root_url
    }

    /// The token that a run acts with; none if the platform has nobody.
    #[must_use]
    pub fn caller_token(&self) -> Option<&Secret> {
        self.caller_token.as_ref()
    }

    /// The id of the business that a run acts for, if it acts for one.
    #[must_use]
    pub fn caller_business(&self) -> Option<u64> {
        self.caller()?.business_id.map(i64::unsigned_abs)
    }

    /// The id of the user that a run acts for: a business's own, if it acts for one.
    #[must_use]
    pub fn caller_user(&self) -> Option<u64> {
        Some(self.caller()?.user_id.unsigned_abs())
    }

    fn caller(&self) -> Option<Caller> {
        let token = self.caller_token.as_ref()?;
        self.platform.who(token.expose())
    }

    /// The clock that the platform goes by.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.platform.clock)
    }

    /// Moves the clock forward, and lets happen what is due by then: payments in future, unverified
    /// payments that go back. How many things happened.
    ///
    /// # Errors
    /// If the clock was [given](Options::clock), ends before, or the database fails.
    pub async fn advance(&self, by: Duration) -> Result<u64, Error> {
        self.platform.move_clock(Move::By(by)).await
    }

    /// Moves the clock forward to `now`, as [`advance`](Self::advance) does.
    ///
    /// # Errors
    /// As [`advance`](Self::advance), or if the clock shows a later time already.
    pub async fn set_now(&self, now: Instant) -> Result<u64, Error> {
        self.platform.move_clock(Move::To(now)).await
    }

    /// What the [caller](Self::caller_token) can pay with, as it stands between two calls; none if
    /// the platform has nobody.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn holdings(&self) -> Result<Option<Holdings>, Error> {
        self.hold().await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn hold(&self) -> BoxFuture<'_, Result<Option<Holdings>, Error>> {
        Box::pin(async move {
            let Some(caller) = self.caller() else { return Ok(None) };
            let mut store = self.platform.store.lock().await;
            self.platform.catch_up(&mut store).await?;
            Ok(Some(Holdings::of(&self.platform, &mut store, caller).await?))
        })
    }

    /// Every SMS that POD would have sent, the newest last.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sms(&self) -> Result<Vec<Sms>, Error> {
        let mut store = self.platform.store.lock().await;
        Ok(sms::all(&mut store.connection).await?)
    }

    /// The ledger as it stands, between two calls.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ledger(&self) -> Result<Ledger, Error> {
        self.add_up().await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn add_up(&self) -> BoxFuture<'_, Result<Ledger, Error>> {
        Box::pin(async move {
            let mut store = self.platform.store.lock().await;
            self.platform.catch_up(&mut store).await?;
            Ok(Ledger::read(&mut store.connection).await?)
        })
    }

    /// All money and all objects, between two calls, in a form that can be compared.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn books(&self) -> Result<Books, Error> {
        self.compare().await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn compare(&self) -> BoxFuture<'_, Result<Books, Error>> {
        Box::pin(async move {
            let mut store = self.platform.store.lock().await;
            self.platform.catch_up(&mut store).await?;
            Ok(Books::read(&mut store.connection).await?)
        })
    }

    /// What each call changed, in the order in which it took effect: whose doing the books are.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn deeds(&self) -> Result<Vec<Deed>, Error> {
        let mut store = self.platform.store.lock().await;
        self.platform.catch_up(&mut store).await?;
        Ok(Deed::all(&mut store.connection).await?)
    }

    /// What goes wrong with calls, and how often it has.
    pub async fn faults(&self) -> Faults {
        self.platform.faults().await
    }

    /// Lets calls go wrong from now on, after the faults that there are: of this one, the next call
    /// is the first.
    ///
    /// # Errors
    /// If the fault contradicts itself, or the database fails.
    pub async fn add_fault(&self, fault: Fault) -> Result<CountedFault, Error> {
        self.platform.add_fault(fault).await
    }

    /// Takes all faults away, and what was counted for them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn clear_faults(&self) -> Result<(), Error> {
        self.platform.clear_faults().await
    }

    /// An invoice as its issuer's client reads it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invoice(&self, id: u64) -> Result<Option<Invoice>, Error> {
        let mut store = self.platform.store.lock().await;
        let record = Record::find(&mut store.connection, id).await?;
        let read = |record: Record| {
            let shown = serde_json::to_value(record.shown(&self.platform.parties())?)?;
            serde_json::from_value(shown)
        };
        record
            .map(read)
            .transpose()
            .map_err(|_: serde_json::Error| Error::Damaged("an invoice's lines cannot be read"))
    }

    /// Waits until the platform does not serve any more.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        // Nothing is ever sent: this ends when the server does.
        while stopped.changed().await.is_ok() {}
    }

    /// Ends the calls that have begun, takes no more, and closes the data. Calls that a fault lets
    /// take effect later do so now.
    ///
    /// # Errors
    /// If the database cannot be closed.
    pub async fn stop(self) -> Result<(), Error> {
        let Self { platform, stopping, mut server, .. } = self;
        drop(stopping);
        platform.to_land.close();
        let ending = async {
            // An error is that of a server that was aborted, which nobody does.
            let _ = (&mut server).await;
            platform.to_land.wait().await;
        };
        if timeout(PATIENCE, ending).await.is_err() {
            server.abort();
        }
        // Only a call whose caller has hung up can still hold the platform; it closes it then.
        match Arc::into_inner(platform) {
            Some(platform) => Ok(platform.store.into_inner().close().await?),
            None => Ok(()),
        }
    }
}

/// Whom a fork is for, and how it reads for calls that do not say.
type Beginning = (fork::Account, Option<Arc<dyn fork::Upstream>>);

/// Opens the data, fills it if it is new, and puts the platform together.
async fn open(
    options: Options,
    root_url: String,
    fork: Option<Beginning>,
) -> Result<(Platform, Option<Secret>), Error> {
    if fork.is_some() && options.data.is_some() {
        return Err(Error::ForkWithData);
    }
    let (mut store, new) = Store::open(options.data.as_deref()).await?;
    if new {
        let clock = options.clock.as_deref();
        let now = clock
            .map(Clock::now)
            .or_else(|| options.scenario.instant())
            .unwrap_or_else(|| SystemClock.now());
        options.scenario.check_at(Some(now))?;
        seed::seed(&mut store.connection, &options.scenario, now).await?;
    } else if store.setting(seed::HISTORY).await?.is_some() {
        return Err(Error::Damaged(
            "it was stopped before its scenario's history had happened: remove the file",
        ));
    }
    let key = store.setting(seed::OTT_KEY).await?;
    let key = key
        .as_deref()
        .and_then(read_key)
        .ok_or(Error::Damaged("the key of its one-time tokens is gone"))?;
    let message_error_code = match store.setting(seed::MESSAGE_ERROR_CODE).await? {
        Some(code) => {
            code.parse().map_err(|_| Error::Damaged("its messageErrorCode is no code"))?
        }
        None => scenario::MESSAGE_ERROR_CODE,
    };
    let (clock, own_clock): (Arc<dyn Clock>, _) = match options.clock {
        Some(clock) => (clock, None),
        None => {
            let clock = Arc::new(OwnClock::read(&mut store).await?);
            (Arc::<OwnClock>::clone(&clock), Some(clock))
        }
    };
    let fork = match fork {
        Some((account, upstream)) => {
            Some(Fork::begin(account, upstream, &mut store.connection, clock.now()).await?)
        }
        None => None,
    };
    let caller_token = store.setting(seed::CALLER).await?.map(Secret::new);
    let people = RwLock::new(Arc::new(Parties::read(&mut store.connection).await?));
    store.faults = Injector::read(&mut store.connection).await?;
    if options.repeats_are_one_call {
        store.faults.tell_repeats();
    }
    store.next_due = due::next(&mut store.connection).await?;
    let platform = Platform {
        store: Mutex::new(store),
        people,
        fork,
        otts: Otts::new(key),
        clock,
        own_clock,
        registry: handlers::registry(),
        message_error_code,
        root_url,
        stopping: CancellationToken::new(),
        to_land: TaskTracker::new(),
    };
    if new && let Err(error) = history::happen(&platform, &options.scenario.history).await {
        platform.store.into_inner().close().await?;
        if let Some(file) = &options.data {
            // What remains of it is refused when it is opened.
            let _ = std::fs::remove_file(file);
        }
        return Err(error);
    }
    Ok((platform, caller_token))
}

fn read_key(hex: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}
