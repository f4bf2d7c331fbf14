//! What a policy stores from one run to the next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    door::{
        recorder::Recorder,
        turns::{Turn, Turns},
    },
    error::Error,
    journal::{Journal, Owner, StateChange},
};

/// A policy's memory, as one run has it.
pub(crate) struct Memory {
    /// Where it is kept; none: nowhere, for the run only does again what it did.
    kept: Option<(Journal, Owner)>,
    /// What this run changed and nobody keeps; none: the journal keeps what it changes.
    own: Option<Mutex<BTreeMap<String, Option<String>>>>,
    /// Policies whose memory is being changed.
    turns: Arc<Turns<Owner>>,
}

impl Memory {
    /// Of a run whose journal keeps what it stores.
    pub fn kept(recorder: &Recorder, turns: Arc<Turns<Owner>>) -> Self {
        let kept = recorder.journal().map(|(journal, owner)| (journal.clone(), owner.clone()));
        Self { kept, own: None, turns }
    }

    /// Of a run after which it is as it was before.
    pub fn forgotten(self) -> Self {
        Self { own: Some(Mutex::default()), ..self }
    }

    /// What changes it does so alone, until it is written down.
    pub async fn turn(&self) -> Option<Turn> {
        let (_, owner) = self.kept.as_ref()?;
        Some(self.turns.take(owner).await)
    }

    /// What is stored under a key.
    pub async fn get(&self, key: &str) -> Result<Option<String>, Error> {
        if let Some(value) = self.own().and_then(|own| own.get(key).cloned()) {
            return Ok(value);
        }
        match &self.kept {
            Some((journal, owner)) => journal.state(owner, key).await,
            None => Ok(None),
        }
    }

    /// All keys, and how many bytes each takes with its text.
    pub async fn keys(&self) -> Result<Vec<(String, u64)>, Error> {
        let mut keys = match &self.kept {
            Some((journal, owner)) => journal.state_keys(owner).await?,
            None => Vec::new(),
        };
        if let Some(own) = self.own() {
            keys.retain(|(key, _)| !own.contains_key(key));
            let stored = own.iter().filter_map(|(key, value)| {
                let bytes = bytes(key, value.as_ref()?);
                Some((key.clone(), bytes))
            });
            keys.extend(stored);
            keys.sort();
        }
        Ok(keys)
    }

    /// How many bytes all keys take with their texts.
    pub async fn bytes(&self) -> Result<u64, Error> {
        match (&self.kept, &self.own) {
            (Some((journal, owner)), None) => journal.state_bytes(owner).await,
            _ => Ok(self.keys().await?.into_iter().map(|(_, bytes)| bytes).sum()),
        }
    }

    /// Stores a change, unless that is for the journal to do: then it is handed back.
    pub fn change(&self, change: StateChange) -> Option<StateChange> {
        match self.own() {
            Some(mut own) => {
                own.insert(change.key, change.value);
                None
            }
            None => Some(change),
        }
    }

    fn own(&self) -> Option<MutexGuard<'_, BTreeMap<String, Option<String>>>> {
        Some(self.own.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a key takes with its text.
pub(super) fn bytes(key: &str, value: &str) -> u64 {
    (key.len() + value.len()) as u64
}
