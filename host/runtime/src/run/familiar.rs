//! Has a policy been run before? A grant names a policy by its name; what runs under that name may
//! have become another since.

use super::host::Host;
use crate::{
    door::Account,
    error::Error,
    journal::{Claimant, Owner},
    policy::Policy,
};

impl Host {
    /// Has this very policy, with these files and settings, been run for the account on its platform?
    /// A dry run does not count: it could do nothing.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn has_run(&self, policy: &Policy, account: &Account) -> Result<bool, Error> {
        let claimant = Claimant::new(&account.name, account.platform.as_deref());
        let owner = Owner { claimant, policy: policy.identity().name.clone() };
        self.journal().has_run(&owner, &policy.inner.kept).await
    }
}
