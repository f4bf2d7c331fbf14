//! One run's entries: chained as they are noted, buffered until somebody needs them on the disk,
//! and added up.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pod_platform::{Evidence, types};

use crate::{
    crypto::Digest,
    error::Error,
    grant::{Amounts, Budget, Day, budget},
    journal::{
        Append, AppendError, Chain, Change, Claims, Entry, Index, Intent, Journal, Outcome, Owner,
        Projection, Recorded, SharedUsage, StoredEntry, Taken, Writing, together,
    },
};

pub(crate) struct Recorder {
    run: String,
    /// Whose invoices it claims, whose allowances it uses.
    owner: Owner,
    /// What all runs of the owner have used together.
    usage: SharedUsage,
    /// What all runs are about. None: nothing is claimed (a replay).
    claims: Option<Arc<Claims>>,
    /// None: nothing is written (a replay).
    journal: Option<(Journal, Writing)>,
    state: Mutex<State>,
    /// Held while entries are on their way to the disk, so that they arrive in order.
    flushing: tokio::sync::Mutex<()>,
}

/// What a call has reserved that has no entry yet.
#[derive(Clone, Copy)]
struct Reservation {
    day: Day,
    amounts: Amounts,
}

#[derive(Default)]
struct State {
    chain: Chain,
    /// The sequence number of the first entry in `buffered`.
    first: u64,
    /// Encoded and hashed when they go to the disk: a read does not wait for that.
    buffered: Vec<Entry>,
    sealed: Option<(u64, Vec<u8>)>,
    projection: Projection,
    reservation: Option<Reservation>,
    /// The step of a call that has claimed what it is about.
    claimed: Option<u64>,
    /// The days whose use the buffered entries change.
    days: BTreeSet<Day>,
    last_mutation: Option<LastMutation>,
    /// Why entries could not be written. After that none is: the chain would have a hole.
    failed: Option<AppendError>,
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
    /// Of a run that begins.
    pub fn new(run: String, owner: Owner, journal: Journal) -> Self {
        Self {
            run,
            usage: journal.usage(&owner),
            claims: Some(journal.claims().clone()),
            owner,
            journal: Some(entered(journal)),
            state: Mutex::default(),
            flushing: tokio::sync::Mutex::default(),
        }
    }

    /// Of a run that goes on after these entries; without a journal, nothing more is written.
    pub fn after(
        run: String,
        owner: Owner,
        journal: Option<Journal>,
        entries: &[StoredEntry],
    ) -> Self {
        let state = State {
            chain: entries.last().map_or_else(Chain::default, |last| Chain::after(last.hash)),
            first: entries.len() as u64,
            projection: Projection::of(entries.iter().map(|stored| &stored.entry)),
            ..State::default()
        };
        Self {
            run,
            usage: journal.as_ref().map(|journal| journal.usage(&owner)).unwrap_or_default(),
            claims: journal.as_ref().map(|journal| journal.claims().clone()),
            owner,
            journal: journal.map(entered),
            state: Mutex::new(state),
            flushing: tokio::sync::Mutex::default(),
        }
    }

    /// What the run uses from now on is used by nobody, and what it claims is free for others.
    pub fn alone(mut self) -> Self {
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.usage = SharedUsage::new(Mutex::new(usage));
        self.claims = Some(Arc::default());
        self
    }

    /// The journal, and whose part of it is this run's.
    pub fn journal(&self) -> Option<(&Journal, &Owner)> {
        self.journal.as_ref().map(|(journal, _)| (journal, &self.owner))
    }

    pub fn run(&self) -> &str {
        &self.run
    }

    /// Adds an entry to the chain. It is durable after the next [`Recorder::commit`].
    pub fn note(&self, entry: Entry) {
        let mut state = self.state();
        let change = state.projection.add(&entry);
        if let Some(change) = change {
            state.days.insert(change.day);
        }
        if change.is_some() || matches!(entry, Entry::Finished(_)) {
            self.account(&mut state, change);
        }
        match &entry {
            Entry::Intent(intent) => state.last_mutation = Some(LastMutation::of(intent, None)),
            Entry::Outcome(outcome) if outcome.arguments.is_none() => {
                if let Some(last) = &mut state.last_mutation {
                    last.recorded = Some(outcome.recorded.clone());
                    last.reference.clone_from(&outcome.reference_number);
                }
            }
            Entry::Settled(settled) => {
                self.release(settled.step);
            }
            _ => {}
        }
        if let Entry::Outcome(outcome) = &entry
            && outcome.is_known()
            && (outcome.arguments.is_none() || state.claimed == Some(outcome.step))
        {
            state.claimed = None;
            self.release(outcome.step);
        }
        state.buffered.push(entry);
    }

    /// Keeps the one-time token of an intent beside it, sealed.
    pub fn keep_sealed(&self, step: u64, sealed: Vec<u8>) {
        self.state().sealed = Some((step, sealed));
    }

    /// A mutation of the past is executed again.
    pub fn recall(&self, intent: &Intent, outcome: Option<&Outcome>) {
        self.state().last_mutation = Some(LastMutation::of(intent, outcome));
    }

    /// Claims what a call is about, until it is known what came of it.
    pub fn claim(&self, objects: &[String], step: u64) -> Result<(), Taken> {
        let Some(claims) = &self.claims else { return Ok(()) };
        if objects.is_empty() {
            return Ok(());
        }
        claims.claim(&self.owner.claimant, objects, &self.run, step)?;
        self.state().claimed = Some(step);
        Ok(())
    }

    /// Does another call in the journal explain what shows of these things?
    pub async fn is_explained(
        &self,
        step: u64,
        evidence: Evidence,
        objects: &[String],
    ) -> Result<bool, Error> {
        let Some((journal, owner)) = self.journal() else { return Ok(false) };
        let platform = owner.claimant.platform();
        journal.did_another((&self.run, step), platform, evidence, objects).await
    }

    /// Has another call of this run been answered with this reference number?
    pub fn is_anothers_reference(&self, step: u64, reference: &str) -> bool {
        let state = self.state();
        let mut effects = state.projection.effects.iter();
        !reference.is_empty()
            && effects.any(|effect| effect.step != step && effect.reference == reference)
    }

    /// It is known what came of a call.
    fn release(&self, step: u64) {
        if let Some(claims) = &self.claims {
            claims.release(&self.run, step);
        }
    }

    /// Puts everything noted so far on the disk.
    pub async fn commit(&self) -> Result<(), Error> {
        self.try_commit().await.map_err(Error::from)
    }

    /// Like [`Recorder::commit`], and tells a key that is taken from a disk that fails.
    pub async fn try_commit(&self) -> Result<(), AppendError> {
        let Some((journal, _)) = &self.journal else { return Ok(()) };
        let _in_order = self.flushing.lock().await;
        let append = {
            let mut state = self.state();
            if let Some(failed) = &state.failed {
                return Err(failed.clone());
            }
            let noted = std::mem::take(&mut state.buffered);
            let mut index: Vec<Index> = noted.iter().filter_map(Index::of).collect();
            // A run settles and ends last, so what all entries come to is what these come to.
            let sums = noted.iter().flat_map(|entry| Index::of_sum(entry, &state.projection));
            index.extend(sums.collect::<Vec<_>>());
            let noted = together(noted);
            let append = Append {
                run: self.run.clone(),
                first: state.first,
                entries: noted.iter().map(|entry| state.chain.link(entry)).collect(),
                index,
                usage: std::mem::take(&mut state.days)
                    .into_iter()
                    .map(|day| (day, state.projection.spent.on(day)))
                    .collect(),
                sealed: state.sealed.take(),
            };
            state.first += append.entries.len() as u64;
            append
        };
        if append.entries.is_empty() {
            return Ok(());
        }
        let written = journal.append(append).await;
        if let Err(error) = &written {
            self.state().failed = Some(error.clone());
        }
        written
    }

    /// Do the run's budget and the allowances still cover `needed`?
    pub fn check(
        &self,
        budget: &Budget,
        day: Day,
        needed: Amounts,
    ) -> Result<(), types::Exhaustion> {
        let state = self.state();
        state.check(budget, needed)?;
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.check(budget, day, needed)
    }

    /// Reserves `needed` until the call has an entry.
    pub fn reserve(
        &self,
        budget: &Budget,
        day: Day,
        needed: Amounts,
    ) -> Result<(), types::Exhaustion> {
        let mut state = self.state();
        state.check(budget, needed)?;
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.reservation.unwrap_or(Reservation { day, amounts: Amounts::default() });
        usage.reserve(budget, before.day, needed)?;
        let amounts = before.amounts.plus(needed);
        state.reservation = Some(Reservation { amounts, ..before });
        Ok(())
    }

    /// What is left of a budget, for this run.
    pub fn left(&self, budget: &Budget, day: Day) -> Amounts {
        let state = self.state();
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        budget::left(budget, state.projection.spent.total(), usage.on(day), usage.ever())
    }

    /// What a call reserved gives way to what its entry says.
    fn account(&self, state: &mut State, change: Option<Change>) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Reservation { day, amounts }) = state.reservation.take() {
            usage.change(Change { day, instead_of: amounts, now: Amounts::default() });
        }
        if let Some(change) = change {
            usage.change(change);
        }
    }

    /// What the open intent of a step reserved; none, if it has none.
    pub fn reserved(&self, step: u64) -> Option<Amounts> {
        self.state().projection.reserved(step)
    }

    /// The open intent of a step; none, if it has none.
    pub fn open_intent(&self, step: u64) -> Option<Intent> {
        self.state().projection.open_intent(step).cloned()
    }

    /// The last mutation that was intended.
    pub fn last_mutation(&self) -> Option<LastMutation> {
        self.state().last_mutation.clone()
    }

    /// What all entries come to.
    pub fn projection(&self) -> Projection {
        self.state().projection.clone()
    }

    /// The hash of the last entry that was given to the disk.
    pub fn head(&self) -> Digest {
        self.state().chain.head()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, budget: &Budget, needed: Amounts) -> Result<(), types::Exhaustion> {
        let reserved = self.reservation.map(|reservation| reservation.amounts);
        self.projection.spent.check(budget, reserved.unwrap_or_default().plus(needed))
    }
}

impl Drop for Recorder {
    /// A call that was cut off has no entry.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let (Some(claims), Some(step)) = (&self.claims, state.claimed)
            && state.projection.reserved(step).is_none()
        {
            claims.release(&self.run, step);
        }
        if let Some(Reservation { day, amounts }) = state.reservation.take() {
            let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
            usage.change(Change { day, instead_of: amounts, now: Amounts::default() });
        }
    }
}

fn entered(journal: Journal) -> (Journal, Writing) {
    let writing = journal.enter();
    (journal, writing)
}

impl LastMutation {
    fn of(intent: &Intent, outcome: Option<&Outcome>) -> Self {
        Self {
            invoice: intent.invoice,
            recorded: outcome.map(|outcome| outcome.recorded.clone()),
            reference: outcome.and_then(|outcome| outcome.reference_number.clone()),
        }
    }
}
