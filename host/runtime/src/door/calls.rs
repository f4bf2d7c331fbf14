//! What guests and deciders may call, each call through all layers.

use std::sync::Arc;

use pod_platform::{Instant, Service as PodService, types};
use tracing::Instrument as _;

use super::{
    LAYERS,
    call::{Call, Reply},
    capability::{Capability, Counted, GetRandom, Now, PodCall},
    context::Context,
    middleware::Next,
    recorder::LastMutation,
};
use crate::error::Error;

/// One run's way out of the sandbox.
#[derive(Clone)]
pub(crate) struct Door {
    ctx: Arc<Context>,
}

impl Door {
    pub fn new(ctx: Arc<Context>) -> Self {
        Self { ctx }
    }

    /// Calls a POD service. The outer error ends the run, the inner one is the guest's.
    pub async fn call<S: PodService>(
        &self,
        request: &S,
    ) -> Result<Result<S::Response, types::Error>, Error> {
        let request = match request.prepare() {
            Ok(request) => request,
            Err(argument) => return Ok(Err(types::Error::InvalidArgument(argument))),
        };
        if let Err(argument) = request.check_days(self.ctx.origin.began) {
            return Ok(Err(types::Error::InvalidArgument(argument)));
        }
        self.pass(PodCall(request)).await
    }

    /// Does the run do again what it did?
    pub fn is_doing_again(&self) -> bool {
        !self.ctx.history.is_over()
    }

    /// The last mutation that was intended.
    pub fn last_mutation(&self) -> Option<LastMutation> {
        self.ctx.recorder.last_mutation()
    }

    /// The time now.
    pub async fn now(&self) -> Result<Instant, Error> {
        self.ask(Now).await
    }

    /// Sixty-four random bits.
    pub async fn random(&self) -> Result<i64, Error> {
        self.ask(GetRandom).await
    }

    /// Calls a capability that cannot fail, and returns a `T`.
    pub async fn ask<T: 'static>(&self, capability: impl Capability + 'static) -> Result<T, Error> {
        let name = capability.name();
        self.pass(capability)
            .await?
            .map_err(|error| Error::Journal(format!("`{name}` cannot fail, but did: {error}")))
    }

    /// Calls a capability that returns a `T`. The outer error ends the run, the inner one is the
    /// guest's.
    pub async fn pass<T: 'static>(
        &self,
        capability: impl Capability + 'static,
    ) -> Result<Result<T, types::Error>, Error> {
        let reply = self.reply(Arc::new(capability)).await?;
        Ok(reply.outcome.map(|answer| match answer.value.downcast::<T>() {
            Ok(value) => *value,
            Err(_) => unreachable!("a call's answer is read by the call's own reader"),
        }))
    }

    async fn reply(&self, capability: Arc<dyn Capability>) -> Result<Reply, Error> {
        let ctx = &self.ctx;
        ctx.lifetime.go_on()?;
        let call = Call::new(ctx.steps.take(), capability);
        let asked = Asked {
            arguments: call.arguments.len(),
            counted: call.capability.counted(),
            changes_something: call.class().is_some(),
        };
        let span = tracing::debug_span!("call", step = call.step, function = call.function);
        let reply = Next::through(&LAYERS).call(ctx.clone(), call).instrument(span).await?;
        asked.count(ctx, &reply)?;
        Ok(reply)
    }
}

/// What of a call tells what its entry comes to.
struct Asked {
    /// In bytes.
    arguments: usize,
    counted: Counted,
    changes_something: bool,
}

impl Asked {
    /// Counts what no budget counts.
    fn count(&self, ctx: &Context, reply: &Reply) -> Result<(), Error> {
        let Self { arguments, counted, changes_something } = *self;
        let steps = &ctx.steps;
        match (&reply.outcome, counted) {
            (Err(types::Error::Denied(denial)), _) => {
                steps.count_entry(arguments + denial.reason.len())
            }
            (Err(types::Error::BudgetExhausted(_) | types::Error::InvalidArgument(_)), _) => {
                steps.count_entry(arguments)
            }
            (Ok(_), Counted::Look) => steps.count_look(),
            (Ok(answer), Counted::Entry) => steps.count_entry(arguments + answer.result.len()),
            (Err(_), Counted::Entry | Counted::Look) => steps.count_entry(arguments),
            (_, Counted::Budget) => {
                if changes_something && reply.outcome.is_ok() {
                    steps.changed();
                }
                Ok(())
            }
        }
    }
}
