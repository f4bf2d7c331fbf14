//! Why a call gave no result. Handle it by its case; [`describe`] says it in a sentence, and `?`
//! makes that sentence a policy's failure.

use std::fmt;

pub use crate::bindings::policy::pod::platform::types::{
    Denial, Doubt, Error, Exhaustion, InvalidArgument, Meter, PlatformError, PlatformErrorKind,
};

/// The error in a sentence, for people.
#[must_use]
pub fn describe(error: &Error) -> String {
    match error {
        Error::Platform(error) => format!(
            "POD refused: {} ({}), “{}”, reference number {}",
            case(&error.kind),
            error.code,
            error.message,
            error.reference_number
        ),
        Error::Denied(denial) => format!("`{}` is denied: {}", denial.function, denial.reason),
        Error::BudgetExhausted(exhaustion) => format!(
            "the budget {} does not cover this: {} needed, {} left",
            case(&exhaustion.meter),
            exhaustion.needed,
            exhaustion.remaining
        ),
        Error::OutcomeUnknown(doubt) => {
            format!("nobody knows yet whether this took effect: {}", doubt.reason)
        }
        Error::InvalidArgument(argument) => {
            format!("`{}` must be {}", argument.field, argument.expected)
        }
        Error::Unavailable(reason) => format!("POD is not available: {reason}"),
    }
}

/// A case's name, without its type's.
fn case(case: &impl fmt::Debug) -> String {
    let name = format!("{case:?}");
    name.rsplit("::").next().unwrap_or_default().to_owned()
}
