//! What answers hold, field by field, as POD's public clients and documents have it.

use pod_emulator::Scenario;
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

/// An order of the shop's: salt, which is product 7, in this guild; its id.
async fn salt(world: &World, guild: &str) -> Value {
    let body = format!(
        "scProductId=29796&guildCode={guild}&productId[]=7&price[]=auto&quantity[]=2\
         &productDescription[]=salt&productId[]=0&price[]=100&quantity[]=1.5\
         &productDescription[]=bread&userId=40"
    );
    let ott = world.ott().await;
    let answer = world.post(&[("_token_", "shop"), ("_ott_", &ott)], &body).await;
    assert_eq!(answer["hasError"], false, "{answer}");
    answer["result"]["id"].clone()
}

#[tokio::test]
async fn p18_invoices_show_of_business_product_and_guild_what_pod_shows() {
    let world = World::start().await;
    let id = salt(&world, "HEALTH_GUILD").await;
    let invoice = &list(&world, "shop", &format!("id={id}")).await[0];
    let business = &invoice["business"];
    assert_eq!(business["numOfProducts"], 1);
    assert_eq!(business["rate"], json!({"rate": 0, "rateCount": 0}));
    assert_eq!(business["sheba"].as_str().unwrap().len(), 24);
    let health = json!({"id": 45, "name": "بهداشت و درمان", "code": "HEALTH_GUILD"});
    assert_eq!(invoice["guildSrv"], health);
    let [salt, bread] = invoice["invoiceItemSrvs"].as_array().unwrap().as_slice() else {
        panic!("{invoice}")
    };
    // As a text, because 1.0 and 1 are the same number.
    assert_eq!(
        (salt["quantity"].to_string(), bread["quantity"].to_string()),
        ("2".into(), "1.5".into())
    );
    assert_eq!(salt["productShortSrv"]["id"], 7);
    let product = &salt["productSrv"];
    assert_eq!((&product["entityId"], &product["price"]), (&json!(7), &json!(900)));
    assert_eq!((&product["guild"], &product["business"]), (&health, business));
    assert_eq!(product["currency"], json!({"name": "ریال", "code": "IRR"}));
    assert_eq!(bread.get("productSrv"), None);
    assert_eq!(invoice["issuerSrv"].get("profileImage"), None);
}

#[tokio::test]
async fn p18_a_scenario_can_say_it() {
    let scenario = r#"{
        "businesses": [{"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
                        "numOfProducts": 80, "rate": {"rate": 8.5, "rateCount": 2},
                        "sheba": "580170000000208861342001",
                        "profileImage": "https://core.pod.ir/nzh/image/?imageId=1"}],
        "users": [{"id": 40, "name": "Sara", "accessToken": "sara",
                   "profileImage": "https://core.pod.ir/nzh/image/?imageId=2"}],
        "guilds": [{"code": "FOOD_GUILD", "name": "خواربار", "id": 46},
                   {"code": "CLOTHING_GUILD", "name": "لباس"}],
        "products": [{"id": 7, "businessId": 1, "name": "salt", "price": 900,
                      "guildCode": "CLOTHING_GUILD"}]
    }"#;
    let world = World::of(Scenario::from_json("profiles", scenario).unwrap()).await;
    let id = salt(&world, "FOOD_GUILD").await;
    let invoice = &list(&world, "shop", &format!("id={id}")).await[0];
    let business = json!({"id": 1, "name": "Shop", "numOfProducts": 80,
                          "rate": {"rate": 8.5, "rateCount": 2},
                          "sheba": "580170000000208861342001"});
    assert_eq!(invoice["business"], business);
    assert_eq!(invoice["guildSrv"], json!({"id": 46, "name": "خواربار", "code": "FOOD_GUILD"}));
    assert_eq!(invoice["userSrv"]["profileImage"], "https://core.pod.ir/nzh/image/?imageId=2");
    assert_eq!(invoice["issuerSrv"]["profileImage"], "https://core.pod.ir/nzh/image/?imageId=1");
    assert_eq!(invoice["invoiceItemSrvs"][0]["productSrv"]["guild"]["name"], "لباس");

    for (said, wrong, place) in [
        ("580170000000208861342001", "580170000000208861342002", "businesses[0].sheba"),
        ("8.5", "11", "businesses[0].rate.rate"),
        ("\"id\": 46", "\"id\": 0", "guilds[0].id"),
        ("\"name\": \"لباس\"", "\"name\": \"\"", "guilds[1].name"),
        ("\"CLOTHING_GUILD\", \"name\"", "\"FOOD_GUILD\", \"name\"", "guilds[1].code"),
    ] {
        let scenario = scenario.replacen(said, wrong, 1);
        let error = Scenario::from_json("s.json", &scenario).unwrap_err().to_string();
        assert!(error.contains(place), "{error}");
    }
}
