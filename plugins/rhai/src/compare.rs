//! How values compare.
//!
//! Rhai answers false to whatever compares different types, and knows its own operators before any
//! that are registered. In a script that moves money that is a limit that does not hold: `amount >
//! "500000"`. So the six comparisons are operators of ours, and there is one order and one equality
//! for them, for `in`, and for every function that sorts or looks for a value:
//!
//! - Numbers compare with numbers, exactly: a whole number is not made a decimal one before.
//! - A text is a string or a character.
//! - Anything can be asked whether it is `()`, with `==` and `!=`. Otherwise different kinds do not
//!   compare, nor does what has no order: that is an error, which names both.

use std::{
    cmp::Ordering,
    ops::{Range, RangeInclusive},
};

use rhai::{Array, Blob, Dynamic, Engine, FnPtr, FuncRegistration, ImmutableString, Map};

use crate::{
    call::{Answer, thrown},
    failure::type_in_words,
};

/// How deep arrays and object maps that are compared may be nested.
const DEEPEST: usize = 64;

/// How tightly `==` and `!=` bind, and the comparisons of order: as in Rhai itself.
const EQUALITY: u8 = 90;
const ORDER: u8 = 130;

/// An operator, how tightly it binds, and what it answers.
type Comparison = (&'static str, u8, fn(&Dynamic, &Dynamic) -> Answer<bool>);

const COMPARISONS: [Comparison; 6] = [
    ("==", EQUALITY, |a, b| equal("==", a, b)),
    ("!=", EQUALITY, |a, b| equal("!=", a, b).map(|equal| !equal)),
    ("<", ORDER, |a, b| order("<", a, b).map(Ordering::is_lt)),
    ("<=", ORDER, |a, b| order("<=", a, b).map(Ordering::is_le)),
    (">", ORDER, |a, b| order(">", a, b).map(Ordering::is_gt)),
    (">=", ORDER, |a, b| order(">=", a, b).map(Ordering::is_ge)),
];

/// Registers the comparisons.
pub(crate) fn register(engine: &mut Engine) {
    for (symbol, precedence, compare) in COMPARISONS {
        engine
            .disable_symbol(symbol)
            .register_custom_operator(symbol, precedence)
            .expect("a symbol that is disabled can be an operator of one's own");
        let operator = || FuncRegistration::new(symbol).with_purity(true);
        operator().register_into_engine(engine, move |a: &mut Dynamic, b: Dynamic| compare(a, &b));
        // A function for just these types would be found first.
        operator().register_into_engine(engine, move |a: i64, b: f64| {
            compare(&Dynamic::from_int(a), &Dynamic::from_float(b))
        });
        operator().register_into_engine(engine, move |a: f64, b: i64| {
            compare(&Dynamic::from_float(a), &Dynamic::from_int(b))
        });
    }
    // Likewise; nothing orders these, and nothing is found that does.
    for (symbol, is_equal) in [("==", true), ("!=", false)] {
        let operator = || FuncRegistration::new(symbol).with_purity(true);
        operator().register_into_engine(engine, move |a: &mut Array, b: Array| {
            arrays(symbol, a, &b, DEEPEST).map(|equal| equal == is_equal)
        });
        operator().register_into_engine(engine, move |a: &mut Map, b: Map| {
            maps(symbol, a, &b, DEEPEST).map(|equal| equal == is_equal)
        });
    }
}

/// Which of two values comes first; `by` is the operator or the function that needs to know.
pub(crate) fn order(by: &str, a: &Dynamic, b: &Dynamic) -> Answer<Ordering> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Ok(a.cmp(&b));
    }
    if let Some(order) = numbers(a, b) {
        return order.ok_or_else(|| not_a_number(by));
    }
    if let (Some(a), Some(b)) = (text(a), text(b)) {
        return Ok(a.as_str().cmp(b.as_str()));
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok(a.cmp(&b));
    }
    Err(incomparable(by, a, b))
}

/// Whether two values are equal; `by` is the operator or the function that needs to know.
pub(crate) fn equal(by: &str, a: &Dynamic, b: &Dynamic) -> Answer<bool> {
    equal_within(by, a, b, DEEPEST)
}

fn equal_within(by: &str, a: &Dynamic, b: &Dynamic, depth: usize) -> Answer<bool> {
    if a.is_unit() || b.is_unit() {
        return Ok(a.is_unit() && b.is_unit());
    }
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Ok(a == b);
    }
    if let Some(order) = numbers(a, b) {
        return order.map(Ordering::is_eq).ok_or_else(|| not_a_number(by));
    }
    if let (Some(a), Some(b)) = (text(a), text(b)) {
        return Ok(a == b);
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok(a == b);
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Array>(), b.read_lock::<Array>()) {
        return arrays(by, &a, &b, depth);
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Map>(), b.read_lock::<Map>()) {
        return maps(by, &a, &b, depth);
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Blob>(), b.read_lock::<Blob>()) {
        return Ok(*a == *b);
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Range<i64>>(), b.read_lock::<Range<i64>>()) {
        return Ok(*a == *b);
    }
    if let (Some(a), Some(b)) =
        (a.read_lock::<RangeInclusive<i64>>(), b.read_lock::<RangeInclusive<i64>>())
    {
        return Ok(*a == *b);
    }
    Err(incomparable(by, a, b))
}

/// Items are compared up to the first that differ.
fn arrays(by: &str, a: &[Dynamic], b: &[Dynamic], depth: usize) -> Answer<bool> {
    let depth = deeper(by, depth)?;
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b) {
        if !equal_within(by, a, b, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps(by: &str, a: &Map, b: &Map, depth: usize) -> Answer<bool> {
    let depth = deeper(by, depth)?;
    if !a.keys().eq(b.keys()) {
        return Ok(false);
    }
    for (a, b) in a.values().zip(b.values()) {
        if !equal_within(by, a, b, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn deeper(by: &str, depth: usize) -> Answer<usize> {
    depth
        .checked_sub(1)
        .ok_or_else(|| thrown(format!("`{by}` compares no more than {DEEPEST} levels").into()))
}

/// How two numbers compare, if both are numbers and one at least is a decimal one. No order: one is
/// not a number (NaN).
fn numbers(a: &Dynamic, b: &Dynamic) -> Option<Option<Ordering>> {
    match (a.as_int(), a.as_float(), b.as_int(), b.as_float()) {
        (_, Ok(a), _, Ok(b)) => Some(a.partial_cmp(&b)),
        (Ok(a), _, _, Ok(b)) => Some(whole_and_decimal(a, b)),
        (_, Ok(a), Ok(b), _) => Some(whole_and_decimal(b, a).map(Ordering::reverse)),
        _ => None,
    }
}

/// Exactly: beyond 2^53 a decimal number stands between whole ones that it cannot tell apart.
fn whole_and_decimal(whole: i64, decimal: f64) -> Option<Ordering> {
    /// 2^63: the whole numbers end before.
    const END: f64 = 9_223_372_036_854_775_808.0;

    if decimal.is_nan() {
        return None;
    }
    if decimal >= END {
        return Some(Ordering::Less);
    }
    if decimal < -END {
        return Some(Ordering::Greater);
    }
    let below = decimal.floor();
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the bounds")]
    let order = whole.cmp(&(below as i64));
    Some(order.then(if decimal > below { Ordering::Less } else { Ordering::Equal }))
}

fn text(value: &Dynamic) -> Option<ImmutableString> {
    match value.as_char() {
        Ok(letter) => Some(letter.to_string().into()),
        Err(_) => value.read_lock::<ImmutableString>().map(|text| text.clone()),
    }
}

fn not_a_number(by: &str) -> Box<rhai::EvalAltResult> {
    thrown(format!("`{by}` cannot compare NaN, which is not a number").into())
}

fn incomparable(by: &str, a: &Dynamic, b: &Dynamic) -> Box<rhai::EvalAltResult> {
    let (a, b) = (kind(a), kind(b));
    thrown(format!("`{by}` does not compare {a} with {b}").into())
}

/// A value's kind, in words.
fn kind(value: &Dynamic) -> &'static str {
    if value.is::<FnPtr>() {
        return "a function";
    }
    type_in_words(value.type_name())
}
