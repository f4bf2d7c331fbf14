//! Faults of a platform that takes a repeat for the call that it repeats.

use pod_emulator::{Options, Scenario};
use pod_platform::{
    payments::PayInvoiceByInvoiceRequest,
    types::{Error, PlatformErrorKind as Kind},
};

use crate::common::{SCENARIO, World};

/// The shop settles what it owes the baker.
const NETTING: PayInvoiceByInvoiceRequest =
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };

/// The shop tries to settle it with what is none of its own.
const OTHER: PayInvoiceByInvoiceRequest =
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 101, debtor_invoice_id: 200 };

async fn start(faults: &str) -> World {
    let faults = format!("{{\"faults\": [{faults}],");
    let scenario = Scenario::from_json("faults", &SCENARIO.replacen('{', &faults, 1)).unwrap();
    World::with(Options { scenario, repeats_are_one_call: true, ..Options::default() }).await
}

async fn refused(world: &World, call: &PayInvoiceByInvoiceRequest) -> Kind {
    match world.call("shop", call).await.unwrap_err() {
        Error::Platform(error) => error.kind,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_was_refused_is_refused_again() {
    let world = start(r#"{"service": "payInvoiceByInvoice", "call": 1, "errorCode": 56}"#).await;
    for _ in 0..3 {
        assert_eq!(refused(&world, &NETTING).await, Kind::InsufficientFunds);
    }
    assert_ne!(refused(&world, &OTHER).await, Kind::InsufficientFunds);
    assert_eq!(world.emulator.faults().await.faults[0].hits, 1);
}

#[tokio::test]
async fn a_broken_line_does_not_break_again_and_no_fault_moves_to_another_call() {
    let world = start(
        r#"{"service": "payInvoiceByInvoice", "call": 1, "unanswered": "before"},
           {"service": "payInvoiceByInvoice", "call": 2, "errorCode": 72}"#,
    )
    .await;
    let unanswered = world.call("shop", &NETTING).await.unwrap_err();
    assert!(matches!(unanswered, Error::OutcomeUnknown(_)), "{unanswered}");
    // Counted anew, it would be the second call, and be refused.
    assert!(world.call("shop", &NETTING).await.unwrap());
    assert_eq!(refused(&world, &OTHER).await, Kind::BillIsWaitingForGateway);
}

#[tokio::test]
async fn a_code_that_leaves_the_outcome_open_is_not_given_twice() {
    let world = start(r#"{"service": "payInvoiceByInvoice", "call": 1, "errorCode": 999}"#).await;
    let open = world.call("shop", &NETTING).await.unwrap_err();
    assert!(matches!(open, Error::OutcomeUnknown(_)), "{open}");
    assert!(world.call("shop", &NETTING).await.unwrap());
}

/// By default a repeat is a call like any other.
#[tokio::test]
async fn otherwise_a_repeat_is_counted() {
    let faults = r#"{"faults": [{"service": "payInvoiceByInvoice", "call": 1, "errorCode": 56}],"#;
    let scenario = Scenario::from_json("faults", &SCENARIO.replacen('{', faults, 1)).unwrap();
    let world = World::of(scenario).await;
    assert_eq!(refused(&world, &NETTING).await, Kind::InsufficientFunds);
    assert!(world.call("shop", &NETTING).await.unwrap());
}
