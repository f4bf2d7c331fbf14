//! The world `rhai-decider`: every decider's function, of which a script has the one of its world.

use crate::{
    contract::{self, World},
    convert::IntoScript,
    json, state,
};

wit_bindgen::generate!({
    path: "../../wit",
    world: "pod:policy/rhai-decider",
    with: {
        "pod:platform/types@0.2.0/jalali-date": pod_sdk::values::JalaliDate,
        "pod:platform/types@0.2.0": pod_sdk::bindings::policy::pod::platform::types,
        "pod:policy/types@0.1.0": pod_sdk::bindings::policy::pod::policy::types,
        "pod:policy/log@0.1.0": pod_sdk::bindings::policy::pod::policy::log,
        "pod:policy/clock@0.1.0": pod_sdk::bindings::policy::pod::policy::clock,
        "pod:policy/netting-types@0.1.0": pod_sdk::bindings::netting::pod::policy::netting_types,
        "pod:policy/delegation-types@0.1.0":
            pod_sdk::bindings::delegation::pod::policy::delegation_types,
        "pod:policy/loan-plan-types@0.1.0":
            pod_sdk::bindings::loan_plan::pod::policy::loan_plan_types,
    },
});

/// They share their imports, so an engine that is made for the first serves the others, too.
pub const WORLDS: &[World] = &[contract::NETTING, contract::DELEGATION, contract::LOAN_PLAN];

struct Component;

impl Guest for Component {
    fn plan(
        debts: Vec<Debt>,
        credits: Vec<Credit>,
        config: String,
    ) -> Result<NettingPlan, Failure> {
        state::with(|interpreter| {
            interpreter.call([debts.into_script(), credits.into_script(), json::read(&config)])
        })
    }

    fn order(
        invoices: Vec<OpenInvoice>,
        delegations: Vec<DelegatedCredit>,
        wallets: Vec<Wallet>,
        config: String,
    ) -> Result<SpendingPlan, Failure> {
        state::with(|interpreter| {
            interpreter.call([
                invoices.into_script(),
                delegations.into_script(),
                wallets.into_script(),
                json::read(&config),
            ])
        })
    }

    fn select(
        invoice: InvoiceToFinance,
        offers: Vec<Offer>,
        config: String,
    ) -> Result<Selection, Failure> {
        state::with(|interpreter| {
            interpreter.call([invoice.into_script(), offers.into_script(), json::read(&config)])
        })
    }
}

impl exports::pod::policy::interpreter::Guest for Component {
    fn load(world: String, source: String) -> Result<(), Failure> {
        state::load(&world, &source)
    }

    fn warnings() -> Vec<Failure> {
        state::warnings()
    }
}

export!(Component);
