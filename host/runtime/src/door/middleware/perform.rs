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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pod_platform::{EffectClass, Rial};

    use crate::door::{
        LAYERS,
        middleware::fake::{Fake, context, done, pass},
    };

    /// Through all layers, in their order: it is reserved and intended when it is done, and it is an
    /// effect afterwards.
    #[tokio::test]
    async fn what_passed_all_layers_is_done_once() {
        let ctx = Arc::new(context());
        let fake = Fake { rials: Ok(Rial(60)), ..Fake::mutation(EffectClass::SelfFencing) };
        let fake = Arc::new(fake);
        done(pass(&LAYERS, &ctx, &fake).await);
        let attempt = fake.attempt();
        assert!(attempt.has_intent);
        assert_eq!(attempt.reserved.rials, 60);
        let projection = ctx.recorder.projection();
        assert_eq!((projection.effects.len(), projection.open().len()), (1, 0));
        assert_eq!((ctx.left().rials, ctx.left().calls), (40, 9));
    }
}
