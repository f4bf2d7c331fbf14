//! What a policy says in its own words – a line of its log, why it gave up – as far as anybody reads it,
//! and without what nobody should read: the account's secrets, and card numbers.

use pod_platform::Secret;

use super::cards::without_cards;

/// Bytes kept of what a policy says at a time.
const WORDS: usize = 4 * 1024;

/// What stands where a secret stood.
const HIDDEN: &str = "***";
/// The secrets of a run.
#[derive(Default)]
pub(crate) struct Mask(Vec<Secret>);

impl Mask {
    pub fn of(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.expose().is_empty()).collect())
    }

    /// A policy's own words, as they are shown.
    pub fn words(&self, text: String) -> String {
        // A secret may begin within what is kept, and end beyond.
        shortened(self.over(shortened(text, 2 * WORDS)), WORDS)
    }

    fn over(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), HIDDEN);
            }
        }
        without_cards(text)
    }
}

fn shortened(mut text: String, at_most: usize) -> String {
    if text.len() > at_most {
        text.truncate(text.floor_char_boundary(at_most));
        text.push('…');
        // What was cut off would stay in memory.
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use pod_platform::Secret;

    use super::Mask;

    fn masked(text: &str) -> String {
        Mask::of([Secret::new("token-of-the-shop")]).words(text.to_owned())
    }

    #[test]
    fn card_numbers_are_hidden() {
        assert_eq!(masked("card 6037991234567893!"), "card 603799******7893!");
        assert_eq!(masked("کارت 6037-9912-3456-7893."), "کارت 6037-99**-****-7893.");
        assert_eq!(masked("6037 9912 3456 7893"), "6037 99** **** 7893");
    }

    #[test]
    fn other_numbers_are_shown() {
        for text in ["6037991234567890", "1591075800000", "60379912345678930000", "1399/03/13"] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn secrets_are_hidden() {
        assert_eq!(masked("a=token-of-the-shop&b"), "a=***&b");
    }

    #[test]
    fn a_secret_is_hidden_before_its_text_is_cut_off() {
        let text = format!("{}token-of-the-shop", "x".repeat(super::WORDS - 5));
        assert_eq!(masked(&text), format!("{}***", "x".repeat(super::WORDS - 5)));
        assert!(masked(&"x".repeat(1_000_000)).len() <= super::WORDS + '…'.len_utf8());
    }
}
