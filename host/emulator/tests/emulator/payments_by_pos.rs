//! payInvoiceByPos: POD believes the terminal's bank only.

use pod_emulator::Scenario;
use pod_platform::{payments::PayInvoiceByPosRequest, types::PlatformErrorKind as Kind};

use crate::common::{SCENARIO, World};

async fn world() -> World {
    let scenario = SCENARIO.replacen(
        "\"delegations\"",
        r#""posTransactions": [
            {"invoiceId": 105, "terminalNumber": "T1", "merchantCode": "M1",
             "referenceNumber": "R1", "trackingNumber": "7", "amount": 300,
             "transactionDate": "1399/03/13 09:58:00"},
            {"invoiceId": 101, "terminalNumber": "T1", "merchantCode": "M1",
             "referenceNumber": "R2", "trackingNumber": "8", "amount": 300,
             "transactionDate": "1399/03/13 09:59:00"}
        ], "delegations""#,
        1,
    );
    World::of(Scenario::from_json("common", &scenario).unwrap()).await
}

fn paid(invoice_id: u64) -> PayInvoiceByPosRequest {
    PayInvoiceByPosRequest {
        invoice_id,
        terminal_number: "T1".into(),
        merchant_code: "M1".into(),
        reference_number: "R1".into(),
        tracking_number: "7".into(),
        transaction_date: "1399/03/13 09:58:00".parse().unwrap(),
        wallet: None,
    }
}

#[tokio::test]
async fn what_the_bank_confirms_is_paid() {
    let world = world().await;
    assert!(world.call("shop", &paid(105)).await.unwrap());
    let invoice = world.invoice(105).await;
    assert!(invoice.payed);
    assert_eq!(invoice.terminal_number.as_deref(), Some("T1"));
    assert_eq!(world.balance("invoice:105").await, 300);
    assert_eq!(world.refused("shop", &paid(105)).await, Kind::BillAlreadyPayed);
}

#[tokio::test]
async fn what_the_bank_does_not_know_is_not() {
    let world = world().await;
    let wrong = [
        PayInvoiceByPosRequest { terminal_number: "T2".into(), ..paid(105) },
        PayInvoiceByPosRequest { tracking_number: "8".into(), ..paid(105) },
        PayInvoiceByPosRequest {
            transaction_date: "1399/03/13 09:58:01".parse().unwrap(),
            ..paid(105)
        },
        // The terminal was given another invoice's number.
        paid(101),
    ];
    for request in wrong {
        assert_eq!(world.refused("shop", &request).await, Kind::NotFound);
    }
    let too_little = PayInvoiceByPosRequest {
        reference_number: "R2".into(),
        tracking_number: "8".into(),
        transaction_date: "1399/03/13 09:59:00".parse().unwrap(),
        ..paid(101)
    };
    assert_eq!(world.refused("shop", &too_little).await, Kind::InvalidNumber);
    assert_eq!(world.refused("baker", &paid(105)).await, Kind::NoPermission);
    assert_eq!(world.balance("invoice:101").await, 0);
}
