//! Idempotency keys: the caller's own name for a run. The same request under the same key is run once.

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::{error::Error, redact::without_cards};

/// How long a key may be, in bytes.
const LONGEST: usize = 200;

/// Persian's non-joiner: between two of its letters one sees that it is there.
const NON_JOINER: char = '\u{200c}';

/// Can a run have this key? An empty one, as of a variable that is not set, would make one run of
/// all that have it.
///
/// # Errors
/// [`Error::Input`], if it cannot.
pub fn check_key(key: &str) -> Result<(), Error> {
    let refuse = |reason: String| {
        let what = "a key is your own name for one request, such as 1399-03-salaries";
        Err(Error::Input(format!("{reason}: {what}")))
    };
    if key.trim().is_empty() {
        return refuse("the key is empty".to_owned());
    }
    if key.trim() != key {
        return refuse(format!("the key `{key}` begins or ends with a blank"));
    }
    if let Some(unseen) = unseen(key) {
        let code = u32::from(unseen);
        return refuse(format!("the key {key:?} has U+{code:04X}, a character that nobody sees"));
    }
    if without_cards(key.to_owned()) != key {
        return refuse("the key has a card's number in it, which journals do not keep".to_owned());
    }
    if key.len() > LONGEST {
        return refuse(format!("the key has {} bytes, and may have {LONGEST}", key.len()));
    }
    Ok(())
}

/// A character that nobody sees: two keys that look alike would be two payments.
fn unseen(key: &str) -> Option<char> {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};

    let letters: Vec<char> = key.chars().collect();
    let parts_letters = |place: usize| {
        letters[place] == NON_JOINER
            && place.checked_sub(1).is_some_and(|before| is_arabic(letters[before]))
            && letters.get(place + 1).copied().is_some_and(is_arabic)
    };
    (0..letters.len()).find_map(|place| {
        let letter = letters[place];
        let is_unseen = matches!(
            get_general_category(letter),
            Control | Format | LineSeparator | ParagraphSeparator
        );
        // Blanks that look like the one on the keyboard, and letters without a shape of their own.
        let looks_alike = (letter.is_whitespace() && letter != ' ') || is_blank(letter);
        ((is_unseen || looks_alike) && !parts_letters(place)).then_some(letter)
    })
}

/// Is it of the script in which Persian is written?
fn is_arabic(letter: char) -> bool {
    matches!(letter, '\u{620}'..='\u{6ff}')
}

/// Letters and marks that fonts leave blank: joiners, fillers, variation selectors, an empty pattern.
fn is_blank(letter: char) -> bool {
    matches!(
        letter,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}
