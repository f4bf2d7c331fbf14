//! A shop that runs podhost, its neighbours who call POD themselves, and somebody who uses the shop's
//! own token elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use pod_emulator::{Deed, Scenario};
use pod_host::{Receipt, RunOptions};
use pod_platform::{Client, Credentials, Limits, Platform, types::Error};
use podhost_tests::{
    mortal::{Life, Mortal},
    project,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::service_cases::{named, prepared, snake_keys};

/// How long a call that nobody answered may still land.
pub const LANDING_WINDOW: Duration = Duration::from_millis(200);

/// The user whom the shop is billed as.
pub const SHOP: i64 = 10;

/// Makes the calls of its input, one after the other.
const POLICY: &str = "tests/attribution/policy";

/// What a run can read of what it pays.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reads {
    /// All of it: what cannot be read is not paid.
    #[default]
    All,
    /// Not all: a ceiling per payment is granted, and charged for what cannot be read.
    UpToACeiling,
}

/// A call of somebody's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub r#as: String,
    pub function: String,
    pub request: Value,
    /// Names for parts of the answer, to be used as `$name`.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
}

/// The platform, the shop's store, and what is known of both.
pub struct Town {
    pub mortal: Arc<Mortal>,
    client: Client,
    /// What its runs can read.
    pub reads: Reads,
    names: BTreeMap<String, Value>,
    /// The reference numbers of what others called: they were answered.
    others: BTreeSet<String>,
    /// The number of a call before which everything is not the run's.
    line: u64,
}

impl Town {
    pub async fn start() -> Self {
        let file = project("tests/attribution/town.json");
        Self::of(Scenario::from_file(file).expect("the scenario is well-formed")).await
    }

    pub async fn of(scenario: Scenario) -> Self {
        let mut mortal = Mortal::start(scenario).await;
        mortal.landing_window = LANDING_WINDOW;
        let platform = Platform::at(mortal.pod.platform_url());
        let client = Client::new(platform, Limits::default()).expect("a client");
        Self {
            mortal: Arc::new(mortal),
            client,
            reads: Reads::All,
            names: BTreeMap::new(),
            others: BTreeSet::new(),
            line: 0,
        }
    }

    /// What `$names` stand for.
    pub fn named(&self, value: &Value) -> Value {
        named(&self.names, value)
    }

    /// Makes a call as any client does, and notes that it is not the run's.
    pub async fn call(&mut self, call: &Call) -> Result<Value, Error> {
        let request = prepared(&call.function, &self.named(&call.request));
        let credentials = Credentials::token(&*call.r#as);
        let ott = match request.row.needs_ott {
            true => Some(self.client.ott(&credentials).await.outcome.expect("a one-time token")),
            false => None,
        };
        let sent = self.client.send(&request, &credentials, ott.as_ref(), &|_| true).await;
        let answer = match sent.outcome {
            Ok(answer) => answer,
            Err(error @ Error::Platform(_)) => return Err(error),
            Err(other) => panic!("{call:?}: {other}: nobody can tell whose doing it was"),
        };
        self.others.insert(answer.reference_number);
        let answer = snake_keys(&serde_json::from_slice(&answer.result).expect("it is JSON"));
        for (name, pointer) in &call.save {
            let value = answer.pointer(pointer).cloned().unwrap_or_default();
            self.names.insert(name.clone(), value);
        }
        self.remember().await;
        Ok(answer)
    }

    /// What nobody is answered: the code in the last SMS, the invoice of a loan's down payment.
    async fn remember(&mut self) {
        let sms = self.mortal.pod.sms().await.expect("it can be read");
        let is_code = |word: &&str| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit());
        if let Some(code) = sms.last().and_then(|sms| sms.text.split_whitespace().find(is_code)) {
            self.names.insert("sms-code".to_owned(), json!(code));
        }
        let books = self.mortal.pod.books().await.expect("the books can be read");
        if let Some(invoice) = books.loans.iter().find_map(|loan| loan.pre_paid_invoice_id) {
            self.names.insert("down-payment".to_owned(), json!(invoice));
        }
    }

    /// The number of a call that changes nothing: whatever is called from now on has a higher one, and
    /// what still lands of earlier calls has a lower one.
    pub async fn draw_a_line(&mut self) -> u64 {
        let list = prepared("invoices.get-invoice-list", &json!({ "offset": 0, "size": 1 }));
        let sent = self.client.send(&list, &Credentials::token("bank"), None, &|_| true).await;
        let number = sent.outcome.expect("it is answered").reference_number;
        self.line = number.parse().expect("a number");
        self.line
    }

    /// What the shop's runs did since the last line.
    pub async fn own_deeds(&self) -> Vec<Deed> {
        self.own_deeds_between(self.line, u64::MAX).await
    }

    /// What the shop's runs did by calls between two lines.
    pub async fn own_deeds_between(&self, from: u64, to: u64) -> Vec<Deed> {
        let deeds = self.mortal.pod.deeds().await.expect("the deeds can be read");
        let is_own = |deed: &Deed| {
            let number: u64 = deed.reference_number.parse().expect("a number");
            // What is due is nobody's call.
            deed.user_id != 0
                && (from..to).contains(&number)
                && !self.others.contains(&deed.reference_number)
        };
        let own: Vec<Deed> = deeds.into_iter().filter(is_own).collect();
        assert!(own.iter().all(|deed| deed.user_id == SHOP), "unknown calls: {own:?}");
        own
    }

    /// Lets the next call of a service go wrong.
    pub async fn fault(&self, service: &str, mut fault: Value) {
        fault["service"] = service.into();
        fault["call"] = 1.into();
        let fault = serde_json::from_value(fault).expect("a fault");
        self.mortal.pod.add_fault(fault).await.expect("it can be added");
    }

    /// Waits until nothing can land any more.
    pub async fn has_landed(&self) {
        while self.mortal.pod.faults().await.to_land > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A run that makes these calls.
    pub fn options(&self, calls: &[(&str, Value)]) -> RunOptions {
        let call = |(function, request): &(&str, Value)| json!({ "function": function, "request": self.named(request) });
        let input = calls.iter().map(call).collect();
        RunOptions { input, ..RunOptions::default() }
    }

    /// Runs it, undisturbed.
    pub async fn run(&self, options: RunOptions) -> Receipt {
        let reads = self.reads;
        self.mortal.live_on(async move |life: Life| run_in(life, options, reads).await).await
    }
}

/// Runs the policy in a host's life.
pub async fn run_in(life: Life, options: RunOptions, reads: Reads) -> Receipt {
    let policy = life.load(&project(POLICY)).await;
    let mut grant = policy.asks().clone();
    if reads == Reads::All {
        grant.budget.rial_per_payment = None;
    }
    let options = RunOptions { grant: Some(grant), ..options };
    let receipt = life.host.run_with(&policy, &life.account, options).await;
    receipt.expect("the run is journalled")
}
