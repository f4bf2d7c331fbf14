//! payBill and issueBillInvoice: how bills are paid, and how their payments clear.

use pod_emulator::{Scenario, ScenarioError};
use pod_platform::{
    Rial,
    bills::{BillStatus, CancelBillRequest, GetGatewayLinkRequest, ListBillsRequest},
    invoices::{CancelInvoiceRequest, CloseInvoiceRequest},
    payments::{PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, PayInvoiceInFutureRequest},
    types::PlatformErrorKind as Kind,
};

use crate::utilities::{
    ELECTRICITY, LANDLINE, MOBILE, OTHER_LANDLINE, SCENARIO, START, UNLUCKY_WATER, Utilities,
    WATER, all, at, is_paid, issue, made_up, pay, pay_any, traffic_fine,
};

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
    assert_eq!(utilities.world.emulator.ledger().await.unwrap().transactions, 1);
    assert_eq!(utilities.list("reza", &all()).await.count, 0);
}

#[tokio::test]
async fn an_empty_wallet_pays_nothing_and_leaves_nothing() {
    let utilities = Utilities::start().await;
    assert_eq!(utilities.world.refused("reza", &pay(ELECTRICITY)).await, Kind::InsufficientFunds);
    assert_eq!(utilities.list("reza", &all()).await.count, 0);
    assert!(utilities.world.emulator.invoice(101).await.unwrap().is_none());
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
    assert_eq!(utilities.world.emulator.ledger().await.unwrap().transactions, 1);

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
async fn p1_an_issued_invoice_is_netted() {
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
    assert_eq!(utilities.world.balance(&format!("invoice:{invoice}")).await, 0);
    assert_eq!(utilities.wallet(10).await, 1_000_000);

    let again = utilities.issue("shop", ELECTRICITY).await;
    let netting = PayInvoiceByInvoiceRequest { debtor_invoice_id: again, ..netting };
    assert!(utilities.world.call("shop", &netting).await.unwrap());
    let outside = utilities.world.balance("outside").await;
    is_paid(&utilities, again, 10, "shop").await;
    utilities.it_is("1399/03/14 00:00:00");
    assert_eq!(utilities.world.balance(&format!("invoice:{again}")).await, 0);
    assert_eq!(utilities.world.balance("outside").await, outside + 129_000);
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
