//! A policy that calls whichever service its input names, `{"function": "bills.pay-bill",
//! "request": {…}}`, and answers `{"ok": …}` or `{"error": …}`.
//!
//! Its JSON is what a Rhai script sees of the same call (`any-service.rhai` answers the same), but
//! it comes about otherwise: by serde from wit-bindgen's types. So each checks the other.

mod json;

use serde::Deserialize;
use serde_json::Value;

include!(concat!(env!("OUT_DIR"), "/services.rs"));

struct Policy;

export!(Policy);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    function: String,
    request: Value,
}

impl Guest for Policy {
    fn run(input: String, _config: String) -> Result<String, Failure> {
        let answer = serde_json::from_str(&input)
            .map_err(|error| format!("the input: {error}"))
            .and_then(|Input { function, request }| dispatch(&function, request));
        match answer {
            Ok(answer) => Ok(answer.to_string()),
            Err(message) => Err(Failure { message, position: None }),
        }
    }
}
