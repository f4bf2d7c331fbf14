//! Calls that go wrong because somebody asked for it: what a caller does then can be tested.
//!
//! Faults come with the scenario and through the control API. Calls, and how often each fault
//! happened, are counted in the database, so that a restart does not begin anew; only calls that a
//! fault could happen to, so that the others cost nothing.

mod draw;
mod earlier;
mod injected;
mod repeats;

use std::collections::{BTreeSet, HashMap};

use pod_platform::{Effect as Changes, Row, catalogue, types::PlatformErrorKind as Kind};
use serde::Serialize;
use sqlx::{Connection as _, SqliteConnection, query, query_as, query_scalar};

pub(crate) use self::injected::{Effect, Injected, Manner};
use self::{draw::Draw, earlier::Earlier, repeats::Repeats};
use crate::{
    Error,
    platform::{Call, INTERNAL},
    scenario::{ANY_SERVICE, Fault, Only, Scenario, Spoilt},
};

/// The setting that keeps the scenario's seed.
const SEED: &str = "faultSeed";

/// The faults of a platform, as they stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Faults {
    /// What those with a probability are drawn from.
    pub fault_seed: u64,
    /// In the order in which they are tried.
    pub faults: Vec<CountedFault>,
    /// How many calls are still to take effect after their caller has gone.
    pub to_land: usize,
}

/// A fault, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CountedFault {
    /// Its number on the platform.
    pub id: i64,
    /// How often it happened.
    pub hits: i64,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many calls had been counted before it came.
    #[serde(skip)]
    since: i64,
}

/// All faults, and the calls that were counted for them.
#[derive(Default)]
pub(crate) struct Injector {
    seed: u64,
    faults: Vec<CountedFault>,
    /// By what [`counter`] names.
    calls: HashMap<String, i64>,
    pub(crate) earlier: Earlier,
    /// The calls that were made, if repeats are told from them.
    repeats: Option<Repeats>,
}

/// What is called.
#[derive(Clone, Copy)]
pub(crate) struct Called {
    pub(crate) service: &'static str,
    /// None for getOtt, which is no service like the others.
    kind: Option<Only>,
}

impl Called {
    /// A service by its row; none: getOtt.
    pub(crate) fn of(row: Option<&'static Row>) -> Self {
        let kind = row.map(|row| match row.effect {
            Changes::Read => Only::Reads,
            Changes::Mutation { .. } => Only::Mutations,
        });
        Self { service: row.map_or(catalogue::GET_OTT.name, |row| row.name), kind }
    }

    /// Could this happen to it?
    fn concerns(self, fault: &Fault) -> bool {
        if fault.service == ANY_SERVICE {
            self.kind.is_some() && (fault.only.is_none() || fault.only == self.kind)
        } else {
            fault.service == self.service
        }
    }
}

impl Injector {
    pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Damaged("its faults cannot be read");
        let seed: Option<String> = query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(SEED)
            .fetch_optional(&mut *connection)
            .await?;
        let seed = seed.map(|seed| seed.parse()).transpose().map_err(|_| DAMAGED)?;
        let rows: Vec<(i64, String, i64, i64)> =
            query_as("SELECT id, fault, since, hits FROM faults ORDER BY id")
                .fetch_all(&mut *connection)
                .await?;
        let faults = rows.into_iter().map(|(id, fault, since, hits)| {
            let fault = serde_json::from_str(&fault).map_err(|_| DAMAGED)?;
            Ok(CountedFault { id, hits, fault, since })
        });
        let faults = faults.collect::<Result<_, Error>>()?;
        let calls: Vec<(String, i64)> =
            query_as("SELECT counter, calls FROM fault_calls").fetch_all(connection).await?;
        Ok(Self {
            seed: seed.unwrap_or(0),
            faults,
            calls: calls.into_iter().collect(),
            earlier: Earlier::default(),
            repeats: None,
        })
    }

    /// From now on, a call that is made again is the call that it repeats.
    pub(crate) fn tell_repeats(&mut self) {
        self.repeats = Some(Repeats::default());
    }

    pub(crate) fn shown(&self, to_land: usize) -> Faults {
        Faults { fault_seed: self.seed, faults: self.faults.clone(), to_land }
    }

    /// Adds a fault that has been checked.
    pub(crate) async fn add(
        &mut self,
        connection: &mut SqliteConnection,
        fault: Fault,
    ) -> Result<CountedFault, Error> {
        let id = self.faults.last().map_or(1, |last| last.id + 1);
        let since = self.calls.get(&counter(&fault, &fault.service)).copied().unwrap_or(0);
        insert(connection, id, &fault, since).await?;
        let counted = CountedFault { id, hits: 0, fault, since };
        self.faults.push(counted.clone());
        Ok(counted)
    }

    /// Takes all faults away, and what was counted for them.
    pub(crate) async fn clear(&mut self, connection: &mut SqliteConnection) -> Result<(), Error> {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        query("DELETE FROM faults").execute(&mut *transaction).await?;
        query("DELETE FROM fault_calls").execute(&mut *transaction).await?;
        transaction.commit().await?;
        let repeats = self.repeats.take().map(|_| Repeats::default());
        *self = Self { seed: self.seed, repeats, ..Self::default() };
        Ok(())
    }

    /// Counts a call, and tells what happens to it.
    pub(crate) async fn next(
        &mut self,
        connection: &mut SqliteConnection,
        called: Called,
        call: &Call,
    ) -> Result<Injected, sqlx::Error> {
        // A token is asked for with nothing that tells one question from another.
        let is_told = called.kind.is_some() && !self.faults.is_empty();
        let repeats = self.repeats.as_ref().filter(|_| is_told);
        if let Some(again) = repeats.and_then(|repeats| repeats.again(called.service, call)) {
            return Ok(again);
        }
        let injected = self.count(connection, called).await?;
        if let Some(repeats) = self.repeats.as_mut().filter(|_| is_told) {
            repeats.first(called.service, call, injected);
        }
        Ok(injected)
    }

    async fn count(
        &mut self,
        connection: &mut SqliteConnection,
        called: Called,
    ) -> Result<Injected, sqlx::Error> {
        let counters: BTreeSet<String> = self
            .faults
            .iter()
            .filter(|counted| called.concerns(&counted.fault))
            .map(|counted| counter(&counted.fault, called.service))
            .collect();
        if counters.is_empty() {
            return Ok(Injected::default());
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut calls = Vec::with_capacity(counters.len());
        for counter in counters {
            let number: i64 = query_scalar(
                "INSERT INTO fault_calls (counter, calls) VALUES (?, 1)
                 ON CONFLICT (counter) DO UPDATE SET calls = calls + 1 RETURNING calls",
            )
            .bind(&counter)
            .fetch_one(&mut *transaction)
            .await?;
            calls.push((counter, number));
        }
        let counted = calls.iter().cloned().collect();
        let hit = self.faults.iter().position(|one| self.happens(one, called, &counted));
        if let Some(fault) = hit.and_then(|hit| self.faults.get(hit)) {
            query("UPDATE faults SET hits = hits + 1 WHERE id = ?")
                .bind(fault.id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        self.calls.extend(calls);
        Ok(match hit.and_then(|hit| self.faults.get_mut(hit)) {
            Some(fault) => {
                fault.hits += 1;
                Injected::by(&fault.fault)
            }
            None => Injected::default(),
        })
    }

    fn happens(&self, one: &CountedFault, called: Called, calls: &HashMap<String, i64>) -> bool {
        let CountedFault { id, fault, since, .. } = one;
        if !called.concerns(fault) {
            return false;
        }
        let Some(&call) = calls.get(&counter(fault, called.service)) else { return false };
        match (fault.call, fault.probability) {
            // A call that cannot be counted to is never made.
            (Some(expected), _) => i64::try_from(expected).is_ok_and(|n| call - since == n),
            (None, Some(probability)) => {
                Draw { seed: self.seed, fault: *id, service: called.service, call }
                    .happens(probability)
            }
            (None, None) => false,
        }
    }

    /// Can an answer of this service's be given to a later call?
    pub(crate) fn keeps_answers(&self, called: Called) -> bool {
        self.faults.iter().any(|counted| {
            counted.fault.answer == Some(Spoilt::Reordered) && called.concerns(&counted.fault)
        })
    }
}

/// What a fault counts. A probability is drawn for each service's calls alone, so that it does not
/// depend on how they interleave with those of others.
fn counter(fault: &Fault, service: &str) -> String {
    let counter = match fault.only {
        _ if fault.probability.is_some() => service,
        None => &fault.service,
        Some(Only::Mutations) => "*mutations",
        Some(Only::Reads) => "*reads",
    };
    counter.to_owned()
}

/// Keeps a scenario's faults.
pub(crate) async fn seed(
    connection: &mut SqliteConnection,
    scenario: &Scenario,
) -> Result<(), Error> {
    if let Some(seed) = scenario.fault_seed {
        query("INSERT INTO settings (name, value) VALUES (?, ?)")
            .bind(SEED)
            .bind(seed.to_string())
            .execute(&mut *connection)
            .await?;
    }
    for (id, fault) in (1..).zip(&scenario.faults) {
        insert(connection, id, fault, 0).await?;
    }
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    id: i64,
    fault: &Fault,
    since: i64,
) -> Result<(), Error> {
    let json = serde_json::to_string(fault)
        .map_err(|error| Error::Database(sqlx::Error::Encode(Box::new(error))))?;
    query("INSERT INTO faults (id, fault, since) VALUES (?, ?, ?)")
        .bind(id)
        .bind(json)
        .bind(since)
        .execute(connection)
        .await?;
    Ok(())
}

/// What POD says with a code; of those whose text no document shows, that it failed.
pub(crate) fn message(code: i32) -> &'static str {
    Kind::all().find(|kind| kind.code() == code).map_or(INTERNAL.1, Kind::message)
}
