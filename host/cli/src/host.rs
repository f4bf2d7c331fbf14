//! The host that commands run policies on.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pod_host::{
    Host, HostBuilder, PreparedHost, Progress,
    journal::{Journal, Taking},
};
use pod_platform::{Clock as _, SystemClock};

use crate::{
    arguments,
    exit::Failure,
    hold, operator, store, tell,
    terminal::{self, foreign},
};

/// Opens a store that is there. Receipts are signed if the operator's podhost.toml, this one or the
/// first that there is, names a key.
pub async fn open_host(
    folders: &arguments::Folders,
    config: Option<&Path>,
) -> Result<Host, Failure> {
    store::present(folders.store.as_deref())?;
    open(prepare_host(folders, config, None)?).await
}

/// Opens the store of a host that was made ready, and tells what a person has to know of it.
pub async fn open(prepared: PreparedHost) -> Result<Host, Failure> {
    let host = prepared.open().await?;
    store::tell(host.journal());
    Ok(host)
}

/// Takes a store that is there and that no host is needed for, and waits for whoever has it.
pub async fn take_store(
    store: Option<&Path>,
    waiting: &arguments::Waiting,
) -> Result<Journal, Failure> {
    let folder = &store::present(store)?;
    let shown = Shown::default();
    let taking = Taking {
        purpose: purpose(),
        patience: waiting.at_most(),
        on_wait: &|owner| shown.tell(Progress::WaitingForStore(folder, owner)),
    };
    let journal = Journal::take(folder, SystemClock.now().0, taking).await;
    shown.tell(Progress::WaitedForStore);
    Ok(journal?)
}

/// Makes a host ready, for runs that look into a doubt for so long. The store is not opened yet.
pub fn prepare_host(
    folders: &arguments::Folders,
    config: Option<&Path>,
    patience: Option<&arguments::Patience>,
) -> Result<PreparedHost, Failure> {
    let mut host = builder(folders.store.as_deref(), &folders.cache)
        .wait_for_store(folders.waiting.at_most())
        .purpose(purpose());
    if let Some(operator) = operator::find(config)?
        && let Some(key) = operator.signing_key()?
    {
        host = host.signing_key(key);
    }
    if let Some(window) = patience.and_then(|patience| patience.landing_window) {
        host = host.landing_window(window);
    }
    if let Some(on_point) = hold::on_point()? {
        host = host.on_point(on_point);
    }
    Ok(host.prepare()?)
}

/// Makes a host ready that opens no store, but looks into policies.
pub fn prepare_to_look(
    store: &arguments::Store,
    cache: &arguments::Cache,
) -> Result<PreparedHost, Failure> {
    Ok(builder(store.store.as_deref(), cache).prepare()?)
}

/// Makes a host ready with a store of its own, for one run in one scenario.
pub fn prepare_to_try(
    store: &Path,
    cache: &arguments::Cache,
    landing_window: Duration,
) -> Result<PreparedHost, Failure> {
    Ok(builder(Some(store), cache).landing_window(landing_window).prepare()?)
}

fn builder(store: Option<&Path>, cache: &arguments::Cache) -> HostBuilder {
    let shown = Shown::default();
    let mut host = Host::builder()
        .on_progress(move |progress| shown.tell(progress))
        .artefacts_at_most(cache.cache_at_most);
    if let Some(store) = store {
        host = host.store(store);
    }
    if let Some(cache) = &cache.cache {
        host = host.artefacts(cache);
    }
    host
}

/// The command and what it is about, as in `run plugins/netting`.
fn purpose() -> String {
    let arguments = std::env::args_os().skip(1).take(2);
    let words = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let words: Vec<String> = words.take_while(|word| !word.starts_with('-')).collect();
    words.join(" ")
}

/// The work that is shown now, by its name: on a terminal while it lasts, else as a line.
#[derive(Default)]
struct Shown {
    bars: MultiProgress,
    now: Mutex<Vec<(String, ProgressBar)>>,
}

/// The name of waiting for the store.
const STORE: &str = "the store";

impl Shown {
    fn tell(&self, progress: Progress<'_>) {
        match progress {
            Progress::Compiling(name) => self.begin(name, format!("Compiling {name}")),
            Progress::Compiled(name) => self.end(name),
            Progress::WaitingForStore(store, owner) => {
                let owner = owner.map(|owner| format!(" ({owner})")).unwrap_or_default();
                let store = store.display();
                self.begin(STORE, format!("Waiting for the store {store}, in use{owner}"));
            }
            Progress::WaitedForStore => self.end(STORE),
            other => tell!("{other:?}"),
        }
    }

    fn begin(&self, name: &str, message: String) {
        let message = foreign(message).to_string();
        if !terminal::is_watched() {
            tell!("{message}");
            return;
        }
        let bar = self.bars.add(ProgressBar::new_spinner().with_message(message));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        self.now.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), bar));
    }

    fn end(&self, name: &str) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, bar)| {
            if known == name {
                bar.finish_and_clear();
            }
            known != name
        });
    }
}
