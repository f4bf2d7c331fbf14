//! The time. Whatever a policy is granted, it may know when it is.

use std::{any::Any, borrow::Cow};

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use pod_platform::Instant;

use super::{Capability, Counted};
use crate::{
    door::{
        call::{Call, Reply, Returned},
        context::Context,
    },
    error::Error,
    grant::Amounts,
};

pub(in crate::door) const NAME: &str = "clock.now";

/// The time now, as an [`Instant`].
pub(in crate::door) struct Now;

impl Capability for Now {
    fn name(&self) -> Cow<'static, str> {
        NAME.into()
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

    fn perform<'a>(&'a self, ctx: &'a Context, _: &'a Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let now = ctx.clock.now();
        let answer = Returned::of(now.0.to_string(), now);
        ready(Ok(Reply::of(Ok(answer), Amounts::default()))).boxed()
    }

    fn decode(&self, _: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        Ok(Box::new(Instant(serde_json::from_str(text)?)))
    }
}
