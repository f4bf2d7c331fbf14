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

#[cfg(test)]
mod tests {
    use pod_platform::{EffectClass, types};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::{
        crypto::Digest,
        door::{
            history::History,
            middleware::{
                Intend,
                fake::{Fake, context, done, pass},
            },
            pod::Pod,
        },
        journal::StoredEntry,
    };

    /// A run whose journal has an outcome of a call like the fake's, with these arguments.
    fn after(arguments: &str) -> Context {
        let call = Call::new(0, Arc::new(Fake::default()));
        let reply = Reply::of(
            Ok(crate::door::call::Returned::of("false", false)),
            Amounts { calls: 1, ..Amounts::default() },
        );
        let digest = Digest::of(&[call.function.as_bytes(), arguments.as_bytes()]);
        let noted = Outcome { call: digest, ..outcome(&context(), &call, &reply) };
        let entry = Entry::Outcome(noted);
        let stored = StoredEntry { sequence: 0, hash: Digest::of(&[]), entry };
        Context { history: History::of(&[stored], Default::default()), ..context() }
    }

    fn divergence(reply: Result<Reply, Error>) -> String {
        match reply {
            Err(Error::Diverged { recorded, .. }) => recorded,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it was answered"),
        }
    }

    #[tokio::test]
    async fn what_came_of_a_call_is_noted() {
        let (ctx, fake) = (Arc::new(context()), Arc::new(Fake::default()));
        done(pass(&[&Journal], &ctx, &fake).await);
        assert_eq!(ctx.recorder.projection().spent.settled().calls, 1);
    }

    #[tokio::test]
    async fn what_the_journal_has_is_not_done_again() {
        let (ctx, fake) = (Arc::new(after("thing=7")), Arc::new(Fake::default()));
        let reply = done(pass(&[&Journal], &ctx, &fake).await);
        let answer = reply.outcome.ok().and_then(|answer| answer.value.downcast::<bool>().ok());
        assert_eq!(answer.as_deref(), Some(&false));
        assert_eq!(fake.count(), 0);
        done(pass(&[&Journal], &ctx, &fake).await);
        assert_eq!(fake.count(), 1);
    }

    #[tokio::test]
    async fn another_call_than_the_journal_has_stops_the_run() {
        let (ctx, fake) = (Arc::new(after("thing=8")), Arc::new(Fake::default()));
        let recorded = divergence(pass(&[&Journal], &ctx, &fake).await);
        assert_eq!(recorded, "`fake.do-it` with thing=7");
        assert_eq!(fake.count(), 0);
    }

    #[tokio::test]
    async fn a_replay_does_nothing_new() {
        let ctx = Arc::new(Context { pod: Pod::offline(), ..context() });
        let fake = Arc::new(Fake::default());
        assert!(is_beyond(&divergence(pass(&[&Journal], &ctx, &fake).await)));
        assert_eq!(fake.count(), 0);
    }

    /// A deadline, a trap, a client that hangs up.
    #[tokio::test]
    async fn the_end_of_the_run_does_not_cancel_what_may_have_moved_money() {
        let ctx = Arc::new(context());
        let gate = Semaphore::new(0);
        let fake = Arc::new(Fake { gate, ..Fake::mutation(EffectClass::SelfFencing) });
        let (of_run, of_call) = (ctx.clone(), fake.clone());
        let run =
            tokio::spawn(
                async move { pass(&[&Journal, &Intend], &of_run, &of_call).await.is_ok() },
            );
        while fake.count() == 0 {
            tokio::task::yield_now().await;
        }
        run.abort();
        assert!(run.await.is_err_and(|error| error.is_cancelled()));
        ctx.lifetime.end();
        fake.gate.add_permits(1);
        ctx.lifetime.let_calls_end().await;
        let projection = ctx.recorder.projection();
        assert_eq!((projection.effects.len(), projection.open().len()), (1, 0));
    }

    #[tokio::test]
    async fn an_error_is_noted_as_it_was() {
        let ctx = Arc::new(context());
        let denial = types::Denial { function: "fake.do-it".into(), reason: "not yours".into() };
        let fake = Arc::new(Fake::default().failing([types::Error::Denied(denial)]));
        pass(&[&Journal], &ctx, &fake).await.expect("the run goes on");
        let projection = ctx.recorder.projection();
        let refusals: Vec<&str> =
            projection.refusals.iter().map(|refusal| &*refusal.reason).collect();
        assert_eq!(refusals, ["not yours"]);
    }
}
