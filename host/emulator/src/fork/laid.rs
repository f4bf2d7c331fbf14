//! What lists' own handlers said of the things that have changed here. Of each list each change is asked
//! for once: whoever pays a thousand invoices may look at the list of those that are left after each.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use pod_platform::{JalaliDate, wire::form::Fields};
use serde_json::value::RawValue;

use crate::parties::Caller;

/// Of how many lists that is remembered.
const MOST: usize = 100;

/// A list without its pages.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct List {
    pub(super) service: &'static str,
    pub(super) fields: Fields,
    pub(super) user: i64,
    pub(super) business: Option<i64>,
    /// Some things show whether they have ended.
    pub(super) day: JalaliDate,
}

impl List {
    pub(super) fn of(
        service: &'static str,
        fields: Fields,
        caller: Caller,
        day: JalaliDate,
    ) -> Self {
        let Caller { user_id: user, business_id: business } = caller;
        Self { service, fields, user, business, day }
    }
}

/// A thing that is not as the real platform shows it, and its last change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    pub(super) id: i64,
    pub(super) version: i64,
}

/// What a list's handler says of a thing after a change.
pub(super) struct Told {
    pub(super) changed: Changed,
    /// Was it in the list before anything changed here?
    pub(super) before: bool,
    /// What the list shows of it; none, if it is not in the list.
    pub(super) now: Option<Box<RawValue>>,
}

/// The things in a list that are not as the real platform shows them.
#[derive(Default)]
pub(super) struct Changes {
    /// No longer in it.
    pub(super) gone: HashSet<u64>,
    /// In it now, and not before.
    pub(super) come: BTreeMap<u64, Box<RawValue>>,
    /// In it as before, looking otherwise.
    pub(super) stayed: HashMap<u64, Box<RawValue>>,
}

/// What was told, by list and id.
#[derive(Default)]
pub(crate) struct Laid(Mutex<HashMap<List, HashMap<i64, Told>>>);

impl Laid {
    /// Of which of these changes a list has not been asked.
    pub(super) fn news(&self, list: &List, changed: &[Changed]) -> Vec<Changed> {
        let lists = self.lists();
        let told = lists.get(list);
        let version = |id: &i64| Some(told?.get(id)?.changed.version);
        changed.iter().copied().filter(|one| version(&one.id) != Some(one.version)).collect()
    }

    pub(super) fn tell(&self, list: &List, told: Vec<Told>) {
        let mut lists = self.lists();
        if lists.len() >= MOST && !lists.contains_key(list) {
            lists.clear();
        }
        let things = lists.entry(list.clone()).or_default();
        things.extend(told.into_iter().map(|told| (told.changed.id, told)));
    }

    /// What all of these changes come to.
    pub(super) fn changes(&self, list: &List, changed: &[Changed]) -> Changes {
        let lists = self.lists();
        let told = lists.get(list);
        let mut changes = Changes::default();
        for told in changed.iter().filter_map(|one| told?.get(&one.id)) {
            let id = told.changed.id.unsigned_abs();
            match (told.before, &told.now) {
                (true, None) => {
                    changes.gone.insert(id);
                }
                (false, Some(now)) => {
                    changes.come.insert(id, now.clone());
                }
                (true, Some(now)) => {
                    changes.stayed.insert(id, now.clone());
                }
                (false, None) => {}
            }
        }
        changes
    }

    fn lists(&self) -> MutexGuard<'_, HashMap<List, HashMap<i64, Told>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
