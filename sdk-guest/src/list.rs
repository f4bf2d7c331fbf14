//! Lists, item by item: a page is fetched when it is needed.
//!
//! Where a list can be walked by ids, it is. What a policy does to an item may take it out of the
//! list (an open invoice that is paid is not open any more), so counting from the list's start
//! would skip others; ids stay what they are. A list without such a cursor is walked by offset.

use std::{iter::FusedIterator, vec};

use crate::Error;

include!(concat!(env!("OUT_DIR"), "/contract.rs"));

/// The page's size when a request leaves it at 0.
const SIZE: u32 = 50;

/// A request that is answered by one page of a list.
pub trait List {
    /// What is listed.
    type Item;

    /// Fetches this page alone: how many match in all, and the page.
    ///
    /// # Errors
    /// Why there is no page.
    fn fetch(&self) -> Result<(u64, Vec<Self::Item>), Error>;

    /// How many items make a page.
    fn size(&mut self) -> &mut u32;

    /// Where the page begins.
    fn place(&mut self) -> Place<'_, Self::Item>;
}

/// The fields of a request that say where its page begins.
pub enum Place<'a, Item> {
    /// After so many matches.
    Offset(&'a mut u64),
    /// By one of three: after so many matches, upwards from the first id, downwards from the last.
    Id {
        /// Skip so many matches.
        offset: &'a mut Option<u64>,
        /// Only ids from this one on, the lowest first.
        first: &'a mut Option<u64>,
        /// Only ids up to this one, the highest first.
        last: &'a mut Option<u64>,
        /// An item's id.
        id: fn(&Item) -> u64,
    },
}

impl<Item> Place<'_, Item> {
    /// How many matches are skipped, once a request that says nothing begins at the first.
    fn begin(self) -> u64 {
        match self {
            Self::Offset(offset) => *offset,
            Self::Id { offset, first: None, last: None, .. } => *offset.get_or_insert(0),
            Self::Id { offset, .. } => offset.unwrap_or(0),
        }
    }

    /// Moves behind a page; false if nothing can be there.
    fn advance(self, page: &[Item]) -> bool {
        match self {
            Self::Offset(offset) => {
                *offset = offset.saturating_add(page.len() as u64);
                true
            }
            Self::Id { offset, first, last, id } => {
                *offset = None;
                let ids = page.iter().map(id);
                if first.is_some() {
                    *first = ids.max().and_then(|highest| highest.checked_add(1));
                    first.is_some()
                } else {
                    *last = ids.min().and_then(|lowest| lowest.checked_sub(1));
                    last.is_some()
                }
            }
        }
    }
}

/// Everything that a request matches, item by item.
///
/// Filters stay as they are in `request`, and so does where it begins; a `size` of 0 fetches pages
/// of 50. An error is the last item.
pub fn each<R: List>(mut request: R) -> Each<R> {
    if *request.size() == 0 {
        *request.size() = SIZE;
    }
    let seen = request.place().begin();
    Each { request, page: Vec::new().into_iter(), seen, total: None, more: true }
}

/// See [`each`].
pub struct Each<R: List> {
    request: R,
    page: vec::IntoIter<R::Item>,
    /// Up to the end of the page, those that were skipped included.
    seen: u64,
    total: Option<u64>,
    more: bool,
}

impl<R: List> Each<R> {
    /// How many match in all: the most that POD has said so far, and nothing before it was asked.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    fn fetch(&mut self) -> Result<(), Error> {
        let (count, page) = self.request.fetch()?;
        self.seen = self.seen.saturating_add(page.len() as u64);
        // The count shrinks while a policy takes items out of the list.
        let total = self.total.map_or(count, |total| total.max(count));
        self.total = Some(total);
        // A short page may be all that POD gives at once: without a count that says so, only an
        // empty one is the end.
        let complete = page.is_empty() || self.seen == total;
        self.more = !complete && self.request.place().advance(&page);
        self.page = page.into_iter();
        Ok(())
    }
}

impl<R: List> Iterator for Each<R> {
    type Item = Result<R::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            if !self.more {
                return None;
            }
            if let Err(error) = self.fetch() {
                self.more = false;
                return Some(Err(error));
            }
        }
    }
}

impl<R: List> FusedIterator for Each<R> {}
