//! A customer pays by texting a code back.

use std::time::Duration;

use pod_platform::{
    payments::{
        SendInvoicePaymentSMSRequest, SendPaymentLinkToUserRequest, VerifyPaymentSMSRequest,
    },
    types::PlatformErrorKind as Kind,
};

use crate::common::World;
use crate::street;
use crate::street::{ask, get, start, tell};

fn code_for(invoice_id: u64) -> SendInvoicePaymentSMSRequest {
    SendInvoicePaymentSMSRequest {
        invoice_id,
        sms_content_type: Some(1),
        ..SendInvoicePaymentSMSRequest::default()
    }
}

/// The text of the last SMS.
async fn last(world: &World) -> String {
    world.emulator.sms().await.unwrap().pop().unwrap().text
}

fn code(text: &str) -> String {
    let digits = text.split_once("کد ").expect(text).1;
    digits.chars().take_while(char::is_ascii_digit).collect()
}

async fn text(world: &World, from: &str, text: &str) -> (u16, serde_json::Value) {
    let body = serde_json::json!({"from": from, "text": text}).to_string();
    tell(&world.emulator, "/emulator/sms", &body).await
}

#[tokio::test]
async fn a_code_is_sent_read_texted_back_and_pays() {
    let world = start().await;
    assert!(world.call("shop", &code_for(101)).await.unwrap());
    let (status, sent) =
        ask(&world.emulator, "/emulator/sms?cellphoneNumber=%2B989121111111").await;
    assert_eq!(status, 200);
    assert_eq!(sent.as_array().unwrap().len(), 1);
    assert_eq!(sent[0]["cellphoneNumber"], "09121111111");
    let said = sent[0]["text"].as_str().unwrap();
    for part in ["سرزمین هوشمند پاد", "Shop", "101", "4,360"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(
        ask(&world.emulator, "/emulator/sms?cellphoneNumber=0912").await.1,
        serde_json::json!([])
    );

    let code = code(said);
    let wrong = if code == "00000" { "00001" } else { "00000" };
    for (from, text_back) in [("09121111111", wrong), ("09122222222", code.as_str())] {
        let (status, answer) = text(&world, from, text_back).await;
        assert_eq!(status, 400, "{from}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains("کد وارد شده معتبر نمیباشد"), "{error}");
    }
    // As a Persian keyboard writes it.
    let zero = u32::from('۰');
    let persian: String = code
        .chars()
        .map(|digit| char::from_u32(zero + digit.to_digit(10).unwrap()).unwrap())
        .collect();
    let (status, answer) = text(&world, "+989121111111", &format!(" {persian} ")).await;
    assert_eq!((status, answer), (200, serde_json::json!({"invoiceId": 101, "payed": true})));
    assert!(world.invoice(101).await.payed);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 15_640);
    assert_eq!(text(&world, "09121111111", &code).await.0, 400, "a code pays once");
}

#[tokio::test]
async fn a_code_ends_and_nobodys_phone_pays_nothing() {
    let world = start().await;
    assert!(world.call("shop", &code_for(101)).await.unwrap());
    let code = code(&last(&world).await);
    let (status, answer) = text(&world, "09120000000", &code).await;
    assert_eq!(status, 404);
    assert!(answer["error"].as_str().unwrap().starts_with("from: "), "{answer}");
    world.emulator.advance(Duration::from_secs(300)).await.unwrap();
    assert_eq!(text(&world, "09121111111", &code).await.0, 400);
    assert!(!world.invoice(101).await.payed);
}

#[tokio::test]
async fn p9_a_code_for_another_wallet_takes_a_call_and_is_not_asked_to_be_texted_back() {
    let world = start().await;
    assert!(world.call("shop", &code_for(100)).await.unwrap());
    assert!(last(&world).await.contains("به همین شماره پیامک کنید"));
    let request =
        SendInvoicePaymentSMSRequest { wallet: Some("DIGIPAY_WALLET".to_owned()), ..code_for(100) };
    assert!(world.call("shop", &request).await.unwrap());
    let said = last(&world).await;
    assert!(!said.contains("پیامک کنید"), "{said}");
    let code = code(&said);
    assert_eq!(text(&world, "09121111111", &code).await.0, 400);
    let verify = VerifyPaymentSMSRequest { invoice_id: 100, code };
    assert_eq!(world.call("shop", &verify).await.unwrap(), "true");
    assert_eq!(world.balance("wallet:40:DIGIPAY_WALLET").await, 16_400);
}

#[tokio::test]
async fn a_code_uses_the_credits_that_its_sms_names() {
    let world = start().await;
    let request = SendInvoicePaymentSMSRequest {
        delegator_id: vec![50],
        delegation_hash: vec!["reza-food".to_owned()],
        ..code_for(101)
    };
    assert!(world.call("shop", &request).await.unwrap());
    let said = last(&world).await;
    assert!(said.contains("reza-food"), "{said}");
    assert_eq!(text(&world, "09121111111", &code(&said)).await.0, 200);
    assert_eq!(world.balance("delegation:reza-food").await, 0);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 16_640);
}

#[tokio::test]
async fn a_code_without_money_behind_it_stays_good() {
    let world = start().await;
    assert!(world.call("shop", &code_for(100)).await.unwrap());
    let code = code(&last(&world).await);
    let (status, answer) = text(&world, "09121111111", &code).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("موجودی کافی نیست"), "{answer}");
    assert!(!world.invoice(100).await.payed);
}

#[tokio::test]
async fn a_three_step_invoice_is_not_paid_by_the_text_alone() {
    let world = start().await;
    assert!(world.call("shop", &code_for(103)).await.unwrap());
    let (status, answer) = text(&world, "09121111111", &code(&last(&world).await)).await;
    assert_eq!((status, answer), (200, serde_json::json!({"invoiceId": 103, "payed": false})));
}

#[tokio::test]
async fn the_links_in_sms_lead_to_the_payment_page() {
    let world = start().await;
    let request = SendInvoicePaymentSMSRequest {
        sms_content_type: Some(2),
        redirect_uri: Some("https://shop.ir/done".to_owned()),
        ..code_for(101)
    };
    assert!(world.call("shop", &request).await.unwrap());
    let pass_on = SendPaymentLinkToUserRequest {
        invoice_id: 200,
        user_id: 50,
        redirect_uri: "https://shop.ir/done".to_owned(),
    };
    assert!(world.call("shop", &pass_on).await.unwrap());
    for (sms, payable) in world.emulator.sms().await.unwrap().iter().zip(["۴٬۳۶۰", "۶٬۰۰۰"])
    {
        let link = sms.text.lines().last().unwrap();
        let page = get(&world.emulator, link).await;
        assert_eq!(page.status, 200);
        page.says(payable);
        let page = street::submit(&world.emulator, link, "action=cancel").await;
        assert!(page.location.starts_with("https://shop.ir/done?"), "{page:?}");
    }
}

#[tokio::test]
async fn who_cannot_be_texted_gets_no_code() {
    let world = start().await;
    for (caller, invoice, kind) in [
        ("shop", 102, Kind::BadParameters),
        ("baker", 200, Kind::BadParameters),
        ("reza", 101, Kind::NoPermission),
        ("shop", 104, Kind::BillAlreadyPayed),
        ("shop", 105, Kind::BillIsWaitingForGateway),
        ("shop", 999, Kind::NotFound),
    ] {
        assert_eq!(world.refused(caller, &code_for(invoice)).await, kind, "{caller} {invoice}");
    }
    assert!(world.emulator.sms().await.unwrap().is_empty());
}
