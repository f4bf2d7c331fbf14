//! What a client sees of a call that goes wrong, byte for byte, and what became of the call.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use pod_emulator::Scenario;
use pod_platform::{
    Limits,
    payments::PayInvoiceByCreditRequest,
    types::{Error, PlatformErrorKind as Kind},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::common::{SCENARIO, World, http};

const AT_ONCE: Duration = Duration::from_secs(5);

async fn start(faults: &str) -> World {
    let faults = format!("{{\"faults\": [{faults}],");
    let scenario = SCENARIO.replacen('{', &faults, 1);
    World::of(Scenario::from_json("faults", &scenario).unwrap()).await
}

/// A world in which Sara's first payment meets this fault.
async fn first_payment(fault: &str) -> World {
    start(&format!(r#"{{"service": "payInvoiceByCredit", "call": 1, {fault}}}"#)).await
}

/// Did Sara's payment of 4,360 rials move, and exactly once?
async fn moved(world: &World) -> bool {
    let ledger = world.emulator.ledger().await.unwrap();
    assert_eq!((ledger.total, ledger.faults.len()), (0, 0));
    let paid = world.invoice(101).await.payed;
    let rials = if paid { 4_360 } else { 0 };
    assert_eq!(ledger.balance("invoice:101"), rials);
    assert_eq!(ledger.balance("wallet:40:PODLAND_WALLET"), 20_000 - rials);
    paid
}

/// A connection without a client's help.
struct Raw(TcpStream);

impl Raw {
    async fn connect(world: &World) -> Self {
        Self(TcpStream::connect(world.emulator.address()).await.unwrap())
    }

    async fn send(&mut self, token: &str, ott: &str, body: &str) {
        let length = body.len();
        let request = format!(
            "POST /srv/sc/nzh/doServiceCall HTTP/1.1\r\nhost: x\r\n_token_: {token}\r\n\
             _ott_: {ott}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// Sara pays.
    async fn pay(&mut self, world: &World) {
        let ott = world.ott().await;
        self.send("sara", &ott, "scProductId=30382&invoiceId=101").await;
    }

    /// Everything until the connection ends.
    async fn rest(&mut self) -> std::io::Result<String> {
        let mut bytes = Vec::new();
        timeout(AT_ONCE, self.0.read_to_end(&mut bytes)).await.expect("it ends")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What comes before the connection falls silent.
    async fn so_far(&mut self) -> String {
        let mut bytes = Vec::new();
        let silence = Duration::from_millis(200);
        while let Ok(read) = timeout(silence, self.0.read_buf(&mut bytes)).await {
            assert_ne!(read.unwrap(), 0, "the connection stays");
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// Head and body, and the length that the head tells.
fn parts(answer: &str) -> (&str, &str, usize) {
    let (head, body) = answer.split_once("\r\n\r\n").expect(answer);
    let length = head.split("content-length: ").nth(1).expect(head);
    let length = length.lines().next().unwrap().parse().unwrap();
    (head, body, length)
}

#[tokio::test]
async fn a_code_of_doubt_before_or_after() {
    for code in [227, 378, 999] {
        for (answered, has_moved) in [("before", false), ("after", true)] {
            let fault = format!(r#""errorCode": {code}, "answered": "{answered}""#);
            let world = first_payment(&fault).await;
            let ott = world.ott().await;
            let headers = [("_token_", "sara"), ("_ott_", ott.as_str())];
            let body = "scProductId=30382&invoiceId=101";
            let answer = world.post(&headers, body).await;
            assert_eq!(answer["errorCode"], code);
            assert_eq!((&answer["hasError"], &answer["result"]), (&true.into(), &Value::Null));
            assert!(!answer["referenceNumber"].as_str().unwrap().is_empty());
            assert_eq!(moved(&world).await, has_moved, "{fault}");
            let again = world.post(&headers, body).await;
            assert_eq!(again["errorCode"], if has_moved { 24 } else { 0 }, "{fault}");
            assert!(moved(&world).await);
        }
    }
}

#[tokio::test]
async fn a_status_before_or_after() {
    for status in [500, 502, 503, 504] {
        for (answered, has_moved) in [("before", false), ("after", true)] {
            let fault = format!(r#""httpStatus": {status}, "answered": "{answered}""#);
            let world = first_payment(&fault).await;
            let mut raw = Raw::connect(&world).await;
            raw.pay(&world).await;
            let answer = raw.so_far().await;
            let (head, body, length) = parts(&answer);
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert_eq!(body.len(), length);
            assert!(serde_json::from_str::<Value>(body).is_err(), "{body}");
            assert_eq!(moved(&world).await, has_moved, "{fault}");
        }
    }
    // Without a word about it, it has no effect.
    let world = first_payment(r#""httpStatus": 503"#).await;
    world.call("sara", &payment()).await.unwrap_err();
    assert!(!moved(&world).await);
}

fn payment() -> PayInvoiceByCreditRequest {
    PayInvoiceByCreditRequest { invoice_id: 101, ..PayInvoiceByCreditRequest::default() }
}

#[tokio::test]
async fn a_closed_connection_ends_and_a_reset_one_breaks() {
    for (moment, has_moved) in [("before", false), ("after", true)] {
        let world = first_payment(&format!(r#""unanswered": "{moment}""#)).await;
        let mut raw = Raw::connect(&world).await;
        raw.pay(&world).await;
        assert_eq!(raw.rest().await.unwrap(), "");
        assert_eq!(moved(&world).await, has_moved);

        let world = first_payment(&format!(r#""reset": "{moment}""#)).await;
        let mut raw = Raw::connect(&world).await;
        raw.pay(&world).await;
        assert_eq!(raw.rest().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(moved(&world).await, has_moved);
        // Other connections have nothing to do with it.
        assert_eq!(world.call("sara", &payment()).await.is_ok(), !has_moved);
    }
}

#[tokio::test]
async fn a_time_out_holds_the_connection_until_somebody_gives_up() {
    for (moment, has_moved) in [("before", false), ("after", true)] {
        let world =
            first_payment(&format!(r#""timeout": "{moment}", "holdMilliseconds": 300"#)).await;
        let mut raw = Raw::connect(&world).await;
        let begin = Instant::now();
        raw.pay(&world).await;
        assert_eq!(raw.rest().await.unwrap(), "");
        assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
        assert_eq!(moved(&world).await, has_moved);

        // A client with less patience; and a platform that stops has none, either.
        let world = first_payment(&format!(r#""timeout": "{moment}""#)).await;
        let ott = world.ott().await;
        let request = http()
            .post(format!("{}/nzh/doServiceCall", world.emulator.platform_url()))
            .header("_token_", "sara")
            .header("_ott_", &ott)
            .body("scProductId=30382&invoiceId=101")
            .timeout(Duration::from_millis(200));
        assert!(request.send().await.unwrap_err().is_timeout());
        assert_eq!(moved(&world).await, has_moved);
    }
    let world = first_payment(r#""timeout": "before""#).await;
    let mut raw = Raw::connect(&world).await;
    raw.pay(&world).await;
    assert_eq!(raw.so_far().await, "");
    let stop = timeout(Limits::default().connect, world.emulator.stop());
    stop.await.expect("it stops").unwrap();
    assert_eq!(raw.rest().await.unwrap(), "");
}

#[tokio::test]
async fn latency_delays_what_comes_and_not_what_happens() {
    let world = first_payment(r#""latencyMilliseconds": 400"#).await;
    let begin = Instant::now();
    let (paid, in_between) = tokio::join!(world.client_pays(), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        // Nobody else waits.
        moved(&world).await
    });
    assert!(paid && in_between);
    assert!(begin.elapsed() >= Duration::from_millis(400));

    let world = first_payment(r#""latencyMilliseconds": 300, "errorCode": 72"#).await;
    let begin = Instant::now();
    assert_eq!(world.refused("sara", &payment()).await, Kind::BillIsWaitingForGateway);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert!(!moved(&world).await);
}

#[tokio::test]
async fn a_spoilt_answer_belongs_to_a_call_that_took_effect() {
    for spoilt in ["notJson", "notHttp", "truncated", "wrongLength"] {
        let world = first_payment(&format!(r#""answer": "{spoilt}""#)).await;
        let mut raw = Raw::connect(&world).await;
        raw.pay(&world).await;
        match spoilt {
            "notJson" => {
                let answer = raw.so_far().await;
                let (head, body, length) = parts(&answer);
                assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("text/html"), "{head}");
                assert_eq!(body.len(), length);
                assert!(serde_json::from_str::<Value>(body).is_err(), "{body}");
            }
            "notHttp" => {
                let answer = raw.rest().await.unwrap();
                assert!(!answer.is_empty() && !answer.contains("HTTP/1.1"), "{answer:?}");
            }
            "truncated" => {
                let answer = raw.rest().await.unwrap();
                let (_, body, length) = parts(&answer);
                assert!(!body.is_empty() && body.len() < length, "{answer}");
                assert!(body.starts_with('{'), "{answer}");
            }
            _ => {
                let answer = raw.so_far().await;
                let (_, body, length) = parts(&answer);
                assert!(length < body.len(), "{answer}");
                assert_eq!(serde_json::from_str::<Value>(body).unwrap()["result"], true);
            }
        }
        assert!(moved(&world).await, "{spoilt}");

        // A client does not take it for an answer.
        let world = first_payment(&format!(r#""answer": "{spoilt}""#)).await;
        let error = world.call("sara", &payment()).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{spoilt}: {error:?}");
        assert!(moved(&world).await, "{spoilt}");
        assert_eq!(world.refused("sara", &payment()).await, Kind::BillAlreadyPayed);
    }
}

#[tokio::test]
async fn an_answer_comes_twice() {
    let world = first_payment(r#""answer": "duplicated""#).await;
    let mut raw = Raw::connect(&world).await;
    raw.pay(&world).await;
    let both = raw.so_far().await;
    let (first, second) = both.split_at(both.len() / 2);
    assert_eq!(first, second);
    let (_, body, length) = parts(first);
    assert_eq!(body.len(), length);
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["result"], true);
    assert!(moved(&world).await);
    // The connection stays: the next call's own answer follows.
    raw.pay(&world).await;
    let answer = raw.so_far().await;
    assert!(answer.contains(r#""errorCode":24"#), "{answer}");
    assert!(moved(&world).await);

    // A client takes the first, and is not confused by the second.
    let world = first_payment(r#""answer": "duplicated""#).await;
    assert!(world.client_pays().await);
    assert_eq!(world.refused("sara", &payment()).await, Kind::BillAlreadyPayed);
}

#[tokio::test]
async fn an_answer_that_another_call_was_to_have() {
    let world =
        start(r#"{"service": "payInvoiceByCredit", "call": 2, "answer": "reordered"}"#).await;
    let wrong = PayInvoiceByCreditRequest { invoice_id: 103, ..payment() };
    assert_eq!(world.refused("sara", &wrong).await, Kind::InvoiceNotIssuedForCaller);
    // It has paid, and is told what was wrong with the call before.
    assert_eq!(world.refused("sara", &payment()).await, Kind::InvoiceNotIssuedForCaller);
    assert!(moved(&world).await);
    assert_eq!(world.refused("sara", &payment()).await, Kind::BillAlreadyPayed);

    // What nobody read can come, too; another caller's answer never does.
    let world = start(
        r#"{"service": "getInvoiceList", "call": 2, "unanswered": "after"},
           {"service": "getInvoiceList", "call": 3, "answer": "reordered"},
           {"service": "getInvoiceList", "call": 4, "answer": "reordered"}"#,
    )
    .await;
    let list = async |token, first: u32| {
        let body = format!("scProductId=29813&offset={first}&size=1");
        let url = format!("{}/nzh/doServiceCall", world.emulator.platform_url());
        let answer = http().post(url).header("_token_", token).body(body).send().await.ok()?;
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        answer["result"][0]["id"].as_u64()
    };
    let first = list("shop", 0).await.unwrap();
    assert_eq!(list("shop", 1).await, None);
    let second = list("shop", 0).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(list("baker", 0).await, None, "there is no earlier answer");
    assert_eq!(list("shop", 0).await, Some(first));
}

#[tokio::test]
async fn files_are_spoilt_like_envelopes() {
    let world = start(
        r#"{"service": "file", "call": 1, "answer": "truncated"},
           {"service": "file", "call": 2, "httpStatus": 503}"#,
    )
    .await;
    let get = "/nzh/file?fileId=407735&hashCode=17071b19458-0.07657295653103557";
    let mut raw = Raw::connect(&world).await;
    raw.0.write_all(format!("GET {get} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
    let answer = raw.rest().await.unwrap();
    let (head, body, length) = parts(&answer);
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("text/csv"), "{head}");
    assert!(!body.is_empty() && body.len() < length, "{head}");
    let url = format!("{}{get}", world.emulator.file_url());
    assert_eq!(http().get(&url).send().await.unwrap().status(), 503);
    assert_eq!(http().get(&url).send().await.unwrap().text().await.unwrap().len(), length);
}

impl World {
    /// Sara's payment, by our own client.
    async fn client_pays(&self) -> bool {
        self.call("sara", &payment()).await.unwrap()
    }
}
