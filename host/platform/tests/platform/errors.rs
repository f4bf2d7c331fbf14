//! Each of POD's codes and messages has a stable kind.

use std::collections::HashSet;

use pod_platform::types::{PlatformError, PlatformErrorKind as Kind};

fn kind(code: i32, message: &str) -> Kind {
    PlatformError::new(code, message.to_owned(), "1".to_owned()).kind
}

#[test]
fn codes_tell_the_kind_whatever_the_message() {
    for (code, expected) in [
        (4, Kind::NotFound),
        (21, Kind::InvalidToken),
        (24, Kind::BillAlreadyPayed),
        (32, Kind::InvoiceIsCanceled),
        (39, Kind::InvalidOtt),
        (45, Kind::BillAlreadyClosed),
        (56, Kind::InsufficientFunds),
        (58, Kind::BillIsWaitingForVerification),
        (59, Kind::NotWaitingForVerification),
        (72, Kind::BillIsWaitingForGateway),
        (99, Kind::InvoiceNotIssuedForCaller),
        (141, Kind::InvalidNumber),
        (178, Kind::InvalidPaymentId),
        (179, Kind::InvalidBillId),
        (180, Kind::DuplicateServiceBill),
        (193, Kind::WalletMissing),
        (403, Kind::BadParameters),
        (462, Kind::TrafficFineNotProcessed),
        (502, Kind::ProviderError),
        (12_345, Kind::Other),
    ] {
        assert_eq!(kind(code, "whatever"), expected, "{code}");
        if expected != Kind::Other {
            assert_eq!(expected.code(), code);
            assert!(!expected.message().is_empty());
        }
    }
}

#[test]
fn messages_tell_the_kind_where_there_is_no_code() {
    for (message, expected) in [
        ("فاکتور بستانکار پرداخت نشده است", Kind::CreditorInvoiceNotPayed),
        ("مجوز انجام این عملیات را ندارید", Kind::NoPermission),
        ("فاکتور بستانکار آماده برای مسدودی می باشد", Kind::CreditorInvoiceEarmarked),
        ("اعتبار کافی جهت انجام عملیات مسدودی را ندارید", Kind::NotEnoughCreditToBlock),
        ("اجازه پرداخت این فاکتور را ندارید", Kind::PaymentNotAllowed),
        // S1 writes it with two spaces.
        ("فاکتور در انتظار پرداخت توسط  تضمین ارائه شده میباشد", Kind::WaitingForGuarantee),
        ("فاکتور قبلا برای پرداخت در آینده ثبت شده است", Kind::WaitingForGuarantee),
        (" فاکتور یافت نشد ", Kind::InvoiceNotFound),
        ("صفحه یافت نشد", Kind::PageNotFound),
        ("کد وارد شده معتبر نمیباشد و یا منقضی شده است", Kind::CodeInvalidOrExpired),
        ("چیز دیگری", Kind::Other),
    ] {
        assert_eq!(kind(0, message), expected, "{message}");
        // A platform may have a code for it that no document tells.
        assert_eq!(kind(1_000, message), expected, "{message}");
    }
}

#[test]
fn no_two_kinds_look_alike() {
    let mut seen = HashSet::new();
    for kind in Kind::all() {
        let told_by = match kind.code() {
            0 => kind.message().to_owned(),
            code => code.to_string(),
        };
        assert!(seen.insert(told_by), "{}", kind.name());
    }
}

#[test]
fn some_codes_leave_the_outcome_open() {
    for code in [227, 378, 999] {
        let error = PlatformError::new(code, String::new(), "1".to_owned());
        assert!(error.is_outcome_unknown(), "{code}");
    }
    assert!(!PlatformError::new(24, String::new(), "1".to_owned()).is_outcome_unknown());
}
