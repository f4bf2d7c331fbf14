//! The languages that people read reasons in.

use std::str::FromStr;

use pod_platform::Rial;
use serde::{Deserialize, Serialize};

/// A language for people.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub enum Language {
    /// `en`
    #[default]
    #[serde(rename = "en")]
    English,
    /// `fa`
    #[serde(rename = "fa")]
    Persian,
}

impl Language {
    /// A number as it is written: `1,250,000`, or `۱٬۲۵۰٬۰۰۰`.
    #[must_use]
    pub fn number(self, number: u64) -> String {
        let grouped = Rial(number).grouped().to_string();
        match self {
            Self::English => grouped,
            Self::Persian => grouped
                .chars()
                .map(|letter| match letter.to_digit(10) {
                    Some(digit) => char::from_u32('۰' as u32 + digit).unwrap_or(letter),
                    None => '٬',
                })
                .collect(),
        }
    }
}

/// Neither `en` nor `fa`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is no language that podhost speaks: write `en` or `fa`")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// A name as locales write it, too: `fa_IR.UTF-8`.
    fn from_str(name: &str) -> Result<Self, UnknownLanguage> {
        match name.split(['_', '-', '.']).next() {
            Some("en" | "C" | "POSIX") => Ok(Self::English),
            Some("fa") => Ok(Self::Persian),
            _ => Err(UnknownLanguage(name.to_owned())),
        }
    }
}
