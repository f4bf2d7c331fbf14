//! What a run is to do: its policy's export, its configuration, and the facts that it goes by. All
//! of it is checked before the run begins.

use serde_json::{Value, json};

use super::{
    decide::{Input, delegation::Delegation, loan_plan::LoanPlan, netting::Netting},
    host::Account,
};
use crate::{
    contract::{Facts, PolicyIndices, Recorded, STATED, Stated, Wallet},
    error::Error,
    journal::Started,
    policy::{Exports, Loaded},
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

/// What a run is to do, and by which facts.
pub(crate) struct Task<'a> {
    pub kind: Kind<'a>,
    pub facts: Facts,
    /// The configuration as the policy gets it, a JSON text.
    pub config: String,
    /// The input as a free-form policy gets it, a JSON text.
    pub input: String,
}

pub(crate) enum Kind<'a> {
    Policy(&'a PolicyIndices),
    Netting(Netting<'a>),
    Delegation(Delegation<'a>),
    LoanPlan(LoanPlan<'a>),
}

impl<'a> Task<'a> {
    /// Checks what a run is told, before it begins.
    pub fn of(
        policy: &'a Loaded,
        background: &Background,
        input: &Value,
        needs_plan: bool,
    ) -> Result<Self, Error> {
        let exports = &policy.entry.exports;
        let passed = match &policy.input_schema {
            Some(schema) => schema.check(input)?.to_string(),
            None => input.to_string(),
        };
        let input = match exports {
            // A free-form policy's input is its own; only what it states is the host's, too.
            Exports::Policy(_) if needs_plan => {
                let message = "a policy of the world `policy` pays by itself, without a plan that \
                               the host could stop at (--plan-only and --on-failure are for \
                               deciders)";
                return Err(Error::Input(message.into()));
            }
            Exports::Policy(_) => Input { stated: stated(input)?, ..Input::default() },
            _ if input.is_null() => Input::default(),
            _ => read_input(input)?,
        };
        let wanted = input.wanted();
        let stated = policy.settings.stated.clone();
        let facts = Facts::resolve(input.stated, stated, background);
        let mut config = policy.settings.config.clone();
        let business = background.business;
        let (kind, facts) = match exports {
            Exports::Policy(exports) => {
                config[STATED] = json!(facts.stated);
                config[STATED]["businessId"] = json!(business);
                (Kind::Policy(exports), facts)
            }
            Exports::Netting(exports) => {
                let business = business.ok_or_else(|| {
                    let name = &background.account;
                    let what = "is no business: it has no invoices to net";
                    Error::Account(format!("the account `{name}` {what}"))
                })?;
                (Kind::Netting(Netting { exports, business, wanted }), facts.used(&[]))
            }
            Exports::Delegation(exports) => {
                let facts = facts.used(&["wallet", "delegations"]);
                let Some(delegations) = &facts.stated.delegations else {
                    return Err(Error::Input(
                        "nobody states the delegated credits, which no POD service returns: \
                         write them into policy.toml ([[config.stated.delegations]]) or into \
                         --input '{\"stated\": {\"delegations\": [...]}}'"
                            .into(),
                    ));
                };
                let delegation = Delegation {
                    exports,
                    business,
                    wanted,
                    delegations: delegations.iter().map(Into::into).collect(),
                    wallets: wallets(&facts.stated),
                };
                (Kind::Delegation(delegation), facts)
            }
            Exports::LoanPlan(exports) => {
                let facts = facts.used(&["loanCredits", "loanPlans"]);
                let loan_plan = LoanPlan {
                    exports,
                    business,
                    wanted,
                    loan_credits: facts.stated.loan_credits.clone(),
                    loan_plans: facts.stated.loan_plans.clone().unwrap_or_default(),
                };
                (Kind::LoanPlan(loan_plan), facts)
            }
        };
        Ok(Self { kind, facts, config: config.to_string(), input: passed })
    }
}

fn read_input(input: &Value) -> Result<Input, Error> {
    serde_path_to_error::deserialize(input).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!(" `{path}`:") };
        Error::Input(format!("the input:{place} {}", error.inner()))
    })
}

/// What a free-form policy's input states.
fn stated(input: &Value) -> Result<Stated, Error> {
    match input.get(STATED) {
        None => Ok(Stated::default()),
        Some(stated) => read_input(&json!({ STATED: stated })).map(|input| input.stated),
    }
}

fn wallets(stated: &Stated) -> Vec<Wallet> {
    let wallets = stated.wallet.iter().flatten();
    wallets.map(|(code, balance)| Wallet { code: code.clone(), balance: balance.0 }).collect()
}
