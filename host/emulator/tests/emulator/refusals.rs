//! How the platform says no: POD's codes, in POD's words, and what it adds of its own.

use pod_emulator::{Options, Scenario};
use pod_platform::{
    payments::PayInvoiceByInvoiceRequest,
    types::{Error, PlatformErrorKind as Kind},
};
use serde_json::{Value, json};

use crate::common::{SCENARIO, World};

async fn refused(world: &World, token: &str, body: &str) -> Value {
    let ott = world.ott().await;
    let answer = world.post(&[("_token_", token), ("_ott_", &ott)], body).await;
    assert_eq!(answer["hasError"], true, "{body}: {answer}");
    answer
}

#[tokio::test]
async fn p17_a_refusal_is_in_pods_own_words() {
    let world = World::start().await;
    for (token, body, code, message) in [
        ("shop", "scProductId=29799&invoiceId=102", 24, "فاکتور قبلاً پرداخت شده است"),
        ("shop", "scProductId=29810&id=103", 32, "فاکتور قبلاً کنسل شده است"),
        ("shop", "scProductId=29803&id=103", 32, "فاکتور قبلاً کنسل شده است"),
        ("shop", "scProductId=29809&id=101", 59, "فاکتور منتظر تایید نمی باشد"),
        ("shop", "scProductId=29808&id=101", 59, "فاکتور منتظر تایید نمی باشد"),
        (
            "shop",
            "scProductId=29800&creditorInvoiceId=999&debtorInvoiceId=200",
            4,
            "فاکتور بستانکار یافت نشد",
        ),
        ("shop", "scProductId=29812&id=101", 1, "فاکتور پرداخت نشده است"),
    ] {
        let answer = refused(&world, token, body).await;
        assert_eq!((&answer["errorCode"], &answer["message"]), (&json!(code), &json!(message)));
        assert_eq!(answer.get("explanation"), None, "{answer}");
    }
    let future = "scProductId=29802&invoiceId=200&date=1399/04/01&wallet=PODLAND_WALLET";
    let ott = world.ott().await;
    let first = world.post(&[("_token_", "shop"), ("_ott_", &ott)], future).await;
    assert_eq!(first["result"], true, "{first}");
    let second = refused(&world, "shop", future).await;
    assert_eq!(second["message"], "فاکتور قبلا برای پرداخت در آینده ثبت شده است");
    let other_ways = refused(&world, "sara", "scProductId=29821&wallet=W&invoiceId=200").await;
    let guaranteed = "فاکتور در انتظار پرداخت توسط تضمین ارائه شده میباشد";
    assert_eq!(other_ways["message"], guaranteed);
}

#[tokio::test]
async fn p17_what_the_platform_adds_stands_in_a_field_of_its_own() {
    let world = World::start().await;
    let poor =
        refused(&world, "reza", "scProductId=29821&wallet=PODLAND_WALLET&invoiceId=105").await;
    assert_eq!((&poor["errorCode"], &poor["message"]), (&json!(56), &json!("موجودی کافی نیست")));
    assert_eq!(poor["explanation"], "PODLAND_WALLET holds 0 of 300 rials");
    let bad = refused(&world, "shop", "scProductId=29813&size=0").await;
    assert_eq!(bad["message"], "پارامترهای ورودی معتبر نیستند");
    assert_eq!(bad["explanation"], "`size` must be at least 1, not 0");

    // Our own client shows both: whoever reads a receipt is to find the mistake.
    let netting = PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 999 };
    let Err(Error::Platform(error)) = world.call("shop", &netting).await else {
        panic!("there is no such invoice")
    };
    let message = format!("{}: no debtor invoice 999", Kind::NotFound.message());
    assert_eq!((error.kind, error.message), (Kind::NotFound, message));
}

#[tokio::test]
async fn p19_a_refusal_for_which_documents_have_no_code_has_one() {
    let no_permission = "scProductId=29800&creditorInvoiceId=200&debtorInvoiceId=100";
    let message = Kind::NoPermission.message();
    for (stated, code) in [("", 1), (r#""messageErrorCode": 4711,"#, 4711)] {
        let scenario = SCENARIO.replacen('{', &format!("{{{stated}"), 1);
        let folder = tempfile::tempdir().unwrap();
        let options = |scenario| Options {
            data: Some(folder.path().join("pod.db")),
            scenario,
            ..Options::default()
        };
        let mut world =
            World::with(options(Scenario::from_json("coded", &scenario).unwrap())).await;
        // A second start knows it as well.
        for _ in 0..2 {
            let answer = refused(&world, "shop", no_permission).await;
            assert_eq!((&answer["errorCode"], &answer["message"]), (&json!(code), &json!(message)));
            world.emulator.stop().await.unwrap();
            world = World::with(options(Scenario::default())).await;
        }
        // Its message still tells a client what it is.
        let netting =
            PayInvoiceByInvoiceRequest { creditor_invoice_id: 200, debtor_invoice_id: 100 };
        let Err(Error::Platform(error)) = world.call("shop", &netting).await else {
            panic!("the sides are swapped")
        };
        assert_eq!((error.kind, error.code), (Kind::NoPermission, code));
    }
    for code in [24, 999, 4] {
        let stated = format!(r#"{{"messageErrorCode": {code}}}"#);
        let error = Scenario::from_json("s.json", &stated).unwrap_err().to_string();
        assert!(error.starts_with("s.json:1:") && error.contains("messageErrorCode"), "{error}");
    }
    assert!(Scenario::from_json("s.json", r#"{"messageErrorCode": 0}"#).is_ok());
}
