//! The promise of `matching::best`, against every possible plan of small cases.

use netting::matching::best;
use proptest::prelude::*;

/// Rials settled, debts settled, and creditor rials earmarked (less is better).
type Score = (u64, usize, std::cmp::Reverse<u64>);

fn score(pairs: &[(usize, usize)], debts: &[u64], credits: &[u64]) -> Score {
    (
        pairs.iter().map(|&(debt, _)| debts[debt]).sum(),
        pairs.len(),
        std::cmp::Reverse(pairs.iter().map(|&(_, credit)| credits[credit]).sum()),
    )
}

/// The best score of all plans for `debts[next..]` that use none of the `used` credits.
fn brute_force(next: usize, used: u32, debts: &[u64], credits: &[u64]) -> Score {
    let Some(&debt) = debts.get(next) else {
        return (0, 0, std::cmp::Reverse(0));
    };
    let mut best = brute_force(next + 1, used, debts, credits);
    for (index, &credit) in credits.iter().enumerate() {
        if used & (1 << index) == 0 && credit >= debt {
            let (rials, count, earmarked) =
                brute_force(next + 1, used | (1 << index), debts, credits);
            best = best.max((rials + debt, count + 1, std::cmp::Reverse(earmarked.0 + credit)));
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_plan_is_better(
        debts in prop::collection::vec(0u64..12, 0..7),
        credits in prop::collection::vec(0u64..12, 0..7),
    ) {
        let pairs = best(&debts, &credits);
        prop_assert_eq!(score(&pairs, &debts, &credits), brute_force(0, 0, &debts, &credits));
    }

    #[test]
    fn every_pair_is_allowed(
        debts in prop::collection::vec(any::<u64>(), 0..200),
        credits in prop::collection::vec(any::<u64>(), 0..200),
    ) {
        let pairs = best(&debts, &credits);
        let mut seen_debts = std::collections::HashSet::new();
        let mut seen_credits = std::collections::HashSet::new();
        for (debt, credit) in pairs {
            prop_assert!(credits[credit] >= debts[debt]);
            prop_assert!(seen_debts.insert(debt) && seen_credits.insert(credit));
        }
    }
}

#[test]
fn equal_amounts_are_taken_in_the_order_given() {
    assert_eq!(best(&[5, 5], &[5, 5]), [(0, 0), (1, 1)]);
}
