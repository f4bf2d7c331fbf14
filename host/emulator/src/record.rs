//! Rows that are read and written as a whole.

use sqlx::{AssertSqlSafe, SqliteConnection, query_scalar};

/// Makes a struct of a table's columns, and how its rows are found, read and written, from one
/// list.
macro_rules! record {
    ($(#[$about:meta])* $name:ident in $table:literal: $($column:ident: $type:ty,)*) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default)]
        pub(crate) struct $name {
            $(pub(crate) $column: $type,)*
        }

        impl $name {
            /// The row with this id.
            pub(crate) async fn find(
                connection: &mut sqlx::SqliteConnection,
                id: u64,
            ) -> Result<Option<Self>, sqlx::Error> {
                // An id that the database cannot hold is nobody's.
                let Ok(id) = i64::try_from(id) else {
                    return Ok(None);
                };
                sqlx::query(concat!("SELECT * FROM ", $table, " WHERE id = ?"))
                    .bind(id)
                    .fetch_optional(connection)
                    .await?
                    .map(|row| Self::read(&row))
                    .transpose()
            }

            /// Reads a row of all columns.
            pub(crate) fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($column: sqlx::Row::try_get(row, stringify!($column))?,)* })
            }

            /// Writes the row, new or changed.
            pub(crate) async fn save(
                &self,
                connection: &mut sqlx::SqliteConnection,
            ) -> Result<(), sqlx::Error> {
                static UPSERT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
                    $crate::record::upsert($table, &[$(stringify!($column)),*])
                });
                sqlx::query(sqlx::AssertSqlSafe(UPSERT.as_str()))
                    $(.bind(&self.$column))*
                    .execute(connection)
                    .await?;
                Ok(())
            }
        }
    };
}
pub(crate) use record;

/// The setting with the first id that is given out here: a fork's are above the real platform's.
pub(crate) const FIRST_ID: &str = "firstId";

/// The id of a table's next new row.
pub(crate) async fn next_id(
    connection: &mut SqliteConnection,
    table: &'static str,
) -> Result<i64, sqlx::Error> {
    let next = format!(
        "SELECT MAX(COALESCE(MAX(id), 0), COALESCE(\
         (SELECT CAST(value AS INTEGER) FROM settings WHERE name = '{FIRST_ID}'), 0)) + 1 \
         FROM {table}"
    );
    query_scalar(AssertSqlSafe(next)).fetch_one(connection).await
}

pub(crate) fn upsert(table: &str, columns: &[&str]) -> String {
    let values = vec!["?"; columns.len()].join(", ");
    let excluded: Vec<String> = columns.iter().map(|column| format!("excluded.{column}")).collect();
    let columns = columns.join(", ");
    format!(
        "INSERT INTO {table} ({columns}) VALUES ({values}) \
         ON CONFLICT (id) DO UPDATE SET ({columns}) = ({})",
        excluded.join(", ")
    )
}
