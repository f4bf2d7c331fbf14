//! The functions of arrays and object maps that ask a function about their items, or compare them.
//!
//! Rhai's own take an answer that is neither true nor false for false, and some of them an error,
//! too: a misspelt field in a comparison of `sort` leaves the items in no order at all. Here an
//! error ends the call, as it does anywhere else, and an answer that means nothing is an error.

use std::cmp::Ordering;

use rhai::{
    Array, Dynamic, Engine, FnPtr, FuncRegistration, ImmutableString, Map, NativeCallContext,
};

use crate::{
    call::{Answer, thrown},
    compare,
    convert::describe,
};

/// What a function of Rhai that takes another by its name is told; it would fall back silently.
const BY_NAME: [&str; 10] =
    ["map", "filter", "some", "all", "dedup", "reduce", "reduce_rev", "sort", "drain", "retain"];

/// Registers them all.
pub(crate) fn register(engine: &mut Engine) {
    pure("zip").register_into_engine(engine, zip);
    sorting(engine);
    searching(engine);
    of_maps(engine);
    for name in BY_NAME {
        pure(name).register_into_engine(
            engine,
            move |_: &mut Array, function: ImmutableString| -> Answer { by_name(name, &function) },
        );
    }
    for name in ["reduce", "reduce_rev"] {
        pure(name).register_into_engine(
            engine,
            move |_: &mut Array, function: ImmutableString, _: Dynamic| -> Answer {
                by_name(name, &function)
            },
        );
    }
}

/// What a function makes of the items of two arrays, one of each at a time: it is given both, or both and
/// their place. Rhai's own leaves out what the longer one has more.
fn zip(
    context: NativeCallContext,
    items: &mut Array,
    others: Array,
    function: FnPtr,
) -> Answer<Array> {
    let (count, other_count) = (items.len(), others.len());
    if count != other_count {
        let problem = format!("`zip` takes arrays of one length, not of {count} and {other_count}");
        return Err(thrown(problem.into()));
    }
    let pairs = items.iter().cloned().zip(others).enumerate();
    let asked = pairs.map(|(place, (item, other))| {
        let place = Dynamic::from_int(index(Some(place)));
        function.call_raw_with_extra_args("zip", &context, None, [item, other], [place], None)
    });
    asked.collect()
}

fn by_name(name: &str, function: &str) -> Answer {
    let problem = format!("`{name}` takes a function, `|item| …` or `Fn(\"{function}\")`, no text");
    Err(thrown(problem.into()))
}

/// A function that leaves what it is called on as it is: a constant will do.
fn pure(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).with_purity(true)
}

// --- Sorting.

fn sorting(engine: &mut Engine) {
    for name in ["sort", "sort_by"] {
        engine.register_fn(
            name,
            move |context: NativeCallContext, items: &mut Array, function: FnPtr| -> Answer<()> {
                *items = sorted_by(name, &context, items, &function)?;
                Ok(())
            },
        );
    }
    for name in ["order", "order_by"] {
        pure(name).register_into_engine(
            engine,
            move |context: NativeCallContext,
                  items: &mut Array,
                  function: FnPtr|
                  -> Answer<Array> { sorted_by(name, &context, items, &function) },
        );
    }
    for (name, is_descending) in [("sort", false), ("sort_desc", true)] {
        engine.register_fn(name, move |items: &mut Array| -> Answer<()> {
            *items = sorted(name, items, is_descending)?;
            Ok(())
        });
    }
    for (name, is_descending) in [("order", false), ("order_desc", true)] {
        pure(name).register_into_engine(engine, move |items: &mut Array| -> Answer<Array> {
            sorted(name, items, is_descending)
        });
    }
}

/// By the items' own order. Whole numbers, by far the most frequent, need no comparison that can
/// fail.
fn sorted(name: &str, items: &[Dynamic], is_descending: bool) -> Answer<Array> {
    if let Ok(mut numbers) = items.iter().map(Dynamic::as_int).collect::<Result<Vec<i64>, _>>() {
        numbers.sort_unstable();
        if is_descending {
            numbers.reverse();
        }
        return Ok(numbers.into_iter().map(Dynamic::from_int).collect());
    }
    merge_sorted(items, &mut |a, b| {
        let order = compare::order(name, a, b)?;
        Ok(if is_descending { order.is_ge() } else { order.is_le() })
    })
}

fn sorted_by(
    name: &str,
    context: &NativeCallContext,
    items: &[Dynamic],
    function: &FnPtr,
) -> Answer<Array> {
    let ask = |a: &Dynamic, b: &Dynamic| function.call_raw(context, None, [a.clone(), b.clone()]);
    merge_sorted(items, &mut |a, b| {
        let answer = ask(a, b)?;
        if let Ok(number) = answer.as_int() {
            return Ok(number.cmp(&0) != Ordering::Greater);
        }
        // `a < b` is false of equal ones, too: they stay as they are.
        if truth(name, &answer, "a whole number, true or false")? {
            return Ok(true);
        }
        let answer = ask(b, a)?;
        truth(name, &answer, "true or false, as before").map(|is_after| !is_after)
    })
}

/// Sorts, and keeps what may stand in either order as it was. Whatever the comparison answers, this
/// ends: the standard library's sort may panic of an order that contradicts itself.
fn merge_sorted(
    items: &[Dynamic],
    may_precede: &mut dyn FnMut(&Dynamic, &Dynamic) -> Answer<bool>,
) -> Answer<Array> {
    if items.len() < 2 {
        return Ok(items.to_vec());
    }
    let (left, right) = items.split_at(items.len() / 2);
    let left = merge_sorted(left, may_precede)?;
    let right = merge_sorted(right, may_precede)?;
    let mut merged = Array::with_capacity(items.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if may_precede(a, b)? { left.next() } else { right.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

// --- Asking about items.

fn searching(engine: &mut Engine) {
    pure("filter").register_into_engine(
        engine,
        |context: NativeCallContext, items: &mut Array, function: FnPtr| -> Answer<Array> {
            let mut kept = Array::new();
            for (index, item) in items.iter_mut().enumerate() {
                if holds("filter", &context, &function, item, index)? {
                    kept.push(item.clone());
                }
            }
            Ok(kept)
        },
    );
    pure("some").register_into_engine(
        engine,
        |context: NativeCallContext, items: &mut Array, function: FnPtr| -> Answer<bool> {
            Ok(position("some", &context, items, &function, 0)?.is_some())
        },
    );
    pure("all").register_into_engine(
        engine,
        |context: NativeCallContext, items: &mut Array, function: FnPtr| -> Answer<bool> {
            for (index, item) in items.iter_mut().enumerate() {
                if !holds("all", &context, &function, item, index)? {
                    return Ok(false);
                }
            }
            Ok(true)
        },
    );
    finding(engine);
    for (name, is_kept) in [("retain", true), ("drain", false)] {
        engine.register_fn(
            name,
            move |context: NativeCallContext,
                  items: &mut Array,
                  function: FnPtr|
                  -> Answer<Array> {
                // All are asked before any is moved: an error leaves the array as it was.
                let asked = items.iter_mut().enumerate();
                let asked =
                    asked.map(|(index, item)| holds(name, &context, &function, item, index));
                let mut answers = asked.collect::<Answer<Vec<bool>>>()?.into_iter();
                let (kept, removed) = std::mem::take(items)
                    .into_iter()
                    .partition(|_| answers.next().is_some_and(|holds| holds == is_kept));
                *items = kept;
                Ok(removed)
            },
        );
    }
    engine.register_fn("dedup", |items: &mut Array| -> Answer<()> {
        dedup(items, |a, b| compare::equal("dedup", a, b))
    });
    engine.register_fn(
        "dedup",
        |context: NativeCallContext, items: &mut Array, function: FnPtr| -> Answer<()> {
            dedup(items, |a, b| {
                let answer = function.call_raw(&context, None, [a.clone(), b.clone()])?;
                truth("dedup", &answer, "true or false")
            })
        },
    );
}

/// `find`, and `index_of` by a function or a value, from a place on or from the first.
fn finding(engine: &mut Engine) {
    pure("index_of").register_into_engine(
        engine,
        |context: NativeCallContext, items: &mut Array, function: FnPtr| -> Answer<i64> {
            position("index_of", &context, items, &function, 0).map(index)
        },
    );
    pure("index_of").register_into_engine(
        engine,
        |context: NativeCallContext,
         items: &mut Array,
         function: FnPtr,
         start: i64|
         -> Answer<i64> {
            let start = from(items, start);
            position("index_of", &context, items, &function, start).map(index)
        },
    );
    pure("index_of").register_into_engine(
        engine,
        |items: &mut Array, text: ImmutableString| -> Answer<i64> {
            position_of(items, &text.into(), 0).map(index)
        },
    );
    pure("index_of").register_into_engine(
        engine,
        |items: &mut Array, text: ImmutableString, start: i64| -> Answer<i64> {
            position_of(items, &text.into(), from(items, start)).map(index)
        },
    );
    pure("find").register_into_engine(
        engine,
        |context: NativeCallContext, items: &mut Array, function: FnPtr| -> Answer {
            let found = position("find", &context, items, &function, 0)?;
            Ok(found.map_or(Dynamic::UNIT, |index| items[index].clone()))
        },
    );
    pure("find").register_into_engine(
        engine,
        |context: NativeCallContext, items: &mut Array, function: FnPtr, start: i64| -> Answer {
            let found = position("find", &context, items, &function, from(items, start))?;
            Ok(found.map_or(Dynamic::UNIT, |index| items[index].clone()))
        },
    );
}

/// The first place from `start` on whose item the function answers true of.
fn position(
    name: &str,
    context: &NativeCallContext,
    items: &mut Array,
    function: &FnPtr,
    start: usize,
) -> Answer<Option<usize>> {
    for (index, item) in items.iter_mut().enumerate().skip(start) {
        if holds(name, context, function, item, index)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// The first place from `start` on that holds a value.
fn position_of(items: &[Dynamic], value: &Dynamic, start: usize) -> Answer<Option<usize>> {
    for (index, item) in items.iter().enumerate().skip(start) {
        if compare::equal("index_of", item, value)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// A place as scripts have it: -1 is none.
fn index(position: Option<usize>) -> i64 {
    position.and_then(|position| i64::try_from(position).ok()).unwrap_or(-1)
}

/// The place that a script means by a number: those below 0 count from the end.
fn from(items: &[Dynamic], start: i64) -> usize {
    let distance = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    if start < 0 { items.len().saturating_sub(distance) } else { distance }
}

/// Removes what equals the item before it.
fn dedup(
    items: &mut Array,
    mut are_equal: impl FnMut(&Dynamic, &Dynamic) -> Answer<bool>,
) -> Answer<()> {
    let mut kept = Array::new();
    for item in items.iter() {
        let is_repeated = match kept.last() {
            Some(last) => are_equal(last, item)?,
            None => false,
        };
        if !is_repeated {
            kept.push(item.clone());
        }
    }
    *items = kept;
    Ok(())
}

fn of_maps(engine: &mut Engine) {
    pure("filter").register_into_engine(
        engine,
        |context: NativeCallContext, map: &mut Map, function: FnPtr| -> Answer<Map> {
            let mut kept = Map::new();
            for (key, value) in map.iter_mut() {
                if entry_holds("filter", &context, &function, key, value)? {
                    kept.insert(key.clone(), value.clone());
                }
            }
            Ok(kept)
        },
    );
    for (name, is_kept) in [("retain", true), ("drain", false)] {
        engine.register_fn(
            name,
            move |context: NativeCallContext, map: &mut Map, function: FnPtr| -> Answer<Map> {
                let entries = map.iter_mut();
                let asked =
                    entries.map(|(key, value)| entry_holds(name, &context, &function, key, value));
                let mut answers = asked.collect::<Answer<Vec<bool>>>()?.into_iter();
                let (kept, removed) = std::mem::take(map)
                    .into_iter()
                    .partition(|_| answers.next().is_some_and(|holds| holds == is_kept));
                *map = kept;
                Ok(removed)
            },
        );
    }
}

/// What a function answers of an item: it is given the item, or the item and its index, or has the
/// item as `this`.
fn holds(
    name: &str,
    context: &NativeCallContext,
    function: &FnPtr,
    item: &mut Dynamic,
    place: usize,
) -> Answer<bool> {
    let index = Dynamic::from_int(index(Some(place)));
    let answer =
        function.call_raw_with_extra_args(name, context, Some(item), [], [index], Some(0))?;
    truth(name, &answer, "true or false")
}

/// What a function answers of an entry: it is given the key, or the key and the value.
fn entry_holds(
    name: &str,
    context: &NativeCallContext,
    function: &FnPtr,
    key: &str,
    value: &mut Dynamic,
) -> Answer<bool> {
    let answer =
        function.call_raw_with_extra_args(name, context, Some(value), [key.into()], [], Some(1))?;
    truth(name, &answer, "true or false")
}

fn truth(name: &str, answer: &Dynamic, expected: &str) -> Answer<bool> {
    answer.as_bool().map_err(|_| {
        let found = describe(answer);
        let problem = format!("the function given to `{name}` must answer {expected}, not {found}");
        thrown(problem.into())
    })
}
