//! Lets through what the grant allows, and says of the rest what is missing. Whose invoice a call acts
//! on is not known here: `charge` looks it up.

use std::sync::Arc;

use pod_platform::{Request, types};

use super::{Call, Layer, Next, Operation, Passage, Passing, Reply};
use crate::grant::Grant;

#[derive(Clone)]
pub(crate) struct Authorise<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Authorise<S> {
    fn pass(mut self, call: Call) -> Passing {
        // What has an intent was authorised when it was written.
        if let Operation::Pod(request) = &call.operation
            && call.intended.is_none()
            && let Some(reason) = denies(&self.passage.grant, &call.function, request)
        {
            let denial = types::Denial { function: call.function, reason };
            return Box::pin(async { Ok(Reply::refused(types::Error::Denied(denial))) });
        }
        self.inner.call(call)
    }
}

/// Why a call is not granted, as far as that can be told without asking the platform.
fn denies(grant: &Grant, function: &str, request: &Request) -> Option<String> {
    if grant.allows(function) {
        return grant.scope.denies(request);
    }
    Some(format!(
        "not granted; policy.toml must ask for it, [capabilities] allow = [\"{function}\"], and, for \
         an account, podhost.toml must grant it, [policy.NAME.capabilities] allow = [\"{function}\"]"
    ))
}
