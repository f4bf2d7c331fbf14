//! Reserves from the budget before a call, so that no call begins that it would not cover.
//!
//! Where nobody can tell how many rials are at stake, the call is refused, unless the grant names
//! a ceiling per payment: then that is charged. What is looked up for this also tells whose invoice it
//! is, so a grant for some issuers' invoices is held to here; and what is so before the call. So that no
//! other run of the account changes it in between, the call claims what it is about first. Once a call
//! took effect, what it really moved takes the place of what was reserved.

use std::sync::Arc;

use pod_platform::types;

use super::{Layer, Next, Passing};
use crate::{
    door::{
        call::{Call, Reply},
        capability::{Appraisal, Cost},
        context::Context,
    },
    error::Error,
    grant::{Amounts, Grant},
};

pub(crate) struct Charge;

impl Layer for Charge {
    fn pass(&self, ctx: Arc<Context>, call: Call, next: Next) -> Passing {
        // What has an intent was charged when it was written. Whose it is was read by the process that
        // wrote it.
        if call.intended.is_some() {
            return Box::pin(async move {
                let mut reply = next.call(ctx.clone(), call.clone()).await?;
                call.capability.weigh(&ctx, &call, true, &mut reply).await;
                Ok(reply)
            });
        }
        match call.capability.cost(&ctx) {
            Some(cost) => Box::pin(charge(ctx, call, cost, next)),
            None => next.call(ctx, call),
        }
    }
}

async fn charge(
    ctx: Arc<Context>,
    mut call: Call,
    Cost { mut needed, looks_up }: Cost,
    next: Next,
) -> Result<Reply, Error> {
    let Grant { budget, scope, .. } = &ctx.grant;
    let capability = call.capability.clone();
    if looks_up && let Err(exhaustion) = ctx.covers(needed) {
        return Ok(Reply::refused(types::Error::BudgetExhausted(exhaustion)));
    }
    // What it is about, by name. A read is about nothing that anybody else must leave alone.
    let objects = capability.shown().map(|shown| shown.evidence.objects(shown.form));
    if let Err(taken) = ctx.recorder.claim(&objects.unwrap_or_default(), call.step) {
        return Ok(Reply::refused(types::Error::Unavailable(taken.to_string())));
    }
    let Appraisal { traffic, rials, denied, is_anothers, before, trouble, .. } =
        capability.appraise(&ctx).await;
    let looked_up = Amounts::traffic(traffic);
    // That POD did not answer the look-up is no lack of a grant: the call may be tried again.
    if let Some(trouble) = trouble {
        let error = types::Error::Unavailable(trouble);
        return Ok(Reply { spent: looked_up, ..Reply::refused(error) });
    }
    call.before = before.map(Arc::new);
    let ceiling = budget.rial_per_payment.filter(|_| !scope.readable_only);
    call.at_most = rials.is_err();
    let rials = match denied {
        Some(reason) => Err(reason),
        None => rials.or_else(|reason| ceiling.ok_or(reason)),
    };
    let refused = match rials {
        Ok(rials) => {
            needed.rials = rials.0;
            ctx.reserve(needed).err().map(types::Error::BudgetExhausted)
        }
        Err(reason) => {
            let function = call.function.clone();
            Some(types::Error::Denied(types::Denial { function, reason }))
        }
    };
    if let Some(error) = refused {
        return Ok(Reply { spent: looked_up, ..Reply::refused(error) });
    }
    call.reserved = needed;
    let mut reply = next.call(ctx.clone(), call.clone()).await?;
    capability.weigh(&ctx, &call, is_anothers, &mut reply).await;
    reply.spent = reply.spent.plus(looked_up);
    Ok(reply)
}
