//! Write podhost policies in Rust.
//!
//! A **decider** is one function. It sees what the host fetched, and answers what should be done;
//! the host checks the answer, and does it:
//!
//! ```
//! use pod_sdk::{Reason, netting::{Credit, Debt, Pair}};
//!
//! pod_sdk::export_netting!(plan);
//!
//! /// Settle each debt out of the first creditor invoice that is left and covers it.
//! fn plan(debts: Vec<Debt>, mut credits: Vec<Credit>) -> pod_sdk::Result<Vec<Pair>> {
//!     let mut plan = Vec::new();
//!     for debt in debts {
//!         let covering = credits.iter().position(|c| c.payable_amount >= debt.payable_amount);
//!         if let Some(index) = covering {
//!             let credit = credits.swap_remove(index);
//!             plan.push(Pair {
//!                 creditor_invoice_id: credit.id,
//!                 debtor_invoice_id: debt.id,
//!                 reason: Some(Reason::new("first-fit", [debt.payable_amount])),
//!             });
//!         }
//!     }
//!     pod_sdk::info!("{} debts can be settled", plan.len());
//!     Ok(plan)
//! }
//! # fn main() {}
//! ```
//!
//! A **policy** is free-form: it takes an input, calls POD, and answers an output. Whatever goes
//! wrong leaves it with `?`:
//!
//! ```
//! use pod_sdk::{each, invoices::GetInvoiceListRequest, payments::{self, PayInvoiceRequest}};
//! use serde::{Deserialize, Serialize};
//!
//! pod_sdk::export_policy!(run);
//!
//! #[derive(Deserialize)]
//! struct Input { description: String }
//!
//! #[derive(Serialize)]
//! struct Output { paid: Vec<u64> }
//!
//! /// Mark the open invoices with this description as paid in cash, however many there are.
//! fn run(input: Input) -> pod_sdk::Result<Output> {
//!     let open = GetInvoiceListRequest {
//!         is_payed: Some(false),
//!         query: Some(input.description),
//!         ..Default::default()
//!     };
//!     let mut paid = Vec::new();
//!     for invoice in each(open) {
//!         let invoice = invoice?;
//!         payments::pay_invoice(PayInvoiceRequest { invoice_id: invoice.id })?;
//!         paid.push(invoice.id);
//!     }
//!     Ok(Output { paid })
//! }
//! # fn main() {}
//! ```
//!
//! [`each`] fetches a list's pages as they are needed. A function of [`invoices`], [`payments`],
//! [`bills`], [`files`] or [`loans`] is one call of POD's service of that name.
//!
//! Dates, amounts and bills are computed without any call, by [`values`]:
//!
//! ```
//! use pod_sdk::{
//!     bills, clock, each,
//!     loans::GetInstallmentListRequest,
//!     values::{Instant, Rial, UtilityBill},
//! };
//! # use serde::Deserialize;
//! # #[derive(Deserialize)]
//! # struct Input { loan_id: u64, barcode: String }
//!
//! /// Pay a utility bill, unless an instalment is due within three months.
//! fn run(input: Input) -> pod_sdk::Result<Option<u64>> {
//!     let bill = UtilityBill::from_barcode(&input.barcode)?;
//!     let today = Instant(clock::now()).jalali_date();
//!     let soon = GetInstallmentListRequest {
//!         loan_id: input.loan_id,
//!         from_date: Some(today),
//!         to_date: today.plus_months(3),
//!         ..Default::default()
//!     };
//!     if let Some(installment) = each(soon).next() {
//!         let due = Rial(installment?.remain_amount);
//!         pod_sdk::info!("{} rials are due: the bill waits", due.grouped());
//!         return Ok(None);
//!     }
//!     Ok(Some(bills::pay_bill(&(&bill).into())?.id))
//! }
//! # pod_sdk::export_policy!(run);
//! # fn main() {}
//! ```
//!
//! What POD allows is computed without a call, too, by [`rules`]:
//!
//! ```
//! use pod_sdk::{clock, invoices::Invoice, rules, values::Instant};
//!
//! /// Can this invoice be paid today?
//! fn is_payable(invoice: &Invoice) -> bool {
//!     let today = Instant(clock::now()).jalali_date();
//!     rules::invoice::Invoice::from(invoice).payable(today).is_ok()
//! }
//! ```
//!
//! [`http`] asks the merchant's own servers, [`store`] keeps small texts for the policy's next run,
//! [`budget`] says what is left.
//!
//! Build it for `wasm32-unknown-unknown` with `podhost build`, run it with `podhost run`.

#![deny(missing_docs)]

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod allocator;
#[allow(
    missing_docs,
    reason = "the contract leaves a field without a comment where its name says all"
)]
#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod entry;
pub mod error;
mod failure;
pub mod http;
pub mod list;
mod reason;
mod ruled;

pub use bindings::policy::pod::{
    platform::{bills, files, invoices, loans, payments},
    policy::{budget, clock, log, random, store},
};
pub use error::Error;
pub use failure::Failure;
#[doc(hidden)]
pub use failure::into_wit;
pub use list::each;
pub use pod_rules as rules;
pub use pod_values as values;
pub use reason::{Alternative, Reason, Remark};

/// What a policy's functions answer.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// What a netting decider sees and answers.
pub mod netting {
    pub use crate::bindings::netting::pod::policy::netting_types::{
        Credit, Debt, NettingPlan, Pair,
    };
}

/// What a delegation decider sees and answers.
pub mod delegation {
    pub use crate::bindings::delegation::pod::policy::delegation_types::{
        DelegatedCredit, DelegatedShare, OpenInvoice, Payment, SpendingPlan, Wallet, WalletShare,
    };
}

/// What a loan plan decider sees and answers.
pub mod loan_plan {
    pub use crate::bindings::loan_plan::pod::policy::loan_plan_types::{
        Choice, InvoiceToFinance, LostOffer, Offer, PlannedInstallment, Selection,
    };
}

/// Makes `fn plan(debts: Vec<Debt>, credits: Vec<Credit>, config: Config) -> pod_sdk::Result<Plan>`
/// this component's netting decider. The plan is a [`NettingPlan`](netting::NettingPlan) or a
/// `Vec<Pair>`; the configuration is anything that serde reads, and can be left out.
#[macro_export]
macro_rules! export_netting {
    ($plan:path) => {
        const _: () = {
            #[cfg(target_arch = "wasm32")]
            #[global_allocator]
            static ALLOCATOR: $crate::allocator::OneCall = $crate::allocator::OneCall::new();

            struct Decider;

            impl $crate::bindings::netting::Guest for Decider {
                fn plan(
                    debts: Vec<$crate::netting::Debt>,
                    credits: Vec<$crate::netting::Credit>,
                    config: String,
                ) -> Result<
                    $crate::netting::NettingPlan,
                    $crate::bindings::policy::pod::policy::types::Failure,
                > {
                    $crate::entry::Plan::plan($plan, debts, credits, &config)
                        .map_err($crate::into_wit)
                }
            }

            $crate::bindings::netting::__export_netting_world!(
                Decider with_types_in $crate::bindings::netting
            );
        };
    };
}

/// Makes `fn order(invoices: Vec<OpenInvoice>, delegations: Vec<DelegatedCredit>, wallets: Vec<Wallet>,
/// config: Config) -> pod_sdk::Result<SpendingPlan>` this component's delegation decider. The
/// configuration is anything that serde reads, and can be left out.
#[macro_export]
macro_rules! export_delegation {
    ($order:path) => {
        const _: () = {
            #[cfg(target_arch = "wasm32")]
            #[global_allocator]
            static ALLOCATOR: $crate::allocator::OneCall = $crate::allocator::OneCall::new();

            struct Decider;

            impl $crate::bindings::delegation::Guest for Decider {
                fn order(
                    invoices: Vec<$crate::delegation::OpenInvoice>,
                    delegations: Vec<$crate::delegation::DelegatedCredit>,
                    wallets: Vec<$crate::delegation::Wallet>,
                    config: String,
                ) -> Result<
                    $crate::delegation::SpendingPlan,
                    $crate::bindings::policy::pod::policy::types::Failure,
                > {
                    $crate::entry::Order::order($order, invoices, delegations, wallets, &config)
                        .map_err($crate::into_wit)
                }
            }

            $crate::bindings::delegation::__export_delegation_world!(
                Decider with_types_in $crate::bindings::delegation
            );
        };
    };
}

/// Makes `fn select(invoice: InvoiceToFinance, offers: Vec<Offer>, config: Config) ->
/// pod_sdk::Result<Selection>` this component's loan plan decider. The configuration, the merchant's
/// constraints, is anything that serde reads, and can be left out.
#[macro_export]
macro_rules! export_loan_plan {
    ($select:path) => {
        const _: () = {
            #[cfg(target_arch = "wasm32")]
            #[global_allocator]
            static ALLOCATOR: $crate::allocator::OneCall = $crate::allocator::OneCall::new();

            struct Decider;

            impl $crate::bindings::loan_plan::Guest for Decider {
                fn select(
                    invoice: $crate::loan_plan::InvoiceToFinance,
                    offers: Vec<$crate::loan_plan::Offer>,
                    config: String,
                ) -> Result<
                    $crate::loan_plan::Selection,
                    $crate::bindings::policy::pod::policy::types::Failure,
                > {
                    $crate::entry::Select::select($select, invoice, offers, &config)
                        .map_err($crate::into_wit)
                }
            }

            $crate::bindings::loan_plan::__export_loan_plan_world!(
                Decider with_types_in $crate::bindings::loan_plan
            );
        };
    };
}

/// Makes `fn run(input: Input, config: Config) -> pod_sdk::Result<Output>` this component's policy.
/// Input and configuration are anything that serde reads from JSON, the output anything that it
/// writes. The configuration can be left out.
#[macro_export]
macro_rules! export_policy {
    ($run:path) => {
        const _: () = {
            struct Policy;

            impl $crate::bindings::policy::Guest for Policy {
                fn run(
                    input: String,
                    config: String,
                ) -> Result<String, $crate::bindings::policy::pod::policy::types::Failure> {
                    $crate::entry::Run::run($run, &input, &config).map_err($crate::into_wit)
                }
            }

            $crate::bindings::policy::__export_policy_world!(
                Policy with_types_in $crate::bindings::policy
            );
        };
    };
}

/// Writes a line of level `info` to the run's log.
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => { $crate::log::log($crate::log::Level::Info, &format!($($message)+)) };
}

/// Writes a line of level `warn` to the run's log.
#[macro_export]
macro_rules! warn {
    ($($message:tt)+) => { $crate::log::log($crate::log::Level::Warn, &format!($($message)+)) };
}
