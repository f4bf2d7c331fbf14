//! What a run goes by that nobody reads on the platform: whom it acts for, and what is stated of them.

use serde::Serialize;
use serde_json::json;

use crate::{
    contract::{Recorded, Stated, StatedBy, StatedFact},
    door::Account,
    error::Error,
    journal::Started,
};

/// Whom a run acts for, as it was when the run began.
pub(crate) struct Background {
    pub account: String,
    pub business: Option<u64>,
    /// What its operator states.
    pub operator: Stated,
    /// What its platform states.
    pub platform: Stated,
}

impl Background {
    pub fn of(account: &Account) -> Self {
        Self {
            account: account.name.clone(),
            business: account.business,
            operator: account.operator_stated.clone(),
            platform: account.stated.clone(),
        }
    }

    /// As the journal has it.
    pub fn recorded(run: &str, started: &Started) -> Result<Self, Error> {
        let Recorded { operator, platform, .. } = match &started.stated {
            Some(stated) => serde_json::from_str(stated).map_err(|error| {
                Error::Journal(format!("run {run}: what it went by cannot be read: {error}"))
            })?,
            None => Recorded::default(),
        };
        let (account, business) = (started.account.clone(), started.business);
        Ok(Self { account, business, operator, platform })
    }
}

/// The facts that a run goes by: of each the first that is stated, by input, configuration,
/// operator or platform.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub stated: Stated,
    pub listed: Vec<StatedFact>,
}

impl Facts {
    pub fn resolve(input: Stated, config: Stated, background: &Background) -> Self {
        let Background { operator, platform, .. } = background;
        let all = [
            (StatedBy::Input, &input),
            (StatedBy::Config, &config),
            (StatedBy::Account, operator),
            (StatedBy::Platform, platform),
        ];
        let mut facts = Self::default();
        facts.stated = Stated {
            wallet: facts.first(&all, "wallet", |stated| &stated.wallet),
            delegations: facts.first(&all, "delegations", |stated| &stated.delegations),
            loan_credits: facts.first(&all, "loanCredits", |stated| &stated.loan_credits),
            loan_plans: facts.first(&all, "loanPlans", |stated| &stated.loan_plans),
        };
        facts
    }

    fn first<T: Clone + Serialize>(
        &mut self,
        all: &[(StatedBy, &Stated)],
        fact: &'static str,
        read: impl Fn(&Stated) -> &Option<T>,
    ) -> Option<T> {
        let (value, by) = all.iter().find_map(|(by, stated)| Some((read(stated).clone()?, *by)))?;
        self.listed.push(StatedFact { fact: fact.into(), by, value: json!(value) });
        Some(value)
    }

    /// Keeps in the list what a decision is made by.
    pub fn used(mut self, used: &[&str]) -> Self {
        self.listed.retain(|fact| used.contains(&fact.fact.as_ref()));
        self
    }
}
