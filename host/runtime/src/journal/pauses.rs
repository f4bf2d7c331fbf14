//! Policies that keep failing. What counts is what they did themselves: a run that the platform did
//! not answer neither brings a pause nearer nor puts it off.

use sqlx::SqliteConnection;

use super::{Claimant, Journal, usage::Owner, writer::signed};
use crate::error::Error;

/// A policy that is not run any more, because it kept failing.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Pause {
    /// The policy's name.
    pub policy: String,
    /// The account that it acts for.
    pub account: String,
    /// Where it acts.
    pub platform: String,
    /// How many runs failed, one after the other.
    pub runs: u32,
    /// The last of them.
    pub last: String,
    /// Which files it has; with others, it is run.
    #[serde(skip)]
    pub(crate) kept: String,
}

impl Journal {
    /// The policies that are paused after so many failures; see
    /// [`HostBuilder::pause_after`](crate::HostBuilder::pause_after).
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn pauses(&self, after: u32) -> Result<Vec<Pause>, Error> {
        self.with(move |connection| {
            Box::pin(async move {
                // Of each policy, the files that it had last.
                let policies: Vec<(String, String, String, String)> = sqlx::query_as(
                    "SELECT account, platform, policy, kept FROM runs AS one \
                     WHERE platform IS NOT NULL AND kept IS NOT NULL AND NOT dry_run \
                     AND run = (SELECT MAX(run) FROM runs AS other \
                     WHERE other.account = one.account AND other.platform = one.platform \
                     AND other.policy = one.policy AND NOT other.dry_run) \
                     ORDER BY account, platform, policy",
                )
                .fetch_all(&mut *connection)
                .await?;
                let mut pauses = Vec::new();
                for (account, platform, policy, kept) in policies {
                    let claimant = Claimant::new(&account, Some(&platform));
                    let owner = Owner { claimant, policy: policy.clone() };
                    if let Some(last) = failed_since(connection, &owner, &kept, after).await? {
                        pauses.push(Pause { policy, account, platform, runs: after, last, kept });
                    }
                }
                Ok(pauses)
            })
        })
        .await
    }

    /// If the last `runs` runs of this very policy failed by its own doing, one after the other, since
    /// it was last allowed to go on: the last of them.
    pub(crate) async fn failed_since(
        &self,
        of: &Owner,
        kept: &str,
        runs: u32,
    ) -> Result<Option<String>, Error> {
        let (owner, kept) = (of.clone(), kept.to_owned());
        self.with(move |connection| {
            Box::pin(async move { failed_since(connection, &owner, &kept, runs).await })
        })
        .await
    }

    /// Lets a policy go on; what failed until `at`, in milliseconds since 1970, is forgiven.
    pub(crate) async fn unpause(&self, of: &Owner, at: u64) -> Result<(), Error> {
        let owner = of.clone();
        self.with(move |connection| {
            Box::pin(async move {
                let Claimant { account, platform } = &owner.claimant;
                sqlx::query(
                    "INSERT INTO unpaused (account, platform, policy, at) VALUES (?, ?, ?, ?)",
                )
                .bind(account)
                .bind(platform)
                .bind(&owner.policy)
                .bind(signed(at))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn failed_since(
    connection: &mut SqliteConnection,
    of: &Owner,
    kept: &str,
    runs: u32,
) -> sqlx::Result<Option<String>> {
    let Claimant { account, platform } = &of.claimant;
    let last: Vec<(String, bool)> = sqlx::query_as(
        "SELECT run, policys_failure FROM runs WHERE account = ?1 AND platform IS ?2 \
         AND policy = ?3 AND kept = ?4 AND NOT dry_run AND started > coalesce(( \
         SELECT MAX(at) FROM unpaused \
         WHERE account = ?1 AND platform IS ?2 AND policy = ?3), 0) \
         AND (status = 'done' OR policys_failure) ORDER BY run DESC LIMIT ?5",
    )
    .bind(account)
    .bind(platform)
    .bind(&of.policy)
    .bind(kept)
    .bind(runs)
    .fetch_all(connection)
    .await?;
    let all = last.len() == runs as usize && last.iter().all(|(_, failed)| *failed);
    Ok(last.into_iter().next().map(|(run, _)| run).filter(|_| all))
}
