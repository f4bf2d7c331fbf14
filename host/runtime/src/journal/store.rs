//! The journal's SQLite database. One process owns it; others may read.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Claimant, Claims, RunFilter, RunSummary,
    chain::{self, StoredEntry, StoredRow},
    entry::{Entry, Restored, Started},
    origin,
    owner::{self, Taking},
    runs, state,
    usage::{Owner, SharedUsage, Usages},
    writer::{self, Append, Index, QUEUE, Request, Writers, Writing, signed},
};
use crate::{Digest, Error, fold::Fold};

pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// The database's file in the store's folder.
pub(crate) const FILE: &str = "journal.sqlite";

/// The journal of all runs in one store. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    writer: mpsc::Sender<Request>,
    flushes: Arc<AtomicU64>,
    writers: Writers,
    claims: Arc<Claims>,
    usages: Arc<Usages>,
}

/// Why entries were not written.
#[derive(Clone, Debug)]
pub(crate) enum AppendError {
    /// Another run was begun under the key.
    KeyTaken(String),
    Failed(String),
}

impl Journal {
    /// Opens the journal in `folder`, and takes the store for this process. If the journal is an
    /// older copy of what was written last, each unfinished run in it is marked so (see
    /// [`Entry::Restored`]), with the time `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Error::StoreInUse`] if another process owns it; nothing of it is touched then.
    pub async fn open(folder: &Path, now: u64) -> Result<Self, Error> {
        Self::take(folder, now, Taking::default()).await
    }

    /// Like [`Journal::open`], and waits for a process that owns the store.
    pub(crate) async fn take(folder: &Path, now: u64, taking: Taking<'_>) -> Result<Self, Error> {
        let io = |error| Error::Io { path: folder.to_owned(), error };
        tokio::fs::create_dir_all(folder).await.map_err(io)?;
        let lock = owner::take(folder, now, taking).await?;
        let file = folder.join(FILE);
        let mut connection = connect(&file).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        add_what_is_newer(&mut connection).await?;
        state::forget_unnamed(&mut connection).await?;
        index_what_is_not(&mut connection).await?;
        let restored = origin::open(&mut connection, folder, &file).await?;
        let usages = Usages::default();
        usages.read(&mut connection).await?;
        let journal = Self::start(connection, Some(lock), usages);
        if restored {
            journal.mark_restored(now).await?;
        }
        journal.claim_open_intents().await?;
        Ok(journal)
    }

    /// Opens the journal in `folder` to read it, whoever owns the store.
    ///
    /// # Errors
    /// [`Error::NoStore`] if there is none.
    pub async fn read_only(folder: &Path) -> Result<Self, Error> {
        let file = folder.join(FILE);
        if !file.is_file() {
            return Err(Error::NoStore(folder.to_owned()));
        }
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .read_only(true)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        Ok(Self::start(options.connect().await?, None, Usages::default()))
    }

    fn start(connection: SqliteConnection, lock: Option<File>, usages: Usages) -> Self {
        let (writer, requests) = mpsc::channel(QUEUE);
        let flushes = Arc::<AtomicU64>::default();
        let writers = Writers::default();
        tokio::spawn(writer::write(connection, requests, flushes.clone(), writers.clone(), lock));
        Self { writer, flushes, writers, claims: Arc::default(), usages: Arc::new(usages) }
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
                "run {run} was moved out of this store: look into its archive (--store ARCHIVE)"
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
        if to.exists() {
            return Err(Error::Journal(format!("{} is there already", to.display())));
        }
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
    pub(crate) fn claims(&self) -> &Claims {
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

    async fn mark_restored(&self, now: u64) -> Result<(), Error> {
        for summary in self.runs(&RunFilter::unfinished()).await? {
            let mut chain = chain::Chain::after(summary.head);
            let entries = vec![chain.link(&Entry::Restored(Restored { at: now }))];
            let RunSummary { run, entries: first, .. } = summary;
            let (index, usage) = (Vec::new(), Vec::new());
            self.append(Append { run, first, entries, index, usage, sealed: None }).await?;
        }
        Ok(())
    }

    async fn claim_open_intents(&self) -> Result<(), Error> {
        for status in ["unfinished", "unknown-outcome", "diverged"] {
            let filter = RunFilter { status: Some(status.into()), ..RunFilter::default() };
            for RunSummary { run, account, platform, archived, .. } in self.runs(&filter).await? {
                // A platform that ended with its process has no invoices any more.
                if archived.is_some() || platform.is_none() {
                    continue;
                }
                // A damaged run is told of when it is read; the others go on.
                let Ok(entries) = self.entries(&run).await else { continue };
                let fold = Fold::of(entries.iter().map(|stored| &stored.entry));
                if fold.started.as_ref().is_some_and(Started::is_dry_run) {
                    continue;
                }
                let claimant = Claimant::new(&account, platform.as_deref());
                for open in fold.open() {
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
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
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

async fn rows(connection: &mut SqliteConnection, run: &str) -> sqlx::Result<Vec<StoredRow>> {
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

/// The index in journals of older versions does not say of a run whether it was a dry one, nor whether
/// its policy was at fault.
async fn add_what_is_newer(connection: &mut SqliteConnection) -> Result<(), Error> {
    add_column(connection, "dry_run").await?;
    if add_column(connection, "policys_failure").await? {
        let failed: Vec<String> =
            sqlx::query_scalar("SELECT run FROM runs WHERE status IN ('failed', 'refused')")
                .fetch_all(&mut *connection)
                .await?;
        for run in failed {
            // A damaged one is told of when it is read.
            let Ok(entries) = chain::read(&run, rows(connection, &run).await?, None) else {
                continue;
            };
            if Fold::of(entries.iter().map(|stored| &stored.entry)).is_policys_failure() {
                sqlx::query("UPDATE runs SET policys_failure = 1 WHERE run = ?")
                    .bind(run)
                    .execute(&mut *connection)
                    .await?;
            }
        }
    }
    Ok(())
}

/// Adds a column of what is so or not, if it is missing. Was it?
async fn add_column(connection: &mut SqliteConnection, name: &'static str) -> sqlx::Result<bool> {
    let has_it: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pragma_table_info('runs') WHERE name = ?)",
    )
    .bind(name)
    .fetch_one(&mut *connection)
    .await?;
    if !has_it {
        let add = format!("ALTER TABLE runs ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0");
        sqlx::raw_sql(sqlx::AssertSqlSafe(add)).execute(connection).await?;
    }
    Ok(!has_it)
}

/// Journals of older versions have no index.
async fn index_what_is_not(connection: &mut SqliteConnection) -> Result<(), Error> {
    let missing: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT run FROM entries WHERE run NOT IN (SELECT run FROM runs)",
    )
    .fetch_all(&mut *connection)
    .await?;
    for run in missing {
        let rows = rows(connection, &run).await?;
        let entries = chain::read(&run, rows, None)?;
        let Some(last) = entries.last() else { continue };
        let mut index: Vec<Index> =
            entries.iter().filter_map(|stored| Index::of(&stored.entry)).collect();
        if Fold::of(entries.iter().map(|stored| &stored.entry)).is_policys_failure() {
            index.push(Index::PolicysFailure);
        }
        let length = signed(entries.len() as u64);
        writer::index(connection, &run, &index, length, last.hash.0).await?;
    }
    Ok(())
}
