//! The best way to settle debts out of credits, when one credit settles one debt that it covers.
//!
//! Best is, in this order: the greatest weight settled, the most rials, the most debts, and the
//! fewest creditor rials earmarked. It is exact, because the sets of debts that can be settled
//! together form a matroid: whoever takes the heaviest debt that still fits, again and again, ends
//! with the heaviest set. All heaviest sets owe the same amounts, and out of whatever set it is the
//! largest debt may take the smallest credit that covers it: that credit covers every smaller debt,
//! too, so nobody is in anybody's way.

use std::cmp::Reverse;

/// A debt, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Owed {
    /// In rials.
    pub rials: u64,
    /// What settling it is worth. Rials, if all rials are equal.
    pub weight: u64,
}

/// One debt settled, by indices into what was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Match {
    /// The debt.
    pub debt: usize,
    /// The smallest free credit that covers it.
    pub credit: usize,
    /// The next smallest, which nobody needed so far.
    pub next: Option<usize>,
}

/// The best matches, the largest debt first; equal ones are taken in the order given. Credits are in
/// rials. O(n log n).
#[must_use]
pub fn best(debts: &[Owed], credits: &[u64]) -> Vec<Match> {
    let by_size = sorted(debts.iter().map(|debt| debt.rials).enumerate(), |&(index, rials)| {
        (Reverse(rials), index)
    });
    let largest_credits = sorted(credits.iter().copied().enumerate(), |&(index, rials)| {
        (Reverse(rials), Reverse(index))
    });

    let settled = heaviest(debts, credits, &by_size, &largest_credits);

    let mut matches = Vec::with_capacity(debts.len().min(credits.len()));
    let mut untried = largest_credits.into_iter().peekable();
    // The free credits that cover the debt at hand, the smallest on top.
    let mut covering: Vec<usize> = Vec::new();
    for debt in by_size.into_iter().filter(|&debt| settled[debt]) {
        while let Some(credit) = untried.next_if(|&credit| credits[credit] >= debts[debt].rials) {
            covering.push(credit);
        }
        if let Some(credit) = covering.pop() {
            matches.push(Match { debt, credit, next: covering.last().copied() });
        }
    }
    matches
}

/// The indices in the order of a key. Sorted with what they stand for: that is not looked up.
fn sorted<Key: Ord>(
    numbered: impl Iterator<Item = (usize, u64)>,
    key: impl Fn(&(usize, u64)) -> Key,
) -> Vec<usize> {
    let mut numbered: Vec<(usize, u64)> = numbered.collect();
    numbered.sort_unstable_by_key(key);
    numbered.into_iter().map(|(index, _)| index).collect()
}

/// Which debts to settle.
///
/// With the credits in a row, the largest first, a debt can have any of the first `r` places, where
/// `r` credits cover it. So each debt, the heaviest first, takes the last free place that it can
/// have, if there is one.
fn heaviest(
    debts: &[Owed],
    credits: &[u64],
    by_size: &[usize],
    largest_credits: &[usize],
) -> Vec<bool> {
    let mut places = vec![0; debts.len()];
    let mut covering = 0;
    for &debt in by_size {
        while largest_credits.get(covering).is_some_and(|&c| credits[c] >= debts[debt].rials) {
            covering += 1;
        }
        places[debt] = covering;
    }
    // Sorted by size already, so that a stable sort by weight leaves the larger first.
    let mut by_weight = by_size.to_vec();
    by_weight.sort_by_key(|&debt| Reverse(debts[debt].weight));

    let mut free = FreePlaces::new(credits.len());
    let mut settled = vec![false; debts.len()];
    for debt in by_weight {
        settled[debt] = free.take_at_most(places[debt]);
    }
    settled
}

/// Places from 1 on, each of which is taken once: a forest whose trees are runs of taken places,
/// with the free one before each run as its root. Place 0 is never free.
struct FreePlaces {
    towards: Vec<usize>,
}

impl FreePlaces {
    fn new(count: usize) -> Self {
        Self { towards: (0..=count).collect() }
    }

    /// Takes the last free place up to `place`.
    fn take_at_most(&mut self, place: usize) -> bool {
        let mut root = place;
        while self.towards[root] != root {
            self.towards[root] = self.towards[self.towards[root]];
            root = self.towards[root];
        }
        if root == 0 {
            return false;
        }
        self.towards[root] = root - 1;
        true
    }
}
