//! Why something was decided so. The rule's name stands in policy.toml with its texts, and with the
//! names of its amounts: `[reasons.NAME]`.

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

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

/// As the host finds it in a free-form policy's output, and completes it with the rule's text.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reason = serializer.serialize_struct("Reason", 3)?;
        reason.serialize_field("rule", &self.rule)?;
        reason.serialize_field("amounts", &self.amounts)?;
        reason.serialize_field("alternatives", &self.alternatives)?;
        reason.end()
    }
}

impl Serialize for Alternative {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut alternative = serializer.serialize_struct("Alternative", 3)?;
        alternative.serialize_field("choice", &self.choice)?;
        alternative.serialize_field("rule", &self.rule)?;
        alternative.serialize_field("amounts", &self.amounts)?;
        alternative.end()
    }
}
