//! What a run's entries come to: what it has spent and done, what of it is in doubt, how it ended.
//! Everything that is said of a run is read off this sum, whether the run goes on or is long over.

use std::collections::BTreeSet;

use pod_platform::{
    Rial,
    types::{self, PlatformErrorKind},
};

use super::{
    effect::{Effect, Named},
    entry::{Decided, Diverged, Entry, Finished, Intent, Outcome, Recorded, Settled, Started},
    receipt::{Doubt, Refusal, RunError, Settlement, Status},
    spent::{Change, Spent},
    words::{ASSUMED, FETCH},
};
use crate::grant::Amounts;

#[derive(Clone, Debug, Default)]
pub(crate) struct Projection {
    pub started: Option<Started>,
    pub decided: Option<Decided>,
    pub finished: Option<Finished>,
    pub diverged: Option<Diverged>,
    /// The journal was found to be an older copy, after everything that it had then.
    pub restored: bool,
    pub spent: Spent,
    pub effects: Vec<Effect>,
    pub refusals: Vec<Refusal>,
    pub settlements: Vec<Settlement>,
    /// What a dry run went by that was neither read nor stated.
    pub assumed: BTreeSet<String>,
    /// The platform did not answer some call, or did not know the account.
    pub met_outage: bool,
    /// Did it change anything: on the platform, on a merchant's server, or in what it stores?
    has_acted: bool,
    /// Intents without an outcome, or with an unknown one.
    open: Vec<Open>,
    /// Those of them that a person has decided.
    settled: Vec<Open>,
}

/// An intent of which nobody knows what came.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub intent: Intent,
    /// None, as long as it is under way.
    pub outcome: Option<Outcome>,
}

impl Projection {
    /// The sum of all of a run's entries.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut projection = Self::default();
        for entry in entries {
            projection.add(entry);
        }
        projection
    }

    /// Takes in one more entry.
    pub fn add(&mut self, entry: &Entry) -> Option<Change> {
        let change = self.spent.add(entry);
        match entry {
            Entry::Started(started) => self.started = Some((**started).clone()),
            Entry::Intent(intent) => {
                self.open.push(Open { intent: intent.clone(), outcome: None });
            }
            Entry::Outcome(outcome) => self.outcome(outcome),
            Entry::Decided(decided) => self.decided = Some(decided.clone()),
            Entry::Finished(finished) => {
                self.finished = Some(finished.clone());
                self.diverged = None;
            }
            Entry::Restored(_) => self.restored = true,
            Entry::Settled(settled) => self.settle(settled),
            Entry::Diverged(diverged) => self.diverged = Some(diverged.clone()),
            // They take nothing and do nothing.
            Entry::Looks(_) => {}
        }
        change
    }

    fn outcome(&mut self, outcome: &Outcome) {
        let is_of_intent = outcome.arguments.is_none();
        let is_refused = matches!(outcome.recorded, Recorded::Refused(_));
        self.has_acted |= (is_of_intent && !is_refused) || outcome.state.is_some();
        let assumed = outcome.evidence.as_deref().and_then(|text| text.strip_prefix(ASSUMED));
        self.assumed.extend(assumed.into_iter().flat_map(|all| all.split(", ")).map(str::to_owned));
        self.met_outage |= is_outage(outcome);
        let open = self.open.iter().position(|open| open.intent.step == outcome.step);
        match (&outcome.recorded, open) {
            (Recorded::Unknown(_), Some(open)) => self.open[open].outcome = Some(outcome.clone()),
            (Recorded::Unknown(_), None) => {}
            (Recorded::Done(_), open) => {
                let open = open.map(|open| self.open.remove(open));
                let changed = open.filter(|_| outcome.unchanged != Some(true));
                let effect = changed.map(|open| Effect::of(&open.intent, outcome));
                self.effects.extend(effect);
            }
            (Recorded::Refused(error), open) => {
                open.map(|open| self.open.remove(open));
                if let Ok(types::Error::Denied(denial)) = serde_json::from_str(error) {
                    let types::Denial { function, reason } = denial;
                    self.refusals.push(Refusal { function, reason });
                }
            }
        }
    }

    fn settle(&mut self, settled: &Settled) {
        let of_step = |open: &Open| open.intent.step == settled.step;
        let (open, corrects) = match self.open.iter().position(of_step) {
            Some(open) => (self.open.remove(open), false),
            None => match self.settled.iter().position(of_step) {
                Some(before) => (self.settled.remove(before), true),
                None => return,
            },
        };
        self.effects.retain(|effect| effect.step != settled.step);
        if settled.happened {
            self.effects.push(Effect::settled(&open.intent, settled));
        }
        self.settlements.push(Settlement {
            step: settled.step,
            happened: settled.happened,
            note: settled.note.clone(),
            at: settled.at,
            by: settled.by.clone(),
            reference: settled.reference_number.clone(),
            corrects,
        });
        self.settled.push(open);
    }

    /// The intents that were in doubt until a person decided.
    pub fn settled(&self) -> &[Open] {
        &self.settled
    }

    /// Did the run end because POD could not be reached, before it did anything? Then its key does not
    /// stand for anything yet.
    pub fn may_be_asked_again(&self) -> bool {
        let error = self.finished.as_ref().and_then(|finished| finished.error.as_deref());
        let error = error.and_then(|error| serde_json::from_str::<RunError>(error).ok());
        let is_trouble = error.is_some_and(|error| self.met_outage || error.is_of_the_platform());
        is_trouble && !self.is_policys_failure() && !self.has_acted && self.open.is_empty()
    }

    /// The intents of which nobody knows what came.
    pub fn open(&self) -> &[Open] {
        &self.open
    }

    /// The open intent of a step; none, if it has none.
    pub fn open_intent(&self, step: u64) -> Option<&Intent> {
        let open = self.open.iter().find(|open| open.intent.step == step);
        open.map(|open| &open.intent)
    }

    /// What the open intent of a step reserved; none, if it has none.
    pub fn reserved(&self, step: u64) -> Option<Amounts> {
        self.open_intent(step).map(|intent| intent.reserved)
    }

    /// The open intents, for people.
    pub fn doubts(&self) -> Vec<Doubt> {
        let doubt = |open: &Open| {
            let error = open.outcome.as_ref().map(|outcome| match &outcome.recorded {
                Recorded::Unknown(error) => serde_json::from_str(error).ok(),
                Recorded::Done(_) | Recorded::Refused(_) => None,
            });
            let (reason, reference) = match error.flatten() {
                Some(types::Error::OutcomeUnknown(doubt)) => (doubt.reason, doubt.reference_number),
                _ => ("the host stopped before it had an answer".to_owned(), None),
            };
            let Named { object, paid_from } = Named::of(&open.intent, None);
            Doubt {
                step: open.intent.step,
                service: open.intent.service.clone(),
                invoice: open.intent.invoice,
                object,
                paid_from,
                at_most: open.intent.at_most == Some(true),
                rials: Rial(open.intent.reserved.rials),
                since: open.intent.at,
                reason,
                reference,
                evidence: open.outcome.as_ref().and_then(|outcome| outcome.evidence.clone()),
            }
        };
        self.open.iter().map(doubt).collect()
    }

    /// How the run ended or, without its last entry, would have ended with this error.
    pub fn status(&self, error: Option<&RunError>) -> Status {
        match error {
            _ if !self.open.is_empty() => Status::UnknownOutcome,
            Some(RunError::PlanRefused { .. }) => Status::Refused,
            Some(_) => Status::Failed,
            None => Status::Done,
        }
    }

    /// Did the run end badly by its policy's own doing? Not if a call is in doubt or the platform did
    /// not answer, whatever the policy made of that; nor if its time ran out, which may have been
    /// spent waiting.
    pub fn is_policys_failure(&self) -> bool {
        let error = self.finished.as_ref().and_then(|finished| finished.error.as_deref());
        let error = error.and_then(|error| serde_json::from_str(error).ok());
        if !matches!(self.status(error.as_ref()), Status::Failed | Status::Refused) {
            return false;
        }
        match error {
            Some(RunError::PlanRefused { .. } | RunError::Trap { .. }) => true,
            Some(RunError::BudgetExhausted { meter, .. }) => meter != "wall",
            Some(RunError::Policy { .. } | RunError::Call { .. }) => !self.met_outage,
            Some(RunError::Host { .. }) | None => false,
        }
    }

    /// The status of a run that has ended, now that a doubt was settled.
    pub fn settled_status(&self) -> Option<Status> {
        let finished = self.finished.as_ref()?;
        let error = finished.error.as_ref().and_then(|error| serde_json::from_str(error).ok());
        Some(self.status(error.as_ref()))
    }
}

/// Does it tell of the platform, and not of what was asked? A merchant's own server is no part of the
/// platform.
fn is_outage(outcome: &Outcome) -> bool {
    if outcome.function == FETCH {
        return false;
    }
    match &outcome.recorded {
        Recorded::Done(_) => false,
        Recorded::Unknown(_) => true,
        Recorded::Refused(error) => match serde_json::from_str(error) {
            Ok(types::Error::Unavailable(_)) => true,
            Ok(types::Error::Platform(error)) => error.kind == PlatformErrorKind::InvalidToken,
            _ => false,
        },
    }
}
