//! How the contract's types look to a script.

mod common;

use common::{answer, expect};
use pod_sdk::{
    bills::BillStatus,
    files::{FileContent, UploadFileRequest},
    invoices::IssueInvoiceRequest,
    loans::{LoanListRequest, LoanPlan, LoanStatus, UnreadableField},
    payments::PayInvoiceByPosRequest,
};
use rhai_interpreter::convert::{FromScript, IntoScript, Mismatch};
use serde_json::{Value, json};

/// A request as a script makes it.
fn request<T: FromScript>(map: &str) -> Result<T, Mismatch> {
    T::from_script(rhai::Engine::new().eval(map).expect("the test's script runs"))
}

/// A value as a script sees it.
fn seen(value: impl IntoScript) -> Value {
    Value::from_script(value.into_script().unwrap()).unwrap()
}

#[test]
fn open_enumerations_are_pods_own_codes() {
    assert_eq!(seen(BillStatus::ServiceBillAccepted), json!("SERVICE_BILL_ACCEPTED"));
    assert_eq!(seen(BillStatus::Other("NEW".into())), json!("NEW"));
    let asked: LoanListRequest = request(
        r#"#{ offset: 0, size: 9, status_code: "LOAN_STATUS_DONE", guarantor_code: "NEW" }"#,
    )
    .unwrap();
    assert_eq!(asked.status_code, Some(LoanStatus::LoanStatusDone));
    assert_eq!(asked.guarantor_code.unwrap().code(), "NEW");
    expect(
        answer("loan_list(#{ offset: 0, size: 9, status_code: 7 })"),
        "loan_list: field status_code: expected a string, found a whole number (in `run`)",
        "2:5",
    );
}

#[test]
fn m4_what_pod_sent_in_another_shape_is_not_there() {
    let sound = || LoanPlan {
        id: 7,
        name: None,
        script: None,
        contract: None,
        creation_date: None,
        creator: None,
        active: true,
        interest_rate: None,
        penalty_script: None,
        unreadable: Vec::new(),
    };
    let told = |name: &str, value: &str| UnreadableField { name: name.into(), value: value.into() };
    let unreadable = vec![told("interestRate", r#""high""#), told("active", "7")];
    let strange = seen(LoanPlan { unreadable, ..sound() });
    assert_eq!(
        strange["unreadable"],
        json!([{ "name": "interestRate", "value": "\"high\"" }, { "name": "active", "value": "7" }])
    );
    let keys = |plan: &Value| plan.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut expected = keys(&seen(sound()));
    expected.retain(|key| key != "interest_rate" && key != "active");
    assert_eq!(keys(&strange), expected);
}

#[test]
fn bytes_are_blobs() {
    let file = FileContent { content_type: None, content: vec![104, 105] };
    let content = file.into_script().unwrap();
    let engine = rhai::Engine::new();
    let mut scope = rhai::Scope::new();
    scope.push("file", content);
    let text: String = engine.eval_with_scope(&mut scope, "file.content.as_string()").unwrap();
    assert_eq!(text, "hi");
    assert_eq!(seen(vec![1_u8, 255]), json!([1, 255]), "JSON has no blobs");

    let content = |content: &str| {
        let map = format!("#{{ file_name: \"a.csv\", content: {content} }}");
        request::<UploadFileRequest>(&map).map(|request| request.content)
    };
    assert_eq!(content("blob(2, 7)").unwrap(), [7, 7]);
    assert_eq!(content("\"سلام\"").unwrap(), "سلام".as_bytes());
    assert_eq!(content("[104, 105]").unwrap(), b"hi");
    expect(
        answer("upload_file(#{ file_name: \"a\", content: [1, 256] })"),
        "upload_file: field content[1]: expected a whole number from 0 to 255, found 256 (in `run`)",
        "2:5",
    );
    expect(
        answer("upload_file(#{ file_name: \"a\", content: 7 })"),
        "upload_file: field content: expected a blob, a string or an array of bytes, found a \
         whole number (in `run`)",
        "2:5",
    );
}

#[test]
fn dates_are_maps_or_texts() {
    let day = |from: &str| {
        let map = format!("#{{ offset: 0, size: 1, creation_date_from: {from} }}");
        request::<LoanListRequest>(&map).map(|r| r.creation_date_from.unwrap().to_string())
    };
    assert_eq!(day("\"1399/03/13\"").unwrap(), "1399/03/13");
    assert_eq!(day("#{ year: 1399, month: 3, day: 13 }").unwrap(), "1399/03/13");
    assert_eq!(
        day("\"13.3.1399\"").unwrap_err().to_string(),
        "field creation_date_from: `13.3.1399` is not a day of the Persian calendar, written \
         yyyy/mm/dd"
    );

    let time = |date: &str| {
        let rest = "invoice_id: 1, terminal_number: \"\", merchant_code: \"\", \
                    reference_number: \"\", tracking_number: \"\"";
        let map = format!("#{{ {rest}, transaction_date: {date} }}");
        request::<PayInvoiceByPosRequest>(&map).map(|request| request.transaction_date)
    };
    let at = time("\"1399/03/13 10:00:00\"").unwrap();
    assert_eq!(at.to_string(), "1399/03/13 10:00:00");
    let map = "#{ date: #{ year: 1399, month: 3, day: 13 }, hour: 10, minute: 0, second: 0 }";
    assert_eq!(time(map).unwrap(), at);
    assert_eq!(
        seen(at),
        json!({"date": {"year": 1399, "month": 3, "day": 13}, "hour": 10, "minute": 0, "second": 0})
    );
    assert_eq!(
        time("#{ date: \"1399/03/13\", hour: 10, minute: 60, second: 0 }").unwrap_err().to_string(),
        "field transaction_date: expected a date-time of the Persian calendar, found 1399/03/13 \
         10:60:00"
    );
}

#[test]
fn what_a_request_may_leave_out_may_be_left_out() {
    let invoice: IssueInvoiceRequest = request(
        r#"#{ guild_code: "FOOD_GUILD", product_id: [0, 7], price: [1000, ()], quantity: [1, 2.5],
              product_description: ["bread", ""], redirect_url: "https://shop.example" }"#,
    )
    .unwrap();
    assert_eq!(invoice.price, [Some(1000), None]);
    assert_eq!(invoice.quantity, [1.0, 2.5]);
    assert_eq!(invoice.redirect_url.as_deref(), Some("https://shop.example"));
    assert_eq!(invoice.discount, [0_u64; 0]);
    expect(
        answer("send_invoice_payment_sms(#{})"),
        "send_invoice_payment_sms: field invoice_id: is missing (in `run`)",
        "2:5",
    );
}
