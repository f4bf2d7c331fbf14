//! What the `export_…` macros call: a policy's function, with or without a configuration.
//!
//! Each trait is implemented for both shapes of function; `Shape` tells them apart, and is inferred.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Failure, Result,
    delegation::{DelegatedCredit, OpenInvoice, SpendingPlan, Wallet},
    loan_plan::{InvoiceToFinance, Offer, Selection},
    netting::{Credit, Debt, NettingPlan, Pair},
};

fn read<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Failure::new(format!("the {what}: {error}")))
}

fn written(output: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(output)?)
}

/// A function that can be the export of the world `policy`.
pub trait Run<Shape> {
    /// Calls it.
    fn run(self, input: &str, config: &str) -> Result<String>;
}

impl<F, Input, Output> Run<(Input, Output)> for F
where
    F: FnOnce(Input) -> Result<Output>,
    Input: DeserializeOwned,
    Output: Serialize,
{
    fn run(self, input: &str, _: &str) -> Result<String> {
        written(&self(read("input", input)?)?)
    }
}

impl<F, Input, Config, Output> Run<(Input, Config, Output)> for F
where
    F: FnOnce(Input, Config) -> Result<Output>,
    Input: DeserializeOwned,
    Config: DeserializeOwned,
    Output: Serialize,
{
    fn run(self, input: &str, config: &str) -> Result<String> {
        written(&self(read("input", input)?, read("configuration", config)?)?)
    }
}

impl From<Vec<Pair>> for NettingPlan {
    fn from(pairs: Vec<Pair>) -> Self {
        Self { pairs, still_owed: Vec::new(), kept_out: Vec::new() }
    }
}

/// A function that can be the export of the world `netting`.
pub trait Plan<Shape> {
    /// Calls it.
    fn plan(self, debts: Vec<Debt>, credits: Vec<Credit>, config: &str) -> Result<NettingPlan>;
}

impl<F, Answer> Plan<(Answer,)> for F
where
    F: FnOnce(Vec<Debt>, Vec<Credit>) -> Result<Answer>,
    Answer: Into<NettingPlan>,
{
    fn plan(self, debts: Vec<Debt>, credits: Vec<Credit>, _: &str) -> Result<NettingPlan> {
        self(debts, credits).map(Into::into)
    }
}

impl<F, Config, Answer> Plan<(Config, Answer)> for F
where
    F: FnOnce(Vec<Debt>, Vec<Credit>, Config) -> Result<Answer>,
    Config: DeserializeOwned,
    Answer: Into<NettingPlan>,
{
    fn plan(self, debts: Vec<Debt>, credits: Vec<Credit>, config: &str) -> Result<NettingPlan> {
        self(debts, credits, read("configuration", config)?).map(Into::into)
    }
}

/// A function that can be the export of the world `delegation`.
pub trait Order<Shape> {
    /// Calls it.
    fn order(
        self,
        invoices: Vec<OpenInvoice>,
        delegations: Vec<DelegatedCredit>,
        wallets: Vec<Wallet>,
        config: &str,
    ) -> Result<SpendingPlan>;
}

impl<F> Order<()> for F
where
    F: FnOnce(Vec<OpenInvoice>, Vec<DelegatedCredit>, Vec<Wallet>) -> Result<SpendingPlan>,
{
    fn order(
        self,
        invoices: Vec<OpenInvoice>,
        delegations: Vec<DelegatedCredit>,
        wallets: Vec<Wallet>,
        _: &str,
    ) -> Result<SpendingPlan> {
        self(invoices, delegations, wallets)
    }
}

impl<F, Config> Order<(Config,)> for F
where
    F: FnOnce(Vec<OpenInvoice>, Vec<DelegatedCredit>, Vec<Wallet>, Config) -> Result<SpendingPlan>,
    Config: DeserializeOwned,
{
    fn order(
        self,
        invoices: Vec<OpenInvoice>,
        delegations: Vec<DelegatedCredit>,
        wallets: Vec<Wallet>,
        config: &str,
    ) -> Result<SpendingPlan> {
        self(invoices, delegations, wallets, read("configuration", config)?)
    }
}

/// A function that can be the export of the world `loan-plan`.
pub trait Select<Shape> {
    /// Calls it.
    fn select(
        self,
        invoice: InvoiceToFinance,
        offers: Vec<Offer>,
        config: &str,
    ) -> Result<Selection>;
}

impl<F> Select<()> for F
where
    F: FnOnce(InvoiceToFinance, Vec<Offer>) -> Result<Selection>,
{
    fn select(self, invoice: InvoiceToFinance, offers: Vec<Offer>, _: &str) -> Result<Selection> {
        self(invoice, offers)
    }
}

impl<F, Config> Select<(Config,)> for F
where
    F: FnOnce(InvoiceToFinance, Vec<Offer>, Config) -> Result<Selection>,
    Config: DeserializeOwned,
{
    fn select(
        self,
        invoice: InvoiceToFinance,
        offers: Vec<Offer>,
        config: &str,
    ) -> Result<Selection> {
        self(invoice, offers, read("configuration", config)?)
    }
}
