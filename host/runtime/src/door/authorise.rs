//! Lets through what the grant allows, and says of the rest what is missing.

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
        if let Operation::Pod(_) = &call.operation
            && call.intended.is_none()
            && !self.passage.grant.allows(&call.function)
        {
            let denial = types::Denial {
                reason: format!(
                    "not granted; policy.toml must ask for it: [capabilities] allow = [\"{}\"]",
                    call.function
                ),
                function: call.function,
            };
            return Box::pin(async { Ok(Reply::refused(types::Error::Denied(denial))) });
        }
        self.inner.call(call)
    }
}
