//! With a data file, a platform goes on where it was.

mod common;

use std::path::Path;

use common::{SCENARIO, World, order};
use pod_platform::{payments::PayInvoiceByInvoiceRequest, types::PlatformErrorKind as Kind};
use pod_sandbox::{Error, Options, Sandbox, Scenario};

fn at(file: &Path, scenario: Scenario) -> Options {
    Options { data: Some(file.to_owned()), scenario, ..Options::default() }
}

fn scenario() -> Scenario {
    Scenario::from_json("common", SCENARIO).unwrap()
}

const NETTING: PayInvoiceByInvoiceRequest =
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };

#[tokio::test]
async fn a_file_is_reopened_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.db");
    let world = World::with(at(&file, scenario())).await;
    assert!(world.call("shop", &NETTING).await.unwrap());
    let issued = world.call("shop", &order(100, 1.0)).await.unwrap();
    let used = world.ott().await;
    let pay = [("_token_", "sara"), ("_ott_", used.as_str())];
    let body = "scProductId=29821&wallet=PODLAND_WALLET&invoiceId=105";
    let before = world.post(&pay, body).await;
    assert_eq!(before["hasError"], false);
    let fresh = world.ott().await;
    let ledger = world.sandbox.ledger().await.unwrap();
    let now = world.sandbox.clock().now();
    world.sandbox.stop().await.unwrap();

    // The scenario of a second start is ignored, its clock and caller with it.
    let world = World::with(at(&file, Scenario::default())).await;
    assert_eq!(world.sandbox.ledger().await.unwrap(), ledger);
    assert_eq!(world.sandbox.clock().now(), now);
    assert_eq!(world.sandbox.caller_token().unwrap().expose(), "shop");
    assert_eq!(world.invoice(issued.id).await, issued);
    assert_eq!(world.refused("shop", &NETTING).await, Kind::BillAlreadyPayed);
    let after = world.post(&pay, body).await;
    assert_eq!(after["errorCode"], 39, "a used token stays used");
    let number = |answer: &serde_json::Value| {
        answer["referenceNumber"].as_str().unwrap().parse::<u64>().unwrap()
    };
    assert!(number(&after) > number(&before));
    let pay = [("_token_", "sara"), ("_ott_", fresh.as_str())];
    let body = body.replace("105", "204");
    assert_eq!(world.post(&pay, &body).await["hasError"], false, "a fresh token stays good");
}

#[tokio::test]
async fn a_file_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.db");
    let _owner = World::with(at(&file, scenario())).await;
    let Err(error) = Sandbox::start(at(&file, scenario())).await else {
        panic!("two platforms share one file");
    };
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("pod.db"));
}

#[tokio::test]
async fn somebody_elses_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.db");
    World::with(at(&file, scenario())).await.sandbox.stop().await.unwrap();
    let ours = std::fs::read(&file).unwrap();
    // Where SQLite's file format keeps `user_version` and `application_id`.
    let with = |offset: usize, number: u8| {
        let mut bytes = ours.clone();
        bytes[offset + 3] = number;
        bytes
    };
    let notes = b"these are notes, not a database, and long enough to be read".to_vec();
    for (bytes, expected) in [
        (with(60, 9), "version 9"),
        (with(68, 9), "not one of a local platform"),
        (notes, "cannot be opened"),
    ] {
        std::fs::write(&file, &bytes).unwrap();
        let Err(error) = Sandbox::start(at(&file, scenario())).await else {
            panic!("it started: {expected}");
        };
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains("pod.db"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{expected}");
    }
}

#[tokio::test]
async fn a_scenario_that_is_refused_leaves_an_empty_file_to_start_again_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.db");
    let mut wrong = scenario();
    wrong.invoices[0].business_id = 77;
    assert!(Sandbox::start(at(&file, wrong)).await.is_err());
    let world = World::with(at(&file, scenario())).await;
    assert_eq!(world.balance("invoice:100").await, 9_000);
}

#[tokio::test]
async fn a_stopped_platform_says_so() {
    let world = World::start().await;
    let address = world.sandbox.address();
    let wait = tokio::time::timeout(std::time::Duration::from_millis(50), world.sandbox.stopped());
    assert!(wait.await.is_err(), "it has stopped by itself");
    world.sandbox.stop().await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
