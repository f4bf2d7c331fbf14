//! The control API: the clock, terminals, and who may ask.

use std::{path::Path, sync::Arc, time::Duration};

use pod_emulator::{CannotMove, Error, Options, Scenario};
use pod_platform::{
    Clock as _, Instant, ManualClock, SystemClock,
    payments::{PayInvoiceByCreditRequest, PayInvoiceByPosRequest, PayInvoiceInFutureRequest},
    types::PlatformErrorKind as Kind,
};
use serde_json::json;

use crate::common::World;
use crate::street::{ask, browser, scenario, start, tell};

fn at(text: &str) -> Instant {
    Instant::from_jalali_date_time(text).unwrap()
}

#[tokio::test]
async fn a_standing_clock_moves_when_told() {
    let world = start().await;
    let start = 1_591_075_800_000_u64;
    let (status, clock) = ask(&world.emulator, "/emulator/clock").await;
    assert_eq!(status, 200);
    assert_eq!(clock, json!({"now": "1399/03/13 10:00:00", "millis": start, "stands": true}));
    for (body, now) in [
        (r#"{"advance": 90}"#, "1399/03/13 10:01:30"),
        (r#"{"advance": "36h"}"#, "1399/03/14 22:01:30"),
        (r#"{"advance": "2 days, 30s"}"#, "1399/03/16 22:02:00"),
        (r#"{"advance": "0s"}"#, "1399/03/16 22:02:00"),
        (r#"{"now": "1399/03/16 22:02:00"}"#, "1399/03/16 22:02:00"),
        (r#"{"now": "1400/01/01 00:00:00"}"#, "1400/01/01 00:00:00"),
    ] {
        let (status, clock) = tell(&world.emulator, "/emulator/clock", body).await;
        assert_eq!(status, 200, "{clock}");
        assert_eq!(clock["now"], now, "{body}");
        assert_eq!(clock["happened"], 0);
        assert_eq!(world.emulator.clock().now(), at(now));
    }
}

#[tokio::test]
async fn a_clock_does_not_go_back_or_where_nobody_can_say() {
    let world = start().await;
    for (body, says) in [
        (r#"{"now": "1399/03/13 09:59:59"}"#, "1399/03/13 10:00:00"),
        (r#"{"now": "1399/13/13 09:59:59"}"#, "now: "),
        (r#"{"now": 7}"#, "now: "),
        (r#"{"advance": -1}"#, "advance: "),
        (r#"{"advance": "-1h"}"#, "advance: "),
        (r#"{"advance": "1 month"}"#, "advance: "),
        (r#"{"advance": "soon"}"#, "advance: "),
        (r#"{"advance": null}"#, "either"),
        (r#"{"advance": 1, "now": "1400/01/01 00:00:00"}"#, "either"),
        (r#"{"advance": 18446744073709551615}"#, "ends on"),
        (r#"{}"#, "either"),
        (r#"{"advanced": 1}"#, "advanced"),
        ("no JSON", "the body"),
        (r#"{"advance": 1} {}"#, "the body"),
    ] {
        let (status, answer) = tell(&world.emulator, "/emulator/clock", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(says), "{body}: {answer}");
    }
    assert_eq!(world.emulator.clock().now(), at("1399/03/13 10:00:00"));
    let back = world.emulator.set_now(Instant(0)).await.unwrap_err();
    assert!(matches!(back, Error::Clock(CannotMove::Backwards { .. })), "{back:?}");
}

#[tokio::test]
async fn moving_the_clock_lets_due_things_happen() {
    let world = start().await;
    let promise = PayInvoiceInFutureRequest {
        invoice_id: 200,
        date: "1399/03/20".parse().unwrap(),
        guild_code: None,
        wallet: Some("PODLAND_WALLET".to_owned()),
    };
    assert!(world.call("shop", &promise).await.unwrap());
    let pay = PayInvoiceByCreditRequest { invoice_id: 103, ..Default::default() };
    assert!(world.call("sara", &pay).await.unwrap());
    assert_eq!(world.balance("wallet:40:PODLAND_WALLET").await, 8_000);

    let (_, clock) = tell(&world.emulator, "/emulator/clock", r#"{"advance": "59m 59s"}"#).await;
    assert_eq!(clock["happened"], 0);
    let (_, clock) = tell(&world.emulator, "/emulator/clock", r#"{"advance": 1}"#).await;
    assert_eq!(clock["happened"], 1, "the unverified payment goes back");
    let (_, ledger) = ask(&world.emulator, "/emulator/ledger").await;
    assert_eq!(ledger["balances"]["wallet:40:PODLAND_WALLET"], 20_000);
    assert_eq!(ledger["balances"]["blocked:200"], 6_000);
    let (_, clock) =
        tell(&world.emulator, "/emulator/clock", r#"{"now": "1399/03/20 00:00:00"}"#).await;
    assert_eq!(clock["happened"], 1, "the promised payment");
    let (_, ledger) = ask(&world.emulator, "/emulator/ledger").await;
    assert_eq!(ledger["balances"]["invoice:200"], 6_000);
    assert_eq!((&ledger["total"], &ledger["faults"]), (&json!(0), &json!([])));
    assert!(world.invoice(200).await.payed);
}

fn kept(file: &Path, scenario: Scenario) -> Options {
    Options { data: Some(file.to_owned()), scenario, ..Options::default() }
}

#[tokio::test]
async fn a_moved_clock_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("standing.db");
    let world = World::with(kept(&file, scenario())).await;
    world.emulator.advance(Duration::from_millis(86_400_001)).await.unwrap();
    let now = world.emulator.clock().now();
    world.emulator.stop().await.unwrap();
    let world = World::with(kept(&file, scenario())).await;
    assert_eq!(world.emulator.clock().now(), now);
    assert_eq!(now.0, at("1399/03/14 10:00:00").0 + 1);

    let file = folder.path().join("running.db");
    let world = World::with(kept(&file, Scenario::default())).await;
    let (_, clock) = ask(&world.emulator, "/emulator/clock").await;
    assert_eq!(clock["stands"], false);
    world.emulator.advance(Duration::from_secs(3_600)).await.unwrap();
    world.emulator.advance(Duration::from_secs(3_600)).await.unwrap();
    world.emulator.stop().await.unwrap();
    let world = World::with(kept(&file, Scenario::default())).await;
    let ahead = world.emulator.clock().now().0 - SystemClock.now().0;
    assert!((7_199_000..=7_200_000).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn somebody_elses_clock_is_left_alone() {
    let clock = Arc::new(ManualClock::new(at("1399/03/13 10:00:00")));
    let options =
        Options { scenario: scenario(), clock: Some(clock.clone()), ..Options::default() };
    let world = World::with(options).await;
    let (status, answer) = tell(&world.emulator, "/emulator/clock", r#"{"advance": 1}"#).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("not the platform's own"), "{answer}");
    let refused = world.emulator.advance(Duration::ZERO).await.unwrap_err();
    assert!(matches!(refused, Error::Clock(CannotMove::NotOurs)), "{refused:?}");
    clock.set(at("1399/03/13 11:00:00"));
    let (_, shown) = ask(&world.emulator, "/emulator/clock").await;
    assert_eq!(shown, json!({"now": "1399/03/13 11:00:00", "millis": 1_591_079_400_000_u64}));
}

const PAID: &str = r#"{"invoiceId": 102, "terminalNumber": "77", "merchantCode": "m",
    "referenceNumber": "r1", "trackingNumber": "t1", "transactionDate": "1399/03/13 09:30:00",
    "amount": 15000}"#;

#[tokio::test]
async fn what_a_terminal_was_paid_pays_an_invoice() {
    let world = start().await;
    let request = PayInvoiceByPosRequest {
        invoice_id: 102,
        terminal_number: "77".to_owned(),
        merchant_code: "m".to_owned(),
        reference_number: "r1".to_owned(),
        tracking_number: "t1".to_owned(),
        transaction_date: "1399/03/13 09:30:00".parse().unwrap(),
        wallet: None,
    };
    assert_eq!(world.refused("shop", &request).await, Kind::NotFound);
    let (status, answer) = tell(&world.emulator, "/emulator/pos-transactions", PAID).await;
    assert_eq!((status, &answer["referenceNumber"]), (200, &json!("r1")), "{answer}");
    let zero = PAID.replace("15000", "0");
    for (body, says) in [
        (PAID, "referenceNumber: "),
        (&PAID.replace("\"77\"", "\"\""), "terminalNumber: "),
        (zero.as_str(), "amount: "),
        (&PAID.replace("09:30", "09:61"), "transactionDate: "),
        (&PAID.replace("merchantCode", "merchant"), "merchant"),
    ] {
        let (status, answer) = tell(&world.emulator, "/emulator/pos-transactions", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(says), "{says}: {answer}");
    }
    assert!(world.call("shop", &request).await.unwrap());
    assert_eq!(world.balance("invoice:102").await, 15_000);
}

#[tokio::test]
async fn a_web_page_of_another_origin_gets_nothing_done() {
    let world = start().await;
    let url = format!("{}/emulator/clock", world.emulator.pay_url());
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    {
        let request = browser().post(&url).header("content-type", content_type);
        let response = request.body(r#"{"advance": 1}"#).send().await.unwrap();
        assert_eq!(response.status(), 400, "{content_type}");
        let text = response.text().await.unwrap();
        assert!(text.contains("application/json"), "{text}");
    }
    assert_eq!(world.emulator.clock().now(), at("1399/03/13 10:00:00"));
    let request =
        browser().request(reqwest::Method::OPTIONS, &url).header("origin", "https://x.ir");
    let response = request.send().await.unwrap();
    assert!(!response.status().is_success());
    let response = browser().get(&url).header("origin", "https://x.ir").send().await.unwrap();
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn what_is_not_there_is_told_as_json() {
    let world = start().await;
    for path in ["/emulator/clocks", "/emulator/a/b"] {
        let (status, answer) = ask(&world.emulator, path).await;
        assert_eq!(status, 404);
        assert!(answer["error"].as_str().unwrap().contains(path), "{answer}");
    }
}

#[tokio::test]
async fn older_scripts_find_the_control_api_at_its_former_path() {
    let world = start().await;
    let (status, clock) = ask(&world.emulator, "/sandbox/clock").await;
    assert_eq!((status, &clock), (200, &ask(&world.emulator, "/emulator/clock").await.1));
    let (status, _) = tell(&world.emulator, "/sandbox/clock", r#"{"advance": "1h"}"#).await;
    assert_eq!(status, 200);
    let (status, answer) = ask(&world.emulator, "/sandbox/clocks").await;
    assert_eq!(status, 404);
    assert!(answer.to_string().contains("/sandbox/clocks"), "{answer}");
}
