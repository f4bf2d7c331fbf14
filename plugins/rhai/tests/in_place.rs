//! Whoever uses the answer of a function that changes what it is called on, `let x = x.trim()`, is
//! told; whoever lets it stand alone is not.

mod common;

use common::{answer, log};
use rhai_interpreter::{Interpreter, contract, in_place::IN_PLACE};
use serde_json::Value;

/// Where the script is warned about which function, as in `2:15 trim`.
fn warned(source: &str) -> Vec<String> {
    let mut interpreter = Interpreter::new(contract::POLICY, log);
    interpreter.load(contract::POLICY, source).unwrap();
    let warnings = interpreter.warnings().into_iter().map(|warning| {
        let place = warning.position.expect("each stands somewhere");
        let name = warning.message.split('`').nth(1).unwrap_or_default().to_owned();
        assert!(warning.message.contains("answers nothing, `()`"), "{}", warning.message);
        format!("{}:{} {name}", place.line, place.column)
    });
    warnings.collect()
}

#[test]
fn d2_the_nothing_of_an_in_place_function_that_is_used_as_a_value_is_told() {
    for (line, said) in [
        ("let x = s.trim();", "trim"),
        ("s = s.trim();", "trim"),
        ("s += s.trim();", "trim"),
        ("if s.trim() == \"\" { return 1; }", "trim"),
        ("let n = parse_int(s.replace(\",\", \"\"));", "replace"),
        ("let l = [3, 1]; for x in l.sort() { print(x); }", "sort"),
        ("let l = [3, 1]; l.sort().len();", "sort"),
        ("let l = [3, 1]; l.sort(|a, b| a - b)[0];", "sort"),
        ("let l = [[3, 1]]; print(l[0].reverse());", "reverse"),
        ("let m = #{ a: [1] }; let x = m.a.push(2);", "push"),
        ("let x = `${s.make_upper()}`;", "make_upper"),
        ("let x = #{ name: s.trim() };", "trim"),
        ("let x = [s.trim()];", "trim"),
        ("let x = s.trim() ?? \"none\";", "trim"),
        ("let x = trim(s);", "trim"),
        ("return s.trim();", "trim"),
        ("throw s.trim();", "trim"),
        ("let l = [\" a\"].map(|x| x.trim());", "trim"),
        ("let l = [\" a\"].map(|x| { let y = x + s; y.trim() });", "trim"),
        ("let x = if s == \"\" { s } else { s.trim() };", "trim"),
        ("let x = { let y = s; y.trim() };", "trim"),
        ("let x = loop { break s.trim(); };", "trim"),
        ("let f = |x| x.trim(); print(f.call(s));", "trim"),
        ("print(trimmed(s)); fn trimmed(x) { x.trim() }", "trim"),
        (
            "print(outer(s)); fn outer(x) { inner(x) } fn inner(x) { if x == \"\" { x } else { x.trim() } }",
            "trim",
        ),
        ("let f = Fn(\"trimmed\"); fn trimmed(x) { x.trim() }", "trim"),
    ] {
        // What a line declares as a function stands outside.
        let (line, functions) = line.split_once(" fn ").unwrap_or((line, ""));
        let functions = if functions.is_empty() { "" } else { &format!("fn {functions}") };
        let source = format!("fn run(s) {{\n{line}\n1 }}\n{functions}");
        let told = warned(&source);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        let (place, name) = told[0].split_once(' ').unwrap();
        assert_eq!(name, said, "{line}");
        let (row, column) = place.split_once(':').unwrap();
        let row = source.lines().nth(row.parse::<usize>().unwrap() - 1).unwrap();
        assert!(row[column.parse::<usize>().unwrap() - 1..].starts_with(said), "{line}: {place}");
    }
    assert_eq!(warned("fn run(s) {\n    s.trim()\n}"), ["2:7 trim"], "what the policy answers");
}

#[test]
fn d2_what_stands_alone_is_not_told() {
    for source in [
        "fn run(s) { s.trim(); s.make_upper(); s }",
        "fn run(s) { trim(s); s }",
        "fn run(s) { if s == \"\" { s.trim() } else { s.clear() } s }",
        "fn run(s) { let l = []; for x in [1, 2] { l.push(x) } while l.len > 1 { l.truncate(1) } l }",
        "fn run(s) { let l = [2, 1]; [3, 4].for_each(|x| l.push(x)); l.sort(); l }",
        "fn run(s) { let l = [2, 1]; { l.sort() } try { l.reverse() } catch { l.clear() } l }",
        // A function that nobody asks for its answer.
        "fn run(s) { let l = [2, 1]; l.put(3); l } fn put(x) { this.push(x) }",
        // A script's own function of that name.
        "fn run(s) { tidy(s).trim() } fn tidy(s) { s } fn trim() { this + \"!\" }",
        "fn run(s) { let l = [1]; let x = l.remove(0); [x, l.pop(), l.extract(0)] }",
    ] {
        assert_eq!(warned(source), [""; 0], "{source}");
    }
}

/// Each of the list does answer nothing, whatever it is called on.
#[test]
fn d2_the_listed_functions_answer_nothing() {
    let called = [
        "[1].append([2])",
        "\"a\".append(\"b\")",
        "[1].chop(1)",
        "[1].clear()",
        "\"a\".clear()",
        "#{ a: 1 }.clear()",
        "\"abc\".crop(1)",
        "[1, 1].dedup()",
        "#{ a: 1 }.fill_with(#{ b: 1 })",
        "[1].for_each(|x| x)",
        "[1].insert(0, 1)",
        "\"A\".make_lower()",
        "\"a\".make_upper()",
        "#{ a: 1 }.mixin(#{ b: 1 })",
        "[1].pad(2, 1)",
        "\"a\".pad(2, \"b\")",
        "[1].push(1)",
        "\"a\".replace(\"a\", \"b\")",
        "[1].reverse()",
        "[1].set(0, 1)",
        "\"a\".set(0, 'b')",
        "#{ a: 1 }.set(\"a\", 1)",
        "1.set_bit(0, true)",
        "1.set_bits(0, 2, 1)",
        "[1].sort()",
        "[1].sort(|a, b| a - b)",
        "[1].sort_by(|a, b| a - b)",
        "[1].sort_desc()",
        "[1, 2].splice(0, 1, [3])",
        "\" a\".trim()",
        "[1].truncate(0)",
        "\"a\".truncate(0)",
    ];
    for name in IN_PLACE {
        let is_called = |call: &&str| call.contains(&format!(".{name}("));
        assert!(called.iter().any(is_called), "{name}");
    }
    for call in called {
        // A constant cannot be changed.
        let (value, method) = call.split_once('.').unwrap();
        let changed = answer(&format!("let x = {value}; let y = x.{method}; y"));
        assert_eq!(changed.unwrap_or_else(|failure| panic!("{call}: {failure:?}")), Value::Null);
    }
}
