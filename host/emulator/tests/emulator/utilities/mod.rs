//! Utility bills, some of them made up, and a platform whose clock the test moves.
use std::sync::Arc;

use pod_emulator::{Options, Scenario};
use pod_platform::{
    Instant, ManualClock, UtilityBill,
    bills::{
        BillPage, BillStatus, IssueBillInvoiceRequest, ListBillsRequest, PayBillRequest,
        ServiceBill,
    },
    payments::PayAnyInvoiceByCreditRequest,
    types::PlatformErrorKind as Kind,
};

use crate::common::World;

pub const SCENARIO: &str = r#"{
  "businesses": [
    {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
     "wallet": {"PODLAND_WALLET": 1000000}},
    {"id": 2, "userId": 20, "name": "Baker", "apiToken": "baker"}
  ],
  "users": [
    {"id": 40, "name": "Sara", "accessToken": "sara", "wallet": {"PODLAND_WALLET": 5000000}},
    {"id": 50, "name": "Reza", "accessToken": "reza", "wallet": {"PODLAND_WALLET": 128999}}
  ],
  "invoices": [
    {"id": 100, "businessId": 1, "amount": 200000, "guildCode": "FOOD_GUILD", "payed": true}
  ],
  "delegations": [
    {"delegatorId": 50, "delegateId": 40, "hash": "reza-any", "amount": 100000}
  ],
  "bills": [
    {"billId": "9174639504124", "paymentId": "12908190", "company": "توانیر"},
    {"billId": "5006002508016", "paymentId": "10884247", "sendFileFails": true}
  ]
}"#;

pub const START: &str = "1399/03/13 10:00:00";

/// Two identifiers, as S2 and S3 have them.
pub type Pair<'a> = (&'a str, &'a str);

/// 17,000 and 120,000 rials.
pub const LANDLINE: Pair<'_> = ("7748317800142", "1770160");
pub const OTHER_LANDLINE: Pair<'_> = ("1117753200140", "12070160");
/// 10,000 and 3,856,000 rials.
pub const WATER: Pair<'_> = ("2050327604613", "1070189");
pub const EXPENSIVE_WATER: Pair<'_> = ("3300959004310", "385620969");
/// 129,000 rials each; the mobile bill is Hamrah-e-Aval's.
pub const ELECTRICITY: Pair<'_> = ("9174639504124", "12908190");
pub const MOBILE: Pair<'_> = ("9100074409153", "12908199");
/// 108,000 rials; its file cannot be sent.
pub const UNLUCKY_WATER: Pair<'_> = ("5006002508016", "10884247");

/// A bill of a company, for so many thousands of rials.
pub fn made_up(company: &str, type_digit: u8, thousands: u32) -> (String, String) {
    for checks in 0..1_000 {
        let bill_id = format!("48151{company}{type_digit}{}", checks / 100);
        let payment_id = format!("{thousands}901{:02}", checks % 100);
        if UtilityBill::read(&bill_id, &payment_id).is_ok() {
            return (bill_id, payment_id);
        }
    }
    unreachable!("some digits must check the others")
}

pub fn traffic_fine() -> (String, String) {
    made_up("100", 9, 50)
}

/// Not Hamrah-e-Aval's.
pub fn other_mobile() -> (String, String) {
    made_up("093", 5, 40)
}

pub fn at(text: &str) -> Instant {
    Instant::from_jalali_date_time(text).unwrap()
}

pub fn pay((bill_id, payment_id): Pair<'_>) -> PayBillRequest {
    PayBillRequest { bill_id: bill_id.into(), payment_id: payment_id.into() }
}

pub fn issue((bill_id, payment_id): Pair<'_>) -> IssueBillInvoiceRequest {
    IssueBillInvoiceRequest { bill_id: bill_id.into(), payment_id: payment_id.into() }
}

pub fn pay_any(invoice: u64) -> PayAnyInvoiceByCreditRequest {
    PayAnyInvoiceByCreditRequest {
        invoice_id: invoice,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    }
}

pub fn all() -> ListBillsRequest {
    ListBillsRequest { size: 50, ..ListBillsRequest::default() }
}

/// A platform whose clock the test moves.
pub struct Utilities {
    pub world: World,
    pub clock: Arc<ManualClock>,
}

impl Utilities {
    pub async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(at(START)));
        let world = World::with(Options {
            scenario: Scenario::from_json("bills", SCENARIO).unwrap(),
            clock: Some(clock.clone()),
            ..Options::default()
        })
        .await;
        Self { world, clock }
    }

    pub fn it_is(&self, time: &str) {
        self.clock.set(at(time));
    }

    pub async fn pay(&self, token: &str, pair: Pair<'_>) -> ServiceBill {
        self.world.call(token, &pay(pair)).await.unwrap()
    }

    pub async fn issue(&self, token: &str, pair: Pair<'_>) -> u64 {
        self.world.call(token, &issue(pair)).await.unwrap().id
    }

    pub async fn list(&self, token: &str, request: &ListBillsRequest) -> BillPage {
        self.world.call(token, request).await.unwrap()
    }

    /// A bill as its payer sees it now.
    pub async fn told(&self, token: &str, id: u64) -> ServiceBill {
        let request = ListBillsRequest { id: Some(id), ..all() };
        let mut page = self.list(token, &request).await;
        assert_eq!((page.count, page.result.len()), (1, 1));
        page.result.remove(0)
    }

    pub async fn wallet(&self, user: u64) -> i64 {
        self.world.balance(&format!("wallet:{user}:PODLAND_WALLET")).await
    }

    /// Calls a service by one of its numbers, with fields as they are; the answer's code.
    pub async fn post(&self, token: &str, product: u32, fields: &str) -> serde_json::Value {
        let body = format!("scProductId={product}&{fields}");
        self.world.post(&[("_token_", token)], &body).await
    }

    pub async fn code(&self, token: &str, product: u32, (bill_id, payment_id): Pair<'_>) -> i64 {
        let fields = format!("billId={bill_id}&paymentId={payment_id}");
        self.post(token, product, &fields).await["errorCode"].as_i64().unwrap()
    }

    /// The ids in a list that is asked for with fields as they are.
    pub async fn ids(&self, product: u32, fields: &str) -> Vec<u64> {
        let answer = self.post("sara", product, &format!("offset=0&size=50&{fields}")).await;
        let bills = answer["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
        bills.iter().map(|bill| bill["id"].as_u64().unwrap()).collect()
    }
}

/// Whichever way the invoice is paid, the bill is accepted, is its payer's, and the invoice is
/// closed.
pub async fn is_paid(utilities: &Utilities, invoice: u64, payer: u64, token: &str) -> ServiceBill {
    let bills = utilities.list(token, &all()).await.result;
    let bill = bills.into_iter().find(|bill| bill.invoice_id == Some(invoice)).unwrap();
    assert_eq!(bill.status, BillStatus::ServiceBillAccepted);
    assert_eq!(bill.user_srv.as_ref().unwrap().id, payer);
    let shown = utilities.world.invoice(invoice).await;
    assert!(shown.payed && shown.closed && !shown.canceled);
    // What came out of another invoice goes on when Shaparak has settled it.
    let held = if shown.will_be_blocked { bill.price.0.cast_signed() } else { 0 };
    assert_eq!(utilities.world.balance(&format!("invoice:{invoice}")).await, held);
    let pair = (bill.bill_id.as_str(), bill.payment_id.as_str());
    assert_eq!(utilities.world.refused("shop", &issue(pair)).await, Kind::DuplicateServiceBill);
    assert_eq!(utilities.world.refused("shop", &pay(pair)).await, Kind::DuplicateServiceBill);
    bill
}
