//! The world `rhai-decider`: a netting decider whose `plan` is a script's.

use crate::{
    contract::{self, World},
    convert::IntoScript,
    state,
};

wit_bindgen::generate!({
    path: "../../wit",
    world: "pod:policy/rhai-decider",
    with: {
        "pod:platform/types@0.1.0": pod_sdk::bindings::policy::pod::platform::types,
        "pod:policy/types@0.1.0": pod_sdk::bindings::policy::pod::policy::types,
        "pod:policy/log@0.1.0": pod_sdk::bindings::policy::pod::policy::log,
        "pod:policy/clock@0.1.0": pod_sdk::bindings::policy::pod::policy::clock,
        "pod:policy/netting-types@0.1.0": pod_sdk::bindings::netting::pod::policy::netting_types,
    },
});

pub const WORLD: World = contract::NETTING;

struct Component;

impl Guest for Component {
    fn plan(debts: Vec<Debt>, credits: Vec<Credit>) -> Result<Vec<Pair>, Failure> {
        state::with(|interpreter| interpreter.call([debts.into_script(), credits.into_script()]))
    }
}

impl exports::pod::policy::interpreter::Guest for Component {
    fn load(source: String) -> Result<(), Failure> {
        state::with(|interpreter| interpreter.load(&source))
    }
}

export!(Component);
