//! Retention: what is old moves to an archive, which is a store of its own, or is dropped. The
//! index keeps each run's length and head, so that its archived chain can be proven later.

use std::{collections::BTreeSet, fs, io, os::unix::fs::MetadataExt as _, path::Path};

use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use super::{
    migrate, origin,
    owner::{self, Taking},
    store::{FILES, Journal, connect},
    writer::signed,
};
use crate::{error::Error, files::private};

/// What was moved or dropped.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct Archived {
    /// How many runs.
    pub runs: u64,
    /// How many entries.
    pub entries: u64,
    /// How many bytes of the disk came back.
    pub freed_bytes: u64,
    /// Why not all of them did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_freed: Option<String>,
}

/// Ended runs that wait for nobody.
const OLD: &str = "started < ? AND archived IS NULL AND status IN ('done', 'failed', 'refused')";

impl Journal {
    /// Makes an archive's folder. It is a store, for its user alone.
    pub(crate) async fn make_archive(&self, folder: &Path) -> Result<(), Error> {
        let io = |error| Error::Io { path: folder.to_owned(), source: error };
        private::make_folder(folder).map_err(io)?;
        if is_same(folder, self.folder()).map_err(io)? {
            return Err(Error::ArchiveIsStore(folder.to_owned()));
        }
        private::store_folder(folder, &FILES)?;
        let file = folder.join(super::FILE);
        let is_new = !file.exists();
        let mut archive = connect(&file).await?;
        migrate::make_tables(&mut archive).await?;
        // Of one that is there already, it is not for whoever adds to it to say that it is whole.
        if is_new {
            origin::open(&mut archive, folder).await?;
        }
        sqlx::Connection::close(archive).await?;
        Ok(())
    }

    /// Takes the entries of ended runs that began before a time out of this journal, in milliseconds
    /// since 1970; into the archive's folder, if one is given. Runs without an end, and such as wait
    /// for a person, stay.
    ///
    /// # Errors
    /// If the archive cannot be written, or is this journal's own folder; then nothing is taken out.
    pub async fn archive(
        &self,
        before: u64,
        to: Option<&Path>,
        now: u64,
    ) -> Result<Archived, Error> {
        if let Some(folder) = to {
            self.make_archive(folder).await?;
            // Nobody writes to it meanwhile.
            let _lock = owner::take(folder, now, Taking::default()).await?;
            let file = folder.join(super::FILE);
            let (name, before) = (file.to_string_lossy().into_owned(), signed(before));
            self.with(move |connection| {
                Box::pin(async move {
                    sqlx::query("ATTACH ? AS archive").bind(name).execute(&mut *connection).await?;
                    let copied = copy(connection, before).await;
                    sqlx::query("DETACH archive").execute(&mut *connection).await?;
                    copied
                })
            })
            .await?;
        }
        let (before, now) = (signed(before), signed(now));
        self.with(move |connection| {
            Box::pin(async move {
                let mut transaction = sqlx::Connection::begin(connection).await?;
                let removed = sqlx::query(AssertSqlSafe(format!(
                    "DELETE FROM entries WHERE run IN (SELECT run FROM runs WHERE {OLD})"
                )))
                .bind(before)
                .execute(&mut *transaction)
                .await?;
                let marked =
                    sqlx::query(AssertSqlSafe(format!("UPDATE runs SET archived = ? WHERE {OLD}")))
                        .bind(now)
                        .bind(before)
                        .execute(&mut *transaction)
                        .await?;
                transaction.commit().await?;
                Ok(Archived {
                    runs: marked.rows_affected(),
                    entries: removed.rows_affected(),
                    ..Archived::default()
                })
            })
        })
        .await
    }

    /// The policies and the components that a run in this journal may still be executed with.
    pub(crate) async fn kept(&self) -> Result<BTreeSet<String>, Error> {
        self.with(|connection| {
            Box::pin(async move {
                let rows =
                    sqlx::query("SELECT DISTINCT kept, component FROM runs WHERE archived IS NULL")
                        .fetch_all(connection)
                        .await?;
                let mut kept = BTreeSet::new();
                for row in rows {
                    kept.extend(row.try_get::<Option<String>, _>(0)?);
                    kept.insert(row.try_get(1)?);
                }
                Ok(kept)
            })
        })
        .await
    }
}

/// Are the two one folder, whatever they are called?
fn is_same(folder: &Path, other: &Path) -> io::Result<bool> {
    let which = |folder| fs::metadata(folder).map(|folder| (folder.dev(), folder.ino()));
    Ok(which(folder)? == which(other)?)
}

async fn copy(connection: &mut SqliteConnection, before: i64) -> sqlx::Result<()> {
    for table in ["entries", "invoices", "usage", "runs"] {
        sqlx::query(AssertSqlSafe(format!(
            "INSERT OR IGNORE INTO archive.{table} SELECT * FROM main.{table} WHERE run IN \
             (SELECT run FROM main.runs WHERE {OLD})"
        )))
        .bind(before)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
