//! Numbers made of others and of texts, and the smaller and the larger of two. Rhai's own lose digits,
//! make infinity of a text and 0 of NaN, or leave NaN out, without a word.

use std::cmp::Ordering;

use rhai::{Dynamic, Engine, ImmutableString};

use crate::{
    call::{Answer, thrown},
    compare,
};

/// 2^53: below it every whole number has a decimal one of its own.
const EXACT: u64 = 1 << 53;
/// 2^63: what whole numbers stay below.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// Registers them.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("to_float", |whole: i64| -> Answer<f64> {
            if whole.unsigned_abs() > EXACT {
                let problem = format!("`to_float`: {whole} is too large for a decimal number");
                return Err(thrown(problem.into()));
            }
            Ok(whole as f64)
        })
        .register_fn("to_int", |decimal: f64| -> Answer<i64> {
            if !(-BEYOND..BEYOND).contains(&decimal) {
                let problem = format!("`to_int`: {decimal:e} is beyond whole numbers");
                return Err(thrown(problem.into()));
            }
            Ok(decimal as i64)
        })
        .register_fn("parse_float", |text: ImmutableString| -> Answer<f64> {
            match text.trim().parse::<f64>() {
                Ok(decimal) if decimal.is_finite() => Ok(decimal),
                _ => Err(thrown(format!("`parse_float`: `{text}` is no decimal number").into())),
            }
        });
    for (name, wanted) in [("min", Ordering::Less), ("max", Ordering::Greater)] {
        let of = move |a: Dynamic, b: Dynamic| -> Answer {
            let order = compare::order(name, &a, &b)?;
            Ok(if order == wanted { a } else { b })
        };
        engine
            .register_fn(name, move |a: f64, b: f64| of(a.into(), b.into()))
            .register_fn(name, move |a: i64, b: f64| of(a.into(), b.into()))
            .register_fn(name, move |a: f64, b: i64| of(a.into(), b.into()));
    }
}
