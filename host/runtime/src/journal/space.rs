//! The room that a journal takes on the disk, and how what is free in it is given back.

use std::{fs, path::Path};

use sqlx::{Row as _, SqliteConnection};

use super::store::{FILE, Journal};
use crate::error::Error;

/// What a database made by us frees pages with: see SQLite's `auto_vacuum`.
const INCREMENTAL: i64 = 2;

impl Journal {
    /// How many bytes the database takes, with what is on its way into it.
    pub(crate) fn bytes(&self) -> u64 {
        bytes(self.folder())
    }

    /// Gives free room back to the disk. The answer says why not all of it could be.
    ///
    /// A database that was made by a version before has to be written anew for that, which takes as
    /// much room again for a while; others give back page by page.
    ///
    /// # Errors
    /// If the database cannot be used.
    pub(crate) async fn give_back(&self) -> Result<Option<String>, Error> {
        self.with(|connection| {
            Box::pin(async move {
                // What is in the log takes room twice.
                let _ = checkpoint(connection).await?;
                let mode: i64 =
                    sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut *connection).await?;
                let freed = match mode {
                    INCREMENTAL => sqlx::raw_sql("PRAGMA incremental_vacuum"),
                    _ => sqlx::raw_sql("PRAGMA auto_vacuum = INCREMENTAL; VACUUM"),
                };
                let freed = freed.execute(&mut *connection).await;
                let is_read = checkpoint(connection).await?;
                Ok(match freed {
                    Err(error) => Some(format!(
                        "what is free in the journal could not be given back, which takes some room \
                         for a while: {error}; it is used for what comes next"
                    )),
                    Ok(_) if is_read => Some(
                        "somebody is reading the journal: the rest comes back when it is closed"
                            .to_owned(),
                    ),
                    Ok(_) => None,
                })
            })
        })
        .await
    }
}

/// Moves the log into the database, and cuts it off. Does a reader keep it from that?
async fn checkpoint(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>(0)? != 0)
}

fn bytes(folder: &Path) -> u64 {
    let length = |name: String| fs::metadata(folder.join(name)).map_or(0, |about| about.len());
    length(FILE.to_owned()) + length(format!("{FILE}-wal"))
}
