//! A fresh guest of a policy: a component's as it is, a script's with the script loaded into it. And
//! what a guest that did not answer comes to, in a receipt's words.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime::component::Component;

use super::load::Loaded;
use crate::{
    contract::{Failure, Position},
    door::RunLog,
    error::{BadFile, Error, Place, told},
    grant::Budget,
    guest::{Compiler, Guest, Start, Stop, interpreter},
    journal::RunError,
    redact::Mask,
};

impl Compiler {
    /// A guest without a run: nobody reads its log or its meters.
    pub(crate) fn start_alone<'a>(&self, budget: &'a Budget) -> Start<'a> {
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
        match self.processor().in_turn(guest(self, policy, start)).await {
            Ok(guest) => {
                let warning = |Failure { message, position }| BadFile {
                    path: file.clone(),
                    place: position.as_ref().map(place),
                    message,
                };
                let warnings = self.processor().in_turn(warnings(guest, interpreter)).await;
                Ok(warnings.into_iter().map(warning).collect())
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
        Stop::Host(error) => RunError::Host { message: told(&error) },
    }
}
