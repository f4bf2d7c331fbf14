//! A utility bill is told by two numbers that check themselves: which bill, and which payment of
//! it, with the amount inside (S2, S3).

use std::fmt;

use crate::Rial;

/// A utility bill's two identifiers, checked.
///
/// ```
/// use pod_values::{BillType, Rial, UtilityBill};
///
/// let bill = UtilityBill::read("9174639504124", "12908190")?;
/// assert_eq!(bill.bill_type(), BillType::Electricity);
/// assert_eq!(bill.amount(), Rial(129_000));
/// assert_eq!(bill.barcode(), "91746395041240000012908190");
/// assert_eq!(UtilityBill::from_barcode(&bill.barcode())?, bill);
/// assert!(UtilityBill::read("9174639504125", "12908190").is_err());
/// # Ok::<(), pod_values::NotABill>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UtilityBill {
    bill_id: String,
    payment_id: String,
}

/// What a bill is for: the last digit but one of its bill id.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum BillType {
    /// 1
    Water,
    /// 2
    Electricity,
    /// 3
    Gas,
    /// 4
    Landline,
    /// 5
    Mobile,
    /// 6
    Municipality,
    /// 8, by most sources.
    Tax,
    /// 9, by most sources. POD's newer services do not pay these (462).
    TrafficFine,
    /// 0 and 7, which sources do not agree on.
    Other(u8),
}

/// Two texts that are not a bill's identifiers.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotABill {
    /// The bill id does not hold.
    #[error("`{text}` is no bill id: {reason}")]
    BillId {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The payment id does not hold, by itself or for this bill.
    #[error("`{text}` is no payment id: {reason}")]
    PaymentId {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not the 26 digits that a bill's barcode is.
    #[error("`{0}` is not the barcode of a bill: it has 26 digits, 13 of each identifier")]
    Barcode(String),
}

impl NotABill {
    /// What was expected instead.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BillId { reason, .. } | Self::PaymentId { reason, .. } => reason,
            Self::Barcode(_) => "a barcode has 26 digits, 13 of each identifier",
        }
    }
}

const DIGITS: &str = "it must be made of digits";
const LEADING_ZERO: &str = "it must be written without leading zeros";
const LENGTH: &str = "it must have 6 to 13 digits";
const CHECK_DIGIT: &str = "its last digit must check the others";
const FIRST_CHECK_DIGIT: &str = "its last digit but one must check those before it";
const PAIR: &str = "its last digit must check it together with the bill id";

impl UtilityBill {
    /// Checks both identifiers, each by itself and both together.
    ///
    /// # Errors
    /// Says which one does not hold, and why.
    pub fn read(bill_id: &str, payment_id: &str) -> Result<Self, NotABill> {
        let bill_error = |reason| NotABill::BillId { text: bill_id.to_owned(), reason };
        let payment_error = |reason| NotABill::PaymentId { text: payment_id.to_owned(), reason };
        shape(bill_id).map_err(bill_error)?;
        let (body, check) = bill_id.split_at(bill_id.len() - 1);
        if check_digit(body) != check {
            return Err(bill_error(CHECK_DIGIT));
        }
        shape(payment_id).map_err(payment_error)?;
        let (body, checks) = payment_id.split_at(payment_id.len() - 2);
        let (first, second) = checks.split_at(1);
        if check_digit(body) != first {
            return Err(payment_error(FIRST_CHECK_DIGIT));
        }
        if check_digit(&format!("{bill_id}{body}{first}")) != second {
            return Err(payment_error(PAIR));
        }
        Ok(Self { bill_id: bill_id.to_owned(), payment_id: payment_id.to_owned() })
    }

    /// Reads the barcode that is printed on a bill.
    ///
    /// # Errors
    /// If it is not 26 digits, or they are not a bill's identifiers.
    pub fn from_barcode(barcode: &str) -> Result<Self, NotABill> {
        if barcode.len() != 26 || !barcode.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotABill::Barcode(barcode.to_owned()));
        }
        let (bill_id, payment_id) = barcode.split_at(13);
        Self::read(bill_id.trim_start_matches('0'), payment_id.trim_start_matches('0'))
    }

    /// Which bill: 6 to 13 digits.
    #[must_use]
    pub fn bill_id(&self) -> &str {
        &self.bill_id
    }

    /// Which payment: 6 to 13 digits.
    #[must_use]
    pub fn payment_id(&self) -> &str {
        &self.payment_id
    }

    /// What the bill is for.
    #[must_use]
    pub fn bill_type(&self) -> BillType {
        match self.bill_id.as_bytes()[self.bill_id.len() - 2] - b'0' {
            1 => BillType::Water,
            2 => BillType::Electricity,
            3 => BillType::Gas,
            4 => BillType::Landline,
            5 => BillType::Mobile,
            6 => BillType::Municipality,
            8 => BillType::Tax,
            9 => BillType::TrafficFine,
            other => BillType::Other(other),
        }
    }

    /// The utility company's number: 3 digits.
    #[must_use]
    pub fn company(&self) -> &str {
        &self.bill_id[self.bill_id.len() - 5..self.bill_id.len() - 2]
    }

    /// What has to be paid: the payment id's leading digits are thousands of rials.
    #[must_use]
    pub fn amount(&self) -> Rial {
        let thousands = &self.payment_id[..self.payment_id.len() - 5];
        // At most 8 digits.
        Rial(thousands.parse::<u64>().unwrap_or_default() * 1_000)
    }

    /// Both identifiers, each padded to 13 digits.
    #[must_use]
    pub fn barcode(&self) -> String {
        format!("{:0>13}{:0>13}", self.bill_id, self.payment_id)
    }
}

impl BillType {
    /// The name in scripts and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Electricity => "electricity",
            Self::Gas => "gas",
            Self::Landline => "landline",
            Self::Mobile => "mobile",
            Self::Municipality => "municipality",
            Self::Tax => "tax",
            Self::TrafficFine => "traffic-fine",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for BillType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn shape(id: &str) -> Result<(), &'static str> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        Err(DIGITS)
    } else if id.starts_with('0') {
        Err(LEADING_ZERO)
    } else if !(6..=13).contains(&id.len()) {
        Err(LENGTH)
    } else {
        Ok(())
    }
}

/// From the right, weights 2 to 7 again and again; the sum's distance to the next multiple of 11.
fn check_digit(digits: &str) -> String {
    let weights = (2..=7).cycle();
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let rest = sum % 11;
    if rest < 2 { 0 } else { 11 - rest }.to_string()
}
