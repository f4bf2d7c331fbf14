//! A call on its way out, and the reply on its way back.

use std::{any::Any, sync::Arc};

use bytes::Bytes;
use pod_platform::{Before, EffectClass, Secret, types};

use super::{
    capability::{Capability, Effect},
    history,
};
use crate::{
    crypto::Digest,
    grant::Amounts,
    journal::{KnownBy, StateChange},
};

/// A call on its way out.
#[derive(Clone)]
pub(crate) struct Call {
    /// Counts the run's calls from 0.
    pub step: u64,
    /// `interface.function`.
    pub function: String,
    /// What is called.
    pub capability: Arc<dyn Capability>,
    /// The form that the guest's request is sent as.
    pub arguments: Arc<str>,
    /// The digest of function and arguments.
    pub digest: Digest,
    /// What `charge` reserved.
    pub reserved: Amounts,
    /// Its rials are a ceiling: nobody could read how many are at stake.
    pub at_most: bool,
    /// Its intent, once it is written.
    pub intended: Option<Intended>,
    /// The one-time token that goes with the intent.
    pub ott: Option<Secret>,
    /// What was so before it, if it changes something that can be read.
    pub before: Option<Arc<Before>>,
}

/// A mutation's intent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intended {
    /// When the first attempt may have begun, in milliseconds since 1970.
    pub at: u64,
    /// Did it begin in a part of the journal that is lost, so that nobody knows when?
    pub restored: bool,
    /// May it have been sent already, so that it is looked for first?
    pub looked_for: bool,
}

impl Call {
    /// A call with the run's next step.
    pub fn new(step: u64, capability: Arc<dyn Capability>) -> Self {
        let function = capability.name().into_owned();
        let arguments = capability.arguments();
        Self {
            step,
            digest: Digest::of(&[function.as_bytes(), arguments.as_bytes()]),
            function,
            arguments: arguments.into(),
            capability,
            reserved: Amounts::default(),
            at_most: false,
            intended: None,
            ott: None,
            before: None,
        }
    }

    /// If it changes something on another machine: how a doubt about it is settled.
    pub fn class(&self) -> Option<EffectClass> {
        match self.capability.effect() {
            Effect::Mutation(class) => Some(class),
            Effect::Read | Effect::Store => None,
        }
    }

    /// Function and arguments, for people.
    pub fn asked(&self) -> String {
        history::asked(&self.function, &self.arguments)
    }
}

/// What a mutation that took effect moved.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Moved {
    /// Paid, earmarked, given back, forgiven, or turned into debt.
    pub rials: u64,
    /// It may have been less: nobody can read it.
    pub at_most: bool,
    /// It waits for somebody's confirmation.
    pub pending: bool,
    /// What POD answered was there before the call.
    pub nothing: bool,
}

/// What came back, and what it took.
pub(crate) struct Reply {
    pub outcome: Result<Returned, types::Error>,
    pub spent: Amounts,
    /// Of a call that was in doubt: what was found out.
    pub evidence: Option<String>,
    /// Of a call that was in doubt, and is not any more: how it is known what came of it.
    pub known_by: Option<KnownBy>,
    /// What it stored.
    pub state: Option<StateChange>,
    /// Of a mutation that took effect: what it moved.
    pub moved: Option<Moved>,
}

impl Reply {
    /// A refusal that took nothing.
    pub fn refused(error: types::Error) -> Self {
        Self::of(Err(error), Amounts::default())
    }

    /// What came of a call without doubts.
    pub fn of(outcome: Result<Returned, types::Error>, spent: Amounts) -> Self {
        Self { outcome, spent, evidence: None, known_by: None, state: None, moved: None }
    }
}

/// What a call that was done returned: for the journal as JSON, for the guest as the type that it
/// expects.
pub(crate) struct Returned {
    /// All matches of a list.
    pub count: Option<u64>,
    pub result: Bytes,
    pub value: Box<dyn Any + Send>,
    pub reference_number: Option<String>,
}

impl Returned {
    /// Of a function of the host's own.
    pub fn of<T: Send + 'static>(result: impl Into<Bytes>, value: T) -> Self {
        let value = Box::new(value);
        Self { count: None, result: result.into(), value, reference_number: None }
    }
}
