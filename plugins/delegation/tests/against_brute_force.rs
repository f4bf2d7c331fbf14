//! What the policy promises, against every possible choice in small cases: as many invoices as
//! possible, what expires first is spent first, as few credits as possible are touched. And what it
//! predicts is what POD's own rule makes of it.

use std::collections::BTreeMap;

use delegation::{Config, UseWallet, order};
use pod_sdk::delegation::{DelegatedCredit, OpenInvoice, SpendingPlan, Wallet};
use proptest::prelude::*;

const NOW: u64 = 1_000;

fn guild() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some("FOOD_GUILD".to_owned())),
        Just(Some("HEALTH_GUILD".to_owned()))
    ]
}

fn invoices(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<OpenInvoice>> {
    prop::collection::vec((0u64..15, guild()), count).prop_map(|invoices| {
        (1..)
            .zip(invoices)
            .map(|(id, (payable_amount, guild_code))| OpenInvoice {
                id,
                payable_amount,
                guild_code,
                issuer_id: None,
                issuance_date: None,
            })
            .collect()
    })
}

fn delegations(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<DelegatedCredit>> {
    let expires_at = prop_oneof![Just(None), (NOW - 1..NOW + 4).prop_map(Some)];
    prop::collection::vec((0u64..12, guild(), expires_at), count).prop_map(|credits| {
        (0..)
            .zip(credits)
            .map(|(index, (remaining_amount, guild_code, expires_at))| DelegatedCredit {
                delegator_id: 100 + index,
                hash: format!("d{index}"),
                remaining_amount,
                guild_code,
                expires_at,
            })
            .collect()
    })
}

fn usable(credit: &DelegatedCredit) -> bool {
    credit.remaining_amount > 0 && credit.expires_at.is_none_or(|expires_at| expires_at > NOW)
}

fn fits(credit: &DelegatedCredit, invoice: &OpenInvoice) -> bool {
    usable(credit) && (credit.guild_code.is_none() || credit.guild_code == invoice.guild_code)
}

/// Can these invoices all be paid, however the credits are split among them?
fn payable(invoices: &[&OpenInvoice], delegations: &[DelegatedCredit], wallet: u64) -> bool {
    let mut needed: BTreeMap<&Option<String>, u64> = BTreeMap::new();
    for invoice in invoices {
        *needed.entry(&invoice.guild_code).or_default() += invoice.payable_amount;
    }
    let sum = |guild: &Option<String>| -> u64 {
        let own = delegations.iter().filter(|c| usable(c) && c.guild_code == *guild);
        own.map(|credit| credit.remaining_amount).sum()
    };
    let beyond = |(guild, needed): (&&Option<String>, &u64)| match guild {
        Some(_) => needed.saturating_sub(sum(guild)),
        None => *needed,
    };
    needed.iter().map(beyond).sum::<u64>() <= sum(&None) + wallet
}

fn most_payable(invoices: &[OpenInvoice], delegations: &[DelegatedCredit], wallet: u64) -> usize {
    (0..1u32 << invoices.len())
        .filter(|set| {
            let chosen: Vec<&OpenInvoice> =
                (0..invoices.len()).filter(|i| set & (1 << i) != 0).map(|i| &invoices[i]).collect();
            payable(&chosen, delegations, wallet)
        })
        .map(|set| set.count_ones() as usize)
        .max()
        .unwrap_or(0)
}

/// Pays as POD does: each credit in the order given, its whole rest; then the wallet.
fn book(
    plan: &SpendingPlan,
    invoices: &[OpenInvoice],
    delegations: &[DelegatedCredit],
    mut wallet: u64,
) -> Result<(), TestCaseError> {
    let mut left: BTreeMap<&str, u64> =
        delegations.iter().map(|credit| (&*credit.hash, credit.remaining_amount)).collect();
    for payment in &plan.payments {
        let invoice = invoices.iter().find(|invoice| invoice.id == payment.invoice_id).unwrap();
        let mut rest = invoice.payable_amount;
        for share in &payment.delegations {
            let credit = delegations.iter().find(|credit| credit.hash == share.hash).unwrap();
            prop_assert_eq!(credit.delegator_id, share.delegator_id);
            prop_assert!(fits(credit, invoice));
            let balance = left.get_mut(&*share.hash).unwrap();
            let taken = rest.min(*balance);
            prop_assert!(taken > 0, "a credit is named that gives nothing");
            prop_assert_eq!(taken, share.rials);
            *balance -= taken;
            rest -= taken;
        }
        let from_wallet = payment.wallet.as_ref().map_or(0, |share| share.rials);
        prop_assert_eq!(rest, from_wallet);
        prop_assert_eq!(payment.force_delegation, from_wallet == 0);
        prop_assert!(from_wallet <= wallet);
        if from_wallet > 0 {
            // The last resort: no credit that could have paid it is left.
            let idle = delegations.iter().any(|c| fits(c, invoice) && left[&*c.hash] > 0);
            prop_assert!(!idle, "the wallet pays while credit is left");
        }
        wallet -= from_wallet;
    }
    Ok(())
}

/// Rials spent by expiry, the soonest first, and how many credits are touched: of all ways to pay
/// one invoice the best.
fn best_way(invoice: &OpenInvoice, delegations: &[DelegatedCredit]) -> (Vec<(u64, u64)>, usize) {
    let fitting: Vec<&DelegatedCredit> = delegations.iter().filter(|c| fits(c, invoice)).collect();
    let mut rest = invoice.payable_amount;
    let mut by_expiry: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for credit in fitting {
        by_expiry
            .entry(credit.expires_at.unwrap_or(u64::MAX))
            .or_default()
            .push(credit.remaining_amount);
    }
    let mut spent = Vec::new();
    let mut touched = 0;
    for (expires_at, amounts) in by_expiry {
        let taken = rest.min(amounts.iter().sum());
        rest -= taken;
        if taken > 0 {
            spent.push((expires_at, taken));
            let fewest = (0..1u32 << amounts.len())
                .filter(|set| {
                    let chosen = (0..amounts.len()).filter(|i| set & (1 << i) != 0);
                    chosen.map(|i| amounts[i]).sum::<u64>() >= taken
                })
                .map(u32::count_ones)
                .min();
            touched += fewest.unwrap_or(0) as usize;
        }
    }
    (spent, touched)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_choice_pays_more_invoices(
        invoices in invoices(0..8),
        delegations in delegations(0..7),
        balance in 0u64..20,
        wallet_floor in 0u64..5,
        never in any::<bool>(),
    ) {
        let use_wallet = if never { UseWallet::Never } else { UseWallet::LastResort };
        let config = Config { use_wallet, wallet_floor, ..Config::default() };
        let wallets = [Wallet { code: "PODLAND_WALLET".into(), balance }];
        let plan = order(&invoices, &delegations, &wallets, &config, NOW).unwrap();
        let wallet = if never { 0 } else { balance.saturating_sub(wallet_floor) };
        prop_assert_eq!(plan.payments.len(), most_payable(&invoices, &delegations, wallet));
        prop_assert_eq!(plan.payments.len() + plan.unpaid.len(), invoices.len());
        // The wallet gives only what all credit together does not.
        let paid: Vec<&OpenInvoice> = invoices
            .iter()
            .filter(|invoice| plan.payments.iter().any(|paid| paid.invoice_id == invoice.id))
            .collect();
        let used: u64 = plan.payments.iter().filter_map(|p| p.wallet.as_ref()).map(|w| w.rials).sum();
        prop_assert!(used == 0 || !payable(&paid, &delegations, used - 1));
        book(&plan, &invoices, &delegations, wallet)?;
    }

    #[test]
    fn one_invoice_is_paid_from_what_expires_first_and_from_as_few_as_possible(
        invoices in invoices(1..2),
        delegations in delegations(0..7),
    ) {
        let config = Config { use_wallet: UseWallet::Never, ..Config::default() };
        let plan = order(&invoices, &delegations, &[], &config, NOW).unwrap();
        prop_assert_eq!(plan.payments.len(), most_payable(&invoices, &delegations, 0));
        if let Some(payment) = plan.payments.first() {
            let mut spent: BTreeMap<u64, u64> = BTreeMap::new();
            for share in &payment.delegations {
                let credit = delegations.iter().find(|credit| credit.hash == share.hash).unwrap();
                *spent.entry(credit.expires_at.unwrap_or(u64::MAX)).or_default() += share.rials;
            }
            let found = (spent.into_iter().collect::<Vec<_>>(), payment.delegations.len());
            prop_assert_eq!(found, best_way(&invoices[0], &delegations));
        }
    }
}

#[test]
fn an_own_guilds_credit_comes_first_where_the_common_one_is_needed_elsewhere() {
    let invoice = |id, payable_amount, guild: &str| OpenInvoice {
        id,
        payable_amount,
        guild_code: Some(guild.into()),
        issuer_id: None,
        issuance_date: None,
    };
    let credit = |hash: &str, remaining_amount, guild: Option<&str>, expires_at| DelegatedCredit {
        delegator_id: 7,
        hash: hash.into(),
        remaining_amount,
        guild_code: guild.map(str::to_owned),
        expires_at,
    };
    // The common credit expires first, but only it can pay the second invoice.
    let invoices = [invoice(1, 50, "FOOD_GUILD"), invoice(2, 50, "HEALTH_GUILD")];
    let delegations =
        [credit("common", 50, None, Some(NOW + 1)), credit("food", 80, Some("FOOD_GUILD"), None)];
    let plan = order(&invoices, &delegations, &[], &Config::default(), NOW).unwrap();
    let used: Vec<(&str, &str)> = plan
        .payments
        .iter()
        .map(|payment| {
            let reason = payment.reason.as_ref().unwrap();
            (payment.delegations[0].hash.as_str(), reason.rule.as_str())
        })
        .collect();
    assert_eq!(used, [("food", "own-guild-first"), ("common", "expires-first")]);
}
