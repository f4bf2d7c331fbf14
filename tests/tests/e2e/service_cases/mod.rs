//! The cases in `tests/services/*.json`: a call of each service in which it does what it should, and
//! one for each refusal that the catalogue tells of it.
use std::{collections::BTreeMap, fs, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pod_emulator::{Emulator, Options, Scenario};
use pod_host::{Account, Grant, Host, Policy, Receipt, RunOptions, Status};
use pod_platform::{
    Client, Credentials, Instant, Limits, ManualClock, Platform, Service, ServiceVisitor,
    visit_services, wire::form::Fields,
};
use podhost_tests::project;
use serde::Deserialize;
use serde_json::{Value, json};

const FILES: [&str; 5] = ["invoices", "payments", "bills", "files", "loans"];

/// A call, and what comes of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub function: String,
    /// The token that the policy acts with.
    pub r#as: String,
    #[serde(default)]
    pub before: Vec<Step>,
    pub request: Value,
    /// What the answer holds, at least.
    pub answer: Option<Value>,
    /// What the answer, a text, begins with.
    pub answer_begins: Option<String>,
    /// The kind of POD's refusal.
    pub refusal: Option<String>,
    /// The field that is refused before anything is sent.
    pub invalid: Option<String>,
    /// What is in these accounts afterwards.
    #[serde(default)]
    pub ledger: BTreeMap<String, i64>,
}

/// What has happened before.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Step {
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

/// All cases.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in FILES {
        let text = fs::read_to_string(project(&format!("tests/services/{file}.json"))).unwrap();
        let read: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}.json: {error}"));
        cases.extend(read);
    }
    cases
}

/// An emulator in the state of a case.
pub struct World {
    pub pod: Emulator,
    clock: Arc<ManualClock>,
    /// Calls it.
    pub client: Client,
    /// Whose token it is.
    users: BTreeMap<String, u64>,
    /// What `$names` stand for.
    pub names: BTreeMap<String, Value>,
}

impl World {
    /// What the scenario says, and what happened before the case.
    pub async fn start(case: &Case) -> Self {
        let mut world = Self::new().await;
        for step in &case.before {
            world.take(step).await;
        }
        world
    }

    /// What the scenario says.
    pub async fn new() -> Self {
        let scenario = Scenario::from_file(project("tests/services/scenario.json")).unwrap();
        let now = scenario.now.as_deref().and_then(Instant::from_jalali_date_time).unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let businesses = scenario.businesses.iter().map(|one| (one.api_token.clone(), one.user_id));
        let users = scenario.users.iter().map(|one| (one.access_token.clone(), one.id));
        let users = businesses.chain(users).collect();
        let options = Options { scenario, clock: Some(clock.clone()), ..Options::default() };
        let pod = Emulator::start(options).await.unwrap();
        let client = Client::new(Platform::at(pod.platform_url()), Limits::default()).unwrap();
        let names = BTreeMap::from([("root".to_owned(), json!(pod.pay_url()))]);
        Self { pod, clock, client, users, names }
    }

    /// Who has a token.
    pub fn account(&self, token: &str) -> Account {
        let account = Account::new(token, self.client.clone(), Credentials::token(token));
        let mut account = account.with_platform(self.pod.platform_url());
        account.user = self.users.get(token).copied();
        account
    }

    /// Runs a policy that calls whichever service its input names.
    pub async fn call(
        &self,
        host: &Host,
        policy: &Policy,
        grant: Option<Grant>,
        (token, function, request): (&str, &str, &Value),
    ) -> Receipt {
        let input = json!({ "function": function, "request": self.named(request) });
        let options = RunOptions { input, grant, ..RunOptions::default() };
        let receipt = host.run_with(policy, &self.account(token), options).await.unwrap();
        assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
        receipt
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Clock { clock } => {
                self.clock.set(Instant::from_jalali_date_time(clock).unwrap());
            }
            Step::Call { r#as, function, request, save } => {
                let answer = self.ask(r#as, function, &self.named(request)).await;
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
    async fn ask(&self, token: &str, function: &str, request: &Value) -> Value {
        let request = prepared(function, request);
        let credentials = Credentials::token(token);
        let ott = match request.row.needs_ott {
            true => Some(self.client.ott(&credentials).await.outcome.unwrap()),
            false => None,
        };
        let sent = self.client.send(&request, &credentials, ott.as_ref(), &|_| true).await;
        let answer = sent.outcome.unwrap_or_else(|error| panic!("{function}: {error}"));
        snake_keys(&serde_json::from_slice(&answer.result).unwrap())
    }

    /// A value with its `$names` replaced.
    pub fn named(&self, value: &Value) -> Value {
        named(&self.names, value)
    }
}

/// A value with its `$names` replaced.
pub fn named(names: &BTreeMap<String, Value>, value: &Value) -> Value {
    match value {
        Value::String(text) => {
            if let Some(whole) = text.strip_prefix('$').and_then(|name| names.get(name)) {
                return whole.clone();
            }
            let mut text = text.clone();
            for (name, value) in names {
                let value = value.as_str().map_or(value.to_string(), str::to_owned);
                text = text.replace(&format!("${name}"), &value);
            }
            Value::String(text)
        }
        Value::Array(items) => items.iter().map(|item| named(names, item)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), named(names, value))).collect()
        }
        other => other.clone(),
    }
}

/// A call of the service with this name, ready to be sent by any client.
pub fn prepared(function: &str, request: &Value) -> pod_platform::Request {
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
    named.1.unwrap_or_else(|| panic!("there is no service {function}"))
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

/// An answer in a script's spelling.
pub fn snake_keys(value: &Value) -> Value {
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

/// A case's answer, checked against the case.
pub async fn checked(world: &World, case: &Case, receipt: Receipt) -> Value {
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
