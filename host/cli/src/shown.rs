//! Others' texts on a terminal: what a policy says, or a file of it holds, is text, and moves no
//! cursor, changes no colour and hides nothing that stands before it.

/// The text without control characters, except for its line breaks.
pub fn shown(text: &str) -> String {
    let is_hidden = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    text.replace("\r\n", "\n").replace(is_hidden, "\u{fffd}")
}
