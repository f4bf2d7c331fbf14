//! A call from JSON to JSON.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const KIND: &str = "kind";

/// A variant whose cases have payloads.
pub trait Tagged {
    /// Its case as `kind`, and the payload beside it.
    fn tagged(&self) -> serde_json::Result<Value>;
}

/// Calls a service.
pub fn call<Q: DeserializeOwned, A: Serialize, E: Tagged>(
    request: Value,
    service: impl FnOnce(Q) -> Result<A, E>,
) -> Result<Value, String> {
    let request =
        serde_json::from_value(request).map_err(|error| format!("the request: {error}"))?;
    answered(service(request))
}

/// What a call came to.
pub fn answered<A: Serialize, E: Tagged>(answer: Result<A, E>) -> Result<Value, String> {
    let answer = match answer {
        Ok(answer) => serde_json::to_value(answer).map(|answer| json!({ "ok": answer })),
        Err(error) => error.tagged().map(|error| json!({ "error": error })),
    };
    answer.map_err(|error| format!("the answer: {error}"))
}

/// A case with a record: its fields, its own `kind` with the case's name in front.
pub fn record(case: &str, payload: &impl Serialize) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(payload)?;
    if let Some(own) = value.as_object_mut().and_then(|fields| fields.remove(KIND)) {
        value[format!("{}_{KIND}", case.replace('-', "_"))] = own;
    }
    value[KIND] = case.into();
    Ok(value)
}

/// A case with anything else.
pub fn value(case: &str, payload: &impl Serialize) -> serde_json::Result<Value> {
    Ok(json!({ KIND: case, "value": payload }))
}
