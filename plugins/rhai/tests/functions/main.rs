//! Every function of Rhai's that scripts have: what it does at its limits, with an argument of
//! another kind, and with a function that fails. docs/rhai.md shows the first; write it anew by
//! `UPDATE_RHAI=1 cargo test --workspace --test functions`.

mod calls;
#[path = "../common/mod.rs"]
mod common;
mod signatures;
mod sweep;

use std::{collections::BTreeSet, env, fs, path::Path};

use calls::{CALLS, Group};
use common::answer;

const DOCUMENT: &str = "../../docs/rhai.md";
const START: &str =
    "<!-- Functions at their limits: generated, see plugins/rhai/tests/functions -->\n";
const END: &str = "<!-- End of functions at their limits -->\n";

/// Functions of ours that have no namesake among Rhai's; what concerns POD and days is told elsewhere.
const OURS: [&str; 7] = ["as_string", "blob", "exit", "info", "parse_json", "to_array", "warn"];

/// What a call answers, or why it fails, as the table has it.
fn outcome(call: &str) -> String {
    match answer(call) {
        Ok(value) => format!("`{value}`"),
        Err(failure) => {
            let told = failure.message.trim_end_matches(" (in `run`)");
            format!("error: {}", told.trim_end_matches(" (in a closure)"))
        }
    }
}

fn table(group: &Group) -> String {
    let mut table = format!("### {}\n\n| function | call | answer |\n|---|---|---|\n", group.title);
    for (names, calls) in group.rows {
        for (index, call) in calls.iter().enumerate() {
            let names = if index == 0 { names } else { "" };
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let (name, answer) = (cell(names), cell(&outcome(call)));
            table += &format!("| {name} | `{}` | {answer} |\n", cell(call));
        }
    }
    table
}

#[test]
fn every_function_is_in_the_table() {
    let shown: BTreeSet<String> = CALLS
        .iter()
        .flat_map(|group| group.rows)
        .flat_map(|(names, _)| names.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    let names: BTreeSet<String> = signatures::all()
        .into_iter()
        .map(|(name, _)| name)
        .chain(OURS)
        .map(str::to_owned)
        .collect();
    let missing: Vec<&String> = names.difference(&shown).collect();
    // Operators on Rhai's own kinds are nobody's functions.
    let is_function = |name: &&String| !name.chars().all(|letter| letter.is_ascii_punctuation());
    let unknown: Vec<&String> = shown.difference(&names).filter(is_function).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "not shown: {missing:?}, not there: {unknown:?}"
    );
}

#[test]
fn the_table_is_what_the_functions_do() {
    let tables: Vec<String> = CALLS.iter().map(table).collect();
    let tables = format!("{START}\n{}\n{END}", tables.join("\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = fs::read_to_string(&path).unwrap();
    let start = document.find(START).expect("the document has the table");
    let end = document.find(END).expect("the document has the table") + END.len();
    let updated = format!("{}{tables}{}", &document[..start], &document[end..]);
    if env::var_os("UPDATE_RHAI").is_some() {
        fs::write(&path, updated).unwrap();
        return;
    }
    assert!(
        document == updated,
        "docs/rhai.md differs from what the functions do; write it anew: `UPDATE_RHAI=1 cargo test \
         --workspace --test functions`\n{tables}"
    );
}
