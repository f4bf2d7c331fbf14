//! Policies that ran before.

use super::{Claimant, Journal, usage::Owner};
use crate::error::Error;

impl Journal {
    /// Did a run begin with these files, other than a dry one?
    pub(crate) async fn has_run(&self, of: &Owner, kept: &str) -> Result<bool, Error> {
        let (owner, kept) = (of.clone(), kept.to_owned());
        self.with(move |connection| {
            Box::pin(async move {
                let Claimant { account, platform } = &owner.claimant;
                let found: i64 = sqlx::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM runs WHERE account = ?1 AND platform IS ?2 \
                     AND policy = ?3 AND kept = ?4 AND NOT dry_run)",
                )
                .bind(account)
                .bind(platform)
                .bind(&owner.policy)
                .bind(kept)
                .fetch_one(connection)
                .await?;
                Ok(found != 0)
            })
        })
        .await
    }
}
