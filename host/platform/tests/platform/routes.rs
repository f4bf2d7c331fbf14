//! Services that are not called by number: direct calls, files, links; and answers in the shapes
//! on which POD's documents disagree.

use std::collections::HashSet;

use pod_platform::{
    Client, Limits, Platform, Products, Route, Service, ServiceVisitor,
    bills::{CancelBillRequest, GetGatewayLinkRequest},
    files::{GetFileRequest, UploadFileRequest},
    loans::{LoanListRequest, LoanStatus, UpdateLoanByPlanRequest},
    payments::{
        Gateway, GetInvoicePaymentLinkRequest, GetPayInvoiceByUniqueNumberLinkRequest,
        GetPayInvoiceByWalletLinkRequest, VerifyPaymentSMSRequest,
    },
    types::{Error, PlatformErrorKind as Kind},
    visit_services,
};

use crate::common::{Pod, Reply, merchant, payment, refusal, success};

#[tokio::test]
async fn a_direct_read_is_a_get_with_a_query() {
    let pod = Pod::answers(success(r#""result":[]"#)).await;
    let request = LoanListRequest {
        size: 5,
        status_code: Some(LoanStatus::LoanStatusDone),
        creation_date_from: "1399/01/01".parse().ok(),
        ..LoanListRequest::default()
    };
    let page = pod.client().call(&request, &merchant()).await.unwrap();
    assert!(page.result.is_empty());
    let sent = pod.only();
    assert_eq!(
        sent.line(),
        "GET /srv/sc/nzh/loanList?offset=0&size=5&creationDateFrom=1399%2F01%2F01\
         &statusCode=LOAN_STATUS_DONE HTTP/1.1"
    );
    assert_eq!(sent.header("_token_"), Some("the-merchants-token"));
    assert_eq!(sent.header("_token_issuer_"), Some("1"));
    assert!(sent.body.is_empty());
}

#[tokio::test]
async fn a_direct_change_is_a_post_with_a_form() {
    let pod = Pod::answers(refusal(0, "مجوز انجام این عملیات را ندارید")).await;
    let request = UpdateLoanByPlanRequest { loan_id: 7, plan_id: 8 };
    let error = pod.client().call(&request, &merchant()).await.unwrap_err();
    assert!(matches!(error, Error::Platform(error) if error.kind == Kind::NoPermission));
    let sent = pod.only();
    assert_eq!(sent.line(), "POST /srv/sc/nzh/updateLoanByPlan HTTP/1.1");
    assert_eq!(sent.body, "loanId=7&planId=8");
}

#[tokio::test]
async fn a_file_goes_up_in_parts() {
    let pod = Pod::answers(success(r#""result":{"id":5,"hashCode":"h","size":3}"#)).await;
    let request = UploadFileRequest { file_name: "members.csv".into(), content: b"a,b".to_vec() };
    let file = pod.client().call(&request, &merchant()).await.unwrap();
    assert_eq!((file.id, file.hash_code.as_str()), (5, "h"));
    let sent = pod.only();
    assert_eq!(sent.line(), "POST /nzh/uploadFile HTTP/1.1");
    assert!(sent.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    assert!(sent.body.contains("filename=\"members.csv\"") && sent.body.contains("a,b"));
}

#[tokio::test]
async fn a_file_comes_down_as_it_is() {
    let pod = Pod::answers("user,credit\n40,1000\n").await;
    let request = GetFileRequest { file_id: 5, hash_code: "h".into() };
    let file = pod.client().call(&request, &merchant()).await.unwrap();
    assert_eq!(file.content, b"user,credit\n40,1000\n");
    assert_eq!(pod.only().line(), "GET /nzh/file?fileId=5&hashCode=h HTTP/1.1");

    let pod = Pod::replies(Reply::Status("404 Not Found", refusal(4, "نیست"))).await;
    let error = pod.client().call(&request, &merchant()).await.unwrap_err();
    assert!(matches!(error, Error::Platform(error) if error.kind == Kind::NotFound));
}

#[tokio::test]
async fn a_link_is_built_without_a_call() {
    let pod = Pod::replies(Reply::Silence).await;
    let origin = pod.url.strip_suffix("/srv/sc").unwrap().to_owned();
    let client = pod.client();
    let by_wallet = GetPayInvoiceByWalletLinkRequest {
        invoice_id: 7,
        redirect_uri: Some("https://shop.ir/paid?order=1".into()),
        call_uri: None,
        gateway: Some(Gateway::LOC),
    };
    assert_eq!(
        client.call(&by_wallet, &merchant()).await.unwrap(),
        format!(
            "{origin}/v1/pbc/payinvoice/?invoiceId=7\
             &redirectUri=https%3A%2F%2Fshop.ir%2Fpaid%3Forder%3D1&gateway=LOC"
        )
    );
    let by_number = GetPayInvoiceByUniqueNumberLinkRequest {
        unique_number: "5af37e3960af61e3".into(),
        ..Default::default()
    };
    assert_eq!(
        client.call(&by_number, &merchant()).await.unwrap(),
        format!("{origin}/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber=5af37e3960af61e3")
    );
    assert!(pod.received().is_empty());
}

#[tokio::test]
async fn pods_own_spelling_is_sent_and_a_list_of_one_is_read() {
    let bill = r#"{"id":9,"billId":"1","paymentId":"2","price":1000.0,"status":"NEW_STATUS"}"#;
    let pod = Pod::answers(success(&format!(r#""result":[{bill}]"#))).await;
    let cancelled = pod.client().call(&CancelBillRequest { id: 9 }, &merchant()).await.unwrap();
    assert_eq!(cancelled.status.code(), "NEW_STATUS");
    assert_eq!(pod.only().values("Id"), ["9"]);

    let pod = Pod::answers(success(&format!(r#""result":[{bill},{bill}]"#))).await;
    let error = pod.client().call(&CancelBillRequest { id: 9 }, &merchant()).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(doubt)
        if doubt.reference_number.as_deref() == Some("77001")));
}

#[tokio::test]
async fn an_answer_is_read_as_text_or_as_an_object() {
    let request = GetGatewayLinkRequest {
        unique_number: "u".into(),
        redirect_uri: "https://shop.ir".into(),
        call_uri: "https://shop.ir/paid".into(),
        gateway: None,
    };
    for result in [r#""https://pay.pod.ir/x""#, r#"{"url":"https://pay.pod.ir/x"}"#] {
        let pod = Pod::answers(success(&format!(r#""result":{result}"#))).await;
        let link = pod.client().call(&request, &merchant()).await.unwrap();
        assert_eq!(link, "https://pay.pod.ir/x");
    }
    for result in ["true", r#""true""#] {
        let pod = Pod::answers(success(&format!(r#""result":{result}"#))).await;
        let request = VerifyPaymentSMSRequest { invoice_id: 7, code: "12345".into() };
        assert_eq!(pod.client().call(&request, &merchant()).await.unwrap(), "true");
    }
}

/// S0 types what a payment answers as a Boolean, S1 as a string.
#[tokio::test]
async fn true_is_read_as_a_flag_or_as_text() {
    for result in ["true", r#""true""#, r#""True""#] {
        let pod = Pod::answers(success(&format!(r#""result":{result}"#))).await;
        assert_eq!(pod.client().call(&payment(), &merchant()).await, Ok(true), "{result}");
    }
    let pod = Pod::answers(success(r#""result":"https://pay.pod.ir/x""#)).await;
    let answered = pod.client().call(&payment(), &merchant()).await;
    assert!(matches!(answered, Err(Error::OutcomeUnknown(_))), "{answered:?}");
}

#[tokio::test]
async fn a_service_without_a_number_on_pods_sandbox_is_not_called_there() {
    let pod = Pod::replies(Reply::Silence).await;
    let sandbox = Platform { products: Products::Sandbox, ..Platform::at(&*pod.url) };
    let client = Client::new(sandbox, Limits::default()).unwrap();
    let request = VerifyPaymentSMSRequest { invoice_id: 7, code: "12345".into() };
    let error = client.call(&request, &merchant()).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(reason) if reason.contains("verifyPaymentSMS")));
    assert!(pod.received().is_empty());
}

#[test]
fn no_two_services_share_a_number_or_a_path() {
    #[derive(Default)]
    struct Seen(HashSet<String>);

    impl ServiceVisitor for Seen {
        fn visit<S: Service>(&mut self) {
            let addresses: Vec<String> = match S::ROW.route {
                Route::Product(product) => product.numbers().map(|n| n.to_string()).collect(),
                Route::Path { path, .. }
                | Route::Upload { path }
                | Route::Download { path }
                | Route::Link { path } => vec![path.to_owned()],
            };
            for address in addresses {
                assert!(self.0.insert(address.clone()), "{}: {address}", S::ROW.name);
            }
        }
    }

    visit_services(&mut Seen::default());
}

#[tokio::test]
async fn p10_the_client_appends_to_a_payment_link_what_the_service_does_not_take() {
    let link = "https://pay.pod.ir/v1/pbc/payInvoiceByHash?hash=ab&";
    let pod = Pod::answers(success(&format!("\"result\":\"{link}\""))).await;
    let plain = GetInvoicePaymentLinkRequest { invoice_id: 7, ..Default::default() };
    assert_eq!(pod.client().call(&plain, &merchant()).await.unwrap(), link);
    let told = GetInvoicePaymentLinkRequest {
        redirect_uri: Some("https://shop.ir/done?order=7".into()),
        callback_uri: Some("https://shop.ir/paid".into()),
        gateway: Some(Gateway::LOC),
        ..plain
    };
    let appended = pod.client().call(&told, &merchant()).await.unwrap();
    let expected = "redirectUri=https%3A%2F%2Fshop.ir%2Fdone%3Forder%3D7\
                    &callbackUri=https%3A%2F%2Fshop.ir%2Fpaid&gateway=LOC";
    assert_eq!(appended, format!("{link}{expected}"));
    for received in pod.received() {
        assert_eq!(received.values("invoiceId"), ["7"]);
        for name in ["redirectUri", "callbackUri", "gateway"] {
            assert!(received.values(name).is_empty(), "{name}");
        }
    }
}
