//! The layers of the door, one file each. A layer holds nothing: what it needs of the run stands in the
//! [`Context`], and what is beneath it is [`Next`].

mod authorise;
mod charge;
#[cfg(test)]
mod fake;
mod intend;
mod journal;
mod perform;
mod reconcile;
mod retry;

use std::sync::Arc;

use futures_util::future::BoxFuture;

pub(super) use authorise::Authorise;
pub(super) use charge::Charge;
pub(super) use intend::Intend;
pub(super) use journal::Journal;
pub(crate) use journal::is_beyond;
use perform::perform;
pub(super) use reconcile::Reconcile;
pub(crate) use reconcile::lands_until;
pub(super) use retry::Retry;

use super::{
    call::{Call, Reply},
    context::Context,
};
use crate::error::Error;

/// What becomes of a call. The error is the host's own, and ends the run.
pub(super) type Passing = BoxFuture<'static, Result<Reply, Error>>;

/// What is done with each call on its way out.
pub(super) trait Layer: Sync {
    fn pass(&self, ctx: Arc<Context>, call: Call, next: Next) -> Passing;
}

/// What a call has yet to pass.
#[derive(Clone, Copy)]
pub(super) struct Next(&'static [&'static dyn Layer]);

impl Next {
    /// These layers, in this order.
    pub fn through(layers: &'static [&'static dyn Layer]) -> Self {
        Self(layers)
    }

    pub fn call(self, ctx: Arc<Context>, call: Call) -> Passing {
        match self.0.split_first() {
            Some((layer, rest)) => layer.pass(ctx, call, Self(rest)),
            None => Box::pin(async move { perform(&ctx, &call).await }),
        }
    }
}

/// What a layer answers that refuses at once.
fn refusing(error: pod_platform::types::Error) -> Passing {
    Box::pin(async { Ok(Reply::refused(error)) })
}
