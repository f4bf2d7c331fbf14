//! What a run may use, and what it has used. What it has used is nothing but the sum of its
//! journal's entries: the sum in memory is a cache of that.

use pod_platform::{
    Rial, Traffic, sends_sms,
    types::{Exhaustion, Meter},
};
use serde::{Deserialize, Serialize};

use crate::journal::{Entry, Recorded};

/// What one run may use.
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
    /// Bytes sent to POD.
    pub bytes_up: u64,
    /// Bytes received from POD.
    pub bytes_down: u64,
    /// Milliseconds on the wall clock.
    pub wall_ms: u64,
    /// Units of wasmtime's fuel.
    pub fuel: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            rial: Rial::ZERO,
            rial_per_payment: None,
            sms: 0,
            calls: 1_000,
            bytes_up: 16 * 1024 * 1024,
            bytes_down: 64 * 1024 * 1024,
            wall_ms: 60_000,
            fuel: 20_000_000_000,
            memory_bytes: 64 * 1024 * 1024,
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
            bytes_up: self.bytes_up.min(other.bytes_up),
            bytes_down: self.bytes_down.min(other.bytes_down),
            wall_ms: self.wall_ms.min(other.wall_ms),
            fuel: self.fuel.min(other.fuel),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
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
    /// Bytes sent to POD.
    #[n(2)]
    pub bytes_up: u64,
    /// Bytes received from POD.
    #[n(3)]
    pub bytes_down: u64,
}

impl Amounts {
    /// What the wire took, and no rials.
    #[must_use]
    pub fn traffic(traffic: Traffic) -> Self {
        let Traffic { calls, bytes_up, bytes_down } = traffic;
        Self { rials: 0, calls, bytes_up, bytes_down }
    }

    /// Saturation keeps a budget exhausted; it never makes room.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            rials: self.rials.saturating_add(other.rials),
            calls: self.calls.saturating_add(other.calls),
            bytes_up: self.bytes_up.saturating_add(other.bytes_up),
            bytes_down: self.bytes_down.saturating_add(other.bytes_down),
        }
    }
}

/// The fold over a run's entries.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    settled: Amounts,
    /// Reserved by an intent without an outcome, or with an unknown one.
    held: Vec<(u64, Amounts)>,
    /// The steps that have POD send an SMS, for all that is known.
    sms: Vec<u64>,
}

impl Spent {
    /// The fold over all of a run's entries.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut spent = Self::default();
        entries.into_iter().for_each(|entry| spent.fold(entry));
        spent
    }

    /// Takes in one more entry.
    pub fn fold(&mut self, entry: &Entry) {
        match entry {
            Entry::Intent(intent) => {
                self.held.push((intent.step, intent.reserved));
                if sends_sms(&intent.service, &intent.arguments) {
                    self.sms.push(intent.step);
                }
            }
            Entry::Outcome(outcome) => {
                if matches!(outcome.recorded, Recorded::Refused(_)) {
                    self.sms.retain(|step| *step != outcome.step);
                }
                self.settled = self.settled.plus(outcome.spent);
                if outcome.is_known() {
                    self.held.retain(|(step, _)| *step != outcome.step);
                } else {
                    // The wire is paid for; only the money is in doubt.
                    for (step, reserved) in &mut self.held {
                        if *step == outcome.step {
                            *reserved = Amounts { rials: reserved.rials, ..Amounts::default() };
                        }
                    }
                }
            }
            Entry::Settled(settled) => {
                if !settled.happened {
                    self.sms.retain(|step| *step != settled.step);
                }
                let held = self.held.iter().position(|(step, _)| *step == settled.step);
                if let Some((_, reserved)) = held.map(|index| self.held.swap_remove(index))
                    && settled.happened
                {
                    let paid = Amounts { rials: reserved.rials, ..Amounts::default() };
                    self.settled = self.settled.plus(paid);
                }
            }
            Entry::Started(_)
            | Entry::Decided(_)
            | Entry::Finished(_)
            | Entry::Restored(_)
            | Entry::Diverged(_) => {}
        }
    }

    /// How many SMS POD was made to send, or may have been.
    #[must_use]
    pub fn sms(&self) -> u64 {
        self.sms.len() as u64
    }

    /// What is used for good.
    #[must_use]
    pub fn settled(&self) -> Amounts {
        self.settled
    }

    /// What is used or reserved.
    #[must_use]
    pub fn total(&self) -> Amounts {
        self.held.iter().fold(self.settled, |sum, (_, reserved)| sum.plus(*reserved))
    }

    /// Does the budget still cover `needed`?
    ///
    /// # Errors
    /// The first meter that does not, with what is left of it.
    pub fn check(&self, budget: &Budget, needed: Amounts) -> Result<(), Exhaustion> {
        let total = self.total();
        let per_payment = budget.rial_per_payment.map_or(u64::MAX, |ceiling| ceiling.0);
        for (meter, limit, used, needed) in [
            (Meter::Calls, budget.calls, total.calls, needed.calls),
            (Meter::BytesUp, budget.bytes_up, total.bytes_up, needed.bytes_up),
            (Meter::BytesDown, budget.bytes_down, total.bytes_down, needed.bytes_down),
            (Meter::Rial, per_payment, 0, needed.rials),
            (Meter::Rial, budget.rial.0, total.rials, needed.rials),
        ] {
            let remaining = limit.saturating_sub(used);
            if needed > remaining {
                return Err(Exhaustion { meter, needed, remaining });
            }
        }
        Ok(())
    }
}
