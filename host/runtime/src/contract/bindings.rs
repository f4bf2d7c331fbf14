//! What wasmtime makes of the worlds: how the host calls their exports. Their imports are linked
//! in `linker.rs`, with the contract's own types.

// Documented in the WIT files, as far as there is more to say than the name.
#[allow(missing_docs)]
mod netting {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "pod:policy/netting",
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

#[allow(missing_docs)]
mod delegation {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "pod:policy/delegation",
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        with: {
            "pod:platform/types": super::netting::pod::platform::types,
            "pod:policy/types": super::netting::pod::policy::types,
            "pod:policy/log": super::netting::pod::policy::log,
            "pod:policy/clock": super::netting::pod::policy::clock,
        },
    });
}

#[allow(missing_docs)]
mod loan_plan {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "pod:policy/loan-plan",
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        with: {
            "pod:platform/types": super::netting::pod::platform::types,
            "pod:policy/types": super::netting::pod::policy::types,
            "pod:policy/log": super::netting::pod::policy::log,
            "pod:policy/clock": super::netting::pod::policy::clock,
        },
    });
}

mod policy {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "pod:policy/policy",
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        with: {
            "pod:platform/types": super::netting::pod::platform::types,
            "pod:policy/types": super::netting::pod::policy::types,
            "pod:policy/log": super::netting::pod::policy::log,
            "pod:policy/clock": super::netting::pod::policy::clock,
        },
    });
}

pub(crate) use delegation::DelegationIndices;
pub use delegation::pod::policy::delegation_types::{
    DelegatedCredit, DelegatedShare, OpenInvoice, Payment, SpendingPlan, Wallet, WalletShare,
};
pub(crate) use loan_plan::LoanPlanIndices;
pub use loan_plan::pod::policy::loan_plan_types::{
    Choice, InvoiceToFinance, LostOffer, Offer, PlannedInstallment, Selection,
};
pub(crate) use netting::NettingIndices;
pub(crate) use netting::pod::platform::types::JalaliDate;
pub use netting::pod::policy::netting_types::{Credit, Debt, NettingPlan, Pair};
pub use netting::pod::policy::types::{Alternative, Reason, Remark};
pub(crate) use netting::pod::policy::{
    log::Level,
    types::{Failure, Position},
};
pub(crate) use policy::PolicyIndices;
pub(crate) use policy::pod::policy::{
    budget::RemainingBudget,
    http::{Header, HttpRequest, HttpResponse, Method},
};
