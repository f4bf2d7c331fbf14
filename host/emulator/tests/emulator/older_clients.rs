//! What POD's older public clients, its shop plugins and people with a browser send: services by
//! path, lists without a page, numbers in quotes and amounts as decimals.

use serde_json::{Value, json};

use crate::common::{World, envelope, http};

const BASES: [&str; 4] = ["/srv/core", "/srv/sc", "/srv/basic-platform", ""];

/// Calls by path, as the shop, with all fields in the query or all in the body.
async fn by_path(world: &World, path: &str, fields: &str, by_get: bool) -> Value {
    let url = format!("{}{path}", world.emulator.pay_url());
    let headers = [("_token_", "shop"), ("_token_issuer_", "1")];
    if by_get {
        envelope(http().get(format!("{url}?{fields}")), &headers, "").await
    } else {
        envelope(http().post(url), &headers, fields).await
    }
}

#[tokio::test]
async fn p12_services_are_called_by_path_too() {
    let world = World::start().await;
    for base in BASES {
        for slash in ["", "/"] {
            for by_get in [false, true] {
                let path = format!("{base}/nzh/biz/getInvoiceList{slash}");
                let list = by_path(&world, &path, "size=1&id=101&firstId=0", by_get).await;
                assert_eq!(list["result"][0]["id"], 101, "{path}: {list}");
                let path = format!("{base}/nzh/doServiceCall{slash}");
                let list = by_path(&world, &path, "scProductId=29813&id=101&size=1", by_get).await;
                assert_eq!(list["result"][0]["id"], 101, "{path}: {list}");
            }
        }
    }
    let ott = by_path(&world, "/nzh/ott/", "", true).await;
    let ott = ott["ott"].as_str().unwrap();
    let order = format!(
        "_ott_={ott}&productId[]=0&price[]=100&quantity[]=2&productDescription[]=bread\
         &guildCode=FOOD_GUILD&preferredTaxRate=0&verificationNeeded=true"
    );
    let issued = by_path(&world, "/srv/core/nzh/biz/issueInvoice/", &order, true).await;
    let id = issued["result"]["id"].as_u64().unwrap_or_else(|| panic!("{issued}"));
    let service = |name: &'static str, fields: String| {
        let world = &world;
        async move {
            let path = format!("/srv/core/nzh/biz/{name}/");
            by_path(world, &path, &fields, true).await
        }
    };
    let link = service("getInvoicePaymentLink", format!("invoiceId={id}")).await;
    assert!(link["result"].as_str().unwrap().contains("/v1/pbc/"), "{link}");
    let paid = format!("{}/srv/core/nzh/payAnyInvoiceByCredit", world.emulator.pay_url());
    let fields = format!(
        "invoiceId={id}&wallet=PODLAND_WALLET&_ott_={}&_token_=sara&_token_issuer_=1",
        world.ott().await
    );
    let paid = envelope(http().get(format!("{paid}?{fields}")), &[], "").await;
    assert_eq!(paid["result"], true, "{paid}");
    let verified = service("verifyInvoice", format!("id={id}")).await;
    assert_eq!(verified["result"]["payed"], true, "{verified}");
    let closed = service("closeInvoice", format!("id={id}")).await;
    assert_eq!(closed["result"], true, "{closed}");
    let outside = service("payInvoice", "invoiceId=105".to_owned()).await;
    assert_eq!(outside["result"], true, "{outside}");
    let canceled = service("cancelInvoice", "id=101".to_owned()).await;
    assert_eq!(canceled["result"], true, "{canceled}");
}

#[tokio::test]
async fn p12_a_payment_by_credit_and_its_link_are_spelled_as_clients_do() {
    let world = World::start().await;
    let page = format!("{}/v1/pbc/payInvoice/?invoiceId=101", world.emulator.pay_url());
    let page = http().get(page).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("نان و آرد"));

    let url = format!("{}/srv/core/nzh/payInvoiceByCredit/", world.emulator.pay_url());
    let fields = format!("invoiceId=101&_ott_={}&_token_=sara", world.ott().await);
    let paid = envelope(http().post(url), &[], &fields).await;
    assert_eq!(paid["result"], true, "{paid}");
    assert!(world.invoice(101).await.payed);

    // Its place in the Python client.
    let url = format!("{}/srv/core/nzh/biz/payAnyInvoiceByCredit/", world.emulator.pay_url());
    let wallet = "wallet=PODLAND_WALLET&_token_=sara";
    let fields = format!("invoiceId=105&{wallet}&_ott_={}", world.ott().await);
    let paid = envelope(http().post(url), &[], &fields).await;
    assert_eq!(paid["result"], true, "{paid}");
}

async fn listed(world: &World, fields: &str) -> Value {
    let answer = world.post(&[("_token_", "shop")], fields).await;
    assert_eq!(answer["hasError"], false, "{fields}: {answer}");
    let ids = answer["result"].as_array().unwrap().iter().map(|invoice| invoice["id"].clone());
    ids.collect()
}

#[tokio::test]
async fn p13_a_list_has_a_page_of_its_own_and_the_first_or_last_id_wins() {
    let world = World::start().await;
    let all = listed(&world, "scProductId=29813&offset=0&size=50").await;
    assert_eq!(all.as_array().unwrap().len(), 11);
    for fields in ["", "&offset=0", "&size=50", "&size=&offset="] {
        assert_eq!(listed(&world, &format!("scProductId=29813{fields}")).await, all, "{fields}");
    }
    for offset in ["", "&offset=0", "&offset=7"] {
        let from = format!("scProductId=29813&firstId=203{offset}&size=5");
        assert_eq!(listed(&world, &from).await, json!([203, 204]), "{from}");
        let to = format!("scProductId=29813&lastId=101{offset}");
        assert_eq!(listed(&world, &to).await, json!([101, 100]), "{to}");
    }
    // An id from which, and one to which, are still no page; nor is one of 0 invoices.
    for fields in ["firstId=1&lastId=9", "firstId=1&size=0", "size=-1", "offset=x"] {
        let answer =
            world.post(&[("_token_", "shop")], &format!("scProductId=29813&{fields}")).await;
        assert_eq!(answer["errorCode"], 403, "{fields}: {answer}");
    }
}

/// An order of 100 rials with this metadata; its id.
async fn with_metadata(world: &World, metadata: &Value) -> Value {
    let encoded: String =
        form_urlencoded::byte_serialize(metadata.to_string().as_bytes()).collect();
    let body = format!(
        "scProductId=29796&guildCode=FOOD_GUILD&productId[]=0&price[]=100&quantity[]=1\
         &productDescription[]=bread&metadata={encoded}"
    );
    let ott = world.ott().await;
    let answer = world.post(&[("_token_", "shop"), ("_ott_", &ott)], &body).await;
    assert_eq!(answer["hasError"], false, "{answer}");
    answer["result"]["id"].clone()
}

#[tokio::test]
async fn p13_p14_a_metadata_query_needs_no_page_and_compares_numbers_in_quotes() {
    let world = World::start().await;
    let cheap = with_metadata(&world, &json!({"price": 900_000})).await;
    let dear = with_metadata(&world, &json!({"price": "1300000"})).await;
    let even = with_metadata(&world, &json!({"price": 1_200_000})).await;
    let found = |query: &'static str| {
        let world = &world;
        async move {
            let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
            listed(world, &format!("scProductId=29814&metaQuery={query}")).await
        }
    };
    assert_eq!(found(r#"{"field": "price", "gt": "1200000"}"#).await, json!([dear]));
    assert_eq!(found(r#"{"field": "price", "gte": "1200000.0"}"#).await, json!([even, dear]));
    assert_eq!(found(r#"{"field": "price", "lt": 1200000}"#).await, json!([cheap]));
    // As numbers: as texts, "900000" would be more.
    assert_eq!(found(r#"{"field": "price", "lte": "1000000"}"#).await, json!([cheap]));
    let no_number = "scProductId=29814&metaQuery=%7B%22field%22:%22price%22,%22gt%22:%22dear%22%7D";
    let refused = world.post(&[("_token_", "shop")], no_number).await;
    assert_eq!(refused["errorCode"], 403, "{refused}");
}

#[tokio::test]
async fn p15_whole_numbers_may_be_written_as_decimals() {
    let world = World::start().await;
    let order = |price: &str, id: &str| {
        format!(
            "scProductId=29796&guildCode=FOOD_GUILD&productId[]={id}&price[]={price}\
             &quantity[]=1.0&productDescription[]=1.0&preferredTaxRate=0&billNumber={price}"
        )
    };
    for (price, rials) in
        [("4500.0", 4_500), ("20000.00", 20_000), ("2.0E7", 20_000_000), ("1.25e2", 125)]
    {
        let ott = world.ott().await;
        let headers = [("_token_", "shop"), ("_ott_", ott.as_str())];
        let answer = world.post(&headers, &order(price, "0.0")).await;
        assert_eq!(answer["result"]["payableAmount"], rials, "{answer}");
        // What is a text stays as it was written.
        assert_eq!(answer["result"]["billNumber"], price);
        assert_eq!(answer["result"]["invoiceItemSrvs"][0]["description"], "1.0");
        let id = format!("scProductId=29813&size=1.0&offset=0.0&id={}.0", answer["result"]["id"]);
        assert_eq!(listed(&world, &id).await, json!([answer["result"]["id"]]));
    }
    for price in ["4500.5", "4500.", ".5", "1.25e1", "-4500.0", "1e99", "4.5.0", "0x10", "1e-1"] {
        let ott = world.ott().await;
        let headers = [("_token_", "shop"), ("_ott_", ott.as_str())];
        let answer = world.post(&headers, &order(price, "0")).await;
        assert_eq!(answer["errorCode"], 403, "{price}: {answer}");
        assert!(answer.to_string().contains("price"), "{answer}");
    }
}
