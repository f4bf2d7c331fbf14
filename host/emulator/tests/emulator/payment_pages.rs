//! What payers see and do in their browsers, and what businesses learn of it.

use std::time::Duration;

use pod_platform::{
    Instant, JalaliDate,
    invoices::{IssueInvoiceRequest, PaymentTool},
    payments::{Gateway, GetInvoicePaymentLinkRequest, PayInvoiceInFutureRequest},
};

use crate::common::{World, order};
use crate::street::{
    Server, anybodys, deliveries, encoded, get, own, start, submit, with_redirect,
};

async fn hash_link(world: &World, request: GetInvoicePaymentLinkRequest) -> String {
    world.call("shop", &request).await.unwrap()
}

fn link_request(invoice_id: u64) -> GetInvoicePaymentLinkRequest {
    GetInvoicePaymentLinkRequest { invoice_id, ..Default::default() }
}

#[tokio::test]
async fn every_link_leads_to_the_invoice_and_the_ways_to_pay_it() {
    let world = start().await;
    let number = world.invoice(100).await.unique_number.unwrap();
    let hash = hash_link(&world, link_request(100)).await;
    let hash = hash.split_once("hash=").unwrap().1;
    for (path, query) in [
        ("/v1/pbc/payinvoice", "invoiceId=100"),
        ("/v1/pbc/payinvoice", "invoiceId=100&tokenIssuer=1"),
        ("/v1/pbc/biz/payInvoice", "invoiceId=100&redirectUri="),
        ("/v1/pbc/payInvoiceByUniqueNumber", &format!("uniqueNumber={number}")),
        ("/v1/pbc/payInvoiceByHash", &format!("hash={hash}")),
    ] {
        for slash in ["", "/"] {
            let page = get(&world.emulator, &format!("{path}{slash}?{query}")).await;
            assert_eq!(page.status, 200, "{path}{slash}: {page:?}");
            for text in [
                "Shop",
                "Sara",
                "S-100",
                "۱۰۰",
                "۴۰٬۰۰۰",
                "۳٬۶۰۰",
                "۴۳٬۶۰۰",
                "آرد",
                "۱۳۹۹/۰۳/۱۳",
                "وارد پی‌پاد شوید",
                "پرداخت با کارت شتابی",
                "انصراف",
                "dir=\"rtl\"",
            ] {
                page.says(text);
            }
        }
    }
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
}

/// Clients append what they want to POD's answer as it is, the C# client a gateway alone.
#[tokio::test]
async fn p10_what_clients_append_to_the_link_is_heard() {
    let world = start().await;
    let link = hash_link(&world, link_request(101)).await;
    assert!(link.ends_with('&'), "{link}");
    let appended = format!("{link}redirectUri=https://shop.ir/done?order=7&gateway=");
    let page = submit(&world.emulator, &appended, "action=cancel").await;
    assert!(page.location.starts_with("https://shop.ir/done?order=7&"), "{page:?}");
    let to_bank = get(&world.emulator, &format!("{link}gateway=PEP")).await;
    assert_eq!(to_bank.status, 409, "too cheap for a card");
    let server = Server::start().await;
    let at_once = format!(
        "{link}redirectUri=https://shop.ir/done&callbackUri={}/paid&gateway=LOC",
        server.url
    );
    let page = get(&world.emulator, &at_once).await;
    assert!(page.location.starts_with("https://shop.ir/done?"), "{page:?}");
    assert!(world.invoice(101).await.payed);
    deliveries(&world.emulator).await;
    let seen = server.seen();
    assert!(seen.len() == 1 && seen[0].starts_with("/paid?"), "{seen:?}");

    // Our client appends them itself.
    let told = GetInvoicePaymentLinkRequest {
        redirect_uri: Some("https://shop.ir/told".to_owned()),
        ..link_request(102)
    };
    let link = hash_link(&world, told).await;
    let page = submit(&world.emulator, &link, "action=cancel").await;
    assert!(page.location.starts_with("https://shop.ir/told?"), "{page:?}");
    let link = hash_link(&world, link_request(102)).await;
    let page =
        submit(&world.emulator, &format!("{link}redirectUri=app://paid"), "action=cancel").await;
    assert!(page.location.starts_with("app://paid?"), "{page:?}");
}

#[tokio::test]
async fn lines_show_quantity_discount_and_deadline() {
    let world = start().await;
    let request = IssueInvoiceRequest {
        user_id: Some(40),
        discount: vec![pod_platform::Rial(500)],
        preferred_tax_rate: Some(0.09),
        deadline: Some("1399/04/01".parse::<JalaliDate>().unwrap()),
        ..order(1_000, 2.5)
    };
    let invoice = world.call("shop", &request).await.unwrap().id;
    let page = get(&world.emulator, &own(invoice)).await;
    for text in ["bread", "۲٫۵", "۱٬۰۰۰", "۵۰۰", "۲٬۰۰۰", "۱۸۰", "۲٬۱۸۰", "۱۳۹۹/۰۴/۰۱"]
    {
        page.says(text);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_told_in_pods_words() {
    let world = start().await;
    for (path, text) in [
        ("/v1/pbc/payinvoice/?invoiceId=999", "فاکتور یافت نشد"),
        ("/v1/pbc/payinvoice/?invoiceId=x", "فاکتور یافت نشد"),
        ("/v1/pbc/payinvoice/", "فاکتور یافت نشد"),
        // Of nobody: nobody is its own user.
        ("/v1/pbc/payinvoice/?invoiceId=102", "فاکتور یافت نشد"),
        ("/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber=1", "صفحه یافت نشد"),
        ("/v1/pbc/payInvoiceByUniqueNumber", "صفحه یافت نشد"),
        ("/v1/pbc/payInvoiceByHash/?hash=1", "کد وارد شده معتبر نمیباشد و یا منقضی شده است."),
        ("/emulator/bank/1", "صفحه یافت نشد"),
        ("/emulator/receipt/?uniqueNumber=1", "صفحه یافت نشد"),
    ] {
        let page = get(&world.emulator, path).await;
        assert_eq!(page.status, 404, "{path}");
        page.says(text);
    }
}

#[tokio::test]
async fn a_hash_ends_after_300_seconds() {
    let world = start().await;
    let link = hash_link(&world, link_request(100)).await;
    world.emulator.advance(Duration::from_millis(299_999)).await.unwrap();
    assert_eq!(get(&world.emulator, &link).await.status, 200);
    world.emulator.advance(Duration::from_millis(1)).await.unwrap();
    let page = get(&world.emulator, &link).await;
    page.says("کد وارد شده معتبر نمیباشد و یا منقضی شده است.");
    let page = submit(&world.emulator, &format!("{link}&payer=50"), "action=wallet").await;
    assert_eq!(page.status, 404);
    assert!(!world.invoice(100).await.payed);
}

#[tokio::test]
async fn a_hash_knows_its_terms_and_a_gateway_may_be_added() {
    let world = start().await;
    let request = GetInvoicePaymentLinkRequest {
        redirect_uri: Some("https://shop.ir/hash".to_owned()),
        gateway: Some(Gateway::LOC),
        ..link_request(102)
    };
    let link = hash_link(&world, request).await;
    // As the C# client's GetAdvanceLink does.
    let advance = GetInvoicePaymentLinkRequest {
        redirect_uri: Some("https://shop.ir/hash".to_owned()),
        ..link_request(102)
    };
    let advance = hash_link(&world, advance).await;
    let page = get(&world.emulator, &format!("{advance}&gateway=PEP")).await;
    assert_eq!(page.status, 303);
    assert!(page.location.contains("/emulator/bank/"), "{page:?}");
    let page = submit(&world.emulator, &page.location, "action=cancel").await;
    assert_eq!(page.location, "https://shop.ir/hash?invoiceId=102&paid=false");
    let page = get(&world.emulator, &link).await;
    assert_eq!(page.parameter("paid"), "true");
}

#[tokio::test]
async fn only_its_own_user_pays_by_the_invoices_number() {
    let world = start().await;
    for payer in ["50", "10"] {
        let link = format!("{}&payer={payer}", own(101));
        for page in [
            get(&world.emulator, &link).await,
            submit(&world.emulator, &link, "action=wallet&wallet=PODLAND_WALLET").await,
        ] {
            assert_eq!(page.status, 404, "{payer}");
            page.says("فاکتور یافت نشد");
        }
    }
    let page = get(&world.emulator, &own(101)).await;
    page.says("invoiceId=101&#38;payer=40").says("۴٬۳۶۰");
    assert_eq!(world.emulator.ledger().await.unwrap().transactions, 1);
}

#[tokio::test]
async fn p2_anybody_pays_by_the_unique_number_and_so_does_the_issuer() {
    let world = start().await;
    let link = anybodys(&world, 101).await;
    let page = get(&world.emulator, &format!("{link}&payer=choose")).await;
    for payer in ["payer=10", "payer=20", "payer=40", "payer=50"] {
        page.says(payer);
    }
    assert_eq!(get(&world.emulator, &format!("{link}&payer=999")).await.status, 400);

    let page = submit(&world.emulator, &format!("{link}&payer=50"), "action=wallet").await;
    assert_eq!(page.status, 303);
    let invoice = world.invoice(101).await;
    assert_eq!(invoice.payer.unwrap().id, 50);
    assert_eq!(world.balance("wallet:50:PODLAND_WALLET").await, 95_640);

    let link = format!("{}&payer=10", anybodys(&world, 100).await);
    assert_eq!(submit(&world.emulator, &link, "action=wallet").await.status, 303);
    assert_eq!(world.invoice(100).await.payer.unwrap().id, 10);
    assert_eq!(world.balance("wallet:10:PODLAND_WALLET").await, 6_400);
}

#[tokio::test]
async fn a_wallet_pays_and_the_business_learns_of_it() {
    let world = start().await;
    let link = with_redirect(&own(101));
    get(&world.emulator, &format!("{link}&payer=40")).await.says("Sara").says("۲۰٬۰۰۰");
    let form = "action=wallet&wallet=PODLAND_WALLET";
    let page = submit(&world.emulator, &format!("{link}&payer=40"), form).await;
    let invoice = world.invoice(101).await;
    let number = invoice.reference_number.unwrap();
    assert_eq!(
        page.location,
        format!(
            "https://shop.ir/done?order=7&billNumber=S-101&paymentBillNumber={number}\
             &invoiceId=101&paid=true"
        )
    );
    assert!(invoice.payed);
    assert_eq!(invoice.payment_tool_code, Some(PaymentTool::PaymentToolOnlineCredit));
    assert_eq!(invoice.wallet.as_deref(), Some("PODLAND_WALLET"));
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 15_640);
    assert_eq!(world.balance("invoice:101").await, 4_360);
    // A browser would hold the payer back from the business.
    assert!(!page.headers["content-security-policy"].to_str().unwrap().contains("form-action"));
}

#[tokio::test]
async fn another_wallet_has_a_terminal() {
    let world = start().await;
    let link = format!("{}&payer=40", with_redirect(&own(100)));
    let page = submit(&world.emulator, &link, "action=wallet&wallet=PODLAND_WALLET").await;
    assert_eq!(page.status, 409, "20,000 of 43,600");
    page.says("موجودی کافی نیست").says("DIGIPAY_WALLET");
    let page = submit(&world.emulator, &link, "action=wallet&wallet=DIGIPAY_WALLET").await;
    assert_eq!(
        page.names(),
        ["order", "billNumber", "paymentBillNumber", "invoiceId", "paid", "terminalId"]
    );
    assert_eq!(Some(page.parameter("terminalId")), world.invoice(100).await.terminal_number);
    assert_eq!(world.balance("wallet:40:DIGIPAY_WALLET").await, 16_400);
}

#[tokio::test]
async fn delegated_credit_pays_first() {
    let world = start().await;
    let link = format!("{}&payer=40", own(101));
    let page = get(&world.emulator, &link).await;
    page.says("reza-food").says("۱٬۰۰۰").says("reza-today").says("۲٬۰۰۰").says("Reza");
    for ended in ["reza-old", "reza-mill"] {
        assert!(!page.text.contains(ended), "{ended}");
    }
    // What is no credit for this invoice is not paid from the wallet instead.
    for hash in ["reza-old", "nothing"] {
        let form = format!("action=wallet&delegation={hash}");
        assert_eq!(submit(&world.emulator, &link, &form).await.status, 409, "{hash}");
    }
    let form = "action=wallet&delegation=reza-today&delegation=reza-food";
    assert_eq!(submit(&world.emulator, &link, form).await.status, 303);
    assert_eq!(world.balance("delegation:reza-food").await, 0);
    assert_eq!(world.balance("delegation:reza-today").await, 0);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 18_640);
    assert_eq!(world.invoice(101).await.delegation_amount, Some(pod_platform::Rial(3_000)));
}

#[tokio::test]
async fn two_clicks_on_the_wallet_pay_once() {
    let world = start().await;
    let link = format!("{}&payer=50", anybodys(&world, 102).await);
    let (one, other) = tokio::join!(
        submit(&world.emulator, &link, "action=wallet"),
        submit(&world.emulator, &link, "action=wallet")
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    let refused = if one.status == 409 { one } else { other };
    refused.says("فاکتور قبلاً پرداخت شده است");
    assert_eq!(world.balance("wallet:50:PODLAND_WALLET").await, 85_000);
    assert_eq!(world.balance("invoice:102").await, 15_000);
}

#[tokio::test]
async fn without_an_address_to_go_back_to_there_is_a_receipt() {
    let world = start().await;
    let page = submit(&world.emulator, &format!("{}&payer=40", own(101)), "action=wallet").await;
    assert!(page.location.contains("/emulator/receipt/"), "{page:?}");
    let page = get(&world.emulator, &page.location).await;
    page.says("پرداخت با موفقیت انجام شد").says("Sara").says("کیف پول پاد").says("۴٬۳۶۰");
    let page = submit(&world.emulator, &own(100), "action=cancel").await;
    assert_eq!(page.status, 200);
    page.says("انصراف دادید");
}

#[tokio::test]
async fn the_address_is_the_links_or_the_invoices_own() {
    let world = start().await;
    let request = IssueInvoiceRequest {
        user_id: Some(40),
        redirect_url: Some("https://shop.ir/own".to_owned()),
        ..order(1_000, 1.0)
    };
    let invoice = world.call("shop", &request).await.unwrap().id;
    let cancel = "action=cancel";
    let page = submit(&world.emulator, &own(invoice), cancel).await;
    assert!(page.location.starts_with("https://shop.ir/own?paymentBillNumber="), "{page:?}");
    let page = submit(&world.emulator, &with_redirect(&own(invoice)), cancel).await;
    assert!(page.location.starts_with("https://shop.ir/done?order=7&"), "{page:?}");
    let app = format!("{}&redirectUri={}", own(invoice), encoded("myapp://pay/done"));
    let page = submit(&world.emulator, &app, cancel).await;
    assert!(page.location.starts_with("myapp://pay/done?paymentBillNumber="), "{page:?}");
    for uri in ["javascript:alert(1)", "data:text/html,<b>", "/done", "shop.ir"] {
        let link = format!("{}&redirectUri={}", own(101), encoded(uri));
        for page in [
            get(&world.emulator, &link).await,
            get(&world.emulator, &format!("{link}&gateway=LOC")).await,
            submit(&world.emulator, &format!("{link}&payer=40"), "action=wallet").await,
        ] {
            assert_eq!(page.status, 400, "{uri}");
            page.says("redirectUri");
        }
    }
    assert!(!world.invoice(101).await.payed);
}

#[tokio::test]
async fn what_others_wrote_is_text_and_pages_are_closed_to_other_sites() {
    let world = start().await;
    let page = get(&world.emulator, &own(200)).await;
    page.says("Baker &#38; &#60;b&#62;Sons&#60;/b&#62;");
    assert!(!page.text.contains("<script") && !page.text.contains("<b>"), "{}", page.text);
    let link = format!("{}&x=%22%3E%3Cscript%3E", own(200));
    assert!(!get(&world.emulator, &link).await.text.contains("<script"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(page.headers["cache-control"], "no-store");
    let style = get(&world.emulator, "/emulator/page.css").await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    let page = submit(&world.emulator, &own(200), "action=fly").await;
    page.says("action");
    assert_eq!(page.status, 409);
}

#[tokio::test]
async fn an_invoice_that_waits_for_its_guarantee_is_not_paid_here() {
    let world = start().await;
    let promise = PayInvoiceInFutureRequest {
        invoice_id: 200,
        date: "1399/03/20".parse().unwrap(),
        guild_code: None,
        wallet: Some("PODLAND_WALLET".to_owned()),
    };
    assert!(world.call("shop", &promise).await.unwrap());
    let text = "فاکتور در انتظار پرداخت توسط تضمین ارائه شده میباشد";
    for link in [own(200), format!("{}&gateway=PEP", own(200)), format!("{}&gateway=LOC", own(200))]
    {
        get(&world.emulator, &link).await.says(text);
    }
    let page = submit(&world.emulator, &format!("{}&payer=10", own(200)), "action=wallet").await;
    assert_eq!(page.status, 409);
    page.says(text);
    world
        .emulator
        .set_now(Instant::from_jalali_date_time("1399/03/20 00:00:00").unwrap())
        .await
        .unwrap();
    assert!(world.invoice(200).await.payed);
}

#[tokio::test]
async fn the_first_page_shows_a_developer_around() {
    let world = start().await;
    submit(&world.emulator, &own(100), "action=card").await;
    let page = get(&world.emulator, "/").await;
    assert_eq!(page.status, 200);
    for text in [
        "/srv/sc",
        "/emulator/clock",
        "Sara",
        "09121111111",
        "payinvoice/?invoiceId=101",
        "payInvoiceByUniqueNumber/?uniqueNumber=",
        "/emulator/bank/",
        "۱۳۹۹/۰۳/۱۳، ساعت ۱۰:۰۰:۰۰",
    ] {
        page.says(text);
    }
    for secret in ["invoiceId=104", "\"shop\"", "token"] {
        assert!(!page.text.contains(secret), "{secret}");
    }
}
