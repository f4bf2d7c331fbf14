//! The host: one engine, one store, any number of policies and runs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use pod_platform::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;
use wasmtime::Engine;

use super::admission::Queues;
use crate::{
    contract::ScriptMode,
    crypto::{SigningKey, artefact_key},
    door::{OnPoint, Resolve, SystemResolver, Turns},
    error::{Error, Stopped},
    guest::{ARTEFACTS_AT_MOST, ArtefactFolder, Compiler, OnProgress, Progress},
    journal::{
        Acceptance, Archived, Distrust, Entry, Journal, Older, Owner, Receipt, RunFilter, Taking,
    },
    policy::{PolicyArchive, PolicyFiles},
};

/// Runs policies. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    compiler: Compiler,
    journal: Journal,
    policies: PolicyArchive,
    live: Turns<String>,
    turns_to_store: Arc<Turns<Owner>>,
    resolver: Arc<dyn Resolve>,
    queues: Queues,
    pause_after: Option<u32>,
    landing_window: Duration,
    on_point: Option<OnPoint>,
    signing_key: Option<SigningKey>,
}

/// Sets up a [`Host`].
#[derive(Default)]
pub struct HostBuilder {
    store: Option<PathBuf>,
    wait_for_store: Duration,
    purpose: Option<String>,
    artefacts: Option<PathBuf>,
    artefacts_at_most: Option<u64>,
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
fn default_artefacts() -> Option<PathBuf> {
    Some(user()?.cache_dir().join("components"))
}

/// Where the key lies that marks them.
fn default_artefact_key() -> Option<PathBuf> {
    Some(user()?.data_dir().join(artefact_key::FILE))
}

fn user() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "podhost")
}

/// After how many runs that failed a policy is paused, unless it is told otherwise.
pub const PAUSE_AFTER: u32 = 10;

/// How long after it was sent a call may still take effect, unless it is told otherwise.
const LANDING_WINDOW: Duration = Duration::from_secs(10);

impl HostBuilder {
    /// The folder of the journal. By default `podhost` in the user's data folder.
    #[must_use]
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store = Some(folder.into());
        self
    }

    /// How long to wait for the store if another process has it; whoever waits gets it in the order
    /// in which they came. By default not at all.
    #[must_use]
    pub fn wait_for_store(mut self, at_most: Duration) -> Self {
        self.wait_for_store = at_most;
        self
    }

    /// What the store is taken for, in a few words: told to whoever waits for it.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// The folder of compiled components, which hosts can share. By default `podhost` in the
    /// user's cache folder.
    #[must_use]
    pub fn artefacts(mut self, folder: impl Into<PathBuf>) -> Self {
        self.artefacts = Some(folder.into());
        self
    }

    /// How many bytes of compiled components that folder may hold. When one is compiled beyond that,
    /// those go that were not used for the longest time, by whichever host; what was just compiled
    /// stays. By default [`ARTEFACTS_AT_MOST`].
    #[must_use]
    pub fn artefacts_at_most(mut self, bytes: u64) -> Self {
        self.artefacts_at_most = Some(bytes);
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
        self.prepare()?.open().await
    }

    /// Makes everything but the store ready. What compiles its policies then, and opens the store
    /// after that, keeps nobody from the store meanwhile.
    ///
    /// # Errors
    /// If a folder cannot be used, or the engine cannot be set up.
    pub fn prepare(mut self) -> Result<PreparedHost, Error> {
        let folder = |chosen: Option<PathBuf>, default: Option<PathBuf>, which: &str| {
            chosen.or(default).ok_or_else(|| {
                Error::Account(format!("this user has no home folder: choose the {which}'s folder"))
            })
        };
        let store = folder(self.store.take(), default_store(), "store")?;
        let artefacts = folder(self.artefacts.take(), default_artefacts(), "compiled components")?;
        let clock = self.clock.take().unwrap_or_else(|| Arc::new(SystemClock));
        // A service may have no home.
        let mut keys = Vec::from_iter(default_artefact_key());
        keys.push(store.join(artefact_key::FILE));
        let at_most = self.artefacts_at_most.unwrap_or(ARTEFACTS_AT_MOST);
        let artefacts = ArtefactFolder::new(artefacts, keys, at_most);
        let compiler = Compiler::new(artefacts, clock, self.on_progress.take())?;
        Ok(PreparedHost { compiler, store, builder: self })
    }
}

/// A host without its store.
pub struct PreparedHost {
    compiler: Compiler,
    store: PathBuf,
    builder: HostBuilder,
}

impl PreparedHost {
    pub(crate) fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// Compiles a policy, if it is not compiled yet: the host finds it at hand then.
    ///
    /// # Errors
    /// If a file is not as it should be, or the component does not fit its world.
    pub async fn compile(&self, files: &PolicyFiles, mode: ScriptMode) -> Result<(), Error> {
        self.compiler.load(files, mode).await.map(drop)
    }

    /// Compiles the policies of runs in the store that have no end, as far as one can see without
    /// owning it. What cannot be compiled is told of when it is resumed.
    pub async fn compile_unfinished(&self) {
        let Ok(journal) = Journal::read_only(&self.store).await else { return };
        let policies = PolicyArchive::open(&self.store);
        for summary in journal.runs(&RunFilter::unfinished()).await.unwrap_or_default() {
            let entries = journal.entries(&summary.run).await.unwrap_or_default();
            let Some(Entry::Started(started)) = entries.first().map(|first| &first.entry) else {
                continue;
            };
            let path = started.kept.as_deref().map(|policy| policies.path(policy));
            if let Some(Ok(files)) = path.map(|path| PolicyFiles::find(&path)) {
                let mode = started.recorded_options().script_mode;
                if let Err(error) = self.compile(&files, mode).await {
                    tracing::debug!(run = summary.run, %error, "its policy is not compiled");
                }
            }
        }
    }

    /// Opens the store, and makes the host.
    ///
    /// # Errors
    /// If another process owns the store, or it cannot be used.
    pub async fn open(self) -> Result<Host, Error> {
        self.take_store().await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn take_store(self) -> BoxFuture<'static, Result<Host, Error>> {
        Box::pin(async move {
            let Self { compiler, store, builder } = self;
            let now = compiler.clock().now().0;
            let taking = Taking {
                purpose: builder.purpose.unwrap_or_default(),
                patience: builder.wait_for_store,
                on_wait: &|owner| compiler.tell(Progress::WaitingForStore(&store, owner)),
            };
            let journal = Journal::take(&store, now, taking).await;
            if !builder.wait_for_store.is_zero() {
                compiler.tell(Progress::WaitedForStore);
            }
            let journal = journal?;
            Ok(Host {
                inner: Arc::new(Inner {
                    journal,
                    policies: PolicyArchive::open(&store),
                    live: Turns::default(),
                    turns_to_store: Arc::default(),
                    queues: Queues::default(),
                    pause_after: Some(builder.pause_after.unwrap_or(PAUSE_AFTER))
                        .filter(|runs| *runs > 0),
                    resolver: builder.resolver.unwrap_or_else(|| Arc::new(SystemResolver)),
                    landing_window: builder.landing_window.unwrap_or(LANDING_WINDOW),
                    on_point: builder.on_point,
                    signing_key: builder.signing_key,
                    compiler,
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
        self.inner.compiler.engine()
    }

    /// Stops what the host does: no run begins any more, and none that is under way begins another
    /// call. Calls that are under way are waited for and recorded; then their runs end with
    /// [`Error::Stopped`], and can be resumed by the next host.
    pub fn stop(&self) {
        self.stopping().cancel();
    }

    /// Cancelled when the host is told to stop.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        self.inner.compiler.stop()
    }

    /// What is waited for before a run begins, unless the host is told to stop.
    pub(crate) async fn unless_stopped<T>(
        &self,
        wait: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let done = self.stopping().run_until_cancelled(wait).await;
        done.ok_or(Error::Stopped(Stopped::default()))
    }

    pub(crate) fn compiler(&self) -> &Compiler {
        &self.inner.compiler
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        self.inner.compiler.clock()
    }

    /// Signs a receipt, if there is a key to sign with.
    pub(crate) fn signed(&self, receipt: Receipt) -> Result<Receipt, Error> {
        match &self.inner.signing_key {
            Some(key) => key.sign(receipt),
            None => Ok(receipt),
        }
    }

    pub(crate) fn policies(&self) -> &PolicyArchive {
        &self.inner.policies
    }

    /// The runs that are going on in this process.
    pub(crate) fn live(&self) -> &Turns<String> {
        &self.inner.live
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.inner.queues
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
    pub async fn archive(&self, before: u64, to: Option<&Path>) -> Result<Archived, Error> {
        self.journal().check_trusted()?;
        let now = self.clock().now().0;
        if let Some(to) = to {
            self.journal().make_archive(to).await?;
            self.policies().copy(to)?;
        }
        let taken = self.journal().bytes();
        let mut archived = self.journal().archive(before, to, now).await?;
        let dropped = self.policies().prune(&self.journal().kept().await?)?;
        archived.not_freed = self.journal().give_back().await?;
        archived.freed_bytes = taken.saturating_sub(self.journal().bytes()) + dropped;
        Ok(archived)
    }
}
