//! The world `rhai-policy`: free-form automation whose `run` is a script's.

use serde_json::Value;

use crate::{
    contract::{self, World},
    json, state,
};

wit_bindgen::generate!({
    path: "../../wit",
    world: "pod:policy/rhai-policy",
    with: {
        "pod:platform/types@0.2.0": pod_sdk::bindings::policy::pod::platform::types,
        "pod:platform/invoices@0.2.0": pod_sdk::bindings::policy::pod::platform::invoices,
        "pod:platform/payments@0.2.0": pod_sdk::bindings::policy::pod::platform::payments,
        "pod:platform/bills@0.2.0": pod_sdk::bindings::policy::pod::platform::bills,
        "pod:platform/files@0.2.0": pod_sdk::bindings::policy::pod::platform::files,
        "pod:platform/loans@0.2.0": pod_sdk::bindings::policy::pod::platform::loans,
        "pod:policy/types@0.1.0": pod_sdk::bindings::policy::pod::policy::types,
        "pod:policy/log@0.1.0": pod_sdk::bindings::policy::pod::policy::log,
        "pod:policy/clock@0.1.0": pod_sdk::bindings::policy::pod::policy::clock,
        "pod:policy/random@0.1.0": pod_sdk::bindings::policy::pod::policy::random,
    },
});

pub const WORLDS: &[World] = &[contract::POLICY];

struct Component;

impl Guest for Component {
    fn run(input: String, config: String) -> Result<String, Failure> {
        let (input, config) = (json::read(&input), json::read(&config));
        let answer: Value = state::with(|interpreter| interpreter.call([input, config]))?;
        Ok(answer.to_string())
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
