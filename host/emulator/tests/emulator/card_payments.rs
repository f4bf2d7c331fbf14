//! Payers at the bank, or where the sandbox's gateway stands in for it; and the businesses' servers.

use std::time::Duration;

use pod_platform::{
    invoices::{CancelInvoiceRequest, IssueInvoiceRequest, PaymentTool},
    payments::{PayInvoiceByCreditRequest, PayInvoiceRequest},
    types::PlatformErrorKind as Kind,
};

use crate::common::order;
use crate::street::{
    Server, anybodys, deliveries, encoded, get, own, start, submit, with_redirect,
};

const WAITING: &str = r#"{"hasError":true,"errorCode":72,"message":"قبض منتظر درگاه برای ادامه تراکنش می باشد","count":0}"#;
const CARD: &str = "621986******1234";

#[tokio::test]
async fn cards_pay_only_above_10_000_rials() {
    let world = start().await;
    let link = anybodys(&world, 201).await;
    let redirecting = with_redirect(&link);
    for page in [
        submit(&world.emulator, &redirecting, "action=card").await,
        get(&world.emulator, &format!("{redirecting}&gateway=PEP")).await,
    ] {
        assert!(page.location.starts_with("https://shop.ir/done?order=7&errorResult="), "{page:?}");
        let error: serde_json::Value =
            serde_json::from_str(&page.parameter("errorResult")).unwrap();
        assert_eq!(error["hasError"], true);
        assert_eq!(error["errorCode"], 403);
        assert_eq!(error["count"], 0);
        assert!(error["message"].as_str().unwrap().contains("۱۰٬۰۰۰"), "{error}");
    }
    let page = submit(&world.emulator, &link, "action=card").await;
    assert_eq!(page.status, 409);
    page.says("۱۰٬۰۰۰");
    assert!(!world.invoice(201).await.waiting);
    // One rial more is enough.
    let request = IssueInvoiceRequest { preferred_tax_rate: Some(0.0), ..order(10_001, 1.0) };
    let invoice = world.call("shop", &request).await.unwrap();
    let page = submit(&world.emulator, &anybodys(&world, invoice.id).await, "action=card").await;
    assert!(page.location.contains("/emulator/bank/"), "{page:?}");
}

#[tokio::test]
async fn at_the_bank_an_invoice_waits_and_is_paid_once() {
    let world = start().await;
    let server = Server::start().await;
    let link = with_redirect(&own(100));
    let link = format!("{link}&callUri={}", encoded(&format!("{}/paid?key=1", server.url)));
    let bank = submit(&world.emulator, &link, "action=card").await.location;
    get(&world.emulator, &bank).await.says("۴۳٬۶۰۰").says("Shop").says("۱۲۳۴");
    assert!(world.invoice(100).await.waiting);

    // Meanwhile there is no other way.
    let payment = PayInvoiceByCreditRequest { invoice_id: 100, ..Default::default() };
    assert_eq!(world.refused("sara", &payment).await, Kind::BillIsWaitingForGateway);
    let outside = PayInvoiceRequest { invoice_id: 100 };
    assert_eq!(world.refused("shop", &outside).await, Kind::BillIsWaitingForGateway);
    for page in [
        get(&world.emulator, &link).await,
        submit(&world.emulator, &link, "action=card").await,
        submit(&world.emulator, &format!("{link}&payer=40"), "action=wallet").await,
    ] {
        assert_eq!(page.parameter("errorResult"), WAITING);
        assert!(!page.location.contains('+'), "{}", page.location);
    }
    let page = get(&world.emulator, &own(100)).await;
    assert_eq!(page.status, 409);
    page.says("قبض منتظر درگاه برای ادامه تراکنش می باشد");
    assert!(server.seen().is_empty());

    // Two clicks.
    let (one, other) = tokio::join!(
        submit(&world.emulator, &bank, "action=pay"),
        submit(&world.emulator, &bank, "action=pay")
    );
    let (paid, refused) = if one.status == 303 { (one, other) } else { (other, one) };
    assert_eq!(refused.status, 409);
    refused.says("فاکتور قبلاً پرداخت شده است").says("https://shop.ir/done");
    let invoice = world.invoice(100).await;
    assert_eq!(
        paid.location,
        format!(
            "https://shop.ir/done?order=7&billNumber=S-100&paymentBillNumber={}&invoiceId=100\
             &paid=true&maskedCardNumber={CARD}&rrn={}&tref={}",
            invoice.reference_number.clone().unwrap(),
            invoice.transaction_reference_id.clone().unwrap(),
            paid.parameter("tref"),
        )
    );
    assert!(invoice.payed && !invoice.waiting);
    assert_eq!(invoice.payment_tool_code, Some(PaymentTool::from_code("PAYMENT_TOOL_ONLINE")));
    // M4: an object, as public clients' types have it.
    let bank = invoice.bank_gateway.unwrap();
    assert_eq!(bank.type_.as_deref(), Some("PEP"));
    assert!(bank.id.is_some() && bank.merchant_code.is_some() && bank.terminal_code.is_some());
    assert_eq!(invoice.masked_card_number.as_deref(), Some(CARD));
    assert_eq!(invoice.last_four_digit_of_card_number.as_deref(), Some("1234"));
    assert_eq!(world.balance("invoice:100").await, 43_600);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 20_000);

    // The business's server was told the same, once.
    let told = deliveries(&world.emulator).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["status"], 200);
    let seen = server.seen();
    let query = paid.location.split_once("order=7&").unwrap().1;
    assert_eq!(seen, [format!("/paid?key=1&{query}")]);
    let page = get(&world.emulator, &link).await;
    assert_eq!(page.status, 200);
    page.says("فاکتور قبلاً پرداخت شده است");
}

#[tokio::test]
async fn a_payer_leaves_the_bank_or_never_comes_back() {
    let world = start().await;
    let server = Server::start().await;
    let link = format!("{}&callUri={}", with_redirect(&own(100)), encoded(&server.url));
    let bank = get(&world.emulator, &format!("{link}&gateway=PEP")).await.location;
    let page = submit(&world.emulator, &bank, "action=cancel").await;
    assert_eq!(
        page.location,
        "https://shop.ir/done?order=7&billNumber=S-100&invoiceId=100&paid=false"
    );
    assert!(!world.invoice(100).await.waiting);
    // What has ended has ended: going back in the browser pays nothing.
    for action in ["action=pay", "action=cancel"] {
        assert_eq!(submit(&world.emulator, &bank, action).await.status, 409);
    }
    assert_eq!(get(&world.emulator, &bank).await.status, 409);
    assert_eq!(submit(&world.emulator, &bank, "").await.status, 400);

    let bank = submit(&world.emulator, &link, "action=card").await.location;
    world.emulator.advance(Duration::from_secs(15 * 60 - 1)).await.unwrap();
    assert!(world.invoice(100).await.waiting);
    assert_eq!(world.emulator.advance(Duration::from_secs(1)).await.unwrap(), 2, "both visits");
    assert!(!world.invoice(100).await.waiting);
    assert_eq!(submit(&world.emulator, &bank, "action=pay").await.status, 409);
    assert!(world.call("shop", &CancelInvoiceRequest { id: 100 }).await.unwrap());
    submit(&world.emulator, &bank, "action=pay").await.says("فاکتور قبلاً کنسل شده است");
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
    assert!(deliveries(&world.emulator).await.is_empty() && server.seen().is_empty());
}

#[tokio::test]
async fn the_sandbox_gateway_pays_at_once() {
    let world = start().await;
    let page = get(&world.emulator, &format!("{}&gateway=LOC", with_redirect(&own(101)))).await;
    assert_eq!(page.parameter("paid"), "true");
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 15_640);
    // Not enough in the wallet: by card.
    let page = get(&world.emulator, &format!("{}&gateway=LOC", with_redirect(&own(100)))).await;
    assert_eq!(page.parameter("maskedCardNumber"), CARD);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 15_640);
    let link = with_redirect(&anybodys(&world, 201).await);
    let page = get(&world.emulator, &format!("{link}&gateway=LOC")).await;
    assert_eq!(page.parameter("maskedCardNumber"), CARD);
    assert_eq!(world.balance("invoice:201").await, 10_000);
    assert_eq!(world.invoice(201).await.payer, None);
    // Again: nothing more is paid.
    let page = get(&world.emulator, &format!("{link}&gateway=LOC")).await;
    page.says("فاکتور قبلاً پرداخت شده است");
    assert_eq!(world.balance("invoice:201").await, 10_000);
    let page = get(&world.emulator, &format!("{}&gateway=LOC", with_redirect(&own(105)))).await;
    assert_eq!(page.parameter("errorResult"), WAITING);
}

#[tokio::test]
async fn an_unverified_payment_is_not_paid_and_goes_back_to_the_wallet() {
    let world = start().await;
    let server = Server::start().await;
    let link = format!("{}&callUri={}", with_redirect(&own(103)), encoded(&server.url));
    let bank = submit(&world.emulator, &link, "action=card").await.location;
    let page = submit(&world.emulator, &bank, "action=pay").await;
    assert_eq!(page.parameter("paid"), "false");
    assert_eq!(page.parameter("maskedCardNumber"), CARD);
    deliveries(&world.emulator).await;
    assert!(server.seen()[0].contains("paid=false"), "{:?}", server.seen());
    let number = world.invoice(103).await.unique_number.unwrap();
    let receipt = format!("/emulator/receipt/?uniqueNumber={number}");
    get(&world.emulator, &receipt).await.says("منتظر تأیید پذیرنده");
    get(&world.emulator, &link).await.says("فاکتور پرداخت شده و منتظر تایید است");

    world.emulator.advance(Duration::from_secs(60 * 60)).await.unwrap();
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 32_000);
    get(&world.emulator, &receipt).await.says("فاکتور پرداخت نشده است");
    // What is not paid any more shows no card.
    let page = submit(&world.emulator, &link, "action=cancel").await;
    assert_eq!(page.names(), ["order", "paymentBillNumber", "invoiceId", "paid"]);
}

#[tokio::test]
async fn a_server_that_cannot_be_called_harms_nobody() {
    let world = start().await;
    for (invoice, uri, says) in [
        (101, "http://127.0.0.1:1/paid", "refused"),
        (104, "", ""),
        (103, "ftp://shop.ir/paid", "only http and https"),
        (100, "not an address", "only http and https"),
    ] {
        let link = format!("{}&gateway=LOC&callUri={}", with_redirect(&own(invoice)), encoded(uri));
        let page = get(&world.emulator, &link).await;
        if uri.is_empty() {
            continue;
        }
        assert_eq!(page.status, 303, "{uri}");
        let told = deliveries(&world.emulator).await.pop().unwrap();
        assert_eq!(told["invoiceId"], invoice);
        assert!(told["url"].as_str().unwrap().starts_with(uri), "{told}");
        assert!(told["error"].as_str().unwrap().contains(says), "{told}");
    }
    assert!(world.invoice(101).await.payed);
}
