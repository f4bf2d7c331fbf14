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
