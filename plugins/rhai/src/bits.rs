//! Functions that name bits of a whole number. Rhai's own take bits that are not there for those that
//! are, and drop what is too large for its place. Here both are errors, as for
//! [places](crate::places) of texts.

use std::ops::{Range, RangeInclusive};

use rhai::{Array, Engine};

use crate::call::{Answer, thrown};

/// How many bits a whole number has.
const BITS: u32 = i64::BITS;

/// Registers them all.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("get_bits", |value: i64, from: i64, count: i64| -> Answer<i64> {
            Ok(Part::of("get_bits", from, count)?.get(value))
        })
        .register_fn("get_bits", |value: i64, range: Range<i64>| -> Answer<i64> {
            Ok(Part::within("get_bits", range)?.get(value))
        })
        .register_fn("get_bits", |value: i64, range: RangeInclusive<i64>| -> Answer<i64> {
            Ok(Part::within("get_bits", half_open(range))?.get(value))
        })
        .register_fn("set_bits", |value: &mut i64, from: i64, count: i64, new: i64| -> Answer<()> {
            *value = Part::of("set_bits", from, count)?.set(*value, new)?;
            Ok(())
        })
        .register_fn("set_bits", |value: &mut i64, range: Range<i64>, new: i64| -> Answer<()> {
            *value = Part::within("set_bits", range)?.set(*value, new)?;
            Ok(())
        })
        .register_fn(
            "set_bits",
            |value: &mut i64, range: RangeInclusive<i64>, new: i64| -> Answer<()> {
                *value = Part::within("set_bits", half_open(range))?.set(*value, new)?;
                Ok(())
            },
        )
        .register_fn("bits", |value: i64, from: i64, count: i64| -> Answer<Array> {
            Ok(Part::of("bits", from, count)?.each(value))
        })
        .register_fn("bits", |value: i64, range: Range<i64>| -> Answer<Array> {
            Ok(Part::within("bits", range)?.each(value))
        })
        .register_fn("bits", |value: i64, range: RangeInclusive<i64>| -> Answer<Array> {
            Ok(Part::within("bits", half_open(range))?.each(value))
        });
}

/// Bits of a number, all of which are there.
struct Part {
    start: u32,
    count: u32,
}

impl Part {
    /// So many bits from one on; one below 0 counts from the highest.
    fn of(by: &str, from: i64, count: i64) -> Answer<Self> {
        let start = if from < 0 { from.checked_add(BITS.into()) } else { Some(from) };
        let end = start.and_then(|start| start.checked_add(count));
        let is_there = |place: &i64| (0..=i64::from(BITS)).contains(place);
        match (start.filter(is_there), end.filter(is_there), u32::try_from(count)) {
            (Some(start), Some(_), Ok(count)) => {
                // It is there, so it fits.
                Ok(Self { start: u32::try_from(start).unwrap_or(BITS), count })
            }
            _ => {
                let problem =
                    format!("`{by}`: a whole number has {BITS} bits, not {count} from {from} on");
                Err(thrown(problem.into()))
            }
        }
    }

    /// The bits of a range, which has none that counts from the highest.
    fn within(by: &str, range: Range<i64>) -> Answer<Self> {
        let count = range.end.saturating_sub(range.start).max(0);
        if range.start < 0 {
            let problem = format!("`{by}`: there is no bit {}", range.start);
            return Err(thrown(problem.into()));
        }
        Self::of(by, range.start, count)
    }

    /// Ones in these places, pushed down to the lowest.
    fn ones(&self) -> u64 {
        1_u64.checked_shl(self.count).map_or(u64::MAX, |above| above - 1)
    }

    fn get(&self, value: i64) -> i64 {
        let shifted = value.cast_unsigned().checked_shr(self.start).unwrap_or(0);
        (shifted & self.ones()).cast_signed()
    }

    fn set(&self, value: i64, new: i64) -> Answer<i64> {
        let (ones, bits) = (self.ones(), new.cast_unsigned());
        if bits & !ones != 0 {
            let problem = format!("`set_bits`: {new} does not fit into {} bits", self.count);
            return Err(thrown(problem.into()));
        }
        let placed = |bits: u64| bits.checked_shl(self.start).unwrap_or(0);
        Ok((value.cast_unsigned() & !placed(ones) | placed(bits)).cast_signed())
    }

    fn each(&self, value: i64) -> Array {
        let bits = self.get(value);
        (0..self.count).map(|place| (bits >> place & 1 == 1).into()).collect()
    }
}

/// A range that ends with the last whole number is longer than any number's bits, whatever it ends with.
fn half_open(range: RangeInclusive<i64>) -> Range<i64> {
    *range.start()..range.end().saturating_add(1)
}
