//! Functions that name a place, or a part, of an array or a text.
//!
//! Rhai's own take a place that is not there for the nearest that is, or do nothing: `insert` far
//! beyond the end appends, `set` there is lost. Here a place that is not there is an error. A place
//! below 0 counts from the end. Of a part, its start must be there, or be the end; it may name more
//! items than there are, and has those that there are.

use std::ops::{Range, RangeInclusive};

use rhai::{Array, Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString, Variant};

use crate::call::{Answer, thrown};

/// Registers them all.
pub(crate) fn register(engine: &mut Engine) {
    of_arrays(engine);
    of_texts(engine);
}

fn of_arrays(engine: &mut Engine) {
    engine
        .register_fn("set", |items: &mut Array, at: i64, item: Dynamic| -> Answer<()> {
            let at = place("set", items.len(), at)?;
            items[at] = item;
            Ok(())
        })
        .register_fn("insert", |items: &mut Array, at: i64, item: Dynamic| -> Answer<()> {
            let at = start("insert", items.len(), at)?;
            items.insert(at, item);
            Ok(())
        })
        .register_fn("remove", |items: &mut Array, at: i64| -> Answer {
            let at = place("remove", items.len(), at)?;
            Ok(items.remove(at))
        })
        .register_fn("split", |items: &mut Array, at: i64| -> Answer<Array> {
            let at = start("split", items.len(), at)?;
            Ok(items.split_off(at))
        })
        .register_fn("truncate", |items: &mut Array, most: i64| -> Answer<()> {
            items.truncate(number("truncate", most)?);
            Ok(())
        })
        .register_fn("chop", |items: &mut Array, most: i64| -> Answer<()> {
            let most = number("chop", most)?;
            items.drain(..items.len().saturating_sub(most));
            Ok(())
        })
        .register_fn("pad", |items: &mut Array, length: i64, item: Dynamic| -> Answer<()> {
            let length = number("pad", length)?.max(items.len());
            items.resize(length, item);
            Ok(())
        })
        .register_fn(
            "splice",
            |items: &mut Array, from: i64, count: i64, by: Array| -> Answer<()> {
                let part = part("splice", items.len(), from, count)?;
                items.splice(part, by);
                Ok(())
            },
        )
        .register_fn("splice", |items: &mut Array, range: Range<i64>, by: Array| -> Answer<()> {
            let part = within("splice", items.len(), range)?;
            items.splice(part, by);
            Ok(())
        })
        .register_fn(
            "splice",
            |items: &mut Array, range: RangeInclusive<i64>, by: Array| -> Answer<()> {
                let part = within("splice", items.len(), half_open("splice", &range)?)?;
                items.splice(part, by);
                Ok(())
            },
        );
    of_parts(engine, "drain", false, Array::len, |items, part| {
        items.drain(part).collect::<Array>()
    });
    of_parts(engine, "retain", false, Array::len, |items, part| {
        let mut removed = items.split_off(part.end);
        let kept = items.split_off(part.start);
        let mut before = std::mem::replace(items, kept);
        before.append(&mut removed);
        before
    });
    of_parts(engine, "extract", true, Array::len, |items, part| items[part].to_vec());
    pure("extract").register_into_engine(engine, |items: &mut Array, from: i64| -> Answer<Array> {
        Ok(items[start("extract", items.len(), from)?..].to_vec())
    });
}

fn of_texts(engine: &mut Engine) {
    engine
        .register_fn("set", |text: &mut ImmutableString, at: i64, letter: char| -> Answer<()> {
            let mut letters: Vec<char> = text.chars().collect();
            let at = place("set", letters.len(), at)?;
            letters[at] = letter;
            *text = letters.into_iter().collect::<String>().into();
            Ok(())
        })
        .register_fn("truncate", |text: &mut ImmutableString, most: i64| -> Answer<()> {
            *text = sub_string(text, 0..number("truncate", most)?);
            Ok(())
        })
        .register_fn("pad", |text: &mut ImmutableString, length: i64, by: char| -> Answer<()> {
            pad(text, length, by.encode_utf8(&mut [0; 4]))
        })
        .register_fn(
            "pad",
            |text: &mut ImmutableString, length: i64, by: ImmutableString| -> Answer<()> {
                pad(text, length, &by)
            },
        )
        .register_fn("pop", |text: &mut ImmutableString, count: i64| -> Answer<ImmutableString> {
            let left = letters(text).saturating_sub(number("pop", count)?);
            let popped = sub_string(text, left..usize::MAX);
            *text = sub_string(text, 0..left);
            Ok(popped)
        });
    pure("split").register_into_engine(
        engine,
        |text: &mut ImmutableString, at: i64| -> Answer<Array> {
            let at = start("split", letters(text), at)?;
            let parts = [sub_string(text, 0..at), sub_string(text, at..usize::MAX)];
            Ok(parts.map(Dynamic::from).to_vec())
        },
    );
    of_parts(engine, "sub_string", true, letters, |text, part| sub_string(text, part));
    pure("sub_string").register_into_engine(
        engine,
        |text: &mut ImmutableString, from: i64| -> Answer<ImmutableString> {
            Ok(sub_string(text, start("sub_string", letters(text), from)?..usize::MAX))
        },
    );
    of_parts(engine, "crop", false, letters, |text, part| *text = sub_string(text, part));
    engine.register_fn("crop", |text: &mut ImmutableString, from: i64| -> Answer<()> {
        *text = sub_string(text, start("crop", letters(text), from)?..usize::MAX);
        Ok(())
    });
    let each = |text: &ImmutableString, part: Range<usize>| -> Array {
        sub_string(text, part).chars().map(Dynamic::from_char).collect()
    };
    of_parts(engine, "chars", true, letters, move |text, part| each(text, part));
    pure("chars").register_into_engine(
        engine,
        move |text: &mut ImmutableString, from: i64| -> Answer<Array> {
            Ok(each(text, start("chars", letters(text), from)?..usize::MAX))
        },
    );
    pure("index_of").register_into_engine(
        engine,
        |text: &mut ImmutableString, wanted: ImmutableString, from: i64| -> Answer<i64> {
            index_of(text, &wanted, from)
        },
    );
    pure("index_of").register_into_engine(
        engine,
        |text: &mut ImmutableString, wanted: char, from: i64| -> Answer<i64> {
            index_of(text, wanted.encode_utf8(&mut [0; 4]), from)
        },
    );
}

/// Registers a function of a part, in the three ways in which a part is named.
pub(crate) fn of_parts<T: Variant + Clone, R: Variant + Clone>(
    engine: &mut Engine,
    name: &'static str,
    is_pure: bool,
    length: fn(&T) -> usize,
    act: impl Fn(&mut T, Range<usize>) -> R + Copy + 'static,
) {
    let function = || FuncRegistration::new(name).with_purity(is_pure);
    function().register_into_engine(
        engine,
        move |of: &mut T, from: i64, count: i64| -> Answer<R> {
            let part = part(name, length(of), from, count)?;
            Ok(act(of, part))
        },
    );
    function().register_into_engine(engine, move |of: &mut T, range: Range<i64>| -> Answer<R> {
        let part = within(name, length(of), range)?;
        Ok(act(of, part))
    });
    function().register_into_engine(
        engine,
        move |of: &mut T, range: RangeInclusive<i64>| -> Answer<R> {
            let part = within(name, length(of), half_open(name, &range)?)?;
            Ok(act(of, part))
        },
    );
}

fn pure(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).with_purity(true)
}

/// A place that holds something.
pub(crate) fn place(by: &str, length: usize, at: i64) -> Answer<usize> {
    let place = start(by, length, at)?;
    if place < length { Ok(place) } else { Err(not_there(by, length, at)) }
}

/// A place that holds something, or the end.
fn start(by: &str, length: usize, at: i64) -> Answer<usize> {
    let distance = usize::try_from(at.unsigned_abs()).ok().filter(|distance| *distance <= length);
    let distance = distance.ok_or_else(|| not_there(by, length, at))?;
    Ok(if at < 0 { length - distance } else { distance })
}

/// So many places from one on, as far as they are there.
fn part(by: &str, length: usize, from: i64, count: i64) -> Answer<Range<usize>> {
    let from = start(by, length, from)?;
    let end = from.saturating_add(number(by, count)?);
    Ok(from..end.min(length))
}

/// The places of a range, as far as they are there. A range has none that counts from the end.
fn within(by: &str, length: usize, range: Range<i64>) -> Answer<Range<usize>> {
    if range.start < 0 {
        return Err(not_there(by, length, range.start));
    }
    part(by, length, range.start, range.end.saturating_sub(range.start).max(0))
}

fn half_open(by: &str, range: &RangeInclusive<i64>) -> Answer<Range<i64>> {
    let end = range.end().checked_add(1);
    let end = end.ok_or_else(|| thrown(format!("`{by}`: the range has no end").into()))?;
    Ok(*range.start()..end)
}

/// How many.
fn number(by: &str, number: i64) -> Answer<usize> {
    usize::try_from(number)
        .map_err(|_| thrown(format!("`{by}` takes 0 or more, not {number}").into()))
}

fn not_there(by: &str, length: usize, at: i64) -> Box<EvalAltResult> {
    thrown(format!("`{by}`: there is no place {at}, of {length}").into())
}

/// Makes a text at least so many letters long, by another one, as often as it takes.
fn pad(text: &mut ImmutableString, length: i64, by: &str) -> Answer<()> {
    let lacking = number("pad", length)?.saturating_sub(letters(text));
    if by.is_empty() && lacking > 0 {
        return Err(thrown("`pad` takes a text to pad with, not an empty one".into()));
    }
    let padded = text.chars().chain(by.chars().cycle().take(lacking)).collect::<String>();
    *text = padded.into();
    Ok(())
}

fn letters(text: &ImmutableString) -> usize {
    text.chars().count()
}

fn sub_string(text: &ImmutableString, part: Range<usize>) -> ImmutableString {
    let count = part.end.saturating_sub(part.start);
    text.chars().skip(part.start).take(count).collect::<String>().into()
}

/// The first place from one on where a text stands in another; -1 is none.
fn index_of(text: &ImmutableString, wanted: &str, from: i64) -> Answer<i64> {
    let from = start("index_of", letters(text), from)?;
    let skipped: usize = text.chars().take(from).map(char::len_utf8).sum();
    let found = text[skipped..].find(wanted).map(|at| text[..skipped + at].chars().count());
    Ok(found.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1))
}
