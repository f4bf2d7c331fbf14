//! What a loan costs, and when it is paid back, by the emulator's rule; POD's own stands in a
//! plan's script, which nobody outside reads.

use pod_sdk::{
    loan_plan::PlannedInstallment,
    values::{JalaliDate, Rial},
};

/// How a plan is paid back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Flat interest of the whole term, in percent.
    pub interest_rate: f64,
    /// How many instalments.
    pub installments: u32,
}

/// Equal instalments, and the last one, in rials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parts {
    /// All but the last.
    pub each: u64,
    /// The last, which takes the remainder: the largest.
    pub last: u64,
    /// What the loan costs.
    pub interest: u64,
}

impl Terms {
    /// How so many borrowed rials are paid back; `None` if they cannot be: an instalment would be
    /// for nothing, or the sum does not fit.
    #[must_use]
    pub fn parts(self, principal: u64) -> Option<Parts> {
        let interest = Rial(principal).percent(self.interest_rate)?.0;
        let total =
            principal.checked_add(interest).filter(|&total| i64::try_from(total).is_ok())?;
        let count = u64::from(self.installments);
        let each = total.checked_div(count).filter(|&each| each > 0)?;
        Some(Parts { each, last: total - each * (count - 1), interest })
    }

    /// The instalments of a loan that is taken today.
    #[must_use]
    pub fn schedule(
        self,
        parts: Parts,
        today: JalaliDate,
        breathing: u32,
    ) -> Option<Vec<PlannedInstallment>> {
        (1..=self.installments)
            .map(|number| {
                let amount = if number == self.installments { parts.last } else { parts.each };
                let due_date = today.plus_months(breathing.checked_add(number - 1)?)?;
                Some(PlannedInstallment { amount, due_date })
            })
            .collect()
    }
}
