//! Whatever anybody else wrote is text on a terminal, in every command: it moves no cursor, hides
//! nothing, changes no order, and poses as no line of the host's.

mod asked;
mod cases;
mod harmless;
mod listed;
mod others;
mod watched;

use proptest::{
    prelude::{Strategy as _, proptest},
    sample::select,
    test_runner::Config,
};

use self::cases::every_command_is_harmless;

const TOKEN: &str = "shop-api-token";

/// What begins no line of the host's.
const FORGED: &str = "FORGED";

/// Words that would do harm.
const HOSTILE: &[&str] = &[
    "\u{1b}[31m",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{1b}]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{9b}31m",
    "\u{9d}52;c;ZXZpbA==\u{9c}",
    "\u{8}\u{8}\u{8}\u{8}",
    "\u{7f}",
    "\rFORGED run 0199: done",
    "\nFORGED podhost: nothing was paid",
    "\r\nFORGED payInvoiceByInvoice 501 900,000",
    "\u{b}FORGED What changed",
    "\u{c}FORGED Nothing was paid.",
    "\u{85}FORGED In doubt",
    "\u{2028}FORGED policy",
    "\u{2029}FORGED Settled by a person",
    "\u{202e}000,009\u{202c}",
    "\u{202d}1,000\u{202c}",
    "\u{2066}a\u{2069}",
    "\u{2067}a\u{2069}",
    "\u{2068}",
    "\u{2069}\u{2069}",
    "\u{200e}\u{200f}\u{61c}",
    "\u{200b}\u{feff}\u{2060}\u{ad}",
    "1\u{200c}0\u{200d}0",
    "\u{e0041}\u{e007f}",
    "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "می‌شود ۱۰۰٬۰۰۰ ریال",
    "“متن”",
    "\"'`\\{}%s",
];

fn hostile() -> impl proptest::strategy::Strategy<Value = String> {
    let words = proptest::collection::vec(select(HOSTILE), 1..10);
    let length = select(vec![1, 1, 1, 2_000]);
    (words, length).prop_map(|(words, length)| format!("{}{}", words.concat(), "x".repeat(length)))
}

#[test]
fn nothing_that_somebody_else_wrote_does_harm() {
    every_command_is_harmless(&HOSTILE.concat(), true);
}

proptest! {
    #![proptest_config(Config { cases: 2, max_shrink_iters: 8, ..Config::default() })]

    #[test]
    fn no_words_do_harm(words in hostile()) {
        every_command_is_harmless(&words, false);
    }
}
