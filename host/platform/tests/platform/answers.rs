//! What a caller is told of each answer that POD, or something in its place, can give. A failed
//! read did nothing; a mutation without a clear answer may have happened.

use std::time::Duration;

use pod_platform::{
    Client, Exchange, Instant, Limits, Platform, Rial, Service as _,
    invoices::InvoicePage,
    types::{Doubt, Error, PlatformError, PlatformErrorKind as Kind, UnreadableField},
};

use crate::common::{LIMITS, Pod, Reply, first_page, merchant, netting, payment, refusal, success};

/// What was wrong with a read, and with a mutation.
async fn both(reply: Reply) -> (String, Doubt) {
    let pod = Pod::replies(reply).await;
    let read = match pod.read().await {
        Error::Unavailable(reason) => reason,
        other => panic!("a read: {other:?}"),
    };
    let mutation = match pod.mutate().await {
        Error::OutcomeUnknown(doubt) => doubt,
        other => panic!("a mutation: {other:?}"),
    };
    assert_eq!(pod.received().len(), 2, "nothing is repeated");
    (read, mutation)
}

async fn page(result: &str) -> Result<InvoicePage, Error> {
    let pod = Pod::answers(success(&format!("\"result\":{result}"))).await;
    pod.client().call(&first_page(), &merchant()).await
}

#[tokio::test]
async fn a_refusal_has_a_kind_by_its_code_whatever_its_message() {
    for (code, kind) in [
        (4, Kind::NotFound),
        (21, Kind::InvalidToken),
        (24, Kind::BillAlreadyPayed),
        (32, Kind::InvoiceIsCanceled),
        (45, Kind::BillAlreadyClosed),
        (58, Kind::BillIsWaitingForVerification),
        (72, Kind::BillIsWaitingForGateway),
        (193, Kind::WalletMissing),
        (8_000, Kind::Other),
    ] {
        let pod = Pod::answers(refusal(code, "متن دیگر")).await;
        let expected = Error::Platform(PlatformError {
            kind,
            code,
            message: "متن دیگر".into(),
            reference_number: "77001".into(),
        });
        assert_eq!(pod.read().await, expected);
        assert_eq!(pod.mutate().await, expected, "a refusal is an answer, not a doubt");
    }
}

#[tokio::test]
async fn a_refusal_without_a_code_has_a_kind_by_its_message() {
    for (message, kind) in [
        ("فاکتور بستانکار پرداخت نشده است", Kind::CreditorInvoiceNotPayed),
        ("مجوز انجام این عملیات را ندارید", Kind::NoPermission),
        (" فاکتور بستانکار آماده برای مسدودی می باشد ", Kind::CreditorInvoiceEarmarked),
        // A message that belongs to a code does not stand for it.
        ("فاکتور قبلاً پرداخت شده است", Kind::Other),
        ("", Kind::Other),
    ] {
        let pod = Pod::answers(refusal(0, message)).await;
        let Error::Platform(error) = pod.mutate().await else { panic!("{message}") };
        assert_eq!((error.kind, error.code), (kind, 0), "{message}");
        assert_eq!(error.reference_number, "77001");
    }
}

#[tokio::test]
async fn some_refusals_leave_open_what_happened() {
    for code in [227, 378, 999] {
        let (read, mutation) = both(Reply::Ok(refusal(code, "خطای داخلی"))).await;
        assert!(read.contains(&code.to_string()) && read.contains("77001"), "{read}");
        assert!(mutation.reason.contains(&code.to_string()), "{mutation:?}");
        assert!(mutation.reason.contains("خطای داخلی"), "{mutation:?}");
        assert_eq!(mutation.reference_number.as_deref(), Some("77001"));
    }
}

#[tokio::test]
async fn a_reference_number_that_pod_left_out_is_none() {
    for body in [r#"{"hasError":true,"errorCode":999}"#, r#"{"referenceNumber":""}"#, "{}", "[]"] {
        let (read, mutation) = both(Reply::Ok(body.into())).await;
        assert!(!read.contains("reference number"), "{read}");
        assert_eq!(mutation.reference_number, None);
    }
}

#[tokio::test]
async fn what_is_not_json() {
    for body in ["<html>Bad gateway</html>", "", "[", "{\"hasError\":false", "\u{feff}{}"] {
        let (read, mutation) = both(Reply::Ok(body.into())).await;
        assert!(read.contains("not JSON"), "{body:?}: {read}");
        assert!(mutation.reason.contains("not JSON"), "{body:?}: {mutation:?}");
        assert_eq!(mutation.reference_number, None);
    }
}

#[tokio::test]
async fn what_is_cut_off() {
    for reply in [Reply::CutOff(success("\"result\":true")), Reply::HangUp] {
        let (read, mutation) = both(reply).await;
        assert!(read.contains("getInvoiceList"), "{read}");
        assert!(mutation.reason.contains("payInvoiceByInvoice"), "{mutation:?}");
    }
}

#[tokio::test]
async fn what_is_larger_than_the_limit() {
    let body = success(&format!("\"result\":true,\"filler\":\"{}\"", "x".repeat(4_000)));
    let pod = Pod::answers(body.clone()).await;
    for (response_bytes, fits) in [(body.len(), true), (body.len() - 1, false)] {
        let client = pod.client_within(Limits { response_bytes, ..LIMITS });
        let answered = client.call(&netting(), &merchant()).await;
        if fits {
            assert_eq!(answered, Ok(true));
        } else {
            let Err(Error::OutcomeUnknown(doubt)) = answered else { panic!("{answered:?}") };
            assert!(doubt.reason.contains(&response_bytes.to_string()), "{doubt:?}");
        }
    }
    // A single call can be held to less than its client.
    let (client, request) = (pod.client(), first_page().prepare().unwrap());
    let Exchange { outcome, .. } =
        client.send(&request, &merchant(), None, &|bytes| bytes <= 100).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_is_not_what_the_documents_say() {
    for result in [r#""result":{"paid":true}"#, r#""result":7"#, r#""result":null"#, r#""other":1"#]
    {
        let (read, mutation) = both(Reply::Ok(success(result))).await;
        assert!(read.contains("documents") && read.contains("77001"), "{read}");
        assert_eq!(mutation.reference_number.as_deref(), Some("77001"), "{result}");
    }
}

#[tokio::test]
async fn http_statuses_other_than_success() {
    for status in ["500 Internal Server Error", "404 Not Found", "302 Found", "401 Unauthorized"] {
        // The body would be a success: what counts is that a proxy or a server says it is none.
        let (read, mutation) = both(Reply::Status(status, success("\"result\":true"))).await;
        assert!(read.contains(&status[..3]), "{read}");
        assert!(mutation.reason.contains(&status[..3]), "{mutation:?}");
    }
}

#[tokio::test]
async fn no_answer_within_the_time() {
    let limits = Limits { total: Duration::from_millis(150), ..LIMITS };
    for reply in [Reply::Silence, Reply::Stalled(success("\"result\":true"))] {
        let pod = Pod::replies(reply).await;
        let client = pod.client_within(limits);
        let began = std::time::Instant::now();
        let read = client.call(&first_page(), &merchant()).await.unwrap_err();
        let mutation = client.call(&netting(), &merchant()).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(matches!(read, Error::Unavailable(_)), "{read:?}");
        assert!(matches!(mutation, Error::OutcomeUnknown(_)), "{mutation:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_did_nothing() {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/srv/sc", socket.local_addr().unwrap());
    let client = Client::new(Platform::at(&url), LIMITS).unwrap();
    let read = client.call(&first_page(), &merchant()).await.unwrap_err();
    let mutation = client.call(&netting(), &merchant()).await.unwrap_err();
    for error in [read, mutation] {
        let Error::Unavailable(reason) = error else { panic!("{error:?}") };
        assert!(reason.contains(&url), "{reason}");
    }
}

#[tokio::test]
async fn without_a_one_time_token_nothing_happened() {
    for ott in [
        Reply::Ok(success("\"result\":true")),
        Reply::Ok(success("\"ott\":\"\"")),
        Reply::Ok(refusal(999, "خطای داخلی")),
        Reply::HangUp,
        Reply::Status("500 Internal Server Error", String::new()),
    ] {
        let pod = Pod::start(ott, Reply::Ok(success("\"result\":true"))).await;
        let error = pod.client().call(&payment(), &merchant()).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        pod.only();
    }
    let pod = Pod::start(Reply::Ok(refusal(21, "توکن")), Reply::Silence).await;
    let error = pod.client().call(&payment(), &merchant()).await.unwrap_err();
    assert!(matches!(error, Error::Platform(PlatformError { code: 21, .. })), "{error:?}");
}

#[tokio::test]
async fn capitalised_and_unknown_fields_are_read() {
    let pod = Pod::answers(
        r#"{"HasError":false,"ReferenceNumber":77001,"ErrorCode":"0","Count":"12","Ott":"next",
            "Message":null,"NewField":{"a":[1]},
            "Result":[{"id":"501","payableAmount":1000,"newField":[{"x":null}]}]}"#,
    )
    .await;
    let page = pod.client().call(&first_page(), &merchant()).await.unwrap();
    assert_eq!(page.count, 12);
    assert_eq!(page.result[0].id, 501);

    let ott = Reply::Ok(r#"{"HasError":false,"Ott":"capital"}"#.into());
    let pod = Pod::start(ott, Reply::Ok(success("\"Result\":true"))).await;
    assert_eq!(pod.client().call(&payment(), &merchant()).await, Ok(true));
    assert_eq!(pod.received()[1].header("_ott_"), Some("capital"));
}

#[tokio::test]
async fn an_amount_is_whole_however_it_is_written() {
    for (amount, rials) in [
        ("156000", 156_000),
        ("156000.0", 156_000),
        ("1.56E5", 156_000),
        ("0", 0),
        ("18446744073709551615", u64::MAX),
    ] {
        let page = page(&format!(r#"[{{"id":1,"payableAmount":{amount}}}]"#)).await;
        assert_eq!(page.unwrap().result[0].payable_amount, Rial(rials), "{amount}");
    }
    for amount in ["1.5", "-1", "-1.0", "1e300", "18446744073709551616", "\"1\"", "null"] {
        let page = page(&format!(r#"[{{"id":1,"payableAmount":{amount}}}]"#)).await;
        let told = UnreadableField { name: "payableAmount".into(), value: amount.into() };
        assert_eq!(page.unwrap().result[0].unreadable, [told]);
    }
}

#[tokio::test]
async fn what_is_not_set_is_none() {
    let page = page(
        r#"[{"id":1,"payableAmount":5,"paymentDate":0,"issuanceDate":1591075800000,"vat":null,
             "billNumber":null,"payed":null,"invoiceItemSrvs":null,"userSrv":null,
             "uniqueNumber":8812}]"#,
    )
    .await
    .unwrap();
    let invoice = &page.result[0];
    assert_eq!(invoice.payment_date, None);
    assert_eq!(invoice.issuance_date, Some(Instant(1_591_075_800_000)));
    assert_eq!((invoice.vat, invoice.bill_number.as_deref()), (None, None));
    assert!(!invoice.payed && invoice.invoice_item_srvs.is_empty() && invoice.user_srv.is_none());
    assert_eq!(invoice.unique_number.as_deref(), Some("8812"));
}

#[tokio::test]
async fn an_answer_keeps_what_pod_wrote() {
    let pod =
        Pod::answers(success(r#""result" : [ ] "#).replace("\"count\":0", "\"count\":3")).await;
    let (client, request) = (pod.client(), first_page().prepare().unwrap());
    let answer = client.send(&request, &merchant(), None, &|_| true).await.outcome.unwrap();
    assert_eq!((answer.reference_number.as_str(), answer.count), ("77001", 3));
    assert_eq!(&answer.result[..], b"[ ]");
}

#[tokio::test]
async fn traffic_is_counted_whatever_comes_of_a_call() {
    let large = success(&format!("\"filler\":\"{}\"", "x".repeat(4_000)));
    for (reply, body) in [
        (Reply::Ok(success("\"result\":true")), success("\"result\":true").len()),
        (Reply::Ok(refusal(24, "x")), refusal(24, "x").len()),
        (Reply::Ok("not JSON".into()), 8),
        (Reply::Status("500 Internal Server Error", "sorry".into()), 5),
        (Reply::CutOff("{\"has".into()), 5),
        // All that came before the limit was seen to be passed; here more than the limit.
        (Reply::Ok(large), 301),
        (Reply::HangUp, 0),
    ] {
        let pod = Pod::replies(reply.clone()).await;
        let (client, request) = (pod.client(), netting().prepare().unwrap());
        let traffic = client.send(&request, &merchant(), None, &|bytes| bytes <= 300).await.traffic;
        let sent = pod.only();
        assert_eq!(traffic.calls, 1, "{reply:?}");
        assert!(traffic.bytes_up > sent.body.len() as u64, "{reply:?}: {traffic:?}");
        assert!(traffic.bytes_down >= body as u64, "{reply:?}: {traffic:?}");
        assert_eq!(traffic.bytes_down == 0, body == 0, "{reply:?}: {traffic:?}");
    }
}
