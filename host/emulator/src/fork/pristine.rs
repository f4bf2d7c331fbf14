//! Things as they were when the real platform showed them: what tells what has changed here, and what
//! was in a list before.

use sqlx::{AssertSqlSafe, SqliteConnection, query, query_scalar, raw_sql};

use super::FIRST_ID;
use crate::record;

/// The tables of things that the real platform shows and calls change.
pub(super) const TABLES: [&str; 4] = ["invoices", "service_bills", "loans", "installments"];

/// Makes a new platform's tables those of a fork. A change's version is higher than those before it. The
/// triggers delete before they insert: within a trigger, what an upsert does on a conflict counts, and
/// not `OR REPLACE`.
pub(crate) async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for table in TABLES {
        let sql = format!(
            "CREATE TABLE pristine_{table} AS SELECT * FROM {table} WHERE 0;
             CREATE UNIQUE INDEX pristine_{table}_id ON pristine_{table} (id);
             CREATE TABLE changed_{table} (id INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
             CREATE TRIGGER {table}_made AFTER INSERT ON {table} BEGIN
                 DELETE FROM changed_{table} WHERE id = NEW.id;
                 INSERT INTO changed_{table} VALUES (NEW.id, total_changes());
             END;
             CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} BEGIN
                 DELETE FROM changed_{table} WHERE id = NEW.id;
                 INSERT INTO changed_{table} VALUES (NEW.id, total_changes());
             END"
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
    for sql in [
        format!("INSERT OR REPLACE INTO pristine_{table} SELECT * FROM {table} WHERE id = ?"),
        format!("DELETE FROM changed_{table} WHERE id = ?"),
    ] {
        query(AssertSqlSafe(sql)).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Is a thing not as the real platform shows it: changed, or made here?
pub(super) async fn has_changed(
    connection: &mut SqliteConnection,
    table: &'static str,
    id: i64,
) -> Result<bool, sqlx::Error> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM changed_{table} WHERE id = ?)");
    query_scalar(AssertSqlSafe(sql)).bind(id).fetch_one(connection).await
}

/// Puts some things, by their ids as JSON, back to what the real platform showed; within a transaction
/// that is then rolled back.
pub(super) async fn restore(
    connection: &mut SqliteConnection,
    table: &'static str,
    ids: &str,
) -> Result<(), sqlx::Error> {
    query("PRAGMA defer_foreign_keys = ON").execute(&mut *connection).await?;
    let these = "WHERE id IN (SELECT value FROM json_each(?))";
    for sql in [
        format!("DELETE FROM {table} {these}"),
        format!("INSERT INTO {table} SELECT * FROM pristine_{table} {these}"),
    ] {
        query(AssertSqlSafe(sql)).bind(ids).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Likewise everything.
pub(super) async fn restore_all(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for table in TABLES {
        let sql = format!("SELECT json_group_array(id) FROM changed_{table}");
        let ids: String = query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await?;
        restore(connection, table, &ids).await?;
    }
    Ok(())
}
