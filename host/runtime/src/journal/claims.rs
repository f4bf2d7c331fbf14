//! At most one open intent per thing, whichever account it is of: whoever is about to change an invoice,
//! a bill or a loan claims it, until it is known what came of that. Otherwise nobody could say whose
//! doing a change is.

use std::{
    collections::HashMap,
    fmt,
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

    pub fn platform(&self) -> Option<&str> {
        self.platform.as_deref()
    }
}

/// How the name of an invoice begins that is named by the number which its issuer gave it.
const BY_NUMBER: &str = "invoice number ";

/// A thing, and where its name holds. An id names the same thing to all accounts of a platform; an issuer
/// numbers its own invoices; and a platform without a name is one account's.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Thing {
    platform: Option<String>,
    account: Option<String>,
    object: String,
}

impl Thing {
    fn of(claimant: &Claimant, object: &str) -> Self {
        let Claimant { account, platform } = claimant;
        let is_own = platform.is_none() || object.starts_with(BY_NUMBER);
        Self {
            platform: platform.clone(),
            account: is_own.then(|| account.clone()),
            object: object.to_owned(),
        }
    }
}

/// A run, and the step of its open intent.
type Holder = (String, u64);

/// Somebody else has claimed the thing.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    object: String,
    run: String,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, run } = self;
        write!(f, "run {run} began to change {object}, and it is not known yet what came of that")
    }
}

/// What all open intents of one store are about. The sum of its journals, kept in memory: one process
/// owns the store.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<HashMap<Thing, Holder>>);

impl Claims {
    /// Claims what an intent is about, all of it or nothing.
    pub fn claim(
        &self,
        of: &Claimant,
        objects: &[String],
        run: &str,
        step: u64,
    ) -> Result<(), Taken> {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = (run.to_owned(), step);
        for object in objects {
            match claims.get(&Thing::of(of, object)) {
                Some(held) if *held != ours => {
                    return Err(Taken { object: object.clone(), run: held.0.clone() });
                }
                _ => {}
            }
        }
        for object in objects {
            claims.insert(Thing::of(of, object), ours.clone());
        }
        Ok(())
    }

    /// It is known what came of the intent.
    pub fn release(&self, run: &str, step: u64) {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|_, (holder, held)| holder != run || *held != step);
    }
}
