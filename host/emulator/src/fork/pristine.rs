//! Things as they were when the real platform showed them: what tells what has changed here, and what
//! was in a list before.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, SqliteConnection, query, query_scalar, raw_sql};

use super::FIRST_ID;
use crate::record;

/// The tables of things that the real platform shows and calls change.
pub(super) const TABLES: [&str; 4] = ["invoices", "service_bills", "loans", "installments"];

/// Makes a new platform's tables those of a fork.
pub(crate) async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for table in TABLES {
        let sql = format!(
            "CREATE TABLE pristine_{table} AS SELECT * FROM {table} WHERE 0;
             CREATE UNIQUE INDEX pristine_{table}_id ON pristine_{table} (id)"
        );
        raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    // The real platform has the files.
    query("DELETE FROM files").execute(&mut *connection).await?;
    query("INSERT INTO settings (name, value) VALUES (?, ?)")
        .bind(record::FIRST_ID)
        .bind(FIRST_ID.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// A row stands as the real platform shows it.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    table: &'static str,
    id: i64,
) -> Result<(), sqlx::Error> {
    let sql = format!("INSERT OR REPLACE INTO pristine_{table} SELECT * FROM {table} WHERE id = ?");
    query(AssertSqlSafe(sql)).bind(id).execute(connection).await?;
    Ok(())
}

/// The things that are not as the real platform shows them: changed, or made here.
pub(super) async fn changed(
    connection: &mut SqliteConnection,
    table: &'static str,
) -> Result<HashSet<i64>, sqlx::Error> {
    let sql =
        format!("SELECT id FROM (SELECT * FROM {table} EXCEPT SELECT * FROM pristine_{table})");
    let ids: Vec<i64> = query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await?;
    Ok(ids.into_iter().collect())
}

/// Is this one of them?
pub(super) async fn has_changed(
    connection: &mut SqliteConnection,
    table: &'static str,
    id: i64,
) -> Result<bool, sqlx::Error> {
    let sql = format!(
        "SELECT EXISTS (SELECT * FROM {table} WHERE id = ?1
                        EXCEPT SELECT * FROM pristine_{table} WHERE id = ?1)"
    );
    query_scalar(AssertSqlSafe(sql)).bind(id).fetch_one(connection).await
}

/// Puts everything back to what the real platform showed; within a transaction that is then rolled
/// back.
pub(super) async fn restore(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    query("PRAGMA defer_foreign_keys = ON").execute(&mut *connection).await?;
    for table in TABLES {
        let sql =
            format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM pristine_{table}");
        raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    Ok(())
}
