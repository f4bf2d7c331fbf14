//! Before a mutation begins, its intent and its reservation are on the disk, together with
//! everything noted before. Reads pass.
//!
//! Its one-time token is fetched before that and kept beside the intent, sealed: sent again, it
//! fences a first attempt that may still arrive.

use std::sync::Arc;

use pod_platform::types;

use super::{Layer, Next, Passing, refusing};
use crate::{
    door::{
        call::{Call, Intended, Reply},
        context::Context,
        failpoint::Point,
        history,
    },
    error::Error,
    grant::Amounts,
    journal::{Entry, Intent},
};

pub(crate) struct Intend;

impl Layer for Intend {
    fn pass(&self, ctx: Arc<Context>, mut call: Call, next: Next) -> Passing {
        match call.capability.marked(&ctx, call.step) {
            Ok(Some(marked)) => call.capability = marked,
            Ok(None) => {}
            Err(refused) => return refusing(refused),
        }
        if call.class().is_none() || call.intended.is_some() {
            return next.call(ctx, call);
        }
        Box::pin(async move {
            let mut spent = Amounts::default();
            if let Err(refused) = intend(&ctx, &mut call, &mut spent).await? {
                return Ok(Reply { spent, ..Reply::refused(refused) });
            }
            let step = call.step;
            let mut reply = next.call(ctx.clone(), call).await?;
            ctx.reach(step, Point::AfterEffect);
            reply.spent = reply.spent.plus(spent);
            Ok(reply)
        })
    }
}

/// Makes the intent durable. The outer error ends the run, the inner one is the guest's.
async fn intend(
    ctx: &Context,
    call: &mut Call,
    spent: &mut Amounts,
) -> Result<Result<(), types::Error>, Error> {
    let Some(class) = call.class() else { return Ok(Ok(())) };
    let refuse = |reason: String| Ok(Err(types::Error::Unavailable(reason)));
    const ENDED: &str = "the run ended before this call began";
    if ctx.lifetime.has_ended() {
        return refuse(ENDED.to_owned());
    }
    ctx.lifetime.go_on()?;
    let ott = if call.capability.needs_ott() {
        let exchange = ctx.pod.ott().await;
        *spent = spent.plus(Amounts::traffic(exchange.traffic));
        match exchange.outcome {
            Ok(ott) => Some((ctx.pod.seal(call.step, &ott)?, ott)),
            Err(error) => return Ok(Err(error)),
        }
    } else {
        None
    };
    if ctx.lifetime.has_ended() {
        return refuse(ENDED.to_owned());
    }
    ctx.lifetime.go_on()?;
    let intent = Intent {
        step: call.step,
        function: call.function.clone(),
        service: call.capability.service().into_owned(),
        // Not as it was asked for, but with our mark.
        arguments: call.capability.arguments(),
        call: call.digest,
        effect_class: class.name().to_owned(),
        reserved: call.reserved,
        invoice: call.capability.invoice(),
        at: ctx.clock.now().0,
        before: match &call.before {
            Some(before) => Some(history::written(&**before)?),
            None => None,
        },
        at_most: call.at_most.then_some(true),
    };
    ctx.reach(call.step, Point::BeforeIntent);
    // In a journal that is an older copy, this may have been done already.
    call.intended = Some(match ctx.origin.restored_since {
        Some(since) => Intended { at: since, restored: true, looked_for: true },
        None => Intended { at: intent.at, restored: false, looked_for: false },
    });
    ctx.recorder.note(Entry::Intent(intent));
    if let Some((sealed, ott)) = ott {
        ctx.recorder.keep_sealed(call.step, sealed);
        call.ott = Some(ott);
    }
    ctx.recorder.commit().await?;
    ctx.reach(call.step, Point::AfterIntent);
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use pod_platform::EffectClass;

    use super::*;
    use crate::door::middleware::fake::{Fake, context, done, error, pass};

    #[tokio::test]
    async fn a_read_has_no_intent() {
        let (ctx, fake) = (Arc::new(context()), Arc::new(Fake::default()));
        done(pass(&[&Intend], &ctx, &fake).await);
        assert!(!fake.attempt().has_intent);
        assert!(ctx.recorder.projection().open().is_empty());
    }

    #[tokio::test]
    async fn a_mutation_is_intended_before_it_is_done() {
        let ctx = Arc::new(context());
        let fake = Arc::new(Fake::mutation(EffectClass::SelfFencing));
        done(pass(&[&Intend], &ctx, &fake).await);
        let attempt = fake.attempt();
        assert!(attempt.has_intent && attempt.ott.is_none());
        let intent = ctx.recorder.open_intent(0).expect("the outcome is for another layer");
        assert_eq!((&*intent.service, &*intent.arguments), ("fake.do-it", "thing=7"));
        assert_eq!(intent.effect_class, "self-fencing");
    }

    #[tokio::test]
    async fn its_one_time_token_goes_with_the_intent() {
        let ctx = Arc::new(context());
        let fake = Fake { needs_ott: true, ..Fake::mutation(EffectClass::SelfFencing) };
        let fake = Arc::new(fake);
        done(pass(&[&Intend], &ctx, &fake).await);
        let ott = fake.attempt().ott.expect("it has one");
        assert_eq!(ott.expose(), "a one-time token");
    }

    #[tokio::test]
    async fn after_the_end_of_the_run_no_effect_begins() {
        let ctx = Arc::new(context());
        ctx.lifetime.end();
        let fake = Arc::new(Fake::mutation(EffectClass::NoEvidence));
        let refused = error(pass(&[&Intend], &ctx, &fake).await);
        assert!(refused.to_string().contains("the run ended before this call began"), "{refused}");
        assert_eq!(fake.count(), 0);
        assert!(ctx.recorder.open_intent(0).is_none());
    }

    /// It is done when the run is resumed.
    #[tokio::test]
    async fn once_the_host_is_told_to_stop_none_begins() {
        let ctx = Arc::new(context());
        ctx.lifetime.stop.cancel();
        let fake = Arc::new(Fake::mutation(EffectClass::NoEvidence));
        let stopped = pass(&[&Intend], &ctx, &fake).await;
        assert!(matches!(stopped, Err(Error::Stopped(_))));
        assert!(ctx.recorder.open_intent(0).is_none());
    }
}
