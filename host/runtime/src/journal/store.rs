//! The journal's SQLite database. One process owns it, one task writes to it: whatever waits for
//! the disk at the same time shares one flush.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};

use super::{Entry, decode, encode};
use crate::{Digest, Error};

/// How many requests wait for the disk at most; more wait for a place.
const QUEUE: usize = 256;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        run      TEXT    NOT NULL,
        sequence INTEGER NOT NULL,
        bytes    BLOB    NOT NULL,
        hash     BLOB    NOT NULL,
        PRIMARY KEY (run, sequence)
    ) STRICT, WITHOUT ROWID";

/// The journal of all runs in one store. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    writer: mpsc::Sender<Request>,
}

enum Request {
    Append { rows: Vec<NewRow>, done: oneshot::Sender<Result<(), String>> },
    Read { run: String, done: oneshot::Sender<Result<Vec<StoredRow>, String>> },
    Runs { done: oneshot::Sender<Result<Vec<String>, String>> },
}

struct NewRow {
    run: String,
    sequence: u64,
    bytes: Vec<u8>,
    hash: Digest,
}

type StoredRow = (u64, Vec<u8>, Vec<u8>);

/// An entry as it is stored.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// Its place in the run, from 0.
    pub sequence: u64,
    /// The hash of the entry before it, and of itself.
    pub hash: Digest,
    /// The entry.
    pub entry: Entry,
}

impl Journal {
    /// Opens the journal in `folder`, and takes the store for this process.
    ///
    /// # Errors
    /// [`Error::StoreInUse`] if another process owns it; it is not touched then.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        let io = |error| Error::Io { path: folder.to_owned(), error };
        tokio::fs::create_dir_all(folder).await.map_err(io)?;
        let lock = File::create(folder.join("lock")).map_err(io)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::StoreInUse(folder.to_owned()),
            TryLockError::Error(error) => io(error),
        })?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("journal.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let opened = async {
            let mut connection = options.connect().await?;
            sqlx::query(SCHEMA).execute(&mut connection).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        let connection = opened.await.map_err(|error| Error::Journal(error.to_string()))?;
        let (writer, requests) = mpsc::channel(QUEUE);
        tokio::spawn(write(connection, requests, lock));
        Ok(Self { writer })
    }

    /// Reads a run's entries, and checks their chain.
    ///
    /// # Errors
    /// If an entry is damaged or missing, or the chain is broken.
    pub async fn entries(&self, run: &str) -> Result<Vec<StoredEntry>, Error> {
        let (done, answer) = oneshot::channel();
        self.send(Request::Read { run: run.to_owned(), done }).await?;
        let rows = answer.await.map_err(|_| closed())?.map_err(Error::Journal)?;
        let mut chain = Chain::default();
        let mut entries = Vec::with_capacity(rows.len());
        for (sequence, bytes, hash) in rows {
            let broken =
                |what: String| Error::Journal(format!("run {run}, entry {sequence}: {what}"));
            let expected = chain.next(&bytes);
            if sequence != entries.len() as u64 || hash != expected.0 {
                return Err(broken("the chain of hashes is broken".into()));
            }
            let entry = decode(&bytes).map_err(|error| broken(error.to_string()))?;
            entries.push(StoredEntry { sequence, hash: expected, entry });
        }
        Ok(entries)
    }

    /// The ids of all runs, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn runs(&self) -> Result<Vec<String>, Error> {
        let (done, answer) = oneshot::channel();
        self.send(Request::Runs { done }).await?;
        answer.await.map_err(|_| closed())?.map_err(Error::Journal)
    }

    /// Appends entries to one run's chain, and returns when they are on the disk.
    pub(crate) async fn append(
        &self,
        run: &str,
        first: u64,
        entries: Vec<(Vec<u8>, Digest)>,
    ) -> Result<(), Error> {
        let rows = entries
            .into_iter()
            .zip(first..)
            .map(|((bytes, hash), sequence)| NewRow { run: run.to_owned(), sequence, bytes, hash })
            .collect();
        let (done, answer) = oneshot::channel();
        self.send(Request::Append { rows, done }).await?;
        answer.await.map_err(|_| closed())?.map_err(Error::Journal)
    }

    async fn send(&self, request: Request) -> Result<(), Error> {
        self.writer.send(request).await.map_err(|_| closed())
    }
}

fn closed() -> Error {
    Error::Journal("its writer has stopped".into())
}

/// The hashes of one run's entries, each over the one before and the entry's bytes.
#[derive(Clone, Debug)]
pub struct Chain {
    head: Digest,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Digest([0; 32]) }
    }
}

impl Chain {
    /// The hash of the next entry.
    pub fn next(&mut self, bytes: &[u8]) -> Digest {
        self.head = Digest::of(&[&self.head.0, bytes]);
        self.head
    }

    /// The hash of the last entry.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.head
    }

    pub(crate) fn link(&mut self, entry: &Entry) -> (Vec<u8>, Digest) {
        let bytes = encode(entry);
        let hash = self.next(&bytes);
        (bytes, hash)
    }
}

/// Writes until the last [`Journal`] is dropped; then the lock goes, too.
async fn write(
    mut connection: SqliteConnection,
    mut requests: mpsc::Receiver<Request>,
    _lock: File,
) {
    let mut waiting = Vec::new();
    while requests.recv_many(&mut waiting, QUEUE).await > 0 {
        let mut appends = Vec::new();
        let mut reads = Vec::new();
        for request in waiting.drain(..) {
            match request {
                Request::Append { rows, done } => appends.push((rows, done)),
                read => reads.push(read),
            }
        }
        if !appends.is_empty() {
            let rows = appends.iter().flat_map(|(rows, _)| rows);
            let written = insert(&mut connection, rows).await.map_err(|error| error.to_string());
            for (_, done) in appends {
                let _ = done.send(written.clone());
            }
        }
        // Whoever asked may have gone: an answer that nobody takes is no failure.
        for read in reads {
            let text = |error: sqlx::Error| error.to_string();
            match read {
                Request::Read { run, done } => {
                    let _ = done.send(select(&mut connection, &run).await.map_err(text));
                }
                Request::Runs { done } => {
                    let _ = done.send(runs(&mut connection).await.map_err(text));
                }
                Request::Append { .. } => unreachable!("appends are written before"),
            }
        }
    }
    let _ = connection.close().await;
}

async fn insert<'a>(
    connection: &mut SqliteConnection,
    rows: impl Iterator<Item = &'a NewRow>,
) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    for row in rows {
        sqlx::query("INSERT INTO entries (run, sequence, bytes, hash) VALUES (?, ?, ?, ?)")
            .bind(&row.run)
            .bind(i64::try_from(row.sequence).unwrap_or(i64::MAX))
            .bind(row.bytes.as_slice())
            .bind(row.hash.0.as_slice())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

async fn select(connection: &mut SqliteConnection, run: &str) -> sqlx::Result<Vec<StoredRow>> {
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

/// Run ids are UUIDs of version 7: their order is that of their beginnings.
async fn runs(connection: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT DISTINCT run FROM entries ORDER BY run").fetch_all(connection).await
}
