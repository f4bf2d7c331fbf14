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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        door::middleware::fake::{Fake, context, done, error, pass, unavailable, unknown},
        grant::Amounts,
    };

    fn read(failures: usize) -> Fake {
        let fake = Fake { is_retried: true, ..Fake::default() };
        fake.failing(std::iter::repeat_n(unavailable(), failures))
    }

    #[tokio::test]
    async fn what_was_never_sent_is_tried_again_and_each_attempt_counts() {
        let (ctx, fake) = (Arc::new(context()), Arc::new(read(2)));
        let reply = done(pass(&[&Retry], &ctx, &fake).await);
        assert_eq!((fake.count(), reply.spent.calls), (3, 3));
    }

    #[tokio::test]
    async fn there_is_an_end_to_it() {
        let (ctx, fake) = (Arc::new(context()), Arc::new(read(9)));
        assert_eq!(error(pass(&[&Retry], &ctx, &fake).await), unavailable());
        assert_eq!(fake.count(), 3);
    }

    #[tokio::test]
    async fn nothing_else_is_tried_again() {
        let ctx = Arc::new(context());
        let other = Fake { is_retried: false, ..read(1) };
        let lost = Fake { is_retried: true, ..Fake::default() }.failing([unknown()]);
        for fake in [other, lost] {
            let fake = Arc::new(fake);
            error(pass(&[&Retry], &ctx, &fake).await);
            assert_eq!(fake.count(), 1);
        }
    }

    #[tokio::test]
    async fn it_is_not_tried_again_beyond_the_budget() {
        let ctx = Arc::new(context());
        let fake = Arc::new(read(9));
        let reserved = Amounts { calls: 10, ..Amounts::default() };
        let call = Call { reserved, ..Call::new(0, fake.clone()) };
        ctx.reserve(reserved).expect("the budget covers one attempt");
        error(Next::through(&[&Retry]).call(ctx, call).await);
        assert_eq!(fake.count(), 1);
    }
}
