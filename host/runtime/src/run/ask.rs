//! A policy asked without a run: no platform, no journal.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime::component::Component;

use super::host::Host;
use crate::{
    contract::{Failure, Position, Wallet},
    door::RunLog,
    error::{BadFile, Error, Place},
    grant::Budget,
    guest::{Compiler, Guest, Start, Stop, interpreter},
    journal::RunError,
    policy::{Exports, Loaded, Policy, World},
    redact::Mask,
};

impl Host {
    /// Asks a netting decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn plan(
        &self,
        policy: &Policy,
        debts: &[crate::contract::Debt],
        credits: &[crate::contract::Credit],
    ) -> Result<crate::contract::NettingPlan, RunError> {
        let Exports::Netting(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::Netting));
        };
        self.ask(policy, async |guest, config| {
            crate::run::decide::netting::ask(exports, guest, debts, credits, config).await
        })
        .await
    }

    /// Asks a delegation decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn order(
        &self,
        policy: &Policy,
        invoices: &[crate::contract::OpenInvoice],
        delegations: &[crate::contract::DelegatedCredit],
        wallets: &[Wallet],
    ) -> Result<crate::contract::SpendingPlan, RunError> {
        let Exports::Delegation(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::Delegation));
        };
        self.ask(policy, async |guest, config| {
            crate::run::decide::delegation::ask(
                exports,
                guest,
                invoices,
                delegations,
                wallets,
                config,
            )
            .await
        })
        .await
    }

    /// Asks a loan plan decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn select(
        &self,
        policy: &Policy,
        invoice: &crate::contract::InvoiceToFinance,
        offers: &[crate::contract::Offer],
    ) -> Result<crate::contract::Selection, RunError> {
        let Exports::LoanPlan(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::LoanPlan));
        };
        self.ask(policy, async |guest, config| {
            crate::run::decide::loan_plan::ask(exports, guest, invoice, offers, config).await
        })
        .await
    }

    async fn ask<T>(
        &self,
        policy: &Policy,
        ask: impl AsyncFnOnce(&mut Guest, &str) -> wasmtime::Result<Result<T, Failure>>,
    ) -> Result<T, RunError> {
        let loaded = &*policy.inner;
        let budget = &loaded.asks.budget;
        let asked = async {
            let compiler = self.compiler();
            let mut guest = guest(compiler, loaded, compiler.start_alone(budget)).await?;
            let answer = ask(&mut guest, &loaded.settings.text).await;
            guest.finish(answer)
        };
        asked.await.map_err(|stop| run_error(loaded, budget, &Mask::default(), stop))
    }
}

impl Compiler {
    /// A guest without a run: nobody reads its log or its meters.
    fn start_alone<'a>(&self, budget: &'a Budget) -> Start<'a> {
        Start {
            budget,
            deadline: Instant::now() + Duration::from_millis(budget.wall_ms),
            door: None,
            clock: self.clock().clone(),
            log: Arc::new(RunLog::new(Mask::default(), budget.log_bytes)),
            meters: Arc::default(),
            stop: self.stop().clone(),
        }
    }

    /// Does the script parse? Tells with file, line and column if not, and else what is suspicious
    /// in it.
    pub(crate) async fn parse(
        &self,
        policy: &Loaded,
        interpreter: &Component,
    ) -> Result<Vec<BadFile>, Error> {
        let budget = &policy.asks.budget;
        let start = self.start_alone(budget);
        let file = policy.script.as_ref().map(|script| script.file.clone()).unwrap_or_default();
        let place = |at: &Position| Place { line: at.line, column: at.column };
        match guest(self, policy, start).await {
            Ok(guest) => {
                let warning = |Failure { message, position }| BadFile {
                    path: file.clone(),
                    place: position.as_ref().map(place),
                    message,
                };
                Ok(warnings(guest, interpreter).await.into_iter().map(warning).collect())
            }
            Err(Stop::Host(error)) => Err(error),
            Err(stop) => {
                let place = match &stop {
                    Stop::Failure(Failure { position, .. }) => position.as_ref().map(place),
                    _ => None,
                };
                let message = run_error(policy, budget, &Mask::default(), stop).to_string();
                Err(BadFile { path: file, place, message }.into())
            }
        }
    }
}

/// What an interpreter finds suspicious in the script that it loaded. To look through a very large one
/// may take more than the policy's fuel, which is no fault of the script: then nothing is told.
async fn warnings(mut guest: Guest, interpreter: &Component) -> Vec<Failure> {
    let Some(warnings) = interpreter::function(interpreter, interpreter::WARNINGS) else {
        return Vec::new();
    };
    let asked = async {
        let warnings =
            guest.instance.get_typed_func::<(), (Vec<Failure>,)>(&mut guest.store, &warnings)?;
        warnings.call_async(&mut guest.store, ()).await
    };
    match asked.await {
        Ok((warnings,)) => warnings,
        Err(error) => {
            tracing::debug!(error = format!("{error:#}"), "a script was not looked through");
            Vec::new()
        }
    }
}

fn not_of_the_world(policy: &Policy, world: World) -> RunError {
    let (policy, world) = (&policy.inner.identity.name, world.name());
    RunError::Host { message: format!("`{policy}` is no policy of the world `{world}`") }
}

/// A fresh instance, its script loaded if it has one that its snapshot does not hold.
pub(crate) async fn guest(
    compiler: &Compiler,
    policy: &Loaded,
    start: Start<'_>,
) -> Result<Guest, Stop> {
    let place = compiler.place_for_guest().await?;
    let mut guest = Guest::start(compiler.engine(), &policy.entry.pre, start, place).await?;
    let Some(script) = &policy.script else { return Ok(guest) };
    let Some(load) = &script.load else { return Ok(guest) };
    let host_error = |error: wasmtime::Error| Stop::Host(Error::Engine(format!("{error:#}")));
    let load = guest
        .instance
        .get_typed_func::<(&str, &str), (Result<(), Failure>,)>(&mut guest.store, load)
        .map_err(host_error)?;
    let (world, source) = (policy.world.name(), script.source.as_str());
    match load.call_async(&mut guest.store, (world, source)).await {
        Ok((Ok(()),)) => Ok(guest),
        Ok((Err(failure),)) => Err(Stop::Failure(failure)),
        Err(error) => match guest.finish::<()>(Err(error)) {
            Err(stop) => Err(stop),
            Ok(()) => unreachable!("an error is no answer"),
        },
    }
}

pub(crate) fn run_error(policy: &Loaded, budget: &Budget, mask: &Mask, stop: Stop) -> RunError {
    match stop {
        Stop::Failure(Failure { message, position }) => RunError::Policy {
            message: mask.words(message),
            file: policy.script.as_ref().map(|script| script.file.display().to_string()),
            line: position.map(|at| at.line),
            column: position.map(|at| at.column),
        },
        Stop::Trap(message) => RunError::Trap { message },
        Stop::Fuel => RunError::BudgetExhausted { meter: "fuel".into(), limit: budget.fuel },
        Stop::Memory => {
            RunError::BudgetExhausted { meter: "memory".into(), limit: budget.memory_bytes }
        }
        Stop::Wall => RunError::BudgetExhausted { meter: "wall".into(), limit: budget.wall_ms },
        Stop::Host(Error::JournalFull { limit }) => {
            RunError::BudgetExhausted { meter: "journal".into(), limit }
        }
        Stop::Host(error) => RunError::Host { message: error.to_string() },
    }
}
