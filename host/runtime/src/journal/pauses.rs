//! Policies that keep failing.

use super::{Claimant, Journal, usage::Owner, writer::signed};
use crate::Error;

impl Journal {
    /// If the last `runs` runs of this very policy failed, one after the other, since it was last
    /// allowed to go on: the last of them.
    pub(crate) async fn failed_since(
        &self,
        of: &Owner,
        kept: &str,
        runs: u32,
    ) -> Result<Option<String>, Error> {
        let (owner, kept) = (of.clone(), kept.to_owned());
        self.with(move |connection| {
            Box::pin(async move {
                let Claimant { account, platform } = &owner.claimant;
                let last: Vec<(String, Option<String>)> = sqlx::query_as(
                    "SELECT run, status FROM runs WHERE account = ?1 AND platform IS ?2 \
                     AND policy = ?3 AND kept = ?4 AND NOT dry_run AND started > coalesce(( \
                     SELECT MAX(at) FROM unpaused \
                     WHERE account = ?1 AND platform IS ?2 AND policy = ?3), 0) \
                     AND status IS NOT NULL ORDER BY run DESC LIMIT ?5",
                )
                .bind(account)
                .bind(platform)
                .bind(&owner.policy)
                .bind(kept)
                .bind(runs)
                .fetch_all(connection)
                .await?;
                let failed =
                    |(_, status): &(String, Option<String>)| status.as_deref() == Some("failed");
                let all = last.len() == runs as usize && last.iter().all(failed);
                Ok(last.into_iter().next().map(|(run, _)| run).filter(|_| all))
            })
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
