//! What somebody can pay with: as the scenario says, and what is left of it.

use std::ops::Deref;

use pod_emulator::{DelegatedCredit, Holdings, LoanCredit, Scenario};
use pod_platform::{Instant, Rial, payments::PayInvoiceByCreditRequest};
use serde_json::json;

use crate::common::{SCENARIO, World};
use crate::loan_world::{LoanWorld, at, loan, pay};
use crate::street::ask;

/// The world of `common`, whose caller is Sara.
async fn start() -> World {
    let mut scenario = Scenario::from_json("common", SCENARIO).unwrap();
    scenario.caller = Some("sara".to_owned());
    World::of(scenario).await
}

async fn held(world: &World) -> Holdings {
    world.emulator.holdings().await.unwrap().unwrap()
}

fn credit(delegator: u64, hash: &str, amount: u64, until: Option<Instant>) -> DelegatedCredit {
    DelegatedCredit {
        delegator_id: delegator,
        hash: hash.to_owned(),
        amount: Rial(amount),
        guild_code: (hash == "reza-food").then(|| "FOOD_GUILD".to_owned()),
        until,
    }
}

/// What can be borrowed, as the control API tells whoever has the token.
async fn borrowable(world: &impl Deref<Target = World>, token: &str) -> Vec<(u64, u64, u64)> {
    let (status, held) = ask(&world.emulator, &format!("/emulator/holdings?token={token}")).await;
    assert_eq!(status, 200, "{held}");
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let credits = held["loanCredits"].as_array().unwrap().iter();
    credits
        .map(|one| (number(&one["contractId"]), number(&one["userId"]), number(&one["credit"])))
        .collect()
}

#[tokio::test]
async fn they_begin_as_the_scenario_says() {
    let world = start().await;
    let midnight = at("1399/03/14 00:00:00");
    let expected = Holdings {
        wallet: [("PODLAND_WALLET".to_owned(), Rial(20_000))].into(),
        delegations: vec![
            credit(50, "reza-food", 1_000, None),
            credit(50, "reza-any", 2_000, None),
            credit(10, "shop-any", 5_000, None),
            credit(20, "baker-today", 400, Some(midnight)),
        ],
        loan_credits: vec![],
    };
    assert_eq!(held(&world).await, expected);
    let (status, told) = ask(&world.emulator, "/emulator/holdings").await;
    assert_eq!(status, 200);
    assert_eq!(told, serde_json::to_value(&expected).unwrap());
    assert_eq!(told["delegations"][0]["guildCode"], "FOOD_GUILD");
    assert_eq!(
        told["delegations"][3],
        json!({"delegatorId": 20, "hash": "baker-today", "amount": 400, "until": midnight.0})
    );
}

#[tokio::test]
async fn what_a_payment_leaves_is_exact() {
    let world = start().await;
    let payment = PayInvoiceByCreditRequest {
        invoice_id: 101,
        delegator_id: vec![50, 20],
        ..PayInvoiceByCreditRequest::default()
    };
    assert!(world.call("sara", &payment).await.unwrap());
    let after = held(&world).await;
    assert_eq!(after.delegations, [credit(10, "shop-any", 5_000, None)]);
    let paid_from_wallet = 4_360 - 1_000 - 2_000 - 400;
    assert_eq!(after.wallet["PODLAND_WALLET"], Rial(20_000 - paid_from_wallet));

    let world = start().await;
    let payment = PayInvoiceByCreditRequest {
        delegator_id: vec![10],
        force_delegation: Some(true),
        ..payment
    };
    assert!(world.call("sara", &payment).await.unwrap());
    let after = held(&world).await;
    assert_eq!(after.delegations[2], credit(10, "shop-any", 640, None));
    assert_eq!(after.wallet["PODLAND_WALLET"], Rial(20_000));
}

#[tokio::test]
async fn what_is_over_and_what_is_due_counts() {
    let world = start().await;
    let hashes = |held: &Holdings| -> Vec<String> {
        held.delegations.iter().map(|credit| credit.hash.clone()).collect()
    };
    world.emulator.set_now(Instant(at("1399/03/14 00:00:00").0 - 1)).await.unwrap();
    assert!(hashes(&held(&world).await).contains(&"baker-today".to_owned()));
    world.emulator.set_now(at("1399/03/14 00:00:00")).await.unwrap();
    assert_eq!(hashes(&held(&world).await), ["reza-food", "reza-any", "shop-any"]);

    // An unverified payment goes back after an hour: with this look at it, not with the next call.
    let world = LoanWorld::start().await;
    assert!(world.call("sara", &pay(103)).await.unwrap());
    let wallet = async || {
        let (_, held) = ask(&world.emulator, "/emulator/holdings?token=sara").await;
        held["wallet"]["PODLAND_WALLET"].as_u64().unwrap()
    };
    assert_eq!(wallet().await, 13_500);
    world.set_clock("1399/03/13 11:00:00");
    assert_eq!(wallet().await, 20_000);
}

#[tokio::test]
async fn a_business_sees_what_every_member_may_borrow_and_a_member_its_own() {
    let world = LoanWorld::start().await;
    // At most what the contract has to lend; nothing of contract 7, which has ended.
    let saras = [(5, 40, 20_000), (6, 40, 30_000), (7, 40, 0), (8, 40, 30_000), (9, 40, 30_000)];
    assert_eq!(borrowable(&world, "sara").await, saras);
    assert_eq!(borrowable(&world, "reza").await, [(5, 50, 8_000), (6, 50, 30_000)]);
    let everybodys = [
        (5, 30, 50_000),
        (5, 40, 20_000),
        (5, 50, 8_000),
        (6, 40, 30_000),
        (6, 50, 30_000),
        (7, 40, 0),
        (8, 40, 30_000),
        (9, 40, 30_000),
    ];
    for business in ["shop", "bank", "mill"] {
        assert_eq!(borrowable(&world, business).await, everybodys, "{business}");
    }
    let own = held(&world).await;
    let first = LoanCredit { contract_id: 5, user_id: 30, credit: Rial(50_000) };
    assert_eq!((own.loan_credits.len(), own.loan_credits[0]), (8, first));
}

#[tokio::test]
async fn a_loan_takes_up_credit_from_the_moment_it_is_asked_for() {
    let world = LoanWorld::start().await;
    world.taken("sara", &loan(101, 5, 62, 1_085)).await;
    // 6,000 are lent, and the first of three instalments is back at once: Sara's credit stays taken
    // up, the contract can lend it again.
    assert_eq!(borrowable(&world, "sara").await[0], (5, 40, 14_000));
    assert_eq!(borrowable(&world, "mill").await[0], (5, 30, 46_000));
    // Another one is only asked for: the contract still has that money.
    world.call("shop", &loan(102, 5, 62, 1_000)).await.unwrap();
    assert_eq!(borrowable(&world, "sara").await[0], (5, 40, 12_000));
    assert_eq!(borrowable(&world, "mill").await[0], (5, 30, 46_000));
}

#[tokio::test]
async fn the_caller_is_whom_the_token_names() {
    let world = World::start().await;
    let (_, callers) = ask(&world.emulator, "/emulator/holdings").await;
    let (_, shops) = ask(&world.emulator, "/emulator/holdings?token=shop").await;
    assert_eq!(callers, shops);
    assert_eq!(shops["wallet"], json!({"PODLAND_WALLET": 50_000}));
    assert_eq!(shops["delegations"], json!([]));
    let (_, mills) = ask(&world.emulator, "/emulator/holdings?token=mill").await;
    assert_eq!(mills["wallet"], json!({}));
    assert_eq!(mills["delegations"][0]["hash"], "reza-mill");
    let (status, answer) = ask(&world.emulator, "/emulator/holdings?token=nobody").await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"], "token: no business and no user has this token");
}

#[tokio::test]
async fn without_anybody_there_are_none() {
    let world = World::of(Scenario::default()).await;
    assert_eq!(world.emulator.holdings().await.unwrap(), None);
    let (status, answer) = ask(&world.emulator, "/emulator/holdings").await;
    assert_eq!((status, &answer["error"]), (400, &json!("token: the platform has no caller")));
}
