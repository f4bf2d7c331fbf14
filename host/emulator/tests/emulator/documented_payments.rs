//! Payments as S0 and S1 describe them, where no other test says it.

use std::time::Duration;

use pod_platform::{
    invoices::IssueInvoiceRequest,
    loans::PayInvoiceByLoanRequest,
    payments::{
        GetInvoicePaymentLinkRequest, PayInvoiceByCreditRequest, PayInvoiceInFutureRequest,
        SendInvoicePaymentSMSRequest, SendPaymentLinkToUserRequest, VerifyPaymentSMSRequest,
    },
    types::PlatformErrorKind as Kind,
};

use crate::{
    common::{World, order},
    loan_world::{LoanWorld, loan},
    street::{anybodys, encoded, get, own, start, submit, tell},
};

/// The text of the last SMS.
async fn last(world: &World) -> String {
    world.emulator.sms().await.unwrap().pop().unwrap().text
}

fn code(text: &str) -> String {
    let digits = text.split_once("کد ").expect(text).1;
    digits.chars().take_while(char::is_ascii_digit).collect()
}

fn by_sms(invoice_id: u64) -> SendInvoicePaymentSMSRequest {
    SendInvoicePaymentSMSRequest { invoice_id, ..SendInvoicePaymentSMSRequest::default() }
}

#[tokio::test]
async fn an_invoice_is_named_by_its_id_and_not_by_its_bill_number() {
    let world = start().await;
    let request = IssueInvoiceRequest {
        user_id: Some(40),
        bill_number: Some("7001".into()),
        ..order(500, 1.0)
    };
    let id = world.call("shop", &request).await.unwrap().id;
    assert_eq!(get(&world.emulator, &own(id)).await.status, 200);
    get(&world.emulator, &own(7001)).await.says("فاکتور یافت نشد");
    let pay = |invoice_id| PayInvoiceByCreditRequest { invoice_id, ..Default::default() };
    assert_eq!(world.refused("sara", &pay(7001)).await, Kind::NotFound);
    assert!(world.call("sara", &pay(id)).await.unwrap());
}

#[tokio::test]
async fn a_wallet_pays_for_who_has_logged_in_only() {
    let world = start().await;
    let page = submit(&world.emulator, &own(101), "action=wallet&wallet=PODLAND_WALLET").await;
    assert!(page.status >= 400, "{page:?}");
    assert!(!world.invoice(101).await.payed);
    let page = submit(&world.emulator, &format!("{}&payer=40", own(101)), "action=wallet").await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn a_business_pays_from_its_wallet_what_was_issued_for_it() {
    let world = World::start().await;
    let pay = PayInvoiceByCreditRequest {
        invoice_id: 204,
        wallet: Some("PODLAND_WALLET".into()),
        ..Default::default()
    };
    assert!(world.call("shop", &pay).await.unwrap());
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, 48_500);
    assert_eq!(world.invoice(204).await.payer.unwrap().id, 10);
}

#[tokio::test]
async fn an_sms_holds_a_code_a_link_or_both() {
    let world = start().await;
    let call = encoded("https://shop.ir/paid");
    for (content, has_code, has_link) in
        [(Some(1), true, false), (Some(2), false, true), (Some(3), true, true), (None, true, true)]
    {
        let request = SendInvoicePaymentSMSRequest {
            sms_content_type: content,
            callback_uri: Some("https://shop.ir/paid".into()),
            ..by_sms(101)
        };
        assert!(world.call("shop", &request).await.unwrap());
        let text = last(&world).await;
        assert!(text.starts_with("*سرزمین هوشمند پاد*\nShop "), "{text}");
        assert_eq!(text.contains("به همین شماره پیامک کنید"), has_code, "{content:?}: {text}");
        let link = text.contains("/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber=");
        assert_eq!(link && text.contains("لینک زیر کلیک نمایید"), has_link, "{text}");
        assert_eq!(text.contains(&format!("callUri={call}")), has_link, "{text}");
    }
    let both = last(&world).await;
    assert!(both.contains("پیامک کنید\nیا بر روی لینک زیر کلیک نمایید.\nhttp"), "{both}");
}

#[tokio::test]
async fn a_code_may_use_credit_that_is_named_by_its_place_and_nothing_else() {
    let world = start().await;
    // Reza's second credit for Sara is of another guild, the third is for anything.
    let request = SendInvoicePaymentSMSRequest { delegation_id: vec![2], ..by_sms(101) };
    assert!(world.call("shop", &request).await.unwrap());
    let text = last(&world).await;
    assert!(text.contains("reza-today"), "{text}");
    let forced = SendInvoicePaymentSMSRequest { force_delegation: Some(true), ..request.clone() };
    assert!(world.call("shop", &forced).await.unwrap());
    let reply = |code: String| serde_json::json!({"from": "09121111111", "text": code}).to_string();
    // 2,000 of 4,360: forced, the wallet does not pay the rest.
    let forced = reply(code(&last(&world).await));
    assert_eq!(tell(&world.emulator, "/emulator/sms", &forced).await.0, 400);
    assert!(!world.invoice(101).await.payed);
    assert_eq!(tell(&world.emulator, "/emulator/sms", &reply(code(&text))).await.0, 200);
    assert_eq!(world.balance("delegation:reza-today").await, 0);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 20_000 - 2_360);
}

#[tokio::test]
async fn a_code_for_another_wallet_is_confirmed_with_either_token() {
    for token in ["shop", "sara"] {
        let world = start().await;
        let request =
            SendInvoicePaymentSMSRequest { wallet: Some("DIGIPAY_WALLET".into()), ..by_sms(100) };
        assert!(world.call(token, &request).await.unwrap());
        let code = code(&last(&world).await);
        let verify =
            |code: &str| VerifyPaymentSMSRequest { invoice_id: 100, code: code.to_owned() };
        let wrong = if code == "00000" { "00001" } else { "00000" };
        assert_eq!(world.refused(token, &verify(wrong)).await, Kind::CodeInvalidOrExpired);
        assert_eq!(world.call(token, &verify(&code)).await.unwrap(), "true");
        assert!(world.invoice(100).await.payed);
    }
}

/// S0's PHP sample sends two addresses, which no other text of it knows.
#[tokio::test]
async fn addresses_beside_a_payment_outside_pod_are_passed_over() {
    let world = World::start().await;
    let body =
        "scProductId=29799&invoiceId=101&redirectUri=https://shop.ir&callUri=https://shop.ir";
    let answer = world.post(&[("_token_", "shop")], body).await;
    assert_eq!(answer["result"], true, "{answer}");
    assert!(world.invoice(101).await.payed);
}

#[tokio::test]
async fn a_guarantee_is_taken_from_a_guild_or_a_wallet() {
    let world = World::start().await;
    let call = |accounts: &'static str| {
        let world = &world;
        async move {
            let body = format!("scProductId=29802&invoiceId=204&date=1399/04/01{accounts}");
            world.post(&[("_token_", "shop")], &body).await
        }
    };
    for accounts in ["", "&guildCode=FOOD_GUILD&wallet=PODLAND_WALLET"] {
        assert_eq!(call(accounts).await["errorCode"], 403, "{accounts}");
    }
    let nothing = call("&guildCode=MILL_GUILD").await;
    assert_eq!(nothing["message"], "اعتبار کافی جهت انجام عملیات مسدودی را ندارید");
    assert_eq!(call("&wallet=PODLAND_WALLET").await["result"], true);
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, 48_500);

    let guild = world.balance("guild:1:FOOD_GUILD").await;
    let guarantee = PayInvoiceInFutureRequest {
        invoice_id: 200,
        date: "1399/04/01".parse().unwrap(),
        guild_code: Some("FOOD_GUILD".into()),
        wallet: None,
    };
    assert!(world.call("shop", &guarantee).await.unwrap());
    assert_eq!(world.balance("guild:1:FOOD_GUILD").await, guild - 7_085);
    assert_eq!(world.balance("blocked:200").await, 7_085);
}

#[tokio::test]
async fn the_link_by_unique_number_lasts() {
    let world = start().await;
    let link = anybodys(&world, 100).await;
    world.emulator.advance(Duration::from_secs(400 * 24 * 3_600)).await.unwrap();
    let page = submit(&world.emulator, &format!("{link}&payer=50"), "action=wallet").await;
    assert_eq!(page.status, 303);
    assert!(world.invoice(100).await.payed);
}

#[tokio::test]
async fn anybody_pays_by_the_link_that_is_shared() {
    let world = start().await;
    let request = GetInvoicePaymentLinkRequest { invoice_id: 101, ..Default::default() };
    let link = world.call("shop", &request).await.unwrap();
    let page = submit(&world.emulator, &format!("{link}payer=50"), "action=wallet").await;
    assert_eq!(page.status, 303);
    assert_eq!(world.invoice(101).await.payer.unwrap().id, 50);
}

#[tokio::test]
async fn a_customer_passes_the_own_invoice_on_to_another_payer() {
    let world = start().await;
    let pass_on = |invoice_id| SendPaymentLinkToUserRequest {
        invoice_id,
        user_id: 50,
        redirect_uri: "https://shop.ir/done".into(),
    };
    for (token, invoice) in [("shop", 101), ("reza", 101), ("sara", 102)] {
        let refused = world.refused(token, &pass_on(invoice)).await;
        assert_eq!(refused, Kind::InvoiceNotIssuedForCaller, "{token} {invoice}");
    }
    assert!(world.call("sara", &pass_on(101)).await.unwrap());
    let sms = world.emulator.sms().await.unwrap();
    assert_eq!((sms.len(), sms[0].cellphone_number.as_str()), (1, "09122222222"));
    let number = world.invoice(101).await.unique_number.unwrap();
    let link = format!(
        "{}/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber={number}&redirectUri={}",
        world.emulator.pay_url(),
        encoded("https://shop.ir/done")
    );
    assert_eq!(sms[0].text, link);
    let page = submit(&world.emulator, &format!("{link}&payer=50"), "action=wallet").await;
    assert_eq!(page.parameter("paid"), "true");
}

#[tokio::test]
async fn a_gateway_link_leads_to_the_bank() {
    let world = start().await;
    let link = |number: String, gateway: &'static str| {
        let world = &world;
        async move {
            let body = format!(
                "scProductId=46547342&uniqueNumber={number}&redirectUri=https://shop.ir/done\
                 &callUri=https://shop.ir/paid{gateway}"
            );
            let answer = world.post(&[("_token_", "shop")], &body).await;
            answer["result"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
        }
    };
    let number = world.invoice(100).await.unique_number.unwrap();
    for gateway in ["", "&gateway=PEP"] {
        let link = link(number.clone(), gateway).await;
        for part in [
            "/v1/pbc/payInvoiceByUniqueNumber/?",
            &format!("uniqueNumber={number}"),
            &format!("redirectUri={}", encoded("https://shop.ir/done")),
            &format!("callUri={}", encoded("https://shop.ir/paid")),
            "gateway=PEP",
        ] {
            assert!(link.contains(part), "{part}: {link}");
        }
        let bank = get(&world.emulator, &link).await;
        assert!(bank.location.contains("/emulator/bank/"), "{bank:?}");
        let left = submit(&world.emulator, &bank.location, "action=cancel").await;
        assert!(left.location.starts_with("https://shop.ir/done?"), "{left:?}");
    }
    let nowhere = link("made-up".to_owned(), "").await;
    get(&world.emulator, &nowhere).await.says("صفحه یافت نشد");
    // Without a gateway in the link, its page has the wallet, too (S3).
    get(&world.emulator, &anybodys(&world, 100).await).await.says("وارد پی‌پاد شوید");
}

/// S4's text lets the customer ask, its header has an API token.
#[tokio::test]
async fn a_loan_is_asked_for_by_the_shop_or_by_a_business_that_is_the_customer() {
    let world = LoanWorld::start().await;
    assert_eq!(world.refused("sara", &loan(101, 5, 61, 0)).await, Kind::InvalidToken);
    assert_eq!(world.refused("bank", &loan(107, 5, 61, 0)).await, Kind::NoPermission);
    let asked = world.call("mill", &loan(107, 5, 61, 85)).await.unwrap();
    assert_eq!(asked.user.as_ref().unwrap().id, 30);
    // The shop that asks, too, is told of the same loan.
    let again = PayInvoiceByLoanRequest { plan_id: None, ..loan(107, 5, 0, 0) };
    assert_eq!(world.call("shop", &again).await.unwrap().id, asked.id);
}

#[tokio::test]
async fn the_instalment_gateway_shows_early_settlements_and_takes_a_card() {
    let world = LoanWorld::start().await;
    let page = "/v1/pbc/payinvoice/?invoiceId=109&payer=40";
    let shown = submit(&world.emulator, page, "action=plan&plan=62&primaryAmount=75000").await;
    // 15,000 in three parts: what is left before each of them.
    shown.says("تسویه زودتر از موعد").says("۱۵٬۰۰۰").says("۱۰٬۰۰۰").says("۵٬۰۰۰");
    let form = "action=borrow&plan=62&primaryAmount=75000&assuranceNumber=A-9";
    let down_payment = submit(&world.emulator, page, form).await;
    let bank = submit(&world.emulator, &down_payment.location, "action=card").await;
    assert!(bank.location.contains("/emulator/bank/"), "{bank:?}");
    let paid = submit(&world.emulator, &bank.location, "action=pay").await;
    assert_eq!(paid.status, 303);
    assert!(world.invoice(109).await.payed);
    assert_eq!(world.loan(1).await.assurance_number.as_deref(), Some("A-9"));
}
