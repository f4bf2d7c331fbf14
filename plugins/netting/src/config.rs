//! The merchant's settings, whose schema stands in policy.toml.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What counts, and what is kept out. The default: rials count, and nothing is kept out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// A debt is due so many days after it was issued.
    pub days_to_pay: u64,
    /// For each day that a debt is overdue, it weighs so many percent more.
    pub overdue_percent_per_day: u64,
    /// A debt to this business weighs so many percent of its rials; others 100.
    pub issuer_percent: BTreeMap<String, u64>,
    /// Creditor invoices of these businesses of the merchant's are kept out.
    pub keep_out_issuers: Vec<u64>,
    /// Creditor invoices that these customers paid are kept out.
    pub keep_out_customers: Vec<u64>,
    /// Creditor invoices paid less than so many days ago are kept out.
    pub keep_out_younger_than_days: Option<u64>,
    /// Creditor invoices paid more than so many days ago are kept out.
    pub keep_out_older_than_days: Option<u64>,
    /// Creditor invoices of less than so many rials are kept out.
    pub keep_out_below: Option<u64>,
    /// Creditor invoices of more than so many rials are kept out.
    pub keep_out_above: Option<u64>,
}

impl Config {
    /// Does anything depend on the time?
    #[must_use]
    pub fn needs_clock(&self) -> bool {
        self.overdue_percent_per_day > 0
            || self.keep_out_younger_than_days.is_some()
            || self.keep_out_older_than_days.is_some()
    }
}
