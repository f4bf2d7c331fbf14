//! Money times a decimal fraction, exactly. Floats alone would make 28 rials of 100 × 0.29.

use crate::Rial;

/// What came of a multiplication.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Product {
    /// The rials, rounded down.
    pub rials: Rial,
    /// Was nothing rounded off?
    pub exact: bool,
}

impl Rial {
    /// More than this has no exact JSON number.
    pub const LARGEST: Self = Self(9_007_199_254_740_991);

    /// It times what `factor` is written as, in rials. `None` if the factor is negative, no number,
    /// or finer than anybody means, or if the product is too large.
    ///
    /// ```
    /// # use pod_values::Rial;
    /// assert_eq!(Rial(6_500).times(0.09).unwrap().rials, Rial(585));
    /// assert!(!Rial(10).times(0.25).unwrap().exact);
    /// ```
    #[must_use]
    pub fn times(self, factor: f64) -> Option<Product> {
        // The shortest text that reads back as the same float is the decimal that the sender wrote.
        let text = factor.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
        let product = digits.checked_mul(self.0.into())?;
        let rials = Rial(u64::try_from(product / scale).ok()?);
        Some(Product { rials, exact: product % scale == 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact_where_floats_are_not() {
        let product = |rials, exact| Some(Product { rials: Rial(rials), exact });
        assert_eq!(Rial(100).times(0.29), product(29, true));
        assert_eq!(Rial(6_500).times(0.09), product(585, true));
        assert_eq!(Rial(10).times(0.25), product(2, false));
        assert_eq!(Rial(7).times(3.0), product(21, true));
        assert_eq!(Rial(0).times(1e-30), product(0, true));
    }

    #[test]
    fn refuses_what_is_no_factor() {
        for factor in [-1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e30] {
            assert_eq!(Rial(u64::MAX).times(factor), None, "{factor}");
        }
    }
}
