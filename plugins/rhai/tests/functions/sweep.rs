//! Calls by the thousand: of each function with each argument of another kind, with a function that
//! fails, and with the least, the largest and the empty of each kind.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rhai::{Dynamic, Engine};
use rhai_interpreter::engine;

use crate::signatures::{self, Signature};

/// A kind of value, and how scripts write some of it: the first is an ordinary one.
const KINDS: [(&str, &[&str]); 11] = [
    ("whole", &["1", "0", "-1", "99", "0x7fff_ffff_ffff_ffff", "0x8000_0000_0000_0000"]),
    ("decimal", &["1.5", "0.0", "-1.5", "1e308", "1.0 / 0.0", "0.0 / 0.0"]),
    ("text", &["\"abc\"", "\"\"", "\"سلام ۱۲۳\""]),
    ("letter", &["'a'", "'۱'"]),
    ("boolean", &["true", "false"]),
    ("nothing", &["()"]),
    ("array", &["[3, 1, 2]", "[]"]),
    ("map", &["#{ a: 1 }", "#{}"]),
    ("blob", &["blob(2, 65)", "blob()", "blob(1, 255)"]),
    ("range", &["0..2", "-5..99", "5..2", "-1..0x7fff_ffff_ffff_ffff"]),
    ("closed-range", &["0..=1", "-5..=99", "0..=0x7fff_ffff_ffff_ffff"]),
];

/// What the kind of functions is written as: it answers what sorts, filters and maps.
const FUNCTION: &str = "|a| true";

/// What is called. To write into the log is no answer.
fn signatures() -> impl Iterator<Item = Signature> {
    signatures::all().into_iter().filter(|(name, _)| !["print", "debug"].contains(name))
}

fn values(kind: &str) -> &'static [&'static str] {
    match kind {
        "function" => &[FUNCTION],
        "any" => &["1", "()"],
        _ => KINDS.iter().find(|(name, _)| *name == kind).expect("a kind").1,
    }
}

fn ordinary(kinds: &[&str]) -> Vec<&'static str> {
    kinds.iter().map(|kind| values(kind)[0]).collect()
}

fn expression(name: &str, arguments: &[&str]) -> String {
    let is_operator = name.chars().all(|letter| letter.is_ascii_punctuation());
    match arguments {
        [a] if is_operator => format!("{name} ({a})"),
        [a, b]
            if is_operator
                && name.ends_with('=')
                && name.len() > 1
                && !"==!=<=>=".contains(name) =>
        {
            format!("let x = {a}; x {name} {b}; x")
        }
        [a, b] if is_operator => format!("({a}) {name} ({b})"),
        _ => format!("{name}({})", arguments.join(", ")),
    }
}

/// The calls that are answered although Rhai lists no function of these kinds: its operators of its own
/// kinds, a text and anything by `+`, anything and `()` by `==`, and what functions of ours take, too.
const ANSWERED: [&str; 54] = [
    "(#{ a: 1 }) != (())",
    "(#{ a: 1 }) == (())",
    "('a') + ('a')",
    "(()) != (#{ a: 1 })",
    "(()) != ([3, 1, 2])",
    "(()) == (#{ a: 1 })",
    "(()) == ([3, 1, 2])",
    "(1) + (1)",
    "(1) + (1.5)",
    "(1.5) + (1)",
    "([3, 1, 2]) != (())",
    "([3, 1, 2]) == (())",
    "(blob(2, 65)) + ('a')",
    "(blob(2, 65)) + (blob(2, 65))",
    "append(blob(2, 65), blob(2, 65))",
    "contains(0..2, 1)",
    "contains(0..=1, 1)",
    "extract(blob(2, 65), 0..2)",
    "extract(blob(2, 65), 0..=1)",
    "extract(blob(2, 65), 1, 1)",
    "is_empty(blob(2, 65))",
    "len(blob(2, 65))",
    r#"let x = #{ a: 1 }; x += "abc"; x"#,
    r#"let x = 'a'; x += "abc"; x"#,
    "let x = 'a'; x += 'a'; x",
    r#"let x = (); x += "abc"; x"#,
    r#"let x = 0..2; x += "abc"; x"#,
    r#"let x = 0..=1; x += "abc"; x"#,
    r#"let x = 1.5; x += "abc"; x"#,
    "let x = 1.5; x += 1; x",
    r#"let x = 1; x += "abc"; x"#,
    "let x = 1; x += 1; x",
    r#"let x = [3, 1, 2]; x += "abc"; x"#,
    "let x = [3, 1, 2]; x += #{ a: 1 }; x",
    "let x = [3, 1, 2]; x += 'a'; x",
    "let x = [3, 1, 2]; x += (); x",
    "let x = [3, 1, 2]; x += 1; x",
    "let x = [3, 1, 2]; x += blob(2, 65); x",
    r#"let x = blob(2, 65); x += "abc"; x"#,
    "let x = blob(2, 65); x += 'a'; x",
    "let x = blob(2, 65); x += 1; x",
    "let x = blob(2, 65); x += blob(2, 65); x",
    r#"let x = true; x += "abc"; x"#,
    "push(blob(2, 65), 1)",
    "to_int('a')",
    "to_int(1)",
    r#"to_json("abc")"#,
    "to_json('a')",
    "to_json(())",
    "to_json(1)",
    "to_json(1.5)",
    "to_json([3, 1, 2])",
    "to_json(blob(2, 65))",
    "to_json(true)",
];

#[test]
fn an_argument_of_another_kind_is_an_error() {
    let engine = engine::engine(|_, _| {});
    let all = signatures::all();
    let takes = |name: &str, given: &[&str]| {
        all.iter().any(|(known, kinds)| {
            *known == name
                && kinds.len() == given.len()
                && kinds.iter().zip(given).all(|(kind, given)| *kind == "any" || kind == given)
        })
    };
    let mut tried = 0;
    let mut answered = BTreeMap::<String, String>::new();
    for (name, kinds) in signatures() {
        for position in 0..kinds.len() {
            for (kind, others) in KINDS {
                let mut given = kinds.clone();
                given[position] = kind;
                if kinds[position] == "any" || takes(name, &given) {
                    continue;
                }
                let mut arguments = ordinary(&kinds);
                arguments[position] = others[0];
                let call = expression(name, &arguments);
                tried += 1;
                if let Ok(answer) = engine.eval::<Dynamic>(&call) {
                    answered.insert(call, answer.to_string());
                }
            }
        }
    }
    assert!(tried > 3_000, "{tried}");
    let answered_to: Vec<&str> = answered.keys().map(String::as_str).collect();
    assert_eq!(answered_to, ANSWERED, "of {tried}: {answered:#?}");
}

#[test]
fn an_error_of_a_function_that_is_called_back_is_not_lost() {
    let engine = engine::engine(|_, _| {});
    // They take a function and do not call it.
    let do_not_call = ["name", "is_anonymous", "to_string", "to_debug"];
    let mut functions = 0;
    for (name, kinds) in signatures().filter(|(name, _)| !do_not_call.contains(name)) {
        let Some(position) = kinds.iter().position(|kind| *kind == "function") else { continue };
        let mut within = 0;
        for parameters in ["", "a", "a, b", "a, b, c"] {
            let function = format!("|{parameters}| throw \"within\"");
            let mut arguments: Vec<&str> = ordinary(&kinds);
            arguments[position] = &function;
            let call = expression(name, &arguments);
            let error = match engine.eval::<Dynamic>(&call) {
                Ok(answer) => panic!("{call} is {answer}"),
                Err(error) => error.to_string(),
            };
            within += usize::from(error.contains("within"));
        }
        assert!(within > 0, "{name} does not call its function: {kinds:?}");
        functions += 1;
    }
    assert!(functions > 20, "{functions}");
}

#[test]
fn nothing_breaks_at_the_ends_of_what_there_is() {
    let engine: Engine = engine::engine(|_, _| {});
    let mut broken = Vec::new();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    // What `pad` makes may be larger than any memory, which the sandbox bounds.
    for (name, kinds) in signatures().filter(|(name, _)| *name != "pad") {
        let mut calls: Vec<Vec<&'static str>> = vec![Vec::new()];
        for kind in &kinds {
            let longer = |before: &Vec<&'static str>| {
                let before = before.clone();
                values(kind).iter().map(move |value| [before.as_slice(), &[*value]].concat())
            };
            calls = calls.iter().flat_map(longer).collect();
        }
        for arguments in calls {
            let call = expression(name, &arguments);
            let run = AssertUnwindSafe(|| drop(engine.eval::<Dynamic>(&call)));
            if catch_unwind(run).is_err() {
                broken.push(call);
            }
        }
    }
    std::panic::set_hook(hook);
    assert!(broken.is_empty(), "{broken:#?}");
}
