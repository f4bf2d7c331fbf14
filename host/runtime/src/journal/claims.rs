//! At most one open intent per account and invoice: whoever is about to pay an invoice claims it,
//! until it is known what came of that.

use std::{
    collections::{HashMap, hash_map},
    sync::{Mutex, PoisonError},
};

/// Whose invoices: an account on a platform. Another platform has other invoices by the same ids.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Claimant {
    pub(super) account: String,
    pub(super) platform: Option<String>,
}

impl Claimant {
    pub fn new(account: &str, platform: Option<&str>) -> Self {
        Self { account: account.to_owned(), platform: platform.map(str::to_owned) }
    }
}

/// A run, and the step of its open intent.
type Holder = (String, u64);

/// All open intents of one store that name an invoice. The sum of its journals, kept in memory:
/// one process owns the store.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<HashMap<(Claimant, u64), Holder>>);

impl Claims {
    /// Claims an invoice for an intent. The error is the run whose intent is open.
    pub fn claim(&self, of: &Claimant, invoice: u64, run: &str, step: u64) -> Result<(), String> {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match claims.entry((of.clone(), invoice)) {
            hash_map::Entry::Vacant(free) => {
                free.insert((run.to_owned(), step));
                Ok(())
            }
            hash_map::Entry::Occupied(held) if *held.get() == (run.to_owned(), step) => Ok(()),
            hash_map::Entry::Occupied(held) => Err(held.get().0.clone()),
        }
    }

    /// It is known what came of the intent.
    pub fn release(&self, of: &Claimant, run: &str, step: u64) {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|(claimant, _), (holder, held)| {
            claimant != of || holder != run || *held != step
        });
    }
}
