//! What was paid how, what is left, and what it cost.

use std::collections::HashSet;

use pod_sdk::{Error, Reason, error::describe, invoices::Invoice};
use serde::Serialize;

/// The policy's output.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Each payment, in order.
    pub payments: Vec<Payment>,
    /// Each bill that was asked for, in order.
    pub bills: Vec<Bill>,
    /// Debts that stay open.
    pub unpaid: Vec<Open>,
    /// Creditor invoices that were kept out of netting.
    pub kept_out: Vec<Open>,
    /// Loans that were taken.
    pub loans: Vec<Loan>,
    /// All debts, before.
    pub owed: Side,
    /// What is still owed.
    pub left: Side,
    /// Settled out of paid invoices.
    pub netted: Side,
    /// Rials out of delegated credit.
    pub from_delegations: u64,
    /// Rials out of the wallet, bills and down payments included.
    pub from_wallet: u64,
    /// Rials out of the wallet of which nobody knows whether they are spent.
    pub in_doubt: u64,
    /// Rials that were borrowed.
    pub borrowed: u64,
    /// Rials of bills.
    pub for_bills: u64,
    /// What loans cost.
    pub interest: u64,
    /// Creditor rials earmarked beyond the debts that they settle.
    pub earmarked_beyond: u64,
    /// Payments of which nobody knows: they are not tried another way.
    #[serde(skip)]
    doubtful: HashSet<u64>,
}

/// One payment, and what became of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// POD's name of the service.
    pub service: &'static str,
    /// The invoice.
    pub invoice: u64,
    /// What has to be paid for it.
    pub rials: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Netting: out of which paid invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creditor_invoice_id: Option<u64>,
    /// Out of which credits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Share>,
    /// Out of the wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet: Option<WalletShare>,
    /// Why it was not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// What a credit gave.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// Whose credit.
    pub delegator_id: u64,
    /// Which credit.
    pub hash: String,
    /// Rials.
    pub rials: u64,
}

/// What the wallet gave.
#[derive(Debug, Serialize)]
pub struct WalletShare {
    /// Which wallet.
    pub code: String,
    /// Rials.
    pub rials: u64,
}

/// A loan that was taken.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loan {
    /// The loan.
    pub id: u64,
    /// The invoice that it pays.
    pub invoice: u64,
    /// The plan.
    pub plan_id: u64,
    /// The down payment, in rials.
    pub primary_amount: u64,
    /// Down payment and instalments, in rials.
    pub total_cost: u64,
    /// Where the customer confirms a loan without a down payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_at: Option<String>,
}

/// A utility bill, and what became of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// POD's `billId`, or the barcode as it was given.
    pub bill_id: String,
    /// POD's `paymentId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    /// What it says in its payment id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rials: Option<u64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// An invoice, and why it stays as it is.
#[derive(Debug, Serialize)]
pub struct Open {
    /// The invoice.
    pub invoice: u64,
    /// What is owed or was paid.
    pub rials: u64,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is paid.
    #[default]
    Paid,
    /// It was refused, and nothing happened.
    Refused,
    /// Nobody knows.
    Unknown,
    /// It was not tried.
    Skipped,
    /// A loan that its customer has to confirm: the invoice is not paid yet.
    AwaitingConfirmation,
    /// A loan whose down payment failed: the invoice is not paid yet.
    AwaitingDownPayment,
}

/// So many invoices, and what they come to.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Side {
    /// How many.
    pub invoices: u64,
    /// In rials.
    pub rials: u64,
}

impl Side {
    /// One more.
    pub fn add(&mut self, rials: u64) {
        self.invoices += 1;
        self.rials += rials;
    }
}

impl Report {
    /// Notes a payment that was tried; true if it is paid.
    pub fn tried(&mut self, payment: Payment, result: Result<(), Error>) -> bool {
        let (outcome, error) = judged(result);
        let from_wallet = payment.wallet.as_ref().map_or(0, |share| share.rials);
        self.spent(from_wallet, outcome);
        if outcome == Outcome::Unknown {
            self.doubtful.insert(payment.invoice);
        }
        self.payments.push(Payment { outcome, error, ..payment });
        outcome == Outcome::Paid
    }

    /// Notes a debt that stays open.
    pub fn leave(&mut self, debt: &Invoice, reason: Option<Reason>) {
        self.unpaid.push(Open { invoice: debt.id, rials: debt.payable_amount, reason });
    }

    /// Notes what the wallet gave, for sure or perhaps.
    pub fn spent(&mut self, rials: u64, outcome: Outcome) {
        match outcome {
            Outcome::Paid => self.from_wallet += rials,
            Outcome::Unknown => self.in_doubt += rials,
            _ => {}
        }
    }

    /// Does nobody know whether this invoice is paid?
    pub fn is_doubtful(&self, invoice: u64) -> bool {
        self.doubtful.contains(&invoice)
    }
}

/// What a call's result means, and its error in words.
pub fn judged(result: Result<(), Error>) -> (Outcome, Option<String>) {
    match result {
        Ok(()) => (Outcome::Paid, None),
        Err(error @ Error::OutcomeUnknown(_)) => (Outcome::Unknown, Some(describe(&error))),
        Err(error) => (Outcome::Refused, Some(describe(&error))),
    }
}
