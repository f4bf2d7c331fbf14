//! When nobody knows what came of a mutation – no answer, an answer that leaves it open, a host that
//! stopped in between – this finds out before anything is tried again.
//!
//! A look at the platform can prove that it happened. It cannot prove that it did not: a slow first
//! attempt may land after the look. So a call is repeated only where POD itself fences the repeat
//! (the state refuses a second one, or the same one-time token is used up), or where it does no
//! harm; and what POD answers to the repeat is the outcome, unless a first attempt can still come in
//! between. What cannot be proven within the landing window stays unknown, for a person.

use std::{sync::Arc, time::Duration};

use pod_platform::{
    Attempt, Effect, EffectClass, Instant, Proof, Secret, Sighting,
    types::{self, PlatformErrorKind},
};

use super::{Answer, Call, Connection, Layer, Next, Passage, Passing, Point, Reply, look::look};
use crate::{Error, budget::Amounts};

/// When to look, as parts of the landing window in tenths.
const ROUNDS: [u32; 5] = [0, 1, 3, 6, 10];

/// The evidence of a call that was answered when it was sent again.
pub(crate) const REPEATED: &str = "sent again: done";

#[derive(Clone)]
pub(crate) struct Reconcile<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Reconcile<S> {
    fn pass(self, call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        let Some(intended) = call.intended else { return inner.call(call) };
        Box::pin(async move {
            let mut inquiry = Inquiry {
                passage: &passage,
                call: &call,
                since: Instant(intended.at),
                spent: Amounts::default(),
                shown: Vec::new(),
            };
            let first = if intended.looked_for {
                None
            } else {
                let reply = inner.call(call.clone()).await?;
                let Err(types::Error::OutcomeUnknown(doubt)) = &reply.outcome else {
                    return Ok(reply);
                };
                let doubt = doubt.clone();
                passage.reach(call.step, Point::AfterEffect);
                inquiry.spent = reply.spent;
                Some(doubt)
            };
            let outcome = inquiry.settle(&mut inner, first).await?;
            let evidence = Some(inquiry.shown.join("; "));
            Ok(Reply { evidence, ..Reply::of(outcome, inquiry.spent) })
        })
    }
}

struct Inquiry<'a> {
    passage: &'a Passage,
    call: &'a Call,
    /// When the first attempt may have begun.
    since: Instant,
    spent: Amounts,
    /// What was found out, for a person.
    shown: Vec<String>,
}

/// What a round came to.
enum Round {
    Known(Result<Answer, types::Error>),
    /// A first attempt can still land.
    Open(Option<types::Error>),
}

impl Inquiry<'_> {
    async fn settle(
        &mut self,
        inner: &mut impl Next,
        first: Option<types::Doubt>,
    ) -> Result<Result<Answer, types::Error>, Error> {
        let window = self.passage.landing_window;
        let mut doubt = first.unwrap_or_else(|| types::Doubt {
            reason: "the host stopped before it had an answer".to_owned(),
            reference_number: None,
        });
        // The last round's refusal of a repeat: by then nothing can land any more.
        let mut refused = None;
        let mut waited = Duration::ZERO;
        // Where nothing can be read and nothing may be repeated, there is nothing to wait for.
        let rounds = if self.can_find_out() { &ROUNDS[..] } else { &[] };
        for (round, &tenths) in rounds.iter().enumerate() {
            let until = window * tenths / 10;
            tokio::time::sleep(until.saturating_sub(waited)).await;
            waited = until;
            let is_last = round + 1 == rounds.len() || self.age() > window;
            match self.round(inner, is_last).await? {
                Round::Known(outcome) => return Ok(outcome),
                Round::Open(Some(types::Error::OutcomeUnknown(again))) => {
                    doubt = again;
                    refused = None;
                }
                Round::Open(error) => refused = error,
            }
            if is_last {
                break;
            }
        }
        Ok(Err(match refused {
            Some(refusal @ types::Error::Platform(_)) if self.may_be_believed() => refusal,
            _ => types::Error::OutcomeUnknown(doubt),
        }))
    }

    /// One look and, where it is fenced, one repeat.
    async fn round(&mut self, inner: &mut impl Next, is_last: bool) -> Result<Round, Error> {
        let Some(class) = self.call.class() else { return Ok(Round::Open(None)) };
        let needs_ott = self.call.mutation().is_some_and(|request| request.row.needs_ott);
        // Whether a payment went back, say, nothing tells: then a repeat without its own one-time
        // token could do it a second time.
        let mut gone_back = false;
        match self.look().await {
            Some(Proof::Happened(result)) => {
                if let Some(answer) = self.happened(result) {
                    return Ok(Round::Known(Ok(answer)));
                }
            }
            Some(Proof::NotSeen { may_have_gone_back }) => gone_back = may_have_gone_back,
            Some(Proof::ByAnother) | None => {}
        }
        // The call as it was, with its own one-time token, if it has one.
        let is_repeatable = match class {
            EffectClass::SelfFencing => self.call.ott.is_some() || !gone_back,
            EffectClass::Idempotent => true,
            EffectClass::MarkedByUs => self.call.ott.is_some(),
            EffectClass::Readable | EffectClass::NoEvidence => {
                is_last && self.passage.grant.may_repeat(&self.call.function)
            }
        };
        // Without its own one-time token, a service that wants one gets a fresh one: the state is
        // the fence then, so a first attempt must have had its time.
        let fresh = needs_ott && self.call.ott.is_none();
        if !is_repeatable || (fresh && !is_last) {
            return Ok(Round::Open(None));
        }
        let ott = if fresh { self.fresh_ott().await } else { self.call.ott.clone() };
        if needs_ott && ott.is_none() {
            return Ok(Round::Open(None));
        }
        let fenced_by_ott = ott.is_some() && !fresh;
        match self.repeat(inner, ott).await? {
            Ok(answer) => Ok(Round::Known(Ok(answer))),
            Err(types::Error::Platform(refusal))
                if fenced_by_ott && refusal.kind == PlatformErrorKind::InvalidOtt =>
            {
                self.used_up(inner, class, gone_back, is_last).await
            }
            Err(error @ types::Error::Platform(_)) => {
                self.refused(error, class, fenced_by_ott).await
            }
            Err(error) => Ok(Round::Open(Some(error))),
        }
    }

    /// The one-time token was used, so the first attempt arrived: it took effect, was refused, or is
    /// still at it.
    async fn used_up(
        &mut self,
        inner: &mut impl Next,
        class: EffectClass,
        gone_back: bool,
        is_last: bool,
    ) -> Result<Round, Error> {
        self.shown.push("the one-time token is used up: the first attempt arrived".to_owned());
        if let Some(Proof::Happened(result)) = self.look().await
            && let Some(answer) = self.happened(result)
        {
            return Ok(Round::Known(Ok(answer)));
        }
        if class != EffectClass::SelfFencing || gone_back || !is_last {
            return Ok(Round::Open(None));
        }
        let Some(ott) = self.fresh_ott().await else { return Ok(Round::Open(None)) };
        match self.repeat(inner, Some(ott)).await? {
            Ok(answer) => Ok(Round::Known(Ok(answer))),
            Err(error @ types::Error::Platform(_)) => self.refused(error, class, false).await,
            Err(error) => Ok(Round::Open(Some(error))),
        }
    }

    /// A repeat was refused, maybe because of what the first attempt did.
    async fn refused(
        &mut self,
        error: types::Error,
        class: EffectClass,
        fenced_by_ott: bool,
    ) -> Result<Round, Error> {
        Ok(match self.look().await {
            Some(Proof::Happened(result)) => match self.happened(result) {
                Some(answer) => Round::Known(Ok(answer)),
                None => Round::Open(None),
            },
            Some(Proof::NotSeen { may_have_gone_back: true }) => Round::Open(None),
            // This call used the one-time token up: the first attempt has none any more.
            Some(Proof::NotSeen { .. } | Proof::ByAnother) if fenced_by_ott => {
                Round::Known(Err(error))
            }
            Some(Proof::NotSeen { .. } | Proof::ByAnother) => Round::Open(Some(error)),
            None if class == EffectClass::Idempotent => Round::Open(Some(error)),
            None => Round::Open(None),
        })
    }

    /// Reads what the service's evidence asks for.
    async fn look(&mut self) -> Option<Proof> {
        let request = self.call.mutation()?;
        let Effect::Mutation { evidence, .. } = request.row.effect else { return None };
        let Connection { client, credentials, .. } = self.passage.connection().ok()?;
        let attempt = Attempt {
            user: self.passage.user,
            business: self.passage.business,
            since: self.since,
            now: self.passage.clock.now(),
        };
        let (traffic, sighting) =
            look(client, credentials, evidence, &request.form, attempt).await?;
        self.spent = self.spent.plus(Amounts::traffic(traffic));
        match sighting {
            Ok(Sighting { shows, proof }) => {
                self.show(shows);
                Some(proof)
            }
            Err(reason) => {
                self.show(reason);
                None
            }
        }
    }

    fn show(&mut self, what: String) {
        if self.shown.last() != Some(&what) {
            self.shown.push(what);
        }
    }

    /// What was read, as the call's own answer.
    fn happened(&mut self, result: bytes::Bytes) -> Option<Answer> {
        let request = self.call.mutation()?;
        let read = std::str::from_utf8(&result).ok().and_then(|text| (request.read)(1, text).ok());
        let Some(value) = read else {
            self.show("it happened, but what it answered cannot be told".to_owned());
            return None;
        };
        Some(Answer { count: Some(1), result, value, reference_number: None })
    }

    async fn fresh_ott(&mut self) -> Option<Secret> {
        let connection = self.passage.connection().ok()?;
        let exchange = connection.client.ott(&connection.credentials).await;
        self.spent = self.spent.plus(Amounts::traffic(exchange.traffic));
        exchange.outcome.ok()
    }

    async fn repeat(
        &mut self,
        inner: &mut impl Next,
        ott: Option<Secret>,
    ) -> Result<Result<Answer, types::Error>, Error> {
        let reply = inner.call(Call { ott, ..self.call.clone() }).await?;
        self.spent = self.spent.plus(reply.spent);
        self.show(match &reply.outcome {
            Ok(_) => REPEATED.to_owned(),
            Err(error) => format!("sent again: {error}"),
        });
        Ok(reply.outcome)
    }

    /// Is there anything to read, or to repeat?
    fn can_find_out(&self) -> bool {
        let can_be_read = self.call.mutation().is_some_and(|request| match request.row.effect {
            Effect::Read => false,
            Effect::Mutation { evidence, .. } => evidence.question(&request.form).is_some(),
        });
        let may_repeat = self.passage.grant.may_repeat(&self.call.function);
        may_repeat || can_be_read || self.call.class() == Some(EffectClass::Idempotent)
    }

    /// How long ago the first attempt began.
    fn age(&self) -> Duration {
        Duration::from_millis(self.passage.clock.now().0.saturating_sub(self.since.0))
    }

    /// Is POD's refusal of a repeat the truth about the first attempt, too? Where the state is the
    /// fence, it is when nothing can land any more.
    fn may_be_believed(&self) -> bool {
        matches!(self.call.class(), Some(EffectClass::SelfFencing | EffectClass::Idempotent))
    }
}
