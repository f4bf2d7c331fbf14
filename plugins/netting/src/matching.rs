//! The best way to settle debts out of credits, when one credit settles one debt that it covers.
//!
//! Best is, in this order: the most rials settled, the most debts settled, the fewest creditor
//! rials earmarked. One pass finds it. The sets of debts that can be settled together form a
//! matroid, so taking the largest debts first gives the most rials and the most debts at once. And
//! a credit that covers a debt covers every smaller one, so the largest debt may take the smallest
//! credit that covers it without standing in another's way.

use std::cmp::Reverse;

/// The pairs `(index into debts, index into credits)`, the largest debt first. Amounts are rials;
/// equal ones are taken in the order given. O(n log n).
#[must_use]
pub fn best(debts: &[u64], credits: &[u64]) -> Vec<(usize, usize)> {
    let mut by_debt: Vec<usize> = (0..debts.len()).collect();
    by_debt.sort_unstable_by_key(|&index| (Reverse(debts[index]), index));
    let mut by_credit: Vec<usize> = (0..credits.len()).collect();
    by_credit.sort_unstable_by_key(|&index| (Reverse(credits[index]), Reverse(index)));

    let mut pairs = Vec::with_capacity(debts.len().min(credits.len()));
    let mut untried = by_credit.into_iter().peekable();
    // The free credits that cover the debt at hand, the smallest on top.
    let mut covering = Vec::new();
    for debt in by_debt {
        while let Some(credit) = untried.next_if(|&credit| credits[credit] >= debts[debt]) {
            covering.push(credit);
        }
        if let Some(credit) = covering.pop() {
            pairs.push((debt, credit));
        }
    }
    pairs
}
