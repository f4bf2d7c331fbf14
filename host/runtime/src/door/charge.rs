//! Reserves from the budget before a call, so that no call begins that it would not cover.
//!
//! Where nobody can tell how many rials are at stake, the call is refused, unless the grant names
//! a ceiling per payment: then that is charged. What is looked up for this also tells whose invoice it
//! is, so a grant for some issuers' invoices is held to here.

use std::sync::Arc;

use pod_platform::{Request, Route, types};

use super::{
    Call, Layer, Next, Operation, Passage, Passing, Reply,
    stakes::{self, Found},
};
use crate::{budget::Amounts, grant::Grant};

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
        let Operation::Pod(request) = &call.operation else { return inner.call(call) };
        // What has an intent was charged when it was written.
        if call.intended.is_some() {
            return inner.call(call);
        }
        let request = request.clone();
        Box::pin(async move {
            if let Some(denial) = too_many_sms(&passage, &call, &request) {
                return Ok(Reply::refused(types::Error::Denied(denial)));
            }
            let mut needed = wire(&passage, &request);
            let covered = |needed| passage.recorder.check(&passage.grant.budget, needed);
            if let Err(exhaustion) = covered(needed) {
                return Ok(Reply::refused(types::Error::BudgetExhausted(exhaustion)));
            }
            let Found { traffic, rials, denied } = stakes::find(&passage, &request).await;
            let looked_up = Amounts::traffic(traffic);
            let Grant { budget, scope, .. } = &passage.grant;
            let ceiling = budget.rial_per_payment.filter(|_| !scope.readable_only);
            let rials = match denied {
                Some(reason) => Err(reason),
                None => rials.or_else(|reason| ceiling.ok_or(reason)),
            };
            let refused = match rials {
                Ok(rials) => {
                    needed.rials = rials.0;
                    covered(needed).err().map(types::Error::BudgetExhausted)
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
            let mut reply = inner.call(call).await?;
            reply.spent = reply.spent.plus(looked_up);
            Ok(reply)
        })
    }
}

/// An SMS costs whoever pays for it, and bothers whoever gets it: each is counted. The contract has
/// no meter for them, so one too many is denied, with the number that would have to be granted.
fn too_many_sms(passage: &Passage, call: &Call, request: &Request) -> Option<types::Denial> {
    if !request.sends_sms() {
        return None;
    }
    let (granted, number) = (passage.grant.budget.sms, passage.recorder.sms() + 1);
    (number > granted).then(|| types::Denial {
        function: call.function.clone(),
        reason: format!(
            "it would be SMS {number} of this run, and {granted} are granted; both policy.toml, \
             [budget] sms = {number}, and, for an account, podhost.toml, [policy.NAME.budget] sms, \
             must grant it"
        ),
    })
}

/// What a call takes on the wire, as far as it is known before.
fn wire(passage: &Passage, request: &Request) -> Amounts {
    // A link is built here: nothing is sent.
    let sent = u64::from(!matches!(request.row.route, Route::Link { .. }));
    let mutation = request.row.effect != pod_platform::Effect::Read;
    Amounts {
        rials: 0,
        calls: sent + stakes::lookups(passage, request) + u64::from(request.row.needs_ott),
        bytes_up: request.form.encoded().len() as u64,
        bytes_down: if mutation { MUTATION_BYTES_DOWN } else { 1 },
    }
}
