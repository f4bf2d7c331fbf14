//! Which down payment makes a plan cheapest.
//!
//! A larger one leaves less to pay interest on, so it never costs more. What spoils the order is
//! the last instalment, which takes the remainder: it is not always smaller when the loan is. So
//! what costs least is looked for from the largest down payment on, and among those of equal cost
//! the smallest.

use pod_sdk::{
    rules::loan::{Parts, Terms, down_payments},
    values::Rial,
};

/// The down payments that can be chosen from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Range {
    /// The least, in rials.
    pub least: u64,
    /// The most, in rials.
    pub most: u64,
    /// From one to the next, in rials; 0 is taken as 1.
    pub step: u64,
}

/// A down payment in rials, and how the rest is paid back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// In rials.
    pub down_payment: u64,
    /// How the rest is paid back.
    pub parts: Parts,
}

/// The smallest down payment of least cost for an invoice of so many rials, of which `financed` can
/// be borrowed at most, and of whose instalments none is more than `largest`.
#[must_use]
pub fn cheapest(
    payable: u64,
    financed: u64,
    range: Range,
    terms: Terms,
    largest: u64,
) -> Option<Found> {
    let Range { least, most, step } = range;
    let step = step.max(1);
    let bounds = down_payments(Rial(payable), Some(Rial(financed)))?;
    let (most, floor) = (most.min(bounds.end().0), least.max(bounds.start().0));
    let highest = most.checked_sub(least)? / step;
    let lowest = (floor - least).div_ceil(step);
    let at = |number: u64| least + number * step;
    let parts = |number: u64| terms.parts(Rial(payable - at(number)));
    // What cannot be split when it is largest cannot be split at all.
    if lowest > highest || parts(lowest).is_none() {
        return None;
    }
    let fits = |number: u64| parts(number).filter(|parts| parts.last.0 <= largest);
    let is_small_enough = |number: u64| {
        let all = u128::from(largest) * u128::from(terms.installments);
        parts(number)
            .is_none_or(|p| u128::from(payable - at(number)) + u128::from(p.interest.0) <= all)
    };

    let mut number = highest;
    let cheapest = loop {
        if let Some(parts) = fits(number) {
            break parts;
        }
        if number == lowest || !is_small_enough(number) {
            return None;
        }
        number -= 1;
    };
    // Of what costs as little, what is borrowed at most so that it can be paid back at all.
    let costs_as_little =
        |number: u64| parts(number).is_none_or(|parts| parts.interest <= cheapest.interest);
    let mut first =
        first_where(lowest, number, |number| costs_as_little(number) && is_small_enough(number));
    loop {
        if let Some(parts) = fits(first) {
            return Some(Found { down_payment: at(first), parts });
        }
        first += 1;
    }
}

/// The first number from `low` to `high` of which it is true, if it is true from there on.
fn first_where(mut low: u64, mut high: u64, is_true: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if is_true(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
