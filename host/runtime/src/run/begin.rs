//! One run, from its first entry to its receipt.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::{
    execution::{Executed, Execution},
    facts::Background,
    host::Host,
    idempotency::check_key,
    spec::{RunOptions, Task},
};
use crate::{
    contract::Recorded,
    crypto::Digest,
    door::{
        Account, Context, Egress, History, HttpSecrets, Lifetime, Memory, Origin, Pod, Recorder,
        Steps,
    },
    error::{Error, Stopped},
    grant::{Grant, Scope},
    journal::{
        AppendError, Claimant, Decided, Entry, Finished, Owner, Projection, Receipt,
        RecordedOptions, RunError, RunFilter, Started,
    },
    policy::{Loaded, Policy},
};

impl Host {
    /// Runs a policy for an account, granted what it asks for, and tells what came of it. Whatever
    /// goes wrong inside the run stands in the receipt.
    ///
    /// # Errors
    /// If the run could not be begun or its end not be journalled.
    pub async fn run(
        &self,
        policy: &Policy,
        account: &Account,
        input: Value,
    ) -> Result<Receipt, Error> {
        self.run_with(policy, account, RunOptions { input, ..RunOptions::default() }).await
    }

    /// Like [`Host::run`], with options.
    ///
    /// # Errors
    /// If the run could not be begun or its end not be journalled; [`Error::KeyTaken`] if its key
    /// stands for another request; [`Error::StoreIsOlder`] if the store has lost something, and nobody
    /// said that it is to be trusted.
    pub async fn run_with(
        &self,
        policy: &Policy,
        account: &Account,
        options: RunOptions,
    ) -> Result<Receipt, Error> {
        self.begin(policy, account, options).await
    }

    /// Boxed, so that it is compiled here, and not once more in each program that uses it.
    fn begin<'a>(
        &'a self,
        policy: &'a Policy,
        account: &'a Account,
        options: RunOptions,
    ) -> BoxFuture<'a, Result<Receipt, Error>> {
        Box::pin(async move {
            let loaded = &*policy.inner;
            let is_dry = options.dry_run;
            // What is on a platform that ends with this process is nobody's money.
            if !is_dry && (account.platform.is_some() || options.key.is_some()) {
                self.journal().check_trusted()?;
            }
            if is_dry && options.key.is_some() {
                let message = "a dry run has no key: it pays nothing, so it may be run any number of \
                           times, and the key is left for the run that pays";
                return Err(Error::Input(message.into()));
            }
            if let Some(key) = &options.key {
                check_key(key)?;
            }
            let background = Background::of(account);
            let needs_plan = options.plan_only || options.on_failure.is_some();
            let task = Task::of(loaded, &background, &options.input, needs_plan)?;
            let (started, grant) = self.started(loaded, account, background, &task, options);
            if let Some(key) = &started.key
                && let Some(first) =
                    self.journal().keyed(&account.name, &started.policy, key).await?
            {
                return self.again(&first, &started, account).await;
            }

            self.check_not_paused(&started).await?;
            let owner = started.owner();
            let slot = self.queues().take(&owner, grant.budget.concurrent_runs);
            let _slot = self.unless_stopped(slot).await??;
            let run = uuid::Uuid::now_v7().to_string();
            let live = self.live().take(&run).await;
            let recorder = Recorder::new(run.clone(), started.owner(), self.journal().clone());
            recorder.note(Entry::Started(Box::new(started.clone())));
            if started.key.is_some() {
                match recorder.try_commit().await {
                    // Somebody else began it just now.
                    Err(AppendError::KeyTaken(first)) => {
                        drop(live);
                        return self.again(&first, &started, account).await;
                    }
                    written => written?,
                }
            }
            let context = Context {
                grant,
                pod: Pod::of(&run, account)?,
                lifetime: Lifetime::new(self.stopping().clone(), Some(live)),
                ..self.context(&run, &started, account, recorder, History::default())
            };
            let context = match is_dry {
                true => context.dry(account, &task.facts.stated).await?,
                false => context,
            };
            self.execute(loaded, &task, &started, context, None).await
        })
    }

    /// Is the policy still run, or has it failed too often?
    async fn check_not_paused(&self, started: &Started) -> Result<(), Error> {
        let (Some(runs), Some(_)) = (self.pause_after(), &started.platform) else {
            return Ok(());
        };
        let kept = started.kept.as_deref().unwrap_or_default();
        match self.journal().failed_since(&started.owner(), kept, runs).await? {
            None => Ok(()),
            Some(last) => {
                let (policy, account) = (started.policy.clone(), started.account.clone());
                tracing::warn!(policy, account, runs, "a policy that keeps failing is paused");
                Err(Error::Paused { policy, account, runs, last })
            }
        }
    }

    /// Lets a policy go on that was paused because it kept failing. A run of it says which policy it
    /// is, and for which account and platform.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], or if the journal cannot be written.
    pub async fn unpause(&self, run: &str) -> Result<(), Error> {
        let filter = RunFilter { run: Some(run.to_owned()), ..RunFilter::default() };
        self.journal().check_trusted()?;
        let runs = self.journal().runs(&filter).await?;
        let found = runs.into_iter().find(|summary| summary.run == run);
        let found = found.ok_or_else(|| Error::NoSuchRun(run.to_owned()))?;
        let claimant = Claimant::new(&found.account, found.platform.as_deref());
        let owner = Owner { claimant, policy: found.policy };
        self.journal().unpause(&owner, self.clock().now().0).await
    }

    /// The run that was begun under the key of this request: its receipt, once it has one.
    async fn again(&self, run: &str, asked: &Started, account: &Account) -> Result<Receipt, Error> {
        let entries = self.journal().entries(run).await?;
        let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
        let is_same =
            |begun: &Started| (begun.request, &begun.platform) == (asked.request, &asked.platform);
        if !projection.started.as_ref().is_some_and(is_same) {
            let key = asked.key.clone().unwrap_or_default();
            return Err(Error::KeyTaken { key, run: run.to_owned() });
        }
        self.resume(run, account).await
    }

    /// What the journal says of a run's beginning, and what the run may do.
    fn started(
        &self,
        policy: &Loaded,
        account: &Account,
        background: Background,
        task: &Task<'_>,
        options: RunOptions,
    ) -> (Started, Grant) {
        let RunOptions { input, grant, plan_only, on_failure, language, key, dry_run } = options;
        let grant = grant.unwrap_or_else(|| policy.asks.clone());
        let input = input.to_string();
        let recorded = RecordedOptions {
            plan_only,
            on_failure: on_failure.unwrap_or(policy.on_failure),
            language,
            script_mode: policy.mode,
            dry_run,
        };
        let options = json!(recorded).to_string();
        let Background { operator, platform, .. } = background;
        let stated = Recorded { operator, platform, used: task.facts.listed.clone() };
        let started = Started {
            policy: policy.identity.name.clone(),
            version: policy.identity.version.clone(),
            world: policy.world.name().to_owned(),
            component: policy.component,
            script: policy.script.as_ref().map(|_| policy.identity.digest),
            account: account.name.clone(),
            request: key.is_some().then(|| {
                Digest::of(&[policy.kept.as_bytes(), input.as_bytes(), options.as_bytes()])
            }),
            key,
            input,
            allowed: grant.functions.iter().cloned().collect(),
            budget: json!(grant.budget).to_string(),
            host: env!("CARGO_PKG_VERSION").to_owned(),
            at: self.time(account).0,
            platform: account.platform.clone(),
            business: account.business,
            user: account.user,
            options: Some(options),
            stated: Some(json!(stated).to_string()),
            kept: Some(policy.kept.clone()),
            repeatable: (!grant.repeatable.is_empty())
                .then(|| grant.repeatable.iter().cloned().collect()),
            entry: Some(policy.path.display().to_string()),
            scope: (grant.scope != Scope::default()).then(|| json!(grant.scope).to_string()),
        };
        (started, grant)
    }

    /// The time on an account's platform.
    pub(crate) fn time(&self, account: &Account) -> pod_platform::Instant {
        account.clock.as_ref().unwrap_or_else(|| self.clock()).now()
    }

    /// What a run's calls have in common, without a platform and without a grant.
    pub(crate) fn context(
        &self,
        run: &str,
        started: &Started,
        account: &Account,
        recorder: Recorder,
        history: History,
    ) -> Context {
        Context {
            clock: account.clock.clone().unwrap_or_else(|| self.clock().clone()),
            http: Egress::new(
                self.resolver(),
                HttpSecrets(account.http_secrets.get(&started.policy).cloned().unwrap_or_default()),
            ),
            ..self.offline_context(run, started, recorder, history)
        }
    }

    /// What the calls of a run have in common that only does again what it did.
    pub(crate) fn offline_context(
        &self,
        run: &str,
        started: &Started,
        recorder: Recorder,
        history: History,
    ) -> Context {
        Context {
            grant: Grant::default(),
            memory: Memory::kept(&recorder, self.turns_to_store()),
            recorder,
            history,
            origin: Origin {
                user: started.user,
                business: started.business,
                began: pod_platform::Instant(started.at),
                mark: started.mark(run),
                restored_since: None,
            },
            pod: Pod::offline(),
            landing_window: self.landing_window(),
            http: Egress::new(self.resolver(), HttpSecrets::default()),
            clock: self.clock().clone(),
            steps: Steps::default(),
            lifetime: Lifetime::new(self.stopping().clone(), None),
            on_point: self.on_point(),
        }
    }

    /// Executes a run to its end, and writes that down.
    pub(crate) async fn execute(
        &self,
        policy: &Loaded,
        task: &Task<'_>,
        started: &Started,
        context: Context,
        decided: Option<Decided>,
    ) -> Result<Receipt, Error> {
        let context = Arc::new(context);
        let span = tracing::info_span!(
            "run",
            run = context.recorder.run(),
            policy = started.policy,
            account = started.account
        );
        let options = started.recorded_options();
        let execution = Execution {
            host: self,
            policy,
            task,
            plan_only: options.plan_only,
            on_failure: options.on_failure,
            context: context.clone(),
            decided,
        };
        let mut executed = match execution.run().instrument(span).await {
            Err(Error::Stopped(stopped)) => {
                return Err(stopped_run(&context.recorder, started, stopped).await);
            }
            executed => executed?,
        };
        policy.reasons.explain(&mut executed.output, options.language);
        check_that_nothing_is_left(&context, &executed).await?;

        let recorder = &context.recorder;
        let Executed { output, error, log, fuel, memory_bytes, wall_ms } = executed;
        recorder.note(Entry::Finished(Finished {
            status: recorder.projection().status(error.as_ref()).name().to_owned(),
            output: Some(output.to_string()),
            error: error.as_ref().and_then(|error| serde_json::to_string(error).ok()),
            fuel,
            memory_bytes,
            wall_ms,
            at: context.clock.now().0,
            log: (!log.is_empty()).then(|| json!(log).to_string()),
        }));
        recorder.commit().await?;
        let (projection, head) = (recorder.projection(), recorder.head());
        self.signed(Receipt::of_run(recorder.run(), &projection, head, output, error, log)?)
    }
}

/// The host was told to stop, and the run has no end yet. What it has done is on the disk.
async fn stopped_run(recorder: &Recorder, started: &Started, stopped: Stopped) -> Error {
    let can_go_on = started.platform.is_some() && !started.is_dry_run();
    let is_on_disk = recorder.head() != Digest([0; 32]);
    // A run that cannot go on, and has done nothing, leaves no trace.
    if (can_go_on || is_on_disk)
        && let Err(error) = recorder.commit().await
    {
        return error;
    }
    let projection = recorder.projection();
    Error::Stopped(Stopped {
        run: Some(recorder.run().to_owned()),
        calls: projection.spent.settled().calls,
        doubts: projection.doubts().len(),
        can_go_on,
        ..stopped
    })
}

/// A run that ends before it has done again all that it did has not ended so the first time.
async fn check_that_nothing_is_left(context: &Context, executed: &Executed) -> Result<(), Error> {
    let Some((step, past)) = context.history.first_left() else { return Ok(()) };
    if let Some(RunError::BudgetExhausted { meter, .. }) = &executed.error
        && meter == "wall"
    {
        let reason = "its time was up before it had done again what it had done".to_owned();
        return Err(Error::NotResumable { run: context.recorder.run().to_owned(), reason });
    }
    Err(context.diverge(step, past.asked(), "nothing: it ended".to_owned()).await)
}
