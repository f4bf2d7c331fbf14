//! Journals of older versions are brought up to what this one goes by, once.

use sqlx::SqliteConnection;

use super::{
    chain,
    store::rows,
    writer::{self, Index, signed},
};
use crate::Error;

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

/// Journals of older versions do not say of a run whether it was a dry one.
async fn add_what_is_newer(connection: &mut SqliteConnection) -> Result<(), Error> {
    let has_it: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pragma_table_info('runs') WHERE name = 'dry_run')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !has_it {
        sqlx::query("ALTER TABLE runs ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0")
            .execute(connection)
            .await?;
    }
    Ok(())
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
        let index: Vec<Index> =
            entries.iter().filter_map(|stored| Index::of(&stored.entry)).collect();
        let length = signed(entries.len() as u64);
        writer::index(connection, &run, &index, length, last.hash.0).await?;
    }
    Ok(())
}
