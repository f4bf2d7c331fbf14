//! Why something was decided, for people: a rule's text stands in `policy.toml`, in each language,
//! with its amounts in their places.
//!
//! ```toml
//! [reasons.smallest-cover]
//! amounts = ["debt", "credit"]
//! en = "{credit} rials are the least that covers {debt}"
//! fa = "{credit} ریال کمترین مبلغی است که {debt} ریال را پوشش می‌دهد"
//! ```
//!
//! A reason is structured all the way: in a receipt it has its rule's name and its amounts by name,
//! whether or not the rule has a text.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use crate::contract::Language;

/// What stands for an alternative's choice in its rule's text.
const CHOICE: &str = "choice";

/// The rules that a policy declares.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reasons(BTreeMap<String, Rule>);

#[derive(Clone, Debug)]
struct Rule {
    amounts: Vec<String>,
    texts: BTreeMap<Language, String>,
}

/// `[reasons.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRule {
    #[serde(default)]
    amounts: Vec<String>,
    en: Option<Spanned<String>>,
    fa: Option<Spanned<String>>,
}

impl Reasons {
    /// Checks the rules. The error is the place of a text and what is wrong with it.
    pub fn of(raw: BTreeMap<String, RawRule>) -> Result<Self, (Range<usize>, String)> {
        let mut rules = BTreeMap::new();
        for (name, RawRule { amounts, en, fa }) in raw {
            let mut texts = BTreeMap::new();
            for (language, text) in [(Language::English, en), (Language::Persian, fa)] {
                let Some(text) = text else { continue };
                let unknown = places(text.get_ref()).find(|place| {
                    *place != CHOICE && !amounts.iter().any(|amount| amount == place)
                });
                if let Some(unknown) = unknown {
                    let message = format!(
                        "`reasons.{name}`: the text names `{{{unknown}}}`, which is not among its \
                         `amounts`"
                    );
                    return Err((text.span(), message));
                }
                texts.insert(language, text.into_inner());
            }
            rules.insert(name, Rule { amounts, texts });
        }
        Ok(Self(rules))
    }

    /// Completes every reason within a value: an object with a `rule` and a list of `amounts`. Its
    /// amounts get their names, and it gets its text.
    pub fn explain(&self, value: &mut Value, language: Language) {
        match value {
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.explain(item, language));
            }
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.explain(field, language));
                self.complete(fields, language);
            }
            _ => {}
        }
    }

    fn complete(&self, reason: &mut Map<String, Value>, language: Language) {
        let (Some(Value::String(rule)), Some(Value::Array(amounts))) =
            (reason.get("rule"), reason.get("amounts"))
        else {
            return;
        };
        let rule = self.0.get(rule);
        let name = |index: usize| match rule.and_then(|rule| rule.amounts.get(index)) {
            Some(name) => name.clone(),
            None => format!("amount-{}", index + 1),
        };
        let named: Map<String, Value> =
            amounts.iter().enumerate().map(|(i, amount)| (name(i), amount.clone())).collect();
        if let Some(text) = rule.and_then(|rule| rule.texts.get(&language)) {
            let text = filled(text, reason.get(CHOICE), &named, language);
            reason.insert("text".into(), text.into());
        }
        reason.insert("amounts".into(), named.into());
    }
}

/// The names in braces.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

fn filled(
    text: &str,
    choice: Option<&Value>,
    amounts: &Map<String, Value>,
    language: Language,
) -> String {
    let mut filled = text.to_owned();
    for place in places(text) {
        let value = if place == CHOICE { choice } else { amounts.get(place) };
        let written = match value {
            Some(Value::Number(number)) => {
                number.as_u64().map_or_else(|| number.to_string(), |n| language.number(n))
            }
            Some(Value::String(text)) => text.clone(),
            _ => continue,
        };
        filled = filled.replace(&format!("{{{place}}}"), &written);
    }
    filled
}
