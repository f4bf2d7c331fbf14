//! Money is whole rials in a type of its own, so that it is never mixed up with a count or an id.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of money, in whole rials.
///
/// Arithmetic is checked: a sum that does not fit is `None`, never a wrong amount.
///
/// ```
/// use pod_values::Rial;
///
/// assert_eq!(Rial(7_000).checked_sub(Rial(500)), Some(Rial(6_500)));
/// assert_eq!(Rial(1).checked_sub(Rial(2)), None);
/// assert_eq!(Rial(1_250_000).grouped().to_string(), "1,250,000");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Rial(pub u64);

/// What a percentage with so many decimals is divided by.
const SCALES: [u64; 18] = {
    let mut scales = [100; 18];
    let mut decimals = 1;
    while decimals < scales.len() {
        scales[decimals] = scales[decimals - 1] * 10;
        decimals += 1;
    }
    scales
};

impl Rial {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The sum, or `None` if it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` if `other` is more.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum of all, or `None` if it does not fit.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// `rate` percent of it, rounded down; or `None` if the rate is negative or no number, finer than
    /// anybody means, or the result does not fit. Exact, where floats alone would make 28 rials of
    /// 0.29 % of 10,000.
    ///
    /// ```
    /// # use pod_values::Rial;
    /// assert_eq!(Rial(10_000).percent(0.29), Some(Rial(29)));
    /// assert_eq!(Rial(99).percent(1.0), Some(Rial::ZERO));
    /// assert_eq!(Rial(99).percent(-1.0), None);
    /// // More than 64 bits on the way.
    /// let much = Rial(1_000_000_000_000_000_000);
    /// assert_eq!(much.percent(12.345), Some(Rial(123_450_000_000_000_000)));
    /// ```
    #[must_use]
    pub fn percent(self, rate: f64) -> Option<Self> {
        // The shortest text that reads back as the same float is the decimal that was written.
        let text = rate.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = format!("{whole}{fraction}");
        // What fits into 64 bits is computed there: a guest has no wider numbers of its own.
        if let (Some(scale), Ok(digits)) = (SCALES.get(fraction.len()), digits.parse::<u64>())
            && digits.leading_zeros() + self.0.leading_zeros() >= u64::BITS
        {
            return Some(Self(digits * self.0 / scale));
        }
        let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?.checked_mul(100)?;
        let digits: u128 = digits.parse().ok()?;
        let product = digits.checked_mul(self.0.into())?;
        u64::try_from(product / scale).ok().map(Self)
    }

    /// Written for people, with a comma between thousands.
    #[must_use]
    pub fn grouped(self) -> Grouped {
        Grouped(self)
    }

    /// A float is an amount only if it is whole: POD writes `156000.0` for 156,000 rials.
    #[must_use]
    pub fn from_float(amount: f64) -> Option<Self> {
        // 2^53: below it every whole number has a float of its own; 2^53 + 1 would read as 2^53.
        (amount.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&amount))
            .then_some(Self(amount as u64))
    }
}

impl fmt::Display for Rial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// See [`Rial::grouped`].
pub struct Grouped(Rial);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.0.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&grouped)
    }
}

impl FromStr for Rial {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Rial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Rial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Rial;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount in whole rials")
            }

            fn visit_u64<E: serde::de::Error>(self, amount: u64) -> Result<Rial, E> {
                Ok(Rial(amount))
            }

            fn visit_i64<E: serde::de::Error>(self, amount: i64) -> Result<Rial, E> {
                u64::try_from(amount)
                    .map(Rial)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(amount), &self))
            }

            fn visit_f64<E: serde::de::Error>(self, amount: f64) -> Result<Rial, E> {
                Rial::from_float(amount)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(amount), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
