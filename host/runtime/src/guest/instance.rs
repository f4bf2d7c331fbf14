//! One guest: a fresh instance with its limits, for one call, and what became of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use pod_platform::Clock;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use wasmtime::{
    Engine, ResourceLimiter, Store, StoreContextMut, Trap, UpdateDeadline,
    component::{Instance, InstancePre},
};

use super::engine::{HOSTCALL_COPY_BYTES, MAX_TABLE_ELEMENTS};
use crate::{
    contract::Failure,
    door::{Door, RunLog},
    error::{Error, Stopped},
    grant::Budget,
};

/// What a guest's host functions work with.
pub(crate) struct GuestState {
    /// The way out; none without a run. A decider's reaches no further than its world's imports.
    pub door: Option<Door>,
    pub clock: Arc<dyn Clock>,
    pub log: Arc<RunLog>,
    limiter: Limiter,
}

/// What guests have used. Kept outside their stores, so that a guest that is stopped from outside
/// is metered, too.
#[derive(Debug, Default)]
pub(crate) struct GuestMeters {
    pub fuel: AtomicU64,
    pub memory_bytes: AtomicU64,
}

/// Why a guest did not answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It said why itself.
    Failure(Failure),
    Trap(String),
    Fuel,
    Memory,
    Wall,
    /// The host's own error, met during a call; or it was told to stop.
    Host(Error),
}

pub(crate) struct Guest {
    pub store: Store<GuestState>,
    pub instance: Instance,
    meters: Arc<GuestMeters>,
    granted_fuel: u64,
    /// Behind the store, which it makes room for.
    _place: OwnedSemaphorePermit,
}

/// What a guest is started with.
pub(crate) struct Start<'a> {
    pub budget: &'a Budget,
    pub deadline: Instant,
    pub door: Option<Door>,
    pub clock: Arc<dyn Clock>,
    pub log: Arc<RunLog>,
    pub meters: Arc<GuestMeters>,
    pub stop: CancellationToken,
}

impl Guest {
    pub async fn start(
        engine: &Engine,
        pre: &InstancePre<GuestState>,
        start: Start<'_>,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, Stop> {
        let Start { budget, deadline, door, clock, log, meters, stop: stopping } = start;
        let limiter =
            Limiter { memory_bytes: budget.memory_bytes as usize, meters: meters.clone() };
        let mut store = Store::new(engine, GuestState { door, clock, log, limiter });
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(HOSTCALL_COPY_BYTES);
        let granted_fuel = budget.fuel;
        store.set_fuel(granted_fuel).map_err(|error| Stop::Trap(error.to_string()))?;
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |store: StoreContextMut<'_, GuestState>| {
            let left = store.get_fuel().unwrap_or_default();
            store.data().limiter.meters.fuel.store(granted_fuel - left, Ordering::Relaxed);
            if Instant::now() >= deadline {
                return Err(OutOf::Wall.into());
            }
            // What it computed so far is computed again when the run goes on.
            if stopping.is_cancelled() {
                return Err(OutOf::Turn.into());
            }
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        let instance = pre.instantiate_async(&mut store).await.map_err(stop)?;
        Ok(Self { store, instance, meters, granted_fuel, _place: place })
    }

    /// Takes what a call of an export answered, and meters the guest.
    pub fn finish<T>(self, answer: wasmtime::Result<Result<T, Failure>>) -> Result<T, Stop> {
        let left = self.store.get_fuel().unwrap_or_default();
        self.meters.fuel.store(self.granted_fuel - left, Ordering::Relaxed);
        answer.map_err(stop)?.map_err(Stop::Failure)
    }
}

/// Runs `work`, but not past the deadline: a guest that waits is stopped there.
pub(crate) async fn until<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    // A guest that computes stops itself; that it is stopped a moment earlier here is no harm.
    let deadline = tokio::time::Instant::from_std(deadline + Duration::from_millis(1));
    tokio::time::timeout_at(deadline, work).await.unwrap_or(Err(Stop::Wall))
}

/// What ends a guest from a callback that can only answer an error.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum OutOf {
    #[error("out of memory")]
    Memory,
    #[error("out of time")]
    Wall,
    #[error("the host was told to stop")]
    Turn,
}

fn stop(error: wasmtime::Error) -> Stop {
    if let Some(out_of) = error.downcast_ref::<OutOf>() {
        return match out_of {
            OutOf::Memory => Stop::Memory,
            OutOf::Wall => Stop::Wall,
            OutOf::Turn => Stop::Host(Error::Stopped(Stopped::default())),
        };
    }
    if let Some(Trap::OutOfFuel) = error.downcast_ref::<Trap>() {
        return Stop::Fuel;
    }
    match error.downcast::<Error>() {
        Ok(error) => Stop::Host(error),
        Err(error) => Stop::Trap(format!("{error:#}")),
    }
}

struct Limiter {
    memory_bytes: usize,
    meters: Arc<GuestMeters>,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.memory_bytes {
            return Err(OutOf::Memory.into());
        }
        self.meters.memory_bytes.fetch_max(desired as u64, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            return Err(OutOf::Memory.into());
        }
        Ok(true)
    }
}
