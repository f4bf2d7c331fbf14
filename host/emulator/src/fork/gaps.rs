//! What a fork cannot know, and what is assumed for it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use super::Known;

/// What is known beyond what can be read, and what the call under way goes by besides.
pub(crate) struct Gaps {
    pub(crate) known: Known,
    assumed: Mutex<BTreeSet<&'static str>>,
}

impl Gaps {
    pub(crate) fn new(known: Known) -> Self {
        Self { known, assumed: Mutex::default() }
    }

    /// The call goes by this, by the name that receipts know.
    pub(crate) fn assume(&self, what: &'static str) {
        self.assumed.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
    }

    /// What the call went by; the next one begins with nothing. Calls come one after the other.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        let mut assumed = self.assumed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *assumed).into_iter().collect()
    }

    /// Does anybody tell what holdings have under this name?
    pub(crate) fn knows(&self, field: &str) -> bool {
        match field {
            "wallet" => self.known.wallet.is_some(),
            "delegations" => self.known.delegations.is_some(),
            _ => self.known.loan_credits.is_some(),
        }
    }

    /// Is it known what is in this wallet of the account's?
    pub(crate) fn knows_wallet(&self, code: &str) -> bool {
        self.known.wallet.as_ref().is_some_and(|wallets| wallets.contains_key(code))
    }
}
