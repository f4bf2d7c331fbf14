//! Money times a decimal fraction, exactly. Floats alone would make 28 rials of 100 × 0.29.

use std::fmt;

use crate::Rial;

/// What came of a multiplication.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Product {
    /// The rials, rounded down.
    pub rials: Rial,
    /// Was nothing rounded off?
    pub exact: bool,
    /// What was rounded off, in parts of `scale`.
    rest: u128,
    scale: u128,
}

/// All of it, as in `1.35`.
impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exact {
            return self.rials.fmt(f);
        }
        let decimals = self.scale.ilog10() as usize;
        let rest = format!("{:0decimals$}", self.rest);
        write!(f, "{}.{}", self.rials, rest.trim_end_matches('0'))
    }
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
        let rest = product % scale;
        Some(Product { rials, exact: rest == 0, rest, scale })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact_where_floats_are_not() {
        for (rials, factor, product) in [
            (100, 0.29, "29"),
            (6_500, 0.09, "585"),
            (10, 0.25, "2.5"),
            (15, 0.09, "1.35"),
            (1, 0.007, "0.007"),
            (7, 3.0, "21"),
            (0, 1e-30, "0"),
        ] {
            let found = Rial(rials).times(factor).unwrap();
            assert_eq!(found.to_string(), product);
            assert_eq!(found.exact, !product.contains('.'));
        }
    }

    #[test]
    fn refuses_what_is_no_factor() {
        for factor in [-1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e30] {
            assert_eq!(Rial(u64::MAX).times(factor), None, "{factor}");
        }
    }
}
