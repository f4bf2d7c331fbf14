//! Utility bills' identifiers check themselves.

use pod_values::{BillType, NotABill, Rial, UtilityBill};
use proptest::prelude::*;

#[test]
fn known_bills() {
    for (bill_id, payment_id, bill_type, rials) in [
        ("7748317800142", "1770160", BillType::Landline, 17_000),
        ("1117753200140", "12070160", BillType::Landline, 120_000),
        ("2050327604613", "1070189", BillType::Water, 10_000),
        ("9174639504124", "12908190", BillType::Electricity, 129_000),
        ("9100074409153", "12908199", BillType::Mobile, 129_000),
        ("5006002508016", "10884247", BillType::Water, 108_000),
        ("3300959004310", "385620969", BillType::Water, 3_856_000),
    ] {
        let bill = UtilityBill::read(bill_id, payment_id).unwrap();
        assert_eq!((bill.bill_type(), bill.amount()), (bill_type, Rial(rials)), "{bill_id}");
        assert_eq!((bill.bill_id(), bill.payment_id()), (bill_id, payment_id));
    }
    let hamrah_e_aval = UtilityBill::read("9100074409153", "12908199").unwrap();
    assert_eq!(hamrah_e_aval.company(), "091");
}

#[test]
fn what_does_not_check_is_refused_and_named() {
    for (bill_id, payment_id, expected) in [
        ("9100074409151", "12908199", "`9100074409151` is no bill id: its last digit"),
        ("2234322344613", "12908199", "`2234322344613` is no bill id: its last digit"),
        ("1117753200140", "1770165", "`1770165` is no payment id: its last digit must check it"),
        ("1117753200140", "1770155", "`1770155` is no payment id: its last digit but one"),
        ("1117753200140", "", "`` is no payment id: it must be made of digits"),
        ("۱۱۱۷۷۵۳۲۰۰۱۴۰", "1770160", "is no bill id: it must be made of digits"),
        ("07748317800142", "1770160", "is no bill id: it must be written without leading zeros"),
        ("7748317800142", "01770160", "is no payment id: it must be written without leading"),
        ("10", "1770160", "`10` is no bill id: it must have 6 to 13 digits"),
        ("77483178001420", "1770160", "is no bill id: it must have 6 to 13 digits"),
    ] {
        let error = UtilityBill::read(bill_id, payment_id).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_barcode_holds_both_padded() {
    let bill = UtilityBill::read("7748317800142", "1770160").unwrap();
    assert_eq!(bill.barcode(), "77483178001420000001770160");
    assert_eq!(UtilityBill::from_barcode(&bill.barcode()), Ok(bill));
    for barcode in ["", "7748317800142000000177016", "7748317800142000000177016x"] {
        assert!(matches!(UtilityBill::from_barcode(barcode), Err(NotABill::Barcode(_))));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(bill_id in ".{0,16}", payment_id in ".{0,16}") {
        let _ = UtilityBill::read(&bill_id, &payment_id);
        let _ = UtilityBill::from_barcode(&format!("{bill_id}{payment_id}"));
    }

    /// One wrong digit is always seen where the weight and 11 have nothing in common.
    #[test]
    fn one_wrong_digit_is_seen(place in 0_usize..12, by in 1_u8..10) {
        let mut digits = b"7748317800142".to_vec();
        digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
        let changed = String::from_utf8(digits).unwrap();
        // Remainders 0 and 1 share the check digit 0: such a pair is the only one that passes.
        if let Ok(bill) = UtilityBill::read(&changed, "1770160") {
            prop_assert!(bill.bill_id().ends_with('0'));
        }
    }
}
