//! Every service of POD through a compiled policy and through a script: the same cases
//! (`tests/services/*.json`), the same answers. Each has a case in which it does what it should,
//! and one for each refusal that the catalogue tells of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pod_host::{Account, Policy, Status};
use pod_platform::{
    Client, Credentials, Instant, Limits, ManualClock, Platform, Service, ServiceVisitor,
    types::PlatformErrorKind as Kind, visit_services, wire::form::Fields,
};
use pod_sandbox::{Options, Sandbox, Scenario};
use podhost_tests::{Bench, project};
use serde::Deserialize;
use serde_json::{Value, json};

const FILES: [&str; 5] = ["invoices", "payments", "bills", "files", "loans"];

/// What no policy can bring about: its host brings the one-time token, checks the arguments before
/// it sends them, and the local platform's gateway does not fail.
const NOT_FROM_A_POLICY: &[(&str, Kind)] = &[
    ("*", Kind::InvalidOtt),
    ("bills.pay-bill", Kind::InvalidNumber),
    ("bills.pay-bill", Kind::InvalidBillId),
    ("bills.pay-bill", Kind::InvalidPaymentId),
    ("bills.issue-bill-invoice", Kind::InvalidNumber),
    ("bills.issue-bill-invoice", Kind::InvalidBillId),
    ("bills.issue-bill-invoice", Kind::InvalidPaymentId),
    ("bills.get-gateway-link", Kind::BadParameters),
    ("bills.get-gateway-link", Kind::ProviderError),
];

/// A call, and what comes of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    function: String,
    /// The token that the policy acts with.
    r#as: String,
    #[serde(default)]
    before: Vec<Step>,
    request: Value,
    /// What the answer holds, at least.
    answer: Option<Value>,
    /// What the answer, a text, begins with.
    answer_begins: Option<String>,
    /// The kind of POD's refusal.
    refusal: Option<String>,
    /// The field that is refused before anything is sent.
    invalid: Option<String>,
    /// What is in these accounts afterwards.
    #[serde(default)]
    ledger: BTreeMap<String, i64>,
}

/// What has happened before.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Step {
    Clock {
        clock: String,
    },
    Call {
        r#as: String,
        function: String,
        request: Value,
        /// Names for parts of the answer, to be used as `$name`.
        #[serde(default)]
        save: BTreeMap<String, String>,
    },
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in FILES {
        let text = fs::read_to_string(project(&format!("tests/services/{file}.json"))).unwrap();
        let read: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}.json: {error}"));
        cases.extend(read);
    }
    cases
}

/// A local POD in the state of a case.
struct World {
    pod: Sandbox,
    clock: Arc<ManualClock>,
    client: Client,
    names: BTreeMap<String, Value>,
}

impl World {
    async fn start(case: &Case) -> Self {
        let scenario = Scenario::from_file(project("tests/services/scenario.json")).unwrap();
        let now = scenario.now.as_deref().and_then(Instant::from_jalali_date_time).unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let options = Options { scenario, clock: Some(clock.clone()), ..Options::default() };
        let pod = Sandbox::start(options).await.unwrap();
        let client = Client::new(Platform::at(pod.platform_url()), Limits::default()).unwrap();
        let names = BTreeMap::from([("root".to_owned(), json!(pod.pay_url()))]);
        let mut world = Self { pod, clock, client, names };
        for step in &case.before {
            world.take(step).await;
        }
        world
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Clock { clock } => {
                self.clock.set(Instant::from_jalali_date_time(clock).unwrap());
            }
            Step::Call { r#as, function, request, save } => {
                let answer = self.call(r#as, function, &self.named(request)).await;
                for (name, pointer) in save {
                    let value = answer.pointer(pointer).cloned();
                    self.names.insert(name.clone(), value.expect(pointer));
                }
                if let Some(sms) = self.pod.sms().await.unwrap().last() {
                    let digits = |word: &str| word.len() == 5 && word.parse::<u32>().is_ok();
                    if let Some(code) = sms.text.split_whitespace().find(|word| digits(word)) {
                        self.names.insert("sms-code".to_owned(), json!(code));
                    }
                }
            }
        }
    }

    /// Calls a service by name, as any client does; its answer in a script's spelling.
    async fn call(&self, token: &str, function: &str, request: &Value) -> Value {
        struct Named<'a>(&'a str, Option<pod_platform::Request>, Fields);

        impl ServiceVisitor for Named<'_> {
            fn visit<S: Service>(&mut self) {
                if self.0 == format!("{}.{}", S::INTERFACE, S::FUNCTION) {
                    let request = S::decode(&self.2).unwrap();
                    self.1 = Some(request.prepare().unwrap());
                }
            }
        }

        let mut named = Named(function, None, fields(request));
        visit_services(&mut named);
        let request = named.1.unwrap_or_else(|| panic!("there is no service {function}"));
        let credentials = Credentials::token(token);
        let ott = match request.row.needs_ott {
            true => Some(self.client.ott(&credentials).await.outcome.unwrap()),
            false => None,
        };
        let sent = self.client.send(&request, &credentials, ott.as_ref(), 1 << 20).await;
        let answer = sent.outcome.unwrap_or_else(|error| panic!("{function}: {error}"));
        snake_keys(&serde_json::from_slice(&answer.result).unwrap())
    }

    /// A value with its `$names` replaced.
    fn named(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                if let Some(whole) = text.strip_prefix('$').and_then(|name| self.names.get(name)) {
                    return whole.clone();
                }
                let mut text = text.clone();
                for (name, value) in &self.names {
                    let value = value.as_str().map_or(value.to_string(), str::to_owned);
                    text = text.replace(&format!("${name}"), &value);
                }
                Value::String(text)
            }
            Value::Array(items) => items.iter().map(|item| self.named(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(key, value)| (key.clone(), self.named(value))).collect()
            }
            other => other.clone(),
        }
    }
}

/// A request as a form: names are read in any case, so `invoice_id` is `invoiceId`.
fn fields(request: &Value) -> Fields {
    let mut fields = Fields::default();
    for (key, value) in request.as_object().unwrap() {
        let name = key.replace('_', "");
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => "auto".to_owned(),
            other => other.to_string(),
        };
        match value {
            Value::Array(bytes) if key == "content" => {
                let bytes: Vec<u8> =
                    bytes.iter().map(|byte| byte.as_u64().unwrap() as u8).collect();
                fields.push(name, BASE64_STANDARD.encode(bytes));
            }
            Value::String(file) if key == "content" => {
                fields.push(name, BASE64_STANDARD.encode(file));
            }
            Value::Array(items) => items.iter().for_each(|item| fields.push(&name, text(item))),
            value => fields.push(name, text(value)),
        }
    }
    fields
}

fn snake_keys(value: &Value) -> Value {
    let snake = |key: &str| {
        let mut name = String::new();
        for letter in key.chars() {
            if letter.is_uppercase() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        name
    };
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (snake(key), snake_keys(value))).collect()
        }
        Value::Array(items) => items.iter().map(snake_keys).collect(),
        other => other.clone(),
    }
}

/// One policy's answer to a case, checked against it.
async fn outcome(bench: &Bench, policy: &Policy, case: &Case) -> Value {
    let world = World::start(case).await;
    let account = Account {
        name: case.r#as.clone(),
        client: world.client.clone(),
        credentials: Arc::new(Credentials::token(&*case.r#as)),
        platform: None,
        clock: None,
        business: None,
        user: None,
        operator_stated: pod_host::Stated::default(),
        stated: pod_host::Stated::default(),
    };
    let input = json!({ "function": case.function, "request": world.named(&case.request) });
    let receipt = bench.host.run(policy, &account, input).await.unwrap();
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);

    let ledger = world.pod.ledger().await.unwrap();
    assert_eq!((ledger.total, &ledger.faults), (0, &Vec::new()));
    for (account, balance) in &ledger.balances {
        assert!(*balance >= 0 || account == "outside", "{account} owes {balance}");
    }
    for (account, expected) in &case.ledger {
        assert_eq!(ledger.balance(account), *expected, "{account}");
    }
    let output = receipt.output;
    if let Some(expected) = &case.answer {
        assert_holds(&output["ok"], &world.named(expected), "answer", &output);
    } else if let Some(beginning) = &case.answer_begins {
        let expected = world.named(&json!(beginning));
        let answer = output["ok"].as_str().unwrap_or_default();
        assert!(answer.starts_with(expected.as_str().unwrap()), "{output}");
    } else if let Some(kind) = &case.refusal {
        assert_eq!(output["error"]["kind"], "platform", "{output}");
        assert_eq!(output["error"]["platform_kind"], **kind, "{output}");
    } else if let Some(field) = &case.invalid {
        assert_eq!(output["error"]["kind"], "invalid-argument", "{output}");
        assert_eq!(output["error"]["field"], **field, "{output}");
        assert_eq!(receipt.meters.calls, 0, "nothing is sent");
    } else {
        panic!("the case expects nothing");
    }
    let root = world.names["root"].as_str().unwrap().to_owned();
    serde_json::from_str(&output.to_string().replace(&root, "$root")).unwrap()
}

/// `found` holds everything that `expected` says.
fn assert_holds(found: &Value, expected: &Value, path: &str, output: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, value) in expected {
                let other = found.get(key).unwrap_or(&Value::Null);
                assert_holds(other, value, &format!("{path}.{key}"), output);
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{path}: {output}");
            for (index, value) in expected.iter().enumerate() {
                assert_holds(&found[index], value, &format!("{path}[{index}]"), output);
            }
        }
        (Value::Number(found), Value::Number(expected)) => {
            assert_eq!(found.as_f64(), expected.as_f64(), "{path}: {output}");
        }
        (found, expected) => assert_eq!(found, expected, "{path}: {output}"),
    }
}

#[tokio::test]
async fn a_compiled_policy_and_a_script_get_the_same_answers() {
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let compiled = bench.load("tests/guests/any-service").await;
    let script = bench.load("tests/guests/any-service/any-service.rhai").await;
    let mut failures = Vec::new();
    for (index, case) in cases().into_iter().enumerate() {
        let name = format!("case {index}, {} {}", case.function, case.request);
        let bench = &bench;
        let both = futures_util::future::join(
            std::panic::AssertUnwindSafe(outcome(bench, &compiled, &case)),
            std::panic::AssertUnwindSafe(outcome(bench, &script, &case)),
        );
        match futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(both)).await {
            Ok((compiled, script)) if compiled == script => {}
            Ok((compiled, script)) => {
                failures.push(format!("{name}:\n  compiled {compiled}\n  script   {script}"));
            }
            Err(panic) => {
                let message = panic.downcast_ref::<String>().cloned();
                failures.push(format!("{name}: {}", message.unwrap_or_default()));
            }
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_service_and_every_documented_refusal_has_a_case() {
    struct Wanted(BTreeSet<(String, &'static str)>);

    impl ServiceVisitor for Wanted {
        fn visit<S: Service>(&mut self) {
            let function = format!("{}.{}", S::INTERFACE, S::FUNCTION);
            for kind in S::ROW.errors {
                let excused = NOT_FROM_A_POLICY
                    .iter()
                    .any(|(name, other)| (*name == "*" || *name == function) && other == kind);
                if !excused {
                    self.0.insert((function.clone(), kind.name()));
                }
            }
            self.0.insert((function, "an answer"));
        }
    }

    let mut wanted = Wanted(BTreeSet::new());
    visit_services(&mut wanted);
    for case in cases() {
        let outcome = case.refusal.as_deref().unwrap_or("an answer");
        if case.invalid.is_none() {
            wanted.0.retain(|(function, kind)| *function != case.function || *kind != outcome);
        }
    }
    assert!(wanted.0.is_empty(), "without a case: {:#?}", wanted.0);
}
