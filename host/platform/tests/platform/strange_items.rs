//! A list survives an item that has a field of another shape than POD's documents describe: the item
//! arrives with what could be read, and tells what could not.

use pod_platform::{
    Rial, Service as _, Stakes,
    bills::ListBillsRequest,
    invoices::{BankGateway, GetInvoiceListRequest, Invoice, ReduceInvoiceRequest},
    loans::{Loan, LoanListRequest, UpdateLoanByPlanRequest},
    rules,
    types::UnreadableField,
    wire::envelope::Envelope,
};

fn list(result: &str) -> Vec<Invoice> {
    GetInvoiceListRequest::read(9, result).unwrap().result
}

fn told(invoice: &Invoice) -> Vec<(&str, &str)> {
    invoice.unreadable.iter().map(|field| (&*field.name, &*field.value)).collect()
}

fn sound_loan() -> Loan {
    let loan =
        r#"{"id": 7, "primaryAmount": 0, "totalAmount": 100, "statusCode": "LOAN_STATUS_CREATED"}"#;
    UpdateLoanByPlanRequest::read(0, loan).unwrap()
}

#[test]
fn m4_amounts_with_a_fraction_leave_their_page_readable() {
    let page = list(
        r#"[{"id": 1, "payableAmount": 500},
            {"id": 2, "vat": 1.35, "payableAmount": 16.35, "totalAmount": 15.0, "payed": true},
            {"id": 3, "payableAmount": 700}]"#,
    );
    let ids: Vec<u64> = page.iter().map(|invoice| invoice.id).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(told(&page[0]), []);
    assert_eq!(told(&page[1]), [("payableAmount", "16.35"), ("vat", "1.35")]);
    assert_eq!((page[1].payable_amount, page[1].vat), (Rial::ZERO, None));
    assert_eq!((page[1].total_amount, page[1].payed), (Some(Rial(15)), true));
    assert_eq!(UnreadableField::in_words(&page[1]), "payableAmount 16.35, vat 1.35");
}

#[test]
fn m4_nothing_may_be_done_with_a_strange_item() {
    let page = list(r#"[{"id": 2, "payableAmount": 500, "payed": "yes"}]"#);
    let invoice = rules::invoice::Invoice::from(&page[0]);
    assert!(invoice.open().is_err() && invoice.cancelable().is_err());
    assert!(invoice.free_for_netting().is_err() && invoice.closable().is_err());
}

#[test]
fn m4_each_strange_field_is_told_as_it_was_sent() {
    for (item, expected) in [
        (r#"{"id": 1, "payableAmount": 5, "serial": "A-1"}"#, vec![("serial", r#""A-1""#)]),
        (r#"{"id": 1, "payableAmount": 5, "guildSrv": "FOOD"}"#, vec![("guildSrv", r#""FOOD""#)]),
        (r#"{"id": 1}"#, vec![("payableAmount", "null")]),
        (r#"{"id": 1, "payableAmount": null}"#, vec![("payableAmount", "null")]),
        (r#"{"payableAmount": 5, "id": {"value": 1}}"#, vec![("id", r#"{"value": 1}"#)]),
        (
            r#"{"id": 1, "payableAmount": 5, "invoiceItemSrvs": [{"id": 2, "amount": 1.5, "quantity": 1}]}"#,
            vec![("invoiceItemSrvs", r#"[{"id": 2, "amount": 1.5, "quantity": 1}]"#)],
        ),
        (
            r#"{"id": 1, "payableAmount": 5, "userSrv": {"id": "x"}, "payed": [], "closed": 7}"#,
            vec![("closed", "7"), ("payed", "[]"), ("userSrv", r#"{"id": "x"}"#)],
        ),
        (
            r#"{"id": 1, "payableAmount": 12345678901234567890123.45}"#,
            vec![("payableAmount", "12345678901234567890123.45")],
        ),
        (r#"{"id": 1, "payableAmount": -5}"#, vec![("payableAmount", "-5")]),
        (r#"{"id": 1, "payableAmount": 5, "cacelDate": "x"}"#, vec![("cacelDate", r#""x""#)]),
    ] {
        let page = list(&format!("[{item}]"));
        assert_eq!(told(&page[0]), expected, "{item}");
    }
}

#[test]
fn m4_loans_bills_and_single_records_are_read_likewise() {
    let loans = r#"[{"id": 7, "primaryAmount": 0.5, "totalAmount": 100, "statusCode": "LOAN_STATUS_CREATED"}]"#;
    let loans = LoanListRequest::read(1, loans).unwrap().result;
    assert_eq!((loans[0].id, loans[0].total_amount), (7, Rial(100)));
    assert_eq!(UnreadableField::in_words(&loans[0]), "primaryAmount 0.5");
    let bills = r#"[{"id": 7, "billId": "1", "paymentId": "2", "price": "much",
        "status": "SERVICE_BILL_ACCEPTED"}]"#;
    let bills = ListBillsRequest::read(1, bills).unwrap().result;
    assert_eq!(UnreadableField::in_words(&bills[0]), r#"price "much""#);
    for issued in [r#"{"id": 4, "payableAmount": 16.35}"#, r#"[{"id": 4, "payableAmount": 16.35}]"#]
    {
        let issued = pod_platform::bills::IssueBillInvoiceRequest::read(0, issued).unwrap();
        assert_eq!((issued.id, issued.unreadable.len()), (4, 1));
    }
}

#[test]
fn m4_a_reduction_that_answers_a_fraction_does_not_tell_what_it_moved() {
    let moved = |sent: &str| {
        let answer = ReduceInvoiceRequest::read(0, sent).unwrap();
        Stakes::ReductionOf("id").moved(Some(Rial(100)), &answer)
    };
    assert_eq!(moved(r#"{"id": 4, "payableAmount": 16}"#), Some(Rial(84)));
    assert_eq!(moved(r#"{"id": 4, "payableAmount": 16.35}"#), None);
}

#[test]
fn m4_one_record_without_an_id_is_no_answer() {
    for (sent, says) in [
        (r#"{"payableAmount": 16.35}"#, "16.35"),
        (r#"{"payableAmount": 16}"#, "`id`"),
        (r#"[{"payableAmount": 16}]"#, "`id`"),
        (r#"{"id": "x", "payableAmount": 16}"#, "whole number"),
        (r#"{"paid": true}"#, "`id`"),
        (r#"[{"id": 1, "payableAmount": 1.5}, {"id": 2, "payableAmount": 1.5}]"#, "list"),
    ] {
        let error = ReduceInvoiceRequest::read(0, sent).unwrap_err().to_string();
        assert!(error.contains(says), "{sent}: {error}");
    }
}

#[test]
fn m4_what_is_no_list_stays_an_error() {
    for result in ["{}", "null", "5", r#"{"id": 1, "payableAmount": 5}"#, "[1"] {
        assert!(GetInvoiceListRequest::read(1, result).is_err(), "{result}");
    }
}

#[test]
fn m4_an_item_that_cannot_be_taken_apart_leaves_its_page_readable() {
    for (item, id) in [
        ("null", 0),
        ("5", 0),
        (r#""a""#, 0),
        ("[]", 0),
        (r#"[7, "a"]"#, 0),
        (r#"{"id": 7, "payableAmount": 5, "payableAmount": 500}"#, 7),
        (r#"{"id": 7, "payableAmount": 5, "cancelDate": 5, "cacelDate": 6}"#, 7),
        (r#"{"id": 7, "payableAmount": 5, "payableAmount": 500, "vat": 1.5}"#, 7),
        (r#"{"id": 7, "id": 8, "payableAmount": 5}"#, 0),
    ] {
        let page = list(&format!(r#"[{{"id": 1, "payableAmount": 5}}, {item}]"#));
        let ids: Vec<u64> = page.iter().map(|invoice| invoice.id).collect();
        assert_eq!(ids, [1, id], "{item}");
        let mut expected = vec![("payableAmount", "null"), ("item", item)];
        if id == 0 {
            expected.insert(0, ("id", "null"));
        }
        assert_eq!(told(&page[1]), expected, "{item}");
        assert_eq!(UnreadableField::in_words(&page[1]), format!("item {item}"));
        assert!(rules::invoice::Invoice::from(&page[1]).open().is_err(), "{item}");
        // It is written as it was sent.
        let written = serde_json::to_string(&page[1]).unwrap();
        assert_eq!(written, item);
    }
}

#[test]
fn m4_a_record_is_an_object_and_is_never_read_by_position() {
    // As many values as there are fields, each of its field's kind.
    let guild = r#"[1, "Food", "FOOD_GUILD"]"#;
    let by_name = r#"{"id": 1, "name": "Food", "code": "FOOD_GUILD"}"#;
    for (sent, is_read) in [(by_name, true), (guild, false)] {
        let page = list(&format!(r#"[{{"id": 1, "payableAmount": 5, "guildSrv": {sent}}}]"#));
        assert_eq!(page[0].guild_srv.is_some(), is_read, "{sent}");
        assert_eq!(page[0].unreadable.is_empty(), is_read, "{sent}");
    }
    let by_position = serde_json::to_value(sound_loan()).unwrap();
    let values: Vec<_> = by_position.as_object().unwrap().values().collect();
    let by_position = serde_json::to_string(&values).unwrap();
    assert!(UpdateLoanByPlanRequest::read(0, &format!("[{by_position}]")).is_err());
    let told = LoanListRequest::read(1, &format!("[{by_position}]")).unwrap();
    assert_eq!((told.result[0].id, told.result[0].unreadable.is_empty()), (0, false));
}

#[test]
fn m4_an_envelope_is_an_object_and_is_never_read_by_position() {
    let sent = br#"[false, "77", 0, null, null, 1, null, [{"id": 1, "payableAmount": 5}]]"#;
    let told = Envelope::read(sent).unwrap_err().to_string();
    assert!(told.contains("sequence"), "{told}");
    let sent = br#"{"hasError": false, "referenceNumber": "77", "count": 1, "result": []}"#;
    assert_eq!(Envelope::read(sent).unwrap().count, Some(1));
    assert!(Envelope::read(br#"{"hasError": false} {}"#).is_err());
}

#[test]
fn m4_what_is_strange_within_a_field_is_told_by_where_it_stands() {
    for (item, words) in [
        (
            r#"{"id": 1, "payableAmount": 5, "invoiceItemSrvs": [
                {"id": 2, "amount": 1, "quantity": 1}, {"id": 3, "amount": 1.5, "quantity": 1}]}"#,
            "invoiceItemSrvs[1].amount 1.5",
        ),
        (
            r#"{"id": 1, "payableAmount": 5, "userSrv": {"id": "x"}, "serial": "A-1"}"#,
            r#"serial "A-1", userSrv.id "x""#,
        ),
        (r#"{"id": 1, "payableAmount": 5, "guildSrv": [1]}"#, "guildSrv [1]"),
        (r#"{"id": 1, "payableAmount": null}"#, "payableAmount null"),
        (
            r#"{"id": 1, "payableAmount": 5, "invoiceItemSrvs": [{"id": 2, "quantity": 1}]}"#,
            r#"invoiceItemSrvs[0] {"id": 2, "quantity": 1}"#,
        ),
    ] {
        let page = list(&format!("[{item}]"));
        assert_eq!(UnreadableField::in_words(&page[0]), words, "{item}");
    }
}

#[test]
fn m4_a_bank_gateway_is_an_object_or_its_name() {
    let gateway = |sent: &str| {
        let page = list(&format!(r#"[{{"id": 1, "payableAmount": 5, "bankGateway": {sent}}}]"#));
        assert_eq!(told(&page[0]), [], "{sent}");
        page[0].bank_gateway.clone()
    };
    let object = r#"{"id": 3, "type": "PEP", "merchantCode": "450", "terminalCode": 77}"#;
    let read = BankGateway {
        id: Some(3),
        type_: Some("PEP".into()),
        merchant_code: Some("450".into()),
        terminal_code: Some("77".into()),
    };
    assert_eq!(gateway(object), Some(read));
    let named = BankGateway { type_: Some("PEP".into()), ..BankGateway::default() };
    assert_eq!(gateway(r#""PEP""#), Some(named));
    assert_eq!(gateway("null"), None);
    assert_eq!(gateway(r#""""#), None);
}

#[test]
fn m4_what_could_not_be_read_is_written_as_it_was_sent() {
    let sent = r#"[{"id": 2, "vat": 1.35, "payableAmount": 16.35, "totalAmount": 15}]"#;
    let page = GetInvoiceListRequest::read(1, sent).unwrap();
    let written = GetInvoiceListRequest::write(&page).unwrap();
    assert!(written.get().contains(r#""payableAmount":16.35"#), "{written}");
    assert!(!written.get().contains("unreadable"), "{written}");
    assert_eq!(GetInvoiceListRequest::read(1, written.get()).unwrap().result, page.result);
    // So is what it is part of.
    let loan = Loan { subject_invoice: page.result.into_iter().next(), ..sound_loan() };
    let written = serde_json::to_string(&loan).unwrap();
    assert!(written.contains(r#""payableAmount":16.35"#), "{written}");
}
