//! A platform with three businesses and two users, and clients for each.
use pod_emulator::{Emulator, Options, Scenario};
use pod_platform::{
    Client, Credentials, Limits, Platform, Service,
    invoices::{GetInvoiceListRequest, Invoice, IssueInvoiceRequest},
    types::{Error, PlatformErrorKind as Kind},
};

pub const SCENARIO: &str = r#"{
  "now": "1399/03/13 10:00:00",
  "businesses": [
    {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
     "wallet": {"PODLAND_WALLET": 50000}, "guilds": {"FOOD_GUILD": 700}},
    {"id": 2, "userId": 20, "name": "Baker", "apiToken": "baker"},
    {"id": 3, "userId": 30, "name": "Mill", "apiToken": "mill"}
  ],
  "users": [
    {"id": 40, "name": "Sara", "accessToken": "sara", "wallet": {"PODLAND_WALLET": 20000}},
    {"id": 50, "name": "Reza", "accessToken": "reza"}
  ],
  "invoices": [
    {"id": 100, "businessId": 1, "amount": 9000, "guildCode": "FOOD_GUILD", "payed": true},
    {"id": 101, "businessId": 1, "userId": 40, "amount": 4000, "vat": 360,
     "guildCode": "FOOD_GUILD", "billNumber": "S-101", "description": "نان و آرد"},
    {"id": 102, "businessId": 1, "amount": 1000, "guildCode": "FOOD_GUILD", "payed": true},
    {"id": 103, "businessId": 1, "amount": 5000, "guildCode": "FOOD_GUILD", "canceled": true},
    {"id": 104, "businessId": 1, "amount": 7000, "guildCode": "FOOD_GUILD", "payed": true,
     "closed": true},
    {"id": 105, "businessId": 1, "amount": 300, "guildCode": "FOOD_GUILD"},
    {"id": 200, "businessId": 2, "userId": 10, "amount": 6500, "vat": 585,
     "guildCode": "FOOD_GUILD", "billNumber": "B-200"},
    {"id": 201, "businessId": 2, "userId": 10, "amount": 2000, "guildCode": "FOOD_GUILD",
     "payed": true},
    {"id": 202, "businessId": 2, "userId": 10, "amount": 2000, "guildCode": "FOOD_GUILD",
     "canceled": true},
    {"id": 203, "businessId": 2, "userId": 10, "amount": 2000, "guildCode": "FOOD_GUILD",
     "closed": true},
    {"id": 204, "businessId": 2, "userId": 10, "amount": 1500, "guildCode": "FOOD_GUILD"},
    {"id": 300, "businessId": 3, "userId": 20, "amount": 100, "guildCode": "MILL_GUILD"},
    {"id": 301, "businessId": 3, "amount": 800, "guildCode": "MILL_GUILD",
     "verificationNeeded": true},
    {"id": 302, "businessId": 3, "amount": 800, "guildCode": "MILL_GUILD", "waiting": true}
  ],
  "products": [
    {"id": 7, "businessId": 1, "name": "salt", "price": 900}
  ],
  "delegations": [
    {"delegatorId": 50, "delegateId": 40, "hash": "reza-food", "amount": 1000,
     "guildCode": "FOOD_GUILD"},
    {"delegatorId": 50, "delegateId": 40, "hash": "reza-any", "amount": 2000},
    {"delegatorId": 10, "delegateId": 40, "hash": "shop-any", "amount": 5000},
    {"delegatorId": 20, "delegateId": 40, "hash": "baker-old", "amount": 5000,
     "until": "1399/03/12"},
    {"delegatorId": 20, "delegateId": 40, "hash": "baker-today", "amount": 400,
     "until": "1399/03/13"},
    {"delegatorId": 50, "delegateId": 30, "hash": "reza-mill", "amount": 9000}
  ]
}"#;

pub struct World {
    pub emulator: Emulator,
    pub client: Client,
}

impl World {
    pub async fn start() -> Self {
        Self::of(Scenario::from_json("common", SCENARIO).unwrap()).await
    }

    pub async fn of(scenario: Scenario) -> Self {
        Self::with(Options { scenario, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let platform = Platform::at(emulator.platform_url());
        let client = Client::new(platform, Limits::default()).unwrap();
        Self { emulator, client }
    }

    pub async fn call<S: Service>(&self, token: &str, request: &S) -> Result<S::Response, Error> {
        self.client.call(request, &Credentials::token(token)).await
    }

    /// The kind with which a call is refused.
    pub async fn refused<S: Service>(&self, token: &str, request: &S) -> Kind
    where
        S::Response: std::fmt::Debug,
    {
        match self.call(token, request).await.unwrap_err() {
            Error::Platform(error) => error.kind,
            other => panic!("{other}"),
        }
    }

    pub async fn invoice(&self, id: u64) -> Invoice {
        self.emulator.invoice(id).await.unwrap().unwrap()
    }

    pub async fn balance(&self, account: &str) -> i64 {
        let ledger = self.emulator.ledger().await.unwrap();
        assert_eq!(ledger.total, 0);
        assert!(ledger.faults.is_empty(), "{:?}", ledger.faults);
        ledger.balance(account)
    }

    /// POSTs fields to `doServiceCall` and returns the envelope.
    pub async fn post(&self, headers: &[(&str, &str)], body: &str) -> serde_json::Value {
        let url = format!("{}/nzh/doServiceCall", self.emulator.platform_url());
        envelope(http().post(url), headers, body).await
    }

    /// POSTs fields to a path below the platform's address and returns the envelope.
    pub async fn post_to(&self, path: &str, token: &str, body: &str) -> serde_json::Value {
        let url = format!("{}{path}", self.emulator.platform_url());
        envelope(http().post(url), &[("_token_", token)], body).await
    }

    /// A fresh one-time token.
    pub async fn ott(&self) -> String {
        let answer = self.post(&[("_token_", "shop")], "scProductId=29816").await;
        answer["ott"].as_str().unwrap().to_owned()
    }
}

/// Only after a [`World`] has been started: its client sets TLS up.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub async fn envelope(
    mut request: reqwest::RequestBuilder,
    headers: &[(&str, &str)],
    body: &str,
) -> serde_json::Value {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body.to_owned()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

pub fn first_page(size: u32) -> GetInvoiceListRequest {
    GetInvoiceListRequest { offset: Some(0), size, ..GetInvoiceListRequest::default() }
}

/// An order of `quantity` pieces at `price` each, without tax.
pub fn order(price: u64, quantity: f64) -> IssueInvoiceRequest {
    IssueInvoiceRequest {
        guild_code: "FOOD_GUILD".into(),
        product_id: vec![0],
        price: vec![Some(pod_platform::Rial(price))],
        quantity: vec![quantity],
        product_description: vec!["bread".into()],
        preferred_tax_rate: Some(0.0),
        ..IssueInvoiceRequest::default()
    }
}
