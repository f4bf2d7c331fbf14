//! Faults by chance, of any service, and changed while the platform runs.

use pod_emulator::{Error as EmulatorError, Options, Scenario, scenario::Fault};
use pod_platform::{
    payments::PayInvoiceByInvoiceRequest,
    types::{Error, PlatformErrorKind as Kind},
};
use serde_json::{Value, json};

use crate::common::{SCENARIO, World, first_page, order};
use crate::street::{ask, browser, tell};

fn scenario(fields: &str) -> Scenario {
    Scenario::from_json("faults", &SCENARIO.replacen('{', &format!("{{{fields},"), 1)).unwrap()
}

const NETTING: PayInvoiceByInvoiceRequest =
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 202 };

/// The code of a call that is refused, with or without a fault.
async fn netting(world: &World) -> i32 {
    match world.call("shop", &NETTING).await.unwrap_err() {
        Error::Platform(error) => error.code,
        other => panic!("{other}"),
    }
}

/// Which of so many reads go wrong.
async fn reads(world: &World, calls: u32) -> Vec<bool> {
    let mut wrong = Vec::new();
    for _ in 0..calls {
        wrong.push(world.call("shop", &first_page(1)).await.is_err());
    }
    wrong
}

#[tokio::test]
async fn chance_follows_from_the_seed_and_from_nothing_else() {
    let world = async |seed: u64, file| {
        let fields = format!(
            r#""faultSeed": {seed}, "faults": [
                {{"service": "getInvoiceList", "probability": 0.3, "errorCode": 502}}]"#
        );
        World::with(Options { scenario: scenario(&fields), data: file, ..Options::default() }).await
    };
    let first = reads(&world(1, None).await, 60).await;
    let wrong = first.iter().filter(|wrong| **wrong).count();
    assert!((5..35).contains(&wrong), "{wrong} of 60 at 0.3");
    assert_ne!(reads(&world(2, None).await, 60).await, first);

    // Other services' calls in between, and a restart in the middle.
    let folder = tempfile::tempdir().unwrap();
    let file = Some(folder.path().join("pod.db"));
    let again = world(1, file.clone()).await;
    let mut second = Vec::new();
    for _ in 0..30 {
        netting(&again).await;
        second.extend(reads(&again, 1).await);
    }
    again.emulator.stop().await.unwrap();
    let again = world(9, file).await;
    second.extend(reads(&again, 30).await);
    assert_eq!(second, first);
    let faults = again.emulator.faults().await;
    assert_eq!((faults.fault_seed, faults.faults[0].hits), (1, wrong as i64));
}

#[tokio::test]
async fn any_service_but_one_time_tokens_and_only_some_calls() {
    let world = World::of(scenario(
        r#""faults": [{"service": "*", "call": 3, "errorCode": 1003},
                      {"service": "*", "only": "mutations", "call": 3, "errorCode": 2003},
                      {"service": "*", "only": "reads", "call": 1, "errorCode": 3001}]"#,
    ))
    .await;
    // Each of these calls gets a one-time token first.
    let issue = async || match world.call("shop", &order(100, 1.0)).await {
        Err(Error::Platform(error)) => error.code,
        issued => {
            issued.unwrap();
            0
        }
    };
    assert_eq!(issue().await, 0);
    assert_eq!(world.refused("shop", &first_page(1)).await, Kind::Other);
    let canceled = Kind::InvoiceIsCanceled.code();
    assert_eq!(netting(&world).await, 1003, "the third of all");
    assert_eq!(issue().await, 2003, "the third that changes something");
    assert_eq!(netting(&world).await, canceled);
    assert_eq!(reads(&world, 3).await, [false, false, false]);
    let hits: Vec<i64> = world.emulator.faults().await.faults.iter().map(|one| one.hits).collect();
    assert_eq!(hits, [1, 1, 1]);

    // The first fault that a call meets is the one that happens.
    let world = World::of(scenario(
        r#""faults": [{"service": "getInvoiceList", "call": 2, "errorCode": 1},
                      {"service": "*", "probability": 1, "errorCode": 2}]"#,
    ))
    .await;
    for expected in [2, 1, 2] {
        let Error::Platform(error) = world.call("shop", &first_page(1)).await.unwrap_err() else {
            panic!("not refused")
        };
        assert_eq!(error.code, expected);
    }
}

#[tokio::test]
async fn faults_come_and_go_while_the_platform_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("pod.db"));
    let options = |scenario| Options { data: data.clone(), scenario, ..Options::default() };
    let fields = r#""faultSeed": 5,
        "faults": [{"service": "getInvoiceList", "call": 9, "errorCode": 502}]"#;
    let world = World::with(options(scenario(fields))).await;
    assert_eq!(reads(&world, 2).await, [false, false]);

    let body = r#"{"service": "getInvoiceList", "call": 2, "reset": "after"}"#;
    let (status, added) = tell(&world.emulator, "/emulator/faults", body).await;
    let fault = json!({"id": 2, "hits": 0, "service": "getInvoiceList", "call": 2,
                       "reset": "after"});
    assert_eq!((status, &added), (200, &fault));
    // Its calls are counted from now on.
    assert_eq!(reads(&world, 3).await, [false, true, false]);

    world.emulator.stop().await.unwrap();
    let world = World::with(options(Scenario::default())).await;
    let (_, faults) = ask(&world.emulator, "/emulator/faults").await;
    let mut hit = fault.clone();
    hit["hits"] = 1.into();
    let of_the_scenario = json!({"id": 1, "hits": 0, "service": "getInvoiceList", "call": 9,
                                 "errorCode": 502});
    assert_eq!(faults, json!({"faultSeed": 5, "faults": [of_the_scenario, hit], "toLand": 0}));
    assert_eq!(reads(&world, 4).await, [false, false, false, true]);

    let url = format!("{}/emulator/faults", world.emulator.pay_url());
    let cleared = browser().delete(url).send().await.unwrap().text().await.unwrap();
    let cleared: Value = serde_json::from_str(&cleared).unwrap();
    assert_eq!(cleared, json!({"faultSeed": 5, "faults": [], "toLand": 0}));
    assert_eq!(reads(&world, 2).await, [false, false]);

    let again: Fault = serde_json::from_str(body).unwrap();
    assert_eq!(world.emulator.add_fault(again).await.unwrap().id, 1);
    assert_eq!(reads(&world, 3).await, [false, true, false]);
    world.emulator.clear_faults().await.unwrap();
    assert!(world.emulator.faults().await.faults.is_empty());
}

#[tokio::test]
async fn a_fault_that_cannot_be_is_not_added() {
    let world = World::start().await;
    for (body, says) in [
        (r#"{"service": "payBills", "call": 1, "errorCode": 1}"#, "service: no service"),
        (r#"{"service": "payBill", "call": 0, "errorCode": 1}"#, "call: calls are counted"),
        (r#"{"service": "payBill", "call": 1}"#, "the body: one of `errorCode`"),
        (r#"{"service": "payBill", "call": 1, "reset": "often"}"#, "reset: unknown variant"),
        (r#"{"service": "payBill", "call": 1, "resets": "after"}"#, "resets: unknown field"),
        (r#"{"call": 1, "reset": "after"}"#, "the body: missing field `service`"),
    ] {
        let (status, answer) = tell(&world.emulator, "/emulator/faults", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().starts_with(says), "{body}: {answer}");
    }
    let error = world.emulator.add_fault(Fault::default()).await.unwrap_err();
    assert!(matches!(error, EmulatorError::Scenario(_)), "{error:?}");
    assert!(world.emulator.faults().await.faults.is_empty());
}
