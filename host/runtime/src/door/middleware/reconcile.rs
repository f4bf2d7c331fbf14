//! When nobody knows what came of a mutation – no answer, an answer that leaves it open, a host that
//! stopped in between – this finds out before anything is tried again.
//!
//! A look at the platform can prove that it happened, where nothing else explains what shows. It
//! cannot prove that it did not: a slow first attempt may land after the look. So a call is repeated
//! only where POD itself fences the repeat (the state refuses a second one, or the same one-time token
//! is used up), or where it does no harm. That POD then says "already" is no proof of anything: by
//! whom is what the look tells. What cannot be proven within the landing window stays unknown, for a
//! person.

use std::{sync::Arc, time::Duration};

use pod_platform::{
    Attempt, EffectClass, Evidence, Instant, Prior, Proof, Secret, Sighting,
    types::{self, PlatformErrorKind},
    wire::form::Form,
};

use super::{Layer, Next, Passing};
use crate::{
    door::{
        call::{Call, Intended, Reply, Returned},
        capability::Shown,
        context::Context,
        failpoint::Point,
    },
    error::Error,
    grant::Amounts,
    journal::{KnownBy, REPEATED},
};

/// When to look, as parts of the landing window in tenths.
const ROUNDS: [u32; 5] = [0, 1, 3, 6, 10];

pub(crate) struct Reconcile;

impl Layer for Reconcile {
    fn pass(&self, ctx: Arc<Context>, call: Call, next: Next) -> Passing {
        let Some(intended) = call.intended else { return next.call(ctx, call) };
        Box::pin(async move {
            let mut inquiry = Inquiry {
                ctx: &ctx,
                call: &call,
                next,
                intended,
                spent: Amounts::default(),
                shown: Vec::new(),
                sent_again: false,
            };
            let first = if intended.looked_for {
                None
            } else {
                let reply = next.call(ctx.clone(), call.clone()).await?;
                let doubt = match &reply.outcome {
                    Err(types::Error::OutcomeUnknown(doubt)) => doubt.clone(),
                    Ok(answer) if inquiry.is_anothers(answer) || inquiry.was_so() => {
                        anothers_answer()
                    }
                    _ => return Ok(reply),
                };
                ctx.reach(call.step, Point::AfterEffect);
                inquiry.spent = reply.spent;
                Some(doubt)
            };
            let (outcome, known_by) = inquiry.settle(first).await?;
            let evidence = Some(inquiry.shown.join("; "));
            Ok(Reply { evidence, known_by, ..Reply::of(outcome, inquiry.spent) })
        })
    }
}

fn anothers_answer() -> types::Doubt {
    let reason = "what POD answered is the answer to another call".to_owned();
    types::Doubt { reason, reference_number: None }
}

/// Until when an attempt that was begun then may take effect.
pub(crate) fn lands_until(begun: u64, window: Duration) -> Instant {
    Instant(begun.saturating_add(u64::try_from(window.as_millis()).unwrap_or(u64::MAX)))
}

struct Inquiry<'a> {
    ctx: &'a Arc<Context>,
    call: &'a Call,
    /// What sends the call.
    next: Next,
    intended: Intended,
    spent: Amounts,
    /// What was found out, for a person.
    shown: Vec<String>,
    /// Was the call sent again, by this process?
    sent_again: bool,
}

/// What is known of a call that was in doubt, and by what.
type Known = (Result<Returned, types::Error>, Option<KnownBy>);

/// What a round came to.
enum Round {
    Known(Known),
    /// A first attempt can still land.
    Open(Option<types::Error>),
}

impl Round {
    fn answered(outcome: Result<Returned, types::Error>) -> Self {
        Self::Known((outcome, Some(KnownBy::Answered)))
    }

    fn read(outcome: Result<Returned, types::Error>) -> Self {
        Self::Known((outcome, Some(KnownBy::Read)))
    }
}

impl Inquiry<'_> {
    async fn settle(&mut self, first: Option<types::Doubt>) -> Result<Known, Error> {
        let window = self.ctx.landing_window;
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
            match self.round(is_last, &doubt).await? {
                Round::Known(known) => return Ok(known),
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
        Ok(match refused {
            Some(refusal @ types::Error::Platform(_)) if self.may_be_believed() => {
                (Err(refusal), Some(KnownBy::Answered))
            }
            _ => (Err(types::Error::OutcomeUnknown(doubt)), None),
        })
    }

    /// One look and, where it is fenced, one repeat.
    async fn round(&mut self, is_last: bool, doubt: &types::Doubt) -> Result<Round, Error> {
        let Some(class) = self.call.class() else { return Ok(Round::Open(None)) };
        let needs_ott = self.call.capability.needs_ott();
        // Whether a payment went back, say, nothing tells: then a repeat without its own one-time
        // token could do it a second time.
        let mut gone_back = false;
        let mut is_anothers = false;
        match self.look().await {
            Some(Proof::Happened(result)) => {
                if let Some(answer) = self.happened(result) {
                    return Ok(Round::read(Ok(answer)));
                }
            }
            Some(Proof::NotSeen { may_have_gone_back }) => gone_back = may_have_gone_back,
            Some(Proof::ByAnother) => is_anothers = true,
            None => {}
        }
        // The call as it was, with its own one-time token, if it has one.
        let is_repeatable = match class {
            EffectClass::SelfFencing => self.call.ott.is_some() || !gone_back,
            EffectClass::Idempotent => true,
            EffectClass::MarkedByUs => self.call.ott.is_some(),
            EffectClass::Readable | EffectClass::NoEvidence => {
                is_last && self.ctx.grant.may_repeat(&self.call.function)
            }
        };
        // Without its own one-time token, a service that wants one gets a fresh one: the state is
        // the fence then, so a first attempt must have had its time, or be barred by the state.
        let fresh = needs_ott && self.call.ott.is_none();
        if !is_repeatable || (fresh && !is_last && !is_anothers) {
            return Ok(if is_anothers { self.without_effect(doubt) } else { Round::Open(None) });
        }
        let ott = if fresh { self.fresh_ott().await } else { self.call.ott.clone() };
        if needs_ott && ott.is_none() {
            return Ok(Round::Open(None));
        }
        let fenced_by_ott = ott.is_some() && !fresh;
        match self.repeat(ott).await? {
            Ok(answer) => Ok(Round::answered(Ok(answer))),
            Err(types::Error::Platform(refusal))
                if fenced_by_ott && refusal.kind == PlatformErrorKind::InvalidOtt =>
            {
                self.used_up(class, is_last, doubt).await
            }
            Err(types::Error::Platform(refusal)) => self.refused(refusal, class).await,
            // Nobody answers; that it had no effect is known all the same.
            Err(_) if is_anothers && is_last => Ok(self.without_effect(doubt)),
            Err(error) => Ok(Round::Open(Some(error))),
        }
    }

    /// The one-time token was used, so the first attempt arrived: it took effect, was refused, or is
    /// still at it.
    async fn used_up(
        &mut self,
        class: EffectClass,
        is_last: bool,
        doubt: &types::Doubt,
    ) -> Result<Round, Error> {
        self.show("the one-time token is used up: the first attempt arrived".to_owned());
        let is_anothers = match self.look().await {
            Some(Proof::Happened(result)) => match self.happened(result) {
                Some(answer) => return Ok(Round::read(Ok(answer))),
                None => return Ok(Round::Open(None)),
            },
            Some(Proof::ByAnother) => true,
            Some(Proof::NotSeen { may_have_gone_back: false }) => false,
            Some(Proof::NotSeen { may_have_gone_back: true }) | None => {
                return Ok(Round::Open(None));
            }
        };
        if class != EffectClass::SelfFencing || !(is_last || is_anothers) {
            return Ok(Round::Open(None));
        }
        let Some(ott) = self.fresh_ott().await else { return Ok(Round::Open(None)) };
        match self.repeat(Some(ott)).await? {
            Ok(answer) => Ok(Round::answered(Ok(answer))),
            Err(types::Error::Platform(refusal)) => self.refused(refusal, class).await,
            Err(_) if is_anothers && is_last => Ok(self.without_effect(doubt)),
            Err(error) => Ok(Round::Open(Some(error))),
        }
    }

    /// A repeat was refused, maybe because of what the first attempt did.
    async fn refused(
        &mut self,
        refusal: types::PlatformError,
        class: EffectClass,
    ) -> Result<Round, Error> {
        let kind = refusal.kind;
        let evidence = self.evidence();
        let is_anothers = evidence.is_some_and(|evidence| evidence.is_anothers(kind));
        let says_already = evidence.is_some_and(|evidence| evidence.says_already(kind));
        let error = types::Error::Platform(refusal);
        Ok(match self.look().await {
            Some(Proof::Happened(result)) => match self.happened(result) {
                Some(answer) => Round::read(Ok(answer)),
                None => Round::Open(None),
            },
            Some(Proof::ByAnother) => Round::answered(Err(error)),
            Some(Proof::NotSeen { may_have_gone_back: true }) => Round::Open(None),
            Some(Proof::NotSeen { .. }) if is_anothers => Round::answered(Err(error)),
            // POD says that it is so, and shows that it is not: one of them is wrong.
            Some(Proof::NotSeen { .. }) if says_already => Round::Open(None),
            // A slow first attempt may still land, until its time is over.
            Some(Proof::NotSeen { .. }) => Round::Open(Some(error)),
            // "Already" may be what the first attempt made possible.
            None if class == EffectClass::Idempotent && !says_already => Round::Open(Some(error)),
            None => Round::Open(None),
        })
    }

    /// It is known that the call had no effect, and POD does not say so itself.
    fn without_effect(&self, doubt: &types::Doubt) -> Round {
        let shown = self.shown.last().map(String::as_str).unwrap_or_default();
        let reason = format!("{}; it had no effect: {shown}", doubt.reason);
        Round::read(Err(types::Error::Unavailable(reason)))
    }

    /// Is it the answer to another call: does it name another thing, or has another call of this run been
    /// answered with its number?
    fn is_anothers(&self, answer: &Returned) -> bool {
        let Some(Shown { evidence, form }) = self.call.capability.shown() else { return false };
        let reference = answer.reference_number.as_deref().unwrap_or_default();
        evidence.is_of_another(form, &*answer.value)
            || self.ctx.recorder.is_anothers_reference(self.call.step, reference)
    }

    /// Was what the call asks for so before it, and would POD say so? Then it cannot have done it.
    fn was_so(&self) -> bool {
        let was_so =
            self.call.before.as_ref().is_some_and(|before| before.prior == Prior::AlreadySo);
        was_so && self.evidence().is_some_and(Evidence::refuses_what_is_so)
    }

    fn evidence(&self) -> Option<Evidence> {
        self.call.capability.shown().map(|shown| shown.evidence)
    }

    /// Reads what the service's evidence asks for.
    async fn look(&mut self) -> Option<Proof> {
        let call = self.call;
        let Shown { evidence, form } = call.capability.shown()?;
        let Intended { at, restored, looked_for } = self.intended;
        // Whoever has sent it just now, or again, has been watching ever since.
        let is_late = looked_for && !restored && !self.sent_again;
        let attempt = Attempt {
            user: self.ctx.origin.user,
            business: self.ctx.origin.business,
            since: Instant(at),
            until: is_late.then(|| lands_until(at, self.ctx.landing_window)),
            now: self.ctx.clock.now(),
            // What was read just now may already be what the lost part of the journal did.
            before: self.call.before.as_deref().filter(|_| !restored),
        };
        let (traffic, sighting) = self.ctx.pod.look(evidence, form, attempt).await?;
        self.spent = self.spent.plus(Amounts::traffic(traffic));
        match sighting {
            Ok(Sighting { shows, proof }) => {
                self.show(shows);
                let is_explained = restored
                    && matches!(proof, Proof::Happened(_))
                    && self.is_explained(evidence, form).await;
                if is_explained {
                    self.show("another call in the journal explains that".to_owned());
                    return Some(Proof::NotSeen { may_have_gone_back: true });
                }
                Some(proof)
            }
            Err(reason) => {
                self.show(reason);
                None
            }
        }
    }

    /// Does another call in the journal explain what shows? If nobody can say, it may.
    async fn is_explained(&self, evidence: Evidence, form: &Form) -> bool {
        let objects = evidence.objects(form);
        let explained = self.ctx.recorder.is_explained(self.call.step, evidence, &objects);
        explained.await.unwrap_or(true)
    }

    fn show(&mut self, what: String) {
        if self.shown.last() != Some(&what) {
            self.shown.push(what);
        }
    }

    /// What was read, as the call's own answer.
    fn happened(&mut self, result: bytes::Bytes) -> Option<Returned> {
        let text = std::str::from_utf8(&result).ok();
        let read = text.and_then(|text| self.call.capability.decode(1, text).ok());
        let Some(value) = read else {
            self.show("it happened, but what it answered cannot be told".to_owned());
            return None;
        };
        Some(Returned { count: Some(1), result, value, reference_number: None })
    }

    async fn fresh_ott(&mut self) -> Option<Secret> {
        let exchange = self.ctx.pod.ott().await;
        self.spent = self.spent.plus(Amounts::traffic(exchange.traffic));
        exchange.outcome.ok()
    }

    async fn repeat(
        &mut self,
        ott: Option<Secret>,
    ) -> Result<Result<Returned, types::Error>, Error> {
        self.sent_again = true;
        let reply = self.next.call(self.ctx.clone(), Call { ott, ..self.call.clone() }).await?;
        self.spent = self.spent.plus(reply.spent);
        self.show(match &reply.outcome {
            Ok(_) => REPEATED.to_owned(),
            Err(error) => format!("sent again: {error}"),
        });
        match reply.outcome {
            Ok(answer) if self.is_anothers(&answer) => {
                Ok(Err(types::Error::OutcomeUnknown(anothers_answer())))
            }
            outcome => Ok(outcome),
        }
    }

    /// Is there anything to read, or to repeat?
    fn can_find_out(&self) -> bool {
        let shown = self.call.capability.shown();
        let can_be_read =
            shown.is_some_and(|shown| !shown.evidence.questions(shown.form).is_empty());
        let may_repeat = self.ctx.grant.may_repeat(&self.call.function);
        may_repeat || can_be_read || self.call.class() == Some(EffectClass::Idempotent)
    }

    /// How long ago the first attempt began.
    fn age(&self) -> Duration {
        Duration::from_millis(self.ctx.clock.now().0.saturating_sub(self.intended.at))
    }

    /// Is POD's refusal of a repeat the truth about the first attempt, too? Where the state is the
    /// fence, it is when nothing can land any more.
    fn may_be_believed(&self) -> bool {
        matches!(self.call.class(), Some(EffectClass::SelfFencing | EffectClass::Idempotent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::middleware::{
        Intend,
        fake::{Fake, NAME, context, done, error, pass, unknown},
    };

    fn lost(class: EffectClass) -> Arc<Fake> {
        Arc::new(Fake::mutation(class).failing([unknown()]))
    }

    #[tokio::test]
    async fn what_is_known_stays_as_it_is() {
        let ctx = Arc::new(context());
        let fake = Arc::new(Fake::mutation(EffectClass::NoEvidence));
        let reply = done(pass(&[&Intend, &Reconcile], &ctx, &fake).await);
        assert_eq!((reply.known_by, reply.evidence), (None, None));
        assert_eq!(fake.count(), 1);
    }

    #[tokio::test]
    async fn what_is_idempotent_is_sent_again() {
        let (ctx, fake) = (Arc::new(context()), lost(EffectClass::Idempotent));
        let reply = done(pass(&[&Intend, &Reconcile], &ctx, &fake).await);
        assert_eq!(fake.count(), 2);
        assert_eq!(reply.known_by, Some(KnownBy::Answered));
        assert_eq!(reply.evidence.as_deref(), Some(REPEATED));
        assert_eq!(reply.spent.calls, 2);
    }

    #[tokio::test]
    async fn what_nothing_tells_stays_unknown_and_is_not_sent_again() {
        let (ctx, fake) = (Arc::new(context()), lost(EffectClass::NoEvidence));
        let left = error(pass(&[&Intend, &Reconcile], &ctx, &fake).await);
        assert_eq!(left, unknown());
        assert_eq!(fake.count(), 1);
    }

    #[tokio::test]
    async fn what_the_operator_says_does_no_harm_is_sent_again() {
        let mut ctx = context();
        ctx.grant.repeatable = [NAME.to_owned()].into();
        let fake = lost(EffectClass::NoEvidence);
        done(pass(&[&Intend, &Reconcile], &Arc::new(ctx), &fake).await);
        assert_eq!(fake.count(), 2);
    }

    /// A host that stopped in between may have sent it: without a way to find out, it is left alone.
    #[tokio::test]
    async fn what_may_have_been_sent_before_a_crash_is_not_sent_blindly() {
        let (ctx, fake) = (Arc::new(context()), Arc::new(Fake::mutation(EffectClass::NoEvidence)));
        let intended = Some(Intended { at: 0, restored: false, looked_for: true });
        let call = Call { intended, ..Call::new(0, fake.clone()) };
        let left = error(Next::through(&[&Reconcile]).call(ctx, call).await);
        assert!(matches!(left, types::Error::OutcomeUnknown(_)), "{left}");
        assert_eq!(fake.count(), 0);
    }
}
