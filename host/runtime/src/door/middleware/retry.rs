//! Repeats what is safe to repeat: reads, and what was never sent.

use std::sync::Arc;

use pod_platform::types;

use super::{Layer, Next, Passing};
use crate::door::{call::Call, context::Context, pod::pauses};

pub(crate) struct Retry;

impl Layer for Retry {
    fn pass(&self, ctx: Arc<Context>, call: Call, next: Next) -> Passing {
        if !call.capability.is_retried() {
            return next.call(ctx, call);
        }
        Box::pin(async move {
            let mut reply = next.call(ctx.clone(), call.clone()).await?;
            for pause in pauses() {
                // Of a mutation, this error says that nothing was sent.
                let Err(types::Error::Unavailable(_)) = &reply.outcome else { break };
                // What is not repeated now is done again when the run is resumed. What has an intent
                // is under way.
                if call.intended.is_none() {
                    ctx.lifetime.go_on()?;
                }
                // The first attempt took what was reserved.
                if ctx.reserve(call.reserved.wire()).is_err() {
                    break;
                }
                tokio::time::sleep(pause).await;
                let spent = reply.spent;
                reply = next.call(ctx.clone(), call.clone()).await?;
                reply.spent = reply.spent.plus(spent.wire());
            }
            Ok(reply)
        })
    }
}
