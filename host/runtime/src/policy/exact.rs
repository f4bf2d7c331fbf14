//! Numbers that keep their digits. A policy gets a number as a whole one of 64 bits or as a double;
//! one that is neither would reach it as another number, and an invoice's id or an amount with it.

/// From here on a double holds not every whole number.
const EVERY_WHOLE_NUMBER: f64 = 9_007_199_254_740_992.0;
/// More digits than any double has.
const MOST_DIGITS: usize = 1_100;

/// Does a JSON number stay the same as a whole number of 64 bits, or as a double?
pub(crate) fn is_exact(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let (Ok(double), Some(written)) = (number.parse::<f64>(), decimal(number)) else {
        return false;
    };
    let is = |text: String| decimal(&text).as_ref() == Some(&written);
    match written.0.len() {
        0 => true,
        _ if !double.is_finite() => false,
        // It may be an id or an amount: as a whole number it must be itself.
        _ if double.abs() >= EVERY_WHOLE_NUMBER => is(format!("{double:.0}")),
        // As the shortest that is read as this double, or in as many digits as it was written.
        digits => {
            is(format!("{double:e}"))
                || digits <= MOST_DIGITS && is(format!("{double:.*e}", digits - 1))
        }
    }
}

/// The digits that count, and the power of ten of the last of them.
fn decimal(number: &str) -> Option<(String, i64)> {
    let number = number.trim_start_matches(['-', '+']);
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().ok()?;
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some((String::new(), 0));
    }
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let shift = zeros.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    Some((significant.to_owned(), exponent.checked_add(shift)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_exact;

    #[test]
    fn numbers_that_would_become_others_are_found() {
        for exact in [
            "0",
            "-0",
            "-0.0",
            "0.1",
            "1e3",
            "1.50",
            "-1E-7",
            "9223372036854775807",
            "18446744073709551615",
            "9007199254740992.0",
            "0.30000000000000004",
            "1e22",
        ] {
            assert!(is_exact(exact), "{exact}");
        }
        for inexact in [
            "18446744073709551616",
            "-9223372036854775809",
            "9007199254740993.0",
            "0.1234567890123456789",
            "1e400",
            "1e-400",
            "1e99999999999999999999",
            "100000000000000000000",
            "9007199254740993e0",
        ] {
            assert!(!is_exact(inexact), "{inexact}");
        }
    }

    proptest! {
        #[test]
        fn what_a_double_is_written_as_is_exact(double in -9e15..9e15_f64) {
            let json = serde_json::to_string(&double).unwrap();
            for written in [format!("{double:e}"), json] {
                prop_assert!(is_exact(&written), "{}", written);
            }
        }

        #[test]
        fn a_whole_number_written_as_a_decimal_is_itself_or_refused(whole in any::<u64>(), shift in 0..64) {
            let whole = whole >> shift;
            let same = (whole as f64) as u128 == u128::from(whole);
            prop_assert_eq!(is_exact(&format!("{whole}.0")), same);
        }
    }
}
