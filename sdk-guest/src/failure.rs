//! Why a policy gives up, made from whatever went wrong.

use std::{any::Any, fmt};

use crate::{
    bindings::policy::pod::policy::types,
    error::{Error, describe},
};

/// Why a policy gives up. Any error becomes one with `?`; [`Failure::new`] makes one of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    message: String,
}

impl Failure {
    /// A failure with a message for the policy's developer.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string() }
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        // wit-bindgen's `Display` shows an error as Rust source; a developer reads sentences.
        match (&error as &dyn Any).downcast_ref::<Error>() {
            Some(error) => Self::new(describe(error)),
            None => Self::new(error),
        }
    }
}

#[doc(hidden)]
pub fn into_wit(failure: Failure) -> types::Failure {
    types::Failure { message: failure.message, position: None }
}
