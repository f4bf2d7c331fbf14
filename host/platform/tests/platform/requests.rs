//! What is sent, and what is refused before anything is.

use pod_platform::{
    Client, ClientError, Credentials, Instant, JalaliDate, Platform, Products, Rial, Secret,
    Service,
    invoices::{GetInvoiceListRequest, IssueInvoiceRequest},
    payments::{PayInvoiceByPosRequest, PayInvoiceInFutureRequest},
    types::{Error, InvalidArgument},
    wire::form::Fields,
};
use proptest::prelude::*;

use crate::common::{LIMITS, Pod, first_page, merchant, netting, order, payment, success};

async fn pod() -> Pod {
    Pod::answers(success("\"result\":true")).await
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_call_is_a_form_with_the_token_in_a_header() {
    let pod = pod().await;
    pod.client().call(&netting(), &merchant()).await.unwrap();
    let sent = pod.only();
    assert_eq!(sent.line(), "POST /srv/sc/nzh/doServiceCall HTTP/1.1");
    assert_eq!(sent.header("_token_"), Some("the-merchants-token"));
    assert_eq!(sent.header("_token_issuer_"), Some("1"));
    assert_eq!(sent.header("_ott_"), None);
    assert_eq!(sent.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        sent.fields(),
        pairs(&[
            ("scProductId", "29800"),
            ("creditorInvoiceId", "601"),
            ("debtorInvoiceId", "501")
        ])
    );
}

#[tokio::test]
async fn a_payment_carries_a_one_time_token_of_its_own() {
    let pod = pod().await;
    pod.client().call(&payment(), &merchant()).await.unwrap();
    let [ott, sent] = &pod.received()[..] else { panic!("{:?}", pod.received()) };
    assert_eq!(ott.fields(), pairs(&[("scProductId", "29816")]));
    assert_eq!(ott.header("_token_"), Some("the-merchants-token"));
    assert_eq!(ott.header("_ott_"), None);
    assert_eq!(sent.header("_ott_"), Some("ott-1"));
    assert_eq!(
        sent.fields(),
        pairs(&[
            ("scProductId", "29821"),
            ("invoiceId", "501"),
            ("wallet", "PODLAND_WALLET"),
            ("delegatorId", "7"),
            ("delegatorId", "9"),
            ("delegationHash", "first"),
            ("delegationHash", "second"),
            ("forceDelegation", "true"),
        ])
    );
}

#[tokio::test]
async fn each_installation_knows_a_service_by_its_own_number() {
    let pod = pod().await;
    let sandbox = Platform { products: Products::Sandbox, ..Platform::at(&*pod.url) };
    let client = Client::new(sandbox, LIMITS).unwrap();
    client.call(&payment(), &merchant()).await.unwrap();
    let numbers: Vec<_> =
        pod.received().iter().flat_map(|sent| sent.values("scProductId")).collect();
    assert_eq!(numbers, ["39311", "39317"]);
    assert_eq!(Platform::production().products, Products::Production);
    assert_eq!(Platform::production().url, "https://api.pod.ir/srv/sc");
    assert_eq!(Platform::sandbox().products, Products::Sandbox);
}

#[tokio::test]
async fn an_api_key_goes_to_its_own_service_only() {
    let pod = pod().await;
    let mut credentials = merchant();
    credentials.api_keys.insert("payInvoiceByInvoice".into(), Secret::new("key of netting"));
    let client = pod.client();
    client.call(&netting(), &credentials).await.unwrap();
    client.call(&payment(), &credentials).await.unwrap();
    let keys: Vec<_> = pod.received().iter().map(|sent| sent.values("scApiKey")).collect();
    assert_eq!(keys, [vec!["key of netting".to_owned()], vec![], vec![]]);
}

#[tokio::test]
async fn products_are_listed_with_brackets_and_all_else_without() {
    let pod = pod().await;
    let request = IssueInvoiceRequest {
        product_id: vec![0, 8],
        price: vec![Some(Rial(1_000)), Some(Rial(2_000))],
        quantity: vec![1.5, 2.0],
        product_description: vec!["نان & پنیر=۲".into(), "a+b %".into()],
        voucher_hash: vec!["v1".into(), "v2".into()],
        verification_needed: Some(true),
        preview: Some(false),
        deadline: Some("1399/03/05".parse().unwrap()),
        ..order()
    };
    // The answer is no invoice; what counts here is what was sent.
    let _ = pod.client().call(&request, &merchant()).await;
    let sent = pod.received().pop().unwrap();
    assert!(sent.body.is_ascii(), "{}", sent.body);
    assert_eq!(
        sent.fields(),
        pairs(&[
            ("scProductId", "29796"),
            ("guildCode", "FOOD_GUILD"),
            ("productId[]", "0"),
            ("productId[]", "8"),
            ("price[]", "1000"),
            ("price[]", "2000"),
            ("quantity[]", "1.5"),
            ("quantity[]", "2"),
            ("productDescription[]", "نان & پنیر=۲"),
            ("productDescription[]", "a+b %"),
            ("deadline", "1399/03/05"),
            ("voucherHash", "v1"),
            ("voucherHash", "v2"),
            ("verificationNeeded", "true"),
            ("preview", "false"),
        ])
    );
    let list = GetInvoiceListRequest { issuer_id: vec![3, 4], ..first_page() };
    let _ = pod.client().call(&list, &merchant()).await;
    let sent = pod.received().pop().unwrap();
    assert_eq!(
        sent.fields(),
        pairs(&[
            ("scProductId", "29813"),
            ("offset", "0"),
            ("size", "10"),
            ("issuerId", "3"),
            ("issuerId", "4")
        ])
    );
}

#[tokio::test]
async fn a_field_of_pods_odd_spelling_keeps_it() {
    let pod = pod().await;
    let request = IssueInvoiceRequest { redirect_url: Some("https://x.ir/?a=1".into()), ..order() };
    let _ = pod.client().call(&request, &merchant()).await;
    assert_eq!(pod.received()[1].values("redirectURL"), ["https://x.ir/?a=1"]);
}

/// The field that a request is refused for, and that nothing was sent.
async fn refused<S: Service>(request: &S) -> InvalidArgument
where
    S::Response: std::fmt::Debug,
{
    let pod = pod().await;
    let Err(Error::InvalidArgument(argument)) = pod.client().call(request, &merchant()).await
    else {
        panic!("{} was not refused", S::FUNCTION)
    };
    assert!(pod.received().is_empty(), "refused after something was sent: {argument:?}");
    argument
}

#[tokio::test]
async fn a_list_begins_at_exactly_one_place() {
    let list = |offset, first_id, last_id| GetInvoiceListRequest {
        offset,
        first_id,
        last_id,
        ..first_page()
    };
    for begin in [
        list(None, None, None),
        list(Some(0), Some(1), None),
        list(Some(0), None, Some(1)),
        list(None, Some(1), Some(1)),
        list(Some(0), Some(1), Some(1)),
    ] {
        let InvalidArgument { field, expected } = refused(&begin).await;
        assert_eq!(field, "offset");
        assert!(expected.contains("offset, firstId, lastId"), "{expected}");
    }
    for begin in [list(Some(0), None, None), list(None, Some(1), None), list(None, None, Some(1))] {
        assert!(begin.prepare().is_ok(), "{begin:?}");
    }
    let none = GetInvoiceListRequest { size: 0, ..first_page() };
    assert_eq!(refused(&none).await.field, "size");
}

/// Days of a request are days of the Persian calendar: a Gregorian one would be six centuries ahead.
#[tokio::test]
async fn m6_a_day_of_the_other_calendar_is_not_sent() {
    let day = |text: &str| -> JalaliDate { text.parse().unwrap() };
    let guarantee = |date: &str| PayInvoiceInFutureRequest {
        invoice_id: 1,
        date: day(date),
        guild_code: None,
        wallet: Some("PODLAND_WALLET".into()),
    };
    let list = GetInvoiceListRequest { to_date: Some(day("2024/09/04")), ..first_page() };
    let order = IssueInvoiceRequest { deadline: Some(day("2024/09/04")), ..order() };
    let by_pos = PayInvoiceByPosRequest {
        invoice_id: 1,
        terminal_number: "1".into(),
        merchant_code: "2".into(),
        reference_number: "3".into(),
        tracking_number: "4".into(),
        transaction_date: "2024/09/04 10:00:00".parse().unwrap(),
        wallet: None,
    };
    for (argument, field) in [
        (refused(&guarantee("2024/09/04")).await, "date"),
        (refused(&list).await, "toDate"),
        (refused(&order).await, "deadline"),
        (refused(&by_pos).await, "transactionDate"),
    ] {
        assert_eq!(argument.field, field);
        // Both calendars are named, each with the day that it makes of the other's.
        for part in ["Persian calendar (Gregorian 2645-", "2024-09-04 is 1403/06/14"] {
            assert!(argument.expected.contains(part), "{argument}");
        }
    }
    // Long ago is as strange: two digits of a year are no year.
    assert_eq!(refused(&guarantee("0099/03/13")).await.field, "date");
    let now = Instant(1_591_074_250_308);
    for near in ["1349/03/13", "1399/03/13", "1449/03/13"] {
        assert!(guarantee(near).prepare().unwrap().check_days(now).is_ok(), "{near}");
    }
    for far in ["1349/03/12", "1449/03/14"] {
        assert!(guarantee(far).prepare().unwrap().check_days(now).is_err(), "{far}");
    }
}

#[tokio::test]
async fn product_lists_are_as_long_as_one_another() {
    let none = IssueInvoiceRequest {
        product_id: vec![],
        price: vec![],
        quantity: vec![],
        product_description: vec![],
        ..order()
    };
    assert_eq!(refused(&none).await.field, "productId");
    for (request, field) in [
        (IssueInvoiceRequest { price: vec![Some(Rial(1)); 2], ..order() }, "price"),
        (IssueInvoiceRequest { quantity: vec![], ..order() }, "quantity"),
        (
            IssueInvoiceRequest { product_description: vec!["a".into(); 3], ..order() },
            "productDescription",
        ),
    ] {
        assert_eq!(refused(&request).await.field, field);
    }
}

#[tokio::test]
async fn numbers_keep_to_pods_bounds() {
    for (request, field, expected) in [
        (
            IssueInvoiceRequest { price: vec![Some(Rial(0))], ..order() },
            "price",
            "at least 1, not 0",
        ),
        (
            IssueInvoiceRequest { close_time_out: Some(599), ..order() },
            "closeTimeOut",
            "at least 600, not 599",
        ),
        (
            IssueInvoiceRequest { preferred_tax_rate: Some(1.01), ..order() },
            "preferredTaxRate",
            "between 0 and 1, not 1.01",
        ),
        (
            IssueInvoiceRequest { preferred_tax_rate: Some(-0.1), ..order() },
            "preferredTaxRate",
            "between 0 and 1, not -0.1",
        ),
        (
            IssueInvoiceRequest { preferred_tax_rate: Some(f64::NAN), ..order() },
            "preferredTaxRate",
            "between 0 and 1, not NaN",
        ),
    ] {
        let argument = refused(&request).await;
        assert_eq!((argument.field.as_str(), argument.expected.as_str()), (field, expected));
        assert_eq!(argument.to_string(), format!("`{field}` must be {expected}"));
    }
    for within in [
        IssueInvoiceRequest { price: vec![Some(Rial(1))], ..order() },
        IssueInvoiceRequest { close_time_out: Some(600), ..order() },
        IssueInvoiceRequest { preferred_tax_rate: Some(0.0), ..order() },
        IssueInvoiceRequest { preferred_tax_rate: Some(1.0), ..order() },
    ] {
        assert!(within.prepare().is_ok(), "{within:?}");
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_not_sent_and_not_shown() {
    let pod = pod().await;
    let credentials = Credentials::token("secret\r\n_token_issuer_: 2");
    let error = pod.client().call(&netting(), &credentials).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert!(!format!("{error} {error:?} {credentials:?}").contains("secret"));
    assert!(pod.received().is_empty());
}

#[test]
fn a_platform_has_an_http_address() {
    for url in ["", "api.pod.ir", "ftp://api.pod.ir", "http://", "file:///etc/passwd"] {
        let error = Client::new(Platform::at(url), LIMITS).unwrap_err();
        assert!(matches!(error, ClientError::Url(_)), "{url}");
        assert!(error.to_string().contains(url.trim_end_matches('/')), "{error}");
    }
    assert_eq!(Platform::at("http://localhost/srv/sc/"), Platform::at("http://localhost/srv/sc"));
}

proptest! {
    /// Whatever a client sends, a server reads the same: the emulator is such a server.
    #[test]
    fn what_is_sent_reads_back(
        texts in proptest::collection::vec(".+", 1..4),
        price in 1u64..,
        quantity in 0.0f64..1e9,
        safe: Option<bool>,
        user_id: Option<u64>,
    ) {
        // POD's clients leave out by an empty value, and space around a value is not kept.
        prop_assume!(texts.iter().all(|text| !text.trim().is_empty() && text.trim() == text));
        let request = IssueInvoiceRequest {
            product_id: vec![0; texts.len()],
            price: vec![Some(Rial(price)); texts.len()],
            quantity: vec![quantity; texts.len()],
            product_description: texts,
            safe,
            user_id,
            ..order()
        };
        let body = request.prepare().unwrap().form.encoded();
        let read = IssueInvoiceRequest::decode(&Fields::decoded(body.as_bytes())).unwrap();
        prop_assert_eq!(read, request);
    }
}
