//! Texts that people write with any editor.

/// What some editors write in front of a text, to say that it is Unicode.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text without the byte order mark in front of it, which is no part of it. Lines and columns are
/// counted without it, too.
#[must_use]
pub fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}
