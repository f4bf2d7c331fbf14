//! Reserves from the budget before a call, so that no call begins that it would not cover.
//!
//! Where nobody can tell how many rials are at stake, the call is refused, unless the grant names
//! a ceiling per payment: then that is charged. What is looked up for this also tells whose invoice it
//! is, so a grant for some issuers' invoices is held to here; and what is so before the call. So that no
//! other run of the account changes it in between, the call claims what it is about first. Once a call
//! took effect, what it really moved takes the place of what was reserved.

use std::sync::Arc;

use pod_platform::{Request, Route, types};

use super::{
    Call, Layer, Next, Operation, Passage, Passing, Reply, moved,
    stakes::{self, Found},
};
use crate::grant::{Amounts, Grant, day};

/// What a mutation's answer may take: it is small, and one that is cut off would leave a doubt.
const MUTATION_BYTES_DOWN: u64 = 64 * 1024;

#[derive(Clone)]
pub(crate) struct Charge<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Charge<S> {
    fn pass(self, mut call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        // What has an intent was charged when it was written. Whose it is was read by the process that
        // wrote it.
        if call.intended.is_some() {
            return Box::pin(async move {
                let mut reply = inner.call(call.clone()).await?;
                moved::weigh(&passage, &call, true, &mut reply).await;
                Ok(reply)
            });
        }
        let request = match &call.operation {
            Operation::Pod(request) => request,
            Operation::Http(_) => {
                call.reserved = of_http(&call, call.class().is_some());
                let day = day(passage.clock.now());
                let reserved = passage.recorder.reserve(&passage.grant.budget, day, call.reserved);
                return match reserved {
                    Ok(()) => inner.call(call),
                    Err(exhaustion) => Reply::refusing(types::Error::BudgetExhausted(exhaustion)),
                };
            }
            Operation::Now
            | Operation::Random
            | Operation::RemainingBudget
            | Operation::State(_) => return inner.call(call),
        };
        let request = request.clone();
        Box::pin(async move {
            let Grant { budget, scope, .. } = &passage.grant;
            let day = day(passage.clock.now());
            let mut needed = of_pod(&passage, &request);
            if stakes::lookups(&passage, &request) > 0
                && let Err(exhaustion) = passage.recorder.check(budget, day, needed)
            {
                return Ok(Reply::refused(types::Error::BudgetExhausted(exhaustion)));
            }
            if let Err(taken) = passage.recorder.claim(&stakes::objects(&request), call.step) {
                return Ok(Reply::refused(types::Error::Unavailable(taken.to_string())));
            }
            let Found { traffic, rials, denied, is_anothers, before, trouble, .. } =
                stakes::find(&passage, &request).await;
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
                    let reserved = passage.recorder.reserve(budget, day, needed);
                    reserved.err().map(types::Error::BudgetExhausted)
                }
                Err(reason) => Some(types::Error::Denied(types::Denial {
                    function: call.function.clone(),
                    reason,
                })),
            };
            if let Some(error) = refused {
                return Ok(Reply { spent: looked_up, ..Reply::refused(error) });
            }
            call.reserved = needed;
            let mut reply = inner.call(call.clone()).await?;
            moved::weigh(&passage, &call, is_anothers, &mut reply).await;
            reply.spent = reply.spent.plus(looked_up);
            Ok(reply)
        })
    }
}

/// What a call takes, as far as it is known before.
fn of_pod(passage: &Passage, request: &Request) -> Amounts {
    // A link is built here: nothing is sent.
    let sent = u64::from(!matches!(request.row.route, Route::Link { .. }));
    let mutation = request.row.effect != pod_platform::Effect::Read;
    Amounts {
        calls: sent + stakes::lookups(passage, request) + u64::from(request.row.needs_ott),
        bytes_up: request.form.encoded().len() as u64,
        bytes_down: if mutation { MUTATION_BYTES_DOWN } else { 1 },
        // An SMS costs whoever pays for it, and bothers whoever gets it.
        sms: u64::from(request.sends_sms()),
        ..Amounts::default()
    }
}

/// What a request to a merchant's own server takes, as far as it is known before.
fn of_http(call: &Call, changes_something: bool) -> Amounts {
    Amounts {
        http_calls: 1,
        bytes_up: call.arguments.len() as u64,
        bytes_down: if changes_something { MUTATION_BYTES_DOWN } else { 1 },
        ..Amounts::default()
    }
}
