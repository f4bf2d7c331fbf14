//! Calls that go wrong because the scenario says so: what a caller does then can be tested.
//!
//! Calls are counted in the database, so that a restart does not begin anew; only those of services
//! that have a fault, so that the others cost nothing.

use std::collections::HashMap;

use pod_platform::types::PlatformErrorKind as Kind;
use sqlx::{SqliteConnection, query, query_scalar};

use crate::{
    Error,
    platform::INTERNAL,
    scenario::{self, Unanswered},
    store::Store,
};

/// The setting that keeps the scenario's faults.
const FAULTS: &str = "faults";
/// What the settings that count calls begin with.
const CALLS: &str = "calls:";

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It is refused with this code.
    Refused(i32),
    /// It does nothing and has no answer.
    Unheard,
    /// It does what it does, and has no answer.
    Unanswered,
}

/// All faults, by service and call.
pub(crate) struct Faults(HashMap<String, HashMap<i64, Fault>>);

impl Faults {
    pub(crate) async fn read(store: &mut Store) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Damaged("its faults cannot be read");
        let mut faults = Self(HashMap::new());
        let Some(json) = store.setting(FAULTS).await? else { return Ok(faults) };
        let all: Vec<scenario::Fault> = serde_json::from_str(&json).map_err(|_| DAMAGED)?;
        for one in all {
            let fault = match (one.error_code, one.unanswered) {
                (Some(code), None) => Fault::Refused(code),
                (None, Some(Unanswered::Before)) => Fault::Unheard,
                (None, Some(Unanswered::After)) => Fault::Unanswered,
                _ => return Err(DAMAGED),
            };
            // A call that cannot be counted to is never made.
            if let Ok(call) = i64::try_from(one.call) {
                faults.0.entry(one.service).or_default().insert(call, fault);
            }
        }
        Ok(faults)
    }

    /// Counts a call of a service, and tells what goes wrong with it.
    pub(crate) async fn next(
        &self,
        connection: &mut SqliteConnection,
        service: &str,
    ) -> Result<Option<Fault>, sqlx::Error> {
        let Some(faults) = self.0.get(service) else { return Ok(None) };
        let call: i64 = query_scalar(
            "INSERT INTO settings (name, value) VALUES (? || ?, 1)
             ON CONFLICT (name) DO UPDATE SET value = value + 1
             RETURNING CAST(value AS INTEGER)",
        )
        .bind(CALLS)
        .bind(service)
        .fetch_one(connection)
        .await?;
        Ok(faults.get(&call).copied())
    }
}

/// Keeps a scenario's faults.
pub(crate) async fn seed(
    connection: &mut SqliteConnection,
    faults: &[scenario::Fault],
) -> Result<(), Error> {
    if faults.is_empty() {
        return Ok(());
    }
    let json = serde_json::to_string(faults)
        .map_err(|error| Error::Database(sqlx::Error::Encode(Box::new(error))))?;
    query("INSERT INTO settings (name, value) VALUES (?, ?)")
        .bind(FAULTS)
        .bind(json)
        .execute(connection)
        .await?;
    Ok(())
}

/// What POD says with a code; of those whose text no document shows, that it failed.
pub(crate) fn message(code: i32) -> &'static str {
    Kind::all().find(|kind| kind.code() == code).map_or(INTERNAL.1, Kind::message)
}
