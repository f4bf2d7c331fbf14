//! getInvoiceList: who sees what, every filter, and paging.

use pod_platform::{
    JalaliDate,
    invoices::{GetInvoiceListRequest as List, IssueInvoiceRequest},
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceByInvoiceRequest},
};

use crate::common::{World, first_page, order};

async fn ids(world: &World, caller: &str, list: &List) -> (Vec<u64>, u64) {
    let page = world.call(caller, list).await.unwrap();
    (page.result.iter().map(|invoice| invoice.id).collect(), page.count)
}

#[tokio::test]
async fn a_caller_sees_what_it_issued_and_what_was_issued_for_it() {
    let world = World::start().await;
    let all = first_page(50);
    let shop = vec![204, 203, 202, 201, 200, 105, 104, 103, 102, 101, 100];
    assert_eq!(ids(&world, "shop", &all).await, (shop, 11));
    assert_eq!(ids(&world, "sara", &all).await, (vec![101], 1));
    assert_eq!(ids(&world, "reza", &all).await, (vec![], 0));
    assert_eq!(ids(&world, "mill", &all).await, (vec![302, 301, 300], 3));
}

#[tokio::test]
async fn u5_a_query_takes_arabic_letters_for_persian_ones_and_the_other_way_round() {
    let world = World::start().await;
    let issue = async |description: &str| {
        let order =
            IssueInvoiceRequest { description: Some(description.to_owned()), ..order(10, 1.0) };
        world.call("shop", &order).await.unwrap().id
    };
    let persian = issue("کیک یزدی").await;
    let arabic = issue("كيك يزدي").await;
    for query in ["کیک", "كيك", "كیک", "یزدي", "يزدی"] {
        let list = List { query: Some(query.to_owned()), ..first_page(50) };
        assert_eq!(ids(&world, "shop", &list).await, (vec![arabic, persian], 2), "{query}");
    }
    // What was written is shown as it was.
    assert_eq!(world.invoice(arabic).await.description.as_deref(), Some("كيك يزدي"));
}

#[tokio::test]
async fn filters_narrow_it() {
    let world = World::start().await;
    let netting = PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };
    assert!(world.call("shop", &netting).await.unwrap());
    let reference = world.invoice(200).await.reference_number;
    let unique = world.invoice(105).await.unique_number;
    let day = |text: &str| text.parse::<JalaliDate>().ok();
    let all = first_page(50);

    let cases: Vec<(List, &[u64])> = vec![
        (List { id: Some(200), ..all.clone() }, &[200]),
        (List { id: Some(300), ..all.clone() }, &[]),
        (List { bill_number: Some("S-101".into()), ..all.clone() }, &[101]),
        (List { unique_number: unique, ..all.clone() }, &[105]),
        (List { tracker_id: Some(1), ..all.clone() }, &[]),
        (List { is_canceled: Some(true), ..all.clone() }, &[202, 103]),
        (List { is_payed: Some(true), ..all.clone() }, &[201, 200, 104, 102, 100]),
        (List { is_closed: Some(true), ..all.clone() }, &[203, 104]),
        (List { is_waiting: Some(true), ..all.clone() }, &[]),
        (List { guild_code: Some("MILL_GUILD".into()), ..all.clone() }, &[]),
        (List { reference_number: reference, ..all.clone() }, &[200]),
        (List { user_id: Some(40), ..all.clone() }, &[101]),
        (
            List {
                user_id: Some(10),
                is_payed: Some(false),
                is_canceled: Some(false),
                is_closed: Some(false),
                ..all.clone()
            },
            &[204],
        ),
        (List { issuer_id: vec![20, 30], ..all.clone() }, &[204, 203, 202, 201, 200]),
        (List { issuer_id: vec![30], ..all.clone() }, &[]),
        (List { query: Some("آرد".into()), ..all.clone() }, &[101]),
        (List { query: Some("' OR 1=1 --".into()), ..all.clone() }, &[]),
        (List { product_id_list: vec![7], ..all.clone() }, &[]),
        (List { product_id_list: vec![0, 7], id: Some(100), ..all.clone() }, &[100]),
        (
            List {
                from_date: day("1399/03/13"),
                to_date: day("1399/03/13"),
                id: Some(100),
                ..all.clone()
            },
            &[100],
        ),
        (List { from_date: day("1399/03/14"), ..all.clone() }, &[]),
        (List { to_date: day("1399/03/12"), ..all.clone() }, &[]),
    ];
    for (list, expected) in cases {
        let found = ids(&world, "shop", &list).await;
        assert_eq!(found, (expected.to_vec(), expected.len() as u64), "{list:?}");
    }
}

#[tokio::test]
async fn pages_follow_one_another_and_count_everything() {
    let world = World::start().await;
    let page = |offset| List { offset: Some(offset), ..first_page(4) };
    assert_eq!(ids(&world, "shop", &page(0)).await, (vec![204, 203, 202, 201], 11));
    assert_eq!(ids(&world, "shop", &page(4)).await, (vec![200, 105, 104, 103], 11));
    assert_eq!(ids(&world, "shop", &page(8)).await, (vec![102, 101, 100], 11));
    assert_eq!(ids(&world, "shop", &page(12)).await, (vec![], 11));
    assert_eq!(ids(&world, "shop", &page(1_000_000)).await, (vec![], 11));
}

#[tokio::test]
async fn ids_page_down_from_the_last_and_up_from_the_first() {
    let world = World::start().await;
    let last = List { last_id: Some(200), size: 3, ..List::default() };
    assert_eq!(ids(&world, "shop", &last).await, (vec![200, 105, 104], 11));
    let first = List { first_id: Some(104), size: 3, ..List::default() };
    assert_eq!(ids(&world, "shop", &first).await, (vec![104, 105, 200], 11));
    let none = List { first_id: Some(205), size: 3, is_payed: Some(true), ..List::default() };
    assert_eq!(ids(&world, "shop", &none).await, (vec![], 4));
}

#[tokio::test]
async fn a_payment_that_waits_for_its_verification_is_not_listed_as_paid() {
    let world = World::start().await;
    let payment = PayAnyInvoiceByCreditRequest {
        invoice_id: 301,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    };
    assert!(world.call("sara", &payment).await.unwrap());
    let paid = List { is_payed: Some(true), ..first_page(9) };
    assert_eq!(ids(&world, "mill", &paid).await, (vec![], 0));
}
