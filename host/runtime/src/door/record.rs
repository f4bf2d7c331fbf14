//! Outermost: numbers nothing, decides nothing, writes down everything that comes back up.
//!
//! A mutation passes in a task of its own with owned data, so that the end of the run (deadline,
//! trap, a client that hangs up) cancels no call that may have moved money already; its outcome is
//! recorded all the same.

use std::sync::Arc;

use pod_platform::types;

use super::{Call, Layer, Next, Passage, Passing, Reply, rials};
use crate::{
    Error,
    budget::Amounts,
    journal::{Entry, Outcome, Recorded},
};

#[derive(Clone)]
pub(crate) struct Record<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Record<S> {
    fn pass(self, call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        if call.mutation().is_none() {
            return Box::pin(async move {
                let reply = inner.call(call.clone()).await?;
                passage.recorder.note(Entry::Outcome(outcome(&passage, &call, &reply)));
                Ok(reply)
            });
        }
        let tasks = passage.tasks.clone();
        let task = tasks.spawn(async move {
            let reply = inner.call(call.clone()).await?;
            passage.recorder.note(Entry::Outcome(outcome(&passage, &call, &reply)));
            passage.recorder.commit().await?;
            Ok(reply)
        });
        Box::pin(async move {
            task.await
                .unwrap_or_else(|error| Err(Error::Journal(format!("a call broke off: {error}"))))
        })
    }
}

fn outcome(passage: &Passage, call: &Call, reply: &Reply) -> Outcome {
    let reserved = passage.recorder.reserved(call.step);
    let json = |error: &types::Error| serde_json::to_string(error).unwrap_or_default();
    let recorded = match &reply.outcome {
        Ok(answer) => Recorded::Done(answer.result.clone()),
        Err(error @ types::Error::OutcomeUnknown(_)) => Recorded::Unknown(json(error)),
        Err(error) => Recorded::Refused(json(error)),
    };
    let reference_number = match &reply.outcome {
        Ok(answer) => answer.reference_number.clone(),
        Err(types::Error::Platform(error)) => Some(error.reference_number.clone()),
        Err(types::Error::OutcomeUnknown(doubt)) => doubt.reference_number.clone(),
        Err(_) => None,
    };
    Outcome {
        step: call.step,
        function: call.function.clone(),
        call: call.digest,
        recorded,
        reference_number,
        spent: Amounts { rials: rials(reply, reserved).0, ..reply.spent },
        at: passage.clock.now().0,
    }
}
