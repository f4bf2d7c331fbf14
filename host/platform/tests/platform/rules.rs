//! What is checked before anything is sent: the field is named, and what is expected of it.

use pod_platform::{
    JalaliDate, JalaliDateTime, Rial, Service,
    bills::PayBillRequest,
    invoices::{IssueInvoiceRequest, ReduceInvoiceRequest, VerifyInvoiceRequest},
    loans::RemovePermittedUserFromLoanContractRequest,
    payments::{
        GetInvoicePaymentLinkRequest, PayAnyInvoiceByCreditRequest, PayInvoiceByPosRequest,
        PayInvoiceInFutureRequest, SendInvoicePaymentSMSRequest, VerifyPaymentSMSRequest,
    },
};

fn refused<S: Service>(request: &S, field: &str, expected: &str) {
    let argument = request.prepare().unwrap_err();
    assert_eq!(argument.field, field, "{argument}");
    assert!(argument.expected.contains(expected), "{argument}");
}

fn order() -> IssueInvoiceRequest {
    IssueInvoiceRequest {
        guild_code: "FOOD_GUILD".into(),
        product_id: vec![0],
        price: vec![Some(Rial(1_000))],
        quantity: vec![1.0],
        product_description: vec!["bread".into()],
        ..IssueInvoiceRequest::default()
    }
}

#[test]
fn a_required_text_is_not_empty() {
    refused(
        &IssueInvoiceRequest { guild_code: String::new(), ..order() },
        "guildCode",
        "not empty",
    );
    let no_wallet = PayAnyInvoiceByCreditRequest { invoice_id: 1, ..Default::default() };
    refused(&no_wallet, "wallet", "not empty");
    refused(&VerifyPaymentSMSRequest { invoice_id: 1, code: String::new() }, "code", "not empty");
}

#[test]
fn dates_are_days_of_the_calendar() {
    let future = |year, month, day| PayInvoiceInFutureRequest {
        invoice_id: 1,
        date: JalaliDate { year, month, day },
        guild_code: None,
        wallet: Some("PODLAND_WALLET".into()),
    };
    assert!(future(1399, 12, 30).prepare().is_ok());
    for (year, month, day) in [(1400, 12, 30), (1399, 13, 1), (1399, 7, 31), (1399, 0, 1)] {
        refused(&future(year, month, day), "date", "a day of the Persian calendar");
    }
    let at = JalaliDateTime { date: "1399/03/13".parse().unwrap(), hour: 24, minute: 0, second: 0 };
    let pos = PayInvoiceByPosRequest {
        invoice_id: 1,
        terminal_number: "T".into(),
        merchant_code: "M".into(),
        reference_number: "R".into(),
        tracking_number: "1".into(),
        transaction_date: at,
        wallet: None,
    };
    refused(&pos, "transactionDate", "yyyy/mm/dd HH:MM:SS");
}

#[test]
fn exclusive_fields_are_given_alone() {
    let both = VerifyInvoiceRequest { id: Some(1), bill_number: Some("a".into()) };
    refused(&both, "id", "exactly one of id, billNumber");
    let none = VerifyInvoiceRequest::default();
    refused(&none, "id", "exactly one of id, billNumber");
    let both = PayInvoiceInFutureRequest {
        invoice_id: 1,
        date: "1399/03/13".parse().unwrap(),
        guild_code: Some("FOOD_GUILD".into()),
        wallet: Some("PODLAND_WALLET".into()),
    };
    refused(&both, "guildCode", "exactly one of guildCode, wallet");
    let nobody =
        RemovePermittedUserFromLoanContractRequest { contract_id: 1, ..Default::default() };
    refused(&nobody, "userId", "another one of userId, cellphoneNumber, nationalCode, username");
}

#[test]
fn lists_belong_together() {
    let payment = PayAnyInvoiceByCreditRequest {
        invoice_id: 1,
        wallet: "PODLAND_WALLET".into(),
        delegator_id: vec![1, 2],
        delegation_hash: vec!["a".into()],
        force_delegation: None,
    };
    refused(&payment, "delegationHash", "empty, or as long as delegatorId, 2");
    let discount = IssueInvoiceRequest { discount: vec![Rial(1); 2], ..order() };
    refused(&discount, "discount", "empty, or as long as productId, 1");
    let reduce = ReduceInvoiceRequest {
        id: 1,
        invoice_item_id: vec![1],
        price: vec![Rial(1)],
        ..Default::default()
    };
    refused(&reduce, "quantity", "as long as invoiceItemId, price");
    assert!(ReduceInvoiceRequest { id: 1, ..Default::default() }.prepare().is_ok());
}

#[test]
fn ranges_and_shapes() {
    refused(
        &IssueInvoiceRequest { quantity: vec![0.0], ..order() },
        "quantity",
        "more than 0, not 0",
    );
    refused(
        &IssueInvoiceRequest { quantity: vec![f64::INFINITY], ..order() },
        "quantity",
        "more than 0",
    );
    refused(&IssueInvoiceRequest { price: vec![None], ..order() }, "price", "productId is 0");
    let registered = IssueInvoiceRequest { product_id: vec![7], price: vec![None], ..order() };
    assert_eq!(registered.prepare().unwrap().form.get("price"), Some("auto"));
    refused(
        &IssueInvoiceRequest { metadata: Some("{".into()), ..order() },
        "metadata",
        "a JSON text",
    );
    refused(
        &IssueInvoiceRequest { cellphone_number: Some("0912".into()), ..order() },
        "cellphoneNumber",
        "a mobile number such as 09123456789",
    );
    for number in ["09123456789", "+989123456789", "00989123456789"] {
        let told = IssueInvoiceRequest { cellphone_number: Some(number.into()), ..order() };
        assert!(told.prepare().is_ok(), "{number}");
    }
    let sms = SendInvoicePaymentSMSRequest {
        invoice_id: 1,
        sms_content_type: Some(4),
        ..Default::default()
    };
    refused(&sms, "smsContentType", "between 1 and 3, not 4");
    let link = GetInvoicePaymentLinkRequest {
        invoice_id: 1,
        redirect_uri: Some("shop.ir/paid".into()),
        ..Default::default()
    };
    refused(&link, "redirectUri", "a URL such as https://shop.ir/paid");
}

#[test]
fn a_utility_bill_is_checked_digit_by_digit() {
    let bill = |bill_id: &str, payment_id: &str| PayBillRequest {
        bill_id: bill_id.into(),
        payment_id: payment_id.into(),
    };
    assert!(bill("7748317800142", "1770160").prepare().is_ok());
    refused(&bill("7748317800143", "1770160"), "billId", "of `7748317800143` its last digit");
    refused(&bill("7748317800142", "1770161"), "paymentId", "together with the bill id");
    refused(&bill("07748317800142", "1770160"), "billId", "without leading zeros");
}

#[test]
fn p3_a_mobile_number_on_an_invoice_sends_no_sms() {
    // S3: it only says whose cards the gateway shows.
    let named = IssueInvoiceRequest { cellphone_number: Some("09121111111".to_owned()), ..order() };
    assert!(!named.prepare().unwrap().sends_sms());
    let sms = SendInvoicePaymentSMSRequest { invoice_id: 7, ..Default::default() };
    assert!(sms.prepare().unwrap().sends_sms());
}
