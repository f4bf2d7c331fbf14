//! What becomes of a utility bill's payment (S2, S3).

use pod_values::{BillType, UtilityBill};

/// Hamrah-e-Aval's number among the companies (S2's sample).
const HAMRAH_E_AVAL: &str = "091";

/// How far the payment of a bill is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// An invoice is issued, and not paid yet.
    Invoiced,
    /// It is paid.
    Accepted,
    /// Its file could not be sent to the company.
    SendFileFailed,
    /// The company has its file.
    FileConfirmed,
    /// The company has its money.
    Settled,
    /// The payer took it back.
    Canceled,
}

impl Progress {
    /// Is the bill paid, so that nobody can pay it again (error 180)?
    #[must_use]
    pub fn is_paid(self) -> bool {
        match self {
            Self::Accepted | Self::SendFileFailed | Self::FileConfirmed | Self::Settled => true,
            Self::Invoiced | Self::Canceled => false,
        }
    }

    /// Can its payer take it back? As long as it is accepted, and never for Hamrah-e-Aval and traffic
    /// fines (S2).
    #[must_use]
    pub fn can_be_canceled(self, bill: &UtilityBill) -> bool {
        self == Self::Accepted
            && !is_hamrah_e_aval(bill)
            && bill.bill_type() != BillType::TrafficFine
    }

    /// What comes next by itself; none, if nothing does. Mobile bills and traffic fines are settled
    /// within a day (S2), others when the company has confirmed the file (decided here).
    #[must_use]
    pub fn next(self, bill_type: BillType, send_file_fails: bool) -> Option<Self> {
        match (self, bill_type) {
            (Self::Accepted, _) if send_file_fails => Some(Self::SendFileFailed),
            (Self::Accepted, BillType::Mobile | BillType::TrafficFine)
            | (Self::FileConfirmed, _) => Some(Self::Settled),
            (Self::Accepted, _) => Some(Self::FileConfirmed),
            (Self::Invoiced | Self::SendFileFailed | Self::Settled | Self::Canceled, _) => None,
        }
    }
}

/// Is it Hamrah-e-Aval's?
#[must_use]
pub fn is_hamrah_e_aval(bill: &UtilityBill) -> bool {
    bill.bill_type() == BillType::Mobile && bill.company() == HAMRAH_E_AVAL
}

/// Does a service take such a bill? The newer ones take no traffic fines (S3), the older does (S2).
#[must_use]
pub fn is_taken(bill_type: BillType, by_the_older: bool) -> bool {
    by_the_older || bill_type != BillType::TrafficFine
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Progress; 6] = [
        Progress::Invoiced,
        Progress::Accepted,
        Progress::SendFileFailed,
        Progress::FileConfirmed,
        Progress::Settled,
        Progress::Canceled,
    ];

    #[test]
    fn only_what_is_paid_goes_on_and_it_stays_paid() {
        for progress in ALL {
            for bill_type in [BillType::Mobile, BillType::TrafficFine, BillType::Water] {
                for fails in [false, true] {
                    if let Some(next) = progress.next(bill_type, fails) {
                        assert!(progress.is_paid() && next.is_paid(), "{progress:?}, {next:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_payment_is_settled_in_two_steps_and_a_mobile_bills_in_one() {
        let next = |from: Progress, bill_type| from.next(bill_type, false);
        assert_eq!(next(Progress::Accepted, BillType::Water), Some(Progress::FileConfirmed));
        assert_eq!(next(Progress::FileConfirmed, BillType::Water), Some(Progress::Settled));
        assert_eq!(next(Progress::Accepted, BillType::Mobile), Some(Progress::Settled));
        let failed = Progress::Accepted.next(BillType::Mobile, true);
        assert_eq!(failed, Some(Progress::SendFileFailed));
    }

    #[test]
    fn what_can_be_taken_back_is_accepted_and_neither_a_fine_nor_hamrah_e_avals() {
        let landline = UtilityBill::read("7748317800142", "1770160").unwrap();
        for progress in ALL {
            let is_accepted = progress == Progress::Accepted;
            assert_eq!(progress.can_be_canceled(&landline), is_accepted, "{progress:?}");
        }
        assert!(is_taken(BillType::TrafficFine, true));
        assert!(!is_taken(BillType::TrafficFine, false));
    }
}
