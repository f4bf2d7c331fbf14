//! The promise of `matching::best`, against every possible plan of small cases.

use std::cmp::Reverse;

use netting::matching::{Match, Owed, best};
use proptest::prelude::*;

/// Weight settled, rials settled, debts settled, and creditor rials earmarked (less is better).
type Score = (u64, u64, usize, Reverse<u64>);

fn score(matches: &[Match], debts: &[Owed], credits: &[u64]) -> Score {
    (
        matches.iter().map(|found| debts[found.debt].weight).sum(),
        matches.iter().map(|found| debts[found.debt].rials).sum(),
        matches.len(),
        Reverse(matches.iter().map(|found| credits[found.credit]).sum()),
    )
}

/// The best score of all plans for `debts[next..]` that use none of the `used` credits.
fn brute_force(next: usize, used: u32, debts: &[Owed], credits: &[u64]) -> Score {
    let Some(&debt) = debts.get(next) else {
        return (0, 0, 0, Reverse(0));
    };
    let mut best = brute_force(next + 1, used, debts, credits);
    for (index, &credit) in credits.iter().enumerate() {
        if used & (1 << index) == 0 && credit >= debt.rials {
            let (weight, rials, count, earmarked) =
                brute_force(next + 1, used | (1 << index), debts, credits);
            best = best.max((
                weight + debt.weight,
                rials + debt.rials,
                count + 1,
                Reverse(earmarked.0 + credit),
            ));
        }
    }
    best
}

fn plain(rials: &[u64]) -> Vec<Owed> {
    rials.iter().map(|&rials| Owed { rials, weight: rials }).collect()
}

fn weighted() -> impl Strategy<Value = Vec<Owed>> {
    let debt = (0u64..12, 0u64..5).prop_map(|(rials, weight)| Owed { rials, weight });
    prop::collection::vec(debt, 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_plan_settles_more_rials(
        debts in prop::collection::vec(0u64..12, 0..7),
        credits in prop::collection::vec(0u64..12, 0..7),
    ) {
        let debts = plain(&debts);
        let matches = best(&debts, &credits);
        prop_assert_eq!(score(&matches, &debts, &credits), brute_force(0, 0, &debts, &credits));
    }

    #[test]
    fn no_plan_settles_more_weight(
        debts in weighted(),
        credits in prop::collection::vec(0u64..12, 0..7),
    ) {
        let matches = best(&debts, &credits);
        prop_assert_eq!(score(&matches, &debts, &credits), brute_force(0, 0, &debts, &credits));
    }

    #[test]
    fn every_pair_is_allowed(
        debts in prop::collection::vec(any::<(u64, u64)>(), 0..200),
        credits in prop::collection::vec(any::<u64>(), 0..200),
    ) {
        let debts: Vec<Owed> =
            debts.into_iter().map(|(rials, weight)| Owed { rials, weight }).collect();
        let mut seen_debts = std::collections::HashSet::new();
        let mut seen_credits = std::collections::HashSet::new();
        for Match { debt, credit, next } in best(&debts, &credits) {
            prop_assert!(credits[credit] >= debts[debt].rials);
            prop_assert!(seen_debts.insert(debt) && seen_credits.insert(credit));
            prop_assert!(next.is_none_or(|next| credits[next] >= credits[credit]));
        }
    }
}

#[test]
fn equal_amounts_are_taken_in_the_order_given() {
    let matches = best(&plain(&[5, 5]), &[5, 5]);
    let pairs: Vec<_> = matches.iter().map(|found| (found.debt, found.credit)).collect();
    assert_eq!(pairs, [(0, 0), (1, 1)]);
}
