//! Tokens, keys and one-time tokens, in a type that does not print.

use std::fmt;

/// A text that must not be shown: POD's `_token_`, `scApiKey` and one-time tokens.
///
/// It has no `Display`, its `Debug` shows nothing, and it is overwritten when dropped.
///
/// ```
/// let token = pod_platform::Secret::new("4f6355459d1c17ae");
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(zeroize::Zeroizing<String>);

impl Secret {
    /// Keeps `text` secret from here on.
    pub fn new(text: impl Into<String>) -> Self {
        Self(zeroize::Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
