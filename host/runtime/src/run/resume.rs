//! Runs of the past: going on with one that was cut off, reading what one came to, and deciding what
//! became of a call that nobody can prove.

use futures_util::future::BoxFuture;
use pod_platform::{Attempt, Instant};

use super::{facts::Background, host::Host, spec::Task};
use crate::{
    door::{Account, Context, History, Lifetime, Origin, Pod, Recorder, lands_until},
    error::{Error, listed},
    journal::{Doubt, Entry, Open, Projection, Receipt, RunFilter, RunSummary, Settled, Started},
    redact::without_cards,
};

/// What a person decides of a call in doubt.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The call; none, if only one is in doubt. One that was decided before has to be named: what is
    /// decided now takes the place of that.
    pub step: Option<u64>,
    /// Did it take effect?
    pub happened: bool,
    /// POD's reference number, if the person found it.
    pub reference_number: Option<String>,
    /// Why, in the person's words.
    pub note: String,
    /// Who decides.
    pub by: String,
}

impl Host {
    /// The runs that were cut off and can go on, the oldest first.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<RunSummary>, Error> {
        let mut unfinished = Vec::new();
        for summary in self.journal().runs(&RunFilter::unfinished()).await? {
            // Its platform ended with its process.
            if summary.platform.is_none() {
                continue;
            }
            // A damaged one is told of when it is resumed.
            let entries = self.journal().entries(&summary.run).await.unwrap_or_default();
            let started = Projection::of(entries.iter().map(|stored| &stored.entry)).started;
            if !started.is_some_and(|started| started.is_dry_run()) {
                unfinished.push(summary);
            }
        }
        Ok(unfinished)
    }

    /// Goes on with a run that was cut off: it is executed again from its beginning, with the policy
    /// and under the grant that it began with; what its journal has is not done again. Answers the
    /// receipt of a run that has ended. Waits for a run that is going on in this process.
    ///
    /// # Errors
    /// [`Error::Diverged`] if it does not do again what it did; [`Error::NotResumable`] if it is a dry
    /// run, acts for another account, or its policy or its platform are gone.
    pub async fn resume(&self, run: &str, account: &Account) -> Result<Receipt, Error> {
        self.go_on(run, account).await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn go_on<'a>(
        &'a self,
        run: &'a str,
        account: &'a Account,
    ) -> BoxFuture<'a, Result<Receipt, Error>> {
        Box::pin(async move {
            let live = self.unless_stopped(self.live().take(run)).await?;
            let entries = self.journal().entries(run).await?;
            let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
            if projection.finished.is_some() {
                return self.signed(Receipt::of(run, &entries)?);
            }
            self.journal().check_trusted()?;
            let Projection { started, decided, restored, .. } = projection;
            let started = started.ok_or_else(|| Error::NoSuchRun(run.to_owned()))?;
            if started.is_dry_run() {
                let reason = "a dry run is run again instead: it has paid nothing".to_owned();
                return Err(Error::NotResumable { run: run.to_owned(), reason });
            }
            check_account(run, &started, account)?;

            let options = started.recorded_options();
            let policy = self.load_archived(run, &started, options.script_mode).await?;
            let background = Background::recorded(run, &started)?;
            let input = serde_json::from_str(&started.input).map_err(|error| {
                Error::Journal(format!("run {run}: its input cannot be read: {error}"))
            })?;
            let task = Task::of(&policy.inner, &background, &input, false)?;

            let pod = Pod::of(run, account)?;
            let sealed = self.journal().sealed(run).await?.into_iter();
            let otts =
                sealed.filter_map(|(step, sealed)| Some((step, pod.open(step, sealed)?))).collect();
            let history = History::of(&entries, otts);
            let grant = started.grant(run)?;
            let owner = started.owner();
            let place = self.queues().take(&owner, grant.budget.concurrent_runs);
            let _place = self.unless_stopped(place).await??;
            let journal = self.journal().clone();
            let recorder =
                Recorder::after(run.to_owned(), started.owner(), Some(journal), &entries);
            let context = self.context(run, &started, account, recorder, history);
            let context = Context {
                grant,
                pod,
                lifetime: Lifetime::new(self.stopping().clone(), Some(live)),
                origin: Origin { restored_since: restored.then_some(started.at), ..context.origin },
                ..context
            };
            self.execute(&policy.inner, &task, &started, context, decided).await
        })
    }

    /// The receipt of a run that has ended.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], or [`Error::NotResumable`] if it has not ended.
    pub async fn receipt(&self, run: &str) -> Result<Receipt, Error> {
        self.signed(Receipt::of(run, &self.journal().entries(run).await?)?)
    }

    /// The calls of a run that are in doubt, with what was found out about them so far.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn doubts(&self, run: &str) -> Result<Vec<Doubt>, Error> {
        let entries = self.journal().entries(run).await?;
        Ok(Projection::of(entries.iter().map(|stored| &stored.entry)).doubts())
    }

    /// Looks at the platform for what became of each call of a run that is in doubt. What is found
    /// is the doubts' evidence; nothing is changed.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn look(&self, run: &str, account: &Account) -> Result<Vec<Doubt>, Error> {
        let entries = self.journal().entries(run).await?;
        let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
        let started =
            projection.started.as_ref().ok_or_else(|| Error::NoSuchRun(run.to_owned()))?;
        let mut doubts = projection.doubts();
        let pod = Pod::of(run, account)?;
        for (doubt, open) in doubts.iter_mut().zip(projection.open()) {
            let Some(evidence) = open.intent.evidence() else { continue };
            let form = open.intent.form();
            let before = open.intent.state_before();
            let attempt = Attempt {
                user: started.user,
                business: started.business,
                since: Instant(open.intent.at),
                until: Some(lands_until(open.intent.at, self.landing_window())),
                now: self.time(account),
                before: before.as_ref(),
            };
            let looked = pod.look(evidence, &form, attempt);
            let Some((_, sighting)) = looked.await else { continue };
            doubt.evidence = Some(sighting.map_or_else(|reason| reason, |seen| seen.shows));
        }
        Ok(doubts)
    }

    /// Records what a person decided of a call in doubt. What was held for it is spent or free then.
    /// Decided again, the later decision counts, and both are kept. Card numbers
    /// in what is written of it are not.
    ///
    /// # Errors
    /// [`Error::NotInDoubt`] if there is no such call, or several and none is named, or nobody is
    /// named who decides, or it is not said how it is known.
    pub async fn settle(&self, run: &str, decision: Decision) -> Result<Receipt, Error> {
        self.journal().check_trusted()?;
        let _live = self.live().take(run).await;
        let entries = self.journal().entries(run).await?;
        let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
        let refuse = |reason: String| Error::NotInDoubt { run: run.to_owned(), reason };
        let started =
            projection.started.as_ref().ok_or_else(|| Error::NoSuchRun(run.to_owned()))?;
        if projection.finished.is_none() {
            return Err(refuse("it has not ended: it has to be resumed first".into()));
        }
        let Decision { step, happened, reference_number, note, by } = decision;
        if by.trim().is_empty() {
            return Err(refuse("who decides has to be named".into()));
        }
        if note.trim().is_empty() {
            return Err(refuse("how it is known has to be said".into()));
        }
        let step = decided_step(run, &projection, step)?;
        let journal = self.journal().clone();
        let recorder = Recorder::after(run.to_owned(), started.owner(), Some(journal), &entries);
        recorder.note(Entry::Settled(Settled {
            step,
            happened,
            reference_number: reference_number.map(without_cards),
            note: without_cards(note),
            at: self.clock().now().0,
            by: Some(without_cards(by.trim().to_owned())),
        }));
        recorder.commit().await?;
        self.receipt(run).await
    }
}

/// The call that is decided: one that is in doubt or, named, one that was decided before.
fn decided_step(run: &str, projection: &Projection, named: Option<u64>) -> Result<u64, Error> {
    let refuse = |reason: String| Err(Error::NotInDoubt { run: run.to_owned(), reason });
    let steps = |open: &[Open]| open.iter().map(|open| open.intent.step).collect::<Vec<_>>();
    let (open, settled) = (steps(projection.open()), steps(projection.settled()));
    match (named, open.as_slice()) {
        (Some(step), _) if open.contains(&step) || settled.contains(&step) => Ok(step),
        (Some(step), _) => refuse(format!("call {step} is not in doubt")),
        (None, [step]) => Ok(*step),
        (None, []) if settled.is_empty() => refuse("nothing of it is in doubt".to_owned()),
        (None, []) => refuse(format!(
            "nothing of it is in doubt any more; to correct what was decided, name its call: {}",
            listed(&settled)
        )),
        (None, several) => {
            Err(Error::SeveralInDoubt { run: run.to_owned(), steps: several.to_vec() })
        }
    }
}

/// A run belongs to one account on one platform.
fn check_account(run: &str, started: &Started, account: &Account) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::NotResumable { run: run.to_owned(), reason });
    if started.account != account.name {
        return refuse(format!(
            "it acts for the account `{}`, not for `{}`",
            started.account, account.name
        ));
    }
    match (&started.platform, &account.platform) {
        (None, _) => refuse("its platform ended with the process that it ran in".to_owned()),
        (Some(then), Some(now)) if then == now => Ok(()),
        (Some(then), _) => refuse(format!("it acts on the platform {then}")),
    }
}
