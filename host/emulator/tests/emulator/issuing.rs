//! issueInvoice.

use pod_platform::{
    Rial,
    invoices::{GetInvoiceListRequest, IssueInvoiceRequest},
    payments::PayInvoiceByCreditRequest,
    types::{Error, PlatformErrorKind as Kind, UnreadableField},
};
use serde_json::{Value, json};

use crate::common::{World, first_page, order};

#[tokio::test]
async fn an_invoice_is_numbered_taxed_and_listed() {
    let world = World::start().await;
    let request = IssueInvoiceRequest {
        product_id: vec![0, 7],
        price: vec![Some(Rial(6_000)), Some(Rial(1_000))],
        quantity: vec![1.0, 0.5],
        product_description: vec!["flour".into(), "salt".into()],
        user_id: Some(40),
        bill_number: Some("order-1".into()),
        preferred_tax_rate: Some(0.09),
        description: Some("for Sara".into()),
        metadata: Some(r#"{"table": 4}"#.into()),
        ..order(1, 1.0)
    };
    let invoice = world.call("shop", &request).await.unwrap();
    assert_eq!(invoice.id, 303);
    assert_eq!(invoice.total_amount, Some(Rial(6_500)));
    assert_eq!(invoice.vat, Some(Rial(585)));
    assert_eq!(invoice.payable_amount, Rial(7_085));
    assert_eq!(invoice.issuance_persian_date.as_deref(), Some("1399/03/13"));
    assert_eq!(invoice.business.as_ref().unwrap().name, "Shop");
    assert_eq!(invoice.user_srv.as_ref().unwrap().name.as_deref(), Some("Sara"));
    assert_eq!(invoice.guild_srv.as_ref().unwrap().code, "FOOD_GUILD");
    let lines = &invoice.invoice_item_srvs;
    assert_eq!(lines.len(), 2);
    // POD shows the price of one.
    assert_eq!((lines[1].amount, lines[1].quantity), (Rial(1_000), 0.5));

    let found = GetInvoiceListRequest { bill_number: Some("order-1".into()), ..first_page(5) };
    for viewer in ["shop", "sara"] {
        assert_eq!(
            world.call(viewer, &found).await.unwrap().result,
            std::slice::from_ref(&invoice)
        );
    }
    assert_eq!(world.emulator.invoice(303).await.unwrap(), Some(invoice));
}

#[tokio::test]
async fn m4_a_tax_with_a_fraction_is_shown_as_pod_shows_it() {
    let world = World::start().await;
    for (price, rate, vat, payable) in
        [(15, None, 1.35, 16.35), (101, Some(0.29), 29.29, 130.29), (101, Some(0.5), 50.5, 151.5)]
    {
        let taxed = IssueInvoiceRequest { preferred_tax_rate: rate, ..order(price, 1.0) };
        let issued = world.call("shop", &taxed).await.unwrap();
        let told = UnreadableField::in_words(&issued);
        assert_eq!(told, format!("payableAmount {payable}, vat {vat}"));
        let list = format!("id={}&size=1", issued.id);
        let page = world.post_to("/nzh/biz/getInvoiceList", "shop", &list).await;
        let shown = &page["result"][0];
        assert_eq!((&shown["vat"], &shown["payableAmount"]), (&json!(vat), &json!(payable)));
        assert_eq!((&shown["totalAmount"], &shown["unreadable"]), (&json!(price), &Value::Null));
    }
}

#[tokio::test]
async fn m4_what_a_fraction_costs_is_whole_rials() {
    let world = World::start().await;
    let taxed =
        IssueInvoiceRequest { preferred_tax_rate: None, user_id: Some(40), ..order(15, 1.0) };
    let invoice_id = world.call("shop", &taxed).await.unwrap().id;
    let pay = PayInvoiceByCreditRequest { invoice_id, ..PayInvoiceByCreditRequest::default() };
    assert!(world.call("sara", &pay).await.unwrap());
    assert_eq!(world.balance(&format!("invoice:{invoice_id}")).await, 16);
}

#[tokio::test]
async fn amounts_are_whole_rials_and_the_usual_tax_is_nine_percent() {
    let world = World::start().await;
    let untold = IssueInvoiceRequest { preferred_tax_rate: None, ..order(6_500, 1.0) };
    assert_eq!(world.call("shop", &untold).await.unwrap().vat, Some(Rial(585)));
    assert_eq!(world.call("shop", &order(100, 0.29)).await.unwrap().payable_amount, Rial(29));
    for (price, quantity) in [(101, 0.5), (u64::MAX, 1.0), (9_007_199_254_740_992, 1.0)] {
        let refused = world.refused("shop", &order(price, quantity)).await;
        assert_eq!(refused, Kind::InvalidNumber, "{price} × {quantity}");
    }
}

#[tokio::test]
async fn a_bill_number_is_used_once_by_each_business() {
    let world = World::start().await;
    let numbered = IssueInvoiceRequest { bill_number: Some("S-101".into()), ..order(100, 1.0) };
    let Error::Platform(error) = world.call("shop", &numbered).await.unwrap_err() else {
        panic!("not refused by the platform");
    };
    assert_eq!(error.kind, Kind::BadParameters);
    assert!(error.message.contains("billNumber"), "{}", error.message);
    assert!(world.call("baker", &numbered).await.is_ok());
}

#[tokio::test]
async fn who_may_issue_for_whom() {
    let world = World::start().await;
    let for_user = |user_id| IssueInvoiceRequest { user_id: Some(user_id), ..order(100, 1.0) };
    assert_eq!(world.refused("sara", &order(100, 1.0)).await, Kind::NoPermission);
    assert_eq!(world.refused("shop", &for_user(10)).await, Kind::NoPermission);
    assert_eq!(world.refused("shop", &for_user(999)).await, Kind::NotFound);
    assert!(world.call("shop", &for_user(20)).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused() {
    let world = World::start().await;
    let base = order(100, 1.0);
    for request in [
        IssueInvoiceRequest { voucher_hash: vec!["v".into()], ..base.clone() },
        IssueInvoiceRequest { deadline: "1399/03/12".parse().ok(), ..base.clone() },
        IssueInvoiceRequest { currency_code: Some("USD".into()), ..base.clone() },
    ] {
        assert_eq!(world.refused("shop", &request).await, Kind::BadParameters);
    }
    let today = IssueInvoiceRequest { deadline: "1399/03/13".parse().ok(), ..base };
    assert!(world.call("shop", &today).await.is_ok());
}

#[tokio::test]
async fn a_registered_product_has_a_price_of_its_own() {
    let world = World::start().await;
    let auto = IssueInvoiceRequest { product_id: vec![7], price: vec![None], ..order(1, 3.0) };
    let invoice = world.call("shop", &auto).await.unwrap();
    assert_eq!(invoice.payable_amount, Rial(2_700));
    let product = invoice.invoice_item_srvs[0].product_short_srv.clone().unwrap();
    assert_eq!((product.id, product.name.as_deref()), (7, Some("salt")));
    assert_eq!(world.refused("baker", &auto).await, Kind::NotFound);
}

#[tokio::test]
async fn a_discount_is_taken_off_its_line() {
    let world = World::start().await;
    let request = IssueInvoiceRequest { discount: vec![Rial(50)], ..order(100, 2.0) };
    let invoice = world.call("shop", &request).await.unwrap();
    assert_eq!(invoice.total_amount_without_discount, Some(Rial(200)));
    assert_eq!(invoice.payable_amount, Rial(150));
    let all = IssueInvoiceRequest { discount: vec![Rial(201)], ..order(100, 2.0) };
    assert_eq!(world.refused("shop", &all).await, Kind::InvalidNumber);
}

#[tokio::test]
async fn a_preview_is_not_kept() {
    let world = World::start().await;
    let before = world.call("shop", &first_page(1)).await.unwrap().count;
    let preview = IssueInvoiceRequest { preview: Some(true), ..order(100, 2.0) };
    let shown = world.call("shop", &preview).await.unwrap();
    assert_eq!((shown.id, shown.payable_amount), (0, Rial(200)));
    assert_eq!(world.call("shop", &first_page(1)).await.unwrap().count, before);
}
