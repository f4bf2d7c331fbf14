//! What a text becomes on a terminal: letters that are seen, in the order in which they are written,
//! on as many lines as the host gives it.

use std::{borrow::Cow, fmt};

use pod_host::Language;
use unicode_width::UnicodeWidthChar as _;

/// Stands for what is not shown.
const HIDDEN: char = '\u{fffd}';
/// Stands for a line break within a line.
const BREAK: char = '⏎';
/// Begins a part of a line whose direction is its own, and ends it. They are the host's alone.
const ISOLATE: char = '\u{2068}';
const END: char = '\u{2069}';

/// Letters of a sentence of somebody else's that are shown.
const SENTENCE: usize = 300;
/// Letters of a line that are shown, whoever wrote it.
pub const LINE: usize = 4_000;
/// Marks above or below one letter; more of them reach into other lines.
const MARKS: usize = 4;

/// Somebody else's words within a line of the host's.
///
/// They stay on that line, hide nothing, are cut where they are too long, and what is written from
/// right to left in them changes the order of nothing beside them.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<T> {
    text: T,
    at_most: usize,
}

/// Somebody else's words: whatever a policy, POD, a payer, a file or a person wrote.
pub fn foreign<T: fmt::Display>(text: T) -> Foreign<T> {
    Foreign { text, at_most: SENTENCE }
}

impl<T: fmt::Display> Foreign<T> {
    /// So many letters of them at most.
    pub fn within(self, at_most: usize) -> Self {
        Self { at_most, ..self }
    }
}

impl<T: fmt::Display> fmt::Display for Foreign<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&isolated(seen(&self.text.to_string(), self.at_most)))
    }
}

/// A text as it is seen on one line, cut after so many letters; it says how many more there are.
fn seen(text: &str, at_most: usize) -> String {
    // A mark at the beginning would change the host's letter before it.
    let mut reader = Reader { joins: false, marks: MARKS };
    let mut seen = String::with_capacity(text.len().min(at_most.saturating_mul(4)));
    let mut letters = text.chars().peekable();
    for _ in 0..at_most {
        let Some(letter) = letters.next() else { return seen };
        if letter == '\r' && letters.peek() == Some(&'\n') {
            letters.next();
        }
        seen.push(reader.read(letter));
    }
    let more = letters.count();
    if more > 0 {
        seen.push_str(&cut(more));
    }
    seen
}

/// What stands where so many letters are not shown.
fn cut(more: usize) -> String {
    format!("… (+{})", Language::English.number(more as u64))
}

/// A line of the host's, with whatever is in it. [`Foreign`] words have been isolated already; of
/// others, nothing is hidden and no line is broken, either.
pub fn line(text: &str) -> String {
    with_isolates(&with_quotes_isolated(text), LINE)
}

/// A cell of a table: so much of a line, isolated as a whole.
pub fn cell(text: &str, at_most: usize) -> String {
    isolated(with_isolates(text, at_most))
}

fn isolated(text: String) -> String {
    if text.chars().any(is_right_to_left) { format!("{ISOLATE}{text}{END}") } else { text }
}

fn with_isolates(text: &str, at_most: usize) -> String {
    let mut reader = Reader::default();
    let mut line = String::with_capacity(text.len());
    let mut open = 0;
    let mut letters = text.chars();
    for letter in letters.by_ref().take(at_most) {
        match letter {
            ISOLATE => {
                open += 1;
                line.push(ISOLATE);
            }
            END if open > 0 => {
                open -= 1;
                line.push(END);
            }
            _ => line.push(reader.read(letter)),
        }
    }
    line.extend(std::iter::repeat_n(END, open));
    let more = letters.count();
    if more > 0 {
        line.push_str(&cut(more));
    }
    line
}

/// A text whose letters are all seen, for a field of a table of data: as long as it is, and without
/// the host's isolates.
pub fn harmless(text: &str) -> String {
    seen(text, usize::MAX / 4)
}

/// A text's lines, as whoever reads it on a screen would count them.
pub fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    text.trim_end_matches(is_line_break).split(is_line_break).map(str::to_owned).collect()
}

/// Isolates what stands in quotation marks, as POD's messages do in errors, where it is written from
/// right to left: a number after it would be read before it.
fn with_quotes_isolated(text: &str) -> Cow<'_, str> {
    if !text.contains('“') || !text.chars().any(is_right_to_left) {
        return Cow::Borrowed(text);
    }
    let mut isolated = String::with_capacity(text.len() + 16);
    for part in text.split_inclusive('“') {
        match part.split_once('”') {
            Some((quoted, after)) if quoted.chars().any(is_right_to_left) => {
                isolated.push(ISOLATE);
                isolated.push_str(quoted);
                isolated.push(END);
                isolated.push('”');
                isolated.push_str(after);
            }
            _ => isolated.push_str(part),
        }
    }
    Cow::Owned(isolated)
}

/// A file's text, letter by letter, so that places in it stay where they are.
pub fn source(text: &str) -> String {
    let mut reader = Reader::default();
    let text = text.replace("\r\n", "\n");
    let shown = |letter| match letter {
        '\n' | '\t' => letter,
        _ => reader.read(letter),
    };
    text.chars().map(shown).collect()
}

/// Lines that this program coloured: colours stay, and whatever else moves a cursor does not.
pub fn coloured(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (index, part) in text.split('\u{1b}').enumerate() {
        let colour = part.strip_prefix('[').and_then(|rest| {
            let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
            rest[end..].starts_with('m').then(|| part.split_at(end + 2))
        });
        let rest = match (index, colour) {
            (0, _) => part,
            (_, Some((colour, rest))) => {
                shown.push('\u{1b}');
                shown.push_str(colour);
                rest
            }
            (_, None) => {
                shown.push(HIDDEN);
                part
            }
        };
        for (index, line) in rest.split('\n').enumerate() {
            if index > 0 {
                shown.push('\n');
            }
            shown.push_str(&self::line(line));
        }
    }
    shown
}

/// JSON that a terminal shows: letters that hide or reorder others are written by their numbers.
pub fn json(text: &str) -> String {
    with_numbers(text, |letter, shown| {
        let mut units = [0; 2];
        for unit in letter.encode_utf16(&mut units) {
            shown.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

/// Lines of TOML, to be pasted: letters in its texts that would not be seen are numbers.
pub fn toml(lines: &str) -> String {
    let shown = |line| {
        with_numbers(line, |letter, shown| {
            shown.push_str(&format!("\\U{:08X}", u32::from(letter)));
        })
    };
    lines.split('\n').map(shown).collect::<Vec<_>>().join("\n")
}

/// The text with each letter that would not be seen as it stands replaced by its number.
fn with_numbers(text: &str, write: impl Fn(char, &mut String)) -> String {
    let mut reader = Reader::default();
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if reader.read(letter) == letter && !matches!(letter, ISOLATE | END) {
            shown.push(letter);
        } else {
            write(letter, &mut shown);
        }
    }
    shown
}

/// Breaks a line that has been made ready so that no part of it is wider than this; the parts after
/// the first are indented. Isolates are ended and begun again.
pub fn wrapped(line: &str, width: usize, indent: &str) -> Vec<String> {
    if width_of(line) <= width {
        return vec![line.to_owned()];
    }
    let room = width.max(indent.len() + 8);
    let mut parts = Vec::new();
    let mut part = Part::default();
    for letter in line.chars() {
        let wide = letter.width().unwrap_or(0);
        if part.width + wide > room {
            let rest = part.take_last_word(room / 2);
            let open = part.open;
            parts.push(part.ended());
            part = Part::begun(indent, open);
            rest.chars().for_each(|letter| part.push(letter));
        }
        part.push(letter);
    }
    parts.push(part.ended());
    parts
}

/// How many columns of a terminal a text takes.
pub fn width_of(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

/// A part of a broken line.
#[derive(Default)]
struct Part {
    text: String,
    width: usize,
    /// Isolates that are open at its end.
    open: usize,
}

impl Part {
    fn begun(indent: &str, open: usize) -> Self {
        let mut part = Self::default();
        indent.chars().for_each(|letter| part.push(letter));
        (0..open).for_each(|_| part.push(ISOLATE));
        part
    }

    fn push(&mut self, letter: char) {
        match letter {
            ISOLATE => self.open += 1,
            END => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.width += letter.width().unwrap_or(0);
        self.text.push(letter);
    }

    /// Takes away the word that it ends with, if a blank stands before it, not too far back.
    fn take_last_word(&mut self, at_most: usize) -> String {
        let Some(blank) = self.text.rfind(' ') else { return String::new() };
        let word = &self.text[blank + 1..];
        let is_plain = !word.contains([ISOLATE, END]) && !self.text[..blank].trim().is_empty();
        if !is_plain || width_of(word) > at_most {
            return String::new();
        }
        let word = word.to_owned();
        self.text.truncate(blank);
        word
    }

    fn ended(mut self) -> String {
        self.text.extend(std::iter::repeat_n(END, self.open));
        self.text
    }
}

/// Reads a text letter by letter: each becomes one letter that may be shown.
#[derive(Default)]
struct Reader {
    /// Is the letter before this one of a script whose letters are joined?
    joins: bool,
    /// Marks on the letter before this one.
    marks: usize,
}

impl Reader {
    fn read(&mut self, letter: char) -> char {
        if matches!(letter, '\u{200c}' | '\u{200d}') {
            // Persian is not spelt without them. Elsewhere they are only unseen.
            return if std::mem::take(&mut self.joins) { letter } else { HIDDEN };
        }
        if is_unseen(letter) {
            return self.reset(HIDDEN);
        }
        if is_line_break(letter) {
            return self.reset(BREAK);
        }
        if letter.is_whitespace() {
            return self.reset(' ');
        }
        if letter.is_control() {
            return self.reset(HIDDEN);
        }
        if letter.width() == Some(0) {
            self.marks += 1;
            return if self.marks > MARKS { HIDDEN } else { letter };
        }
        self.marks = 0;
        self.joins = letter.is_alphabetic() && !letter.is_ascii();
        letter
    }

    fn reset(&mut self, shown: char) -> char {
        *self = Self::default();
        shown
    }
}

/// Whatever a terminal, an editor or a browser takes for the end of a line.
fn is_line_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Letters without a shape: those that change the direction of others, and those that only make two
/// texts differ that look alike.
fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0d}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The blocks of scripts that are written from right to left.
fn is_right_to_left(letter: char) -> bool {
    matches!(
        letter,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}
