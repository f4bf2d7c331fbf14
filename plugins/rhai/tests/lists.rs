//! Walking a list in a loop.

mod common;

use std::cell::Cell;

use common::{answer, expect, run_in};
use pod_sdk::error::{Denial, Error};
use rhai::{Dynamic, Engine, EvalAltResult, Position};
use rhai_interpreter::{
    contract::{self, World},
    convert::{FromScript, IntoScript},
    list::{self, Each},
};
use serde_json::{Value, json};

thread_local! {
    static ASKED: Cell<i64> = const { Cell::new(0) };
}

/// `each("numbers", n)` counts to `n`; the next number is an error.
const NUMBERS: World = World {
    name: "numbers",
    function: "run",
    parameters: &["input"],
    register: |engine: &mut Engine| {
        list::register(engine, |_, most| {
            let most = i64::from_script(most).unwrap();
            Ok(Each::new((1..).map(move |number| {
                ASKED.set(number);
                if number <= most { Ok(Dynamic::from_int(number)) } else { Err(denied()) }
            })))
        });
    },
};

fn denied() -> Box<EvalAltResult> {
    let denial = Denial { function: "loans.loan-list".into(), reason: "not granted".into() };
    let thrown = Error::Denied(denial).into_script().unwrap();
    Box::new(EvalAltResult::ErrorRuntime(thrown, Position::NONE))
}

#[test]
fn a_loop_asks_for_no_more_than_it_needs() {
    let source = "fn run(input) {
        let sum = 0;
        for number in each(\"numbers\", 10) { sum += number; if number == 3 { break; } }
        sum
    }";
    assert_eq!(run_in(NUMBERS, source, Value::Null).unwrap(), json!(6));
    assert_eq!(ASKED.get(), 3);
}

#[test]
fn two_loops_share_one_walk() {
    let source = "fn run(input) {
        let numbers = each(\"numbers\", 10);
        let seen = [];
        for number in numbers { seen.push(number); if number == 2 { break; } }
        for number in numbers { seen.push(number); if number == 4 { break; } }
        seen
    }";
    assert_eq!(run_in(NUMBERS, source, Value::Null).unwrap(), json!([1, 2, 3, 4]));
}

#[test]
fn an_error_within_a_list_is_thrown_where_the_list_is() {
    let source = "fn run(input) {\n    for number in each(\"numbers\", 2) { }\n}";
    let with_a_body = source.replace("{ }", "{ print(number); }");
    expect(
        run_in(NUMBERS, &with_a_body, Value::Null),
        "`loans.loan-list` is denied: not granted (in `run`)",
        "2:19",
    );
    let caught = "fn run(input) {
        let seen = [];
        try { for number in each(\"numbers\", 2) { seen.push(number); } }
        catch (error) { seen.push(error.kind); }
        seen
    }";
    assert_eq!(run_in(NUMBERS, caught, Value::Null).unwrap(), json!([1, 2, "denied"]));
}

#[test]
fn what_cannot_be_walked_is_told() {
    let unknown = answer("for loan in each(\"loans\", #{}) { print(loan); }").unwrap_err();
    let beginning = "each: there is no list `loans`, only get_invoice_list,";
    assert!(unknown.message.starts_with(beginning), "{}", unknown.message);
    assert!(unknown.message.contains("loan_list"), "{}", unknown.message);
    expect(
        answer("each(\"get_invoice_list\", #{ is_paid: false })"),
        "each: field is_paid: there is no such field; did you mean `is_payed`? (in `run`)",
        "2:5",
    );
    expect(
        answer("each(\"get_installment_list\", #{})"),
        "each: field loan_id: is missing (in `run`)",
        "2:5",
    );
    expect(
        answer("each(\"loan_list\", 7)"),
        "each: argument request: expected an object map, found a whole number (in `run`)",
        "2:5",
    );
    assert!(
        answer("each(\"loan_list\", #{}); each(\"get_invoice_list\", #{ is_payed: false }); 1")
            .is_ok()
    );
    let decider = World { name: "decider", register: contract::NETTING.register, ..NUMBERS };
    expect(
        run_in(decider, "fn run(input) { each(\"loan_list\", #{}) }", Value::Null),
        "there is no function `each` for a string, an object map (in `run`)",
        "1:17",
    );
}
