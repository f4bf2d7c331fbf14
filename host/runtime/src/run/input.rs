//! What a run is told: JSON, from whoever starts it. Its bounds are checked on the text, before
//! anything is made of it.

use std::{ops::Range, path::Path};

use pod_platform::without_byte_order_mark;
use serde_json::Value;

use super::keys_once::KeysOnce;
use crate::{
    error::{BadFile, Place},
    policy::is_exact,
};

/// What an input may have, in bytes.
pub const LARGEST_INPUT: u64 = 8 << 20;
/// How deep its lists and objects may lie in one another.
const DEEPEST: usize = 64;
/// How many values it may have: each takes more memory than its text.
const MOST_VALUES: usize = 1_000_000;

/// Reads an input that stands in a file, or is called, `name`.
///
/// # Errors
/// If it is too large, too deep, not JSON, or has a number that would lose digits or a key twice.
pub fn parse_input(name: &Path, text: &str) -> Result<Value, BadFile> {
    let text = without_byte_order_mark(text);
    let bad = |place, message| BadFile { path: name.to_owned(), place, message };
    let at = |byte| Some(Place::of(text, byte));
    if text.len() as u64 > LARGEST_INPUT {
        return Err(bad(None, format!("an input has {} MiB at most", LARGEST_INPUT >> 20)));
    }
    let inexact = scan(text).map_err(|Beyond { byte, what }| {
        let message = match what {
            What::Depth => format!("an input is nested {DEEPEST} deep at most"),
            What::Values => format!("an input has {MOST_VALUES} values at most"),
        };
        bad(at(byte), message)
    })?;
    let KeysOnce(value) = serde_json::from_str(text).map_err(|error| {
        let place = Place {
            line: u32::try_from(error.line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX),
        };
        let what = if error.is_data() { "unclear" } else { "not JSON" };
        bad(Some(place), format!("{what}: {error}"))
    })?;
    match inexact {
        None => Ok(value),
        Some(Inexact { path, number }) => {
            let digits = &text[number.clone()];
            let message = format!(
                "{path}: {} would lose digits: a number is a whole one of 64 bits, or has 17 \
                 digits at most; write it as a text",
                shortened(digits)
            );
            Err(bad(at(number.start), message))
        }
    }
}

/// A bound that is exceeded, and where.
struct Beyond {
    byte: usize,
    what: What,
}

enum What {
    Depth,
    Values,
}

/// A number that loses digits.
struct Inexact {
    path: String,
    number: Range<usize>,
}

/// What a value is in.
enum Frame {
    List(usize),
    /// The last key, with its quotes.
    Object(Range<usize>),
}

/// Walks over the text, whether it is JSON or not, without keeping more than the way down to where
/// it is.
fn scan(text: &str) -> Result<Option<Inexact>, Beyond> {
    let bytes = text.as_bytes();
    let (mut frames, mut inexact) = (Vec::<Frame>::new(), None);
    let (mut at, mut values) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'{' => frames.push(Frame::Object(start..start)),
            b'[' => frames.push(Frame::List(0)),
            b'}' | b']' => drop(frames.pop()),
            b',' => match frames.last_mut() {
                Some(Frame::List(index)) => *index += 1,
                Some(Frame::Object(key)) => *key = at..at,
                None => {}
            },
            b'"' => {
                at = end_of_text(bytes, at);
                if let Some(Frame::Object(key)) = frames.last_mut()
                    && key.start == key.end
                {
                    *key = start..at;
                }
            }
            b'-' | b'0'..=b'9' => {
                let is_part =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                at += bytes[at..].iter().take_while(|byte| is_part(byte)).count();
                if inexact.is_none() && !is_exact(&text[start..at]) {
                    inexact = Some(Inexact { path: path(text, &frames), number: start..at });
                }
            }
            _ => {}
        }
        if matches!(byte, b'{' | b'[' | b',') {
            values += 1;
        }
        if frames.len() > DEEPEST {
            return Err(Beyond { byte: start, what: What::Depth });
        }
        if values >= MOST_VALUES {
            return Err(Beyond { byte: start, what: What::Values });
        }
    }
    Ok(inexact)
}

/// Behind the quote that ends a text which begins before `at`.
fn end_of_text(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `invoices[2].id`
fn path(text: &str, frames: &[Frame]) -> String {
    let mut path = String::new();
    for frame in frames {
        match frame {
            Frame::List(index) => path += &format!("[{index}]"),
            Frame::Object(key) => {
                let key: String = serde_json::from_str(&text[key.clone()]).unwrap_or_default();
                path += if path.is_empty() { "" } else { "." };
                path += &shortened(&key);
            }
        }
    }
    if path.is_empty() { "the input".to_owned() } else { path }
}

/// Enough of a text to know it by.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
