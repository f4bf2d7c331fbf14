//! What a run may use, and what it has used. What it has used is nothing but the sum of its
//! journal's entries: the sum in memory is a cache of that.

use std::collections::BTreeMap;

use pod_platform::{
    Instant, JalaliDate, Rial, Traffic,
    types::{Exhaustion, Meter},
};
use serde::{Deserialize, Serialize};

use crate::journal::{Entry, Intent};

/// What one run may use, and what all runs of the policy for its account may use together.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Budget {
    /// Rials paid. None, unless granted.
    pub rial: Rial,
    /// Rials of one payment at most. A payment whose amount the host cannot read is charged all of
    /// it; without this ceiling, it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rial_per_payment: Option<Rial>,
    /// SMS that calls have POD send. None, unless granted.
    #[serde(default)]
    pub sms: u64,
    /// Calls to POD.
    pub calls: u64,
    /// Requests to the merchant's own servers.
    #[serde(default = "http_calls")]
    pub http_calls: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// Milliseconds on the wall clock.
    pub wall_ms: u64,
    /// Units of wasmtime's fuel.
    pub fuel: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Bytes that the policy may have stored, keys and values.
    #[serde(default = "state_bytes")]
    pub state_bytes: u64,
    /// Bytes of the run's log.
    #[serde(default = "log_bytes")]
    pub log_bytes: u64,
    /// How many runs may go on at once; more wait for their turn.
    #[serde(default = "concurrent_runs")]
    pub concurrent_runs: u32,
    /// What all runs together may use on one day in Tehran.
    #[serde(default, skip_serializing_if = "Allowance::is_unlimited")]
    pub per_day: Allowance,
    /// What all runs together may ever use.
    #[serde(default, skip_serializing_if = "Allowance::is_unlimited")]
    pub per_policy: Allowance,
}

/// What all runs of a policy for its account may use together. None: as much as each of them may.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Allowance {
    /// Rials paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rial: Option<Rial>,
    /// SMS that calls have POD send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms: Option<u64>,
    /// Calls to POD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Requests to the merchant's own servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_calls: Option<u64>,
    /// Bytes sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_up: Option<u64>,
    /// Bytes received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_down: Option<u64>,
}

impl Allowance {
    /// Does it limit nothing?
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Of each meter the smaller.
    fn smaller(&self, other: &Self) -> Self {
        fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
            one.into_iter().chain(other).min()
        }
        Self {
            rial: least(self.rial, other.rial),
            sms: least(self.sms, other.sms),
            calls: least(self.calls, other.calls),
            http_calls: least(self.http_calls, other.http_calls),
            bytes_up: least(self.bytes_up, other.bytes_up),
            bytes_down: least(self.bytes_down, other.bytes_down),
        }
    }

    /// As amounts; what is not limited is as much as there is.
    fn limits(&self) -> Amounts {
        let or_all = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
        Amounts {
            rials: or_all(self.rial.map(|rial| rial.0)),
            calls: or_all(self.calls),
            bytes_up: or_all(self.bytes_up),
            bytes_down: or_all(self.bytes_down),
            http_calls: or_all(self.http_calls),
            sms: or_all(self.sms),
        }
    }

    /// Does it still cover `needed`, where so much is used?
    ///
    /// # Errors
    /// The first meter that does not, with what is left of it.
    pub fn check(&self, used: Amounts, needed: Amounts) -> Result<(), Exhaustion> {
        covers(self.limits(), used, needed)
    }
}

fn http_calls() -> u64 {
    Budget::default().http_calls
}

fn state_bytes() -> u64 {
    Budget::default().state_bytes
}

fn log_bytes() -> u64 {
    Budget::default().log_bytes
}

fn concurrent_runs() -> u32 {
    Budget::default().concurrent_runs
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            rial: Rial::ZERO,
            rial_per_payment: None,
            sms: 0,
            calls: 1_000,
            http_calls: 100,
            bytes_up: 16 * 1024 * 1024,
            bytes_down: 64 * 1024 * 1024,
            wall_ms: 60_000,
            fuel: 20_000_000_000,
            memory_bytes: 64 * 1024 * 1024,
            state_bytes: 64 * 1024,
            log_bytes: 1024 * 1024,
            concurrent_runs: 16,
            per_day: Allowance::default(),
            per_policy: Allowance::default(),
        }
    }
}

impl Budget {
    /// Of each meter the smaller.
    pub(crate) fn smaller(&self, other: &Self) -> Self {
        let per_payment = [self.rial_per_payment, other.rial_per_payment];
        Self {
            rial: self.rial.min(other.rial),
            rial_per_payment: per_payment.into_iter().flatten().min(),
            sms: self.sms.min(other.sms),
            calls: self.calls.min(other.calls),
            http_calls: self.http_calls.min(other.http_calls),
            bytes_up: self.bytes_up.min(other.bytes_up),
            bytes_down: self.bytes_down.min(other.bytes_down),
            wall_ms: self.wall_ms.min(other.wall_ms),
            fuel: self.fuel.min(other.fuel),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            state_bytes: self.state_bytes.min(other.state_bytes),
            log_bytes: self.log_bytes.min(other.log_bytes),
            concurrent_runs: self.concurrent_runs.min(other.concurrent_runs),
            per_day: self.per_day.smaller(&other.per_day),
            per_policy: self.per_policy.smaller(&other.per_policy),
        }
    }

    /// What one run's calls may use, as amounts.
    fn limits(&self) -> Amounts {
        Amounts {
            rials: self.rial.0,
            calls: self.calls,
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            http_calls: self.http_calls,
            sms: self.sms,
        }
    }
}

/// What calls use of a budget.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct Amounts {
    /// Rials paid.
    #[n(0)]
    pub rials: u64,
    /// Calls to POD.
    #[n(1)]
    pub calls: u64,
    /// Bytes sent.
    #[n(2)]
    pub bytes_up: u64,
    /// Bytes received.
    #[n(3)]
    pub bytes_down: u64,
    /// Requests to the merchant's own servers.
    #[n(4)]
    #[cbor(skip_if = "is_zero")]
    pub http_calls: u64,
    /// SMS that POD was made to send, or may have been.
    #[n(5)]
    #[cbor(skip_if = "is_zero")]
    pub sms: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "minicbor asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Amounts {
    /// What the wire took, and no rials.
    #[must_use]
    pub fn traffic(traffic: Traffic) -> Self {
        let Traffic { calls, bytes_up, bytes_down } = traffic;
        Self { calls, bytes_up, bytes_down, ..Self::default() }
    }

    /// What is at stake in a doubt, when the wire is paid for.
    fn without_wire(self) -> Self {
        Self { rials: self.rials, sms: self.sms, ..Self::default() }
    }

    /// What the wire takes, without what is at stake.
    pub(crate) fn wire(self) -> Self {
        Self { rials: 0, sms: 0, ..self }
    }

    /// Saturation keeps a budget exhausted; it never makes room.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            rials: self.rials.saturating_add(other.rials),
            calls: self.calls.saturating_add(other.calls),
            bytes_up: self.bytes_up.saturating_add(other.bytes_up),
            bytes_down: self.bytes_down.saturating_add(other.bytes_down),
            http_calls: self.http_calls.saturating_add(other.http_calls),
            sms: self.sms.saturating_add(other.sms),
        }
    }

    /// What is left of these after `other`.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            rials: self.rials.saturating_sub(other.rials),
            calls: self.calls.saturating_sub(other.calls),
            bytes_up: self.bytes_up.saturating_sub(other.bytes_up),
            bytes_down: self.bytes_down.saturating_sub(other.bytes_down),
            http_calls: self.http_calls.saturating_sub(other.http_calls),
            sms: self.sms.saturating_sub(other.sms),
        }
    }

    /// Of each the smaller.
    fn least(self, other: Self) -> Self {
        Self {
            rials: self.rials.min(other.rials),
            calls: self.calls.min(other.calls),
            bytes_up: self.bytes_up.min(other.bytes_up),
            bytes_down: self.bytes_down.min(other.bytes_down),
            http_calls: self.http_calls.min(other.http_calls),
            sms: self.sms.min(other.sms),
        }
    }
}

/// Is `needed` left of the limits, where so much is used? The error is the first meter of which it
/// is not.
fn covers(limits: Amounts, used: Amounts, needed: Amounts) -> Result<(), Exhaustion> {
    let left = limits.minus(used);
    for (meter, needed, remaining) in [
        (Meter::Calls, needed.calls, left.calls),
        (Meter::HttpCalls, needed.http_calls, left.http_calls),
        (Meter::BytesUp, needed.bytes_up, left.bytes_up),
        (Meter::BytesDown, needed.bytes_down, left.bytes_down),
        (Meter::Sms, needed.sms, left.sms),
        (Meter::Rial, needed.rials, left.rials),
    ] {
        if needed > remaining {
            return Err(Exhaustion { meter, needed, remaining });
        }
    }
    Ok(())
}

/// A day in Tehran, in the Persian calendar: 14050907 is the seventh of Azar 1405.
pub(crate) type Day = u32;

/// How an entry changes what is used or reserved on a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub day: Day,
    /// What it takes the place of.
    pub instead_of: Amounts,
    pub now: Amounts,
}

/// The fold over a run's entries. What a call takes counts for the day of its intent or, if it has
/// none, of its outcome.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    settled: Amounts,
    /// Reserved by an intent without an outcome, or with an unknown one.
    held: Vec<Held>,
    /// Settled, by day.
    days: BTreeMap<Day, Amounts>,
    /// What a person decided, which another decision can take the place of.
    decided: Vec<Judged>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    step: u64,
    day: Day,
    reserved: Amounts,
}

/// What was held until a person decided.
#[derive(Clone, Copy, Debug)]
struct Judged {
    held: Held,
    happened: bool,
}

impl Judged {
    fn spent(self) -> Amounts {
        if self.happened { self.held.reserved } else { Amounts::default() }
    }
}

impl Spent {
    /// The fold over all of a run's entries.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut spent = Self::default();
        for entry in entries {
            spent.fold(entry);
        }
        spent
    }

    /// Takes in one more entry.
    pub fn fold(&mut self, entry: &Entry) {
        self.add(entry);
    }

    /// Like [`Spent::fold`], and tells what that changes.
    pub(crate) fn add(&mut self, entry: &Entry) -> Option<Change> {
        match entry {
            Entry::Intent(Intent { step, reserved, at, .. }) => {
                let held = Held { step: *step, day: day(Instant(*at)), reserved: *reserved };
                self.held.push(held);
                Some(Change { day: held.day, instead_of: Amounts::default(), now: *reserved })
            }
            Entry::Outcome(outcome) => {
                let held = self.take_held(outcome.step);
                let day = held.map_or_else(|| day(Instant(outcome.at)), |held| held.day);
                let instead_of = held.map(|held| held.reserved).unwrap_or_default();
                self.settle(day, outcome.spent);
                let mut now = outcome.spent;
                if let Some(held) = held.filter(|_| !outcome.is_known()) {
                    // The wire is paid for; only what is at stake is in doubt.
                    let reserved = held.reserved.without_wire();
                    self.held.push(Held { reserved, ..held });
                    now = now.plus(reserved);
                }
                Some(Change { day, instead_of, now })
            }
            Entry::Settled(settled) => {
                let (held, instead_of) = match self.take_held(settled.step) {
                    Some(held) => (held, held.reserved),
                    None => {
                        let before = self.take_judged(settled.step)?;
                        (before.held, before.spent())
                    }
                };
                let judged = Judged { held, happened: settled.happened };
                self.decided.push(judged);
                Some(Change { day: held.day, instead_of, now: judged.spent() })
            }
            Entry::Started(_)
            | Entry::Decided(_)
            | Entry::Finished(_)
            | Entry::Restored(_)
            | Entry::Diverged(_)
            | Entry::Looks(_) => None,
        }
    }

    fn take_held(&mut self, step: u64) -> Option<Held> {
        let held = self.held.iter().position(|held| held.step == step)?;
        Some(self.held.swap_remove(held))
    }

    fn take_judged(&mut self, step: u64) -> Option<Judged> {
        let judged = self.decided.iter().position(|judged| judged.held.step == step)?;
        Some(self.decided.swap_remove(judged))
    }

    fn settle(&mut self, day: Day, amounts: Amounts) {
        self.settled = self.settled.plus(amounts);
        let of_day = self.days.entry(day).or_default();
        *of_day = of_day.plus(amounts);
    }

    /// What is used for good.
    #[must_use]
    pub fn settled(&self) -> Amounts {
        self.decided.iter().fold(self.settled, |sum, judged| sum.plus(judged.spent()))
    }

    /// What is used or reserved.
    #[must_use]
    pub fn total(&self) -> Amounts {
        self.held.iter().fold(self.settled(), |sum, held| sum.plus(held.reserved))
    }

    /// What is used or reserved on a day.
    pub(crate) fn on(&self, day: Day) -> Amounts {
        let settled = self.days.get(&day).copied().unwrap_or_default();
        let decided = self.decided.iter().filter(|judged| judged.held.day == day);
        let settled = decided.fold(settled, |sum, judged| sum.plus(judged.spent()));
        let held = self.held.iter().filter(|held| held.day == day);
        held.fold(settled, |sum, held| sum.plus(held.reserved))
    }

    /// Does the budget of one run still cover `needed`?
    ///
    /// # Errors
    /// The first meter that does not, with what is left of it.
    pub fn check(&self, budget: &Budget, needed: Amounts) -> Result<(), Exhaustion> {
        if let Some(ceiling) = budget.rial_per_payment
            && needed.rials > ceiling.0
        {
            let (needed, remaining) = (needed.rials, ceiling.0);
            return Err(Exhaustion { meter: Meter::Rial, needed, remaining });
        }
        covers(budget.limits(), self.total(), needed)
    }
}

/// What is left of a budget: in a run that has used `used`, today, of which all runs have used
/// `today`, and for good, of which they have used `ever`; whichever is least.
pub(crate) fn left(budget: &Budget, used: Amounts, today: Amounts, ever: Amounts) -> Amounts {
    let of_run = budget.limits().minus(used);
    let of_day = budget.per_day.limits().minus(today);
    let of_policy = budget.per_policy.limits().minus(ever);
    of_run.least(of_day).least(of_policy)
}

/// The day in Tehran.
pub(crate) fn day(at: Instant) -> Day {
    let JalaliDate { year, month, day } = at.jalali_date();
    (u32::from(year) * 100 + u32::from(month)) * 100 + u32::from(day)
}
