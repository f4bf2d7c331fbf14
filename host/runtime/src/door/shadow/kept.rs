//! Things of one kind: as they were read, and as the run has changed them.

use std::collections::BTreeMap;

use pod_platform::{bills::ServiceBill, invoices::Invoice, loans::Loan};

/// Something with an id.
pub(super) trait Thing: Clone + Send + Sync + 'static {
    fn id(&self) -> u64;
}

impl Thing for Invoice {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Thing for ServiceBill {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Thing for Loan {
    fn id(&self) -> u64 {
        self.id
    }
}

pub(super) struct Kept<T> {
    /// As they were read last.
    seen: BTreeMap<u64, T>,
    changed: BTreeMap<u64, Changed<T>>,
}

/// Something that the run has changed, or made.
pub(super) struct Changed<T> {
    /// As it is on the platform; none: it is not.
    pub before: Option<T>,
    pub now: T,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { seen: BTreeMap::new(), changed: BTreeMap::new() }
    }
}

impl<T: Thing> Kept<T> {
    /// As it stands now, if it is known.
    pub fn get(&self, id: u64) -> Option<&T> {
        self.now(id).or_else(|| self.seen.get(&id))
    }

    /// As the run has changed it, if it has.
    pub fn now(&self, id: u64) -> Option<&T> {
        self.changed.get(&id).map(|changed| &changed.now)
    }

    /// All that is known.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        let unchanged = self.seen.iter().filter(|(id, _)| !self.changed.contains_key(id));
        self.changed.values().map(|changed| &changed.now).chain(unchanged.map(|(_, seen)| seen))
    }

    /// All that the run has changed, or made.
    pub fn changed(&self) -> impl Iterator<Item = &Changed<T>> {
        self.changed.values()
    }

    /// Remembers what was read.
    pub fn see(&mut self, read: &[T]) {
        for thing in read {
            self.seen.insert(thing.id(), thing.clone());
        }
    }

    /// It stands so from now on.
    pub fn put(&mut self, now: T) {
        let id = now.id();
        match self.changed.get_mut(&id) {
            Some(changed) => changed.now = now,
            None => {
                let before = self.seen.get(&id).cloned();
                self.changed.insert(id, Changed { before, now });
            }
        }
    }
}
