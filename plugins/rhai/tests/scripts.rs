//! What a script gets, answers and is told, as far as no capability is called.

mod common;

use common::{LOG, expect, log, run};
use pod_sdk::{
    bindings::policy::pod::policy::types::Failure,
    log::Level,
    netting::{Credit, Debt, NettingPlan},
};
use rhai_interpreter::{Interpreter, contract, convert::IntoScript};
use serde_json::{Value, json};

fn plan(source: &str, debts: &[u64], credits: &[u64]) -> Result<NettingPlan, Failure> {
    let debts = (1..).zip(debts).map(|(id, &payable_amount)| Debt {
        id,
        payable_amount,
        issuer_id: None,
        issuance_date: Some(1_591_000_000_000),
    });
    let credits = (1001..).zip(credits).map(|(id, &payable_amount)| Credit {
        id,
        payable_amount,
        issuer_id: None,
        user_id: Some(7),
        payment_date: None,
    });
    let mut interpreter = Interpreter::new(contract::NETTING, log);
    interpreter.load(contract::NETTING, source)?;
    interpreter.call([
        debts.collect::<Vec<_>>().into_script(),
        credits.collect::<Vec<_>>().into_script(),
        json!({}).into_script(),
    ])
}

#[test]
fn json_passes_through_a_script() {
    let input = json!({"a": [1, 2.5, "x", null, true], "b": {"c": {}}, "d": i64::MIN});
    assert_eq!(run("fn run(input) { input }", input.clone()).unwrap(), input);
    assert_eq!(
        run("fn run(input) { input.b.c = 'x'; input.b }", input).unwrap(),
        json!({"c": "x"})
    );
}

#[test]
fn a_number_that_a_script_cannot_hold_is_no_other_number() {
    expect(
        run("fn run(input) { input }", json!({"ids": [1, u64::MAX]})),
        "input of `run`: field ids[1]: 18446744073709551615 is more than a script's whole numbers \
         hold, 9223372036854775807",
        "",
    );
    expect(
        plan("fn plan(debts, credits) { [] }", &[u64::MAX], &[]),
        "debts of `plan`: item [0].payable_amount: 18446744073709551615 is more than a script's \
         whole numbers hold, 9223372036854775807",
        "",
    );
}

#[test]
fn an_answer_that_does_not_fit_names_the_path() {
    let answer = |answer: &str| plan(&format!("fn plan(debts, credits) {{ {answer} }}"), &[], &[]);
    expect(answer("1"), "the answer of `plan`: expected an object map, found a whole number", "");
    expect(
        answer("()"),
        "the answer of `plan`: expected an object map, found nothing, `()`",
        "1:30",
    );
    expect(
        answer("#{ pairs: 1 }"),
        "the answer of `plan`: field pairs: expected an array, found a whole number",
        "",
    );
    let pair = |pair: &str| answer(&format!("#{{ pairs: [{pair}] }}"));
    expect(
        pair("#{ creditor_invoice_id: \"7\", debtor_invoice_id: 1 }"),
        "the answer of `plan`: field pairs[0].creditor_invoice_id: expected a whole number, found \
         a string",
        "",
    );
    expect(
        pair("#{ creditor_invoice_id: 7, debtor_invoice_id: -1 }"),
        "the answer of `plan`: field pairs[0].debtor_invoice_id: expected a whole number from 0, \
         found -1",
        "",
    );
    expect(
        pair("#{ creditor_invoice_id: 7 }"),
        "the answer of `plan`: field pairs[0].debtor_invoice_id: is missing",
        "",
    );
    expect(
        pair("#{ creditor_invoice_id: 7, debter_invoice_id: 1 }"),
        "the answer of `plan`: field pairs[0].debter_invoice_id: there is no such field; did you \
         mean `debtor_invoice_id`?",
        "",
    );
    expect(
        pair("#{ creditor_invoice_id: 7, debtor_invoice_id: 1, reason: #{ amounts: [2.5] } }"),
        "the answer of `plan`: field pairs[0].reason.rule: is missing",
        "",
    );
    expect(
        run("fn run(input) { #{ sum: 0.0 / 0.0 } }", Value::Null),
        "the answer of `run`: field sum: JSON has no NaN",
        "",
    );
}

#[test]
fn u6_an_answer_of_nothing_is_an_error_that_names_the_line() {
    let nothing = "the answer of `plan`: expected an object map, found nothing, `()`";
    expect(plan("fn plan(debts, credits) {\n    return;\n}", &[1], &[1]), nothing, "3:1");
    let without_else = "fn plan(debts, credits) {\n    if debts.is_empty() { #{} }\n}";
    expect(plan(without_else, &[1], &[1]), nothing, "3:1");
    let ends_in_a_loop = "fn plan(debts, credits, config) {\n    for debt in debts { #{} }\n  }\n\
                          fn plan(one) { [] }";
    expect(plan(ends_in_a_loop, &[1], &[1]), nothing, "3:3");
    // A semicolon takes nothing away from the last statement.
    let pairs = "fn plan(debts, credits) {
        let pairs = [#{ creditor_invoice_id: 1001, debtor_invoice_id: 1 }];
        #{ pairs: pairs };
    }";
    assert_eq!(plan(pairs, &[1], &[1]).unwrap().pairs.len(), 1);
}

#[test]
fn an_argument_that_does_not_fit_is_told_at_the_call() {
    let call = |call: &str| run(&format!("fn run(input) {{\n    {call}\n}}"), Value::Null);
    expect(
        call("pay_invoice_by_invoice(#{ creditor_invoice_id: \"1\", debtor_invoice_id: 2 })"),
        "pay_invoice_by_invoice: field creditor_invoice_id: expected a whole number, found a \
         string (in `run`)",
        "2:5",
    );
    expect(
        call("pay_invoice(7)"),
        "pay_invoice: argument request: expected an object map, found a whole number (in `run`)",
        "2:5",
    );
    expect(
        call("get_invoice_list(#{ size: 1, issuer_id: [1, 2.5] })"),
        "get_invoice_list: field issuer_id[1]: expected a whole number, found the decimal number \
         2.5 (in `run`)",
        "2:5",
    );
    expect(
        call("get_invoice_list(#{ size: 1, from_date: #{ year: 1399, month: 3, day: 300 } })"),
        "get_invoice_list: field from_date.day: expected a whole number from 0 to 255, found 300 \
         (in `run`)",
        "2:5",
    );
    expect(
        call("log(\"warning\", \"x\")"),
        "log: argument level: \"warning\" is unknown; did you mean \"warn\"? (in `run`)",
        "2:5",
    );
    let caught =
        call("let told = (); try { pay_invoice(7) } catch (e) { told = e; } told").unwrap();
    assert_eq!(
        caught,
        json!("pay_invoice: argument request: expected an object map, found a whole number")
    );
}

#[test]
fn a_call_that_a_decider_must_not_make_does_not_exist() {
    expect(
        plan("fn plan(debts, credits) { pay_invoice(#{ invoice_id: 1 }) }", &[], &[]),
        "there is no function `pay_invoice` for an object map (in `plan`)",
        "1:27",
    );
    expect(
        plan("fn plan(debts, credits) { get_random_s64() }", &[], &[]),
        "there is no function `get_random_s64` without parameters (in `plan`)",
        "1:27",
    );
}

#[test]
fn an_uncaught_error_of_a_call_reads_as_a_sentence() {
    expect(
        run(
            "fn run(input) { throw #{ kind: \"platform\", platform_kind: \"insufficient-funds\",
                code: 56, message: \"…\", reference_number: \"99\" } }",
            Value::Null,
        ),
        "POD refused: insufficient-funds (56), “…”, reference number 99 (in `run`)",
        "1:17",
    );
    expect(
        run("fn run(input) { throw #{ kind: \"unavailable\", value: \"down\" } }", Value::Null),
        "POD is not available: down (in `run`)",
        "1:17",
    );
    expect(run("fn run(input) { throw \"no\" }", Value::Null), "no (in `run`)", "1:17");
}

#[test]
fn a_running_error_is_told_where_it_happened() {
    let source = "fn run(input) {\n    outer(input)\n}\n\nfn outer(x) {\n    inner(x) + 1\n}\n\n\
                  fn inner(x) {\n    let y = 1;\n    y + x.amount\n}\n";
    expect(
        run(source, json!({"amont": 1})),
        "the object map has no `amount` (in `inner`)",
        "11:11",
    );
    expect(
        run(source, json!({"amount": {}})),
        "the operator `+` does not take a whole number and an object map (in `inner`)",
        "11:7",
    );
    expect(
        run(source, json!({"amount": i64::MAX})),
        "Addition overflow: 1 + 9223372036854775807 (in `inner`)",
        "11:7",
    );
    expect(
        run("fn run(input) {\n    [1].map(|x| x + input.none)\n}", json!({})),
        "the object map has no `none` (in a closure)",
        "2:27",
    );
    expect(
        run("fn run(input) { again(input) }\nfn again(x) { again(x) }", Value::Null),
        "functions call one another too deeply (in `run`)",
        "",
    );
}

#[test]
fn a_script_that_cannot_work_is_refused_when_it_is_loaded() {
    let load =
        |source: &str| Interpreter::new(contract::NETTING, log).load(contract::NETTING, source);
    expect(load("fn plan(debts, credits) {\n    let x = ;\n}"), "Unexpected ';'", "2:13");
    expect(
        load("fn plan(debts, credits) {\n    if debts.len() > 9 { typo }\n}"),
        "there is no variable `typo`",
        "2:26",
    );
    expect(
        load("fn plan(debts) { [] }"),
        "the world `netting` needs `fn plan(debts, credits, config)`, or without its last \
         parameter: the script's `plan` has 1 parameter",
        "",
    );
    expect(
        load("fn run(input) { [] }"),
        "the world `netting` needs `fn plan(debts, credits, config)`, or without its last \
         parameter: the script has no such function",
        "",
    );
    expect(
        load("let most = 3;\nfn plan(debts, credits) { [] }"),
        "no function sees the variable `most`: make it a constant, `const most = …`, or move it \
         into a function",
        "1:1",
    );
    expect(
        load("fn plan(debts, credits) { [] }\nplan([], []);"),
        "only functions and constants may stand outside of functions: this would never be run",
        "2:1",
    );
    expect(
        load("const START = now();\nfn plan(debts, credits) { [] }"),
        "the constant `START` must be a value that needs no run, like `10` or `[\"a\"]`",
        "1:1",
    );
    expect(
        load("fn plan(debts, credits) { eval(\"[]\") }"),
        "reserved keyword 'eval' is disabled",
        "1:27",
    );
    expect(
        load("fn plan(debts, credits) { switch debts { _ => [] } }"),
        "'switch' is a reserved keyword: write `if … else if …`, which fails where kinds differ",
        "1:27",
    );
}

#[test]
fn a_function_may_leave_out_the_configuration() {
    let load = |source: &str| {
        let mut interpreter = Interpreter::new(contract::POLICY, log);
        interpreter.load(contract::POLICY, source).unwrap();
        let arguments = [json!(1).into_script(), json!({"most": 2}).into_script()];
        interpreter.call::<2, Value>(arguments).unwrap()
    };
    assert_eq!(load("fn run(input) { input }"), json!(1));
    assert_eq!(load("fn run(input, config) { config.most }"), json!(2));
    // All parameters, where both are there.
    let both = "fn run(input) { run(input, #{ most: 3 }) }\nfn run(input, config) { config.most }";
    assert_eq!(load(both), json!(2));
}

#[test]
fn functions_see_constants() {
    let source = "const DAY = 24 * 60;\nconst NAMES = [\"a\", \"b\"];\n\
                  fn run(input) { [DAY, NAMES[1], add(1), own(2), [1, 2].map(|x| x + DAY + NAMES.len)] }\n\
                  fn add(x) { x + DAY }\n\
                  fn own(DAY) { let NAMES = DAY; [DAY, NAMES, [0].map(|x| x + DAY)] }";
    let answer = json!([1440, "b", 1441, [2, 2, [2]], [1443, 1444]]);
    assert_eq!(run(source, Value::Null).unwrap(), answer);

    let mut interpreter = Interpreter::new(contract::POLICY, log);
    interpreter.load(contract::POLICY, source).unwrap();
    interpreter.load(contract::POLICY, "fn run(DAY) { DAY }").unwrap();
    let answer: Value = interpreter.call([json!(2).into_script()]).unwrap();
    assert_eq!(answer, json!(2));

    expect(
        run("const A = 1;\nfn run(input) { A + B }", Value::Null),
        "there is no variable `B`",
        "2:21",
    );
}

#[test]
fn print_and_debug_go_to_the_log() {
    run("fn run(input) {\n    print(1);\n    debug(\"x\");\n    info(#{ a: 1 });\n    warn('c');\n}", Value::Null).unwrap();
    let expected = [
        (Level::Info, "1"),
        (Level::Debug, "line 3: \"x\""),
        (Level::Info, "#{\"a\": 1}"),
        (Level::Warn, "c"),
    ];
    let expected: Vec<_> = expected.map(|(level, line)| (level, line.to_owned())).into();
    assert_eq!(LOG.take(), expected);
}
