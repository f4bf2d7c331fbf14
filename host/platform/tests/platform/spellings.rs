//! Fields that POD's documents spell in two ways are read in either.

use pod_platform::{
    Instant, Service as _, bills::ListBillsRequest, invoices::GetInvoiceListRequest,
};

#[test]
fn p8_a_cancel_date_is_read_in_either_spelling() {
    let canceled = Some(Instant(1_590_993_000_000));
    for name in ["cancelDate", "cacelDate"] {
        let bills = format!(
            r#"[{{"id": 7, "billId": "1", "paymentId": "2", "price": 5, "{name}": 1590993000000,
                "status": "SERVICE_BILL_CANCELED"}}]"#
        );
        let bills = ListBillsRequest::read(1, &bills).unwrap().result;
        assert_eq!(bills[0].cancel_date, canceled, "{name}");
        let invoices = format!(r#"[{{"id": 7, "payableAmount": 5, "{name}": 1590993000000}}]"#);
        let invoices = GetInvoiceListRequest::read(1, &invoices).unwrap().result;
        assert_eq!(invoices[0].cancel_date, canceled, "{name}");
    }
}
