//! What went wrong, in words for the script's author, and where.
//!
//! Rhai wraps an error in a layer for each function that it leaves, and says it in the terms of
//! its Rust side (`i64`, `Function not found: + (map, i64)`). A script's author needs the innermost
//! error, the function that it happened in, its position, and the terms of a script.

use pod_sdk::{
    bindings::policy::pod::policy::types::{Failure, Position},
    error,
};
use rhai::{Dynamic, EvalAltResult, ParseError};

use crate::convert::FromScript;

/// How Rhai names the functions that have no name.
const CLOSURE: &str = "anon$";

/// A failure at a position, which may be none.
#[must_use]
pub fn new(message: impl Into<String>, position: rhai::Position) -> Failure {
    let position = position.line().map(|line| Position {
        line: saturated(line),
        // Rhai says none of the place before a line's first column.
        column: saturated(position.position().unwrap_or(1)),
    });
    Failure { message: message.into(), position }
}

/// A script that does not parse.
#[must_use]
pub fn of_parsing(error: &ParseError) -> Failure {
    let message = match error.err_type() {
        rhai::ParseErrorType::VariableUndefined(name) => no_variable(name),
        other => other.to_string(),
    };
    let instead = match message.contains("'switch'") {
        true => ": write `if … else if …`, which fails where kinds differ",
        false => "",
    };
    new(message + instead, error.position())
}

/// A run that ended in an error, in the exported function `entry` or below.
#[must_use]
pub fn of_running(error: EvalAltResult, entry: &str) -> Failure {
    let mut error = error;
    let mut position = error.position();
    let mut function = entry.to_owned();
    while let EvalAltResult::ErrorInFunctionCall(name, _, inner, _) = error {
        error = *inner;
        if !error.position().is_none() {
            position = error.position();
        }
        function = name;
    }
    let message = describe(error);
    let place = if function.starts_with(CLOSURE) {
        "in a closure".to_owned()
    } else {
        format!("in `{function}`")
    };
    new(format!("{message} ({place})"), position)
}

fn describe(mut error: EvalAltResult) -> String {
    match &error {
        EvalAltResult::ErrorRuntime(value, _) => thrown(value),
        EvalAltResult::ErrorVariableNotFound(name, _) => no_variable(name),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("the object map has no `{name}`"),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => no_function(signature),
        EvalAltResult::ErrorMismatchDataType(expected, found, _) => {
            format!("expected {}, found {}", type_in_words(expected), type_in_words(found))
        }
        EvalAltResult::ErrorStackOverflow(_) => "functions call one another too deeply".to_owned(),
        _ => {
            error.clear_position();
            error.to_string()
        }
    }
}

/// What a `throw` was given: a text, a call's error as it came, or anything.
fn thrown(value: &Dynamic) -> String {
    match error::Error::from_script(value.clone()) {
        Ok(error) => error::describe(&error),
        Err(_) if value.is_unit() => "the script gave up without a word, `throw`".to_owned(),
        Err(_) => value.to_string(),
    }
}

fn no_variable(name: &str) -> String {
    format!("there is no variable `{name}`")
}

/// Rhai's signatures: `name (type, type)`, operators included.
fn no_function(signature: &str) -> String {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ")"));
    let types = types.strip_suffix(')').unwrap_or(types);
    let types: Vec<&str> =
        types.split(", ").filter(|name| !name.is_empty()).map(type_in_words).collect();
    if name.starts_with(CLOSURE) {
        return match types.as_slice() {
            [] => "a closure is called without values, and takes some".to_owned(),
            types => format!("a closure does not take just {}", types.join(" and ")),
        };
    }
    if name.chars().any(|letter| letter.is_alphanumeric()) {
        match types.as_slice() {
            [] => format!("there is no function `{name}` without parameters"),
            types => format!("there is no function `{name}` for {}", types.join(", ")),
        }
    } else {
        format!("the operator `{name}` does not take {}", types.join(" and "))
    }
}

/// What a value of a type is, in words.
pub(crate) fn type_in_words(name: &str) -> &str {
    match name {
        "i64" => "a whole number",
        "f64" => "a decimal number",
        "bool" => "true or false",
        "string" | "&str | ImmutableString | String" => "a string",
        "char" => "a character",
        "array" => "an array",
        "blob" => "a blob",
        "map" => "an object map",
        "()" => "nothing, `()`",
        "Fn" => "a function",
        other => other,
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
