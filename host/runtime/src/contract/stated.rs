//! What no POD service returns and a decision still needs: delegated credits and what is left of
//! them, wallet balances, what a customer may still borrow. Somebody states it, and the receipt says
//! so: it was not read.

use std::{borrow::Cow, collections::BTreeMap};

use pod_emulator::fork::Known;
use pod_platform::{Instant, JalaliDate, Rial};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::bindings::DelegatedCredit;

/// Where an input and a configuration state them.
pub(crate) const STATED: &str = "stated";

/// Facts that are stated, in the scenario file's names. What is `None` nobody states.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stated {
    /// What the payer can spend, in rials by wallet code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet: Option<BTreeMap<String, Rial>>,
    /// Credit delegated to the payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Vec<StatedDelegation>>,
    /// What customers may still borrow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loan_credits: Option<Vec<StatedLoanCredit>>,
    /// How many instalments plans have. On POD only a plan's own script says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loan_plans: Option<Vec<StatedLoanPlan>>,
}

impl From<Stated> for Known {
    fn from(stated: Stated) -> Self {
        let Stated { wallet, delegations, loan_credits, loan_plans } = stated;
        let delegation = |credit: StatedDelegation| pod_emulator::DelegatedCredit {
            delegator_id: credit.delegator_id,
            hash: credit.hash,
            amount: credit.amount,
            guild_code: credit.guild_code,
            until: credit.until,
        };
        let loan_credit = |credit: StatedLoanCredit| pod_emulator::LoanCredit {
            contract_id: credit.contract_id,
            user_id: credit.user_id,
            credit: credit.credit,
        };
        let plans = loan_plans.unwrap_or_default().into_iter();
        Self {
            wallet,
            delegations: delegations.map(|all| all.into_iter().map(delegation).collect()),
            loan_credits: loan_credits.map(|all| all.into_iter().map(loan_credit).collect()),
            installments: plans.map(|plan| (plan.id, plan.installments)).collect(),
        }
    }
}

/// A delegated credit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatedDelegation {
    /// Whose credit it is.
    pub delegator_id: u64,
    /// Names this credit.
    pub hash: String,
    /// What is left of it, in rials.
    pub amount: Rial,
    /// Only invoices of this guild; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_code: Option<String>,
    /// When it is over: a Jalali day, which is its last, a Jalali date-time, or milliseconds since
    /// 1970. Absent: never.
    #[serde(default, deserialize_with = "until", skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

impl From<&StatedDelegation> for DelegatedCredit {
    fn from(stated: &StatedDelegation) -> Self {
        Self {
            delegator_id: stated.delegator_id,
            hash: stated.hash.clone(),
            remaining_amount: stated.amount.0,
            guild_code: stated.guild_code.clone(),
            expires_at: stated.until.map(|at| at.0),
        }
    }
}

/// What a customer may still borrow.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatedLoanCredit {
    /// The contract.
    pub contract_id: u64,
    /// The customer.
    pub user_id: u64,
    /// In rials.
    pub credit: Rial,
}

/// How a plan is paid back.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatedLoanPlan {
    /// The plan.
    pub id: u64,
    /// How many instalments.
    pub installments: u32,
}

/// Who states a fact.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatedBy {
    /// The run's input.
    Input,
    /// `[config.stated]` of policy.toml.
    Config,
    /// The account's operator, in podhost.toml.
    Account,
    /// The emulator: its scenario, and what happened since.
    Platform,
}

/// A fact that a run used and did not read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StatedFact {
    /// The field of [`Stated`].
    pub fact: Cow<'static, str>,
    /// Who states it.
    pub by: StatedBy,
    /// What is stated.
    pub value: Value,
}

/// What was stated for a run when it began: it goes by that for as long as it lasts.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Recorded {
    pub operator: Stated,
    pub platform: Stated,
    /// What of all that is stated, by whomever, the run goes by.
    pub used: Vec<StatedFact>,
}

fn until<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Until {
        Millis(u64),
        Text(String),
    }

    let read = |text: &str| match text.parse::<JalaliDate>() {
        Ok(day) => day.end(),
        Err(_) => Instant::from_jalali_date_time(text),
    };
    let check = |text: &str| JalaliDate::leading(text).map_or(Ok(()), JalaliDate::check_calendar);
    match Option::<Until>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Until::Millis(millis)) => Ok(Some(Instant(millis))),
        Some(Until::Text(text)) => match read(&text) {
            Some(_) if let Err(distant) = check(&text) => Err(serde::de::Error::custom(distant)),
            Some(at) => Ok(Some(at)),
            None => Err(serde::de::Error::custom(format!(
                "`{text}` is no Jalali day like \"1399/03/13\", nor one with a time"
            ))),
        },
    }
}
