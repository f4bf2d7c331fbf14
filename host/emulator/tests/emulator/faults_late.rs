//! Calls that take effect after their caller has gone.

use std::time::Duration;

use pod_emulator::{Options, Scenario};
use pod_platform::{
    payments::PayInvoiceByCreditRequest,
    types::{Error, PlatformErrorKind as Kind},
};
use tokio::time::{Instant, sleep};

use crate::common::{SCENARIO, World, http};

fn scenario(what: &str, milliseconds: u64) -> Scenario {
    let fault = format!(
        r#"{{"faults": [{{"service": "payInvoiceByCredit", "call": 1, {what},
            "landsAfterMilliseconds": {milliseconds}}}],"#
    );
    Scenario::from_json("faults", &SCENARIO.replacen('{', &fault, 1)).unwrap()
}

/// A world in which Sara's first payment lands so much later.
async fn start(what: &str, milliseconds: u64) -> World {
    World::of(scenario(what, milliseconds)).await
}

fn payment() -> PayInvoiceByCreditRequest {
    PayInvoiceByCreditRequest { invoice_id: 101, ..PayInvoiceByCreditRequest::default() }
}

/// Did Sara's payment move, and exactly once?
async fn moved(world: &World) -> bool {
    let ledger = world.emulator.ledger().await.unwrap();
    assert_eq!((ledger.total, ledger.faults.len()), (0, 0));
    let paid = world.invoice(101).await.payed;
    assert_eq!(ledger.balance("wallet:40:PODLAND_WALLET"), 20_000 - if paid { 4_360 } else { 0 });
    paid
}

async fn landed(world: &World) {
    let begin = Instant::now();
    while world.emulator.faults().await.to_land > 0 {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not land");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Sends Sara's payment with this token; its error code, if it is answered.
async fn pay(world: &World, ott: &str) -> Option<i64> {
    let url = format!("{}/nzh/doServiceCall", world.emulator.platform_url());
    let request = http()
        .post(url)
        .header("_token_", "sara")
        .header("_ott_", ott)
        .body("scProductId=30382&invoiceId=101")
        .timeout(Duration::from_millis(150));
    let answer = request.send().await.ok()?.text().await.ok()?;
    serde_json::from_str::<serde_json::Value>(&answer).ok()?["errorCode"].as_i64()
}

#[tokio::test]
async fn an_effect_lands_after_every_kind_of_end() {
    for what in [
        r#""unanswered": "before""#,
        r#""reset": "before""#,
        r#""timeout": "before", "holdMilliseconds": 100"#,
        r#""errorCode": 227"#,
        r#""httpStatus": 504, "answered": "before""#,
    ] {
        let world = start(what, 1_000).await;
        let error = world.call("sara", &payment()).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{what}: {error:?}");
        assert!(!moved(&world).await, "{what}");
        assert_eq!(world.emulator.faults().await.to_land, 1, "{what}");
        landed(&world).await;
        assert!(moved(&world).await, "{what}");
        assert_eq!(world.refused("sara", &payment()).await, Kind::BillAlreadyPayed);
    }
}

#[tokio::test]
async fn the_same_one_time_token_fences_it() {
    let world = start(r#""timeout": "before""#, 2_000).await;
    let ott = world.ott().await;
    assert_eq!(pay(&world, &ott).await, None);
    assert!(!moved(&world).await);
    // The token was not used yet, so this attempt is served; and the first one comes too late.
    assert_eq!(pay(&world, &ott).await, Some(0));
    let ledger = world.emulator.ledger().await.unwrap();
    assert_eq!(world.emulator.faults().await.to_land, 1, "it was to land after that");
    landed(&world).await;
    assert_eq!(world.emulator.ledger().await.unwrap(), ledger);

    // In the other order, the late one has used it, and paid.
    let world = start(r#""reset": "before""#, 50).await;
    let ott = world.ott().await;
    assert_eq!(pay(&world, &ott).await, None);
    landed(&world).await;
    assert!(moved(&world).await);
    assert_eq!(pay(&world, &ott).await, Some(24));
}

#[tokio::test]
async fn another_token_is_no_fence_but_the_rules_are() {
    let world = start(r#""unanswered": "before""#, 1_000).await;
    world.call("sara", &payment()).await.unwrap_err();
    assert!(world.call("sara", &payment()).await.unwrap());
    assert_eq!(world.emulator.faults().await.to_land, 1);
    landed(&world).await;
    assert!(moved(&world).await);
}

#[tokio::test]
async fn a_platform_that_stops_lets_it_land_first() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("pod.db"));
    let options = |scenario| Options { data: data.clone(), scenario, ..Options::default() };
    let world = World::with(options(scenario(r#""unanswered": "before""#, 600_000))).await;
    world.call("sara", &payment()).await.unwrap_err();
    assert!(!moved(&world).await);
    world.emulator.stop().await.unwrap();
    let world = World::with(options(Scenario::default())).await;
    assert!(moved(&world).await);
}
