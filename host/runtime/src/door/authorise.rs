//! Lets through what the grant allows, and says of the rest what is missing.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use pod_platform::types;
use tower::Service;

use super::{Call, Operation, Passage, Passing, Reply};
use crate::Error;

#[derive(Clone)]
pub(crate) struct Authorise<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S> Service<Call> for Authorise<S>
where
    S: Service<Call, Response = Reply, Error = Error, Future = Passing>,
{
    type Response = Reply;
    type Error = Error;
    type Future = Passing;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Passing {
        if let Operation::Pod(_) = &call.operation
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
