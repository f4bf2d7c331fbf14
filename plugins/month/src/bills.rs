//! Utility bills: their digits are checked, one that is there twice is paid once, and what the
//! wallet cannot pay above its floor is left.

use std::collections::HashSet;

use pod_sdk::{
    Reason, bills,
    values::{Rial, UtilityBill},
};
use serde::Deserialize;

use crate::report::{Bill, Outcome, Report, judged};

/// A bill as it is handed over: by its two identifiers, or by its barcode.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    rename_all_fields = "camelCase",
    expecting = "a bill must be {\"billId\": \"…\", \"paymentId\": \"…\"} or {\"barcode\": \"…\"}"
)]
pub enum Given {
    /// As it is printed.
    Pair {
        /// `billId`
        bill_id: String,
        /// `paymentId`
        payment_id: String,
    },
    /// 26 digits.
    Barcode {
        /// The digits.
        barcode: String,
    },
}

/// A bill, and whether to pay it.
pub struct Planned {
    bill: Option<UtilityBill>,
    shown: Bill,
}

/// Which bills to pay, and what they come to.
pub fn plan(given: &[Given], mut wallet: u64) -> (Vec<Planned>, u64) {
    let mut seen = HashSet::new();
    let mut reserved = 0;
    let planned = given
        .iter()
        .map(|given| {
            let (bill_id, payment_id, read) = match given {
                Given::Pair { bill_id, payment_id } => {
                    let read = UtilityBill::read(bill_id, payment_id);
                    (bill_id.clone(), Some(payment_id.clone()), read)
                }
                Given::Barcode { barcode } => {
                    (barcode.clone(), None, UtilityBill::from_barcode(barcode))
                }
            };
            let skipped = Bill { outcome: Outcome::Skipped, ..Bill::default() };
            let bill = match read {
                Ok(bill) => bill,
                Err(error) => {
                    let error = Some(error.to_string());
                    let reason = Some(Reason::new("bill-does-not-check", []));
                    let shown = Bill { bill_id, payment_id, error, reason, ..skipped };
                    return Planned { bill: None, shown };
                }
            };
            let Rial(rials) = bill.amount();
            let shown = Bill {
                bill_id: bill.bill_id().to_owned(),
                payment_id: Some(bill.payment_id().to_owned()),
                rials: Some(rials),
                ..skipped
            };
            let reason = if seen.contains(&bill.barcode()) {
                Reason::new("bill-twice", [])
            } else if rials > wallet {
                Reason::new("cash-floor", [rials, wallet])
            } else {
                seen.insert(bill.barcode());
                wallet -= rials;
                reserved += rials;
                return Planned { bill: Some(bill), shown };
            };
            Planned { bill: None, shown: Bill { reason: Some(reason), ..shown } }
        })
        .collect();
    (planned, reserved)
}

/// Pays those that are to be paid.
pub fn pay(planned: Vec<Planned>, report: &mut Report) {
    for Planned { bill, mut shown } in planned {
        if let Some(bill) = bill {
            (shown.outcome, shown.error) = judged(bills::pay_bill(&(&bill).into()).map(drop));
            report.spent(bill.amount().0, shown.outcome);
            if shown.outcome == Outcome::Paid {
                report.for_bills += bill.amount().0;
            }
        }
        report.bills.push(shown);
    }
}
