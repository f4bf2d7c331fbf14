//! The host: one engine, one store, any number of policies and runs.

use std::{path::PathBuf, sync::Arc};

use pod_platform::{Client, Clock, Credentials, SystemClock};
use wasmtime::{Engine, component::Component};

use crate::{
    Digest, Error,
    artefacts::Artefacts,
    engine::{engine, tick_epochs},
    journal::Journal,
    linker::Offer,
    manifest::World,
    stated::Stated,
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
    clock: Arc<dyn Clock>,
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
    on_progress: Option<OnProgress>,
}

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
        let user = directories::ProjectDirs::from("", "", "podhost");
        let folder = |chosen: Option<PathBuf>, default: Option<PathBuf>, which: &str| {
            chosen.or(default).ok_or_else(|| {
                Error::Account(format!("this user has no home folder: choose the {which}'s folder"))
            })
        };
        let data = user.as_ref().map(|user| user.data_dir().to_owned());
        let cache = user.as_ref().map(|user| user.cache_dir().join("components"));
        let store = folder(self.store, data, "store")?;
        let artefacts = folder(self.artefacts, cache, "compiled components")?;

        let set_up = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        let engine = engine().map_err(set_up)?;
        let ticking = Arc::new(());
        tick_epochs(&engine, Arc::downgrade(&ticking))
            .map_err(|error| Error::Engine(error.to_string()))?;
        Ok(Host {
            inner: Arc::new(Inner {
                artefacts: Artefacts::open(&engine, artefacts)?,
                journal: Journal::open(&store).await?,
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
                decider: Offer::decider(&engine).map_err(set_up)?,
                policy: Offer::policy(&engine).map_err(set_up)?,
                on_progress: self.on_progress,
                engine,
                _ticking: ticking,
            }),
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

    /// The engine, for measuring this host against the bare one.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    pub(crate) fn offer(&self, world: World) -> &Offer {
        match world {
            World::Policy => &self.inner.policy,
            World::Netting | World::Delegation | World::LoanPlan => &self.inner.decider,
        }
    }

    /// The compiled component known by `digest`, made and compiled if it is not at hand.
    pub(crate) async fn component(
        &self,
        digest: Digest,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static,
    ) -> Result<Component, Error> {
        let compiles = !self.inner.artefacts.contains(digest);
        let tell = |progress: Progress<'_>| {
            if let (true, Some(tell)) = (compiles, &self.inner.on_progress) {
                tell(progress);
            }
        };
        tell(Progress::Compiling(name));
        let component = self.inner.artefacts.component(digest, make).await;
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
    /// Its business id on the platform, if it is a business. POD has no service that tells.
    pub business: Option<u64>,
    /// What its operator says of it beyond POD's services.
    pub operator_stated: Stated,
    /// What its platform says of it beyond POD's services: the local one does.
    pub stated: Stated,
}
