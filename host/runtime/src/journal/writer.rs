//! The one task that writes: whatever waits for the disk at the same time shares one flush.

use std::{
    fs::File,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{Connection as _, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    Entry, Outcome, StateChange,
    high_water::{self, HighWater, Mark},
    origin,
    projection::Projection,
    runs::DIVERGED,
    state,
    store::AppendError,
};
use crate::{
    crypto::Digest,
    grant::{Amounts, Day},
};

/// How many requests wait for the disk at most; more wait for a place.
pub(super) const QUEUE: usize = 256;

/// Of the runs that go on, this part is waited for before a flush: the others are busy elsewhere
/// meanwhile, so a full house loses nothing by it.
const SHARE: usize = 4;
/// How long a flush waits for others to share it.
const PATIENCE: Duration = Duration::from_millis(10);

/// What the writer is asked.
pub(super) enum Request {
    Append {
        append: Append,
        done: oneshot::Sender<Result<(), AppendError>>,
    },
    /// Anything else that needs the connection, in its turn.
    Work(Work),
}

pub(super) type Work =
    Box<dyn for<'a> FnOnce(&'a mut SqliteConnection) -> BoxFuture<'a, ()> + Send>;

/// Entries for one run's chain, and what they mean for the index.
pub(crate) struct Append {
    pub run: String,
    /// The sequence number of the first.
    pub first: u64,
    /// Their bytes and hashes.
    pub entries: Vec<(Vec<u8>, Digest)>,
    pub index: Vec<Index>,
    /// What the run has used or reserved on the days that they change.
    pub usage: Vec<(Day, Amounts)>,
    /// The one-time token of an intent among them, by its step.
    pub sealed: Option<(u64, Vec<u8>)>,
}

/// What an entry means for the index.
pub(crate) enum Index {
    Begins(Box<Begin>),
    /// An intent names an invoice.
    Invoice(u64),
    /// It is known what came of the intent of this step.
    Known(u64),
    Ends {
        status: String,
        at: u64,
    },
    Status(String),
    /// It ended badly by its policy's own doing.
    PolicysFailure,
    /// It ended because of POD's trouble, and did nothing: its key is for another attempt.
    FreesKey,
    /// The policy stored something.
    State(StateChange),
}

/// A run's row.
pub(crate) struct Begin {
    pub(super) policy: String,
    pub(super) version: String,
    pub(super) account: String,
    pub(super) platform: Option<String>,
    pub(super) key: Option<String>,
    pub(super) kept: Option<String>,
    pub(super) component: String,
    pub(super) at: u64,
    pub(super) is_dry_run: bool,
}

impl Index {
    /// What an entry changes by what all entries up to it come to.
    pub(crate) fn of_sum(entry: &Entry, projection: &Projection) -> Vec<Self> {
        let mut changes = Vec::new();
        match entry {
            Entry::Settled(_) => {
                let status = projection.settled_status();
                changes.extend(status.map(|status| Self::Status(status.name().to_owned())));
            }
            Entry::Finished(_) => {
                changes.extend(projection.is_policys_failure().then_some(Self::PolicysFailure));
                changes.extend(projection.may_be_asked_again().then_some(Self::FreesKey));
            }
            _ => {}
        }
        changes
    }

    pub fn of(entry: &Entry) -> Option<Self> {
        Some(match entry {
            Entry::Started(started) => Self::Begins(Box::new(Begin {
                policy: started.policy.clone(),
                version: started.version.clone(),
                account: started.account.clone(),
                platform: started.platform.clone(),
                key: started.key.clone(),
                kept: started.kept.clone(),
                component: started.component.to_string(),
                at: started.at,
                is_dry_run: started.is_dry_run(),
            })),
            Entry::Intent(intent) => Self::Invoice(intent.invoice?),
            // Calls without an intent carry their arguments themselves.
            Entry::Outcome(Outcome { state: Some(change), .. }) => Self::State(change.clone()),
            Entry::Outcome(outcome) if outcome.is_known() && outcome.arguments.is_none() => {
                Self::Known(outcome.step)
            }
            Entry::Finished(finished) => {
                Self::Ends { status: finished.status.clone(), at: finished.at }
            }
            Entry::Diverged(_) => Self::Status(DIVERGED.to_owned()),
            Entry::Outcome(_)
            | Entry::Decided(_)
            | Entry::Restored(_)
            | Entry::Settled(_)
            | Entry::Looks(_) => return None,
        })
    }
}

/// The runs that write to a journal, as long as they go on.
#[derive(Clone, Default)]
pub(super) struct Writers(Arc<AtomicUsize>);

/// A run that writes to a journal.
pub(crate) struct Writing(Writers);

impl Writers {
    pub fn enter(&self) -> Writing {
        self.0.fetch_add(1, Ordering::Relaxed);
        Writing(self.clone())
    }

    /// How many appends a flush waits for.
    fn share(&self) -> usize {
        self.0.load(Ordering::Relaxed) / SHARE
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How far the journal has come, for its writer and for whoever accepts it.
#[derive(Clone, Default)]
pub(super) struct SharedMark(Arc<Mutex<Mark>>);

impl SharedMark {
    pub fn new(mark: Mark) -> Self {
        Self(Arc::new(Mutex::new(mark)))
    }

    /// Another one takes its place.
    pub fn set(&self, mark: Mark) {
        *self.mark() = mark;
    }

    /// How far it will have come with these. None: the journal is not trusted, and what is beside it
    /// stays as it is.
    fn next(&self, appends: &[Waiting]) -> Option<HighWater> {
        let mark = self.mark();
        mark.file.as_ref()?;
        let entries = appends.iter().flat_map(|(append, _)| &append.entries);
        let hashes: Vec<&[u8]> = entries.map(|(_, hash)| &hash.0[..]).collect();
        Some(mark.water.after(&hashes))
    }

    fn mark(&self) -> MutexGuard<'_, Mark> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Waiting = (Append, oneshot::Sender<Result<(), AppendError>>);

/// Writes until the last journal is dropped; then the lock goes, too.
pub(super) async fn write(
    mut connection: SqliteConnection,
    mut requests: mpsc::Receiver<Request>,
    flushes: Arc<AtomicU64>,
    writers: Writers,
    mark: SharedMark,
    _lock: Option<File>,
) {
    let mut received = Vec::new();
    while requests.recv_many(&mut received, QUEUE).await > 0 {
        let mut appends = Vec::new();
        let patience = Instant::now() + PATIENCE;
        loop {
            for request in received.drain(..) {
                match request {
                    Request::Append { append, done } => appends.push((append, done)),
                    Request::Work(work) => work(&mut connection).await,
                }
            }
            if appends.is_empty() || appends.len() >= writers.share() {
                break;
            }
            match timeout_at(patience, requests.recv_many(&mut received, QUEUE)).await {
                Ok(1..) => {}
                // Nobody came in time, or nobody will come.
                Ok(0) | Err(_) => break,
            }
        }
        if !appends.is_empty() {
            flush(&mut connection, appends, &flushes, &mark).await;
        }
    }
    let _ = connection.close().await;
}

async fn flush(
    connection: &mut SqliteConnection,
    appends: Vec<Waiting>,
    flushes: &AtomicU64,
    mark: &SharedMark,
) {
    let water = mark.next(&appends);
    let written = match (insert(connection, &appends, water).await, water) {
        (Ok(written), Some(water)) => {
            let raised = mark.mark().raise(water);
            raised.map(|()| written).map_err(|error| format!("{}: {error}", high_water::FILE))
        }
        (Ok(written), None) => Ok(written),
        (Err(error), _) => Err(error.to_string()),
    };
    flushes.fetch_add(1, Ordering::Relaxed);
    let mut taken = match &written {
        Ok(taken) => taken.iter(),
        Err(_) => [].iter(),
    };
    for (_, done) in appends {
        let answer = match (&written, taken.next()) {
            (Err(reason), _) => Err(AppendError::Failed(reason.clone())),
            (Ok(_), Some(Some(run))) => Err(AppendError::KeyTaken(run.clone())),
            (Ok(_), _) => Ok(()),
        };
        // Whoever asked may have gone: an answer that nobody takes is no failure.
        let _ = done.send(answer);
    }
}

/// Writes them all in one transaction. Of each that is left out: the run that has its key.
async fn insert(
    connection: &mut SqliteConnection,
    appends: &[Waiting],
    water: Option<HighWater>,
) -> sqlx::Result<Vec<Option<String>>> {
    let mut transaction = connection.begin().await?;
    let mut taken = Vec::with_capacity(appends.len());
    for (append, _) in appends {
        let run = append.run.as_str();
        let holder = key_holder(&mut transaction, &append.index).await?;
        if holder.is_some() {
            taken.push(holder);
            continue;
        }
        taken.push(None);
        for ((bytes, hash), sequence) in append.entries.iter().zip(append.first..) {
            sqlx::query("INSERT INTO entries (run, sequence, bytes, hash) VALUES (?, ?, ?, ?)")
                .bind(run)
                .bind(signed(sequence))
                .bind(bytes.as_slice())
                .bind(hash.0.as_slice())
                .execute(&mut *transaction)
                .await?;
        }
        let head = append.entries.last().map_or([0; 32], |(_, hash)| hash.0);
        let length = signed(append.first + append.entries.len() as u64);
        index(&mut transaction, run, &append.index, length, head).await?;
        if !append.index.iter().any(|change| matches!(change, Index::Begins(_))) {
            sqlx::query("UPDATE runs SET length = ?, head = ? WHERE run = ?")
                .bind(length)
                .bind(head.as_slice())
                .bind(run)
                .execute(&mut *transaction)
                .await?;
        }
        for (day, used) in &append.usage {
            use_on(&mut transaction, run, *day, *used).await?;
        }
        if let Some((step, sealed)) = &append.sealed {
            sqlx::query(
                "INSERT OR REPLACE INTO one_time_tokens (run, step, sealed) VALUES (?, ?, ?)",
            )
            .bind(run)
            .bind(signed(*step))
            .bind(sealed.as_slice())
            .execute(&mut *transaction)
            .await?;
        }
    }
    if let Some(water) = water {
        origin::raise(&mut transaction, water).await?;
    }
    transaction.commit().await?;
    Ok(taken)
}

/// Notes what a run has used or reserved on a day.
pub(super) async fn use_on(
    connection: &mut SqliteConnection,
    run: &str,
    day: Day,
    used: Amounts,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT OR REPLACE INTO usage (run, day, rials, calls, bytes_up, bytes_down, http_calls, \
         sms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(run)
    .bind(day)
    .bind(signed(used.rials))
    .bind(signed(used.calls))
    .bind(signed(used.bytes_up))
    .bind(signed(used.bytes_down))
    .bind(signed(used.http_calls))
    .bind(signed(used.sms))
    .execute(connection)
    .await
    .map(drop)
}

/// The run that has the key under which one is to begin.
async fn key_holder(
    connection: &mut SqliteConnection,
    index: &[Index],
) -> sqlx::Result<Option<String>> {
    for change in index {
        if let Index::Begins(begin) = change
            && let Some(key) = &begin.key
        {
            return keyed(connection, &begin.account, &begin.policy, key).await;
        }
    }
    Ok(None)
}

/// The run that was begun under a key.
pub(super) async fn keyed(
    connection: &mut SqliteConnection,
    account: &str,
    policy: &str,
    key: &str,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT run FROM runs WHERE account = ? AND policy = ? AND key = ?")
        .bind(account)
        .bind(policy)
        .bind(key)
        .fetch_optional(connection)
        .await
}

pub(super) async fn index(
    connection: &mut SqliteConnection,
    run: &str,
    changes: &[Index],
    length: i64,
    head: [u8; 32],
) -> sqlx::Result<()> {
    for change in changes {
        let query = match change {
            Index::Begins(begin) => sqlx::query(
                "INSERT INTO runs (run, policy, version, account, platform, key, kept, \
                 component, started, length, head, dry_run) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(run)
            .bind(&begin.policy)
            .bind(&begin.version)
            .bind(&begin.account)
            .bind(&begin.platform)
            .bind(&begin.key)
            .bind(&begin.kept)
            .bind(&begin.component)
            .bind(signed(begin.at))
            .bind(length)
            .bind(head.to_vec())
            .bind(begin.is_dry_run),
            Index::Invoice(invoice) => {
                sqlx::query("INSERT OR IGNORE INTO invoices (invoice, run) VALUES (?, ?)")
                    .bind(signed(*invoice))
                    .bind(run)
            }
            Index::Known(step) => {
                sqlx::query("DELETE FROM one_time_tokens WHERE run = ? AND step = ?")
                    .bind(run)
                    .bind(signed(*step))
            }
            Index::Ends { status, at } => {
                sqlx::query("UPDATE runs SET status = ?, ended = ? WHERE run = ?")
                    .bind(status)
                    .bind(signed(*at))
                    .bind(run)
            }
            Index::State(StateChange { key, value }) => {
                state::store(connection, run, key, value.as_deref()).await?;
                continue;
            }
            Index::Status(status) => {
                sqlx::query("UPDATE runs SET status = ? WHERE run = ?").bind(status).bind(run)
            }
            Index::PolicysFailure => {
                sqlx::query("UPDATE runs SET policys_failure = 1 WHERE run = ?").bind(run)
            }
            Index::FreesKey => sqlx::query("UPDATE runs SET key = NULL WHERE run = ?").bind(run),
        };
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// SQLite's integers are signed.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
