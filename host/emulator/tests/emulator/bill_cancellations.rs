//! cancelBill.

use pod_platform::{
    bills::{BillStatus, CancelBillRequest},
    payments::PayAnyInvoiceByCreditRequest,
    types::PlatformErrorKind as Kind,
};

use crate::utilities::{
    ELECTRICITY, LANDLINE, MOBILE, Utilities, WATER, all, at, is_paid, other_mobile, pay, pay_any,
    traffic_fine,
};

#[tokio::test]
async fn a_payment_is_cancelled_and_the_bill_can_be_paid_again() {
    let utilities = Utilities::start().await;
    let paid = utilities.pay("sara", ELECTRICITY).await;
    utilities.it_is("1399/03/13 12:00:00");
    let canceled = utilities.world.call("sara", &CancelBillRequest { id: paid.id }).await.unwrap();
    assert_eq!(canceled.status, BillStatus::ServiceBillCanceled);
    assert_eq!(canceled.cancel_date, Some(at("1399/03/13 12:00:00")));
    assert_eq!(canceled.request_date, paid.request_date);
    assert_eq!(canceled.invoice_id, paid.invoice_id);
    let invoice = utilities.world.invoice(paid.invoice_id.unwrap()).await;
    assert!(invoice.canceled && !invoice.closed && !invoice.payed);
    assert_eq!(utilities.wallet(40).await, 5_000_000);
    assert_eq!(utilities.world.balance(&format!("invoice:{}", invoice.id)).await, 0);

    let again = CancelBillRequest { id: paid.id };
    assert_eq!(utilities.world.refused("sara", &again).await, Kind::NoPermission);
    let invoice = utilities.world.refused("sara", &pay_any(invoice.id)).await;
    assert_eq!(invoice, Kind::InvoiceIsCanceled);
    assert_eq!(utilities.wallet(40).await, 5_000_000);

    let second = utilities.pay("shop", ELECTRICITY).await;
    assert_ne!((second.id, second.invoice_id), (paid.id, paid.invoice_id));
    assert_eq!(
        utilities.world.refused("sara", &pay(ELECTRICITY)).await,
        Kind::DuplicateServiceBill
    );
    // What was cancelled does not clear.
    utilities.it_is("1399/03/20 00:00:00");
    assert_eq!(utilities.told("sara", paid.id).await, canceled);
    let second = utilities.told("shop", second.id).await;
    assert_eq!(second.status, BillStatus::ServiceBillSantaConfirmed);
}

#[tokio::test]
async fn cancelled_money_goes_back_to_where_it_came_from() {
    let utilities = Utilities::start().await;
    let invoice = utilities.issue("sara", ELECTRICITY).await;
    let payment = PayAnyInvoiceByCreditRequest { delegator_id: vec![50], ..pay_any(invoice) };
    assert!(utilities.world.call("sara", &payment).await.unwrap());
    assert_eq!(utilities.world.balance("delegation:reza-any").await, 0);
    assert_eq!(utilities.wallet(40).await, 4_971_000);
    let bill = is_paid(&utilities, invoice, 40, "sara").await;
    utilities.world.call("sara", &CancelBillRequest { id: bill.id }).await.unwrap();
    assert_eq!(utilities.world.balance("delegation:reza-any").await, 100_000);
    assert_eq!(utilities.wallet(40).await, 5_000_000);
}

#[tokio::test]
async fn what_cannot_be_cancelled() {
    let utilities = Utilities::start().await;
    let (bill_id, payment_id) = traffic_fine();
    assert_eq!(utilities.code("sara", 52_042, (&bill_id, &payment_id)).await, 0);
    let fine = utilities.list("sara", &all()).await.result[0].id;
    let mobile = utilities.pay("sara", MOBILE).await.id;
    let water = utilities.pay("sara", WATER).await.id;
    utilities.issue("sara", LANDLINE).await;
    let unpaid = utilities.list("sara", &all()).await.result[0].id;
    let before = utilities.wallet(40).await;
    for (token, id, kind) in [
        ("sara", fine, Kind::NoPermission),
        ("sara", mobile, Kind::NoPermission),
        ("sara", unpaid, Kind::NoPermission),
        ("shop", water, Kind::NoPermission),
        ("sara", 999, Kind::NotFound),
        ("sara", u64::MAX, Kind::BadParameters),
    ] {
        let request = CancelBillRequest { id };
        assert_eq!(utilities.world.refused(token, &request).await, kind, "{token} {id}");
    }
    // Too late: the company has the file.
    utilities.it_is("1399/03/14 00:00:00");
    let request = CancelBillRequest { id: water };
    assert_eq!(utilities.world.refused("sara", &request).await, Kind::NoPermission);
    assert_eq!(utilities.wallet(40).await, before);
}

#[tokio::test]
async fn other_mobile_bills_are_cancelled_before_they_clear() {
    let utilities = Utilities::start().await;
    let (bill_id, payment_id) = other_mobile();
    let pair = (bill_id.as_str(), payment_id.as_str());
    let bill = utilities.pay("sara", pair).await;
    assert_eq!(bill.sub_utility_company_name, None);
    utilities.it_is("1399/03/13 10:00:59");
    utilities.world.call("sara", &CancelBillRequest { id: bill.id }).await.unwrap();
    let bill = utilities.pay("sara", pair).await;
    utilities.it_is("1399/03/13 10:01:59");
    let request = CancelBillRequest { id: bill.id };
    assert_eq!(utilities.world.refused("sara", &request).await, Kind::NoPermission);
    assert_eq!(utilities.wallet(40).await, 4_960_000);
}

#[tokio::test]
async fn cancel_bill_takes_both_spellings_and_both_numbers() {
    let utilities = Utilities::start().await;
    for (product, field) in [(3_884_767, "Id"), (3_884_767, "id"), (52_044, "Id"), (52_044, "id")] {
        let bill = utilities.pay("sara", WATER).await;
        let answer = utilities.post("sara", product, &format!("{field}={}", bill.id)).await;
        assert_eq!(answer["result"]["status"], "SERVICE_BILL_CANCELED", "{answer}");
    }
    assert_eq!(utilities.wallet(40).await, 5_000_000);
}
