//! What can be called through the door, one file each. The layers ask a call's capability the questions
//! of [`Capability`], and do not know which one it is.

mod budget;
mod clock;
pub(super) mod http;
mod list;
mod pod;
mod random;
pub(super) mod store;

use std::{any::Any, borrow::Cow, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use pod_platform::{Before, EffectClass, Evidence, Rial, Traffic, types, wire::form::Form};

use budget::GetRemainingBudget;
pub(super) use clock::{NAME as NOW, Now};
use http::Fetch;
pub(crate) use list::{CapabilityVisitor, visit_capabilities};
pub(super) use pod::PodCall;
pub(super) use random::GetRandom;

use super::{
    call::{Call, Reply},
    context::Context,
};
use crate::{error::Error, grant::Amounts};

/// What an answer to a call that changes something may take: it is small, and one that is cut off
/// would leave a doubt.
const MUTATION_BYTES_DOWN: u64 = 64 * 1024;

/// What a call does to the world.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Effect {
    /// Nothing.
    Read,
    /// It may change what the policy has stored: alone, and kept at once.
    Store,
    /// It changes something on another machine. How a doubt about that is settled.
    Mutation(EffectClass),
}

/// What counts a call, so that there is an end to them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    /// The budget: it is sent.
    Budget,
    /// Its entry in the journal.
    Entry,
    /// Its part of an entry that it shares with others of its kind.
    Look,
}

/// What a call takes, as far as it is known before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// But for the rials that [`Capability::appraise`] finds.
    pub needed: Amounts,
    /// Does it take calls to POD to find those?
    pub looks_up: bool,
}

/// What was read before a call.
pub(crate) struct Appraisal {
    /// What reading it took.
    pub traffic: Traffic,
    /// The rials at stake, or why nobody can tell.
    pub rials: Result<Rial, String>,
    /// Why the grant does not allow to act on what this business issued.
    pub denied: Option<String>,
    /// Does somebody else issue what the rials are owed for? Its issuer may reduce it at any time.
    pub is_anothers: bool,
    /// Was it reduced at some time?
    pub was_reduced: bool,
    /// What is so before the call.
    pub before: Option<Before>,
    /// Why the platform could not be asked: the call is not sent then.
    pub trouble: Option<String>,
}

impl Appraisal {
    /// Of what nobody had to be asked about.
    pub fn without_asking(rials: Result<Rial, String>) -> Self {
        Self {
            traffic: Traffic::default(),
            rials,
            denied: None,
            is_anothers: false,
            was_reduced: false,
            before: None,
            trouble: None,
        }
    }
}

/// How the effect of a call shows on the platform.
pub(crate) struct Shown<'a> {
    pub evidence: Evidence,
    /// What is sent.
    pub form: &'a Form,
}

/// A call of one capability, with its arguments.
pub(crate) trait Capability: Send + Sync {
    /// How grants and journals name the function: `interface.function`.
    fn name(&self) -> Cow<'static, str>;

    /// The arguments as journals have them: a form, URL-encoded.
    fn arguments(&self) -> String;

    /// What it does to the world.
    fn effect(&self) -> Effect {
        Effect::Read
    }

    /// Must the grant name it?
    fn needs_grant(&self) -> bool {
        true
    }

    /// Why its arguments are not granted, as far as that can be told without asking the platform.
    fn denied(&self, _: &Context) -> Option<String> {
        None
    }

    /// What counts it.
    fn counted(&self) -> Counted;

    /// What it takes of the budget. None: nothing.
    fn cost(&self, _: &Context) -> Option<Cost> {
        None
    }

    /// Does it, once. The outer error ends the run.
    fn perform<'a>(
        &'a self,
        ctx: &'a Context,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Reply, Error>>;

    /// Reads what it returned, as the journal has it; of a list, with the number of all its matches.
    fn decode(&self, count: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>>;

    // What follows is asked of what changes something on another machine.

    /// How receipts name what it does.
    fn service(&self) -> Cow<'static, str> {
        self.name()
    }

    /// The invoice that it pays, reduces or cancels.
    fn invoice(&self) -> Option<u64> {
        None
    }

    /// Does it take a one-time token?
    fn needs_ott(&self) -> bool {
        false
    }

    /// How its effect shows. None: it does not.
    fn shown(&self) -> Option<Shown<'_>> {
        None
    }

    /// Is it tried again if it was certainly not sent?
    fn is_retried(&self) -> bool {
        false
    }

    /// Reads what it puts at stake, and what is so before it.
    fn appraise<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Appraisal> {
        ready(Appraisal::without_asking(Ok(Rial::ZERO))).boxed()
    }

    /// The same call with our mark on what it makes, if it gets one.
    fn marked(&self, _: &Context, _step: u64) -> Result<Option<Arc<dyn Capability>>, types::Error> {
        Ok(None)
    }

    /// Adds to its reply what it moved, once it took effect. What is at stake may have changed since it
    /// was read if somebody else issued it.
    fn weigh<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Call,
        _is_anothers: bool,
        _: &'a mut Reply,
    ) -> BoxFuture<'a, ()> {
        ready(()).boxed()
    }
}
