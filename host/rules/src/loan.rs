//! What a loan costs, when it is paid back, and who lends it (S4).
//!
//! On POD a plan's repayment is a script of its own, which nobody outside knows; S4's sample does not
//! add up. So this is decided here, as one rule that a policy can compute for itself:
//! - the total is the principal and flat interest, `principal × interestRate / 100`, rounded down;
//! - an instalment is the total divided by their number, rounded down, and the last one takes the
//!   remainder;
//! - instalment `k`, from 1, is due on the day `breathing + k − 1` Jalali months after the loan's
//!   creation, or on that month's last day if it has no such day. Without breathing, the first one is
//!   due on the day of the loan (S4).

use std::ops::RangeInclusive;

use pod_values::{JalaliDate, Rial};

/// How a plan is paid back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Percent, of the whole term.
    pub interest_rate: f64,
    /// How many instalments.
    pub installments: u32,
}

/// What is paid back: equal instalments, and the last one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parts {
    /// All but the last, in rials.
    pub each: Rial,
    /// The last, which takes the remainder: the largest.
    pub last: Rial,
    /// What the loan costs.
    pub interest: Rial,
}

/// One instalment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Installment {
    /// In rials.
    pub amount: Rial,
    /// Its day.
    pub due_date: JalaliDate,
}

impl Terms {
    /// How so much is paid back. `None` if there is no instalment, if one would be for nothing, or if
    /// the total is beyond what can be written.
    #[must_use]
    pub fn parts(self, principal: Rial) -> Option<Parts> {
        let interest = principal.percent(self.interest_rate)?;
        let total = principal.checked_add(interest).filter(|total| *total <= Rial::LARGEST)?;
        let count = u64::from(self.installments);
        let each = total.0.checked_div(count).filter(|each| *each > 0)?;
        Some(Parts { each: Rial(each), last: Rial(total.0 - each * (count - 1)), interest })
    }

    /// All instalments of so much, lent on a day, which is paid back after so many months. `None` as
    /// with [`parts`](Self::parts), or if the last day is beyond the calendar.
    #[must_use]
    pub fn schedule(
        self,
        principal: Rial,
        start: JalaliDate,
        breathing: u32,
    ) -> Option<Vec<Installment>> {
        let Parts { each, last, .. } = self.parts(principal)?;
        (1..=self.installments)
            .map(|number| {
                let amount = if number == self.installments { last } else { each };
                let due_date = start.plus_months(breathing.checked_add(number - 1)?)?;
                Some(Installment { amount, due_date })
            })
            .collect()
    }
}

/// What a contract and one of its plans offer a customer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Offer {
    /// Can the plan be chosen?
    pub active: bool,
    /// The contract's last day.
    pub last_day: Option<JalaliDate>,
    /// So many months before the first instalment at most.
    pub most_breathing: u32,
    /// What the customer may still borrow; none: nobody tells.
    pub customer_credit: Option<Rial>,
    /// What the grantor still lends; none: nobody tells.
    pub grantor_credit: Option<Rial>,
}

/// What a loan is asked for with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Application {
    /// What the invoice comes to.
    pub payable: Rial,
    /// What of it the customer pays at once (S4, `primaryAmount`).
    pub down_payment: Rial,
    /// Months before the first instalment.
    pub breathing: u32,
}

/// Why a loan is not granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotGranted {
    /// The plan cannot be chosen.
    Inactive,
    /// The contract has ended.
    Ended,
    /// The down payment leaves nothing to lend.
    NothingToLend,
    /// The customer may borrow no more than this.
    CustomerCredit(Rial),
    /// The grantor lends no more than this.
    GrantorCredit(Rial),
    /// The contract lets no more months go by than this.
    Breathing(u32),
}

impl Application {
    /// What is lent; none, if the down payment leaves nothing (decided here).
    #[must_use]
    pub fn principal(self) -> Option<Rial> {
        self.payable.checked_sub(self.down_payment).filter(|principal| *principal > Rial::ZERO)
    }
}

/// The down payments with which so much can be paid by a loan of at most so much (none: nobody tells):
/// what is beyond it is paid at once, and something is left to lend (decided here). None, if no down
/// payment will do.
#[must_use]
pub fn down_payments(payable: Rial, most: Option<Rial>) -> Option<RangeInclusive<Rial>> {
    let least = most.map_or(Rial::ZERO, |most| payable.checked_sub(most).unwrap_or_default());
    let all_but_one = payable.checked_sub(Rial(1))?;
    (least <= all_but_one).then_some(least..=all_but_one)
}

impl Offer {
    /// Does the contract go on?
    #[must_use]
    pub fn has_ended(self, today: JalaliDate) -> bool {
        self.last_day.is_some_and(|last| last < today)
    }

    /// Can a loan be taken at all?
    ///
    /// # Errors
    /// Why none can.
    pub fn open(self, today: JalaliDate) -> Result<(), NotGranted> {
        if !self.active {
            Err(NotGranted::Inactive)
        } else if self.has_ended(today) {
            Err(NotGranted::Ended)
        } else {
            Ok(())
        }
    }

    /// May so many months go by before the first instalment?
    ///
    /// # Errors
    /// How many may.
    pub fn breathes(self, months: u32) -> Result<(), NotGranted> {
        if months > self.most_breathing {
            Err(NotGranted::Breathing(self.most_breathing))
        } else {
            Ok(())
        }
    }

    /// The most that is lent, as far as anybody tells.
    #[must_use]
    pub fn most(self) -> Option<Rial> {
        self.customer_credit.into_iter().chain(self.grantor_credit).min()
    }

    /// Why a loan is not granted: nothing, if it is (S4, payInvoiceByLoan).
    #[must_use]
    pub fn refuses(self, application: Application, today: JalaliDate) -> Vec<NotGranted> {
        let mut reasons = Vec::from_iter(self.open(today).err());
        let lacks = |most: Option<Rial>| most.filter(|most| application.principal() > Some(*most));
        if application.principal().is_none() {
            reasons.push(NotGranted::NothingToLend);
        }
        reasons.extend(lacks(self.customer_credit).map(NotGranted::CustomerCredit));
        reasons.extend(lacks(self.grantor_credit).map(NotGranted::GrantorCredit));
        reasons.extend(self.breathes(application.breathing).err());
        reasons
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> JalaliDate {
        text.parse().unwrap()
    }

    fn amounts(principal: u64, interest_rate: f64, installments: u32) -> Vec<u64> {
        let terms = Terms { interest_rate, installments };
        let schedule = terms.schedule(Rial(principal), day("1399/03/13"), 0).unwrap();
        schedule.iter().map(|part| part.amount.0).collect()
    }

    fn days(start: &str, breathing: u32, installments: u32) -> Vec<String> {
        let terms = Terms { interest_rate: 2.0, installments };
        let schedule = terms.schedule(Rial(6_500), day(start), breathing).unwrap();
        schedule.iter().map(|part| part.due_date.to_string()).collect()
    }

    #[test]
    fn the_last_instalment_takes_the_remainder() {
        assert_eq!(amounts(6_500, 2.0, 6), [1_105; 6]);
        assert_eq!(amounts(6_500, 4.0, 6), [1_126, 1_126, 1_126, 1_126, 1_126, 1_130]);
        assert_eq!(amounts(100, 0.0, 3), [33, 33, 34]);
        assert_eq!(amounts(7, 0.0, 7), [1; 7]);
        // 10,000 × 0.29 % are 29 rials, and no float makes 28 of them.
        assert_eq!(amounts(10_000, 0.29, 1), [10_029]);
        assert_eq!(amounts(99, 1.0, 1), [99]);
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
        for (principal, interest_rate, installments) in [
            (6, 0.0, 7),
            (6, 0.0, 0),
            (Rial::LARGEST.0, 1.0, 1),
            (u64::MAX, 0.0, 1),
            (100, f64::NAN, 1),
            (100, -1.0, 1),
        ] {
            let terms = Terms { interest_rate, installments };
            assert_eq!(terms.parts(Rial(principal)), None, "{principal}, {terms:?}");
        }
        let terms = Terms { interest_rate: 0.0, installments: 2 };
        assert_eq!(terms.schedule(Rial(100), day("1399/03/13"), u32::MAX), None);
    }

    #[test]
    fn all_reasons_against_a_loan_are_told() {
        let today = day("1399/03/13");
        let offer = Offer {
            active: true,
            last_day: Some(today),
            most_breathing: 3,
            customer_credit: Some(Rial(500)),
            grantor_credit: None,
        };
        let application = Application { payable: Rial(600), down_payment: Rial(100), breathing: 3 };
        assert_eq!(offer.refuses(application, today), []);
        assert_eq!(offer.most(), Some(Rial(500)));
        let tight = Offer {
            active: false,
            last_day: Some(day("1399/03/12")),
            most_breathing: 2,
            customer_credit: Some(Rial(499)),
            grantor_credit: Some(Rial(0)),
        };
        let reasons = [
            NotGranted::Inactive,
            NotGranted::CustomerCredit(Rial(499)),
            NotGranted::GrantorCredit(Rial::ZERO),
            NotGranted::Breathing(2),
        ];
        assert_eq!(tight.refuses(application, today), reasons);
        assert_eq!(tight.most(), Some(Rial::ZERO));
        assert_eq!(Offer { active: true, ..tight }.open(today), Err(NotGranted::Ended));
        for down_payment in [600, 601] {
            let all = Application { down_payment: Rial(down_payment), ..application };
            assert_eq!(offer.refuses(all, today), [NotGranted::NothingToLend]);
        }
    }

    proptest! {
        #[test]
        fn a_down_payment_is_within_bounds_when_its_loan_is_granted(
            payable in 0_u64..50,
            most in prop::option::of(0_u64..60),
            down_payment in 0_u64..60,
        ) {
            let most = most.map(Rial);
            let offer = Offer {
                active: true,
                last_day: None,
                most_breathing: 0,
                customer_credit: most,
                grantor_credit: None,
            };
            let application = Application {
                payable: Rial(payable),
                down_payment: Rial(down_payment),
                breathing: 0,
            };
            let bounds = down_payments(Rial(payable), most);
            let is_within = bounds.is_some_and(|bounds| bounds.contains(&Rial(down_payment)));
            prop_assert_eq!(is_within, offer.refuses(application, day("1399/03/13")).is_empty());
        }

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
            let terms = Terms { interest_rate, installments };
            let interest = u128::from(principal) * u128::from(hundredths) / 10_000;
            let total = u128::from(principal) + interest;
            match terms.schedule(Rial(principal), start, breathing) {
                None => prop_assert!(total < u128::from(installments)),
                Some(parts) => {
                    prop_assert_eq!(parts.len(), installments as usize);
                    let sum: u128 = parts.iter().map(|part| u128::from(part.amount.0)).sum();
                    prop_assert_eq!(sum, total);
                    prop_assert!(parts.windows(2).all(|pair| pair[0].due_date < pair[1].due_date));
                    let (last, rest) = parts.split_last().unwrap();
                    prop_assert!(rest.iter().all(|part| part.amount <= last.amount));
                    prop_assert!(last.amount.0 - parts[0].amount.0 < u64::from(installments));
                }
            }
        }
    }
}
