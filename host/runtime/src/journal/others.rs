//! What other calls in a journal did to a thing: a change that shows is not one call's doing if another
//! call explains it.

use std::collections::BTreeSet;

use pod_platform::Evidence;

use super::{Entry, Journal, Projection, RunFilter, RunSummary, Started};
use crate::error::Error;

impl Journal {
    /// Did another call than this step of this run do something on a platform to one of these things that
    /// shows like what `evidence` is of? A run that cannot be read may have.
    ///
    /// # Errors
    /// If the journal's index cannot be read.
    pub(crate) async fn did_another(
        &self,
        (run, step): (&str, u64),
        platform: Option<&str>,
        evidence: Evidence,
        objects: &[String],
    ) -> Result<bool, Error> {
        for RunSummary { run: other, platform: on, archived, .. } in
            self.runs(&RunFilter::default()).await?
        {
            if on.as_deref() != platform || archived.is_some() {
                continue;
            }
            let Ok(entries) = self.entries(&other).await else { return Ok(true) };
            let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
            if projection.started.as_ref().is_some_and(Started::is_dry_run) {
                continue;
            }
            let done: BTreeSet<u64> = projection.effects.iter().map(|effect| effect.step).collect();
            let explains = entries.iter().any(|stored| match &stored.entry {
                Entry::Intent(intent) => {
                    (other.as_str(), intent.step) != (run, step)
                        && done.contains(&intent.step)
                        && intent.evidence().is_some_and(|own| own.shows_like(evidence))
                        && intent.objects().iter().any(|object| objects.contains(object))
                }
                _ => false,
            });
            if explains {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
