//! Repeats what is safe to repeat: reads, and what was never sent.

use std::sync::Arc;

use pod_platform::types;

use super::{Call, Layer, Next, Operation, Passage, Passing, look::pauses};
use crate::grant::day;

#[derive(Clone)]
pub(crate) struct Retry<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Retry<S> {
    fn pass(self, call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        if !matches!(call.operation, Operation::Pod(_)) {
            return inner.call(call);
        }
        Box::pin(async move {
            let mut reply = inner.call(call.clone()).await?;
            for pause in pauses() {
                // Of a mutation, this error says that nothing was sent.
                let Err(types::Error::Unavailable(_)) = &reply.outcome else { break };
                // What is not repeated now is done again when the run is resumed. What has an intent
                // is under way.
                if call.intended.is_none() {
                    passage.go_on()?;
                }
                // The first attempt took what was reserved.
                let again = call.reserved.wire();
                let day = day(passage.clock.now());
                if passage.recorder.reserve(&passage.grant.budget, day, again).is_err() {
                    break;
                }
                tokio::time::sleep(pause).await;
                let spent = reply.spent;
                reply = inner.call(call.clone()).await?;
                reply.spent = reply.spent.plus(spent.wire());
            }
            Ok(reply)
        })
    }
}
