//! Why something was decided so. The rule's name stands in policy.toml with its texts, and with the
//! names of its amounts: `[reasons.NAME]`.

pub use crate::bindings::policy::pod::policy::types::{Alternative, Reason, Remark};

impl Reason {
    /// A rule, and what it weighed.
    pub fn new(rule: impl Into<String>, amounts: impl Into<Vec<u64>>) -> Self {
        Self { rule: rule.into(), amounts: amounts.into(), alternatives: Vec::new() }
    }

    /// The same, with what was not chosen.
    #[must_use]
    pub fn over(mut self, alternatives: impl IntoIterator<Item = Alternative>) -> Self {
        self.alternatives.extend(alternatives);
        self
    }
}

impl Alternative {
    /// What was not chosen, the rule that says why not, and what that weighed.
    pub fn new(
        choice: impl Into<String>,
        rule: impl Into<String>,
        amounts: impl Into<Vec<u64>>,
    ) -> Self {
        Self { choice: choice.into(), rule: rule.into(), amounts: amounts.into() }
    }
}
