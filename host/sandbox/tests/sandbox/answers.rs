//! What answers hold, field by field, as POD's public clients and documents have it.

use pod_platform::{loans::LoanListRequest, payments::PayAnyInvoiceByCreditRequest};
use serde_json::{Value, json};

use crate::{
    common::World,
    loan_world::{LoanWorld, loan},
    utilities::{ELECTRICITY, Utilities},
};

/// Each of these fields is there, and 0.
fn are_zero(object: &Value, fields: &[&str]) {
    for field in fields {
        assert_eq!(object[field], 0, "{field} of {object}");
    }
}

async fn list(world: &World, token: &str, filter: &str) -> Value {
    let body = format!("scProductId=29813&offset=0&size=50&{filter}");
    let answer = world.post(&[("_token_", token)], &body).await;
    assert_eq!(answer["hasError"], false, "{answer}");
    answer["result"].clone()
}

#[tokio::test]
async fn p7_dates_and_numbers_that_are_not_set_are_0() {
    let world = World::start().await;
    let dates = ["deliveryDate", "cancelDate", "paymentDate", "shaparakTransactionDate"];
    let open = &list(&world, "shop", "id=101").await[0];
    are_zero(open, &dates);
    are_zero(open, &["serial", "unsafeCloseTimeOut"]);
    let paid = &list(&world, "shop", "id=100").await[0];
    assert!(paid["paymentDate"].as_u64().unwrap() > 0, "{paid}");
    are_zero(paid, &["deliveryDate", "cancelDate"]);
    // POD has no word for these: they are not there until they are set.
    assert!(open.get("verificationDate").is_none() && open.get("willBePaidAt").is_none());

    let utilities = Utilities::start().await;
    utilities.pay("sara", ELECTRICITY).await;
    let bills = "scProductId=3884760&offset=0&size=5";
    let bills = utilities.world.post(&[("_token_", "sara")], bills).await;
    are_zero(&bills["result"][0], &["cancelDate"]);

    let world = LoanWorld::start().await;
    world.call("shop", &loan(101, 6, 64, 0)).await.unwrap();
    let loans = world.post_to("/nzh/loanList", "sara", "offset=0&size=5").await;
    let shown = &loans["result"][0];
    are_zero(shown, &["settledDate", "canceledDate"]);
    are_zero(&shown["contract"], &["endDate"]);
    are_zero(&shown["subjectInvoice"], &dates);
    // A client reads them as not set.
    let all = LoanListRequest { size: 5, ..LoanListRequest::default() };
    let read = &world.call("sara", &all).await.unwrap().result[0];
    assert_eq!((read.settled_date, read.canceled_date), (None, None));
    assert_eq!(read.contract.as_ref().unwrap().end_date, None);
}

#[tokio::test]
async fn p11_a_payment_that_awaits_its_verification_is_waiting() {
    let world = World::start().await;
    let pay = PayAnyInvoiceByCreditRequest {
        invoice_id: 301,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    };
    let waiting = || async {
        let found = list(&world, "mill", "isWaiting=true").await;
        found.as_array().unwrap().iter().map(|invoice| invoice["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(waiting().await, [json!(302)], "somebody is at the gateway with it");
    world.call("sara", &pay).await.unwrap();
    assert_eq!(waiting().await, [json!(302), json!(301)]);
    let paid = &list(&world, "mill", "id=301").await[0];
    assert_eq!((&paid["waiting"], &paid["payed"]), (&json!(true), &json!(false)));

    let verified = world.post(&[("_token_", "mill")], "scProductId=29809&id=301").await;
    let verified = &verified["result"];
    assert_eq!((&verified["waiting"], &verified["payed"]), (&json!(false), &json!(true)));
    assert_eq!(waiting().await, [json!(302)]);
}
