//! What of a command's output moves no cursor, hides nothing, changes no order, and poses as no line of
//! the host's.

use serde_json::Value;

use super::FORGED;
use crate::common::{Ended, formulas};

/// Letters of a line at most, and what says how many more there are.
const LONGEST: usize = 4_100;

/// What a command prints.
#[derive(Clone, Copy)]
pub enum Shows {
    Lines,
    Csv,
    Json,
}

impl Shows {
    pub fn of(arguments: &[&str]) -> Self {
        let asks = |words: &[&str]| arguments.iter().any(|argument| words.contains(argument));
        if asks(&["--json", "--receipt", "json", "--format=json"]) {
            Self::Json
        } else if asks(&["csv", "--format=csv"]) {
            Self::Csv
        } else {
            Self::Lines
        }
    }
}

/// Both streams of a command are harmless where a person reads them; JSON is for programs, and is JSON.
pub fn assert_harmless(arguments: &[&str], ended: &Ended) {
    assert!(!ended.stderr.contains("panicked"), "{arguments:?}: {ended:#?}");
    assert_lines(arguments, &ended.stderr, LONGEST);
    match Shows::of(arguments) {
        Shows::Lines => assert_lines(arguments, &ended.stdout, LONGEST),
        Shows::Json => {
            if !ended.stdout.is_empty() {
                let shown: Result<Value, _> = serde_json::from_str(&ended.stdout);
                assert!(shown.is_ok(), "{arguments:?}: {ended:#?}");
            }
        }
        Shows::Csv => {
            // Data is not cut.
            assert_lines(arguments, &ended.stdout, usize::MAX);
            assert_eq!(formulas(&ended.stdout), [""; 0], "{arguments:?}");
        }
    }
}

/// Colours, which a terminal is sent, are no letters of anybody's.
pub fn without_colours(shown: &str) -> String {
    let mut text = String::with_capacity(shown.len());
    for (index, part) in shown.split("\u{1b}[").enumerate() {
        let coloured = part.find(|letter: char| !letter.is_ascii_digit() && letter != ';');
        match coloured.filter(|end| index > 0 && part[*end..].starts_with('m')) {
            Some(end) => text.push_str(&part[end + 1..]),
            None if index > 0 => text.push_str(&format!("\u{1b}[{part}")),
            None => text.push_str(part),
        }
    }
    text
}

pub fn assert_lines(arguments: &[&str], stream: &str, longest: usize) {
    for line in stream.split('\n') {
        let told = || format!("{arguments:?}: {line:?}");
        assert!(!line.starts_with(FORGED), "{}", told());
        assert!(line.chars().count() <= longest, "{}", told());
        let (mut open, mut marks, mut before) = (0, 0, ' ');
        for letter in line.chars() {
            match letter {
                '\u{2068}' => open += 1,
                '\u{2069}' => {
                    assert!(open > 0, "an isolate that is not begun: {}", told());
                    open -= 1;
                }
                '\u{200c}' | '\u{200d}' => {
                    assert!(before.is_alphabetic() && !before.is_ascii(), "{}", told());
                }
                '\u{301}' => marks += 1,
                '\u{61c}'
                | '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e0fff}' => panic!("{letter:?} is shown: {}", told()),
                letter => {
                    assert!(!letter.is_control(), "{letter:?} is shown: {}", told());
                    marks = 0;
                }
            }
            assert!(marks <= 4, "marks reach into other lines: {}", told());
            before = letter;
        }
        assert_eq!(open, 0, "an isolate that is not ended: {}", told());
    }
}
