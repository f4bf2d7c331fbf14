//! Journals of older versions are brought up to what this one goes by, once.

use sqlx::SqliteConnection;

use super::{
    chain,
    projection::Projection,
    store::rows,
    writer::{self, Index, signed},
};
use crate::error::Error;

const SCHEMA: &str = include_str!("schema.sql");

/// What a database is marked with that needs nothing any more.
const VERSION: i64 = 1;

/// Makes the tables that are missing.
pub(super) async fn make_tables(connection: &mut SqliteConnection) -> Result<(), Error> {
    let version: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *connection).await?;
    if version < VERSION {
        add_what_is_newer(connection).await?;
        index_what_is_not(connection).await?;
        sqlx::raw_sql("PRAGMA user_version = 1").execute(connection).await?;
    }
    Ok(())
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
            if Projection::of(entries.iter().map(|stored| &stored.entry)).is_policys_failure() {
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
        let mut projection = Projection::default();
        let mut index = Vec::new();
        for stored in &entries {
            projection.add(&stored.entry);
            index.extend(Index::of(&stored.entry));
            index.extend(Index::of_sum(&stored.entry, &projection));
        }
        let length = signed(entries.len() as u64);
        writer::index(connection, &run, &index, length, last.hash.0).await?;
    }
    Ok(())
}
