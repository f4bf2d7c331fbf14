//! A street with a shop and its customers, their browsers, and a shop's own server.
use std::sync::{Arc, Mutex};

use pod_emulator::{Emulator, Options, Scenario};
use serde_json::Value;

use crate::common::World;

pub const SCENARIO: &str = r#"{
  "now": "1399/03/13 10:00:00",
  "businesses": [
    {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
     "wallet": {"PODLAND_WALLET": 50000}},
    {"id": 2, "userId": 20, "name": "Baker & <b>Sons</b>", "apiToken": "baker"}
  ],
  "users": [
    {"id": 40, "name": "Sara", "accessToken": "sara", "cellphoneNumber": "09121111111",
     "wallet": {"PODLAND_WALLET": 20000, "DIGIPAY_WALLET": 60000}},
    {"id": 50, "name": "Reza", "accessToken": "reza", "cellphoneNumber": "09122222222",
     "wallet": {"PODLAND_WALLET": 100000}}
  ],
  "invoices": [
    {"id": 100, "businessId": 1, "userId": 40, "amount": 40000, "vat": 3600,
     "guildCode": "FOOD_GUILD", "billNumber": "S-100", "description": "آرد"},
    {"id": 101, "businessId": 1, "userId": 40, "amount": 4000, "vat": 360,
     "guildCode": "FOOD_GUILD", "billNumber": "S-101"},
    {"id": 102, "businessId": 1, "amount": 15000, "guildCode": "FOOD_GUILD"},
    {"id": 103, "businessId": 1, "userId": 40, "amount": 12000, "guildCode": "FOOD_GUILD",
     "verificationNeeded": true},
    {"id": 104, "businessId": 1, "userId": 40, "amount": 700, "guildCode": "FOOD_GUILD",
     "payed": true},
    {"id": 105, "businessId": 1, "userId": 40, "amount": 5000, "guildCode": "FOOD_GUILD",
     "waiting": true},
    {"id": 200, "businessId": 2, "userId": 10, "amount": 6000, "guildCode": "FOOD_GUILD",
     "description": "<script>alert(1)</script>"},
    {"id": 201, "businessId": 2, "amount": 10000, "guildCode": "FOOD_GUILD"}
  ],
  "delegations": [
    {"delegatorId": 50, "delegateId": 40, "hash": "reza-food", "amount": 1000,
     "guildCode": "FOOD_GUILD"},
    {"delegatorId": 50, "delegateId": 40, "hash": "reza-mill", "amount": 1000,
     "guildCode": "MILL_GUILD"},
    {"delegatorId": 50, "delegateId": 40, "hash": "reza-today", "amount": 2000,
     "until": "1399/03/13"},
    {"delegatorId": 50, "delegateId": 40, "hash": "reza-old", "amount": 5000,
     "until": "1399/03/12"}
  ]
}"#;

pub fn scenario() -> Scenario {
    Scenario::from_json("street", SCENARIO).unwrap()
}

pub async fn start() -> World {
    World::with(Options { scenario: scenario(), ..Options::default() }).await
}

/// What a browser got.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub location: String,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Page {
    /// The parameters of the address that the browser is sent to.
    pub fn parameters(&self) -> Vec<(String, String)> {
        assert_eq!(self.status, 303, "{self:?}");
        let query = self.location.split_once('?').expect(&self.location).1;
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    pub fn parameter(&self, name: &str) -> String {
        let found = self.parameters().into_iter().find(|(key, _)| key == name);
        found.unwrap_or_else(|| panic!("no {name}: {}", self.location)).1
    }

    pub fn names(&self) -> Vec<String> {
        self.parameters().into_iter().map(|(name, _)| name).collect()
    }

    pub fn says(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "not on the page: {text}\n{self:?}");
        self
    }
}

/// Gets a page, without following where it leads.
pub async fn get(emulator: &Emulator, path: &str) -> Page {
    page(browser().get(address(emulator, path))).await
}

/// Sends a page's form.
pub async fn submit(emulator: &Emulator, path: &str, form: &str) -> Page {
    let request = browser()
        .post(address(emulator, path))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    page(request).await
}

/// Only after a emulator's client has been made: it sets TLS up.
pub fn browser() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn address(emulator: &Emulator, path: &str) -> String {
    if path.starts_with('/') { format!("{}{path}", emulator.pay_url()) } else { path.to_owned() }
}

async fn page(request: reqwest::RequestBuilder) -> Page {
    let response = request.send().await.unwrap();
    let header =
        |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    Page {
        status: response.status().as_u16(),
        location: header("location").unwrap_or_default(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

/// The link by which its own user pays an invoice.
pub fn own(invoice: u64) -> String {
    format!("/v1/pbc/payinvoice/?invoiceId={invoice}")
}

/// The link by which anybody does.
pub async fn anybodys(world: &World, invoice: u64) -> String {
    let number = world.invoice(invoice).await.unique_number.unwrap();
    format!("/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber={number}")
}

/// With an address to go back to, which has a parameter of its own.
pub fn with_redirect(link: &str) -> String {
    format!("{link}&redirectUri={}", encoded("https://shop.ir/done?order=7"))
}

pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Asks the control API, and returns status and JSON.
pub async fn ask(emulator: &Emulator, path: &str) -> (u16, Value) {
    let page = get(emulator, path).await;
    (page.status, serde_json::from_str(&page.text).expect(&page.text))
}

/// Tells the control API something, and returns status and JSON.
pub async fn tell(emulator: &Emulator, path: &str, body: &str) -> (u16, Value) {
    let request = browser()
        .post(address(emulator, path))
        .header("content-type", "application/json")
        .body(body.to_owned());
    let page = page(request).await;
    (page.status, serde_json::from_str(&page.text).expect(&page.text))
}

/// A shop's own server, which is told of payments.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let calls = Arc::clone(&seen);
        let told = move |uri: axum::http::Uri| async move {
            calls.lock().unwrap().push(uri.to_string());
            "thank you"
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(told);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Waits until every `callUri` has been called, and returns what came of it.
pub async fn deliveries(emulator: &Emulator) -> Vec<Value> {
    for _ in 0..600 {
        let (_, answer) = ask(emulator, "/emulator/callbacks").await;
        let all = answer.as_array().unwrap().clone();
        if all.iter().all(|one| one["status"] != Value::Null || one["error"] != Value::Null) {
            return all;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("a callback is still awaited");
}
