//! What there is to pay with, as far as somebody states it, and what is left of it.

use std::collections::{BTreeMap, BTreeSet};

use pod_platform::{Instant, Rial, types::PlatformErrorKind as Kind};

use super::Refusal;
use crate::{Stated, StatedDelegation, StatedLoanCredit, StatedLoanPlan};

pub(super) use pod_platform::catalogue::PODLAND_WALLET;

#[derive(Default)]
pub(super) struct Money {
    /// By code. A wallet that nobody states is not known.
    wallets: BTreeMap<String, u64>,
    delegations: Option<Vec<StatedDelegation>>,
    loan_credits: Option<Vec<StatedLoanCredit>>,
    loan_plans: Vec<StatedLoanPlan>,
}

/// How a caller wants to pay.
pub(super) struct Means {
    pub wallet: String,
    /// In the order of use.
    pub delegators: Vec<u64>,
    /// None, or one for each delegator; an empty one pins none.
    pub hashes: Vec<String>,
    /// Nothing but delegated credit pays.
    pub force: bool,
}

impl Means {
    /// From a wallet alone.
    pub fn wallet(code: &str) -> Self {
        let wallet = code.to_owned();
        Self { wallet, delegators: Vec::new(), hashes: Vec::new(), force: false }
    }
}

/// What pays.
#[derive(Default)]
pub(super) struct Shares {
    /// Rials out of credits, by their places.
    credits: Vec<(usize, u64)>,
    wallet: Option<(String, u64)>,
    /// Rials out of credits, in all.
    pub delegated: u64,
}

impl Money {
    pub fn new(stated: &Stated) -> Self {
        let wallets = stated.wallet.iter().flatten();
        Self {
            wallets: wallets.map(|(code, rials)| (code.clone(), rials.0)).collect(),
            delegations: stated.delegations.clone(),
            loan_credits: stated.loan_credits.clone(),
            loan_plans: stated.loan_plans.clone().unwrap_or_default(),
        }
    }

    /// The credits in the order given, the wallet for the rest. Takes nothing yet.
    pub fn shares(
        &self,
        payable: u64,
        guild: Option<&str>,
        means: &Means,
        now: Instant,
        assumed: &mut BTreeSet<&'static str>,
    ) -> Result<Shares, Refusal> {
        let mut shares = Shares::default();
        let mut rest = payable;
        match &self.delegations {
            None if !means.delegators.is_empty() => {
                assumed.insert("delegations-cover");
                shares.delegated = payable;
                return Ok(shares);
            }
            None => {}
            Some(credits) => {
                for (index, delegator) in means.delegators.iter().enumerate() {
                    let hash = means.hashes.get(index).filter(|hash| !hash.is_empty());
                    for (place, credit) in credits.iter().enumerate() {
                        let fits = credit.delegator_id == *delegator
                            && hash.is_none_or(|hash| *hash == credit.hash)
                            && credit.guild_code.as_deref().is_none_or(|own| Some(own) == guild)
                            && credit.until.is_none_or(|until| until > now);
                        // One that the caller names twice is there only once.
                        let is_used = shares.credits.iter().any(|(used, _)| *used == place);
                        if fits && rest > 0 && credit.amount.0 > 0 && !is_used {
                            let rials = credit.amount.0.min(rest);
                            rest -= rials;
                            shares.credits.push((place, rials));
                        }
                    }
                }
            }
        }
        shares.delegated = payable - rest;
        if rest == 0 {
            return Ok(shares);
        }
        if means.force {
            return Err(Refusal::because(
                Kind::InsufficientFunds,
                format!("delegated credit pays {} of {payable} rials", shares.delegated),
            ));
        }
        let wallet = &means.wallet;
        match self.wallets.get(wallet) {
            Some(balance) if *balance < rest => {
                let detail = format!("{wallet} holds {balance} of {rest} rials");
                return Err(Refusal::because(Kind::InsufficientFunds, detail));
            }
            Some(_) => {}
            None => {
                assumed.insert("wallet-covers");
            }
        }
        shares.wallet = Some((wallet.clone(), rest));
        Ok(shares)
    }

    /// Takes what pays.
    pub fn take(&mut self, shares: &Shares) {
        for (place, rials) in &shares.credits {
            let credit = self.delegations.as_mut().and_then(|credits| credits.get_mut(*place));
            if let Some(credit) = credit {
                credit.amount = Rial(credit.amount.0.saturating_sub(*rials));
            }
        }
        if let Some((wallet, rials)) = &shares.wallet
            && let Some(balance) = self.wallets.get_mut(wallet)
        {
            *balance = balance.saturating_sub(*rials);
        }
    }

    /// Puts what goes back into a wallet.
    pub fn give(&mut self, wallet: &str, rials: u64) {
        if let Some(balance) = self.wallets.get_mut(wallet) {
            *balance = balance.saturating_add(rials);
        }
    }

    /// May a customer borrow so much under a contract?
    pub fn check_credit(
        &self,
        contract: u64,
        user: u64,
        principal: u64,
        assumed: &mut BTreeSet<&'static str>,
    ) -> Result<(), Refusal> {
        let Some(credits) = &self.loan_credits else {
            assumed.insert("loan-credit-covers");
            return Ok(());
        };
        let credit = credits.iter().find(|one| one.contract_id == contract && one.user_id == user);
        let left = credit.ok_or(Kind::NoPermission)?.credit.0;
        if principal > left {
            let detail = format!("the customer's credit has {left} of {principal} rials left");
            return Err(Refusal::because(Kind::InsufficientFunds, detail));
        }
        Ok(())
    }

    /// A customer borrows; less than nothing is given back.
    pub fn borrow(&mut self, contract: u64, user: u64, principal: u64, is_back: bool) {
        for credit in self.loan_credits.iter_mut().flatten() {
            if credit.contract_id == contract && credit.user_id == user {
                let Rial(left) = credit.credit;
                credit.credit = Rial(match is_back {
                    true => left.saturating_add(principal),
                    false => left.saturating_sub(principal),
                });
            }
        }
    }

    /// How many instalments a plan is stated to have.
    pub fn installments(&self, plan: u64) -> Option<u32> {
        self.loan_plans.iter().find(|stated| stated.id == plan).map(|stated| stated.installments)
    }
}
