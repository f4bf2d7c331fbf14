//! An attempt whose answer never came, and what the platform showed before it.

use bytes::Bytes;
use pod_rules::invoice::VERIFICATION_TIME;
use serde::{Deserialize, Serialize};

use super::Proof;
use crate::Instant;

/// POD's clock and ours differ by up to so many milliseconds.
const SKEW: u64 = 5_000;

/// So many milliseconds after the intent, an unverified payment that does not show may have gone back
/// already: its time began somewhat later, and clocks differ.
const GOES_BACK: u64 = VERIFICATION_TIME - 5 * 60 * 1_000;

/// What a look just before the call showed of the thing that it changes. It is journalled with the
/// intent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Before {
    /// Whether the call could take effect.
    pub prior: Prior,
    /// What was read, for an operator.
    pub shows: String,
    /// What tells the state from another one like it: the date of a payment, say.
    pub stamp: String,
    /// The ids of what was there already and is like what the call makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<u64>,
}

impl Before {
    /// Nothing was found of what a call names.
    pub(super) fn nothing(what: &str, prior: Prior) -> Self {
        let shows = format!("{what}: this account sees none");
        Self { prior, shows, stamp: String::new(), known: Vec::new() }
    }
}

/// Could a call take effect, in the state that was read before it?
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// It could.
    Open,
    /// What it asks for was so already: it can only be refused, or change nothing.
    AlreadySo,
    /// POD would refuse it, unless somebody changes that first.
    Barred,
    /// The account cannot see the thing.
    Unseen,
}

impl Prior {
    pub(super) fn of(is_so: bool, can: bool) -> Self {
        if is_so {
            Self::AlreadySo
        } else if can {
            Self::Open
        } else {
            Self::Barred
        }
    }
}

/// Whom the call acted for, when it may have taken effect, and what was so before it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The user that the account acts, pays and is billed as, if it is known.
    pub user: Option<u64>,
    /// The business that the account issues as, if it is one and is known.
    pub business: Option<u64>,
    /// When the intent was written.
    pub since: Instant,
    /// Until when it may have taken effect; none: until now, for its host has not stopped watching.
    pub until: Option<Instant>,
    /// Now.
    pub now: Instant,
    /// What was read before it; none, if nothing was.
    pub before: Option<&'a Before>,
}

impl Attempt<'_> {
    /// Did something take place after the intent?
    pub(super) fn covers(self, at: Option<Instant>) -> bool {
        at.is_some_and(|at| at.0 >= self.since.0.saturating_sub(SKEW))
    }

    /// Is it so old that an unverified payment may have gone back?
    pub(super) fn is_old(self) -> bool {
        self.now.0.saturating_sub(self.since.0) >= GOES_BACK
    }

    /// Has a moment come by now?
    pub(super) fn reaches(self, at: Instant) -> bool {
        self.now.0.saturating_add(SKEW) >= at.0
    }

    /// What it proves that the thing is, or is not, in the state that the call asks for, since `at`.
    pub(super) fn made(
        self,
        is_so: bool,
        at: Option<Instant>,
        result: impl FnOnce() -> Bytes,
    ) -> Proof {
        if !is_so {
            Proof::not_seen(false)
        } else if self.may_have_made(at) {
            Proof::Happened(result())
        } else {
            Proof::UNDECIDED
        }
    }

    /// Was this there before the call?
    pub(super) fn was_there(self, id: u64) -> bool {
        self.before.is_some_and(|before| before.known.contains(&id))
    }

    /// Can a change that shows have been made by this attempt, and by no later cause? `at` is when it
    /// was made, as far as POD shows.
    ///
    /// Where the state was read before the call and was open, the change came after that. Where it
    /// was not read, only a date says so. A change that is looked at late has to be dated, too: by
    /// then others had time to make it.
    pub(super) fn may_have_made(self, at: Option<Instant>) -> bool {
        let after = match self.before.map(|before| before.prior) {
            Some(Prior::Open) => true,
            Some(Prior::AlreadySo | Prior::Barred) => false,
            Some(Prior::Unseen) | None => self.covers(at),
        };
        let in_time = match self.until {
            None => true,
            Some(until) => {
                let until = until.0.saturating_add(SKEW);
                self.now.0 <= until || at.is_some_and(|at| at.0 <= until)
            }
        };
        after && in_time
    }
}
