//! What is left of the budgets. Whatever a policy is granted, it may know how much that is.

use std::{any::Any, borrow::Cow};

use futures_util::future::BoxFuture;

use super::{Capability, Counted};
use crate::{
    contract::RemainingBudget,
    door::{
        call::{Call, Reply, Returned},
        context::Context,
        history::written,
    },
    error::Error,
    grant::Amounts,
};

/// What is left now, as a [`RemainingBudget`].
pub(in crate::door) struct GetRemainingBudget;

impl Capability for GetRemainingBudget {
    fn name(&self) -> Cow<'static, str> {
        "budget.get-remaining-budget".into()
    }

    fn arguments(&self) -> String {
        String::new()
    }

    fn needs_grant(&self) -> bool {
        false
    }

    fn counted(&self) -> Counted {
        Counted::Entry
    }

    fn perform<'a>(&'a self, ctx: &'a Context, _: &'a Call) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let left = left(ctx).await?;
            let answer = Returned::of(written(&left)?, left);
            Ok(Reply::of(Ok(answer), Amounts::default()))
        })
    }

    fn decode(&self, _: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        Ok(Box::new(serde_json::from_str::<RemainingBudget>(text)?))
    }
}

async fn left(ctx: &Context) -> Result<RemainingBudget, Error> {
    let budget = &ctx.grant.budget;
    let left = ctx.left();
    let stored = ctx.memory.bytes().await?;
    Ok(RemainingBudget {
        rial: left.rials,
        rial_per_payment: budget.rial_per_payment.map(|ceiling| ceiling.0),
        calls: left.calls,
        http_calls: left.http_calls,
        sms: left.sms,
        bytes_up: left.bytes_up,
        bytes_down: left.bytes_down,
        state: budget.state_bytes.saturating_sub(stored),
    })
}
