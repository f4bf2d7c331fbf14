//! The worlds of the contract.

use serde::Deserialize;

/// The worlds that a policy can be written for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Free-form automation: exports `run`.
    Policy,
    /// A netting decider: exports `plan`.
    Netting,
    /// A delegation decider: exports `order`.
    Delegation,
    /// A loan plan decider: exports `select`.
    LoanPlan,
}

impl World {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Policy, Self::Netting, Self::Delegation, Self::LoanPlan];

    /// The world's name in WIT.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Netting => "netting",
            Self::Delegation => "delegation",
            Self::LoanPlan => "loan-plan",
        }
    }

    /// The function that the world exports.
    #[must_use]
    pub fn export(self) -> &'static str {
        match self {
            Self::Policy => "run",
            Self::Netting => "plan",
            Self::Delegation => "order",
            Self::LoanPlan => "select",
        }
    }
}
