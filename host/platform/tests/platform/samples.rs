//! The answers that POD's documents show (S2, S4) decode whole: nothing of them is lost.

use pod_platform::{
    Service,
    bills::PayBillRequest,
    loans::{
        BusinessLoanListRequest, GetInstallmentListRequest, LoanPlanListRequest, LoanStatus,
        UpdateLoanGrantorCreditForUsersRequest,
    },
    wire::envelope::Envelope,
};
use serde_json::Value;

/// Reads a sample's answer, checks that writing it again loses no field, and returns it.
fn whole<S: Service>(sample: &str) -> S::Response {
    let envelope: Envelope<'_> = serde_json::from_str(sample).unwrap();
    assert!(!envelope.has_error);
    let result = envelope.result.unwrap().get();
    let response = S::read(envelope.count.unwrap_or_default(), result).unwrap();
    let written: Value = serde_json::from_str(S::write(&response).unwrap().get()).unwrap();
    contained(&serde_json::from_str(result).unwrap(), &written, "result");
    response
}

/// Everything that `sample` says, `written` says, too. What POD marks as not set may be absent.
fn contained(sample: &Value, written: &Value, path: &str) {
    match (sample, written) {
        (Value::Object(sample), Value::Object(written)) => {
            for (key, value) in sample {
                let other = written.get(key).unwrap_or(&Value::Null);
                contained(value, other, &format!("{path}.{key}"));
            }
        }
        (Value::Array(sample), Value::Array(written)) => {
            assert_eq!(sample.len(), written.len(), "{path}");
            for (index, value) in sample.iter().enumerate() {
                contained(value, &written[index], &format!("{path}[{index}]"));
            }
        }
        (Value::Number(sample), Value::Number(written)) => {
            assert_eq!(sample.as_f64(), written.as_f64(), "{path}");
        }
        (sample, Value::Null) => {
            let not_set = [Value::Null, Value::Bool(false), 0.into(), "".into()];
            assert!(not_set.contains(sample), "{path} is lost: {sample}");
        }
        (sample, written) => assert_eq!(sample, written, "{path}"),
    }
}

#[test]
fn a_paid_bill() {
    let bill = whole::<PayBillRequest>(include_str!("../samples/pay-bill.json"));
    assert_eq!(bill.price.0, 156_000);
    assert_eq!(bill.cancel_date, None);
}

#[test]
fn the_file_of_what_came_of_members() {
    let file = whole::<UpdateLoanGrantorCreditForUsersRequest>(include_str!(
        "../samples/update-loan-grantor-credit-for-users.json"
    ));
    assert_eq!((file.id, file.size), (13_034, Some(0)));
}

#[test]
fn loan_plans() {
    let page = whole::<LoanPlanListRequest>(include_str!("../samples/loan-plan-list.json"));
    assert_eq!((page.count, page.result.len()), (2, 2));
    let contract = page.result[0].contract.as_ref().unwrap();
    assert_eq!(contract.loan_grantor_ceiling.unwrap().0, 100_000);
}

/// Its instalments do not add up to its total: it is a sample to decode, not one to conserve.
#[test]
fn loans() {
    let page = whole::<BusinessLoanListRequest>(include_str!("../samples/business-loan-list.json"));
    assert_eq!((page.count, page.result.len()), (7, 1));
    let loan = &page.result[0];
    assert_eq!(loan.status_code, LoanStatus::LoanStatusCreated);
    assert_eq!(loan.installments.iter().map(|part| part.amount.0).sum::<u64>(), 6_263);
    assert_eq!(loan.pre_settlements.iter().map(|early| early.amount.0).max(), Some(7_085));
    assert_eq!(loan.subject_invoice.as_ref().unwrap().payable_amount.0, 7_085);
}

#[test]
fn an_instalment_paid_by_a_shared_invoice() {
    let page =
        whole::<GetInstallmentListRequest>(include_str!("../samples/get-installment-list.json"));
    let main = &page.result[0].related_invoices[0];
    let whole = main.customer_invoice.as_ref().unwrap();
    let share = &main.sub_invoices[0];
    assert_eq!(
        (main.payable_amount.0, share.payable_amount.0, whole.payable_amount.0),
        (97, 13, 110)
    );
    assert!(share.sub_invoice && main.closed && whole.closed);
}
