//! Whom the real platform has shown, and is in the tables: most invoices show nobody new.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use pod_platform::invoices::{Business, Guild, User};

/// People as they were shown last.
#[derive(Default)]
pub(crate) struct Met {
    people: Mutex<People>,
    /// Somebody was met whom nobody has read from the tables yet.
    is_news: AtomicBool,
}

#[derive(Default)]
struct People {
    businesses: HashMap<u64, (Business, Option<User>)>,
    users: HashMap<u64, User>,
    guilds: HashMap<String, Guild>,
}

impl Met {
    /// Is this new of a business, or of the user that it is billed as?
    pub(super) fn business(&self, own: &Business, owner: Option<&User>) -> bool {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = (own.clone(), owner.cloned());
        self.note(people.businesses.insert(own.id, shown.clone()) != Some(shown))
    }

    /// Is this new of a user?
    pub(super) fn user(&self, own: &User) -> bool {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        self.note(people.users.insert(own.id, own.clone()).as_ref() != Some(own))
    }

    /// Is this new of a guild?
    pub(super) fn guild(&self, own: &Guild) -> bool {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        self.note(people.guilds.insert(own.code.clone(), own.clone()).as_ref() != Some(own))
    }

    /// Was anything new since this was asked last?
    pub(super) fn take_news(&self) -> bool {
        self.is_news.swap(false, Ordering::Relaxed)
    }

    /// Somebody is not as was read from the tables last.
    pub(super) fn tell(&self) {
        self.is_news.store(true, Ordering::Relaxed);
    }

    fn note(&self, is_new: bool) -> bool {
        self.is_news.fetch_or(is_new, Ordering::Relaxed);
        is_new
    }
}
