//! A one-time token is good for one call, wherever a client puts it.

use serde_json::Value;

use crate::common::{World, envelope, http};

const PAY: &str = "scProductId=29821&wallet=PODLAND_WALLET&invoiceId=";

async fn pay(world: &World, invoice: u64, ott: &str) -> Value {
    let headers = [("_token_", "sara"), ("_ott_", ott)];
    world.post(&headers, &format!("{PAY}{invoice}")).await
}

#[tokio::test]
async fn header_and_both_fields_are_read() {
    let world = World::start().await;
    let ott = world.ott().await;
    assert_eq!(pay(&world, 101, &ott).await["result"], true);
    for (invoice, field) in [(105, "_ott_"), (204, "ott")] {
        let body = format!("{PAY}{invoice}&{field}={}", world.ott().await);
        let answer = world.post(&[("_token_", "sara")], &body).await;
        assert_eq!(answer["result"], true, "{answer}");
    }
}

#[tokio::test]
async fn missing_made_up_and_used_ones_are_refused() {
    let world = World::start().await;
    let ott = world.ott().await;
    assert_eq!(pay(&world, 101, &ott).await["hasError"], false);
    let made_up = ott.replace(|c: char| c.is_ascii_digit(), "0");
    for ott in ["", "made-up", &made_up, &ott] {
        let answer = pay(&world, 105, ott).await;
        assert_eq!(answer["errorCode"], 39, "{ott}: {answer}");
    }
    assert!(!world.invoice(105).await.payed);
}

#[tokio::test]
async fn p16_what_the_service_refuses_it_refuses_whatever_the_token_is() {
    let world = World::start().await;
    let used = world.ott().await;
    assert_eq!(pay(&world, 101, &used).await["hasError"], false);
    let before = world.emulator.ledger().await.unwrap();
    for (invoice, code) in [(101, 24), (103, 32), (999, 4), (105, 39)] {
        for ott in [used.as_str(), "made-up"] {
            let answer = pay(&world, invoice, ott).await;
            assert_eq!(answer["errorCode"], code, "{invoice}: {answer}");
        }
    }
    // A call that a used token stops has no effect.
    assert_eq!(world.emulator.ledger().await.unwrap(), before);
    assert!(!world.invoice(105).await.payed);
}

#[tokio::test]
async fn a_refused_call_uses_its_token() {
    let world = World::start().await;
    for (invoice, code) in [("999", 4), ("many", 403)] {
        let ott = world.ott().await;
        let headers = [("_token_", "sara"), ("_ott_", ott.as_str())];
        let answer = world.post(&headers, &format!("{PAY}{invoice}")).await;
        assert_eq!(answer["errorCode"], code, "{answer}");
        assert_eq!(pay(&world, 105, &ott).await["errorCode"], 39);
    }
}

#[tokio::test]
async fn a_call_that_is_nobodys_uses_no_token() {
    let world = World::start().await;
    let ott = world.ott().await;
    let headers = [("_token_", "nobody"), ("_ott_", ott.as_str())];
    let answer = world.post(&headers, &format!("{PAY}105")).await;
    assert_eq!(answer["errorCode"], 21);
    assert_eq!(pay(&world, 105, &ott).await["hasError"], false);
}

#[tokio::test]
async fn two_calls_at_once_share_one_token() {
    let world = World::start().await;
    let ott = world.ott().await;
    let (one, other) = tokio::join!(pay(&world, 105, &ott), pay(&world, 204, &ott));
    let codes = [&one["errorCode"], &other["errorCode"]];
    assert!(codes.contains(&&Value::from(0)) && codes.contains(&&Value::from(39)), "{codes:?}");
}

#[tokio::test]
async fn every_answer_carries_a_fresh_one() {
    let world = World::start().await;
    let refusal = world.post(&[("_token_", "sara")], PAY).await;
    assert_eq!(refusal["errorCode"], 39);
    let ott = refusal["ott"].as_str().unwrap();
    let paid = pay(&world, 101, ott).await;
    assert_eq!(paid["hasError"], false);
    let next = paid["ott"].as_str().unwrap();
    assert_ne!(next, ott);
    assert_eq!(pay(&world, 105, next).await["hasError"], false);
}

#[tokio::test]
async fn there_is_a_path_for_them() {
    let world = World::start().await;
    for slash in ["", "/"] {
        let url = format!("{}/nzh/ott{slash}", world.emulator.platform_url());
        let answer = envelope(http().get(&url), &[("_token_", "sara")], "").await;
        let ott = answer["ott"].as_str().unwrap();
        let invoice = if slash.is_empty() { 105 } else { 204 };
        assert_eq!(pay(&world, invoice, ott).await["hasError"], false);
        let stranger = envelope(http().get(&url), &[], "").await;
        assert_eq!(stranger["errorCode"], 21);
    }
}
