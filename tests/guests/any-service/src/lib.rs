//! A policy that calls whichever service or other function its input names, `{"function": "bills.pay-bill",
//! "request": {…}}`, and answers `{"ok": …}` or `{"error": …}`.
//!
//! Its JSON is what a Rhai script sees of the same call (`any-service.rhai` answers the same), but
//! it comes about otherwise: by serde from wit-bindgen's types. So each checks the other.

mod json;

use pod::policy::{http, store};
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

/// Calls what is no service of POD's; none, if there is no such function.
fn own(function: &str, request: &Value) -> Option<Result<Value, String>> {
    let text = |name: &str| request[name].as_str();
    let key = text("key").unwrap_or_default();
    Some(match function {
        "http.fetch" => {
            let request = http::HttpRequest {
                method: http::Method::Get,
                url: text("url").unwrap_or_default().to_owned(),
                headers: Vec::new(),
                secret_headers: Vec::new(),
                body: None,
            };
            json::answered(http::fetch(&request).map(|response| response.status))
        }
        "store.get-state" => json::answered(store::get_state(key)),
        "store.set-state" => json::answered(store::set_state(key, text("value"))),
        "store.compare-and-set-state" => {
            json::answered(store::compare_and_set_state(key, text("expected"), text("value")))
        }
        "store.list-state-keys" => {
            json::answered(store::list_state_keys(text("prefix").unwrap_or_default()))
        }
        _ => return None,
    })
}

impl Guest for Policy {
    fn run(input: String, _config: String) -> Result<String, Failure> {
        let answer = serde_json::from_str(&input)
            .map_err(|error| format!("the input: {error}"))
            .and_then(|Input { function, request }| match own(&function, &request) {
                Some(answer) => answer,
                None => dispatch(&function, request),
            });
        match answer {
            Ok(answer) => Ok(answer.to_string()),
            Err(message) => Err(Failure { message, position: None }),
        }
    }
}
