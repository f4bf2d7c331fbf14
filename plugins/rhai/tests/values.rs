//! What a script can compute without any call.

mod common;

use common::{answer, expect, run_in, told};
use rhai_interpreter::contract;
use serde_json::{Value, json};

#[test]
fn a_bill_is_told_by_its_two_identifiers() {
    let bill = json!({
        "bill_id": "9174639504124",
        "payment_id": "12908190",
        "bill_type": "electricity",
        "amount": 129_000,
        "company": "041",
        "barcode": "91746395041240000012908190",
    });
    assert_eq!(answer(r#"utility_bill("9174639504124", "12908190")"#).unwrap(), bill);
    let barcode = r#"utility_bill_from_barcode("91746395041240000012908190")"#;
    assert_eq!(answer(barcode).unwrap(), bill);
}

#[test]
fn a_bill_that_does_not_check_is_refused() {
    expect(
        answer(r#"utility_bill("9174639504125", "12908190")"#),
        "utility_bill: `9174639504125` is no bill id: its last digit must check the others \
         (in `run`)",
        "2:5",
    );
    expect(
        answer(r#"utility_bill_from_barcode("917")"#),
        "utility_bill_from_barcode: `917` is not the barcode of a bill: it has 26 digits, 13 of \
         each identifier (in `run`)",
        "2:5",
    );
    expect(
        answer(r#"utility_bill(9174639504124, "12908190")"#),
        "utility_bill: argument bill_id: expected a string, found a whole number (in `run`)",
        "2:5",
    );
}

#[test]
fn days_are_counted_in_the_persian_calendar() {
    let day = json!({"year": 1399, "month": 3, "day": 13});
    assert_eq!(answer("jalali_date(1591079400000)").unwrap(), day);
    assert_eq!(answer("jalali_text(jalali_date(1591079400000))").unwrap(), json!("1399/03/13"));
    assert_eq!(
        answer(r#"jalali_text(plus_months("1399/06/31", 6))"#).unwrap(),
        json!("1399/12/30")
    );
    assert_eq!(
        answer("plus_months(#{ year: 1399, month: 12, day: 30 }, 12)").unwrap(),
        json!({"year": 1400, "month": 12, "day": 29})
    );
}

#[test]
fn an_instant_is_a_days_beginning_or_a_time_of_it() {
    let midnight = 1_591_039_800_000_u64;
    let ten = midnight + 10 * 3_600_000;
    assert_eq!(answer(r#"instant_of("1399/03/13")"#).unwrap(), json!(midnight));
    assert_eq!(answer("instant_of(jalali_date(1591079400000))").unwrap(), json!(midnight));
    assert_eq!(answer(r#"instant_of("1399/03/13 10:00:00")"#).unwrap(), json!(ten));
    let map = r#"#{ date: "1399/03/13", hour: 10, minute: 0, second: 0 }"#;
    assert_eq!(answer(&format!("instant_of({map})")).unwrap(), json!(ten));
    assert_eq!(answer(&format!("jalali_text({map})")).unwrap(), json!("1399/03/13 10:00:00"));
}

#[test]
fn a_day_that_no_calendar_has_is_refused() {
    expect(
        answer(r#"plus_months("1400/12/30", 1)"#),
        "plus_months: argument date: `1400/12/30` is not a day of the Persian calendar, written \
         yyyy/mm/dd (in `run`)",
        "2:5",
    );
    expect(
        answer("jalali_text(#{ year: 1399, month: 13, day: 1 })"),
        "jalali_text: argument date: expected a day of the Persian calendar, found 1399/13/01 \
         (in `run`)",
        "2:5",
    );
    expect(
        answer("instant_of(#{ year: 1399, month: 3, day: 300 })"),
        "instant_of: field day: expected a whole number from 0 to 255, found 300 (in `run`)",
        "2:5",
    );
    expect(
        answer(r#"instant_of("1348/01/01")"#),
        "instant_of: argument date: expected a day from 1348/10/11 on, where instants begin, \
         found 1348/01/01 (in `run`)",
        "2:5",
    );
    expect(
        answer(r#"instant_of("1399/03/13 24:00:00")"#),
        "instant_of: argument date: `1399/03/13 24:00:00` is not a date-time of the Persian \
         calendar, written yyyy/mm/dd HH:MM:SS (in `run`)",
        "2:5",
    );
    expect(
        answer("jalali_text(13990313)"),
        "jalali_text: argument date: expected a date, \"yyyy/mm/dd\" or #{year, month, day}, \
         found a whole number (in `run`)",
        "2:5",
    );
    expect(
        answer(r#"plus_months("1399/03/13", -1)"#),
        "plus_months: argument months: expected a whole number from 0 to 4294967295, found -1 \
         (in `run`)",
        "2:5",
    );
    expect(
        answer(r#"plus_months("1399/03/13", 4000000000)"#),
        "plus_months: the calendar ends before 4000000000 months after 1399/03/13 (in `run`)",
        "2:5",
    );
}

#[test]
fn a_percentage_is_exact_and_rounded_down() {
    assert_eq!(answer("percent_of(1000, 2.25)").unwrap(), json!(22));
    assert_eq!(
        answer("percent_of(9007199254740993, 100)").unwrap(),
        json!(9_007_199_254_740_993_i64)
    );
    expect(
        answer("percent_of(1000, -1.5)"),
        "percent_of: -1.5 percent of 1000 rials is no amount (in `run`)",
        "2:5",
    );
    expect(
        answer("percent_of(2.5, 10)"),
        "percent_of: argument amount: expected a whole number, found the decimal number 2.5 (in \
         `run`)",
        "2:5",
    );
    expect(
        answer("percent_of(9000000000000000000, 150)"),
        "the answer of percent_of: 13500000000000000000 is more than a script's whole numbers \
         hold, 9223372036854775807 (in `run`)",
        "2:5",
    );
}

#[test]
fn deciders_can_compute_them_too() {
    let decider = contract::World {
        name: "decider",
        function: "run",
        parameters: &["input"],
        register: contract::NETTING.register,
    };
    let source = r#"fn run(input) { utility_bill("9174639504124", "12908190").amount }"#;
    assert_eq!(run_in(decider, source, Value::Null).unwrap(), json!(129_000));
}

/// An invoice as a service answers it, with these fields changed.
fn invoice(changed: &str) -> String {
    format!(
        "#{{ payed: false, canceled: false, closed: false, waiting: false, \
         verification_needed: false, payment_date: (), verification_date: (), \
         will_be_paid: false, will_be_paid_at: (), delivery_date: (), unreadable: [] }} \
         + #{{ {changed} }}"
    )
}

#[test]
fn what_can_be_paid_and_netted_is_told_as_the_host_tells_it() {
    for (changed, payable, free) in [
        ("", true, false),
        ("payed: true", false, true),
        ("payed: true, will_be_paid: true", false, false),
        ("verification_needed: true", true, false),
        ("verification_needed: true, payment_date: 1", false, false),
        ("payed: true, verification_needed: true, payment_date: 1", false, false),
        ("payed: true, verification_needed: true, verification_date: 1", false, true),
        ("waiting: true", false, false),
        ("will_be_paid_at: 1", false, false),
        ("canceled: true", false, false),
        ("closed: true", false, false),
    ] {
        let invoice = invoice(changed);
        assert_eq!(answer(&format!("is_payable({invoice})")).unwrap(), json!(payable), "{changed}");
        let asked = format!("is_free_for_netting({invoice})");
        assert_eq!(answer(&asked).unwrap(), json!(free), "{changed}");
    }
}

#[test]
fn a_payment_is_split_as_the_host_splits_it() {
    let invoice = r#"#{ payable_amount: 1000, guild_srv: #{ code: "FOOD_GUILD" } }"#;
    let credit = |rials: u64, guild: &str| {
        format!("#{{ remaining_amount: {rials}, guild_code: {guild}, expires_at: () }}")
    };
    let credits =
        [credit(300, "()"), credit(9_000, "\"TOYS_GUILD\""), credit(500, "\"FOOD_GUILD\"")];
    let credits = credits.join(", ");
    for (wallet, lacking) in [(200, 0), (150, 50), (900, 0)] {
        let split = answer(&format!("split({invoice}, [{credits}], {wallet})")).unwrap();
        let expected = json!({ "credits": [300, 0, 500], "wallet": 200, "lacking": lacking });
        assert_eq!(split, expected, "{wallet}");
    }
    expect(
        answer("split(#{ payable_amount: 1 }, [], 0)"),
        "split: field guild_code: names no guild (in `run`)",
        "2:5",
    );
    expect(
        answer("split(#{ payable_amount: 1, guild_code: () }, [5], 0)"),
        "split: field credits[0]: expected an object map, found a whole number (in `run`)",
        "2:5",
    );
}

#[test]
fn a_loan_is_paid_back_as_the_host_has_it() {
    let parts = answer("repayment(6500, 4.0, 6)").unwrap();
    assert_eq!(parts, json!({ "each": 1_126, "interest": 260, "last": 1_130 }));
    assert_eq!(answer("repayment(5, 0.0, 6)").unwrap(), Value::Null);
    let days = r#"schedule(101, 0.0, 2, "1399/06/31", 1).map(|part| [part.amount, jalali_text(part.due_date)])"#;
    assert_eq!(answer(days).unwrap(), json!([[50, "1399/07/30"], [51, "1399/08/30"]]));
    expect(
        answer(r#"schedule(5, 0.0, 6, "1399/06/31", 1)"#),
        "schedule: 5 rials at 0 percent cannot be paid back in 6 instalments from 1 months after \
         1399/06/31 on (in `run`)",
        "2:5",
    );
}

#[test]
fn u9_a_schedule_does_not_begin_on_a_day_of_a_gregorian_year() {
    let (message, position) = told(answer(r#"schedule(101, 0.0, 2, "2020/06/02", 1)"#));
    assert!(
        message.starts_with("schedule: argument start: 2020/06/02 of the Persian"),
        "{message}"
    );
    assert!(message.contains("Gregorian 2020-06-02 is 1399/03/13"), "{message}");
    assert_eq!(position, "2:5");
}

#[test]
fn what_a_loan_offers_is_read_as_the_host_reads_it() {
    for (call, expected) in [
        (r#"installments_of(#{ script: `{"installments":6}` }, ())"#, json!(6)),
        (r#"installments_of(#{ script: `{"installments":6}` }, 12)"#, json!(12)),
        (r#"installments_of(#{ script: "..." }, ())"#, Value::Null),
        ("installments_of(#{ script: () }, ())", Value::Null),
        ("most_breathing(#{ max_breathing_period_count: 3 })", json!(3)),
        ("most_breathing(#{ max_breathing_period_count: () })", json!(0)),
        ("customer_credit((), 5, 40)", Value::Null),
        ("customer_credit([], 5, 40)", json!(0)),
        ("customer_credit([#{ contractId: 5, userId: 40, credit: 9 }], 5, 40)", json!(9)),
        ("customer_credit([#{ contractId: 5, userId: 40, credit: 9 }], 5, ())", json!(0)),
        ("most_lent(#{ customer_credit: (), loan_grantor_ceiling: () })", Value::Null),
        ("most_lent(#{ customer_credit: 9, loan_grantor_ceiling: 7 })", json!(7)),
        ("down_payments(600, 500)", json!({ "least": 100, "most": 599 })),
        ("down_payments(600, ())", json!({ "least": 0, "most": 599 })),
        ("down_payments(600, 0)", Value::Null),
        ("down_payments(0, ())", Value::Null),
    ] {
        assert_eq!(answer(call).unwrap(), expected, "{call}");
    }
    expect(
        answer("most_breathing(#{})"),
        "most_breathing: field max_breathing_period_count: is missing (in `run`)",
        "2:5",
    );
}

#[test]
fn numbers_are_split_as_the_host_splits_them() {
    let split = answer("split(1000, [300, 0, 500, 100])").unwrap();
    assert_eq!(split, json!({ "credits": [300, 0, 500, 100], "wallet": 100 }));
    let split = answer("split(350, [300, 100, 9])").unwrap();
    assert_eq!(split, json!({ "credits": [300, 50, 0], "wallet": 0 }));
    let (message, _) = told(answer("split(-1, [300])"));
    assert!(message.starts_with("split: argument rials: expected a whole number"), "{message}");
}

#[test]
fn what_has_ended_has_ended_as_the_host_has_it() {
    let over = |end: &str| answer(&format!("is_over(#{{ expires_at: {end} }}, 1000)")).unwrap();
    assert_eq!([over("()"), over("1001"), over("1000")], [false, false, true].map(Value::from));
    expect(answer("is_over(#{}, 1000)"), "is_over: field expires_at: is missing (in `run`)", "2:5");
    let closed = |active: bool, end: &str| {
        let end = format!("instant_of(\"1399/03/13\") + {end}");
        let offer = format!("#{{ active: {active}, end_date: {end} }}");
        answer(&format!("why_closed({offer}, \"1399/03/13\")")).unwrap()
    };
    // A contract goes on until the end of its last day.
    assert_eq!(closed(true, "0"), Value::Null);
    assert_eq!(closed(true, "-1"), json!("contract-ended"));
    assert_eq!(closed(false, "-1"), json!("inactive"));
    let breathes = |months: u32| {
        answer(&format!("breathes(#{{ max_breathing_period_count: 3 }}, {months})")).unwrap()
    };
    assert_eq!([breathes(3), breathes(4)], [true, false].map(Value::from));
}

#[test]
fn an_invoice_of_which_a_field_is_missing_is_refused() {
    expect(
        answer("is_payable(#{ payed: false, unreadable: [] })"),
        "is_payable: field canceled: is missing (in `run`)",
        "2:5",
    );
    for (unreadable, says) in
        [("\"vat\"", "expected a list, found a string"), ("#{}", "expected a list")]
    {
        let asked = format!("is_payable({})", invoice(&format!("unreadable: {unreadable}")));
        let refused = answer(&asked).unwrap_err();
        assert!(refused.message.contains(says), "{unreadable}: {}", refused.message);
    }
    expect(
        answer("is_payable(#{ payed: false })"),
        "is_payable: field unreadable: is missing (in `run`)",
        "2:5",
    );
}
