//! The component's one interpreter, and what a snapshot calls.
//!
//! The host may snapshot the core module after `wizer-initialize` (the engine, once for all
//! scripts), and again after `pod:policy/interpreter#load` (a script, too). A component that was
//! not snapshotted builds its engine when it is first needed.

use std::cell::RefCell;

use pod_sdk::log;

use crate::{Interpreter, world};

thread_local! {
    static INTERPRETER: RefCell<Option<Interpreter>> = const { RefCell::new(None) };
}

/// Uses the interpreter. Imports do not call back, so it is never in use already.
pub fn with<T>(use_it: impl FnOnce(&mut Interpreter) -> T) -> T {
    INTERPRETER.with_borrow_mut(|interpreter| {
        use_it(interpreter.get_or_insert_with(|| Interpreter::new(world::WORLD, log::log)))
    })
}

/// Builds the engine ahead of time.
#[unsafe(export_name = "wizer-initialize")]
extern "C" fn initialize() {
    with(|_| {});
}
