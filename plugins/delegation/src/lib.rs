//! The delegation policy: pays as many invoices as possible out of delegated credit, spends what
//! expires first, and keeps the wallet as the last resort, or out of it altogether.

pub mod config;
pub mod selection;
pub mod spending;

use std::collections::BTreeMap;

use pod_sdk::{
    Alternative, Failure, Reason, Remark, Result,
    delegation::{
        DelegatedCredit, DelegatedShare, OpenInvoice, Payment, SpendingPlan, Wallet, WalletShare,
    },
    rules,
    values::Instant,
};

pub use config::{Config, UseWallet};
use selection::{ANY_GUILD, Due, Verdict};
use spending::{Credit, Purse, Spent};

#[cfg(feature = "component")]
pod_sdk::export_delegation!(decide);

#[cfg(feature = "component")]
fn decide(
    invoices: Vec<OpenInvoice>,
    delegations: Vec<DelegatedCredit>,
    wallets: Vec<Wallet>,
    config: Config,
) -> Result<SpendingPlan> {
    let now = if delegations.iter().any(|credit| credit.expires_at.is_some()) {
        pod_sdk::clock::now()
    } else {
        0
    };
    let plan = order(&invoices, &delegations, &wallets, &config, now)?;
    pod_sdk::info!("{} of {} invoices can be paid in full", plan.payments.len(), invoices.len());
    Ok(plan)
}

/// Decides. `now` matters only if a credit expires.
///
/// # Errors
/// If all invoices or all credits together are more than 2^63 − 1 rials.
pub fn order(
    invoices: &[OpenInvoice],
    delegations: &[DelegatedCredit],
    wallets: &[Wallet],
    config: &Config,
    now: u64,
) -> Result<SpendingPlan> {
    let usable: Vec<&DelegatedCredit> = delegations
        .iter()
        .filter(|credit| credit.remaining_amount > 0)
        .filter(|credit| !rules::spending::Credit::from(*credit).is_over(Instant(now)))
        .collect();
    let mut guilds = Guilds::default();
    let credits: Vec<Credit> = usable
        .iter()
        .map(|credit| Credit {
            rials: credit.remaining_amount,
            guild: guilds.number(credit.guild_code.as_deref()),
            expires_at: credit.expires_at,
        })
        .collect();
    let wallet = wallets.iter().find(|wallet| wallet.code == config.wallet_code);
    let balance = wallet.map_or(0, |wallet| wallet.balance);
    let wallet = match config.use_wallet {
        UseWallet::LastResort => balance.saturating_sub(config.wallet_floor),
        UseWallet::Never => 0,
    };
    must_fit(invoices.iter().map(|invoice| invoice.payable_amount))?;
    must_fit(credits.iter().map(|credit| credit.rials).chain([wallet]))?;

    let due: Vec<Due> = invoices
        .iter()
        .map(|invoice| Due {
            rials: invoice.payable_amount,
            guild: guilds.number(invoice.guild_code.as_deref()),
        })
        .collect();
    let mut credit = vec![0; guilds.count()];
    for one in &credits {
        credit[one.guild] += one.rials;
    }
    let verdicts = selection::select(&due, &credit, credit[ANY_GUILD] + wallet);

    let selected = due.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Paid);
    let selected = selected.map(|(invoice, _)| (invoice.guild, invoice.rials));
    let mut purse = Purse::new(&credits, wallet, guilds.count(), selected);
    let mut plan = SpendingPlan { payments: Vec::new(), unpaid: Vec::new() };
    for ((invoice, due), verdict) in invoices.iter().zip(&due).zip(verdicts) {
        match verdict {
            Verdict::Paid => {
                let spent = purse.pay(due.guild, due.rials);
                plan.payments.push(payment(invoice, spent, &usable, config));
            }
            Verdict::TooMuch { needed, left } => {
                let amounts = [invoice.payable_amount, needed, left];
                let reason = Reason::new("too-little-credit", amounts);
                plan.unpaid.push(Remark { invoice_id: invoice.id, reason });
            }
        }
    }
    Ok(plan)
}

/// Guilds by number, which are faster to compare than their codes.
#[derive(Default)]
struct Guilds<'a>(BTreeMap<&'a str, usize>);

impl<'a> Guilds<'a> {
    fn number(&mut self, code: Option<&'a str>) -> usize {
        let next = self.count();
        code.map_or(ANY_GUILD, |code| *self.0.entry(code).or_insert(next))
    }

    fn count(&self) -> usize {
        self.0.len() + 1
    }
}

/// Sums stay within what a script's whole numbers hold, so that scripts decide alike.
fn must_fit(amounts: impl Iterator<Item = u64>) -> Result<()> {
    let sum = amounts.map(u128::from).sum::<u128>();
    match i64::try_from(sum) {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::new(format!("{sum} rials are more than can be added up"))),
    }
}

fn payment(
    invoice: &OpenInvoice,
    spent: Spent,
    usable: &[&DelegatedCredit],
    config: &Config,
) -> Payment {
    let Spent { credits, wallet, guild_first, next } = spent;
    let rule = if wallet > 0 {
        "wallet-as-last-resort"
    } else if guild_first {
        "own-guild-first"
    } else {
        "expires-first"
    };
    let amounts = [invoice.payable_amount, invoice.payable_amount - wallet, wallet];
    let reason =
        Reason::new(rule, amounts).over(next.map(|(next, left)| {
            Alternative::new(usable[next].hash.as_str(), "comes-later", [left])
        }));
    Payment {
        invoice_id: invoice.id,
        delegations: credits
            .into_iter()
            .map(|(credit, rials)| DelegatedShare {
                delegator_id: usable[credit].delegator_id,
                hash: usable[credit].hash.clone(),
                rials,
            })
            .collect(),
        wallet: (wallet > 0)
            .then(|| WalletShare { code: config.wallet_code.clone(), rials: wallet }),
        force_delegation: wallet == 0,
        reason: Some(reason),
    }
}
