//! The journal's SQLite database. One process owns it; others may read.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions as _, Row as _, SqliteConnection,
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Claimant, Claims, RunFilter, RunSummary,
    chain::{self, StoredEntry, StoredRow},
    check,
    entry::{Entry, Restored, Started},
    high_water::{self, Mark},
    migrate, origin,
    owner::{self, Taking},
    projection::Projection,
    runs, state,
    trust::{Standing, Trust},
    usage::{Owner, SharedUsage, Usages},
    writer::{self, Append, QUEUE, Request, SharedMark, Writers, Writing},
};
use crate::{
    crypto::Digest,
    error::{Error, StoreOwner},
    files::private,
};

/// The database's file in the store's folder.
pub(crate) const FILE: &str = "journal.sqlite";

/// The folder in it of the policies that its runs may still be executed with.
pub(crate) const KEPT: &str = "kept";

/// What lies in a store's folder; the database first.
pub(super) const FILES: [&str; 7] = [
    FILE,
    "journal.sqlite-wal",
    "journal.sqlite-shm",
    high_water::FILE,
    "generation",
    owner::FILE,
    KEPT,
];

/// The journal of all runs in one store. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    writer: mpsc::Sender<Request>,
    flushes: Arc<AtomicU64>,
    writers: Writers,
    claims: Arc<Claims>,
    pub(super) usages: Arc<Usages>,
    pub(super) folder: Arc<Path>,
    pub(super) mark: SharedMark,
    pub(super) trust: Trust,
    /// What was open to others and is not any more.
    closed: Arc<[PathBuf]>,
}

/// Why entries were not written.
#[derive(Clone, Debug)]
pub(crate) enum AppendError {
    /// Another run was begun under the key.
    KeyTaken(String),
    Failed(String),
}

impl Journal {
    /// Opens the journal in `folder`, and takes the store for this process. If it is older or
    /// shorter than it was, or its index is not what its entries come to, it is not trusted:
    /// [`Journal::distrust`].
    ///
    /// # Errors
    /// [`Error::StoreInUse`] if another process owns it; nothing of it is touched then.
    pub async fn open(folder: &Path, now: u64) -> Result<Self, Error> {
        Self::take(folder, now, Taking::default()).await
    }

    /// Like [`Journal::open`], and waits for a process that owns the store.
    ///
    /// # Errors
    /// [`Error::StoreInUse`] if it waited in vain.
    pub async fn take(folder: &Path, now: u64, taking: Taking<'_>) -> Result<Self, Error> {
        let closed = private::store_folder(folder, &FILES)?;
        let lock = owner::take(folder, now, taking).await?;
        let file = folder.join(FILE);
        let mut connection = connect(&file).await?;
        migrate::make_tables(&mut connection).await?;
        state::forget_unnamed(&mut connection).await?;
        let (older, mark) = origin::open(&mut connection, folder).await?;
        let differences = check::sample(&mut connection).await?;
        let usages = Usages::default();
        usages.read(&mut connection).await?;
        let standing = Standing { older, differences };
        let mut journal = Self::start(connection, folder, Some(lock), usages, mark, standing);
        journal.closed = closed.into();
        journal.claim_open_intents().await?;
        Ok(journal)
    }

    /// Is there a journal in `folder`, or what is left of one, or what will become one?
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        [FILE, high_water::FILE, owner::FILE].iter().any(|name| folder.join(name).is_file())
            || origin::has_policies(folder)
    }

    /// Opens the journal in `folder` to read it, whoever owns the store. Whether it is trusted, says
    /// [`Journal::distrust`].
    ///
    /// # Errors
    /// [`Error::NoStore`] if there is none; [`Error::StoreIsOlder`] if there was one, and nothing of it
    /// is left.
    pub async fn read_only(folder: &Path) -> Result<Self, Error> {
        let file = folder.join(FILE);
        let gone = || {
            let reason = "its journal is gone or empty, and something was written to it".to_owned();
            Error::StoreIsOlder { folder: folder.to_owned(), reason }
        };
        if !file.is_file() {
            let is_gone = Self::is_in(folder);
            return Err(if is_gone { gone() } else { Error::NoStore(folder.to_owned()) });
        }
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .read_only(true)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        let older = origin::look(&mut connection, folder).await?;
        if !has_runs(&mut connection).await? {
            return Err(if older.is_some() { gone() } else { Error::NoStore(folder.to_owned()) });
        }
        // As it is at one moment, while its owner writes.
        let mut moment = sqlx::Connection::begin(&mut connection).await?;
        let differences = check::sample(&mut moment).await?;
        moment.rollback().await?;
        let standing = Standing { older, differences };
        let (usages, mark) = (Usages::default(), Mark::default());
        Ok(Self::start(connection, folder, None, usages, mark, standing))
    }

    fn start(
        connection: SqliteConnection,
        folder: &Path,
        lock: Option<File>,
        usages: Usages,
        mark: Mark,
        standing: Standing,
    ) -> Self {
        let (writer, requests) = mpsc::channel(QUEUE);
        let flushes = Arc::<AtomicU64>::default();
        let (writers, mark) = (Writers::default(), SharedMark::new(mark));
        let task = writer::write(
            connection,
            requests,
            flushes.clone(),
            writers.clone(),
            mark.clone(),
            lock,
        );
        tokio::spawn(task);
        Self {
            writer,
            flushes,
            writers,
            claims: Arc::default(),
            usages: Arc::new(usages),
            folder: folder.into(),
            mark,
            trust: Trust::new(standing),
            closed: Arc::new([]),
        }
    }

    /// The store's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What of the store was open to other users when it was opened, and is not any more.
    #[must_use]
    pub fn closed_to_others(&self) -> &[PathBuf] {
        &self.closed
    }

    /// Reads a run's entries, and checks their chain.
    ///
    /// # Errors
    /// If an entry is damaged or missing, the chain is broken, or the run was archived.
    pub async fn entries(&self, run: &str) -> Result<Vec<StoredEntry>, Error> {
        let id = run.to_owned();
        let (rows, known) = self
            .with(move |connection| {
                Box::pin(async move {
                    let known = known(connection, &id).await?;
                    Ok((rows(connection, &id).await?, known))
                })
            })
            .await?;
        if let Some(Known { archived: Some(_), .. }) = known {
            return Err(Error::Journal(format!(
                "run {run} was moved out of this store: look into its archive"
            )));
        }
        chain::read(run, rows, known.map(|known| (known.length, known.head)))
    }

    /// The runs that pass the filter, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Error> {
        let filter = filter.clone();
        self.with(move |connection| {
            Box::pin(async move { runs::select(connection, &filter).await })
        })
        .await
    }

    /// The process that owns the store now, maybe this one; none, if nobody does.
    ///
    /// # Errors
    /// If the lock's file cannot be read.
    pub fn owner(&self) -> Result<Option<StoreOwner>, Error> {
        let path = self.folder.join(owner::FILE);
        owner::of(&self.folder).map_err(|error| Error::Io { path, source: error })
    }

    /// The runs of which some call may be in doubt.
    pub(crate) async fn runs_that_may_be_in_doubt(
        &self,
        account: Option<&str>,
        policy: Option<&str>,
    ) -> Result<Vec<RunSummary>, Error> {
        let (account, policy) = (account.map(str::to_owned), policy.map(str::to_owned));
        self.with(move |connection| {
            Box::pin(async move {
                runs::select_doubtful(connection, account.as_deref(), policy.as_deref()).await
            })
        })
        .await
    }

    /// How often this journal flushed entries to the disk.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.flushes.load(Ordering::Relaxed)
    }

    /// Copies the whole journal to a new file, while runs go on.
    ///
    /// # Errors
    /// If the file exists, or cannot be written.
    pub async fn back_up(&self, to: &Path) -> Result<(), Error> {
        // SQLite fills an empty file, and leaves to it who may read it.
        private::make(to).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                Error::Journal(format!("{} is there already", to.display()))
            }
            _ => Error::Io { path: to.to_owned(), source: error },
        })?;
        let to = to.to_string_lossy().into_owned();
        self.with(move |connection| {
            Box::pin(async move {
                sqlx::query("VACUUM INTO ?").bind(to).execute(connection).await.map(drop)
            })
        })
        .await
    }

    /// The run that was begun under a key.
    pub(crate) async fn keyed(
        &self,
        account: &str,
        policy: &str,
        key: &str,
    ) -> Result<Option<String>, Error> {
        let (account, policy, key) = (account.to_owned(), policy.to_owned(), key.to_owned());
        self.with(move |connection| {
            Box::pin(async move { writer::keyed(connection, &account, &policy, &key).await })
        })
        .await
    }

    /// The sealed one-time tokens of a run's open intents, by step.
    pub(crate) async fn sealed(&self, run: &str) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let run = run.to_owned();
        self.with(move |connection| {
            Box::pin(async move {
                let rows = sqlx::query("SELECT step, sealed FROM one_time_tokens WHERE run = ?")
                    .bind(run)
                    .fetch_all(connection)
                    .await?;
                let read = |row: &sqlx::sqlite::SqliteRow| {
                    Ok((row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get(1)?))
                };
                rows.iter().map(read).collect()
            })
        })
        .await
    }

    /// Which invoices have an open intent.
    pub(crate) fn claims(&self) -> &Arc<Claims> {
        &self.claims
    }

    /// What all runs of a policy for an account have used together.
    pub(crate) fn usage(&self, of: &Owner) -> SharedUsage {
        self.usages.of(of)
    }

    /// A run will write, until it drops this: others may wait a moment to share a flush with it.
    pub(crate) fn enter(&self) -> Writing {
        self.writers.enter()
    }

    /// Appends entries to one run's chain, and returns when they are on the disk.
    pub(crate) async fn append(&self, append: Append) -> Result<(), AppendError> {
        let (done, answer) = oneshot::channel();
        let closed = || AppendError::Failed(CLOSED.to_owned());
        self.writer.send(Request::Append { append, done }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Does something with the connection, in its turn.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(&'a mut SqliteConnection) -> BoxFuture<'a, sqlx::Result<T>>
        + Send
        + 'static,
    ) -> Result<T, Error> {
        let (done, answer) = oneshot::channel();
        let work = Request::Work(Box::new(move |connection| {
            Box::pin(async move {
                // Whoever asked may have gone.
                let _ = done.send(work(connection).await);
            })
        }));
        let closed = || Error::Journal(CLOSED.to_owned());
        self.writer.send(work).await.map_err(|_| closed())?;
        Ok(answer.await.map_err(|_| closed())??)
    }

    pub(super) async fn mark_restored(&self, now: u64) -> Result<(), Error> {
        for summary in self.runs(&RunFilter::unfinished()).await? {
            let mut chain = chain::Chain::after(summary.head);
            let entries = vec![chain.link(&Entry::Restored(Restored { at: now }))];
            let RunSummary { run, entries: first, .. } = summary;
            let (index, usage) = (Vec::new(), Vec::new());
            self.append(Append { run, first, entries, index, usage, sealed: None }).await?;
        }
        Ok(())
    }

    pub(super) async fn claim_open_intents(&self) -> Result<(), Error> {
        for status in ["unfinished", "unknown-outcome", "diverged"] {
            let filter = RunFilter { status: Some(status.into()), ..RunFilter::default() };
            for RunSummary { run, account, platform, archived, .. } in self.runs(&filter).await? {
                // A platform that ended with its process has no invoices any more.
                if archived.is_some() || platform.is_none() {
                    continue;
                }
                // A damaged run is told of when it is read; the others go on.
                let Ok(entries) = self.entries(&run).await else { continue };
                let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
                if projection.started.as_ref().is_some_and(Started::is_dry_run) {
                    continue;
                }
                let claimant = Claimant::new(&account, platform.as_deref());
                for open in projection.open() {
                    let objects = open.intent.objects();
                    let _ = self.claims.claim(&claimant, &objects, &run, open.intent.step);
                }
            }
        }
        Ok(())
    }
}

impl From<AppendError> for Error {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::KeyTaken(run) => Self::Journal(format!("run {run} has this key")),
            AppendError::Failed(reason) => Self::Journal(reason),
        }
    }
}

const CLOSED: &str = "its writer has stopped";

/// Opens a database for writing, and makes it if it is not there.
pub(super) async fn connect(file: &Path) -> Result<SqliteConnection, Error> {
    // What SQLite makes beside it, it makes as this one is. One that cannot be written it tells of.
    if !file.exists() {
        private::open(file).map_err(|error| Error::Io { path: file.to_owned(), source: error })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    Ok(options.connect().await?)
}

/// What the index knows of a run's chain.
struct Known {
    length: u64,
    head: Digest,
    archived: Option<i64>,
}

async fn known(connection: &mut SqliteConnection, run: &str) -> sqlx::Result<Option<Known>> {
    let row = sqlx::query("SELECT length, head, archived FROM runs WHERE run = ?")
        .bind(run)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        let head: Vec<u8> = row.try_get(1)?;
        Ok(Known {
            length: row.try_get::<i64, _>(0)?.unsigned_abs(),
            head: Digest(head.try_into().unwrap_or_default()),
            archived: row.try_get(2)?,
        })
    })
    .transpose()
}

pub(super) async fn rows(
    connection: &mut SqliteConnection,
    run: &str,
) -> sqlx::Result<Vec<StoredRow>> {
    let rows =
        sqlx::query("SELECT sequence, bytes, hash FROM entries WHERE run = ? ORDER BY sequence")
            .bind(run)
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| {
            let sequence: i64 = row.try_get(0)?;
            Ok((sequence.unsigned_abs(), row.try_get(1)?, row.try_get(2)?))
        })
        .collect()
}

async fn has_runs(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'runs')")
        .fetch_one(connection)
        .await
}
