//! The books: the same history gives the same ones, whenever and however it came about.

use pod_emulator::{Scenario, books::Books};
use pod_platform::{
    Rial,
    bills::IssueBillInvoiceRequest,
    files::UploadFileRequest,
    invoices::{CancelInvoiceRequest, IssueInvoiceRequest},
    loans::PayInvoiceByLoanRequest,
    payments::{
        PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, SendInvoicePaymentSMSRequest,
    },
};
use serde_json::{Value, json};

use crate::common::{SCENARIO, World, order};
use crate::street::ask;

/// The world of `common`, a lender, and a customer with a mobile number.
fn scenario(now: &str) -> Scenario {
    let text = SCENARIO.replacen("1399/03/13 10:00:00", now, 1).replacen(
        '{',
        r#"{"loanContracts": [{"id": 5, "businessId": 3, "ceiling": 90000, "commissionRate": 0,
              "members": [{"userId": 40, "credit": 50000}],
              "plans": [{"id": 1, "name": "two", "installments": 2, "interestRate": 0,
                         "active": true}]}],"#,
        1,
    );
    let text = text.replace(
        r#""accessToken": "sara","#,
        r#""accessToken": "sara", "cellphoneNumber": "09121111111","#,
    );
    Scenario::from_json("books", &text).unwrap()
}

const NETTING: PayInvoiceByInvoiceRequest =
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };

async fn pay(world: &World, invoice_id: u64) {
    let pay = PayInvoiceByCreditRequest { invoice_id, ..PayInvoiceByCreditRequest::default() };
    assert!(world.call("sara", &pay).await.unwrap());
}

async fn books(world: &World) -> Books {
    let books = world.emulator.books().await.unwrap();
    let (status, served) = ask(&world.emulator, "/emulator/books").await;
    assert_eq!((status, served), (200, serde_json::to_value(&books).unwrap()));
    assert_eq!(books.balances.values().sum::<i64>(), 0);
    books
}

#[tokio::test]
async fn two_ways_to_the_same_state_have_the_same_books() {
    let one = World::of(scenario("1399/03/13 10:00:00")).await;
    assert!(one.call("shop", &NETTING).await.unwrap());
    pay(&one, 101).await;
    let issued = one.call("shop", &order(100, 2.0)).await.unwrap();

    // Another day, another order, with calls in between that come to nothing.
    let two = World::of(scenario("1399/03/14 08:00:00")).await;
    two.call("shop", &order(100, 2.0)).await.unwrap();
    two.call("sara", &NETTING).await.unwrap_err();
    pay(&two, 101).await;
    two.emulator.advance(std::time::Duration::from_secs(3_600)).await.unwrap();
    assert!(two.call("shop", &NETTING).await.unwrap());
    let (first, second) = (books(&one).await, books(&two).await);
    assert_eq!(first, second);
    assert_eq!(first.balances, one.emulator.ledger().await.unwrap().balances);

    // One rial, one state and one transaction make a difference.
    two.call("shop", &CancelInvoiceRequest { id: issued.id }).await.unwrap();
    assert_ne!(books(&two).await, first);
}

#[tokio::test]
async fn everything_that_is_money_or_an_object_is_in_the_books() {
    let world = World::of(scenario("1399/03/13 10:00:00")).await;
    let empty = books(&world).await;
    assert_eq!((empty.bills.len(), empty.loans.len(), empty.sms.len()), (0, 0, 0));

    assert!(world.call("shop", &NETTING).await.unwrap());
    let order = IssueInvoiceRequest { user_id: Some(40), ..order(100, 3.0) };
    let loaned = world.call("shop", &order).await.unwrap();
    let loan = PayInvoiceByLoanRequest {
        invoice_id: loaned.id,
        contract_id: 5,
        plan_id: Some(1),
        primary_amount: Some(Rial(50)),
        ..PayInvoiceByLoanRequest::default()
    };
    world.call("shop", &loan).await.unwrap();
    let down_payment = world.emulator.books().await.unwrap().loans[0].pre_paid_invoice_id.unwrap();
    pay(&world, down_payment.unsigned_abs()).await;
    let bill = IssueBillInvoiceRequest {
        bill_id: "7748317800142".to_owned(),
        payment_id: "1770160".to_owned(),
    };
    world.call("sara", &bill).await.unwrap();
    let sms =
        SendInvoicePaymentSMSRequest { invoice_id: 101, ..SendInvoicePaymentSMSRequest::default() };
    assert!(world.call("shop", &sms).await.unwrap());
    let file = UploadFileRequest { file_name: "a.csv".to_owned(), content: b"a".to_vec() };
    world.call("shop", &file).await.unwrap();

    let books = books(&world).await;
    assert_eq!(books.files, empty.files + 1);
    let json = serde_json::to_value(&books).unwrap();
    let invoice = |id: u64| -> &Value {
        let invoices = json["invoices"].as_array().unwrap();
        invoices.iter().find(|invoice| invoice["id"] == id).unwrap()
    };
    assert_eq!(
        *invoice(200),
        json!({"id": 200, "businessId": 2, "userId": 10, "guildCode": "FOOD_GUILD",
               "amount": 6500, "discount": 0, "vat": 585, "payed": true, "unverified": false,
               "canceled": false, "closed": false, "waiting": false, "edited": false,
               "guaranteed": false, "willBePaid": false, "willBeBlocked": true,
               "willBlockedFor": null, "payerId": 10, "wallet": null, "delegated": 0,
               "sources": [{"account": "invoice:100", "rials": 7085}]})
    );
    assert_eq!(invoice(100)["willBePaid"], true);
    let netting = json!({"service": "payInvoiceByInvoice",
                         "postings": {"invoice:100": -7085, "invoice:200": 7085}});
    assert!(json["transactions"].as_array().unwrap().contains(&netting), "{json}");
    assert_eq!(books.loan_members[0].credit, Rial(50_000));
    assert_eq!(books.loans[0].subject_invoice_id, loaned.id as i64);
    assert_eq!(books.loans[0].installments.len(), 2);
    assert_eq!(json["bills"][0]["billId"], "7748317800142");
    assert_eq!(json["sms"], json!({"sendInvoicePaymentSMS": 1}));
    // Nothing that tells when, or by which call.
    let text = json.to_string();
    for word in ["\"at\"", "reference", "15910", "ott", "hashCode"] {
        assert!(!text.to_lowercase().contains(&word.to_lowercase()), "{word}: {text}");
    }
}
