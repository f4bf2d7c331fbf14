//! Numbers that keep their digits. A policy gets a number as a whole one of 64 bits or as a double;
//! one that is neither would reach it as another number, and an invoice's id or an amount with it.

/// Does a JSON number stay the same as a whole number of 64 bits, or as a double?
pub(crate) fn is_exact(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let Ok(double) = number.parse::<f64>() else { return false };
    let digits = decimal(number);
    double.is_finite() && digits.is_some() && digits == decimal(&format!("{double:e}"))
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
            "1e308",
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
        fn whatever_a_double_is_written_as_is_exact(double in any::<f64>()) {
            prop_assume!(double.is_finite());
            let json = serde_json::to_string(&double).unwrap();
            for written in [format!("{double:e}"), json] {
                prop_assert!(is_exact(&written), "{}", written);
            }
        }

        #[test]
        fn what_is_exact_is_read_as_written(digits in "[1-9][0-9]{0,24}\\.[0-9]{1,9}") {
            let read: f64 = digits.parse().unwrap();
            let written = format!("{read}");
            let same = written.trim_end_matches(".0")
                == digits.trim_end_matches('0').trim_end_matches('.');
            prop_assert_eq!(is_exact(&digits), same);
        }
    }
}
