//! A capability that answers the layers whatever a test has it answer, and notes what came of that.

use std::{
    any::Any,
    borrow::Cow,
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use pod_platform::{Accepts, EffectClass, Exchange, Request, Rial, Secret, Traffic, types};
use tokio::sync::Semaphore;

use super::{Layer, Next};
use crate::{
    door::{
        call::{Call, Reply, Returned},
        capability::{Appraisal, Capability, Cost, Counted, Effect},
        context::Context,
        pod::{Platform, Pod, Sent},
    },
    error::Error,
    grant::{Amounts, Budget, Grant},
};

/// How grants and journals name it.
pub const NAME: &str = "fake.do-it";

/// A call of it.
pub struct Fake {
    pub effect: Effect,
    pub needs_grant: bool,
    pub denied: Option<&'static str>,
    pub cost: Option<Cost>,
    /// The rials at stake, or why nobody can tell.
    pub rials: Result<Rial, &'static str>,
    /// Why the platform cannot be asked for them.
    pub trouble: Option<&'static str>,
    pub needs_ott: bool,
    pub is_retried: bool,
    /// What its attempts come to, the first one first; more of them are done.
    pub outcomes: Mutex<VecDeque<types::Error>>,
    /// Attempts wait for a permit of it.
    pub gate: Semaphore,
    /// Its attempts.
    pub attempts: Mutex<Vec<Attempt>>,
}

/// What was so when it was performed.
#[derive(Debug)]
pub struct Attempt {
    pub reserved: Amounts,
    pub at_most: bool,
    pub has_intent: bool,
    pub ott: Option<Secret>,
}

impl Default for Fake {
    /// A read that costs nothing.
    fn default() -> Self {
        Self {
            effect: Effect::Read,
            needs_grant: true,
            denied: None,
            cost: None,
            rials: Ok(Rial::ZERO),
            trouble: None,
            needs_ott: false,
            is_retried: false,
            outcomes: Mutex::default(),
            gate: Semaphore::new(100),
            attempts: Mutex::default(),
        }
    }
}

impl Fake {
    /// It changes something on another machine.
    pub fn mutation(class: EffectClass) -> Self {
        let needed = Amounts { calls: 1, ..Amounts::default() };
        let cost = Some(Cost { needed, looks_up: false });
        Self { effect: Effect::Mutation(class), cost, ..Self::default() }
    }

    /// Its attempts come to these errors, before one is done.
    pub fn failing(self, errors: impl IntoIterator<Item = types::Error>) -> Self {
        Self { outcomes: Mutex::new(errors.into_iter().collect()), ..self }
    }

    /// How often it was performed.
    pub fn count(&self) -> usize {
        self.attempts.lock().expect("no attempt panicked").len()
    }

    /// Its only attempt.
    pub fn attempt(&self) -> Attempt {
        let mut attempts = self.attempts.lock().expect("no attempt panicked");
        assert_eq!(attempts.len(), 1, "{attempts:?}");
        attempts.remove(0)
    }
}

impl Capability for Fake {
    fn name(&self) -> Cow<'static, str> {
        NAME.into()
    }

    fn arguments(&self) -> String {
        "thing=7".to_owned()
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    fn needs_grant(&self) -> bool {
        self.needs_grant
    }

    fn denied(&self, _: &Context) -> Option<String> {
        self.denied.map(str::to_owned)
    }

    fn counted(&self) -> Counted {
        Counted::Budget
    }

    fn cost(&self, _: &Context) -> Option<Cost> {
        self.cost
    }

    fn perform<'a>(
        &'a self,
        ctx: &'a Context,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            self.attempts.lock().expect("no attempt panicked").push(Attempt {
                reserved: call.reserved,
                at_most: call.at_most,
                has_intent: ctx.recorder.open_intent(call.step).is_some(),
                ott: call.ott.clone(),
            });
            self.gate.acquire().await.expect("nobody closes it").forget();
            let spent = Amounts { calls: 1, ..Amounts::default() };
            let outcome = self.outcomes.lock().expect("no attempt panicked").pop_front();
            Ok(Reply::of(outcome.map_or_else(|| Ok(Returned::of("true", true)), Err), spent))
        })
    }

    fn decode(&self, _: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        Ok(Box::new(serde_json::from_str::<bool>(text)?))
    }

    fn needs_ott(&self) -> bool {
        self.needs_ott
    }

    fn is_retried(&self) -> bool {
        self.is_retried
    }

    fn appraise<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Appraisal> {
        let rials = self.rials.map_err(str::to_owned);
        let trouble = self.trouble.map(str::to_owned);
        ready(Appraisal { trouble, ..Appraisal::without_asking(rials) }).boxed()
    }
}

/// A platform that knows no service, and gives one-time tokens away.
struct NoServices;

impl Platform for NoServices {
    fn send<'a>(
        &'a self,
        _: &'a Request,
        _: Option<&'a Secret>,
        _: Accepts<'a>,
    ) -> BoxFuture<'a, Sent> {
        ready(Sent::nothing(unavailable())).boxed()
    }

    fn ott(&self) -> BoxFuture<'_, Exchange<Secret>> {
        let outcome = Ok(Secret::new("a one-time token"));
        ready(Exchange { traffic: Traffic::default(), outcome }).boxed()
    }
}

/// A run that is granted the fake, ten calls and a hundred rials.
pub fn context() -> Context {
    let budget = Budget { rial: Rial(100), calls: 10, ..Budget::default() };
    let grant = Grant { functions: [NAME.to_owned()].into(), budget, ..Grant::default() };
    let context = Context::detached(grant);
    Context { pod: Pod::of_tests(Box::new(NoServices)), ..context }
}

/// Lets the fake pass these layers as the run's next call.
pub async fn pass(
    layers: &'static [&'static dyn Layer],
    ctx: &Arc<Context>,
    fake: &Arc<Fake>,
) -> Result<Reply, Error> {
    let call = Call::new(ctx.steps.take(), fake.clone());
    Next::through(layers).call(ctx.clone(), call).await
}

/// Why a reply is an error.
pub fn error(reply: Result<Reply, Error>) -> types::Error {
    match reply.expect("the run goes on").outcome {
        Ok(_) => panic!("it was done"),
        Err(error) => error,
    }
}

/// That it was done.
pub fn done(reply: Result<Reply, Error>) -> Reply {
    let reply = reply.expect("the run goes on");
    if let Err(error) = &reply.outcome {
        panic!("it was not done: {error}");
    }
    reply
}

/// That nothing was sent.
pub fn unavailable() -> types::Error {
    types::Error::Unavailable("nobody answers".to_owned())
}

/// That nobody knows what came of it.
pub fn unknown() -> types::Error {
    let reason = "the answer was lost".to_owned();
    types::Error::OutcomeUnknown(types::Doubt { reason, reference_number: None })
}
