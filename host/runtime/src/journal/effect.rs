//! What a run's call did on the platform, named so that an accountant finds it there: the thing by all
//! its identifiers, what it was paid from, when, how many rials really moved, and how it is known.

use std::collections::BTreeMap;

use pod_platform::{Names, Rial, Row, wire::form::Form};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    entry::{Intent, KnownBy, Outcome, Recorded, Settled},
    words::{ASSUMED, HTTP, NAMES_OF_HTTP, REPEATED},
};

/// Something that changed on the platform.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Effect {
    /// POD's name of the service.
    pub service: String,
    /// The invoice that was paid, reduced or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<u64>,
    /// What moved: paid, earmarked, given back, forgiven, or turned into debt.
    pub rials: Rial,
    /// POD's reference number.
    pub reference: String,
    /// The call, counted from 0.
    pub step: u64,
    /// When the call began, in milliseconds since 1970: its rials count for that day.
    pub at: u64,
    /// What it acted on, by POD's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub object: BTreeMap<String, String>,
    /// What it was paid from.
    #[serde(default, skip_serializing_if = "Source::is_empty")]
    pub paid_from: Source,
    /// How it is known.
    pub proof: Proof,
    /// What was read, or who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The rials are a ceiling: nobody could read how many they were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_most: bool,
    /// It waits for somebody: a loan whose customer has not confirmed it, or not made the down
    /// payment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
}

/// How an effect is known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// POD answered the call.
    Answered,
    /// Nobody had the answer; it was read on the platform.
    Read,
    /// A person decided so.
    Settled,
}

impl Proof {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Read => "read",
            Self::Settled => "settled",
        }
    }

    /// How the outcome of a call that took effect is known.
    fn of(outcome: &Outcome) -> Self {
        match outcome.known_by {
            Some(KnownBy::Answered) => Self::Answered,
            Some(KnownBy::Read) => Self::Read,
            // It was not in doubt, or an older journal says so in words only.
            None => match outcome.evidence.as_deref() {
                Some(evidence)
                    if !evidence.starts_with(ASSUMED) && !evidence.ends_with(REPEATED) =>
                {
                    Self::Read
                }
                _ => Self::Answered,
            },
        }
    }
}

/// What something is paid from, as far as the call names it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Source {
    /// A wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet: Option<String>,
    /// The business's account in this guild.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guild_code: Option<String>,
    /// Credit that others delegated, in the order in which it is used, before the wallet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<UsedCredit>,
    /// A loan under this contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_id: Option<String>,
    /// By this plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
}

/// Credit that somebody delegated.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsedCredit {
    /// Who.
    pub delegator_id: String,
    /// Which.
    pub delegation_hash: String,
}

impl Source {
    /// Does the call name nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn of(row: &Row, form: &Form) -> Self {
        let fields = row.names.source;
        let named =
            |field: &'static str| fields.contains(&field).then(|| form.get(field)).flatten();
        let text = |field| named(field).map(str::to_owned);
        let guild_code = text("guildCode");
        let unless_named = row.wallet.filter(|_| fields.contains(&"wallet"));
        let wallet = text("wallet").or_else(|| unless_named.map(str::to_owned));
        let credits = match fields.contains(&"delegationHash") {
            true => form.values("delegatorId").zip(form.values("delegationHash")).collect(),
            false => Vec::new(),
        };
        let credits = credits.into_iter().map(|(delegator, hash)| UsedCredit {
            delegator_id: delegator.to_owned(),
            delegation_hash: hash.to_owned(),
        });
        Self {
            wallet: wallet.filter(|_| guild_code.is_none()),
            guild_code,
            credits: credits.collect(),
            contract_id: text("contractId"),
            plan_id: text("planId"),
        }
    }
}

/// What a call acted on, and what it was paid from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Named {
    pub object: BTreeMap<String, String>,
    pub paid_from: Source,
}

impl Named {
    /// By the service's row of the catalogue; a merchant's own server by method and URL.
    pub fn of(intent: &Intent, outcome: Option<&Outcome>) -> Self {
        let mut form = Form::default();
        for (name, value) in form_urlencoded::parse(intent.arguments.as_bytes()) {
            form.push(name.into_owned(), value);
        }
        let row = intent.row();
        let Names { object, id, .. } = match row {
            Some(row) => row.names,
            None if intent.service == HTTP => Names { object: &NAMES_OF_HTTP, ..Names::default() },
            None => Names::default(),
        };
        let asked = object.iter().filter_map(|field| {
            let name = if *field == "id" { id.unwrap_or(field) } else { field };
            Some((name.to_owned(), form.get(field)?.to_owned()))
        });
        let mut object: BTreeMap<String, String> = asked.collect();
        if let Some(name) = id
            && !object.contains_key(name)
            && let Some(id) = outcome.and_then(answered_id)
        {
            object.insert(name.to_owned(), id);
        }
        Self { object, paid_from: row.map(|row| Source::of(row, &form)).unwrap_or_default() }
    }
}

/// The `id` of what a call answered.
fn answered_id(outcome: &Outcome) -> Option<String> {
    #[derive(Deserialize)]
    struct WithId<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }

    let Recorded::Done(result) = &outcome.recorded else { return None };
    let answer: WithId<'_> = serde_json::from_slice(result).ok()?;
    Some(answer.id.get().trim_matches('"').to_owned())
}

impl Effect {
    /// Of a call that took effect, as it is known now.
    pub(crate) fn of(intent: &Intent, outcome: &Outcome) -> Self {
        let Named { object, paid_from } = Named::of(intent, Some(outcome));
        let proof = Proof::of(outcome);
        Self {
            service: intent.service.clone(),
            invoice: intent.invoice,
            rials: Rial(outcome.spent.rials),
            reference: outcome.reference_number.clone().unwrap_or_default(),
            step: intent.step,
            at: intent.at,
            object,
            paid_from,
            proof,
            evidence: outcome.evidence.clone().filter(|_| proof == Proof::Read),
            at_most: outcome.at_most == Some(true),
            pending: outcome.pending == Some(true),
        }
    }

    /// Of a call in doubt, which a person decided to have taken effect.
    pub(crate) fn settled(intent: &Intent, settled: &Settled) -> Self {
        let Named { object, paid_from } = Named::of(intent, None);
        Self {
            service: intent.service.clone(),
            invoice: intent.invoice,
            rials: Rial(intent.reserved.rials),
            reference: settled.reference_number.clone().unwrap_or_default(),
            step: intent.step,
            at: intent.at,
            object,
            paid_from,
            proof: Proof::Settled,
            evidence: Some(match &settled.by {
                Some(by) => format!("{by}: {}", settled.note),
                None => settled.note.clone(),
            }),
            // What was at stake is charged; what of it moved, nobody has read.
            at_most: intent.at_most == Some(true),
            pending: false,
        }
    }
}
