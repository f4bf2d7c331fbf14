//! Persian texts: the same word is written with Persian letters by one keyboard, and with Arabic ones
//! by another.

/// Arabic letters, and the Persian ones that are meant by them.
pub const LETTERS: [(char, char); 3] = [('ي', 'ی'), ('ى', 'ی'), ('ك', 'ک')];

/// A text in Persian letters, to compare it with another.
#[must_use]
pub fn persian(text: &str) -> String {
    let meant = |letter: char| {
        LETTERS.iter().find(|(arabic, _)| *arabic == letter).map_or(letter, |(_, persian)| *persian)
    };
    text.chars().map(meant).collect()
}
