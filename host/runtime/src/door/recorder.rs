//! One run's entries: chained as they are noted, buffered until somebody needs them on the disk,
//! and folded into what the run has spent and done.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pod_platform::{Rial, types};

use crate::{
    Digest, Error,
    budget::{Amounts, Budget, Spent},
    journal::{Chain, Entry, Intent, Journal, Recorded},
    receipt::{Effect, Refusal},
};

pub(crate) struct Recorder {
    run: String,
    journal: Journal,
    state: Mutex<State>,
    /// Held while entries are on their way to the disk, so that they arrive in order.
    flushing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    chain: Chain,
    /// The sequence number of the first entry in `buffered`.
    first: u64,
    /// Encoded and hashed when they go to the disk: a read does not wait for that.
    buffered: Vec<Entry>,
    spent: Spent,
    intents: Vec<Intent>,
    effects: Vec<Effect>,
    refusals: Vec<Refusal>,
    doubtful: bool,
    last_mutation: Option<LastMutation>,
}

/// The last mutation that was intended, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct LastMutation {
    pub invoice: Option<u64>,
    /// None, as long as it is under way.
    pub recorded: Option<Recorded>,
    /// POD's reference number.
    pub reference: Option<String>,
}

impl Recorder {
    pub fn new(run: String, journal: Journal) -> Self {
        Self { run, journal, state: Mutex::default(), flushing: tokio::sync::Mutex::default() }
    }

    pub fn run(&self) -> &str {
        &self.run
    }

    /// Adds an entry to the chain. It is durable after the next [`Recorder::commit`].
    pub fn note(&self, entry: Entry) {
        let mut state = self.state();
        state.spent.fold(&entry);
        match &entry {
            Entry::Intent(intent) => {
                state.intents.push(intent.clone());
                state.last_mutation =
                    Some(LastMutation { invoice: intent.invoice, recorded: None, reference: None });
            }
            Entry::Outcome(outcome) => {
                let intent = state.intents.iter().position(|intent| intent.step == outcome.step);
                let intent = intent.map(|index| state.intents.swap_remove(index));
                if let (Some(_), Some(last)) = (&intent, &mut state.last_mutation) {
                    last.recorded = Some(outcome.recorded.clone());
                    last.reference.clone_from(&outcome.reference_number);
                }
                match &outcome.recorded {
                    Recorded::Done(_) => state.effects.extend(intent.map(|intent| Effect {
                        service: intent.service,
                        invoice: intent.invoice,
                        rials: Rial(outcome.spent.rials),
                        reference: outcome.reference_number.clone().unwrap_or_default(),
                    })),
                    Recorded::Refused(error) => {
                        if let Ok(types::Error::Denied(denial)) = serde_json::from_str(error) {
                            state
                                .refusals
                                .push(Refusal { function: denial.function, reason: denial.reason });
                        }
                    }
                    Recorded::Unknown(_) => state.doubtful = true,
                }
            }
            Entry::Started(_) | Entry::Decided(_) | Entry::Finished(_) => {}
        }
        state.buffered.push(entry);
    }

    /// Puts everything noted so far on the disk.
    pub async fn commit(&self) -> Result<(), Error> {
        let _in_order = self.flushing.lock().await;
        let (first, entries) = {
            let mut state = self.state();
            let noted = std::mem::take(&mut state.buffered);
            let entries: Vec<_> = noted.iter().map(|entry| state.chain.link(entry)).collect();
            let first = state.first;
            state.first += entries.len() as u64;
            (first, entries)
        };
        if entries.is_empty() {
            return Ok(());
        }
        self.journal.append(&self.run, first, entries).await
    }

    /// Does the budget still cover `needed`?
    pub fn check(&self, budget: &Budget, needed: Amounts) -> Result<(), types::Exhaustion> {
        self.state().spent.check(budget, needed)
    }

    /// What is left of the bytes to receive.
    pub fn bytes_down_left(&self, budget: &Budget) -> u64 {
        budget.bytes_down.saturating_sub(self.state().spent.total().bytes_down)
    }

    /// What the open intent of a step reserved.
    pub fn reserved(&self, step: u64) -> Amounts {
        let state = self.state();
        let intent = state.intents.iter().find(|intent| intent.step == step);
        intent.map(|intent| intent.reserved).unwrap_or_default()
    }

    pub fn spent(&self) -> Amounts {
        self.state().spent.settled()
    }

    pub fn effects(&self) -> Vec<Effect> {
        self.state().effects.clone()
    }

    pub fn refusals(&self) -> Vec<Refusal> {
        self.state().refusals.clone()
    }

    /// The last mutation that was intended.
    pub fn last_mutation(&self) -> Option<LastMutation> {
        self.state().last_mutation.clone()
    }

    /// Is there an effect of which nobody knows whether it happened?
    pub fn is_doubtful(&self) -> bool {
        let state = self.state();
        state.doubtful || !state.intents.is_empty()
    }

    /// The hash of the last entry on the disk.
    pub fn head(&self) -> Digest {
        self.state().chain.head()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
