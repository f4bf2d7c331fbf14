//! Nothing falls back silently: what compares, sorts, looks for values, asks functions about items
//! and reads or writes JSON either means something or ends the run where it stands.

mod common;

use common::{answer, expect, run, told};
use serde_json::{Value, json};

#[track_caller]
fn refused(expression: &str, message: &str, position: &str) {
    expect(answer(expression), message, position);
}

/// Whatever calls a function back, with the function `body`.
fn calling_back(body: &str) -> Vec<String> {
    let of_two = ["sort", "sort_by", "order", "order_by", "dedup"];
    let of_one = ["filter", "some", "all", "index_of", "find", "retain", "drain"];
    let of_two = of_two.map(|name| format!("[3, 1, 2].{name}(|a, b| {body})"));
    let of_one = of_one.map(|name| format!("[3, 1, 2].{name}(|a| {body})"));
    let of_maps =
        ["filter", "retain", "drain"].map(|name| format!("#{{ a: 1 }}.{name}(|a| {body})"));
    of_two.into_iter().chain(of_one).chain(of_maps).collect()
}

#[test]
fn m1_a_comparator_that_fails_ends_the_run() {
    let source =
        "fn run(input) {\n    input.sort(|a, b| a.payable_amout - b.payable_amout);\n    input\n}";
    let invoices = json!([{"payable_amount": 3}, {"payable_amount": 1}]);
    expect(run(source, invoices), "the object map has no `payable_amout` (in a closure)", "2:25");
    for call in calling_back("no_such_function(a)") {
        let (message, position) = told(answer(&call));
        assert!(
            message.starts_with("there is no function `no_such_function`"),
            "{call}: {message}"
        );
        assert!(position.starts_with("2:"), "{call}: {position}");
    }
    for call in calling_back("throw \"within\"") {
        let (message, position) = told(answer(&call));
        assert!(message.starts_with("within"), "{call}: {message}");
        assert!(position.starts_with("2:"), "{call}: {position}");
    }
    for call in calling_back("0x7fff_ffff_ffff_ffff + (if a == () { 1 } else { 1 })") {
        let (message, _) = told(answer(&call));
        assert!(message.starts_with("Addition overflow"), "{call}: {message}");
    }
}

#[test]
fn m1_a_comparator_answers_a_whole_number_or_a_boolean() {
    for call in ["sort", "sort_by", "order", "order_by"] {
        for (body, found) in
            [("1.5", "the decimal number 1.5"), ("\"a\"", "a string"), ("()", "nothing, `()`")]
        {
            refused(
                &format!("[3, 1, 2].{call}(|a, b| {body})"),
                &format!(
                    "the function given to `{call}` must answer a whole number, true or false, not \
                     {found} (in `run`)"
                ),
                "2:15",
            );
        }
    }
    refused(
        "[3, 1, 2].sort(|a| a)",
        "a closure does not take just a whole number and a whole number (in `run`)",
        "2:15",
    );
    refused(
        "[3, 1, 2].sort(\"by_amount\")",
        "`sort` takes a function, `|item| …` or `Fn(\"by_amount\")`, no text (in `run`)",
        "2:15",
    );
}

#[test]
fn m1_sorting_is_stable_and_leaves_what_it_cannot_sort() {
    let pairs = "let x = [[2, 1], [1, 2], [2, 3], [1, 4]]; x.sort(COMPARATOR); x";
    for comparator in [
        "|a, b| a[0] - b[0]",
        "|a, b| a[0] < b[0]",
        "|a, b| a[0] <= b[0]",
        "|a, b| if a[0] > b[0] { 1 } else { 0 }",
    ] {
        assert_eq!(
            answer(&pairs.replace("COMPARATOR", comparator)).unwrap(),
            json!([[1, 2], [1, 4], [2, 1], [2, 3]]),
            "{comparator}"
        );
    }
    // An order that contradicts itself ends all the same.
    assert!(answer("let x = []; for i in 0..100 { x.push(i); } x.sort(|a, b| 1); x.len").is_ok());
    assert_eq!(
        answer("let x = [3, 1, 2]; try { x.sort(|a, b| throw 1); } catch { } x").unwrap(),
        json!([3, 1, 2])
    );
    assert_eq!(
        answer("let x = [3, 1, 2]; try { x.retain(|a| if a == 2 { throw 1 } else { false }); } catch { } x")
            .unwrap(),
        json!([3, 1, 2])
    );
    assert_eq!(
        answer("let x = [2, -1, 5]; let y = x.order_desc(); x.sort(); [x, y, [\"b\", \"ا\", \"a\"].order(), [2.5, 1, 2].order()]")
            .unwrap(),
        json!([[-1, 2, 5], [5, 2, -1], ["a", "b", "ا"], [1, 2, 2.5]])
    );
    refused(
        "[1, \"0\"].sort()",
        "`sort` does not compare a whole number with a string (in `run`)",
        "2:14",
    );
    refused(
        "[#{}, #{}].order()",
        "`order` does not compare an object map with an object map (in `run`)",
        "2:16",
    );
}

#[test]
fn m2_an_order_between_kinds_is_an_error_that_names_both() {
    let others = [
        ("\"500000\"", "a string"),
        ("'5'", "a character"),
        ("()", "nothing, `()`"),
        ("true", "true or false"),
        ("[1]", "an array"),
        ("#{}", "an object map"),
        ("blob(1, 0)", "a blob"),
        ("|x| x", "a function"),
    ];
    for operator in ["<", "<=", ">", ">="] {
        for (other, kind) in others {
            // A constant and a value of the run: none is computed ahead by another rule.
            for left in ["5", "input"] {
                let source = format!("fn run(input) {{\n    {left} {operator} {other}\n}}");
                let message =
                    format!("`{operator}` does not compare a whole number with {kind} (in `run`)");
                let (told, position) = told(run(&source, json!(5)));
                assert_eq!(told, message, "{source}");
                assert!(position.starts_with("2:"), "{source}: {position}");
            }
            assert!(answer(&format!("{other} {operator} 2.5")).is_err(), "{other} {operator} 2.5");
        }
        refused(
            &format!("let x = 0.0 / 0.0; x {operator} 1"),
            &format!("`{operator}` cannot compare NaN, which is not a number (in `run`)"),
            "2:26",
        );
    }
}

#[test]
fn m2_equality_between_kinds_is_an_error_but_with_nothing() {
    refused(
        "700 == \"700\"",
        "`==` does not compare a whole number with a string (in `run`)",
        "2:9",
    );
    refused(
        "700 != \"700\"",
        "`!=` does not compare a whole number with a string (in `run`)",
        "2:9",
    );
    refused(
        "700 in [\"700\"]",
        "`==` does not compare a string with a whole number (in `run`)",
        "2:9",
    );
    refused(
        "700 !in [\"700\"]",
        "`==` does not compare a string with a whole number (in `run`)",
        "2:9",
    );
    refused(
        "[\"700\"].index_of(700)",
        "`==` does not compare a string with a whole number (in `run`)",
        "2:13",
    );
    refused(
        "[700].index_of(\"700\")",
        "`index_of` does not compare a whole number with a string (in `run`)",
        "2:11",
    );
    refused(
        "[700, \"700\"].dedup()",
        "`dedup` does not compare a whole number with a string (in `run`)",
        "2:18",
    );
    refused(
        "[[700]] == [[\"700\"]]",
        "`==` does not compare a whole number with a string (in `run`)",
        "2:13",
    );
    refused(
        "#{ id: 700 } != #{ id: \"700\" }",
        "`!=` does not compare a whole number with a string (in `run`)",
        "2:18",
    );
    assert_eq!(
        answer(
            "[5 == (), () == \"\", () == (), #{} != (), () in [1], () != 0, [1, ()] == [1, ()]]"
        )
        .unwrap(),
        json!([false, false, true, true, false, true, true])
    );
}

#[test]
fn m2_what_compares_compares_exactly() {
    assert_eq!(
        answer("[9007199254740993 == 9007199254740992.0, 9007199254740993 > 9007199254740992.0, 2 < 2.5, -2 > -2.5, 2 == 2.0, 1 <= 1.0]")
            .unwrap(),
        json!([false, true, true, true, true, true])
    );
    assert_eq!(
        answer("[\"a\" == 'a', \"ب\" < \"پ\", \"a\" < \"b\", 1 + 1 == 2 && 3 > 2, !(1 == 2), 1 < 2 == true, \"ab\" != 'a']").unwrap(),
        json!([true, true, true, true, true, true, true])
    );
    assert_eq!(
        answer("let f = |x| x; let n = 0; let g = || n += 1; g.call(); [n == 1, n < 2, (0..2) == (0..2), [1, 2] == [1], #{ a: 1 } == #{ b: 1 }]").unwrap(),
        json!([true, true, true, false, false])
    );
    assert_eq!(
        answer("const A = [2, 1]; [A == [2, 1], A.filter(|x| x > 1), A.order(), 2 in A]").unwrap(),
        json!([true, [2], [1, 2], true])
    );
    let (message, _) =
        told(answer("let a = []; let b = []; for i in 0..100 { a = [a]; b = [b]; } a == b"));
    assert_eq!(message, "`==` compares no more than 64 levels (in `run`)");
}

#[test]
fn d2_an_answer_that_is_neither_true_nor_false_is_an_error() {
    for name in ["filter", "some", "all", "index_of", "find", "retain", "drain"] {
        refused(
            &format!("[3, 1, 2].{name}(|a| a.to_string().trim())"),
            &format!(
                "the function given to `{name}` must answer true or false, not nothing, `()` (in `run`)"
            ),
            "2:15",
        );
    }
    for name in ["filter", "retain", "drain"] {
        refused(
            &format!("#{{ a: 1 }}.{name}(|key| key)"),
            &format!(
                "the function given to `{name}` must answer true or false, not a string (in `run`)"
            ),
            "2:15",
        );
    }
    refused(
        "[3, 3].dedup(|a, b| 0)",
        "the function given to `dedup` must answer true or false, not a whole number (in `run`)",
        "2:12",
    );
    for name in ["filter", "map", "some", "all", "dedup", "reduce", "drain", "retain"] {
        let (message, _) = told(answer(&format!("[3, 1].{name}(\"f\")")));
        assert!(message.contains("takes a function"), "{message}");
    }
}

#[test]
fn d2_what_asks_about_items_does_what_rhai_documents() {
    assert_eq!(
        answer(
            "let x = [1, 2, 3, 4]; let y = x.drain(|v| v < 3); let z = x.retain(|v, i| i == 0);
             let m = #{ a: 1, b: 2 }; let n = m.drain(|k, v| v == 1); let o = m.retain(|k| this == 3);
             let d = [1, 1, 2, 1]; d.dedup(); let e = [1, 2, 4, 3]; e.dedup(|a, b| b == a + 1);
             [x, y, z, m, n, o, d, e]"
        )
        .unwrap(),
        json!([[3], [1, 2], [4], {}, {"a": 1}, {"b": 2}, [1, 2, 1], [1, 4, 3]])
    );
    assert_eq!(
        answer(
            "let x = [5, 6, 7, 6]; [x.find(|v| v == 6), x.find(|v| v == 9), x.index_of(6), x.index_of(6, 2),
             x.index_of(6, -1), x.index_of(|v| v > 5), x.index_of(|v| v > 5, -2), x.index_of(9),
             [\"a\", \"b\"].index_of(\"b\"), x.filter(|v, i| i > 1), x.some(|v| v == 7), x.all(|v| v > 5),
             [].all(|v| v), x.find(|v| v > 5, 2)]"
        )
        .unwrap(),
        json!([6, null, 1, 1 + 2, 3, 1, 2, -1, 1, [7, 6], true, false, true, 7])
    );
}

#[test]
fn d1_json_is_json_both_ways() {
    let text = "می\u{200c}خواهم \"نقل\" \\ \n";
    let source = "fn run(input) { [#{ text: input, letter: 'a', none: (), half: 0.5, list: [1] }.to_json(), [1, \"ب\"].to_json(), \"ب\".to_json(), 5.to_json()] }";
    let written = run(source, json!(text)).unwrap();
    let read =
        |index: usize| -> Value { serde_json::from_str(written[index].as_str().unwrap()).unwrap() };
    assert_eq!(
        read(0),
        json!({"text": text, "letter": "a", "none": null, "half": 0.5, "list": [1]})
    );
    assert_eq!((read(1), read(2), read(3)), (json!([1, "ب"]), json!("ب"), json!(5)));

    refused(
        "#{ a: [1.0 / 0.0] }.to_json()",
        "to_json: field a[0]: JSON has no inf (in `run`)",
        "2:25",
    );
    refused("#{ f: |x| x }.to_json()", "to_json: field f: JSON has no Fn (in `run`)", "2:19");

    let parsed =
        answer("parse_json(`{\"id\": 9223372036854775807, \"n\": [1, 2.5, null, true, \"ب\"]}`)");
    assert_eq!(parsed.unwrap(), json!({"id": i64::MAX, "n": [1, 2.5, null, true, "ب"]}));
    refused(
        "parse_json(`{\"id\": 9223372036854775808}`)",
        "parse_json: field id: 9223372036854775808 is more than a script's whole numbers hold, \
         9223372036854775807 (in `run`)",
        "2:5",
    );
    let (message, _) = told(answer("parse_json(\"[18446744073709551616]\")"));
    assert!(message.contains("is too large to be read exactly"), "{message}");
    let (message, _) = told(answer("parse_json(\"{1: 2}\")"));
    assert!(message.contains("key must be a string"), "{message}");
}

#[test]
fn d3_there_is_nothing_to_sleep_with() {
    refused("sleep(1)", "there is no function `sleep` for a whole number (in `run`)", "2:5");
    refused("timestamp()", "there is no function `timestamp` without parameters (in `run`)", "2:5");
    assert_eq!(answer("exit(5); 6").unwrap(), json!(5));
}

#[test]
fn what_is_not_there_of_bits_arrays_and_padding_is_told() {
    for (expression, says) in [
        ("[1, 2].zip([3], |x, y| x + y)", "`zip` takes arrays of one length, not of 2 and 1"),
        ("[].zip([3], |x, y| x + y)", "`zip` takes arrays of one length, not of 0 and 1"),
        ("[1].zip([2], |x, y| throw \"within\")", "within"),
        ("let a = [1]; a.pad(-1, 0); a", "`pad` takes 0 or more, not -1"),
        ("let a = \"a\"; a.pad(-1, 'b'); a", "`pad` takes 0 or more, not -1"),
        ("let a = \"a\"; a.pad(3, \"\"); a", "`pad` takes a text to pad with"),
        ("5.get_bits(0, 65)", "`get_bits`: a whole number has 64 bits, not 65 from 0 on"),
        ("5.get_bits(60, 5)", "`get_bits`: a whole number has 64 bits, not 5 from 60 on"),
        ("5.get_bits(-65, 1)", "`get_bits`: a whole number has 64 bits, not 1 from -65 on"),
        ("5.get_bits(0, -1)", "`get_bits`: a whole number has 64 bits, not -1 from 0 on"),
        ("5.get_bits(-1..3)", "`get_bits`: there is no bit -1"),
        ("5.get_bits(0..=64)", "`get_bits`: a whole number has 64 bits, not 65 from 0 on"),
        ("5.bits(0..65)", "`bits`: a whole number has 64 bits, not 65 from 0 on"),
        ("let a = 5; a.set_bits(0, 2, 4); a", "`set_bits`: 4 does not fit into 2 bits"),
        ("let a = 5; a.set_bits(0, 2, -1); a", "`set_bits`: -1 does not fit into 2 bits"),
        ("let a = 5; a.set_bits(63..=64, 0); a", "`set_bits`: a whole number has 64 bits"),
        ("range(0, 5, 0)", "step value cannot be zero"),
    ] {
        let (message, _) = told(answer(expression));
        assert!(message.starts_with(says), "{expression}: {message}");
    }
    for (expression, expected) in [
        ("[1, 2].zip([3, 4], |x, y| x + y)", json!([4, 6])),
        ("[1, 2].zip([3, 4], |x, y, at| at)", json!([0, 1])),
        ("let a = \"ab\"; a.pad(1, \"\"); a", json!("ab")),
        ("let a = \"۱\"; a.pad(4, \"۰ب\"); a", json!("۱۰ب۰")),
        ("123456.get_bits(5, 8)", json!(18)),
        ("123456.get_bits(5..10)", json!(18)),
        ("123456.get_bits(5..=9)", json!(18)),
        ("(-1).get_bits(0, 64)", json!(-1)),
        ("(-1).get_bits(-1, 1)", json!(1)),
        ("5.get_bits(64, 0)", json!(0)),
        ("let a = 123456; a.set_bits(5, 8, 42); a", json!(124_224)),
        ("let a = 0; a.set_bits(0, 64, -1); a", json!(-1)),
        ("6.bits(0..3)", json!([false, true, true])),
    ] {
        assert_eq!(answer(expression).unwrap(), expected, "{expression}");
    }
}
