//! Innermost: what passed all layers is done.

use crate::{
    door::{
        call::{Call, Reply},
        context::Context,
    },
    error::Error,
};

/// Does what is called.
pub(super) async fn perform(ctx: &Context, call: &Call) -> Result<Reply, Error> {
    call.capability.perform(ctx, call).await
}
