//! What the SDK adds to the contract's types.

use pod_sdk::{
    Error,
    bills::{BillStatus, ListBillsRequest, PayBillRequest},
    error::{
        Denial, Doubt, Exhaustion, InvalidArgument, Meter, PlatformError, PlatformErrorKind,
        describe,
    },
    invoices::{GetInvoiceListRequest, IssueInvoiceRequest},
    payments::Gateway,
    values::UtilityBill,
};

#[test]
fn open_enumerations_are_spelled_as_pod_spells_them() {
    assert_eq!(BillStatus::ServiceBillAccepted.code(), "SERVICE_BILL_ACCEPTED");
    assert_eq!(BillStatus::from_code("SERVICE_BILL_ACCEPTED"), BillStatus::ServiceBillAccepted);
    assert_eq!(Gateway::from_code("PEP"), Gateway::Pep);
    let unknown = Gateway::from_code("NEW_BANK");
    assert_eq!(unknown, Gateway::Other("NEW_BANK".into()));
    assert_eq!(unknown.code(), "NEW_BANK");
}

#[test]
fn a_request_says_only_what_it_asks_for() {
    let open = GetInvoiceListRequest { is_payed: Some(false), ..Default::default() };
    assert_eq!((open.size, open.offset, open.issuer_id), (0, None, Vec::new()));
    assert_eq!(IssueInvoiceRequest::default().guild_code, "");
    assert_eq!(ListBillsRequest::default().offset, 0);
}

#[test]
fn a_checked_bill_is_a_request() {
    let bill = UtilityBill::read("9174639504124", "12908190").unwrap();
    let request = PayBillRequest::from(&bill);
    assert_eq!((&*request.bill_id, &*request.payment_id), ("9174639504124", "12908190"));
}

#[test]
fn errors_are_sentences() {
    let refused = |kind, code| {
        let (message, reference_number) = ("…".into(), "99".into());
        Error::Platform(PlatformError { kind, code, message, reference_number })
    };
    let doubt = |reference_number: Option<&str>| {
        let reference_number = reference_number.map(str::to_owned);
        Error::OutcomeUnknown(Doubt { reason: "no answer came".into(), reference_number })
    };
    let said = [
        (
            refused(PlatformErrorKind::InsufficientFunds, 56),
            "POD refused: insufficient-funds (56), “…”, reference number 99",
        ),
        (
            refused(PlatformErrorKind::CreditorInvoiceNotPayed, 0),
            "POD refused: creditor-invoice-not-payed, “…”, reference number 99",
        ),
        (
            Error::Denied(Denial {
                function: "bills.pay-bill".into(),
                reason: "policy.toml does not ask for it".into(),
            }),
            "`bills.pay-bill` is denied: policy.toml does not ask for it",
        ),
        (
            Error::BudgetExhausted(Exhaustion { meter: Meter::BytesUp, needed: 5, remaining: 3 }),
            "the budget `bytes-up` does not cover this: 5 needed, 3 left",
        ),
        (
            doubt(Some("7")),
            "nobody knows yet whether this took effect: no answer came, reference number 7",
        ),
        (doubt(None), "nobody knows yet whether this took effect: no answer came"),
        (
            Error::InvalidArgument(InvalidArgument {
                field: "quantity".into(),
                expected: "above 0".into(),
            }),
            "`quantity` must be above 0",
        ),
        (Error::Unavailable("no route".into()), "POD is not available: no route"),
    ];
    for (error, sentence) in said {
        assert_eq!(describe(&error), sentence);
    }
}
