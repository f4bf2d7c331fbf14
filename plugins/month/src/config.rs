//! The merchant's settings, whose schema stands in policy.toml; and what the host states besides.

use std::collections::BTreeMap;

use pod_sdk::{
    delegation::DelegatedCredit,
    values::{Instant, Rial},
};
use serde::Deserialize;

/// The settings of all three policies, and what is the month's own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// So many rials stay in the wallet.
    pub cash_floor: u64,
    /// Which wallet.
    pub wallet_code: String,
    /// May a loan pay what nothing else does?
    pub take_loans: bool,
    /// Which debts weigh most, and which creditor invoices are kept out.
    #[serde(flatten)]
    pub netting: netting::Config,
    /// What a loan must be like.
    #[serde(flatten)]
    pub loan: loan_plan::Config,
    /// What no POD service returns.
    pub stated: Stated,
}

/// What no POD service returns, in the scenario file's names.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Stated {
    /// The business that the run acts for.
    pub business_id: Option<u64>,
    /// Rials by wallet code.
    pub wallet: BTreeMap<String, Rial>,
    /// Credit that others lend.
    pub delegations: Vec<Delegation>,
    /// What can be borrowed.
    pub loan_credits: Option<Vec<LoanCredit>>,
    /// How many instalments plans have.
    pub loan_plans: Vec<LoanPlan>,
}

/// A delegated credit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delegation {
    delegator_id: u64,
    hash: String,
    amount: Rial,
    guild_code: Option<String>,
    until: Option<Instant>,
}

impl From<&Delegation> for DelegatedCredit {
    fn from(credit: &Delegation) -> Self {
        Self {
            delegator_id: credit.delegator_id,
            hash: credit.hash.clone(),
            remaining_amount: credit.amount.0,
            guild_code: credit.guild_code.clone(),
            expires_at: credit.until.map(|at| at.0),
        }
    }
}

/// What a member of a contract may still borrow.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoanCredit {
    /// The contract.
    pub contract_id: u64,
    /// The member.
    pub user_id: u64,
    /// In rials.
    pub credit: Rial,
}

/// How a plan is paid back.
#[derive(Debug, Deserialize)]
pub struct LoanPlan {
    /// The plan.
    pub id: u64,
    /// How many instalments.
    pub installments: u32,
}
