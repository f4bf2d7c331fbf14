//! payBill, issueBillInvoice, listBills and cancelBill.

mod common;

use std::sync::Arc;

use common::World;
use pod_platform::{
    BillType, Clock as _, Instant, ManualClock, Rial, UtilityBill,
    bills::{
        BillPage, BillStatus, CancelBillRequest, GetGatewayLinkRequest, IssueBillInvoiceRequest,
        ListBillsRequest, PayBillRequest, ServiceBill,
    },
    invoices::{CancelInvoiceRequest, CloseInvoiceRequest},
    payments::{
        PayAnyInvoiceByCreditRequest, PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest,
        PayInvoiceInFutureRequest,
    },
    types::{Error, PlatformErrorKind as Kind},
};
use pod_sandbox::{Options, Scenario, ScenarioError};
use proptest::prelude::*;

const SCENARIO: &str = r#"{
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

const START: &str = "1399/03/13 10:00:00";

/// Two identifiers, as S2 and S3 have them.
type Pair<'a> = (&'a str, &'a str);

/// 17,000 and 120,000 rials.
const LANDLINE: Pair<'_> = ("7748317800142", "1770160");
const OTHER_LANDLINE: Pair<'_> = ("1117753200140", "12070160");
/// 10,000 and 3,856,000 rials.
const WATER: Pair<'_> = ("2050327604613", "1070189");
const EXPENSIVE_WATER: Pair<'_> = ("3300959004310", "385620969");
/// 129,000 rials each; the mobile bill is Hamrah-e-Aval's.
const ELECTRICITY: Pair<'_> = ("9174639504124", "12908190");
const MOBILE: Pair<'_> = ("9100074409153", "12908199");
/// 108,000 rials; its file cannot be sent.
const UNLUCKY_WATER: Pair<'_> = ("5006002508016", "10884247");

/// A bill of a company, for so many thousands of rials.
fn made_up(company: &str, type_digit: u8, thousands: u32) -> (String, String) {
    for checks in 0..1_000 {
        let bill_id = format!("48151{company}{type_digit}{}", checks / 100);
        let payment_id = format!("{thousands}901{:02}", checks % 100);
        if UtilityBill::read(&bill_id, &payment_id).is_ok() {
            return (bill_id, payment_id);
        }
    }
    unreachable!("some digits must check the others")
}

fn traffic_fine() -> (String, String) {
    made_up("100", 9, 50)
}

/// Not Hamrah-e-Aval's.
fn other_mobile() -> (String, String) {
    made_up("093", 5, 40)
}

fn at(text: &str) -> Instant {
    Instant::from_jalali_date_time(text).unwrap()
}

fn pay((bill_id, payment_id): Pair<'_>) -> PayBillRequest {
    PayBillRequest { bill_id: bill_id.into(), payment_id: payment_id.into() }
}

fn issue((bill_id, payment_id): Pair<'_>) -> IssueBillInvoiceRequest {
    IssueBillInvoiceRequest { bill_id: bill_id.into(), payment_id: payment_id.into() }
}

fn pay_any(invoice: u64) -> PayAnyInvoiceByCreditRequest {
    PayAnyInvoiceByCreditRequest {
        invoice_id: invoice,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    }
}

fn all() -> ListBillsRequest {
    ListBillsRequest { size: 50, ..ListBillsRequest::default() }
}

/// A platform whose clock the test moves.
struct Utilities {
    world: World,
    clock: Arc<ManualClock>,
}

impl Utilities {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(at(START)));
        let world = World::with(Options {
            scenario: Scenario::from_json("bills", SCENARIO).unwrap(),
            clock: Some(clock.clone()),
            ..Options::default()
        })
        .await;
        Self { world, clock }
    }

    fn it_is(&self, time: &str) {
        self.clock.set(at(time));
    }

    async fn pay(&self, token: &str, pair: Pair<'_>) -> ServiceBill {
        self.world.call(token, &pay(pair)).await.unwrap()
    }

    async fn issue(&self, token: &str, pair: Pair<'_>) -> u64 {
        self.world.call(token, &issue(pair)).await.unwrap().id
    }

    async fn list(&self, token: &str, request: &ListBillsRequest) -> BillPage {
        self.world.call(token, request).await.unwrap()
    }

    /// A bill as its payer sees it now.
    async fn told(&self, token: &str, id: u64) -> ServiceBill {
        let request = ListBillsRequest { id: Some(id), ..all() };
        let mut page = self.list(token, &request).await;
        assert_eq!((page.count, page.result.len()), (1, 1));
        page.result.remove(0)
    }

    async fn wallet(&self, user: u64) -> i64 {
        self.world.balance(&format!("wallet:{user}:PODLAND_WALLET")).await
    }

    /// Calls a service by one of its numbers, with fields as they are; the answer's code.
    async fn post(&self, token: &str, product: u32, fields: &str) -> serde_json::Value {
        let body = format!("scProductId={product}&{fields}");
        self.world.post(&[("_token_", token)], &body).await
    }

    async fn code(&self, token: &str, product: u32, (bill_id, payment_id): Pair<'_>) -> i64 {
        let fields = format!("billId={bill_id}&paymentId={payment_id}");
        self.post(token, product, &fields).await["errorCode"].as_i64().unwrap()
    }

    /// The ids in a list that is asked for with fields as they are.
    async fn ids(&self, product: u32, fields: &str) -> Vec<u64> {
        let answer = self.post("sara", product, &format!("offset=0&size=50&{fields}")).await;
        let bills = answer["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
        bills.iter().map(|bill| bill["id"].as_u64().unwrap()).collect()
    }
}

#[tokio::test]
async fn a_bill_is_paid_from_the_wallet_and_its_money_leaves_the_platform() {
    let utilities = Utilities::start().await;
    let bill = utilities.pay("sara", ELECTRICITY).await;
    assert_eq!((bill.bill_id.as_str(), bill.payment_id.as_str()), ELECTRICITY);
    assert_eq!(bill.price, Rial(129_000));
    assert_eq!(bill.utility_company_name.as_deref(), Some("برق"));
    assert_eq!(bill.sub_utility_company_name.as_deref(), Some("توانیر"));
    assert_eq!(bill.request_date, Some(at(START)));
    assert_eq!(bill.status, BillStatus::ServiceBillAccepted);
    assert_eq!(bill.settlement_request_id, Some(0));
    assert_eq!(bill.user_srv.as_ref().unwrap().id, 40);
    assert_eq!(bill.cancel_date, None);

    let invoice = utilities.world.invoice(bill.invoice_id.unwrap()).await;
    assert!(invoice.payed && invoice.closed);
    assert_eq!(invoice.payable_amount, Rial(129_000));
    assert_eq!(invoice.vat, Some(Rial(0)));
    assert_eq!(invoice.business.unwrap().id, 0);
    assert_eq!(invoice.user_srv.unwrap().id, 40);
    assert_eq!(invoice.payer.unwrap().id, 40);
    assert_eq!(invoice.guild_srv.unwrap().code, "UTILITY_GUILD");
    assert_eq!(invoice.reference_number, bill.reference_number.map(|number| number.to_string()));

    assert_eq!(utilities.wallet(40).await, 5_000_000 - 129_000);
    assert_eq!(utilities.world.balance(&format!("invoice:{}", invoice.id)).await, 0);
    assert_eq!(utilities.world.balance("guild:0:UTILITY_GUILD").await, 0);
    let opening = 1_000_000 + 5_000_000 + 128_999 + 200_000 + 100_000;
    assert_eq!(utilities.world.balance("outside").await, 129_000 - opening);
}

#[tokio::test]
async fn the_reference_number_is_that_of_the_paying_call() {
    let utilities = Utilities::start().await;
    let (bill_id, payment_id) = LANDLINE;
    let fields = format!("billId={bill_id}&paymentId={payment_id}");
    let answer = utilities.post("sara", 27_903_493, &fields).await;
    let number = answer["result"]["referenceNumber"].as_u64().unwrap();
    assert_eq!(answer["referenceNumber"], number.to_string());
}

#[tokio::test]
async fn a_business_pays_bills_as_the_user_that_it_is_billed_as() {
    let utilities = Utilities::start().await;
    let bill = utilities.pay("shop", WATER).await;
    assert_eq!(bill.user_srv.unwrap().id, 10);
    assert_eq!(utilities.wallet(10).await, 990_000);
    assert_eq!(utilities.list("shop", &all()).await.count, 1);
    assert_eq!(utilities.list("sara", &all()).await.count, 0);
}

#[tokio::test]
async fn every_type_of_bill_has_its_name() {
    let utilities = Utilities::start().await;
    for (digit, name) in [
        (0, "سایر"),
        (1, "آب"),
        (2, "برق"),
        (3, "گاز"),
        (4, "تلفن ثابت"),
        (5, "تلفن همراه"),
        (6, "شهرداری"),
        (7, "سایر"),
        (8, "مالیات"),
    ] {
        let (bill_id, payment_id) = made_up("123", digit, 10);
        let bill = utilities.pay("sara", (&bill_id, &payment_id)).await;
        assert_eq!(bill.utility_company_name.as_deref(), Some(name), "{digit}");
        assert_eq!(bill.sub_utility_company_name, None);
    }
    let bill = utilities.pay("sara", MOBILE).await;
    assert_eq!(bill.sub_utility_company_name.as_deref(), Some("کشوری091"));
}

#[tokio::test]
async fn wrong_identifiers_are_refused_first_and_by_their_own_codes() {
    let utilities = Utilities::start().await;
    for (pair, code) in [
        // Not a number at all, wherever it stands.
        (("91746395O4124", "12908190"), 141),
        (("9174639504124", "12908190a"), 141),
        (("-9174639504124", "12908190"), 141),
        (("%60", "12908190"), 141),
        (("1%601", "12908190"), 141),
        (("%DB%B9174639504124", "12908190"), 141),
        // S2's own counter-examples.
        (("9100074409151", "12908199"), 179),
        (("2234322344613", "12908199"), 179),
        (("1117753200140", "1770165"), 178),
        // Too short, too long, with leading zeros.
        (("14128", "12908190"), 179),
        (("91746395041240", "12908190"), 179),
        (("0009174639504124", "12908190"), 179),
        (("9174639504124", "12908"), 178),
        (("9174639504124", "0012908190"), 178),
        // The payment id of another bill; both wrong.
        (("7748317800142", "12908190"), 178),
        (("9174639504125", "12908191"), 179),
        // Missing.
        (("", "12908190"), 403),
        (("9174639504124", ""), 403),
    ] {
        for product in [27_903_493, 52_042, 14_838, 36_292, 27_903_191] {
            assert_eq!(utilities.code("reza", product, pair).await, code, "{pair:?}");
        }
    }
    assert_eq!(utilities.world.sandbox.ledger().await.unwrap().transactions, 1);
    assert_eq!(utilities.list("reza", &all()).await.count, 0);
}

#[tokio::test]
async fn an_empty_wallet_pays_nothing_and_leaves_nothing() {
    let utilities = Utilities::start().await;
    assert_eq!(utilities.world.refused("reza", &pay(ELECTRICITY)).await, Kind::InsufficientFunds);
    assert_eq!(utilities.list("reza", &all()).await.count, 0);
    assert!(utilities.world.sandbox.invoice(101).await.unwrap().is_none());
    assert_eq!(utilities.wallet(50).await, 128_999);
    utilities.pay("sara", ELECTRICITY).await;
}

#[tokio::test]
async fn traffic_fines_are_for_the_older_service_only() {
    let utilities = Utilities::start().await;
    let (bill_id, payment_id) = traffic_fine();
    let fine = (bill_id.as_str(), payment_id.as_str());
    assert_eq!(utilities.world.refused("sara", &pay(fine)).await, Kind::TrafficFineNotProcessed);
    assert_eq!(utilities.world.refused("sara", &issue(fine)).await, Kind::TrafficFineNotProcessed);
    assert_eq!(utilities.wallet(40).await, 5_000_000);
    for (index, product) in [52_042, 14_838, 36_292].into_iter().enumerate() {
        let (bill_id, payment_id) = made_up("100", 9, 50 + u32::try_from(index).unwrap());
        assert_eq!(utilities.code("sara", product, (&bill_id, &payment_id)).await, 0);
        assert_eq!(utilities.code("sara", product, (&bill_id, &payment_id)).await, 180);
    }
    let bills = utilities.list("sara", &all()).await.result;
    assert_eq!(bills.len(), 3);
    assert_eq!(bills[0].utility_company_name.as_deref(), Some("راهنمایی و رانندگی"));
    assert_eq!(utilities.wallet(40).await, 5_000_000 - 50_000 - 51_000 - 52_000);
}

#[tokio::test]
async fn a_paid_bill_is_paid_by_nobody_again() {
    let utilities = Utilities::start().await;
    utilities.pay("sara", WATER).await;
    for token in ["sara", "shop"] {
        let world = &utilities.world;
        assert_eq!(world.refused(token, &pay(WATER)).await, Kind::DuplicateServiceBill);
        assert_eq!(world.refused(token, &issue(WATER)).await, Kind::DuplicateServiceBill);
    }
    // Neither does an empty wallet matter, nor how far the payment has come.
    assert_eq!(utilities.world.refused("baker", &pay(WATER)).await, Kind::DuplicateServiceBill);
    utilities.it_is("1399/03/20 00:00:00");
    assert_eq!(utilities.world.refused("shop", &pay(WATER)).await, Kind::DuplicateServiceBill);
    assert_eq!(utilities.wallet(40).await, 4_990_000);
    assert_eq!(utilities.wallet(10).await, 1_000_000);
}

#[tokio::test]
async fn two_payers_at_once_pay_once() {
    let utilities = Utilities::start().await;
    let payment = pay(WATER);
    let (sara, shop) = tokio::join!(
        utilities.world.call("sara", &payment),
        utilities.world.call("shop", &payment)
    );
    assert!(sara.is_ok() != shop.is_ok());
    assert_eq!(utilities.wallet(40).await + utilities.wallet(10).await, 5_990_000);
}

#[tokio::test]
async fn an_invoice_is_issued_once_whoever_asks() {
    let utilities = Utilities::start().await;
    let invoice = utilities.world.call("sara", &issue(LANDLINE)).await.unwrap();
    assert_eq!(invoice.payable_amount, Rial(17_000));
    assert_eq!(invoice.business.as_ref().unwrap().id, 0);
    assert_eq!(invoice.user_srv.as_ref().unwrap().id, 40);
    assert!(!invoice.payed && !invoice.closed);
    for token in ["sara", "shop", "baker"] {
        assert_eq!(utilities.world.call(token, &issue(LANDLINE)).await.unwrap(), invoice);
    }
    let other = utilities.world.call("sara", &issue(OTHER_LANDLINE)).await.unwrap();
    assert_ne!(other.id, invoice.id);
    assert_ne!(other.unique_number, invoice.unique_number);

    let page = utilities.list("sara", &all()).await;
    assert_eq!(page.count, 2);
    let bill = &page.result[1];
    assert_eq!(bill.status, BillStatus::ServiceBillIssueInvoice);
    assert_eq!(bill.invoice_id, Some(invoice.id));
    assert_eq!(bill.reference_number, None);
    assert_eq!(utilities.list("shop", &all()).await.count, 0);
    assert_eq!(utilities.world.sandbox.ledger().await.unwrap().transactions, 1);

    // It is the platform's own: nobody else closes or cancels it.
    let close = CloseInvoiceRequest { id: invoice.id };
    assert_eq!(utilities.world.refused("shop", &close).await, Kind::NoPermission);
    let cancel = CancelInvoiceRequest { id: invoice.id };
    assert_eq!(utilities.world.refused("shop", &cancel).await, Kind::NoPermission);
    let link = GetGatewayLinkRequest {
        unique_number: invoice.unique_number.clone().unwrap(),
        redirect_uri: "https://shop.ir/paid".into(),
        call_uri: "https://shop.ir/call".into(),
        gateway: None,
    };
    let link = utilities.world.call("sara", &link).await.unwrap();
    assert!(link.contains(&invoice.unique_number.unwrap()), "{link}");
}

/// Whichever way the invoice is paid, the bill is accepted, is its payer's, and the invoice is
/// closed.
async fn is_paid(utilities: &Utilities, invoice: u64, payer: u64, token: &str) -> ServiceBill {
    let bills = utilities.list(token, &all()).await.result;
    let bill = bills.into_iter().find(|bill| bill.invoice_id == Some(invoice)).unwrap();
    assert_eq!(bill.status, BillStatus::ServiceBillAccepted);
    assert_eq!(bill.user_srv.as_ref().unwrap().id, payer);
    let shown = utilities.world.invoice(invoice).await;
    assert!(shown.payed && shown.closed && !shown.canceled);
    assert_eq!(utilities.world.balance(&format!("invoice:{invoice}")).await, 0);
    let pair = (bill.bill_id.as_str(), bill.payment_id.as_str());
    assert_eq!(utilities.world.refused("shop", &issue(pair)).await, Kind::DuplicateServiceBill);
    assert_eq!(utilities.world.refused("shop", &pay(pair)).await, Kind::DuplicateServiceBill);
    bill
}

#[tokio::test]
async fn an_issued_invoice_is_paid_by_its_user() {
    let utilities = Utilities::start().await;
    let invoice = utilities.issue("sara", LANDLINE).await;
    utilities.it_is("1399/03/14 08:00:00");
    let payment = PayInvoiceByCreditRequest { invoice_id: invoice, ..Default::default() };
    assert!(utilities.world.call("sara", &payment).await.unwrap());
    let bill = is_paid(&utilities, invoice, 40, "sara").await;
    // The day of its payment counts.
    assert_eq!(bill.request_date, Some(at("1399/03/14 08:00:00")));
    assert!(bill.reference_number.is_some());
    assert_eq!(utilities.wallet(40).await, 4_983_000);
}

#[tokio::test]
async fn an_issued_invoice_is_paid_by_somebody_else_whose_bill_it_is_then() {
    let utilities = Utilities::start().await;
    let invoice = utilities.issue("reza", LANDLINE).await;
    assert!(utilities.world.call("sara", &pay_any(invoice)).await.unwrap());
    is_paid(&utilities, invoice, 40, "sara").await;
    assert_eq!(utilities.list("reza", &all()).await.count, 0);
    assert_eq!(utilities.wallet(50).await, 128_999);
}

#[tokio::test]
async fn pay_bill_pays_the_issued_invoice() {
    let utilities = Utilities::start().await;
    let invoice = utilities.issue("reza", LANDLINE).await;
    let bill = utilities.pay("sara", LANDLINE).await;
    assert_eq!(bill.invoice_id, Some(invoice));
    is_paid(&utilities, invoice, 40, "sara").await;
    assert_eq!(utilities.list("reza", &all()).await.count, 0);
    assert_eq!(utilities.world.refused("sara", &pay_any(invoice)).await, Kind::BillAlreadyPayed);
}

#[tokio::test]
async fn an_issued_invoice_is_netted() {
    let utilities = Utilities::start().await;
    let invoice = utilities.issue("shop", ELECTRICITY).await;
    let netting =
        PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: invoice };
    assert!(utilities.world.call("shop", &netting).await.unwrap());
    let bill = is_paid(&utilities, invoice, 10, "shop").await;
    assert_eq!(utilities.world.balance("invoice:100").await, 71_000);

    // Cancelled, the money is back in the invoice that it came from.
    utilities.world.call("shop", &CancelBillRequest { id: bill.id }).await.unwrap();
    assert_eq!(utilities.world.balance("invoice:100").await, 200_000);
    assert!(!utilities.world.invoice(100).await.will_be_paid);
    assert_eq!(utilities.wallet(10).await, 1_000_000);
}

#[tokio::test]
async fn an_issued_invoice_is_guaranteed_and_paid_on_its_day() {
    let utilities = Utilities::start().await;
    let invoice = utilities.issue("shop", LANDLINE).await;
    let promise = PayInvoiceInFutureRequest {
        invoice_id: invoice,
        date: "1399/03/15".parse().unwrap(),
        guild_code: None,
        wallet: Some("PODLAND_WALLET".into()),
    };
    assert!(utilities.world.call("shop", &promise).await.unwrap());
    assert_eq!(utilities.world.refused("sara", &pay(LANDLINE)).await, Kind::WaitingForGuarantee);
    assert_eq!(utilities.issue("sara", LANDLINE).await, invoice);
    utilities.it_is("1399/03/15 09:00:00");
    let bill = is_paid(&utilities, invoice, 10, "shop").await;
    assert_eq!(bill.request_date, Some(at("1399/03/15 00:00:00")));
    utilities.it_is("1399/03/16 00:00:00");
    let bill = utilities.told("shop", bill.id).await;
    assert_eq!(bill.status, BillStatus::ServiceBillFileConfirmed);
}

#[tokio::test]
async fn payments_clear_each_type_at_its_own_pace() {
    use BillStatus::{
        ServiceBillAccepted as Accepted, ServiceBillFileConfirmed as FileConfirmed,
        ServiceBillSantaConfirmed as SantaConfirmed, ServiceBillSendFileFailed as SendFileFailed,
    };

    let utilities = Utilities::start().await;
    let (bill_id, payment_id) = traffic_fine();
    let fine = (bill_id.as_str(), payment_id.as_str());
    assert_eq!(utilities.code("sara", 52_042, fine).await, 0);
    for pair in [WATER, UNLUCKY_WATER, MOBILE] {
        assert_eq!(utilities.pay("sara", pair).await.status, Accepted);
    }
    for (time, statuses) in [
        (START, [Accepted, Accepted, Accepted, Accepted]),
        ("1399/03/13 10:00:59", [Accepted, Accepted, Accepted, Accepted]),
        ("1399/03/13 10:01:00", [Accepted, Accepted, Accepted, SantaConfirmed]),
        ("1399/03/13 23:59:59", [Accepted, Accepted, Accepted, SantaConfirmed]),
        ("1399/03/14 00:00:00", [SantaConfirmed, FileConfirmed, SendFileFailed, SantaConfirmed]),
        ("1399/03/14 23:59:59", [SantaConfirmed, FileConfirmed, SendFileFailed, SantaConfirmed]),
        ("1399/03/15 00:00:00", [SantaConfirmed, SantaConfirmed, SendFileFailed, SantaConfirmed]),
        ("1400/01/01 00:00:00", [SantaConfirmed, SantaConfirmed, SendFileFailed, SantaConfirmed]),
    ] {
        utilities.it_is(time);
        for (pair, status) in [fine, WATER, UNLUCKY_WATER, MOBILE].into_iter().zip(statuses) {
            let request = ListBillsRequest { bill_id: Some(pair.0.into()), ..all() };
            let bills = utilities.list("sara", &request).await.result;
            assert_eq!(bills[0].status, status, "{pair:?} at {time}");
        }
    }
    assert_eq!(utilities.wallet(40).await, 5_000_000 - 50_000 - 10_000 - 108_000 - 129_000);
}

#[tokio::test]
async fn a_leap_of_the_clock_is_the_same_as_its_steps() {
    let utilities = Utilities::start().await;
    let bill = utilities.pay("sara", WATER).await;
    utilities.it_is("1399/04/13 10:00:00");
    let bill = utilities.told("sara", bill.id).await;
    assert_eq!(bill.status, BillStatus::ServiceBillSantaConfirmed);
}

#[tokio::test]
async fn lists_are_the_callers_own_the_newest_first_by_page() {
    let utilities = Utilities::start().await;
    let mut ids = Vec::new();
    for pair in [WATER, LANDLINE, ELECTRICITY] {
        ids.insert(0, utilities.pay("sara", pair).await.id);
    }
    utilities.pay("shop", OTHER_LANDLINE).await;
    for (offset, size, expected) in [
        (0, 50, &ids[..]),
        (0, 2, &ids[..2]),
        (1, 1, &ids[1..2]),
        (2, 2, &ids[2..]),
        (3, 2, &[]),
        (u64::MAX >> 1, u32::MAX, &[]),
    ] {
        let request = ListBillsRequest { offset, size, ..all() };
        let page = utilities.list("sara", &request).await;
        let found: Vec<u64> = page.result.iter().map(|bill| bill.id).collect();
        assert_eq!((page.count, &found[..]), (3, expected), "{offset} {size}");
    }
    for product in [3_884_760, 52_043, 22_373, 36_293] {
        assert_eq!(utilities.ids(product, "").await, ids);
    }
    let too_far = ListBillsRequest { offset: u64::MAX, ..all() };
    assert_eq!(utilities.world.refused("sara", &too_far).await, Kind::BadParameters);
    assert_eq!(utilities.post("sara", 52_043, "offset=0").await["errorCode"], 403);
    assert_eq!(utilities.post("nobody", 52_043, "offset=0&size=1").await["errorCode"], 21);
}

#[tokio::test]
async fn lists_are_chosen_by_identifiers_and_numbers() {
    let utilities = Utilities::start().await;
    let water = utilities.pay("sara", WATER).await;
    let landline = utilities.pay("sara", LANDLINE).await;
    let shops = utilities.pay("shop", OTHER_LANDLINE).await;
    let none = ListBillsRequest::default;
    for (filter, expected) in [
        (ListBillsRequest { bill_id: Some(WATER.0.into()), ..none() }, Some(water.id)),
        (ListBillsRequest { payment_id: Some(LANDLINE.1.into()), ..none() }, Some(landline.id)),
        (ListBillsRequest { id: Some(water.id), ..none() }, Some(water.id)),
        (
            ListBillsRequest { reference_number: landline.reference_number, ..none() },
            Some(landline.id),
        ),
        // All conditions together, and nothing of anybody else's.
        (ListBillsRequest { id: Some(water.id), bill_id: Some(LANDLINE.0.into()), ..none() }, None),
        (ListBillsRequest { id: Some(shops.id), ..none() }, None),
        (ListBillsRequest { reference_number: shops.reference_number, ..none() }, None),
    ] {
        let page = utilities.list("sara", &ListBillsRequest { size: 10, ..filter.clone() }).await;
        let found = page.result.first().map(|bill| bill.id);
        assert_eq!((page.count, found), (u64::from(expected.is_some()), expected), "{filter:?}");
    }
}

#[tokio::test]
async fn lists_are_chosen_by_day_in_milliseconds_or_jalali() {
    let utilities = Utilities::start().await;
    let first = utilities.pay("sara", WATER).await.id;
    utilities.it_is("1399/03/14 23:59:59");
    let second = utilities.pay("sara", LANDLINE).await.id;
    utilities.it_is("1399/03/15 00:00:00");
    let third = utilities.pay("sara", ELECTRICITY).await.id;

    let millis = |text| at(text).0;
    let (noon, eve) = (millis("1399/03/13 12:00:00"), millis("1399/03/14 23:59:59"));
    for (fields, expected) in [
        (format!("fromDate={noon}"), vec![third, second]),
        (format!("toDate={noon}"), vec![first]),
        // Inclusive on both sides.
        (format!("fromDate={eve}&toDate={eve}"), vec![second]),
        (format!("fromDate={}", eve + 1), vec![third]),
        (format!("toDate={}", eve - 1), vec![first]),
        ("fromDate=1399/03/14".to_owned(), vec![third, second]),
        ("toDate=1399/03/14".to_owned(), vec![second, first]),
        ("fromDate=1399%2F03%2F14&toDate=1399/3/14".to_owned(), vec![second]),
        ("FROMDATE=1399/03/15".to_owned(), vec![third]),
        ("fromDate=1399/03/14+23:59:59&toDate=1399/03/15+00:00:00".to_owned(), vec![third, second]),
        ("toDate=1399/03/13+10:00:00".to_owned(), vec![first]),
        ("toDate=1399/03/12".to_owned(), vec![]),
    ] {
        // Whatever number the client knows the service by.
        for product in [3_884_760, 52_043, 22_373, 36_293] {
            assert_eq!(utilities.ids(product, &fields).await, expected, "{product} {fields}");
        }
    }
    for fields in ["fromDate=yesterday", "toDate=1399/13/01", "toDate=99999999999999999999"] {
        let answer = utilities.post("sara", 52_043, &format!("offset=0&size=1&{fields}")).await;
        assert_eq!(answer["errorCode"], 403, "{fields}");
    }
    // The typed client sends milliseconds.
    let request = ListBillsRequest { from_date: Some(Instant(eve)), ..all() };
    assert_eq!(utilities.list("sara", &request).await.count, 2);
}

#[tokio::test]
async fn a_payment_is_cancelled_and_the_bill_can_be_paid_again() {
    let utilities = Utilities::start().await;
    let paid = utilities.pay("sara", ELECTRICITY).await;
    utilities.it_is("1399/03/13 12:00:00");
    let canceled = utilities.world.call("sara", &CancelBillRequest { id: paid.id }).await.unwrap();
    assert_eq!(canceled.status, BillStatus::ServiceBillCanceled);
    assert_eq!(canceled.cancel_date, Some(at("1399/03/13 12:00:00")));
    assert_eq!(canceled.request_date, paid.request_date);
    assert_eq!(canceled.invoice_id, paid.invoice_id);
    let invoice = utilities.world.invoice(paid.invoice_id.unwrap()).await;
    assert!(invoice.canceled && !invoice.closed && !invoice.payed);
    assert_eq!(utilities.wallet(40).await, 5_000_000);
    assert_eq!(utilities.world.balance(&format!("invoice:{}", invoice.id)).await, 0);

    let again = CancelBillRequest { id: paid.id };
    assert_eq!(utilities.world.refused("sara", &again).await, Kind::NoPermission);
    let invoice = utilities.world.refused("sara", &pay_any(invoice.id)).await;
    assert_eq!(invoice, Kind::InvoiceIsCanceled);
    assert_eq!(utilities.wallet(40).await, 5_000_000);

    let second = utilities.pay("shop", ELECTRICITY).await;
    assert_ne!((second.id, second.invoice_id), (paid.id, paid.invoice_id));
    assert_eq!(
        utilities.world.refused("sara", &pay(ELECTRICITY)).await,
        Kind::DuplicateServiceBill
    );
    // What was cancelled does not clear.
    utilities.it_is("1399/03/20 00:00:00");
    assert_eq!(utilities.told("sara", paid.id).await, canceled);
    let second = utilities.told("shop", second.id).await;
    assert_eq!(second.status, BillStatus::ServiceBillSantaConfirmed);
}

#[tokio::test]
async fn cancelled_money_goes_back_to_where_it_came_from() {
    let utilities = Utilities::start().await;
    let invoice = utilities.issue("sara", ELECTRICITY).await;
    let payment = PayAnyInvoiceByCreditRequest { delegator_id: vec![50], ..pay_any(invoice) };
    assert!(utilities.world.call("sara", &payment).await.unwrap());
    assert_eq!(utilities.world.balance("delegation:reza-any").await, 0);
    assert_eq!(utilities.wallet(40).await, 4_971_000);
    let bill = is_paid(&utilities, invoice, 40, "sara").await;
    utilities.world.call("sara", &CancelBillRequest { id: bill.id }).await.unwrap();
    assert_eq!(utilities.world.balance("delegation:reza-any").await, 100_000);
    assert_eq!(utilities.wallet(40).await, 5_000_000);
}

#[tokio::test]
async fn what_cannot_be_cancelled() {
    let utilities = Utilities::start().await;
    let (bill_id, payment_id) = traffic_fine();
    assert_eq!(utilities.code("sara", 52_042, (&bill_id, &payment_id)).await, 0);
    let fine = utilities.list("sara", &all()).await.result[0].id;
    let mobile = utilities.pay("sara", MOBILE).await.id;
    let water = utilities.pay("sara", WATER).await.id;
    utilities.issue("sara", LANDLINE).await;
    let unpaid = utilities.list("sara", &all()).await.result[0].id;
    let before = utilities.wallet(40).await;
    for (token, id, kind) in [
        ("sara", fine, Kind::NoPermission),
        ("sara", mobile, Kind::NoPermission),
        ("sara", unpaid, Kind::NoPermission),
        ("shop", water, Kind::NoPermission),
        ("sara", 999, Kind::NotFound),
        ("sara", u64::MAX, Kind::BadParameters),
    ] {
        let request = CancelBillRequest { id };
        assert_eq!(utilities.world.refused(token, &request).await, kind, "{token} {id}");
    }
    // Too late: the company has the file.
    utilities.it_is("1399/03/14 00:00:00");
    let request = CancelBillRequest { id: water };
    assert_eq!(utilities.world.refused("sara", &request).await, Kind::NoPermission);
    assert_eq!(utilities.wallet(40).await, before);
}

#[tokio::test]
async fn other_mobile_bills_are_cancelled_before_they_clear() {
    let utilities = Utilities::start().await;
    let (bill_id, payment_id) = other_mobile();
    let pair = (bill_id.as_str(), payment_id.as_str());
    let bill = utilities.pay("sara", pair).await;
    assert_eq!(bill.sub_utility_company_name, None);
    utilities.it_is("1399/03/13 10:00:59");
    utilities.world.call("sara", &CancelBillRequest { id: bill.id }).await.unwrap();
    let bill = utilities.pay("sara", pair).await;
    utilities.it_is("1399/03/13 10:01:59");
    let request = CancelBillRequest { id: bill.id };
    assert_eq!(utilities.world.refused("sara", &request).await, Kind::NoPermission);
    assert_eq!(utilities.wallet(40).await, 4_960_000);
}

#[tokio::test]
async fn cancel_bill_takes_both_spellings_and_both_numbers() {
    let utilities = Utilities::start().await;
    for (product, field) in [(3_884_767, "Id"), (3_884_767, "id"), (52_044, "Id"), (52_044, "id")] {
        let bill = utilities.pay("sara", WATER).await;
        let answer = utilities.post("sara", product, &format!("{field}={}", bill.id)).await;
        assert_eq!(answer["result"]["status"], "SERVICE_BILL_CANCELED", "{answer}");
    }
    assert_eq!(utilities.wallet(40).await, 5_000_000);
}

#[test]
fn a_scenario_says_nothing_of_what_is_no_bill() {
    let scenario = |bills: &str| {
        let text = SCENARIO.split_once("\"bills\": [").unwrap().0.to_owned();
        Scenario::from_json("bills", &format!("{text}\"bills\": [{bills}]}}"))
    };
    assert!(scenario("").is_ok());
    for (bills, path) in [
        (r#"{"billId": "9174639504125", "paymentId": "12908190"}"#, "bills[0].billId"),
        (r#"{"billId": "9174639504124", "paymentId": "12908191"}"#, "bills[0].paymentId"),
        (
            r#"{"billId": "9100074409153", "paymentId": "12908199", "sendFileFails": true}"#,
            "bills[0].sendFileFails",
        ),
        (
            r#"{"billId": "9174639504124", "paymentId": "12908190"},
               {"billId": "9174639504124", "paymentId": "12908190", "company": "توانیر"}"#,
            "bills[1]",
        ),
    ] {
        let Err(ScenarioError::Invalid(problem)) = scenario(bills) else {
            panic!("{bills} must be refused");
        };
        assert_eq!(problem.path, path);
    }
}

const PAIRS: [Pair<'_>; 6] = [LANDLINE, WATER, EXPENSIVE_WATER, ELECTRICITY, MOBILE, UNLUCKY_WATER];

#[derive(Clone, Debug)]
enum Step {
    Pay(usize),
    Issue(usize),
    PayInvoice(u64),
    Cancel(u64),
    /// So many hours pass.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<(&'static str, Step)>> {
    let step = prop_oneof![
        (0..PAIRS.len()).prop_map(Step::Pay),
        (0..PAIRS.len()).prop_map(Step::Issue),
        (101_u64..108).prop_map(Step::PayInvoice),
        (1_u64..10).prop_map(Step::Cancel),
        (0_u64..10).prop_map(Step::Wait),
    ];
    prop::collection::vec((prop::sample::select(&["sara", "shop", "reza"][..]), step), 1..40)
}

async fn take(utilities: &Utilities, token: &str, step: Step) -> Result<(), Error> {
    let world = &utilities.world;
    match step {
        Step::Pay(index) => world.call(token, &pay(PAIRS[index])).await.map(drop),
        Step::Issue(index) => world.call(token, &issue(PAIRS[index])).await.map(drop),
        Step::PayInvoice(id) => world.call(token, &pay_any(id)).await.map(drop),
        Step::Cancel(id) => world.call(token, &CancelBillRequest { id }).await.map(drop),
        Step::Wait(hours) => {
            let now = utilities.clock.now().0;
            utilities.clock.set(Instant(now + hours * 3_600_000));
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is called in whatever order, a bill is paid by at most one, and everybody has paid
    /// exactly for the bills that are theirs.
    #[test]
    fn wallets_pay_for_what_is_listed(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let utilities = Utilities::start().await;
            for (token, step) in steps {
                match take(&utilities, token, step).await {
                    Ok(()) | Err(Error::Platform(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            let mut paid_pairs = Vec::new();
            for (token, user, opening) in
                [("sara", 40, 5_000_000), ("shop", 10, 1_000_000), ("reza", 50, 128_999)]
            {
                let mut spent = 0;
                for bill in utilities.list(token, &all()).await.result {
                    let paid = !matches!(
                        bill.status,
                        BillStatus::ServiceBillIssueInvoice | BillStatus::ServiceBillCanceled
                    );
                    let invoice = utilities.world.invoice(bill.invoice_id.unwrap()).await;
                    assert_eq!((invoice.payed, invoice.closed), (paid, paid));
                    assert_eq!(invoice.canceled, bill.status == BillStatus::ServiceBillCanceled);
                    if paid {
                        spent += i64::try_from(bill.price.0).unwrap();
                        paid_pairs.push(bill.bill_id);
                    }
                }
                // Asserts that the ledger sums to zero, too.
                assert_eq!(utilities.wallet(user).await, opening - spent, "{token}");
            }
            let all_pairs = paid_pairs.len();
            paid_pairs.sort_unstable();
            paid_pairs.dedup();
            assert_eq!(paid_pairs.len(), all_pairs);
        });
    }

    /// A bill of any company costs what its payment id says.
    #[test]
    fn the_amount_is_in_the_payment_id(digit in 0_u8..9, company in 100_u32..1_000, thousands in 1_u32..5_000) {
        let (bill_id, payment_id) = made_up(&company.to_string(), digit, thousands);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let utilities = Utilities::start().await;
            let bill = utilities.pay("sara", (&bill_id, &payment_id)).await;
            assert_eq!(bill.price, Rial(u64::from(thousands) * 1_000));
            assert_eq!(utilities.wallet(40).await, 5_000_000 - i64::from(thousands) * 1_000);
        });
    }
}

#[test]
fn the_made_up_bills_are_what_they_are_for() {
    let read = |(bill_id, payment_id): (String, String)| UtilityBill::read(&bill_id, &payment_id);
    assert_eq!(read(traffic_fine()).unwrap().bill_type(), BillType::TrafficFine);
    assert_eq!(read(other_mobile()).unwrap().bill_type(), BillType::Mobile);
    assert_eq!(read(other_mobile()).unwrap().company(), "093");
}
