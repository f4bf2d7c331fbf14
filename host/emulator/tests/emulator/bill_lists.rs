//! listBills.

use pod_platform::{Instant, bills::ListBillsRequest, types::PlatformErrorKind as Kind};

use crate::utilities::{ELECTRICITY, LANDLINE, OTHER_LANDLINE, Utilities, WATER, all, at};

#[tokio::test]
async fn lists_are_the_callers_own_the_newest_first_by_page() {
    let utilities = Utilities::start().await;
    let mut ids = Vec::new();
    for pair in [WATER, LANDLINE, ELECTRICITY] {
        ids.insert(0, utilities.pay("sara", pair).await.id);
    }
    utilities.pay("shop", OTHER_LANDLINE).await;
    for (offset, size, expected) in [
        (0, 50, &ids[..]),
        (0, 2, &ids[..2]),
        (1, 1, &ids[1..2]),
        (2, 2, &ids[2..]),
        (3, 2, &[]),
        (u64::MAX >> 1, u32::MAX, &[]),
    ] {
        let request = ListBillsRequest { offset, size, ..all() };
        let page = utilities.list("sara", &request).await;
        let found: Vec<u64> = page.result.iter().map(|bill| bill.id).collect();
        assert_eq!((page.count, &found[..]), (3, expected), "{offset} {size}");
    }
    for product in [3_884_760, 52_043, 22_373, 36_293] {
        assert_eq!(utilities.ids(product, "").await, ids);
    }
    let too_far = ListBillsRequest { offset: u64::MAX, ..all() };
    assert_eq!(utilities.world.refused("sara", &too_far).await, Kind::BadParameters);
    assert_eq!(utilities.post("sara", 52_043, "offset=0").await["errorCode"], 403);
    assert_eq!(utilities.post("nobody", 52_043, "offset=0&size=1").await["errorCode"], 21);
}

#[tokio::test]
async fn lists_are_chosen_by_identifiers_and_numbers() {
    let utilities = Utilities::start().await;
    let water = utilities.pay("sara", WATER).await;
    let landline = utilities.pay("sara", LANDLINE).await;
    let shops = utilities.pay("shop", OTHER_LANDLINE).await;
    let none = ListBillsRequest::default;
    for (filter, expected) in [
        (ListBillsRequest { bill_id: Some(WATER.0.into()), ..none() }, Some(water.id)),
        (ListBillsRequest { payment_id: Some(LANDLINE.1.into()), ..none() }, Some(landline.id)),
        (ListBillsRequest { id: Some(water.id), ..none() }, Some(water.id)),
        (
            ListBillsRequest { reference_number: landline.reference_number, ..none() },
            Some(landline.id),
        ),
        // All conditions together, and nothing of anybody else's.
        (ListBillsRequest { id: Some(water.id), bill_id: Some(LANDLINE.0.into()), ..none() }, None),
        (ListBillsRequest { id: Some(shops.id), ..none() }, None),
        (ListBillsRequest { reference_number: shops.reference_number, ..none() }, None),
    ] {
        let page = utilities.list("sara", &ListBillsRequest { size: 10, ..filter.clone() }).await;
        let found = page.result.first().map(|bill| bill.id);
        assert_eq!((page.count, found), (u64::from(expected.is_some()), expected), "{filter:?}");
    }
}

#[tokio::test]
async fn lists_are_chosen_by_day_in_milliseconds_or_jalali() {
    let utilities = Utilities::start().await;
    let first = utilities.pay("sara", WATER).await.id;
    utilities.it_is("1399/03/14 23:59:59");
    let second = utilities.pay("sara", LANDLINE).await.id;
    utilities.it_is("1399/03/15 00:00:00");
    let third = utilities.pay("sara", ELECTRICITY).await.id;

    let millis = |text| at(text).0;
    let (noon, eve) = (millis("1399/03/13 12:00:00"), millis("1399/03/14 23:59:59"));
    for (fields, expected) in [
        (format!("fromDate={noon}"), vec![third, second]),
        (format!("toDate={noon}"), vec![first]),
        // Inclusive on both sides.
        (format!("fromDate={eve}&toDate={eve}"), vec![second]),
        (format!("fromDate={}", eve + 1), vec![third]),
        (format!("toDate={}", eve - 1), vec![first]),
        ("fromDate=1399/03/14".to_owned(), vec![third, second]),
        ("toDate=1399/03/14".to_owned(), vec![second, first]),
        ("fromDate=1399%2F03%2F14&toDate=1399/3/14".to_owned(), vec![second]),
        ("FROMDATE=1399/03/15".to_owned(), vec![third]),
        ("fromDate=1399/03/14+23:59:59&toDate=1399/03/15+00:00:00".to_owned(), vec![third, second]),
        ("toDate=1399/03/13+10:00:00".to_owned(), vec![first]),
        ("toDate=1399/03/12".to_owned(), vec![]),
    ] {
        // Whatever number the client knows the service by.
        for product in [3_884_760, 52_043, 22_373, 36_293] {
            assert_eq!(utilities.ids(product, &fields).await, expected, "{product} {fields}");
        }
    }
    for fields in ["fromDate=yesterday", "toDate=1399/13/01", "toDate=99999999999999999999"] {
        let answer = utilities.post("sara", 52_043, &format!("offset=0&size=1&{fields}")).await;
        assert_eq!(answer["errorCode"], 403, "{fields}");
    }
    // The typed client sends milliseconds.
    let request = ListBillsRequest { from_date: Some(Instant(eve)), ..all() };
    assert_eq!(utilities.list("sara", &request).await.count, 2);
}
