//! What policies have stored, as the index of their entries has it.

use sqlx::SqliteConnection;

use super::{Claimant, Journal, usage::Owner};
use crate::error::Error;

/// What a platform without a name goes by: it ends with its process.
const UNNAMED: &str = "";

impl Journal {
    /// What is stored under a key.
    pub(crate) async fn state(&self, of: &Owner, key: &str) -> Result<Option<String>, Error> {
        let (owner, key) = (of.clone(), key.to_owned());
        self.with(move |connection| {
            Box::pin(async move {
                let (account, platform, policy) = place(&owner);
                sqlx::query_scalar(
                    "SELECT value FROM state \
                     WHERE account = ? AND platform = ? AND policy = ? AND key = ?",
                )
                .bind(account)
                .bind(platform)
                .bind(policy)
                .bind(key)
                .fetch_optional(connection)
                .await
            })
        })
        .await
    }

    /// All keys, sorted, and how many bytes each takes with its text.
    pub(crate) async fn state_keys(&self, of: &Owner) -> Result<Vec<(String, u64)>, Error> {
        let owner = of.clone();
        self.with(move |connection| {
            Box::pin(async move {
                let (account, platform, policy) = place(&owner);
                let rows: Vec<(String, i64)> = sqlx::query_as(
                    "SELECT key, octet_length(key) + octet_length(value) FROM state \
                     WHERE account = ? AND platform = ? AND policy = ? ORDER BY key",
                )
                .bind(account)
                .bind(platform)
                .bind(policy)
                .fetch_all(connection)
                .await?;
                Ok(rows.into_iter().map(|(key, bytes)| (key, bytes.unsigned_abs())).collect())
            })
        })
        .await
    }

    /// How many bytes all keys take with their texts. Added up where they are: a policy with many keys
    /// would have them all fetched for each one that it stores.
    pub(crate) async fn state_bytes(&self, of: &Owner) -> Result<u64, Error> {
        let owner = of.clone();
        let bytes: i64 = self
            .with(move |connection| {
                Box::pin(async move {
                    let (account, platform, policy) = place(&owner);
                    sqlx::query_scalar(
                        "SELECT COALESCE(SUM(octet_length(key) + octet_length(value)), 0) FROM state \
                         WHERE account = ? AND platform = ? AND policy = ?",
                    )
                    .bind(account)
                    .bind(platform)
                    .bind(policy)
                    .fetch_one(connection)
                    .await
                })
            })
            .await?;
        Ok(bytes.unsigned_abs())
    }
}

fn place(owner: &Owner) -> (&str, &str, &str) {
    let Claimant { account, platform } = &owner.claimant;
    (account, platform.as_deref().unwrap_or(UNNAMED), &owner.policy)
}

/// What was stored on platforms that ended with their process is gone, too.
pub(super) async fn forget_unnamed(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM state WHERE platform = ?").bind(UNNAMED).execute(connection).await?;
    Ok(())
}

/// Stores what an entry of a run says.
pub(super) async fn store(
    connection: &mut SqliteConnection,
    run: &str,
    key: &str,
    value: Option<&str>,
) -> sqlx::Result<()> {
    let query = match value {
        Some(value) => sqlx::query(
            "INSERT OR REPLACE INTO state (account, platform, policy, key, value) \
             SELECT account, coalesce(platform, ''), policy, ?2, ?3 FROM runs WHERE run = ?1",
        )
        .bind(run)
        .bind(key)
        .bind(value),
        None => sqlx::query(
            "DELETE FROM state WHERE (account, platform, policy) = \
             (SELECT account, coalesce(platform, ''), policy FROM runs WHERE run = ?1) \
             AND key = ?2",
        )
        .bind(run)
        .bind(key),
    };
    query.execute(connection).await?;
    Ok(())
}
