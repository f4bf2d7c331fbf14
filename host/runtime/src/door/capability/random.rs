//! Randomness. Whatever a policy is granted, it may have it.

use std::{any::Any, borrow::Cow};

use futures_util::future::{BoxFuture, FutureExt as _, ready};

use super::{Capability, Counted};
use crate::{
    door::{
        call::{Call, Reply, Returned},
        context::Context,
    },
    error::Error,
    grant::Amounts,
};

/// Sixty-four random bits, as an [`i64`].
pub(in crate::door) struct GetRandom;

impl Capability for GetRandom {
    /// What journals call it, whichever function asks for it.
    fn name(&self) -> Cow<'static, str> {
        "random.get-random-s64".into()
    }

    fn arguments(&self) -> String {
        String::new()
    }

    fn needs_grant(&self) -> bool {
        false
    }

    fn counted(&self) -> Counted {
        Counted::Look
    }

    fn perform<'a>(&'a self, _: &'a Context, _: &'a Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let random = getrandom::u64()
            .map_err(|error| Error::Engine(format!("no randomness: {error}")))
            .map(u64::cast_signed);
        let reply = random.map(|random| {
            Reply::of(Ok(Returned::of(random.to_string(), random)), Amounts::default())
        });
        ready(reply).boxed()
    }

    fn decode(&self, _: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        Ok(Box::new(serde_json::from_str::<i64>(text)?))
    }
}
