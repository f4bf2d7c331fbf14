//! Lets through what the grant allows, and says of the rest what is missing. Whose invoice a call acts
//! on is not known here: `charge` looks it up.

use std::sync::Arc;

use pod_platform::types;

use super::{Call, Layer, Next, Operation, Passage, Passing, Reply};

#[derive(Clone)]
pub(crate) struct Authorise<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Authorise<S> {
    fn pass(mut self, call: Call) -> Passing {
        // What has an intent was authorised when it was written.
        if call.intended.is_none()
            && let Some(reason) = denies(&self.passage, &call)
        {
            let denial = types::Denial { function: call.function, reason };
            return Reply::refusing(types::Error::Denied(denial));
        }
        self.inner.call(call)
    }
}

/// Why a call is not granted, as far as that can be told without asking the platform.
fn denies(Passage { grant, http, .. }: &Passage, call: &Call) -> Option<String> {
    let function = &call.function;
    match &call.operation {
        // Whatever a policy is granted, it may know what that is, and when.
        Operation::Now | Operation::Random | Operation::RemainingBudget => None,
        _ if !grant.allows(function) => Some(format!(
            "not granted; policy.toml must ask for it, [capabilities] allow = [\"{function}\"], \
             and, for an account, podhost.toml must grant it, [policy.NAME.capabilities] allow = \
             [\"{function}\"]"
        )),
        Operation::Pod(request) => grant.scope.denies(request),
        Operation::Http(request) => http.denies(&grant.scope, request),
        Operation::State(_) => None,
    }
}
