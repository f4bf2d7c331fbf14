//! What happened before: calls that the platform answers before anybody else calls it.

use std::collections::BTreeMap;

use pod_platform::wire::form::Fields;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    check::{self, Checked, not_empty},
    faults::Services,
    locate::Path,
};

/// A call of the time before the platform starts. No fault happens to it, and it needs no one-time
/// token.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PastCall {
    /// Whose call it is: a token of the scenario.
    pub token: String,
    /// The service's POD name.
    pub service: String,
    /// Its fields by POD's names: texts, numbers, booleans, or lists of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, Value>,
}

impl PastCall {
    /// The arguments as a client sends them. Only for a scenario that has been checked.
    pub(crate) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in &self.arguments {
            let values = match value {
                Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            for text in values.iter().filter_map(text) {
                fields.push(name, text);
            }
        }
        fields
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Checks past calls; `is_token` knows the scenario's tokens.
pub(super) fn check(history: &[PastCall], is_token: impl Fn(&str) -> bool) -> Checked {
    let services = Services::of_the_contract();
    for (index, call) in history.iter().enumerate() {
        let here = Path::default().key("history").index(index);
        if !is_token(&call.token) {
            let reason = "no business and no user has this token".to_owned();
            return check::fault(here.key("token"), reason);
        }
        not_empty(&here, "service", &call.service)?;
        if !services.contains(&call.service) {
            let reason = format!("no service `{}` can be called", call.service);
            return check::fault(here.key("service"), reason);
        }
        for (name, value) in &call.arguments {
            let is_plain = match value {
                Value::Array(values) => values.iter().all(|value| text(value).is_some()),
                value => text(value).is_some(),
            };
            if !is_plain {
                let reason = "a text, a number, a boolean or a list of them is expected".to_owned();
                return check::fault(here.key("arguments").key(name), reason);
            }
        }
    }
    Ok(())
}
