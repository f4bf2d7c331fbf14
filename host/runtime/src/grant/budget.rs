//! What a run may use, and what calls use of it.

use pod_platform::{
    Instant, JalaliDate, Rial, Traffic,
    types::{Exhaustion, Meter},
};
use serde::{Deserialize, Serialize};

/// The most linear memory that a guest can be granted, in bytes.
pub const MAX_MEMORY_BYTES: usize = 256 * 1024 * 1024;

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

    /// Does the budget of one run still cover `needed`, where it has used so much?
    pub(crate) fn check(&self, used: Amounts, needed: Amounts) -> Result<(), Exhaustion> {
        if let Some(ceiling) = self.rial_per_payment
            && needed.rials > ceiling.0
        {
            let (needed, remaining) = (needed.rials, ceiling.0);
            return Err(Exhaustion { meter: Meter::Rial, needed, remaining });
        }
        covers(self.limits(), used, needed)
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
    pub(crate) fn without_wire(self) -> Self {
        Self { rials: self.rials, sms: self.sms, ..Self::default() }
    }

    /// What the wire takes, without what is at stake.
    pub(crate) fn wire(self) -> Self {
        Self { rials: 0, sms: 0, ..self }
    }

    /// Saturation keeps a budget exhausted; it never makes room.
    pub(crate) fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// What is left of these after `other`.
    pub(crate) fn minus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }

    /// Of each the smaller.
    fn least(self, other: Self) -> Self {
        self.zip(other, u64::min)
    }

    /// Of each meter what `of` makes of the two amounts.
    fn zip(self, other: Self, of: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            rials: of(self.rials, other.rials),
            calls: of(self.calls, other.calls),
            bytes_up: of(self.bytes_up, other.bytes_up),
            bytes_down: of(self.bytes_down, other.bytes_down),
            http_calls: of(self.http_calls, other.http_calls),
            sms: of(self.sms, other.sms),
        }
    }

    /// By meter, in the order in which policies are told that one is exhausted.
    fn by_meter(self) -> [(Meter, u64); 6] {
        [
            (Meter::Calls, self.calls),
            (Meter::HttpCalls, self.http_calls),
            (Meter::BytesUp, self.bytes_up),
            (Meter::BytesDown, self.bytes_down),
            (Meter::Sms, self.sms),
            (Meter::Rial, self.rials),
        ]
    }
}

/// Is `needed` left of the limits, where so much is used? The error is the first meter of which it
/// is not.
fn covers(limits: Amounts, used: Amounts, needed: Amounts) -> Result<(), Exhaustion> {
    let left = limits.minus(used).by_meter();
    for ((meter, needed), (_, remaining)) in needed.by_meter().into_iter().zip(left) {
        if needed > remaining {
            return Err(Exhaustion { meter, needed, remaining });
        }
    }
    Ok(())
}

/// A day in Tehran, in the Persian calendar: 14050907 is the seventh of Azar 1405.
pub(crate) type Day = u32;

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
