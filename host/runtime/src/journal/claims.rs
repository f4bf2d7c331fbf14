//! At most one open intent per account and invoice: whoever is about to pay an invoice claims it,
//! until it is known what came of that.

use std::{
    collections::{HashMap, hash_map},
    sync::{Mutex, PoisonError},
};

/// A run, and the step of its open intent.
type Holder = (String, u64);

/// All open intents of one store that name an invoice. The sum of its journals, kept in memory:
/// one process owns the store.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<HashMap<(String, u64), Holder>>);

impl Claims {
    /// Claims an invoice for an intent. The error is the run whose intent is open.
    pub fn claim(&self, account: &str, invoice: u64, run: &str, step: u64) -> Result<(), String> {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match claims.entry((account.to_owned(), invoice)) {
            hash_map::Entry::Vacant(free) => {
                free.insert((run.to_owned(), step));
                Ok(())
            }
            hash_map::Entry::Occupied(held) if *held.get() == (run.to_owned(), step) => Ok(()),
            hash_map::Entry::Occupied(held) => Err(held.get().0.clone()),
        }
    }

    /// It is known what came of the intent.
    pub fn release(&self, account: &str, run: &str, step: u64) {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|(claimant, _), (holder, held)| {
            claimant != account || holder != run || *held != step
        });
    }
}
