//! What the host, its policies and its operator say to each other, as plain types: the records of the
//! worlds, what is stated, the languages. It does nothing, and knows no other room.

pub(crate) mod bindings;
mod language;
mod options;
mod stated;
mod world;

pub use bindings::{
    Alternative, Choice, Credit, Debt, DelegatedCredit, DelegatedShare, InvoiceToFinance,
    LostOffer, NettingPlan, Offer, OpenInvoice, Pair, Payment, PlannedInstallment, Reason, Remark,
    Selection, SpendingPlan, Wallet, WalletShare,
};
pub(crate) use bindings::{
    DelegationIndices, Failure, Header, HttpRequest, HttpResponse, JalaliDate, Level,
    LoanPlanIndices, Method, NettingIndices, PolicyIndices, Position, RemainingBudget,
};
pub use language::{Language, UnknownLanguage};
pub use options::{OnFailure, ScriptMode};
pub(crate) use stated::{Recorded, STATED};
pub use stated::{
    Stated, StatedBy, StatedDelegation, StatedFact, StatedLoanCredit, StatedLoanPlan,
};
pub use world::World;
