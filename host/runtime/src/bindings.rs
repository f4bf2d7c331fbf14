//! What wasmtime makes of the worlds: how the host calls their exports. Their imports are linked
//! in `linker.rs`, with the contract's own types.

mod policy {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "pod:policy/policy",
        exports: { default: async },
    });
}

// Documented in the WIT files, as far as there is more to say than the name.
#[allow(missing_docs)]
mod netting {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "pod:policy/netting",
        exports: { default: async },
        with: {
            "pod:platform/types": super::policy::pod::platform::types,
            "pod:policy/types": super::policy::pod::policy::types,
            "pod:policy/log": super::policy::pod::policy::log,
            "pod:policy/clock": super::policy::pod::policy::clock,
        },
    });
}

pub(crate) use netting::NettingIndices;
pub use netting::pod::policy::netting_types::{Credit, Debt, Pair};
pub(crate) use policy::{
    PolicyIndices,
    pod::policy::{log::Level, types::Failure},
};
