//! With a data file, a platform goes on where it was.

use std::path::Path;

use pod_emulator::{Emulator, Error, Options, Scenario};
use pod_platform::{payments::PayInvoiceByInvoiceRequest, types::PlatformErrorKind as Kind};

use crate::common;
use crate::common::{SCENARIO, World, order};

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
    let ledger = world.emulator.ledger().await.unwrap();
    let now = world.emulator.clock().now();
    world.emulator.stop().await.unwrap();

    // The scenario of a second start is ignored, its clock and caller with it.
    let world = World::with(at(&file, Scenario::default())).await;
    assert_eq!(world.emulator.ledger().await.unwrap(), ledger);
    assert_eq!(world.emulator.clock().now(), now);
    assert_eq!(world.emulator.caller_token().unwrap().expose(), "shop");
    assert_eq!(world.invoice(issued.id).await, issued);
    assert_eq!(world.refused("shop", &NETTING).await, Kind::BillAlreadyPayed);
    let after = world.post(&pay, &body.replace("105", "204")).await;
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
    let Err(error) = Emulator::start(at(&file, scenario())).await else {
        panic!("two platforms share one file");
    };
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("pod.db"));
}

#[tokio::test]
async fn somebody_elses_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.db");
    World::with(at(&file, scenario())).await.emulator.stop().await.unwrap();
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
        (with(68, 9), "not one of an emulator"),
        (notes, "cannot be opened"),
    ] {
        std::fs::write(&file, &bytes).unwrap();
        let Err(error) = Emulator::start(at(&file, scenario())).await else {
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
    assert!(Emulator::start(at(&file, wrong)).await.is_err());
    let world = World::with(at(&file, scenario())).await;
    assert_eq!(world.balance("invoice:100").await, 9_000);
}

#[tokio::test]
async fn a_stopped_platform_says_so() {
    let world = World::start().await;
    let address = world.emulator.address();
    let wait = tokio::time::timeout(std::time::Duration::from_millis(50), world.emulator.stopped());
    assert!(wait.await.is_err(), "it has stopped by itself");
    world.emulator.stop().await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

/// Where a [killed](a_killed_platform_goes_on_at_once) platform keeps its data, and where it listens.
const KILLED: &str = "POD_EMULATOR_TO_BE_KILLED";

/// What the process does that is killed: it serves.
async fn serve_until_killed(told: &str) {
    let (listen, file) = told.split_once(' ').unwrap();
    let options = Options { listen: listen.parse().unwrap(), ..at(Path::new(file), scenario()) };
    let emulator = Emulator::start(options).await.unwrap();
    std::fs::write(format!("{file}.address"), emulator.address().to_string()).unwrap();
    emulator.stopped().await;
}

/// A platform in a process of its own.
struct Process {
    child: std::process::Child,
    address: String,
}

impl Process {
    async fn start(listen: &str, file: &Path) -> Self {
        let address_file = format!("{}.address", file.display());
        let _ = std::fs::remove_file(&address_file);
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::a_killed_platform_goes_on_at_once"])
            .env(KILLED, format!("{listen} {}", file.display()))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        loop {
            assert!(child.try_wait().unwrap().is_none(), "it does not start");
            match std::fs::read_to_string(&address_file) {
                Ok(address) if !address.is_empty() => return Self { child, address },
                _ => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }

    fn client(&self) -> pod_platform::Client {
        let platform = pod_platform::Platform::at(format!("http://{}/srv/sc", self.address));
        pod_platform::Client::new(platform, pod_platform::Limits::default()).unwrap()
    }

    async fn books(&self) -> serde_json::Value {
        let url = format!("http://{}/emulator/books", self.address);
        serde_json::from_str(&common::http().get(url).send().await.unwrap().text().await.unwrap())
            .unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_killed_platform_goes_on_at_once() {
    // The process that is killed runs this test, too, and is told what to serve.
    if let Ok(told) = std::env::var(KILLED) {
        return serve_until_killed(&told).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.db");
    let shop = pod_platform::Credentials::token("shop");
    let mut listen = "127.0.0.1:0".to_owned();
    let mut known = None;
    // Always on the same port, whose connections are still open when the process is killed.
    for round in 0..5 {
        let process = Process::start(&listen, &file).await;
        let client = process.client();
        if let Some(known) = known {
            assert_eq!(process.books().await, known, "round {round}");
            assert_eq!(listen, process.address);
        }
        for _ in 0..4 {
            client.call(&order(100, 1.0), &shop).await.unwrap();
        }
        let netted = client.call(&NETTING, &shop).await;
        assert_eq!(netted.is_ok(), round == 0, "{netted:?}");
        known = Some(process.books().await);
        listen.clone_from(&process.address);
        drop(process);
    }
    assert_eq!(known.unwrap()["invoices"].as_array().unwrap().len(), 14 + 5 * 4);
}
