//! Amounts: nothing overflows, nothing is rounded.

use pod_values::Rial;
use proptest::prelude::*;

/// From here on not every whole number has a float of its own.
const TWO_TO_53: u64 = 1 << 53;

fn read(json: &str) -> Option<Rial> {
    serde_json::from_str(json).ok()
}

#[test]
fn what_does_not_fit_is_none() {
    let most = Rial(u64::MAX);
    assert_eq!(most.checked_add(Rial(1)), None);
    assert_eq!(most.checked_add(Rial::ZERO), Some(most));
    assert_eq!(Rial::ZERO.checked_sub(Rial(1)), None);
    assert_eq!(Rial::checked_sum([most, Rial(1)]), None);
    assert_eq!(Rial::checked_sum([]), Some(Rial::ZERO));
}

#[test]
fn thousands_are_grouped() {
    for (rials, text) in [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1_000, "1,000"),
        (12_345, "12,345"),
        (999_999, "999,999"),
        (1_000_000, "1,000,000"),
        (u64::MAX, "18,446,744,073,709,551,615"),
    ] {
        assert_eq!(Rial(rials).grouped().to_string(), text);
    }
    assert_eq!(
        format!("{:>7}|{:<7}|", Rial(1_000).grouped(), Rial(1_000).grouped()),
        "  1,000|1,000  |"
    );
}

#[test]
fn only_a_whole_amount_is_read() {
    for (json, rials) in
        [("0", 0), ("0.0", 0), ("156000.0", 156_000), ("1.56e5", 156_000), ("2e3", 2_000)]
    {
        assert_eq!(read(json), Some(Rial(rials)), "{json}");
    }
    for json in ["1.5", "0.1", "-1", "-1.0", "1e-3", "1e20", "\"1\"", "null", "true", "[1]", "{}"] {
        assert_eq!(read(json), None, "{json}");
    }
}

#[test]
fn a_float_that_could_be_another_amount_is_refused() {
    assert_eq!(read("9007199254740991.0"), Some(Rial(TWO_TO_53 - 1)));
    // As a float, both are 2^53.
    assert_eq!(read("9007199254740992.0"), None);
    assert_eq!(read("9007199254740993.0"), None);
    assert_eq!(read("9007199254740993"), Some(Rial(TWO_TO_53 + 1)));
}

#[test]
fn a_text_is_digits_only() {
    assert_eq!("1250000".parse(), Ok(Rial(1_250_000)));
    for text in ["", "1,250,000", "1.0", "-1", "1 000", "۱۲", "18446744073709551616"] {
        assert!(text.parse::<Rial>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn sums_and_differences_are_exact(a: u64, b: u64) {
        let sum = u64::try_from(u128::from(a) + u128::from(b)).ok().map(Rial);
        prop_assert_eq!(Rial(a).checked_add(Rial(b)), sum);
        prop_assert_eq!(Rial::checked_sum([Rial(a), Rial(b)]), sum);
        prop_assert_eq!(Rial(a).checked_sub(Rial(b)), (a >= b).then(|| Rial(a.wrapping_sub(b))));
        if let Some(sum) = sum {
            prop_assert_eq!(sum.checked_sub(Rial(a)), Some(Rial(b)));
        }
    }

    #[test]
    fn grouping_adds_commas_and_nothing_else(rials: u64) {
        let text = Rial(rials).grouped().to_string();
        prop_assert_eq!(text.replace(',', ""), rials.to_string());
        let mut groups = text.split(',');
        prop_assert!((1..=3).contains(&groups.next().unwrap().len()));
        prop_assert!(groups.all(|group| group.len() == 3));
    }

    #[test]
    fn json_and_text_read_back(rials: u64) {
        let json = serde_json::to_string(&Rial(rials)).unwrap();
        prop_assert_eq!(&json, &rials.to_string());
        prop_assert_eq!(read(&json), Some(Rial(rials)));
        prop_assert_eq!(Rial(rials).to_string().parse(), Ok(Rial(rials)));
    }

    /// POD writes some amounts as floats. Each is read exactly, or not at all.
    #[test]
    fn a_float_reads_as_its_own_amount(rials in 0..TWO_TO_53, zeros in 1usize..4) {
        prop_assert_eq!(read(&format!("{rials}.{}", "0".repeat(zeros))), Some(Rial(rials)));
    }

    #[test]
    fn a_fraction_is_never_read(rials in 0..1_000_000_000_000u64, thousandths in 1u32..1_000) {
        prop_assert_eq!(read(&format!("{rials}.{thousandths:03}")), None);
    }
}
