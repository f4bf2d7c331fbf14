//! What clients in other languages send: verbs, paths, spellings, places of tokens.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::common::{World, envelope, http};

#[tokio::test]
async fn every_path_takes_both_verbs() {
    let world = World::start().await;
    let root = world.emulator.pay_url();
    for base in ["/srv/sc", "/srv/core", "/srv/basic-platform", ""] {
        for slash in ["", "/"] {
            let url = format!("{root}{base}/nzh/doServiceCall{slash}");
            let fields = "scProductId=29813&offset=0&size=1";
            let headers = [("_token_", "shop"), ("_token_issuer_", "1")];
            let posted = envelope(http().post(&url), &headers, fields).await;
            let got = envelope(http().get(format!("{url}?{fields}")), &headers, "").await;
            assert_eq!(posted["hasError"], false, "{url}: {posted}");
            assert_eq!(posted["result"], got["result"], "{url}");
        }
    }
}

#[tokio::test]
async fn both_numbers_of_a_service_and_any_case_of_its_field() {
    let world = World::start().await;
    for field in ["scProductId", "ScProductId", "scproductid"] {
        for product in [29813, 39308] {
            let body = format!("{field}={product}&offset=0&size=1&ScApiKey=any");
            let answer = world.post(&[("_token_", "shop")], &body).await;
            assert_eq!(answer["hasError"], false, "{body}: {answer}");
        }
    }
    let answer = world.post(&[("_token_", "shop")], "scProductId=39311").await;
    assert_eq!(answer["hasError"], false);
}

#[tokio::test]
async fn tokens_come_as_headers_or_as_fields() {
    let world = World::start().await;
    let list = "scProductId=29813&offset=0&size=1";
    let as_fields = format!("{list}&_token_=shop&_token_issuer_=1");
    assert_eq!(world.post(&[], &as_fields).await["hasError"], false);
    for (headers, extra) in [
        (&[][..], ""),
        (&[("_token_", "nobody")], ""),
        (&[], "&_token_=nobody"),
        (&[("_token_", "shop"), ("_token_issuer_", "2")], ""),
    ] {
        let answer = world.post(headers, &format!("{list}{extra}")).await;
        assert_eq!(answer["errorCode"], 21, "{headers:?}{extra}");
        assert_eq!(answer["hasError"], true);
    }
}

#[tokio::test]
async fn lists_come_in_both_spellings_and_flags_in_both_cases() {
    let world = World::start().await;
    for (brackets, flag) in [("", "true"), ("[]", "True")] {
        let ott = world.ott().await;
        let body = format!(
            "scProductId=29796&guildCode=FOOD_GUILD&productId{brackets}=0&price{brackets}=100\
             &quantity{brackets}=2&productDescription{brackets}=bread\
             &productId{brackets}=0&price{brackets}=50&quantity{brackets}=1\
             &productDescription{brackets}=salt&verificationNeeded={flag}&userId=0\
             &preferredTaxRate=0"
        );
        let headers = [("_token_", "shop"), ("_ott_", ott.as_str())];
        let answer = world.post(&headers, &body).await;
        assert_eq!(answer["result"]["payableAmount"], 250, "{answer}");
        assert_eq!(answer["result"]["verificationNeeded"], true);
    }
    let issuers = "scProductId=29813&offset=0&size=9&issuerId=20&issuerId=30";
    let bracketed = issuers.replace("issuerId", "issuerId[]");
    for body in [issuers, &bracketed] {
        let answer = world.post(&[("_token_", "shop")], body).await;
        assert_eq!(answer["count"], 5, "{answer}");
    }
}

#[tokio::test]
async fn reference_numbers_rise_by_one() {
    let world = World::start().await;
    for expected in ["1", "2", "3"] {
        let answer = world.post(&[("_token_", "shop")], "scProductId=29816").await;
        assert_eq!(answer["referenceNumber"], expected);
    }
}

#[tokio::test]
async fn bad_arguments_name_their_field() {
    let world = World::start().await;
    for (body, field) in [
        ("", "scProductId"),
        ("scProductId=12345", "12345"),
        ("scProductId=many", "scProductId"),
        ("scProductId=29813&offset=0&size=0", "size"),
        ("scProductId=3884760&offset=0", "size"),
        ("scProductId=29813&offset=0&size=1&fromDate=1400/12/30", "fromDate"),
        ("scProductId=29813&offset=18446744073709551615&size=1", "offset"),
        ("scProductId=29800&creditorInvoiceId=1", "debtorInvoiceId"),
    ] {
        let answer = world.post(&[("_token_", "shop")], body).await;
        assert_eq!(answer["errorCode"], 403, "{body}: {answer}");
        let explanation = answer["explanation"].as_str().unwrap();
        assert!(explanation.contains(field), "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_payment_without_a_wallet_is_193() {
    let world = World::start().await;
    let ott = world.ott().await;
    let headers = [("_token_", "sara"), ("_ott_", ott.as_str())];
    let answer = world.post(&headers, "scProductId=29821&invoiceId=101").await;
    assert_eq!(answer["errorCode"], 193, "{answer}");
}

#[tokio::test]
async fn a_caller_who_hangs_up_is_served_all_the_same() {
    let world = World::start().await;
    let mut stream = TcpStream::connect(world.emulator.address()).await.unwrap();
    let body = "scProductId=29799&invoiceId=101";
    let request = format!(
        "POST /srv/sc/nzh/doServiceCall HTTP/1.1\r\nhost: local\r\n_token_: shop\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    for _ in 0..200 {
        if world.invoice(101).await.payed {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the call was dropped with its connection");
}

#[tokio::test]
async fn other_paths_say_where_to_go() {
    let world = World::start().await;
    let mut stream = TcpStream::connect(world.emulator.address()).await.unwrap();
    stream
        .write_all(b"GET /elsewhere HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("/srv/sc/nzh/doServiceCall"), "{answer}");
}

#[tokio::test]
async fn direct_calls_are_served_below_every_base_by_get_and_by_post() {
    let world = World::start().await;
    for base in ["/srv/sc", "/srv/core", "/srv/basic-platform", ""] {
        for slash in ["", "/"] {
            let url = format!("http://{}{base}/nzh/loanList{slash}", world.emulator.address());
            let fields = "offset=0&size=5";
            let get = http().get(format!("{url}?{fields}"));
            let post = http().post(url);
            for (request, body) in [(get, ""), (post, fields)] {
                let answer = envelope(request, &[("_token_", "sara")], body).await;
                assert_eq!(answer["hasError"], false, "{base}{slash}: {answer}");
                assert_eq!(answer["result"], serde_json::json!([]));
            }
        }
    }
}
