//! What a run has used: nothing but the sum of its entries. The sum in memory is a cache of that.

use std::collections::BTreeMap;

use pod_platform::{Instant, types::Exhaustion};

use super::entry::{Entry, Intent};
use crate::grant::{Amounts, Budget, Day, day};

/// How an entry changes what is used or reserved on a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub day: Day,
    /// What it takes the place of.
    pub instead_of: Amounts,
    pub now: Amounts,
}

/// The fold over a run's entries. What a call takes counts for the day of its intent or, if it has
/// none, of its outcome.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    settled: Amounts,
    /// Reserved by an intent without an outcome, or with an unknown one.
    held: Vec<Held>,
    /// Settled, by day.
    days: BTreeMap<Day, Amounts>,
    /// What a person decided, which another decision can take the place of.
    decided: Vec<Judged>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    step: u64,
    day: Day,
    reserved: Amounts,
}

/// What was held until a person decided.
#[derive(Clone, Copy, Debug)]
struct Judged {
    held: Held,
    happened: bool,
}

impl Judged {
    fn spent(self) -> Amounts {
        if self.happened { self.held.reserved } else { Amounts::default() }
    }
}

impl Spent {
    /// The fold over all of a run's entries.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut spent = Self::default();
        for entry in entries {
            spent.fold(entry);
        }
        spent
    }

    /// Takes in one more entry.
    pub fn fold(&mut self, entry: &Entry) {
        self.add(entry);
    }

    /// Like [`Spent::fold`], and tells what that changes.
    pub(crate) fn add(&mut self, entry: &Entry) -> Option<Change> {
        match entry {
            Entry::Intent(Intent { step, reserved, at, .. }) => {
                let held = Held { step: *step, day: day(Instant(*at)), reserved: *reserved };
                self.held.push(held);
                Some(Change { day: held.day, instead_of: Amounts::default(), now: *reserved })
            }
            Entry::Outcome(outcome) => {
                let held = self.take_held(outcome.step);
                let day = held.map_or_else(|| day(Instant(outcome.at)), |held| held.day);
                let instead_of = held.map(|held| held.reserved).unwrap_or_default();
                self.settle(day, outcome.spent);
                let mut now = outcome.spent;
                if let Some(held) = held.filter(|_| !outcome.is_known()) {
                    // The wire is paid for; only what is at stake is in doubt.
                    let reserved = held.reserved.without_wire();
                    self.held.push(Held { reserved, ..held });
                    now = now.plus(reserved);
                }
                Some(Change { day, instead_of, now })
            }
            Entry::Settled(settled) => {
                let (held, instead_of) = match self.take_held(settled.step) {
                    Some(held) => (held, held.reserved),
                    None => {
                        let before = self.take_judged(settled.step)?;
                        (before.held, before.spent())
                    }
                };
                let judged = Judged { held, happened: settled.happened };
                self.decided.push(judged);
                Some(Change { day: held.day, instead_of, now: judged.spent() })
            }
            Entry::Started(_)
            | Entry::Decided(_)
            | Entry::Finished(_)
            | Entry::Restored(_)
            | Entry::Diverged(_)
            | Entry::Looks(_) => None,
        }
    }

    fn take_held(&mut self, step: u64) -> Option<Held> {
        let held = self.held.iter().position(|held| held.step == step)?;
        Some(self.held.swap_remove(held))
    }

    fn take_judged(&mut self, step: u64) -> Option<Judged> {
        let judged = self.decided.iter().position(|judged| judged.held.step == step)?;
        Some(self.decided.swap_remove(judged))
    }

    fn settle(&mut self, day: Day, amounts: Amounts) {
        self.settled = self.settled.plus(amounts);
        let of_day = self.days.entry(day).or_default();
        *of_day = of_day.plus(amounts);
    }

    /// What is used for good.
    #[must_use]
    pub fn settled(&self) -> Amounts {
        self.decided.iter().fold(self.settled, |sum, judged| sum.plus(judged.spent()))
    }

    /// What is used or reserved.
    #[must_use]
    pub fn total(&self) -> Amounts {
        self.held.iter().fold(self.settled(), |sum, held| sum.plus(held.reserved))
    }

    /// What is used or reserved on a day.
    pub(crate) fn on(&self, day: Day) -> Amounts {
        let settled = self.days.get(&day).copied().unwrap_or_default();
        let decided = self.decided.iter().filter(|judged| judged.held.day == day);
        let settled = decided.fold(settled, |sum, judged| sum.plus(judged.spent()));
        let held = self.held.iter().filter(|held| held.day == day);
        held.fold(settled, |sum, held| sum.plus(held.reserved))
    }

    /// Does the budget of one run still cover `needed`?
    ///
    /// # Errors
    /// The first meter that does not, with what is left of it.
    pub fn check(&self, budget: &Budget, needed: Amounts) -> Result<(), Exhaustion> {
        budget.check(self.total(), needed)
    }
}
