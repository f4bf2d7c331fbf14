//! The component's one interpreter, and what a snapshot calls.
//!
//! The host may snapshot the core module after `wizer-initialize` (the engine, once for all
//! scripts), and again after `pod:policy/interpreter#load` (a script, too). A component that was
//! not snapshotted builds its engine when it is first needed.

use std::cell::RefCell;

use pod_sdk::{bindings::policy::pod::policy::types::Failure, log};

use crate::{Interpreter, failure, world};

thread_local! {
    static INTERPRETER: RefCell<Option<Interpreter>> = const { RefCell::new(None) };
}

/// Uses the interpreter. Imports do not call back, so it is never in use already.
pub fn with<T>(use_it: impl FnOnce(&mut Interpreter) -> T) -> T {
    INTERPRETER.with_borrow_mut(|interpreter| {
        use_it(interpreter.get_or_insert_with(|| Interpreter::new(world::WORLDS[0], log::log)))
    })
}

/// Loads a script of one of the component's worlds.
pub fn load(world: &str, source: &str) -> Result<(), Failure> {
    let Some(world) = world::WORLDS.iter().find(|known| known.name == world) else {
        let message = format!("this interpreter does not know the world `{world}`");
        return Err(failure::new(message, rhai::Position::NONE));
    };
    with(|interpreter| interpreter.load(*world, source))
}

/// What is suspicious in the script that was loaded last.
pub fn warnings() -> Vec<Failure> {
    with(|interpreter| interpreter.warnings())
}

/// Builds the engine ahead of time.
#[unsafe(export_name = "wizer-initialize")]
extern "C" fn initialize() {
    with(|_| {});
}
