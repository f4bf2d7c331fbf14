//! When and how much a loan is paid back.
//!
//! On POD this is a plan's own script, which nobody outside knows; S4's sample does not add up. Here
//! it is one rule, which a policy can compute for itself:
//! - the total is the principal and flat interest, `principal × interestRate / 100`, rounded down;
//! - an instalment is the total divided by their number, rounded down, and the last one takes the
//!   remainder;
//! - instalment `k`, from 1, is due at 00:00 in Tehran on the day `breathing + k − 1` Jalali months
//!   after the loan's creation, or on that month's last day if it has no such day. Without
//!   breathing, the first one is due on the day of the loan (S4).

use crate::{Instant, JalaliDate, Rial};

/// One instalment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// In rials.
    pub amount: Rial,
    /// The beginning of its day.
    pub due: Instant,
}

/// What a loan's terms are.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// What is lent, in rials.
    pub principal: Rial,
    /// Percent, of the whole term.
    pub interest_rate: f64,
    /// How many instalments.
    pub installments: u32,
    /// The day of the loan.
    pub start: JalaliDate,
    /// Months before the first instalment.
    pub breathing: u32,
}

impl Terms {
    /// All instalments. `None` if there is none, if one would be for nothing, or if the total or the
    /// last day is beyond what can be written.
    #[must_use]
    pub fn schedule(self) -> Option<Vec<Part>> {
        let Self { principal, interest_rate, installments, start, breathing } = self;
        let interest = principal.percent(interest_rate)?;
        let total = principal.checked_add(interest).filter(|total| *total <= Rial::LARGEST)?;
        let each = Rial(total.0.checked_div(installments.into())?);
        if each == Rial::ZERO {
            return None;
        }
        let last = Rial(total.0 - each.0 * u64::from(installments - 1));
        (1..=installments)
            .map(|number| {
                let amount = if number == installments { last } else { each };
                let due = start.plus_months(breathing.checked_add(number - 1)?)?.start()?;
                Some(Part { amount, due })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> JalaliDate {
        text.parse().unwrap()
    }

    fn terms(principal: u64, interest_rate: f64, installments: u32) -> Terms {
        let start = day("1399/03/13");
        Terms { principal: Rial(principal), interest_rate, installments, start, breathing: 0 }
    }

    fn amounts(terms: Terms) -> Vec<u64> {
        terms.schedule().unwrap().iter().map(|part| part.amount.0).collect()
    }

    fn days(start: &str, breathing: u32, installments: u32) -> Vec<String> {
        let start = day(start);
        let terms = Terms { start, breathing, ..terms(6_500, 2.0, installments) };
        let parts = terms.schedule().unwrap();
        assert!(parts.iter().all(|part| part.due.to_string().ends_with(" 00:00:00")));
        parts.iter().map(|part| part.due.jalali_date().to_string()).collect()
    }

    #[test]
    fn the_last_instalment_takes_the_remainder() {
        assert_eq!(amounts(terms(6_500, 2.0, 6)), [1_105; 6]);
        assert_eq!(amounts(terms(6_500, 4.0, 6)), [1_126, 1_126, 1_126, 1_126, 1_126, 1_130]);
        assert_eq!(amounts(terms(100, 0.0, 3)), [33, 33, 34]);
        assert_eq!(amounts(terms(7, 0.0, 7)), [1; 7]);
        // 10,000 × 0.29 % are 29 rials, and no float makes 28 of them.
        assert_eq!(amounts(terms(10_000, 0.29, 1)), [10_029]);
        assert_eq!(amounts(terms(99, 1.0, 1)), [99]);
    }

    #[test]
    fn without_breathing_it_begins_on_the_day_itself() {
        assert_eq!(days("1399/03/13", 0, 3), ["1399/03/13", "1399/04/13", "1399/05/13"]);
        // S4: three months of breathing.
        assert_eq!(days("1399/03/13", 3, 2), ["1399/06/13", "1399/07/13"]);
    }

    #[test]
    fn a_day_that_a_month_does_not_have_is_its_last() {
        let clamped = ["1399/06/31", "1399/07/30", "1399/08/30"];
        assert_eq!(days("1399/05/31", 1, 3), clamped);
        // 1399 is a leap year, 1400 is none; the day comes back where there is one.
        assert_eq!(days("1399/11/30", 1, 2), ["1399/12/30", "1400/01/30"]);
        assert_eq!(days("1399/12/30", 11, 3), ["1400/11/30", "1400/12/29", "1401/01/30"]);
    }

    #[test]
    fn what_cannot_be_paid_back_so_is_none() {
        for terms in [
            terms(6, 0.0, 7),
            terms(6, 0.0, 0),
            terms(Rial::LARGEST.0, 1.0, 1),
            terms(u64::MAX, 0.0, 1),
            terms(100, f64::NAN, 1),
            terms(100, -1.0, 1),
            Terms { breathing: u32::MAX, ..terms(100, 0.0, 2) },
        ] {
            assert_eq!(terms.schedule(), None, "{terms:?}");
        }
    }

    proptest! {
        #[test]
        fn instalments_add_up_and_never_go_back_in_time(
            principal in 1_u64..1_000_000_000_000,
            hundredths in 0_u32..10_000,
            installments in 1_u32..=120,
            (month, day) in (1_u8..=12, 1_u8..=29),
            breathing in 0_u32..=24,
        ) {
            let start = JalaliDate { year: 1399, month, day };
            let interest_rate = f64::from(hundredths) / 100.0;
            let terms =
                Terms { principal: Rial(principal), interest_rate, installments, start, breathing };
            let interest = u128::from(principal) * u128::from(hundredths) / 10_000;
            let total = u128::from(principal) + interest;
            match terms.schedule() {
                None => prop_assert!(total < u128::from(installments)),
                Some(parts) => {
                    prop_assert_eq!(parts.len(), installments as usize);
                    let sum: u128 = parts.iter().map(|part| u128::from(part.amount.0)).sum();
                    prop_assert_eq!(sum, total);
                    prop_assert!(parts.windows(2).all(|pair| pair[0].due < pair[1].due));
                    let (last, rest) = parts.split_last().unwrap();
                    prop_assert!(rest.iter().all(|part| part.amount <= last.amount));
                    prop_assert!(last.amount.0 - parts[0].amount.0 < u64::from(installments));
                }
            }
        }
    }
}
