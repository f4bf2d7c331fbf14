//! How pages write numbers, money and days.

use pod_platform::{Instant, Rial};

use crate::invoice::{instant, rial};

/// Persian digits instead of ASCII ones.
pub(super) fn digits(text: impl ToString) -> String {
    text.to_string().chars().map(digit).collect()
}

fn digit(letter: char) -> char {
    match letter.to_digit(10) {
        Some(value) => char::from_u32(u32::from('۰') + value).unwrap_or(letter),
        None => letter,
    }
}

/// `1,250,000` as ۱٬۲۵۰٬۰۰۰.
pub(super) fn money(amount: Rial) -> String {
    digits(amount.grouped()).replace(',', "٬")
}

/// An amount of the database.
pub(super) fn rials(amount: i64) -> String {
    money(rial(amount))
}

/// How many, with Persian's own decimal point.
pub(super) fn quantity(number: f64) -> String {
    digits(number).replace('.', "٫")
}

/// The day of an instant of the database.
pub(super) fn day(millis: i64) -> String {
    digits(instant(millis).jalali_date())
}

/// The day, and the time of day.
pub(super) fn moment(at: Instant) -> String {
    digits(at.jalali_date_time()).replace(' ', "، ساعت ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_persian() {
        assert_eq!(money(Rial(1_250_000)), "۱٬۲۵۰٬۰۰۰");
        assert_eq!(quantity(2.5), "۲٫۵");
        assert_eq!(quantity(3.0), "۳");
        assert_eq!(moment(Instant(1_591_075_800_000)), "۱۳۹۹/۰۳/۱۳، ساعت ۱۰:۰۰:۰۰");
    }
}
