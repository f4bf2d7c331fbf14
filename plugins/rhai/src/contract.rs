//! What `build.rs` derives from the WIT files: the conversions of every type, and for each world
//! the Rhai functions that it imports and the function that its script must write.
//!
//! A call whose WIT function answers an error throws that error's object map, so that a script can
//! catch it and look at its `kind`. Arguments that do not fit are thrown as a text.

use rhai::{Dynamic, Engine, EvalAltResult, Map, Position};

use crate::convert::{Fields, FromScript, IntoScript, Mismatch, entry, variant};

/// What a capability gives to a script.
type Answer = Result<Dynamic, Box<EvalAltResult>>;

/// A world, as its script sees it.
#[derive(Clone, Copy)]
pub struct World {
    /// The world's name.
    pub name: &'static str,
    /// The function that the script must write.
    pub function: &'static str,
    /// That function's parameters.
    pub parameters: &'static [&'static str],
    /// Registers the functions that the world imports.
    pub register: fn(&mut Engine),
}

pub use derived::*;

/// Every function is written alike here, whether or not it has a type to name or an answer.
#[allow(clippy::let_with_type_underscore, clippy::unit_arg)]
mod derived {
    use super::*;

    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

fn argument<T: FromScript>(
    function: &str,
    parameter: &str,
    value: Dynamic,
) -> Result<T, Box<EvalAltResult>> {
    T::from_script(value).map_err(|mismatch| {
        thrown(format!("{function}: {}", mismatch.of_argument(parameter)).into())
    })
}

fn infallible(function: &str, answer: impl IntoScript) -> Answer {
    answer
        .into_script()
        .map_err(|mismatch| thrown(format!("the answer of {function}: {mismatch}").into()))
}

fn fallible<E: IntoScript>(function: &str, answer: Result<impl IntoScript, E>) -> Answer {
    match answer {
        Ok(answer) => infallible(function, answer),
        Err(error) => Err(thrown(infallible(function, error)?)),
    }
}

/// Rhai adds the position of the call.
fn thrown(value: Dynamic) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(value, Position::NONE))
}
