//! Runs a script, and compares what it is told.

#![allow(dead_code, reason = "each test file uses a part")]

use std::cell::RefCell;

use pod_sdk::{bindings::policy::pod::policy::types::Failure, log::Level};
use rhai_interpreter::{
    Interpreter,
    contract::{self, World},
    convert::IntoScript,
};
use serde_json::Value;

thread_local! {
    pub static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

pub fn log(level: Level, message: &str) {
    LOG.with_borrow_mut(|log| log.push((level, message.to_owned())));
}

/// Calls a script's `run`.
pub fn run(source: &str, input: Value) -> Result<Value, Failure> {
    run_in(contract::POLICY, source, input)
}

/// The same, in a world that shares its function.
pub fn run_in(world: World, source: &str, input: Value) -> Result<Value, Failure> {
    let mut interpreter = Interpreter::new(world, log);
    interpreter.load(world, source)?;
    interpreter.call([input.into_script()])
}

/// What an expression answers.
pub fn answer(expression: &str) -> Result<Value, Failure> {
    run(&format!("fn run(input) {{\n    {expression}\n}}"), Value::Null)
}

/// The message and the position, `line:column`.
pub fn told<T: std::fmt::Debug>(result: Result<T, Failure>) -> (String, String) {
    let failure = result.expect_err("the script is wrong");
    let position = failure.position.map(|p| format!("{}:{}", p.line, p.column));
    (failure.message, position.unwrap_or_default())
}

#[track_caller]
pub fn expect<T: std::fmt::Debug>(result: Result<T, Failure>, message: &str, position: &str) {
    assert_eq!(told(result), (message.to_owned(), position.to_owned()));
}
