//! The Rhai interpreter as a component: a script runs in the sandbox that any other policy runs
//! in, with the same capabilities, limits, journal and replay.
//!
//! It is built twice. With the feature `policy` it exports the world `rhai-policy`; with `decider`
//! it exports `rhai-decider`, and imports nothing but the log and the clock, whatever its script
//! says. Both are made to be snapshotted: `wizer-initialize` builds the engine, and
//! `pod:policy/interpreter#load` needs nothing but the engine, so a snapshot may hold the script,
//! too. What is left for a call is the call.
//!
//! - [`convert`]: WIT values to script values and back, with errors that name the path.
//! - [`call`]: what the functions that a script may call have in common.
//! - [`contract`]: what `build.rs` derives from the WIT files: conversions, functions, worlds.
//! - [`list`]: lists that a loop walks, a page at a time.
//! - `values`: what a script can compute without any call: bills, days of the Persian calendar.
//! - `compare`: how values compare, and what does not.
//! - `callbacks`: the functions that ask a function about the items of a list.
//! - [`in_place`]: where the answer of a function that has none is used.
//! - `places`: the functions that name a place in a list or a text.
//! - `numbers`: the conversions of numbers.
//! - `bits`: bits of whole numbers.
//! - `blobs`: bytes.
//! - `rules`: what POD allows, by the rules that the host decides by.
//! - [`engine`]: what a script may do at all.
//! - [`script`]: loading: parsing, constants, and the checks that need no run.
//! - [`interpreter`]: an engine with a script, and calls into it.
//! - [`failure`]: what went wrong, in words for the script's author, and where.
//!
//! All of this runs natively, up to the moment where a capability would be called. Only `state`
//! and the two worlds are wasm's alone.

mod bits;
mod blobs;
pub mod call;
mod callbacks;
mod compare;
pub mod contract;
pub mod convert;
pub mod engine;
pub mod failure;
pub mod in_place;
pub mod interpreter;
pub mod json;
pub mod list;
mod numbers;
mod places;
mod rules;
pub mod script;
mod values;

pub use interpreter::Interpreter;

#[cfg(all(
    target_arch = "wasm32",
    not(any(
        all(feature = "policy", not(feature = "decider")),
        all(feature = "decider", not(feature = "policy"))
    ))
))]
compile_error!("choose the world: exactly one of the features `policy` and `decider`");

#[cfg(target_arch = "wasm32")]
mod state;

#[cfg(all(target_arch = "wasm32", feature = "policy"))]
#[path = "policy.rs"]
mod world;

#[cfg(all(target_arch = "wasm32", feature = "decider"))]
#[path = "decider.rs"]
mod world;
