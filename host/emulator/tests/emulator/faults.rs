//! Calls that a scenario lets go wrong.

use pod_emulator::{Options, Scenario};
use pod_platform::{
    Limits,
    files::GetFileRequest,
    payments::{PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest},
    types::{Error, PlatformErrorKind as Kind},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::common::{SCENARIO, World, first_page, http};

/// The world of `common` with these faults.
fn scenario(faults: &str) -> Scenario {
    let faults = format!("{{\"faults\": [{faults}],");
    Scenario::from_json("faults", &SCENARIO.replacen('{', &faults, 1)).unwrap()
}

async fn start(faults: &str) -> World {
    World::of(scenario(faults)).await
}

/// The shop settles what it owes the baker.
const NETTING: PayInvoiceByInvoiceRequest =
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };

/// Sara pays the shop.
fn payment() -> PayInvoiceByCreditRequest {
    PayInvoiceByCreditRequest { invoice_id: 101, ..PayInvoiceByCreditRequest::default() }
}

/// The reason why nobody knows what came of a call.
fn doubt<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome.unwrap_err() {
        Error::OutcomeUnknown(doubt) => doubt.reason,
        other => panic!("{other}"),
    }
}

async fn transactions(world: &World) -> u64 {
    let ledger = world.emulator.ledger().await.unwrap();
    assert_eq!((ledger.total, ledger.faults.len()), (0, 0));
    ledger.transactions
}

#[tokio::test]
async fn a_refused_call_moves_nothing_and_the_next_one_is_served() {
    let world = start(
        r#"{"service": "payInvoiceByInvoice", "call": 1, "errorCode": 56},
           {"service": "payInvoiceByInvoice", "call": 2, "errorCode": 72}"#,
    )
    .await;
    for kind in [Kind::InsufficientFunds, Kind::BillIsWaitingForGateway] {
        let Error::Platform(error) = world.call("shop", &NETTING).await.unwrap_err() else {
            panic!("not refused")
        };
        assert_eq!((error.kind, error.message.as_str()), (kind, kind.message()));
        assert!(!error.reference_number.is_empty());
        assert_eq!(transactions(&world).await, 1);
    }
    assert!(world.call("shop", &NETTING).await.unwrap());
    assert_eq!(world.balance("invoice:200").await, 7_085);
}

#[tokio::test]
async fn codes_that_leave_the_outcome_open_and_unknown_ones_are_allowed() {
    let world = start(
        r#"{"service": "payInvoiceByInvoice", "call": 1, "errorCode": 227},
           {"service": "payInvoiceByInvoice", "call": 2, "errorCode": 378},
           {"service": "payInvoiceByInvoice", "call": 3, "errorCode": 999},
           {"service": "payInvoiceByInvoice", "call": 4, "errorCode": 1234}"#,
    )
    .await;
    for code in ["227", "378", "999"] {
        let reason = doubt(world.call("shop", &NETTING).await);
        assert!(reason.contains(code) && reason.contains("خطای ناشناخته"), "{reason}");
    }
    let Error::Platform(error) = world.call("shop", &NETTING).await.unwrap_err() else {
        panic!("not refused")
    };
    assert_eq!((error.kind, error.code), (Kind::Other, 1234));
    assert_eq!(transactions(&world).await, 1);
    assert!(world.call("shop", &NETTING).await.unwrap());
}

#[tokio::test]
async fn a_call_that_breaks_off_before_does_nothing() {
    let world =
        start(r#"{"service": "payInvoiceByCredit", "call": 1, "unanswered": "before"}"#).await;
    let reason = doubt(world.call("sara", &payment()).await);
    assert!(!reason.is_empty());
    assert_eq!(transactions(&world).await, 1);
    assert!(!world.invoice(101).await.payed);
    assert!(world.call("sara", &payment()).await.unwrap());
    assert_eq!(transactions(&world).await, 2);
}

#[tokio::test]
async fn a_call_that_breaks_off_after_has_moved_exactly_once() {
    let world =
        start(r#"{"service": "payInvoiceByCredit", "call": 1, "unanswered": "after"}"#).await;
    doubt(world.call("sara", &payment()).await);
    assert_eq!(transactions(&world).await, 2);
    assert_eq!(world.balance("invoice:101").await, 4_360);
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 20_000 - 4_360);
    assert_eq!(world.refused("sara", &payment()).await, Kind::BillAlreadyPayed);
    assert_eq!(transactions(&world).await, 2);
}

#[tokio::test]
async fn a_call_that_is_refused_breaks_off_all_the_same() {
    let world =
        start(r#"{"service": "payInvoiceByInvoice", "call": 1, "unanswered": "after"}"#).await;
    let wrong = PayInvoiceByInvoiceRequest { debtor_invoice_id: 202, ..NETTING };
    doubt(world.call("shop", &wrong).await);
    assert_eq!(transactions(&world).await, 1);
    assert_eq!(world.refused("shop", &wrong).await, Kind::InvoiceIsCanceled);
}

/// A client's own view: not one byte, however the service is reached.
#[tokio::test]
async fn nothing_of_an_answer_is_sent() {
    let world = start(
        r#"{"service": "getInvoiceList", "call": 1, "unanswered": "after"},
           {"service": "loanList", "call": 1, "unanswered": "before"},
           {"service": "file", "call": 1, "unanswered": "after"},
           {"service": "uploadFile", "call": 1, "unanswered": "before"},
           {"service": "getOtt", "call": 1, "unanswered": "after"}"#,
    )
    .await;
    let list = "/srv/sc/nzh/doServiceCall?scProductId=29813&offset=0&size=9";
    let upload = "POST /nzh/uploadFile HTTP/1.1\r\nhost: x\r\n_token_: shop\r\n\
                  content-type: multipart/form-data; boundary=b\r\ncontent-length: 5\r\n\r\n--b--";
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n_token_: shop\r\n\r\n");
    for request in [
        get(list),
        get("/srv/core/nzh/loanList?offset=0&size=9"),
        get("/nzh/file?hashCode=none"),
        upload.to_owned(),
        get("/srv/sc/nzh/ott"),
    ] {
        let mut stream = TcpStream::connect(world.emulator.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), "", "{request}");
    }

    // And to a client that has other calls under way on connections of its own.
    let world = start(r#"{"service": "getInvoiceList", "call": 2, "unanswered": "after"}"#).await;
    let client = http();
    let call = async || {
        let url = format!("{}{list}", world.emulator.pay_url());
        client.get(url).header("_token_", "shop").send().await
    };
    assert_eq!(call().await.unwrap().status(), 200);
    let error = call().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(call().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_read_that_breaks_off_is_unavailable() {
    let world = start(
        r#"{"service": "getInvoiceList", "call": 1, "unanswered": "after"},
           {"service": "getInvoiceList", "call": 2, "errorCode": 999},
           {"service": "file", "call": 1, "errorCode": 4}"#,
    )
    .await;
    for _ in 0..2 {
        let error = world.call("shop", &first_page(1)).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
    assert_eq!(world.call("shop", &first_page(1)).await.unwrap().count, 11);
    let file = GetFileRequest { hash_code: "any".into(), ..GetFileRequest::default() };
    assert_eq!(world.refused("shop", &file).await, Kind::NotFound);
}

#[tokio::test]
async fn calls_count_when_they_arrive_whoever_makes_them_and_however() {
    let world = start(r#"{"service": "payInvoiceByInvoice", "call": 6, "errorCode": 502}"#).await;
    let invalid = "creditorInvoiceId=1&debtorInvoiceId=2";
    for (token, product) in [("nobody", 29800), ("sara", 29800), ("shop", 39295)] {
        let body = format!("scProductId={product}&{invalid}");
        assert_eq!(world.post(&[("_token_", token)], &body).await["hasError"], true);
    }
    // Without an argument, too; but not another service's, nor what is none.
    world.post(&[("_token_", "shop")], "scProductId=29800").await;
    world.post(&[("_token_", "shop")], "scProductId=29799&invoiceId=105").await;
    world.post(&[("_token_", "shop")], "scProductId=1").await;
    let wrong = PayInvoiceByInvoiceRequest { debtor_invoice_id: 202, ..NETTING };
    assert_eq!(world.refused("shop", &wrong).await, Kind::InvoiceIsCanceled);
    assert_eq!(world.refused("baker", &wrong).await, Kind::ProviderError);
    assert!(world.call("shop", &NETTING).await.unwrap());
}

#[tokio::test]
async fn a_one_time_token_stays_good_where_nothing_happened() {
    let world = start(
        r#"{"service": "payInvoiceByCredit", "call": 1, "errorCode": 56},
           {"service": "payInvoiceByCredit", "call": 2, "unanswered": "after"}"#,
    )
    .await;
    let ott = world.ott().await;
    let headers = [("_token_", "sara"), ("_ott_", ott.as_str())];
    let body = "scProductId=30382&invoiceId=101";
    assert_eq!(world.post(&headers, body).await["errorCode"], 56);
    let url = format!("{}/nzh/doServiceCall", world.emulator.platform_url());
    let request = http().post(url).header("_token_", "sara").header("_ott_", &ott).body(body);
    request.send().await.unwrap_err();
    assert!(world.invoice(101).await.payed);
    assert_eq!(world.post(&headers, body).await["errorCode"], 24);
    let other = "scProductId=29821&wallet=PODLAND_WALLET&invoiceId=105";
    assert_eq!(world.post(&headers, other).await["errorCode"], 39);
}

#[tokio::test]
async fn a_restart_goes_on_counting() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("pod.db"));
    let scenario = scenario(r#"{"service": "getInvoiceList", "call": 3, "errorCode": 502}"#);
    let at = |scenario| Options { data: data.clone(), scenario, ..Options::default() };
    let world = World::with(at(scenario)).await;
    for _ in 0..2 {
        world.call("shop", &first_page(1)).await.unwrap();
    }
    world.emulator.stop().await.unwrap();
    let world = World::with(at(Scenario::default())).await;
    assert_eq!(world.refused("shop", &first_page(1)).await, Kind::ProviderError);
    world.call("shop", &first_page(1)).await.unwrap();
}

#[tokio::test]
async fn a_platform_with_hung_up_connections_stops() {
    let world = start(r#"{"service": "getInvoiceList", "call": 1, "unanswered": "before"}"#).await;
    world.call("shop", &first_page(1)).await.unwrap_err();
    let stop = tokio::time::timeout(Limits::default().connect, world.emulator.stop());
    stop.await.expect("it stops").unwrap();
}

#[test]
fn faults_that_cannot_be_name_their_place() {
    for (fault, expected) in [
        (
            r#"{"service": "payInvoiceByInvoices", "call": 1, "errorCode": 56}"#,
            "f.json:2:13: faults[0].service: no service `payInvoiceByInvoices` can be called",
        ),
        (r#"{"service": "", "call": 1, "errorCode": 56}"#, "faults[0].service: "),
        (
            r#"{"service": "getPayInvoiceByWalletLink", "call": 1, "errorCode": 56}"#,
            "faults[0].service: no service",
        ),
        (r#"{"service": "payBill", "call": 0, "errorCode": 56}"#, "faults[0].call: calls are"),
        (r#"{"service": "payBill", "call": -1, "errorCode": 56}"#, "faults[0].call: "),
        (r#"{"service": "payBill", "call": 1}"#, "f.json:2:1: faults[0]: one of"),
        (
            r#"{"service": "payBill", "errorCode": 56}"#,
            "f.json:2:1: faults[0]: either `call` or `probability`",
        ),
        (
            r#"{"service": "payBill", "call": 1, "probability": 0.5, "errorCode": 56}"#,
            "faults[0]: either `call` or `probability`",
        ),
        (
            r#"{"service": "payBill", "probability": 0, "errorCode": 56}"#,
            "f.json:2:39: faults[0].probability: ",
        ),
        (r#"{"service": "payBill", "probability": 1.5, "errorCode": 56}"#, "[0].probability: "),
        (
            r#"{"service": "payBill", "only": "reads", "call": 1, "errorCode": 56}"#,
            "faults[0].only: that is for any service",
        ),
        (r#"{"service": "*", "only": "links", "call": 1, "errorCode": 56}"#, "faults[0].only: "),
        (r#"{"service": "payBill", "call": 1, "httpStatus": 200}"#, "faults[0].httpStatus: "),
        (r#"{"service": "payBill", "call": 1, "answer": "odd"}"#, "faults[0].answer: "),
        (
            r#"{"service": "payBill", "call": 1, "reset": "after", "answered": "after"}"#,
            "faults[0].answered: that is for",
        ),
        (
            r#"{"service": "payBill", "call": 1, "reset": "after", "landsAfterMilliseconds": 9}"#,
            "faults[0].landsAfterMilliseconds: that is for",
        ),
        (
            r#"{"service": "payBill", "call": 1, "errorCode": 227, "answered": "after",
                "landsAfterMilliseconds": 9}"#,
            "f.json:3:43: faults[0].landsAfterMilliseconds: that is for",
        ),
        (
            r#"{"service": "payBill", "call": 1, "reset": "after", "holdMilliseconds": 9}"#,
            "faults[0].holdMilliseconds: that is for",
        ),
        (
            r#"{"service": "payBill", "call": 1, "latencyMilliseconds": 3600001}"#,
            "faults[0].latencyMilliseconds: it is at most",
        ),
        (
            r#"{"service": "payBill", "call": 1, "errorCode": 56, "unanswered": "after"}"#,
            "faults[0]: one of `errorCode`, `httpStatus`, `unanswered`",
        ),
        (r#"{"service": "payBill", "call": 1, "errorCode": 0}"#, "faults[0].errorCode: "),
        (r#"{"service": "payBill", "call": 1, "unanswered": "never"}"#, "faults[0].unanswered: "),
        (
            "{\"service\": \"payBill\", \"call\": 1, \"errorCode\": 56},\n\
             {\"service\": \"payBill\", \"call\": 2, \"errorCode\": 56},\n\
             {\"service\": \"payBill\", \"call\": 1, \"unanswered\": \"after\"}",
            "f.json:4:32: faults[2].call: fault of payBill's call 1 is there already",
        ),
    ] {
        let text = format!("{{\"faults\": [\n{fault}]}}");
        let error = Scenario::from_json("f.json", &text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn faults_read_back_as_they_were_written() {
    let scenario = scenario(
        r#"{"service": "payBill", "call": 1, "errorCode": 56},
           {"service": "getOtt", "call": 2, "unanswered": "before"}"#,
    );
    let text = serde_json::to_string(&scenario).unwrap();
    assert!(text.contains(r#"{"service":"getOtt","call":2,"unanswered":"before"}"#), "{text}");
    assert_eq!(Scenario::from_json("again", &text).unwrap(), scenario);
}
