//! The merchant's constraints, whose schema stands in policy.toml.

use serde::Deserialize;

/// What a loan must be like. The default: anything goes, without a down payment.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// No instalment is more than so many rials.
    pub largest_installment: Option<u64>,
    /// The down payment is at least so many rials.
    pub least_down_payment: u64,
    /// The down payment is at most so many rials.
    pub most_down_payment: u64,
    /// The down payment is the least, or so many rials more, or twice as many more, …
    pub down_payment_step: u64,
    /// The last instalment is due at most so many months after today.
    pub most_months: Option<u32>,
    /// Only contracts with one of these guarantors, in POD's spelling; empty: any.
    pub guarantors: Vec<String>,
    /// So many months before the first instalment.
    pub breathing_months: u32,
    /// Down payment and instalments come to at most so many rials.
    pub most_total_cost: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            largest_installment: None,
            least_down_payment: 0,
            most_down_payment: 0,
            down_payment_step: 1,
            most_months: None,
            guarantors: Vec::new(),
            breathing_months: 0,
            most_total_cost: None,
        }
    }
}
