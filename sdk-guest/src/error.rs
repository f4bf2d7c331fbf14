//! Why a call gave no result. Handle it by its case; [`describe`] says it in a sentence, and `?`
//! makes that sentence a policy's failure.

pub use crate::bindings::policy::pod::platform::types::{
    Denial, Doubt, Error, Exhaustion, InvalidArgument, Meter, PlatformError, PlatformErrorKind,
};

/// The error in a sentence, for people.
#[must_use]
pub fn describe(error: &Error) -> String {
    match error {
        Error::Platform(PlatformError { kind, code, message, reference_number }) => {
            // Some of POD's errors have a message only.
            let code = if *code == 0 { String::new() } else { format!(" ({code})") };
            let kind = kind.name();
            format!("POD refused: {kind}{code}, “{message}”, reference number {reference_number}")
        }
        Error::Denied(denial) => format!("`{}` is denied: {}", denial.function, denial.reason),
        Error::BudgetExhausted(exhaustion) => format!(
            "the budget `{}` does not cover this: {} needed, {} left",
            exhaustion.meter.name(),
            exhaustion.needed,
            exhaustion.remaining
        ),
        Error::OutcomeUnknown(Doubt { reason, reference_number }) => {
            let number = reference_number.as_ref();
            let number = number.map(|n| format!(", reference number {n}")).unwrap_or_default();
            format!("nobody knows yet whether this took effect: {reason}{number}")
        }
        Error::InvalidArgument(argument) => {
            format!("`{}` must be {}", argument.field, argument.expected)
        }
        Error::Unavailable(reason) => format!("POD is not available: {reason}"),
    }
}
