//! The netting policy: settles a merchant's debts out of what its customers already paid, the
//! heaviest first; see [`matching`] for why no other plan settles more.

pub mod config;
pub mod matching;

use pod_sdk::{
    Alternative, Failure, Reason, Remark, Result,
    netting::{Credit, Debt, NettingPlan, Pair},
};

pub use config::Config;
use matching::{Match, Owed};

const DAY: u64 = 24 * 60 * 60 * 1_000;

#[cfg(feature = "component")]
pod_sdk::export_netting!(decide);

#[cfg(feature = "component")]
fn decide(debts: Vec<Debt>, credits: Vec<Credit>, config: Config) -> Result<NettingPlan> {
    let now = if config.needs_clock() { pod_sdk::clock::now() } else { 0 };
    let plan = plan(&debts, &credits, &config, now)?;
    pod_sdk::info!(
        "{} of {} debts settled, {} of {} credits kept out",
        plan.pairs.len(),
        debts.len(),
        plan.kept_out.len(),
        credits.len()
    );
    Ok(plan)
}

/// Decides. `now` matters only if the configuration [says so](Config::needs_clock).
///
/// # Errors
/// If a weight is more than 2^63 − 1.
pub fn plan(debts: &[Debt], credits: &[Credit], config: &Config, now: u64) -> Result<NettingPlan> {
    let mut kept_out = Vec::new();
    let mut free = Vec::with_capacity(credits.len());
    for credit in credits {
        match keep_out(credit, config, now) {
            Some(reason) => kept_out.push(Remark { invoice_id: credit.id, reason }),
            None => free.push(credit),
        }
    }
    let owed = debts
        .iter()
        .map(|debt| Ok(Owed { rials: debt.payable_amount, weight: weight(debt, config, now)? }))
        .collect::<Result<Vec<Owed>>>()?;
    let paid: Vec<u64> = free.iter().map(|credit| credit.payable_amount).collect();
    let matches = matching::best(&owed, &paid);

    let mut settled = vec![false; debts.len()];
    let mut pairs = Vec::with_capacity(matches.len());
    for Match { debt, credit, next } in matches {
        settled[debt] = true;
        let reason =
            Reason::new("smallest-cover", [owed[debt].rials, paid[credit]]).over(next.map(
                |next| Alternative::new(free[next].id.to_string(), "earmarks-more", [paid[next]]),
            ));
        pairs.push(Pair {
            creditor_invoice_id: free[credit].id,
            debtor_invoice_id: debts[debt].id,
            reason: Some(reason),
        });
    }
    let mut sorted = paid;
    sorted.sort_unstable();
    let still_owed = (0..debts.len())
        .filter(|&debt| !settled[debt])
        .map(|debt| Remark { invoice_id: debts[debt].id, reason: unsettled(owed[debt], &sorted) })
        .collect();
    Ok(NettingPlan { pairs, still_owed, kept_out })
}

/// Why a debt stays open. The free credits are sorted.
fn unsettled(debt: Owed, sorted: &[u64]) -> Reason {
    let covering = sorted.len() - sorted.partition_point(|&paid| paid < debt.rials);
    if covering == 0 {
        let largest = sorted.last().copied().unwrap_or(0);
        Reason::new("nothing-covers", [debt.rials, largest])
    } else {
        Reason::new("heavier-debts-first", [debt.rials, debt.weight, covering as u64])
    }
}

/// Why a credit is kept out, if it is.
fn keep_out(credit: &Credit, config: &Config, now: u64) -> Option<Reason> {
    if let Some(issuer) = credit.issuer_id.filter(|id| config.keep_out_issuers.contains(id)) {
        return Some(Reason::new("kept-out-by-issuer", [issuer]));
    }
    if let Some(customer) = credit.user_id.filter(|id| config.keep_out_customers.contains(id)) {
        return Some(Reason::new("kept-out-by-customer", [customer]));
    }
    if let Some(paid_at) = credit.payment_date {
        let days = now.saturating_sub(paid_at) / DAY;
        if let Some(least) = config.keep_out_younger_than_days.filter(|&least| days < least) {
            return Some(Reason::new("kept-out-as-young", [days, least]));
        }
        if let Some(most) = config.keep_out_older_than_days.filter(|&most| days > most) {
            return Some(Reason::new("kept-out-as-old", [days, most]));
        }
    }
    let rials = credit.payable_amount;
    if let Some(least) = config.keep_out_below.filter(|&least| rials < least) {
        return Some(Reason::new("kept-out-as-small", [rials, least]));
    }
    if let Some(most) = config.keep_out_above.filter(|&most| rials > most) {
        return Some(Reason::new("kept-out-as-large", [rials, most]));
    }
    None
}

/// What settling a debt is worth: its rials, times what its issuer counts, and more for each day
/// that it is overdue. Rounded down after each step.
fn weight(debt: &Debt, config: &Config, now: u64) -> Result<u64> {
    let mut weight = debt.payable_amount;
    if !config.issuer_percent.is_empty() {
        let issuer = debt.issuer_id.map(|id| id.to_string()).unwrap_or_default();
        let percent = config.issuer_percent.get(&issuer).copied().unwrap_or(100);
        weight = percent_of(weight, percent, debt.id)?;
    }
    if let (Some(issued), 1..) = (debt.issuance_date, config.overdue_percent_per_day) {
        let days = (now.saturating_sub(issued) / DAY).saturating_sub(config.days_to_pay);
        let percent = days.checked_mul(config.overdue_percent_per_day);
        let percent = percent.and_then(|more| more.checked_add(100));
        weight = percent_of(weight, percent.unwrap_or(u64::MAX), debt.id)?;
    }
    Ok(weight)
}

/// Within what a script's whole numbers hold, so that scripts decide alike.
fn percent_of(amount: u64, percent: u64, invoice: u64) -> Result<u64> {
    let product = amount.checked_mul(percent).filter(|&product| i64::try_from(product).is_ok());
    product
        .map(|product| product / 100)
        .ok_or_else(|| Failure::new(format!("invoice {invoice} weighs too much")))
}
