//! What an effect moved, by its service's own answer, and what still waits for somebody.

use std::any::Any;

use pod_platform::{
    Rial, Stakes,
    invoices::Invoice,
    is_pending,
    loans::{Loan, LoanStatus},
};
use serde_json::json;

fn loan(status_code: LoanStatus, active: bool, subject_invoice: Option<Invoice>) -> Loan {
    let loan = json!({ "id": 1, "primaryAmount": 0, "totalAmount": 900, "active": active,
        "statusCode": "LOAN_STATUS_CREATED", "createdOffline": false });
    let loan = serde_json::from_value(loan).expect("a loan");
    Loan { status_code, subject_invoice, ..loan }
}

fn invoice(payable: u64) -> Invoice {
    Invoice { id: 1, payable_amount: Rial(payable), ..Invoice::default() }
}

#[test]
fn a_reduction_moves_the_difference() {
    let reduction = Stakes::ReductionOf("id");
    let moved = |before, after: &dyn Any| reduction.moved(before, after);
    assert_eq!(moved(Some(Rial(1_000)), &invoice(400)), Some(Rial(600)));
    assert_eq!(moved(Some(Rial(1_000)), &invoice(1_000)), Some(Rial(0)));
    // Whoever made it more meanwhile, this call did not.
    assert_eq!(moved(Some(Rial(1_000)), &invoice(1_001)), Some(Rial(0)));
    assert_eq!(moved(None, &invoice(400)), None, "what it was, nobody knows");
}

#[test]
fn a_payment_moves_what_was_read_and_nothing_made_up() {
    let payment = Stakes::PayableAmountOf("invoiceId");
    assert_eq!(payment.moved(Some(Rial(700)), &true), Some(Rial(700)));
    assert_eq!(payment.moved(None, &true), None);
    // A loan shows the invoice that it pays.
    let loan = loan(LoanStatus::LoanStatusCreated, false, Some(invoice(900)));
    assert_eq!(payment.moved(None, &loan), Some(Rial(900)));
    assert!(payment.shows_afterwards() && !Stakes::ReductionOf("id").shows_afterwards());
}

#[test]
fn a_loan_waits_until_it_is_active_or_over() {
    for (status, active, waits) in [
        (LoanStatus::LoanStatusWaitingToCreate, false, true),
        (LoanStatus::LoanStatusCreated, false, true),
        (LoanStatus::LoanStatusCreated, true, false),
        (LoanStatus::LoanStatusCanceled, false, false),
        (LoanStatus::LoanStatusDone, false, false),
        (LoanStatus::Other("LOAN_STATUS_NEW".into()), false, true),
    ] {
        assert_eq!(is_pending(&loan(status.clone(), active, None)), waits, "{status:?}, {active}");
    }
    assert!(!is_pending(&invoice(1)) && !is_pending(&true));
}
