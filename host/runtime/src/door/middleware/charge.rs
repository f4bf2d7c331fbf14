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

#[cfg(test)]
mod tests {
    use pod_platform::{EffectClass, Rial, types::Meter};

    use super::*;
    use crate::{
        door::middleware::fake::{Fake, context, done, error, pass, unavailable},
        grant::Budget,
    };

    fn calls(calls: u64) -> Option<Cost> {
        Some(Cost { needed: Amounts { calls, ..Amounts::default() }, looks_up: false })
    }

    fn paying(rials: Result<Rial, &'static str>) -> Arc<Fake> {
        Arc::new(Fake { rials, ..Fake::mutation(EffectClass::SelfFencing) })
    }

    #[tokio::test]
    async fn what_costs_nothing_reserves_nothing() {
        let (ctx, fake) = (Arc::new(context()), Arc::new(Fake::default()));
        done(pass(&[&Charge], &ctx, &fake).await);
        assert_eq!(fake.attempt().reserved, Amounts::default());
        assert_eq!(ctx.left().calls, 10);
    }

    #[tokio::test]
    async fn what_a_call_takes_is_reserved_before_it() {
        let (ctx, fake) = (Arc::new(context()), paying(Ok(Rial(60))));
        done(pass(&[&Charge], &ctx, &fake).await);
        let attempt = fake.attempt();
        assert_eq!((attempt.reserved.rials, attempt.reserved.calls), (60, 1));
        assert!(!attempt.at_most);
        assert!(ctx.covers(Amounts { rials: 41, ..Amounts::default() }).is_err());
        assert!(ctx.covers(Amounts { rials: 40, ..Amounts::default() }).is_ok());
    }

    #[tokio::test]
    async fn what_the_budget_does_not_cover_is_not_done() {
        let ctx = Arc::new(context());
        let many = Arc::new(Fake { cost: calls(11), ..Fake::default() });
        for (fake, meter, needed) in
            [(paying(Ok(Rial(101))), Meter::Rial, 101), (many, Meter::Calls, 11)]
        {
            match error(pass(&[&Charge], &ctx, &fake).await) {
                types::Error::BudgetExhausted(exhausted) => {
                    assert_eq!((exhausted.meter, exhausted.needed), (meter, needed));
                }
                error => panic!("{error}"),
            }
            assert_eq!(fake.count(), 0);
        }
    }

    #[tokio::test]
    async fn rials_that_nobody_can_read_are_refused_or_charged_as_a_ceiling() {
        let ctx = Arc::new(context());
        let fake = paying(Err("the amount cannot be read"));
        let refused = error(pass(&[&Charge], &ctx, &fake).await);
        assert!(matches!(refused, types::Error::Denied(_)), "{refused}");
        assert_eq!(fake.count(), 0);

        let mut ctx = context();
        ctx.grant.budget = Budget { rial_per_payment: Some(Rial(70)), ..ctx.grant.budget };
        done(pass(&[&Charge], &Arc::new(ctx), &fake).await);
        let attempt = fake.attempt();
        assert_eq!((attempt.reserved.rials, attempt.at_most), (70, true));
    }

    /// That POD could not be asked is no lack of a grant.
    #[tokio::test]
    async fn a_look_up_that_fails_leaves_the_call_unsent() {
        let ctx = Arc::new(context());
        let trouble = Some("nobody answers");
        let fake = Fake { trouble, ..Fake::mutation(EffectClass::SelfFencing) };
        let fake = Arc::new(fake);
        assert_eq!(error(pass(&[&Charge], &ctx, &fake).await), unavailable());
        assert_eq!(fake.count(), 0);
    }
}
