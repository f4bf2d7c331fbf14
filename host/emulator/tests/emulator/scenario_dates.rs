//! When a scenario's invoices were issued and paid.

use std::sync::Arc;

use pod_emulator::{Emulator, Error, Options, Scenario};
use pod_platform::{
    Instant, JalaliDate, ManualClock,
    invoices::{GetInvoiceListRequest as List, Invoice},
};

use crate::common::{World, first_page};

const NOW: &str = "1399/03/13 10:00:00";

/// A scenario with one invoice, of which `rest` is said.
fn text(rest: &str) -> String {
    format!(
        r#"{{"now": "{NOW}",
"businesses": [{{"id": 1, "userId": 10, "name": "A", "apiToken": "a"}}],
"invoices": [{{"id": 7, "businessId": 1, "amount": 5, "guildCode": "G"{rest}}}]}}"#
    )
}

fn scenario(rest: &str) -> Scenario {
    Scenario::from_json("s.json", &text(rest)).unwrap()
}

/// The same, of a platform that lives in the present or in its embedder's.
fn timeless(rest: &str) -> Scenario {
    Scenario { now: None, ..scenario(rest) }
}

fn at(text: &str) -> Instant {
    Instant::from_jalali_date_time(text).unwrap()
}

async fn listed(world: &World) -> Invoice {
    world.call("a", &first_page(1)).await.unwrap().result.remove(0)
}

#[tokio::test]
async fn dates_are_listed() {
    let world = World::of(scenario(
        r#", "payed": true, "issuanceDate": "1399/02/31", "paymentDate": "1399/03/01 12:30:15""#,
    ))
    .await;
    let invoice = listed(&world).await;
    assert_eq!(invoice.issuance_date, Some(at("1399/02/31 00:00:00")));
    assert_eq!(invoice.issuance_persian_date.as_deref(), Some("1399/02/31"));
    assert_eq!(invoice.payment_date, Some(at("1399/03/01 12:30:15")));
}

#[tokio::test]
async fn without_dates_it_has_all_happened_now() {
    for (rest, issued, paid) in [
        ("", NOW, None),
        (r#", "payed": true"#, NOW, Some(NOW)),
        (
            r#", "payed": true, "issuanceDate": "1399/03/12 08:00:00""#,
            "1399/03/12 08:00:00",
            Some(NOW),
        ),
        (r#", "issuanceDate": "1399/03/13""#, "1399/03/13 00:00:00", None),
        (r#", "payed": true, "paymentDate": "1399/03/13 10:00:00""#, NOW, Some(NOW)),
    ] {
        let invoice = listed(&World::of(scenario(rest)).await).await;
        assert_eq!(invoice.issuance_date, Some(at(issued)), "{rest}");
        assert_eq!(invoice.payment_date, paid.map(at), "{rest}");
    }
}

#[tokio::test]
async fn lists_of_a_period_go_by_the_issuance() {
    let world = World::of(scenario(r#", "issuanceDate": "1399/02/31 23:59:59""#)).await;
    let day = |text: &str| text.parse::<JalaliDate>().ok();
    for (from, to, count) in [
        (Some("1399/02/31"), Some("1399/02/31"), 1),
        (Some("1399/03/01"), None, 0),
        (None, Some("1399/02/30"), 0),
    ] {
        let list =
            List { from_date: from.and_then(day), to_date: to.and_then(day), ..first_page(9) };
        assert_eq!(world.call("a", &list).await.unwrap().count, count, "{from:?} {to:?}");
    }
}

#[test]
fn dates_that_cannot_be_name_their_place() {
    for (rest, expected) in [
        (
            r#", "issuanceDate": "1399/12/31""#,
            ":3:88: invoices[0].issuanceDate: `1399/12/31` is neither",
        ),
        (r#", "issuanceDate": "today""#, "invoices[0].issuanceDate: `today` is neither"),
        (
            r#", "issuanceDate": "1399/03/13 10:00:01""#,
            "issuanceDate: `1399/03/13 10:00:01` is in the future",
        ),
        (r#", "issuanceDate": "1399/03/14""#, "issuanceDate: `1399/03/14` is in the future"),
        (
            r#", "payed": true, "paymentDate": "1399/03/14""#,
            "paymentDate: `1399/03/14` is in the future",
        ),
        (r#", "payed": true, "paymentDate": "soon""#, "paymentDate: `soon` is neither"),
        (r#", "paymentDate": "1399/03/13""#, "paymentDate: an invoice that is not `payed`"),
        (
            r#", "payed": true, "issuanceDate": "1399/03/02", "paymentDate": "1399/03/01 23:59:59""#,
            "invoices[0].paymentDate: an invoice is not paid before",
        ),
        (
            r#", "payed": true, "paymentDate": "1399/03/12""#,
            "paymentDate: an invoice is not paid before",
        ),
    ] {
        let error = Scenario::from_json("s.json", &text(rest)).unwrap_err().to_string();
        assert!(error.starts_with("s.json:3:"), "{error}");
        assert!(error.contains(expected), "{error}\nexpected {expected}");
    }
}

#[tokio::test]
async fn a_scenario_without_a_now_is_checked_against_the_clock_it_starts_with() {
    let rest = r#", "issuanceDate": "1399/03/13 10:00:00""#;
    for (now, starts) in [("1399/03/13 10:00:00", true), ("1399/03/13 09:59:59", false)] {
        let clock = Some(Arc::new(ManualClock::new(at(now))) as _);
        let options = Options { scenario: timeless(rest), clock, ..Options::default() };
        match Emulator::start(options).await {
            Ok(_) => assert!(starts, "{now}"),
            Err(Error::Scenario(error)) => {
                assert!(!starts, "{error}");
                assert!(error.to_string().contains("invoices[0].issuanceDate"), "{error}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    let mut scenario = timeless("");
    scenario.invoices[0].issuance_date = Some("1500/01/01".to_owned());
    scenario.check().unwrap();
    let options = Options { scenario, ..Options::default() };
    assert!(matches!(Emulator::start(options).await, Err(Error::Scenario(_))));
}
