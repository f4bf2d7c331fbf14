//! What all runs of a policy for an account have used together, by day: the sum of their journals,
//! kept in memory. One process owns the store, so runs that go on at once cannot overspend it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use pod_platform::types::Exhaustion;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{Claimant, spent::Change};
use crate::grant::{Amounts, Budget, Day};

/// A policy that acts for an account on a platform.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Owner {
    pub claimant: Claimant,
    pub policy: String,
}

/// What its runs have used or reserved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    days: BTreeMap<Day, Amounts>,
    ever: Amounts,
}

/// Shared by its runs.
pub(crate) type SharedUsage = Arc<Mutex<Usage>>;

impl Usage {
    pub fn on(&self, day: Day) -> Amounts {
        self.days.get(&day).copied().unwrap_or_default()
    }

    pub fn ever(&self) -> Amounts {
        self.ever
    }

    /// Do the allowances still cover `needed`?
    pub fn check(&self, budget: &Budget, day: Day, needed: Amounts) -> Result<(), Exhaustion> {
        budget.per_day.check(self.on(day), needed)?;
        budget.per_policy.check(self.ever, needed)
    }

    /// Reserves what the allowances still cover.
    pub fn reserve(
        &mut self,
        budget: &Budget,
        day: Day,
        needed: Amounts,
    ) -> Result<(), Exhaustion> {
        self.check(budget, day, needed)?;
        self.change(Change { day, instead_of: Amounts::default(), now: needed });
        Ok(())
    }

    pub fn change(&mut self, Change { day, instead_of, now }: Change) {
        let of_day = self.days.entry(day).or_default();
        *of_day = of_day.minus(instead_of).plus(now);
        self.ever = self.ever.minus(instead_of).plus(now);
    }
}

/// All usage of one store.
#[derive(Debug, Default)]
pub(crate) struct Usages(Mutex<HashMap<Owner, SharedUsage>>);

impl Usages {
    pub fn of(&self, owner: &Owner) -> SharedUsage {
        let mut usages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        usages.entry(owner.clone()).or_default().clone()
    }

    /// Takes up what the journal says, in place of what was known.
    pub async fn read(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        for usage in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            *usage.lock().unwrap_or_else(PoisonError::into_inner) = Usage::default();
        }
        let rows = sqlx::query(
            "SELECT account, platform, policy, day, SUM(rials), SUM(calls), SUM(bytes_up), \
             SUM(bytes_down), SUM(http_calls), SUM(sms) FROM usage JOIN runs USING (run) \
             WHERE platform IS NOT NULL AND NOT dry_run GROUP BY 1, 2, 3, 4",
        )
        .fetch_all(connection)
        .await?;
        for row in rows {
            let platform: String = row.try_get(1)?;
            let claimant = Claimant::new(row.try_get(0)?, Some(&platform));
            let owner = Owner { claimant, policy: row.try_get(2)? };
            let day: Day = row.try_get(3)?;
            let now = amounts(&row, 4)?;
            let usage = self.of(&owner);
            let mut usage = usage.lock().unwrap_or_else(PoisonError::into_inner);
            usage.change(Change { day, instead_of: Amounts::default(), now });
        }
        Ok(())
    }
}

/// The amounts of a row, in the columns from `first` on: rials, calls, bytes up and down, HTTP calls, SMS.
pub(super) fn amounts(row: &SqliteRow, first: usize) -> sqlx::Result<Amounts> {
    let number = |column: usize| row.try_get::<i64, _>(first + column).map(i64::unsigned_abs);
    Ok(Amounts {
        rials: number(0)?,
        calls: number(1)?,
        bytes_up: number(2)?,
        bytes_down: number(3)?,
        http_calls: number(4)?,
        sms: number(5)?,
    })
}
