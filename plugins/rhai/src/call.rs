//! What the functions that a script may call have in common: they take their arguments, and answer
//! or throw.
//!
//! A call whose WIT function answers an error throws that error's object map, so that a script can
//! catch it and look at its `kind`. Arguments that do not fit are thrown as a text.

use rhai::{Dynamic, EvalAltResult, Position};

use crate::convert::{FromScript, IntoScript, Mismatch};

/// What a function gives to a script.
pub type Answer<T = Dynamic> = Result<T, Box<EvalAltResult>>;

pub(crate) fn argument<T: FromScript>(
    function: &str,
    parameter: &str,
    value: Dynamic,
) -> Answer<T> {
    T::from_script(value).map_err(|mismatch| unfit(function, parameter, mismatch))
}

/// An argument does not fit.
pub(crate) fn unfit(function: &str, parameter: &str, mismatch: Mismatch) -> Box<EvalAltResult> {
    thrown(format!("{function}: {}", mismatch.of_argument(parameter)).into())
}

pub(crate) fn infallible(function: &str, answer: impl IntoScript) -> Answer {
    answer
        .into_script()
        .map_err(|mismatch| thrown(format!("the answer of {function}: {mismatch}").into()))
}

pub(crate) fn fallible<E: IntoScript>(
    function: &str,
    answer: Result<impl IntoScript, E>,
) -> Answer {
    match answer {
        Ok(answer) => infallible(function, answer),
        Err(error) => Err(thrown(infallible(function, error)?)),
    }
}

/// Rhai adds the position of the call.
pub(crate) fn thrown(value: Dynamic) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(value, Position::NONE))
}
