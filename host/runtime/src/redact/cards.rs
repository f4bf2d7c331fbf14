//! Card numbers in texts: whoever reads a log sees enough of one to recognise it, and not enough to
//! pay with it.
//!
//! A card's number is sixteen digits, in one piece or in four groups of four, that pass Luhn's check
//! and begin as payment cards do. Digits may be those of any script;
//! between groups may stand blanks, dashes or dots; and marks that nobody sees may stand anywhere.
//! Longer numbers, such as a bill's barcode, are left alone: sixteen digits within one are no card.

use std::ops::Range;

use unicode_general_category::{GeneralCategory, get_general_category};

/// The digits of a card's number, and of a group.
const CARD: usize = 16;
const GROUP: usize = 4;
/// How many digits are shown at its two ends: who issued the card, and which one it is.
const SHOWN: (usize, usize) = (6, 4);
/// What may stand between two groups, such as ` - `.
const LONGEST_JOINT: usize = 3;

/// A digit in a text.
#[derive(Clone, Copy)]
struct Digit {
    /// Where it stands, in bytes.
    at: usize,
    length: usize,
    value: u32,
}

/// Digits without anything between them that one sees.
struct Number {
    /// Which of the text's digits.
    digits: Range<usize>,
    /// Does it belong to the number before it, as the next group does?
    is_joined: bool,
}

/// A card's number becomes `603799******1234`, with what stood between its digits.
pub(crate) fn without_cards(text: String) -> String {
    // Most texts are done with here.
    if text.chars().filter(|character| value(*character).is_some()).count() < CARD {
        return text;
    }
    let (digits, numbers) = numbers(&text);
    let mut hidden = Vec::new();
    let mut next = 0;
    while let Some(number) = numbers.get(next) {
        let in_groups = numbers.get(next..next + CARD / GROUP).filter(|groups| {
            groups.iter().all(|group| group.digits.len() == GROUP)
                && groups[1..].iter().all(|group| group.is_joined)
        });
        let (card, taken) = match in_groups {
            _ if number.digits.len() == CARD => (number.digits.clone(), 1),
            Some(groups) => (number.digits.start..number.digits.start + CARD, groups.len()),
            None => (0..0, 1),
        };
        if is_card(&digits[card.clone()]) {
            hidden.extend_from_slice(&digits[card.start + SHOWN.0..card.end - SHOWN.1]);
            next += taken;
        } else {
            next += 1;
        }
    }
    with_asterisks(text, &hidden)
}

/// The digits of a text, and the numbers that they make.
fn numbers(text: &str) -> (Vec<Digit>, Vec<Number>) {
    let (mut digits, mut numbers) = (Vec::new(), Vec::<Number>::new());
    // What stands between the last digit and the next; more than a joint parts them.
    let mut between = LONGEST_JOINT + 1;
    for (at, character) in text.char_indices() {
        if let Some(value) = value(character) {
            let place = digits.len();
            digits.push(Digit { at, length: character.len_utf8(), value });
            match numbers.last_mut() {
                Some(number) if between == 0 => number.digits.end += 1,
                _ => {
                    let is_joined = between <= LONGEST_JOINT;
                    numbers.push(Number { digits: place..place + 1, is_joined });
                }
            }
            between = 0;
        } else if is_joint(character) {
            between += 1;
        } else if !is_invisible(character) {
            between = LONGEST_JOINT + 1;
        }
    }
    (digits, numbers)
}

/// What a decimal digit of any script stands for. Unicode keeps those of a script together, from zero
/// to nine, and they follow upon nothing but the nine of others.
fn value(character: char) -> Option<u32> {
    if character.is_ascii() || !character.is_numeric() {
        return character.to_digit(10);
    }
    let mut before = u32::from(character);
    while char::from_u32(before).is_some_and(is_decimal) {
        before -= 1;
    }
    let place = u32::from(character) - before;
    place.checked_sub(1).map(|place| place % 10)
}

fn is_decimal(character: char) -> bool {
    get_general_category(character) == GeneralCategory::DecimalNumber
}

/// May it stand between two groups of a card's number?
fn is_joint(character: char) -> bool {
    match character {
        '\n' | '\r' => false,
        '-' | '.' | '_' | '/' | '·' | '•' | '－' | '．' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {
            true
        }
        // Persian's kashida, which widens a word.
        'ـ' => true,
        other => other.is_whitespace(),
    }
}

/// Does nobody see it? Marks of direction, joiners and non-joiners, soft hyphens.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}'
            | '\u{061c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

fn is_card(digits: &[Digit]) -> bool {
    // 0, 1, 7 and 8 are no payment cards: a time in microseconds begins with 1.
    let begins_so = digits.first().is_some_and(|first| matches!(first.value, 2..=6 | 9));
    begins_so && passes_luhn(digits)
}

fn passes_luhn(digits: &[Digit]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit.value * 2) {
            (0, _) => digit.value,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn with_asterisks(text: String, hidden: &[Digit]) -> String {
    if hidden.is_empty() {
        return text;
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for Digit { at, length, .. } in hidden {
        masked.push_str(&text[from..*at]);
        masked.push('*');
        from = at + length;
    }
    masked.push_str(&text[from..]);
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CARD, value, without_cards};

    /// The zeros of Latin, Persian, Arabic, full-width, Bengali, and two kinds of mathematical digits.
    const ZEROS: [char; 7] = ['0', '۰', '٠', '０', '০', '𝟎', '𝟢'];

    fn masked(text: &str) -> String {
        without_cards(text.to_owned())
    }

    #[test]
    fn digits_of_other_scripts_are_hidden() {
        assert_eq!(masked("کارت ۶۰۳۷۹۹۱۲۳۴۵۶۷۸۹۳."), "کارت ۶۰۳۷۹۹******۷۸۹۳.");
        assert_eq!(masked("٦٠٣٧-٩٩١٢-٣٤٥٦-٧٨٩٣"), "٦٠٣٧-٩٩**-****-٧٨٩٣");
        assert_eq!(masked("６０３７９９１２３４５６７８９３"), "６０３７９９******７８９３");
    }

    #[test]
    fn every_script_has_its_digits() {
        for zero in ZEROS {
            let digits = (0..10).map(|digit| char::from_u32(u32::from(zero) + digit));
            let values: Vec<_> = digits.map(|digit| digit.and_then(value)).collect();
            assert_eq!(values, (0..10).map(Some).collect::<Vec<_>>(), "{zero}");
        }
        for other in ['x', '½', '②', '五', '٪'] {
            assert_eq!(value(other), None, "{other}");
        }
    }

    #[test]
    fn digits_with_joiners_are_hidden() {
        for joint in
            [" ", "-", ".", " - ", "\u{2009}", "\u{a0}", "\u{2013}", "\u{200c}", "-\u{200e}"]
        {
            let text = ["6037", "9912", "3456", "7893"].join(joint);
            let expected = ["6037", "99**", "****", "7893"].join(joint);
            assert_eq!(masked(&text), expected, "{joint:?}");
        }
        // What nobody sees may stand anywhere.
        assert_eq!(
            masked("60\u{200c}37991234\u{200f}5678\u{2060}93"),
            "60\u{200c}3799****\u{200f}**78\u{2060}93"
        );
    }

    #[test]
    fn a_card_among_other_groups_is_found() {
        assert_eq!(masked("1403 6037 9912 3456 7893 1403"), "1403 6037 99** **** 7893 1403");
        assert_eq!(
            masked("6037991234567893 6037991234567893"),
            "603799******7893 603799******7893"
        );
    }

    #[test]
    fn other_numbers_are_shown() {
        for text in [
            // Does not pass the check; a time in milliseconds, and one in microseconds that does.
            "6037991234567890",
            "1591075800000",
            "1591075800000007",
            // A bill's barcode, which holds a card's number; a date.
            "60379912345678930000000000",
            "0060379912345678930000000",
            "1399/03/13",
            // Not in groups of four, and in too many lines.
            "603 7991 2345 67893",
            "6037\n9912\n3456\n7893",
            "603799123456789 3",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    /// A card's number: fifteen digits, and the one that makes them pass.
    fn card() -> impl Strategy<Value = Vec<u32>> {
        let first = prop::sample::select(vec![2_u32, 3, 4, 5, 6, 9]);
        (first, prop::collection::vec(0_u32..10, CARD - 2)).prop_map(|(first, rest)| {
            let mut digits = [vec![first], rest].concat();
            let sum: u32 = digits
                .iter()
                .enumerate()
                .map(|(place, digit)| match place % 2 {
                    0 => digit * 2 / 10 + digit * 2 % 10,
                    _ => *digit,
                })
                .sum();
            digits.push((10 - sum % 10) % 10);
            digits
        })
    }

    proptest! {
        #[test]
        fn no_card_is_shown_whole(
            digits in card(),
            zeros in prop::collection::vec(prop::sample::select(ZEROS.to_vec()), CARD),
            joint in prop::sample::select(vec!["", " ", "-", ".", " – ", "\u{2009}", "\u{200c}"]),
            before in "[a-zA-Zابپتیک؛: ]{0,12}",
            after in "[a-zA-Zابپتیک!؟\n]{0,12}",
        ) {
            let mut written = String::new();
            for (place, (digit, zero)) in digits.iter().zip(&zeros).enumerate() {
                if place > 0 && place % 4 == 0 {
                    written.push_str(joint);
                }
                written.extend(char::from_u32(u32::from(*zero) + digit));
            }
            let text = format!("{before}{written}{after}");
            let shown = masked(&text);
            prop_assert_eq!(shown.chars().filter(|c| *c == '*').count(), 6);
            prop_assert_eq!(shown.chars().count(), text.chars().count());
            let kept: Vec<(char, char)> = text.chars().zip(shown.chars()).collect();
            prop_assert!(kept.iter().all(|(was, is)| was == is || *is == '*'));
            prop_assert!(!shown.contains(&written));
        }

        #[test]
        fn longer_and_shorter_numbers_are_shown(text in "[1-9][0-9]{12,14}|[0-9]{17,26}") {
            prop_assert_eq!(masked(&text), text);
        }

        #[test]
        fn any_text_is_borne(text in any::<String>()) {
            prop_assert_eq!(masked(&text).chars().count(), text.chars().count());
        }
    }
}
