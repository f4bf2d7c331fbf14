//! Whose doing the books are: each change has a deed, and each deed a call.

use std::time::Duration;

use pod_emulator::{Deed, Scenario};
use pod_platform::{
    Rial,
    invoices::{CancelInvoiceRequest, GetInvoiceListRequest},
    payments::{PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, PayInvoiceInFutureRequest},
};

use crate::common::{SCENARIO, World, first_page, order};
use crate::street::ask;

const NETTING: PayInvoiceByInvoiceRequest =
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };

/// The deeds, which the control API tells as well.
async fn deeds(world: &World) -> Vec<Deed> {
    let deeds = world.emulator.deeds().await.unwrap();
    let (status, served) = ask(&world.emulator, "/emulator/deeds").await;
    assert_eq!((status, served), (200, serde_json::to_value(&deeds).unwrap()));
    deeds
}

fn named<'a>(deeds: &'a [Deed]) -> Vec<(&'a str, i64, Option<i64>, u64)> {
    let name = |deed: &'a Deed| (&*deed.service, deed.user_id, deed.business_id, deed.rials.0);
    deeds.iter().map(name).collect()
}

#[tokio::test]
async fn a_call_that_changes_something_is_a_deed() {
    let world = World::start().await;
    assert_eq!(deeds(&world).await, []);
    assert!(world.call("shop", &NETTING).await.unwrap());
    let issued = world.call("shop", &order(100, 2.0)).await.unwrap();
    let pay = PayInvoiceByCreditRequest { invoice_id: 101, ..PayInvoiceByCreditRequest::default() };
    assert!(world.call("sara", &pay).await.unwrap());

    let deeds = deeds(&world).await;
    assert_eq!(
        named(&deeds),
        [
            ("payInvoiceByInvoice", 10, Some(1), 7_085),
            ("issueInvoice", 10, Some(1), 0),
            ("payInvoiceByCredit", 40, None, 4_360),
        ]
    );
    let netting = &deeds[0];
    assert_eq!(netting.objects["creditorInvoiceId"], "100");
    assert_eq!((&*netting.objects["debtorInvoiceId"], netting.answered), ("200", None));
    assert_eq!(deeds[1].answered, Some(issued.id.cast_signed()));
}

#[tokio::test]
async fn what_changes_nothing_is_none() {
    let world = World::start().await;
    let list = GetInvoiceListRequest { id: Some(101), ..first_page(1) };
    world.call("shop", &list).await.unwrap();
    world.refused("baker", &NETTING).await;
    world.refused("shop", &CancelInvoiceRequest { id: 103 }).await;
    assert_eq!(deeds(&world).await, []);
}

/// The deed has the number that the answer has; a call that nobody was answered has one, too.
#[tokio::test]
async fn a_deed_has_its_calls_number() {
    let fault = r#"{"faults": [{"service": "cancelInvoice", "call": 2, "unanswered": "after"},
        {"service": "cancelInvoice", "call": 3, "unanswered": "before",
         "landsAfterMilliseconds": 20}],"#;
    let text = SCENARIO.replacen('{', fault, 1);
    let world = World::of(Scenario::from_json("deeds", &text).unwrap()).await;
    let cancel = async |id: u64| {
        let body = format!("scProductId=29810&id={id}");
        world.post(&[("_token_", "shop")], &body).await["referenceNumber"]
            .as_str()
            .map(str::to_owned)
    };
    let answered = cancel(101).await;
    let lost = world.call("shop", &CancelInvoiceRequest { id: 105 }).await;
    assert!(lost.is_err());
    let late = world.call("shop", &CancelInvoiceRequest { id: 102 }).await;
    assert!(late.is_err());
    while world.emulator.faults().await.to_land > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let deeds = deeds(&world).await;
    let canceled: Vec<_> = deeds.iter().map(|deed| &*deed.objects["id"]).collect();
    assert_eq!(canceled, ["101", "105", "102"]);
    assert_eq!(Some(&deeds[0].reference_number), answered.as_ref());
    let numbers: Vec<u64> =
        deeds.iter().map(|deed| deed.reference_number.parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

/// What comes about by itself is nobody's call.
#[tokio::test]
async fn what_is_due_is_nobodys() {
    let world = World::start().await;
    let guarantee = PayInvoiceInFutureRequest {
        invoice_id: 204,
        date: "1399/04/01".parse().unwrap(),
        wallet: Some("PODLAND_WALLET".into()),
        guild_code: None,
    };
    assert!(world.call("shop", &guarantee).await.unwrap());
    world.emulator.advance(Duration::from_secs(30 * 24 * 3600)).await.unwrap();
    let deeds = deeds(&world).await;
    assert_eq!(
        named(&deeds),
        [("payInvoiceInFuture", 10, Some(1), 1_500), ("guaranteed-payment", 0, Some(0), 1_500)]
    );
    assert_eq!(deeds[1].rials, Rial(1_500));
}
