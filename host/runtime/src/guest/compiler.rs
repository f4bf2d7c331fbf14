//! What makes of a policy's files something that can be run: the engine, the components that it
//! compiled, and what each world offers.
//!
//! It needs no store. So a policy can be compiled, which takes seconds, before the store is taken,
//! and others use the store meanwhile.

use std::sync::Arc;

use pod_platform::Clock;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use wasmtime::{Engine, component::Component};

use super::{
    cache::Artefacts,
    cache_folder::ArtefactFolder,
    engine::{MAX_INSTANCES, engine, tick_epochs},
    instance::Stop,
    linker::Offer,
    processor::Processor,
    progress::{OnProgress, Progress},
};
use crate::{
    contract::World,
    crypto::Digest,
    error::{Error, Stopped},
};

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Compiler {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    artefacts: Artefacts,
    instances: Arc<Semaphore>,
    processor: Processor,
    decider: Offer,
    policy: Offer,
    clock: Arc<dyn Clock>,
    on_progress: Option<OnProgress>,
    /// Whoever computes for its own sake, without a run, ends with this.
    stop: CancellationToken,
    /// The epochs tick for as long as this is held.
    _ticking: Arc<()>,
}

impl Compiler {
    pub fn new(
        artefacts: ArtefactFolder,
        clock: Arc<dyn Clock>,
        on_progress: Option<OnProgress>,
    ) -> Result<Self, Error> {
        let set_up = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        let engine = engine().map_err(set_up)?;
        let workers = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
        let ticking = Arc::new(());
        tick_epochs(&engine, Arc::downgrade(&ticking))
            .map_err(|error| Error::Engine(error.to_string()))?;
        let inner = Inner {
            artefacts: Artefacts::open(&engine, artefacts)?,
            instances: Arc::new(Semaphore::new(MAX_INSTANCES as usize)),
            processor: Processor::of(workers),
            decider: Offer::decider(&engine).map_err(set_up)?,
            policy: Offer::policy(&engine).map_err(set_up)?,
            clock,
            on_progress,
            stop: CancellationToken::new(),
            engine,
            _ticking: ticking,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Cancelled when the host is told to stop.
    pub fn stop(&self) -> &CancellationToken {
        &self.inner.stop
    }

    pub fn tell(&self, progress: Progress<'_>) {
        if let Some(tell) = &self.inner.on_progress {
            tell(progress);
        }
    }

    pub fn offer(&self, world: World) -> &Offer {
        match world {
            World::Policy => &self.inner.policy,
            World::Netting | World::Delegation | World::LoanPlan => &self.inner.decider,
        }
    }

    /// Where guests compute in turn.
    pub fn processor(&self) -> &Processor {
        &self.inner.processor
    }

    /// A place for a guest, once there is one.
    pub async fn place_for_guest(&self) -> Result<OwnedSemaphorePermit, Stop> {
        let place = self.inner.instances.clone().acquire_owned();
        let place = self.inner.stop.run_until_cancelled(place).await;
        let place = place.ok_or(Stop::Host(Error::Stopped(Stopped::default())))?;
        place.map_err(|error| Stop::Trap(error.to_string()))
    }

    /// The component that was made here, and not found, under `digest`.
    pub fn source(&self, digest: Digest) -> Option<Vec<u8>> {
        self.inner.artefacts.source(digest)
    }

    /// The compiled component known by `digest`, compiled from these bytes if it is not at hand.
    /// What is made here is nobody's file: its bytes are kept, too.
    pub async fn component(
        &self,
        digest: Digest,
        name: &str,
        is_made: bool,
        make: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static,
    ) -> Result<Component, Error> {
        let compiles = !self.inner.artefacts.contains(digest);
        let tell = |progress: Progress<'_>| {
            if compiles {
                self.tell(progress);
            }
        };
        tell(Progress::Compiling(name));
        let component = self.inner.artefacts.component(digest, is_made, make).await;
        tell(Progress::Compiled(name));
        component
    }
}
