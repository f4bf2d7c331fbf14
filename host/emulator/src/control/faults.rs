//! `/emulator/faults`: what goes wrong, changed while the platform runs.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;

use super::{Failure, json, read};
use crate::{
    Error,
    faults::{CountedFault, Faults},
    platform::Platform,
    scenario::{Fault, Scenario, ScenarioError},
    store::Store,
};

pub(super) async fn show(State(platform): State<Arc<Platform>>) -> Result<Response, Failure> {
    json(&platform.faults().await)
}

pub(super) async fn add(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    match platform.add_fault(read(&headers, &body)?).await {
        Err(Error::Scenario(ScenarioError::Invalid(problem))) => {
            let field = problem.path.split_once('.').map_or("the body", |(_, field)| field);
            Err(Failure::field(field, &problem.reason))
        }
        added => json(&added?),
    }
}

pub(super) async fn clear(State(platform): State<Arc<Platform>>) -> Result<Response, Failure> {
    platform.clear_faults().await?;
    json(&platform.faults().await)
}

impl Platform {
    pub(crate) async fn faults(&self) -> Faults {
        let store = self.store.lock().await;
        store.faults.shown(self.to_land.len())
    }

    /// Adds a fault, after the others.
    pub(crate) async fn add_fault(&self, fault: Fault) -> Result<CountedFault, Error> {
        Scenario { faults: vec![fault.clone()], ..Scenario::default() }.check()?;
        let mut store = self.store.lock().await;
        let Store { connection, faults, .. } = &mut *store;
        faults.add(connection, fault).await
    }

    pub(crate) async fn clear_faults(&self) -> Result<(), Error> {
        let mut store = self.store.lock().await;
        let Store { connection, faults, .. } = &mut *store;
        faults.clear(connection).await
    }
}
