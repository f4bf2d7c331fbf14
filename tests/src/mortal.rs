//! A host that can be killed, and a platform that goes on. Each life of the host is a runtime of its
//! own: when a call reaches the point at which the host is to die, that call never gets any further,
//! and everything else in the runtime is dropped as it stands. The next life finds the store as the
//! last one left it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc as blocking},
    time::Duration,
};

use pod_emulator::{Books, Emulator, Options, Scenario};
use pod_host::{Account, Host, Point, Policy, Receipt, RunOptions, journal::RunSummary};
use pod_platform::{Client, Clock, Credentials, Limits, Platform};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::{manifest, project};

/// The points of a call, in order.
pub const POINTS: [Point; 4] =
    [Point::BeforeIntent, Point::AfterIntent, Point::AfterEffect, Point::AfterOutcome];

/// A platform, and the store of hosts that die.
pub struct Mortal {
    /// The platform.
    pub pod: Emulator,
    /// How long a call that nobody answered may still land.
    pub landing_window: Duration,
    /// What a call may take.
    pub limits: Limits,
    /// The hosts' clock. None: the platform's.
    pub clock: Option<Arc<dyn Clock>>,
    /// The token that they act with. None: the scenario's caller's.
    pub token: Option<String>,
    store: tempfile::TempDir,
}

/// One life of a host.
#[derive(Clone)]
pub struct Life {
    /// The host.
    pub host: Host,
    /// Whom it acts for.
    pub account: Account,
}

impl Mortal {
    /// A platform with this scenario, and an empty store.
    pub async fn start(scenario: Scenario) -> Self {
        let options = Options { scenario, ..Options::default() };
        Self {
            pod: Emulator::start(options).await.expect("the emulator starts"),
            landing_window: Duration::from_millis(200),
            limits: Limits { total: Duration::from_secs(10), ..Limits::default() },
            clock: None,
            token: None,
            store: tempfile::tempdir().expect("a folder for the store"),
        }
    }

    /// A platform with a scenario file of this project, and an empty store.
    pub async fn from_file(path: &str) -> Self {
        Self::start(Scenario::from_file(project(path)).expect("the scenario is well-formed")).await
    }

    /// The store's folder.
    pub fn store(&self) -> &Path {
        self.store.path()
    }

    fn time(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| self.pod.clock())
    }

    /// The books, which hold.
    pub async fn books(&self) -> Books {
        let ledger = self.pod.ledger().await.expect("the ledger can be read");
        assert_eq!((ledger.total, &ledger.faults), (0, &Vec::new()), "the ledger sums to zero");
        self.pod.books().await.expect("the books can be read")
    }

    /// Whom each life acts for, with a client of its own.
    pub async fn account(&self) -> Account {
        let url = self.pod.platform_url().to_owned();
        let token = self.token.clone().unwrap_or_else(|| {
            self.pod.caller_token().expect("the scenario has a caller").expose().to_owned()
        });
        let holdings = self.pod.holdings().await.expect("the platform tells").unwrap_or_default();
        let holdings = serde_json::to_value(holdings).expect("it is JSON");
        let is_caller = self.token.is_none();
        let client = Client::new(Platform::at(&url), self.limits).expect("a client");
        let mut account = Account::new("test", client, Credentials::token(token))
            .with_platform(url)
            .with_clock(self.time())
            .with_stated(serde_json::from_value(holdings).expect("it states facts"));
        account.business = self.pod.caller_business().filter(|_| is_caller);
        account.user = self.pod.caller_user().filter(|_| is_caller);
        account
    }

    /// Lets a host live until its work is done (its result) or it is killed (none).
    pub async fn live<T, W>(
        &self,
        kills: impl Fn(u64, Point) -> bool + Send + Sync + 'static,
        work: impl FnOnce(Life) -> W + Send + 'static,
    ) -> Option<T>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let (dying, mut death) = mpsc::unbounded_channel();
        let builder = Host::builder()
            .store(self.store())
            .artefacts(project("target/test-components"))
            .clock(self.time())
            .landing_window(self.landing_window)
            .on_point(Arc::new(move |step, point| {
                if kills(step, point) {
                    let _ = dying.send(());
                    loop {
                        std::thread::park();
                    }
                }
            }));
        let account = self.account().await;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let life = runtime.spawn(async move {
            let host = builder.build().await.expect("the host starts");
            work(Life { host, account }).await
        });
        let result = tokio::select! {
            ended = life => Some(ended.expect("the host does not panic")),
            Some(()) = death.recv() => None,
        };
        runtime.shutdown_background();
        is_free(self.store().to_owned()).await;
        result
    }

    /// Lets a host live until its work is done.
    pub async fn live_on<T, W>(&self, work: impl FnOnce(Life) -> W + Send + 'static) -> T
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        self.live(|_, _| false, work).await.expect("nobody kills it")
    }
}

/// Stops a host at a point, once, until it is let go.
pub struct Gate {
    reached: Arc<Semaphore>,
    open: blocking::Sender<()>,
}

impl Gate {
    /// A gate at a point, and who keeps it: for [`Mortal::live`].
    pub fn at(point: Point) -> (Self, impl Fn(u64, Point) -> bool + Send + Sync + 'static) {
        let (open, wait) = blocking::channel();
        let reached = Arc::new(Semaphore::new(0));
        let (told, wait) = (reached.clone(), Mutex::new(Some(wait)));
        let keeper = move |_, at| {
            let first = || wait.lock().expect("nobody panics").take();
            if at == point
                && let Some(wait) = first()
            {
                told.add_permits(1);
                tokio::task::block_in_place(|| wait.recv().expect("it is let go"));
            }
            false
        };
        (Self { reached, open }, keeper)
    }

    /// Waits until the host has come to it.
    pub async fn is_reached(&self) {
        self.reached.acquire().await.expect("it is open").forget();
    }

    /// Lets the host go on.
    pub fn open(&self) {
        self.open.send(()).expect("it waits");
    }
}

/// Waits until the store has no owner.
async fn is_free(store: PathBuf) {
    let waiting = tokio::task::spawn_blocking(move || {
        let lock = File::options().write(true).open(store.join("lock"))?;
        lock.lock()
    });
    waiting.await.expect("it waits").expect("the lock can be taken");
}

impl Life {
    /// Loads the policy in a folder, or at a file.
    pub async fn load(&self, path: &Path) -> Policy {
        self.host.load(path).await.expect("the policy loads")
    }

    /// Runs a policy.
    pub async fn run(&self, path: &Path, options: RunOptions) -> Receipt {
        let policy = self.load(path).await;
        let receipt = self.host.run_with(&policy, &self.account, options).await;
        receipt.expect("the run is journalled")
    }

    /// Goes on with the one run that was cut off; none, if there is none.
    pub async fn go_on(&self) -> Option<Receipt> {
        let unfinished = self.host.unfinished().await.expect("the journal can be read");
        assert!(unfinished.len() <= 1, "{unfinished:?}");
        let RunSummary { run, .. } = unfinished.first()?;
        Some(self.host.resume(run, &self.account).await.expect("it goes on"))
    }
}

/// What was posted is what an undisturbed run posts, or less: nothing twice, and nothing else.
pub fn assert_part_of(books: &Books, undisturbed: &Books, place: &str) {
    let mut left = undisturbed.transactions.clone();
    for posted in &books.transactions {
        let same = left.iter().position(|other| other == posted);
        let same = same.unwrap_or_else(|| panic!("{place}: {posted:?} is not the run's, or twice"));
        left.swap_remove(same);
    }
}

/// A folder with a script of the world `policy`, and its manifest.
pub fn script(allow: &str, budget: &str, source: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the policy");
    let manifest = manifest("policy", allow, budget);
    std::fs::write(folder.path().join("policy.toml"), manifest).expect("the manifest");
    std::fs::write(folder.path().join("script.rhai"), source).expect("the script");
    folder
}

/// What of a receipt is the same however often its run was cut off: all but the meters of what was
/// sent, and POD's reference numbers.
pub fn lasting(receipt: &Receipt, pod: &Emulator) -> Value {
    let effects: Vec<Value> = receipt
        .effects
        .iter()
        .map(|effect| json!([effect.service, effect.invoice, effect.rials]))
        .collect();
    let lasting = json!({
        "status": receipt.status,
        "error": receipt.error,
        "output": receipt.output,
        "effects": effects,
        "rials": receipt.meters.rials,
        "denied": receipt.denied,
        "doubts": receipt.doubts.len(),
        "log": receipt.log,
    });
    without_references(lasting, pod.pay_url())
}

fn without_references(value: Value, url: &str) -> Value {
    match value {
        Value::String(text) => {
            let text = text.replace(url, "https://pay");
            Value::String(match text.split_once(", reference number ") {
                Some((before, _)) => before.to_owned(),
                None => text,
            })
        }
        Value::Array(items) => {
            items.into_iter().map(|item| without_references(item, url)).collect()
        }
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| !name.to_lowercase().replace('_', "").starts_with("reference"))
            .map(|(name, field)| (name, without_references(field, url)))
            .collect(),
        other => other,
    }
}
