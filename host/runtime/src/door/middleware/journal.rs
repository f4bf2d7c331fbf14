//! Outermost: what the journal has of a call is its answer, and nothing below runs; whatever comes
//! back up of a new one is written down.
//!
//! What changes something passes in a task of its own with owned data, so that the end of the run (deadline,
//! trap, a client that hangs up) cancels no call that may have moved money already; its outcome is
//! recorded all the same.

use std::sync::Arc;

use pod_platform::types;

use super::{Layer, Next, Passing};
use crate::{
    door::{
        call::{Call, Intended, Moved, Reply},
        capability::Effect,
        context::Context,
        failpoint::Point,
        history::{self, Past},
    },
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

pub(crate) struct Journal;

impl Layer for Journal {
    fn pass(&self, ctx: Arc<Context>, mut call: Call, next: Next) -> Passing {
        if let Some(past) = ctx.history.take(call.step) {
            if !past.is(&call) {
                return diverge(ctx, &call, past.asked());
            }
            match past {
                Past { intent, outcome: Some(outcome), .. } => {
                    if let Some(intent) = &intent {
                        ctx.recorder.recall(intent, Some(&outcome));
                    }
                    return Box::pin(async move { history::reply(&call, outcome) });
                }
                Past { intent: Some(intent), ott, outcome: None } => {
                    if ctx.pod.is_offline() {
                        return diverge(ctx, &call, OPEN.to_owned());
                    }
                    ctx.recorder.recall(&intent, None);
                    call.intended =
                        Some(Intended { at: intent.at, restored: false, looked_for: true });
                    call.before = intent.state_before().map(Arc::new);
                    call.ott = ott;
                }
                Past { intent: None, outcome: None, .. } => {}
            }
        } else if ctx.pod.is_offline() {
            return diverge(ctx, &call, BEYOND.to_owned());
        }

        let effect = call.capability.effect();
        if effect == Effect::Read {
            return Box::pin(async move {
                let reply = next.call(ctx.clone(), call.clone()).await?;
                ctx.recorder.note(Entry::Outcome(outcome(&ctx, &call, &reply)));
                Ok(reply)
            });
        }
        let tasks = ctx.lifetime.tasks.clone();
        let task = tasks.spawn(async move {
            // What is stored is written down before anybody else looks at it.
            let _turn = if effect == Effect::Store { ctx.memory.turn().await } else { None };
            let reply = next.call(ctx.clone(), call.clone()).await?;
            let outcome = outcome(&ctx, &call, &reply);
            let was_intended = outcome.arguments.is_none();
            ctx.recorder.note(Entry::Outcome(outcome));
            if was_intended || reply.state.is_some() {
                ctx.recorder.commit().await?;
            }
            if was_intended {
                ctx.reach(call.step, Point::AfterOutcome);
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
fn diverge(ctx: Arc<Context>, call: &Call, recorded: String) -> Passing {
    let (step, asked) = (call.step, call.asked());
    Box::pin(async move { Err(ctx.diverge(step, recorded, asked).await) })
}

fn outcome(ctx: &Context, call: &Call, reply: &Reply) -> Outcome {
    let reserved = ctx.recorder.reserved(call.step);
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
        at: ctx.clock.now().0,
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
