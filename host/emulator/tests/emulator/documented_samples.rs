//! The emulator's answers have the fields of the samples that S2 and S4 show, with values of the
//! same kinds.

use pod_platform::{invoices::IssueInvoiceRequest, loans::PayInvoiceByLoanRequest};
use serde_json::Value;

use crate::{
    common::{World, order},
    loan_world::{LoanWorld, loan},
    utilities::{ELECTRICITY, Utilities},
};

fn sample(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["result"].take()
}

/// What the samples have and the emulator has not.
const ABSENT: [&str; 11] = [
    // A scenario may have them.
    ".profileImage",
    // Of users only their mobile number is known.
    ".phoneNumber",
    // Of a line that is of no registered product.
    "productShortSrv.name",
    "productShortSrv.description",
    "productShortSrv.templateCode",
    // Shared invoices.
    ".customerInvoice",
    ".subInvoices",
    // Nobody has given an instalment's invoice a number.
    "relatedInvoices[0].billNumber",
    // No document says what these are.
    "business.serviceCallName",
    ".guaranteedRate",
    ".penaltyScript",
];

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Notes each field of the sample that the answer has not, or has as something else.
fn compare(sample: &Value, answer: &Value, path: &str, faults: &mut Vec<String>) {
    match (sample, answer) {
        (Value::Object(sample), Value::Object(answer)) => {
            for (name, value) in sample {
                let path = format!("{path}.{name}");
                match answer.get(name) {
                    Some(other) => compare(value, other, &path, faults),
                    None if ABSENT.iter().any(|absent| path.ends_with(absent)) => {}
                    None => faults.push(format!("{path} is absent")),
                }
            }
        }
        (Value::Array(sample), Value::Array(answer)) => {
            if let (Some(sample), Some(answer)) = (sample.first(), answer.first()) {
                compare(sample, answer, &format!("{path}[0]"), faults);
            }
        }
        (sample, answer) if kind(sample) == kind(answer) => {}
        (sample, answer) => {
            faults.push(format!("{path} is {}, not {}", kind(answer), kind(sample)));
        }
    }
}

fn agree(sample: &Value, answer: &Value) {
    let mut faults = Vec::new();
    compare(sample, answer, "result", &mut faults);
    assert!(faults.is_empty(), "{}\n{answer:#}", faults.join("\n"));
}

async fn list(world: &World, path: &str, token: &str, fields: &str) -> Value {
    let answer = world.post_to(path, token, &format!("offset=0&size=9&{fields}")).await;
    assert_eq!(answer["hasError"], false, "{answer}");
    assert!(!answer["result"].as_array().unwrap().is_empty(), "{answer}");
    answer["result"].clone()
}

#[tokio::test]
async fn a_bill_is_answered_as_in_the_sample_of_s2() {
    let utilities = Utilities::start().await;
    let fields = format!("billId={}&paymentId={}", ELECTRICITY.0, ELECTRICITY.1);
    let answer = utilities.post("sara", 52_042, &fields).await;
    let sample = sample(include_str!("../../../platform/tests/samples/pay-bill.json"));
    agree(&sample, &answer["result"]);
}

#[tokio::test]
async fn plans_are_answered_as_in_the_sample_of_s4() {
    let world = LoanWorld::start().await;
    let plans = list(&world, "/nzh/loanPlanList", "sara", "contractId=5").await;
    agree(&sample(include_str!("../../../platform/tests/samples/loan-plan-list.json")), &plans);
}

#[tokio::test]
async fn loans_are_answered_as_in_the_sample_of_s4() {
    let world = LoanWorld::start().await;
    let numbered = IssueInvoiceRequest {
        user_id: Some(40),
        bill_number: Some("15".into()),
        ..order(6_500, 1.0)
    };
    let invoice = world.call("shop", &numbered).await.unwrap().id;
    let request = PayInvoiceByLoanRequest {
        assurance_number: Some("100".into()),
        breathing_period_count: Some(3),
        ..loan(invoice, 5, 61, 85)
    };
    world.taken("sara", &request).await;
    let text = include_str!("../../../platform/tests/samples/business-loan-list.json");
    for (path, token) in [("/nzh/biz/loanList", "shop"), ("/nzh/loanList", "sara")] {
        agree(&sample(text), &list(&world, path, token, "").await);
    }
}

#[tokio::test]
async fn instalments_are_answered_as_in_the_sample_of_s4() {
    let world = LoanWorld::start().await;
    let taken = world.taken("sara", &loan(101, 5, 61, 85)).await;
    let fields = format!("loanId={}", taken.id);
    let parts = list(&world, "/nzh/biz/getInstallmentList", "shop", &fields).await;
    assert_eq!(parts[0]["status"], "INSTALLMENT_STATUS_DONE");
    let invoice = &parts[0]["relatedInvoices"][0];
    assert_eq!(invoice["paymentToolCode"], "PAYMENT_TOOL_CREDIT");
    assert_eq!(invoice["wallet"], "PODLAND_WALLET");
    let text = include_str!("../../../platform/tests/samples/get-installment-list.json");
    agree(&sample(text), &parts);
}
