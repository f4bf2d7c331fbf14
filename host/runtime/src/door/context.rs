//! What a run's calls have in common: for each question that a layer or a capability has, one place
//! that answers it.

use std::{sync::Arc, time::Duration};

use pod_platform::{Clock, Instant, MARK_PREFIX, SystemClock, types::Exhaustion};
use tokio_util::sync::CancellationToken;

use super::{
    account::Account,
    capability::{
        http::{Egress, HttpSecrets, SystemResolver},
        store::Memory,
    },
    failpoint::{OnPoint, Point},
    history::History,
    lifetime::Lifetime,
    pod::Pod,
    recorder::Recorder,
    run_log::RunLog,
    steps::Steps,
};
use crate::{
    contract::Stated,
    crypto::Digest,
    error::Error,
    grant::{Amounts, Grant, day},
    journal::{Claimant, Diverged, Entry, Owner},
    redact::Mask,
};

/// One run, as its calls see it.
pub(crate) struct Context {
    /// What the run may do.
    pub grant: Grant,
    /// What it did.
    pub recorder: Recorder,
    /// What the journal has of the run's calls: they are answered from it, and not sent again.
    pub history: History,
    /// What it began as.
    pub origin: Origin,
    /// The platform. A replay has none: it sends nothing.
    pub pod: Pod,
    /// How long after it was sent a call may still take effect.
    pub landing_window: Duration,
    /// The way to the merchant's own servers, made when it is first needed.
    pub http: Egress,
    /// What the policy has stored.
    pub memory: Memory,
    /// The platform's clock.
    pub clock: Arc<dyn Clock>,
    pub steps: Steps,
    pub lifetime: Lifetime,
    pub on_point: Option<OnPoint>,
}

/// What a run began as, and what its calls go by for as long as it lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The account's user, and its business.
    pub user: Option<u64>,
    pub business: Option<u64>,
    /// When the run began: what is refused by the time is refused again when it is done again.
    pub began: Instant,
    /// What the marks of this run are made of.
    pub mark: Digest,
    /// The journal is an older copy: since this time, in milliseconds since 1970, the run may have
    /// done what the journal does not tell.
    pub restored_since: Option<u64>,
}

impl Origin {
    /// Our mark on what the call of a step makes.
    pub fn mark(&self, step: u64) -> String {
        let digest = Digest::of(&[&self.mark.0, &step.to_le_bytes()]).to_string();
        format!("{MARK_PREFIX}{}", &digest[..20])
    }
}

impl Context {
    /// A run that no journal keeps, without a platform, for measuring and for tests.
    pub fn detached(grant: Grant) -> Self {
        let claimant = Claimant::new("detached", None);
        let owner = Owner { claimant, policy: "detached".to_owned() };
        let recorder = Recorder::after("detached".to_owned(), owner, None, &[]);
        Self {
            grant,
            memory: Memory::kept(&recorder, Arc::default()),
            recorder,
            history: History::default(),
            origin: Origin {
                user: None,
                business: None,
                began: SystemClock.now(),
                mark: Digest::of(&[]),
                restored_since: None,
            },
            pod: Pod::offline(),
            landing_window: Duration::ZERO,
            http: Egress::new(Arc::new(SystemResolver), HttpSecrets::default()),
            clock: Arc::new(SystemClock),
            steps: Steps::default(),
            lifetime: Lifetime::new(CancellationToken::new(), None),
            on_point: None,
        }
    }

    /// What a run of this account has that is dry, where so much is stated. Nothing but reads is ever
    /// sent, and nothing is kept but the journal. The layers do what they do in any run.
    pub async fn dry(self, account: &Account, stated: &Stated) -> Result<Self, Error> {
        Ok(Self {
            pod: self.pod.forked(account, stated, self.clock.clone()).await?,
            memory: self.memory.forgotten(),
            recorder: self.recorder.alone(),
            http: self.http.only_reading(),
            ..self
        })
    }

    /// Reserves for the call under way what it is about to take, on top of what it has reserved.
    pub fn reserve(&self, needed: Amounts) -> Result<(), Exhaustion> {
        self.recorder.reserve(&self.grant.budget, day(self.clock.now()), needed)
    }

    /// Do the run's budget and the allowances still cover `needed`?
    pub fn covers(&self, needed: Amounts) -> Result<(), Exhaustion> {
        self.recorder.check(&self.grant.budget, day(self.clock.now()), needed)
    }

    /// What is left of the budget and the allowances.
    pub fn left(&self) -> Amounts {
        self.recorder.left(&self.grant.budget, day(self.clock.now()))
    }

    /// An empty log, which does not show what is secret.
    pub fn log(&self) -> RunLog {
        let secrets = self.pod.secrets().chain(self.http.secrets()).cloned();
        RunLog::new(Mask::of(secrets), self.grant.budget.log_bytes)
    }

    /// Passes over what a decider called that is not asked again: it has nothing but the clock.
    pub fn pass_over_decider(&self) {
        while self.history.take_look_at_clock(self.steps.next()) {
            self.steps.take();
        }
    }

    /// The run does not do again what it did. It is kept for a person, and nothing more is done.
    pub async fn diverge(&self, step: u64, recorded: String, asked: String) -> Error {
        self.recorder.note(Entry::Diverged(Diverged {
            step,
            recorded: recorded.clone(),
            asked: asked.clone(),
            at: self.clock.now().0,
        }));
        match self.recorder.commit().await {
            Ok(()) => {
                let run = self.recorder.run().to_owned();
                Error::Diverged { run, step, recorded, asked }
            }
            Err(error) => error,
        }
    }

    /// The call of a step has come so far.
    pub fn reach(&self, step: u64, point: Point) {
        if let Some(on_point) = &self.on_point {
            on_point(step, point);
        }
    }
}
