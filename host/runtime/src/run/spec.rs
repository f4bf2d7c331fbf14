//! What a run is to do, and how: the options of whoever starts it, its policy's export, its configuration,
//! and the facts that it goes by. All of it is checked before the run begins.

use serde_json::{Value, json};

use super::{
    decide::{Input, delegation::Delegation, loan_plan::LoanPlan, netting::Netting},
    facts::{Background, Facts},
};
use crate::{
    contract::{Language, OnFailure, PolicyIndices, STATED, Stated, Wallet},
    error::Error,
    grant::Grant,
    guest::Exports,
    policy::Loaded,
};

/// How a policy is run. More fields may follow: what is not said is by
/// `..RunOptions::default()`.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// What it is run with. A decider's input is null, or an object that may hold `invoices` (only
    /// these ids), `invoice` (only this id), and `stated`, as a free-form policy's may: see
    /// [`Stated`](crate::Stated).
    pub input: Value,
    /// What it may do. None: what it asks for. An operator's grant is narrowed to what the policy
    /// asks for with [`Grant::intersection`].
    pub grant: Option<Grant>,
    /// Decide and check, and pay nothing. Only for deciders: a free-form policy pays by itself.
    pub plan_only: bool,
    /// What a payment that fails means for the others of its plan. None: what the policy says.
    pub on_failure: Option<OnFailure>,
    /// The language of the reasons' texts.
    pub language: Language,
    /// The caller's own name for this run, unique for account and policy. The same request under
    /// the same key is run once: asked for again, it answers the first run's receipt, and goes on
    /// with that run if it was cut off. See [`check_key`](crate::check_key).
    pub key: Option<String>,
    /// Read the account's platform, and change nothing: what would change is answered by a fork
    /// of what was read, and nothing that changes anything is sent. The receipt says what would be
    /// paid, in rials, and what was assumed for that. Such a run has no key, and is never resumed.
    pub dry_run: bool,
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

/// What is asked of which world's export.
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
            Exports::Policy(_) if needs_plan => return Err(Error::NoPlan),
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
                         write them into podhost.toml ([account.NAME.stated]), into policy.toml \
                         ([[config.stated.delegations]]) or into the \
                         input, {\"stated\": {\"delegations\": [...]}}"
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
