//! The database: one connection, owned by this process alone.
//!
//! SQLite writes one transaction at a time in any case, so a second connection would only add
//! waiting; and with one, a call's reads and writes are never interleaved with another's.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, Row as _, SqliteConnection, query, query_scalar, raw_sql,
    sqlite::{SqliteConnectOptions, SqliteLockingMode, SqliteSynchronous},
};

use crate::{Error, faults::Injector};

const APPLICATION: i64 = 0x504F_4453;
const VERSION: i64 = 6;

/// How many call numbers are reserved by one write.
const BLOCK: i64 = 4096;

/// The database, and the call numbers that this process has reserved.
pub(crate) struct Store {
    pub(crate) connection: SqliteConnection,
    /// When something is [due](crate::due) next.
    pub(crate) next_due: Option<i64>,
    /// What goes wrong with calls.
    pub(crate) faults: Injector,
    next: i64,
    end: i64,
}

impl Store {
    /// Opens `file`, or a database in memory. True if it is new and wants to be filled.
    pub(crate) async fn open(file: Option<&Path>) -> Result<(Self, bool), Error> {
        let options = match file {
            None => SqliteConnectOptions::new().in_memory(true),
            // A committed call survives a power cut, and nobody else opens the file meanwhile: a
            // moment is enough for a process that is just ending to let go of it.
            Some(file) => SqliteConnectOptions::new()
                .filename(file)
                .create_if_missing(true)
                .locking_mode(SqliteLockingMode::Exclusive)
                .busy_timeout(Duration::from_secs(1))
                .synchronous(SqliteSynchronous::Full),
        };
        let name = || file.map_or_else(|| "memory".to_owned(), |file| file.display().to_string());
        let cannot_open = |source| Error::Open { file: name(), source };
        let mut connection = options.row_buffer_size(1024).connect().await.map_err(cannot_open)?;
        let row = query(
            "SELECT (SELECT application_id FROM pragma_application_id),
                    (SELECT user_version FROM pragma_user_version),
                    (SELECT COUNT(*) FROM sqlite_schema)",
        )
        .fetch_one(&mut connection)
        .await
        .map_err(cannot_open)?;
        let new = match (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?) {
            (0_i64, 0_i64, 0_i64) => true,
            (APPLICATION, VERSION, _) => false,
            (APPLICATION, version, _) => {
                return Err(Error::Version { file: name(), version });
            }
            _ => return Err(Error::Foreign { file: name() }),
        };
        if file.is_some() {
            // Kept in the file, therefore not before it is known to be ours.
            query("PRAGMA journal_mode = WAL")
                .execute(&mut connection)
                .await
                .map_err(cannot_open)?;
        }
        let faults = Injector::default();
        let store = Self { connection, next_due: None, faults, next: 0, end: 0 };
        Ok((store, new))
    }

    /// The number of the next call. Numbers always rise; after a restart they go on with the next
    /// block, so that a call that only reads writes nothing.
    pub(crate) async fn next_number(&mut self) -> Result<i64, sqlx::Error> {
        if self.next == self.end {
            let end: i64 = query_scalar("UPDATE call_numbers SET next = next + ? RETURNING next")
                .bind(BLOCK)
                .fetch_one(&mut self.connection)
                .await?;
            self.next = end - BLOCK;
            self.end = end;
        }
        let number = self.next;
        self.next += 1;
        Ok(number)
    }

    pub(crate) async fn setting(&mut self, name: &str) -> Result<Option<String>, sqlx::Error> {
        query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(name)
            .fetch_optional(&mut self.connection)
            .await
    }

    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        self.connection.close().await
    }
}

/// Makes the tables. Within the transaction that fills them, so that a file has all or nothing.
pub(crate) async fn create(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    raw_sql(include_str!("schema.sql")).execute(connection).await?;
    Ok(())
}
