//! The host: one engine, one store, any number of policies and runs.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use pod_platform::{Client, Clock, Credentials, SystemClock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Engine, component::Component};

use crate::{
    Digest, Error, Receipt, SigningKey, artefact_key,
    artefacts::Artefacts,
    door::{HttpSecret, OnPoint, Resolve, SystemResolver},
    engine::{MAX_INSTANCES, engine, tick_epochs},
    guest::Stop,
    journal::{Acceptance, Archived, Distrust, Journal, Older, Owner},
    kept::Kept,
    linker::Offer,
    manifest::World,
    queue::Queues,
    stated::Stated,
    turns::Turns,
};

/// Runs policies. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    artefacts: Artefacts,
    journal: Journal,
    kept: Kept,
    live: Turns<String>,
    turns_to_store: Arc<Turns<Owner>>,
    resolver: Arc<dyn Resolve>,
    queues: Queues,
    instances: Arc<Semaphore>,
    pause_after: Option<u32>,
    clock: Arc<dyn Clock>,
    landing_window: Duration,
    on_point: Option<OnPoint>,
    signing_key: Option<SigningKey>,
    decider: Offer,
    policy: Offer,
    on_progress: Option<OnProgress>,
    /// The epochs tick for as long as this is held.
    _ticking: Arc<()>,
}

/// Told of work that takes seconds.
pub type OnProgress = Box<dyn Fn(Progress<'_>) + Send + Sync>;

/// Work that takes seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress<'a> {
    /// A component is being compiled; it will not have to be again.
    Compiling(&'a str),
    /// It is compiled.
    Compiled(&'a str),
}

/// Sets up a [`Host`].
#[derive(Default)]
pub struct HostBuilder {
    store: Option<PathBuf>,
    artefacts: Option<PathBuf>,
    clock: Option<Arc<dyn Clock>>,
    landing_window: Option<Duration>,
    on_point: Option<OnPoint>,
    signing_key: Option<SigningKey>,
    on_progress: Option<OnProgress>,
    resolver: Option<Arc<dyn Resolve>>,
    pause_after: Option<u32>,
}

/// The store's folder unless another is chosen: `podhost` in the user's data folder. None, if this
/// user has no home.
#[must_use]
pub fn default_store() -> Option<PathBuf> {
    Some(user()?.data_dir().to_owned())
}

/// The folder of compiled components unless another is chosen.
pub(crate) fn default_artefacts() -> Option<PathBuf> {
    Some(user()?.cache_dir().join("components"))
}

/// Where the key lies that marks them.
pub(crate) fn default_artefact_key() -> Option<PathBuf> {
    Some(user()?.data_dir().join(artefact_key::FILE))
}

fn user() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "podhost")
}

/// After how many runs that failed a policy is paused, unless it is told otherwise.
const PAUSE_AFTER: u32 = 10;

/// How long after it was sent a call may still take effect, unless it is told otherwise.
const LANDING_WINDOW: Duration = Duration::from_secs(10);

impl HostBuilder {
    /// The folder of the journal. By default `podhost` in the user's data folder.
    #[must_use]
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store = Some(folder.into());
        self
    }

    /// The folder of compiled components, which hosts can share. By default `podhost` in the
    /// user's cache folder.
    #[must_use]
    pub fn artefacts(mut self, folder: impl Into<PathBuf>) -> Self {
        self.artefacts = Some(folder.into());
        self
    }

    /// The clock that policies and the journal see. By default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How long after it was sent a call that nobody answered may still take effect. A call in
    /// doubt is looked into for so long before its outcome counts as unknown. By default 10 seconds.
    #[must_use]
    pub fn landing_window(mut self, window: Duration) -> Self {
        self.landing_window = Some(window);
        self
    }

    /// Whom to tell when a call that changes something reaches a point in its course. For crash
    /// tests: who is told may stop the process there.
    #[must_use]
    pub fn on_point(mut self, tell: OnPoint) -> Self {
        self.on_point = Some(tell);
        self
    }

    /// The key that signs receipts. By default they are not signed.
    #[must_use]
    pub fn signing_key(mut self, key: SigningKey) -> Self {
        self.signing_key = Some(key);
        self
    }

    /// After how many runs that failed, one after the other, a policy is not run any more, until
    /// [`Host::unpause`] is called or the policy is another. 0: never. By default 10. A policy on a
    /// platform that ends with its process is never paused.
    #[must_use]
    pub fn pause_after(mut self, runs: u32) -> Self {
        self.pause_after = Some(runs);
        self
    }

    /// Who looks up the addresses of merchants' own servers. By default the operating system.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Whom to tell of work that takes seconds.
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Box::new(tell));
        self
    }

    /// Opens the store, and makes the host.
    ///
    /// # Errors
    /// If another process owns the store, a folder cannot be used, or the engine cannot be set up.
    pub async fn build(self) -> Result<Host, Error> {
        self.open().await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn open(self) -> BoxFuture<'static, Result<Host, Error>> {
        Box::pin(async move {
            let folder = |chosen: Option<PathBuf>, default: Option<PathBuf>, which: &str| {
                chosen.or(default).ok_or_else(|| {
                    Error::Account(format!(
                        "this user has no home folder: choose the {which}'s folder"
                    ))
                })
            };
            let store = folder(self.store, default_store(), "store")?;
            let artefacts = folder(self.artefacts, default_artefacts(), "compiled components")?;
            // A service may have no home.
            let mut keys = Vec::from_iter(default_artefact_key());
            keys.push(store.join(artefact_key::FILE));

            let set_up = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
            let engine = engine().map_err(set_up)?;
            let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
            let ticking = Arc::new(());
            tick_epochs(&engine, Arc::downgrade(&ticking))
                .map_err(|error| Error::Engine(error.to_string()))?;
            Ok(Host {
                inner: Arc::new(Inner {
                    artefacts: Artefacts::open(&engine, artefacts, keys)?,
                    journal: Journal::open(&store).await?,
                    kept: Kept::open(&store),
                    live: Turns::default(),
                    turns_to_store: Arc::default(),
                    queues: Queues::default(),
                    instances: Arc::new(Semaphore::new(MAX_INSTANCES as usize)),
                    pause_after: Some(self.pause_after.unwrap_or(PAUSE_AFTER))
                        .filter(|runs| *runs > 0),
                    resolver: self.resolver.unwrap_or_else(|| Arc::new(SystemResolver)),
                    clock,
                    landing_window: self.landing_window.unwrap_or(LANDING_WINDOW),
                    on_point: self.on_point,
                    signing_key: self.signing_key,
                    decider: Offer::decider(&engine).map_err(set_up)?,
                    policy: Offer::policy(&engine).map_err(set_up)?,
                    on_progress: self.on_progress,
                    engine,
                    _ticking: ticking,
                }),
            })
        })
    }
}

impl Host {
    /// Sets up a host.
    #[must_use]
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// The journal of all runs.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Why the store is not trusted; none, if it is. One that is not can be read and dry runs be run;
    /// nothing is paid and nothing settled.
    #[must_use]
    pub fn distrust(&self) -> Option<Distrust> {
        self.journal().distrust()
    }

    /// A person trusts a store that is older or shorter than it was: see [`Journal::accept`].
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn accept_store(&self, acceptance: Acceptance) -> Result<Option<Older>, Error> {
        self.journal().accept(acceptance, self.clock().now().0).await
    }

    /// The engine, for measuring this host against the bare one.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Signs a receipt, if there is a key to sign with.
    pub(crate) fn signed(&self, receipt: Receipt) -> Result<Receipt, Error> {
        match &self.inner.signing_key {
            Some(key) => key.sign(receipt),
            None => Ok(receipt),
        }
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.inner.kept
    }

    /// The runs that are going on in this process.
    pub(crate) fn live(&self) -> &Turns<String> {
        &self.inner.live
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.inner.queues
    }

    /// A place for a guest, once there is one.
    pub(crate) async fn place_for_guest(&self) -> Result<OwnedSemaphorePermit, Stop> {
        let place = self.inner.instances.clone().acquire_owned().await;
        place.map_err(|error| Stop::Trap(error.to_string()))
    }

    pub(crate) fn pause_after(&self) -> Option<u32> {
        self.inner.pause_after
    }

    pub(crate) fn turns_to_store(&self) -> Arc<Turns<Owner>> {
        self.inner.turns_to_store.clone()
    }

    pub(crate) fn resolver(&self) -> Arc<dyn Resolve> {
        self.inner.resolver.clone()
    }

    pub(crate) fn landing_window(&self) -> Duration {
        self.inner.landing_window
    }

    pub(crate) fn on_point(&self) -> Option<OnPoint> {
        self.inner.on_point.clone()
    }

    /// Takes ended runs that began before a time, in milliseconds since 1970, out of the store; into
    /// an archive's folder, if one is given. Policies that no run refers to any more go, too, and the
    /// room that all this took is given back to the disk.
    ///
    /// # Errors
    /// If the archive cannot be written; then nothing is taken out.
    pub async fn archive(
        &self,
        before: u64,
        to: Option<&std::path::Path>,
    ) -> Result<Archived, Error> {
        self.journal().check_trusted()?;
        let now = self.clock().now().0;
        if let Some(to) = to {
            self.kept().copy(to)?;
        }
        let taken = self.journal().bytes();
        let mut archived = self.journal().archive(before, to, now).await?;
        let dropped = self.kept().prune(&self.journal().kept().await?)?;
        archived.not_freed = self.journal().give_back().await?;
        archived.freed_bytes = taken.saturating_sub(self.journal().bytes()) + dropped;
        Ok(archived)
    }

    pub(crate) fn offer(&self, world: World) -> &Offer {
        match world {
            World::Policy => &self.inner.policy,
            World::Netting | World::Delegation | World::LoanPlan => &self.inner.decider,
        }
    }

    /// Like [`Host::component`], of one that is made here and is nobody's file: the store keeps it.
    pub(crate) async fn made_component(
        &self,
        digest: Digest,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static,
    ) -> Result<Component, Error> {
        let component = self.compile(digest, name, true, make).await?;
        self.kept().keep_component(digest, || self.inner.artefacts.source(digest))?;
        Ok(component)
    }

    /// The compiled component known by `digest`, compiled from these bytes if it is not at hand.
    pub(crate) async fn component(
        &self,
        digest: Digest,
        name: &str,
        bytes: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static,
    ) -> Result<Component, Error> {
        self.compile(digest, name, false, bytes).await
    }

    async fn compile(
        &self,
        digest: Digest,
        name: &str,
        is_made: bool,
        make: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static,
    ) -> Result<Component, Error> {
        let compiles = !self.inner.artefacts.contains(digest);
        let tell = |progress: Progress<'_>| {
            if let (true, Some(tell)) = (compiles, &self.inner.on_progress) {
                tell(progress);
            }
        };
        tell(Progress::Compiling(name));
        let component = self.inner.artefacts.component(digest, is_made, make).await;
        tell(Progress::Compiled(name));
        component
    }
}

/// Whom a run acts for.
#[derive(Clone)]
pub struct Account {
    /// The operator's name for it.
    pub name: String,
    /// The platform that it is on.
    pub client: Client,
    /// Its token and keys.
    pub credentials: Arc<Credentials>,
    /// How its operator names the platform, so that a run that was cut off finds it again. None:
    /// a platform that ends with this process; such a run cannot be resumed.
    pub platform: Option<String>,
    /// The platform's clock. None: the host's.
    pub clock: Option<Arc<dyn Clock>>,
    /// Its business id on the platform, if it is a business. POD has no service that tells.
    pub business: Option<u64>,
    /// Its user id on the platform: who pays when it pays. POD has no service that tells; without
    /// it, fewer doubts can be settled by reading.
    pub user: Option<u64>,
    /// What its operator says of it beyond POD's services.
    pub operator_stated: Stated,
    /// What its platform says of it beyond POD's services: the local one does.
    pub stated: Stated,
    /// The secrets for merchants' servers, by policy and by name.
    pub http_secrets: BTreeMap<String, BTreeMap<String, HttpSecret>>,
}
