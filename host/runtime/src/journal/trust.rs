//! Whether a store is trusted: whether what it says of keys, of allowances and of what is held can be
//! gone by. One that is not can be read, but nothing is paid by it until a person has seen to it.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Acceptance, Difference, Older, origin, store::Journal};
use crate::{error::Error, redact::without_cards};

/// Why a store is not trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Distrust {
    /// It is older or shorter than it was. [`Journal::accept`] ends that.
    Older(Older),
    /// Its index is not what its entries come to. [`Journal::rebuild_index`] ends that.
    Index(Vec<Difference>),
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Older(Older { reasons, .. }) => f.write_str(&reasons.join("; ")),
            Self::Index(differences) => {
                let Some(first) = differences.first() else { return Ok(()) };
                let Difference { run, what, index, entries, .. } = first;
                write!(f, "of run {run}, {what}: the index has {index}, the entries have {entries}")
            }
        }
    }
}

impl Distrust {
    /// The error of whoever would go by the store in this folder.
    #[must_use]
    pub fn error(&self, folder: &Path) -> Error {
        let (folder, reason) = (folder.to_owned(), self.to_string());
        match self {
            Self::Older(_) => Error::StoreIsOlder { folder, reason },
            Self::Index(_) => Error::IndexDiffers { folder, reason },
        }
    }
}

/// What was found when a journal was opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub older: Option<Older>,
    pub differences: Vec<Difference>,
}

/// What stands now.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust(Arc<Mutex<Standing>>);

impl Trust {
    pub fn new(standing: Standing) -> Self {
        Self(Arc::new(Mutex::new(standing)))
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Why the store is not trusted; none, if it is. Then nothing is paid by it, and nothing decided.
    #[must_use]
    pub fn distrust(&self) -> Option<Distrust> {
        let standing = self.trust.standing();
        if let Some(older) = &standing.older {
            return Some(Distrust::Older(older.clone()));
        }
        let differences = &standing.differences;
        (!differences.is_empty()).then(|| Distrust::Index(differences.clone()))
    }

    /// Refuses, if the store is not trusted.
    pub(crate) fn check_trusted(&self) -> Result<(), Error> {
        match self.distrust() {
            Some(distrust) => Err(distrust.error(&self.folder)),
            None => Ok(()),
        }
    }

    /// The index was made anew, and differs so from the entries now.
    pub(super) fn index_is(&self, differences: &[Difference]) {
        let mendable = differences.iter().filter(|difference| difference.mendable);
        self.trust.standing().differences = mendable.cloned().collect();
    }

    /// A person trusts a store that is older or shorter than it was, from `now` on, in milliseconds
    /// since 1970: what it has is all that there is. That is written down. What is unfinished in it
    /// looks for each of its calls on the platform before it sends it. Answers why it was not trusted;
    /// none, if it was.
    ///
    /// # Errors
    /// If the journal is only read, or cannot be written.
    pub async fn accept(&self, acceptance: Acceptance, now: u64) -> Result<Option<Older>, Error> {
        let Some(older) = self.trust.standing().older.clone() else { return Ok(None) };
        self.mark_restored(now).await?;
        let Acceptance { by, note } = acceptance;
        let acceptance = Acceptance { by: without_cards(by), note: without_cards(note) };
        let (folder, mark) = (self.folder.clone(), self.mark.clone());
        let accepted = self.with(move |connection| {
            Box::pin(async move {
                Ok(match origin::accept(connection, &folder, &acceptance, now).await {
                    Ok(new) => {
                        mark.set(new);
                        Ok(())
                    }
                    Err(error) => Err(error),
                })
            })
        });
        accepted.await??;
        self.trust.standing().older = None;
        Ok(Some(older))
    }
}
