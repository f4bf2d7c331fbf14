//! Outermost: what the journal has of a call is its answer, and nothing below runs; whatever comes
//! back up of a new one is written down.
//!
//! What changes something passes in a task of its own with owned data, so that the end of the run (deadline,
//! trap, a client that hangs up) cancels no call that may have moved money already; its outcome is
//! recorded all the same.

use std::sync::Arc;

use pod_platform::types;

use super::{
    Call, Intended, Layer, Moved, Next, Operation, Passage, Passing, Point, Reply,
    history::{self, Past},
};
use crate::{
    error::Error,
    grant::Amounts,
    journal::{Entry, Outcome, Recorded},
};

/// What is told in place of the journal's call where the journal has no more calls.
const BEYOND: &str = "nothing: its calls end before";
/// What is told in place of the outcome of a call that was cut off.
const OPEN: &str = "an intent without an outcome";

/// Does a call differ from the past only because the past ends there?
pub(crate) fn is_beyond(recorded: &str) -> bool {
    [BEYOND, OPEN].contains(&recorded)
}

#[derive(Clone)]
pub(crate) struct Record<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Record<S> {
    fn pass(self, mut call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        if let Some(past) = passage.history.take(call.step) {
            if !past.is(&call) {
                return diverge(passage, &call, past.asked());
            }
            match past {
                Past { intent, outcome: Some(outcome), .. } => {
                    if let Some(intent) = &intent {
                        passage.recorder.recall(intent, Some(&outcome));
                    }
                    return Box::pin(async move { history::reply(&call, outcome) });
                }
                Past { intent: Some(intent), ott, outcome: None } => {
                    if passage.is_offline() {
                        return diverge(passage, &call, OPEN.to_owned());
                    }
                    passage.recorder.recall(&intent, None);
                    call.intended =
                        Some(Intended { at: intent.at, restored: false, looked_for: true });
                    call.before = intent.state_before().map(Arc::new);
                    call.ott = ott;
                }
                Past { intent: None, outcome: None, .. } => {}
            }
        } else if passage.is_offline() {
            return diverge(passage, &call, BEYOND.to_owned());
        }

        let stores = matches!(&call.operation, Operation::State(request) if request.stores());
        if call.class().is_none() && !stores {
            return Box::pin(async move {
                let reply = inner.call(call.clone()).await?;
                passage.recorder.note(Entry::Outcome(outcome(&passage, &call, &reply)));
                Ok(reply)
            });
        }
        let tasks = passage.tasks.clone();
        let task = tasks.spawn(async move {
            // What is stored is written down before anybody else looks at it.
            let _turn = if stores { passage.turn_to_store().await } else { None };
            let reply = inner.call(call.clone()).await?;
            let outcome = outcome(&passage, &call, &reply);
            let was_intended = outcome.arguments.is_none();
            passage.recorder.note(Entry::Outcome(outcome));
            if was_intended || reply.state.is_some() {
                passage.recorder.commit().await?;
            }
            if was_intended {
                passage.reach(call.step, Point::AfterOutcome);
            }
            Ok(reply)
        });
        Box::pin(async move {
            task.await
                .unwrap_or_else(|error| Err(Error::Journal(format!("a call broke off: {error}"))))
        })
    }
}

/// The run asks for another call than its journal has.
fn diverge(passage: Arc<Passage>, call: &Call, recorded: String) -> Passing {
    let (step, asked) = (call.step, call.asked());
    Box::pin(async move { Err(passage.diverge(step, recorded, asked).await) })
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
    let whole = Moved { rials: reserved.unwrap_or_default().rials, ..Moved::default() };
    let moved = reply.moved.unwrap_or(whole);
    let paid = reserved.filter(|_| reply.outcome.is_ok());
    Outcome {
        step: call.step,
        function: call.function.clone(),
        call: call.digest,
        recorded,
        reference_number,
        spent: paid.map_or(reply.spent, |paid| Amounts {
            rials: moved.rials,
            sms: paid.sms,
            ..reply.spent
        }),
        at: passage.clock.now().0,
        count: reply.outcome.as_ref().ok().and_then(|answer| answer.count),
        arguments: reserved.is_none().then(|| call.arguments.to_string()),
        evidence: reply.evidence.clone(),
        known_by: reply.known_by,
        state: reply.state.clone(),
        at_most: moved.at_most.then_some(true),
        pending: moved.pending.then_some(true),
        unchanged: moved.nothing.then_some(true),
    }
}
