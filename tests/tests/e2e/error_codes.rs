//! Each kind of error has a code of its own, and `docs/errors.md` has all of them.

use std::{collections::BTreeSet, fs};

use podhost_tests::project;

/// The files of the public errors with several kinds.
const FILES: [&str; 5] = [
    "host/runtime/src/error.rs",
    "host/runtime/src/journal/receipt.rs",
    "host/runtime/src/crypto/signature.rs",
    "host/runtime/src/journal/entry.rs",
    "host/operator/src/error.rs",
];

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The codes that a source's functions of that name answer.
fn codes(source: &str) -> Vec<String> {
    let functions = source.split("pub fn code(&self) -> &'static str {").skip(1);
    let bodies = functions.map(|rest| rest.split("\n    }\n").next().unwrap_or(rest));
    let lines = bodies.flat_map(str::lines);
    let code = |line: &str| Some(line.split_once("=> \"")?.1.split_once('"')?.0.to_owned());
    lines.filter_map(code).collect()
}

#[test]
fn each_kind_of_error_has_a_code_of_its_own_and_a_row() {
    let all: Vec<String> = FILES.iter().flat_map(|file| codes(&read(file))).collect();
    let unique: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), all.len(), "{all:?}");
    let is_kebab = |letter: char| letter.is_ascii_lowercase() || letter == '-';
    assert!(unique.iter().all(|code| code.chars().all(is_kebab)), "{unique:?}");

    let table = read("docs/errors.md");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: Vec<&str> = rows.collect();
    assert_eq!(told, all, "the rows of docs/errors.md, in the order of the source");
}

/// An enum of errors in these crates that nobody gave codes would be told here.
#[test]
fn no_public_error_is_without_codes() {
    let mut found = Vec::new();
    let mut folders = vec![project("host/runtime/src"), project("host/operator/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).expect("the file can be read");
            let errors = source.split("thiserror::Error").skip(1).filter(|after| {
                let declared = after.lines().skip(1).find(|line| !line.starts_with("#["));
                declared.is_some_and(|line| line.starts_with("pub enum "))
            });
            found.push((path.display().to_string(), errors.count()));
        }
    }
    let errors: usize = found.iter().map(|(_, errors)| errors).sum();
    let with_codes = FILES.iter().map(|file| read(file).matches("pub fn code(&self)").count());
    assert_eq!(errors, with_codes.sum::<usize>(), "{found:#?}");
}

/// What helps on a command line is said by the command line.
#[test]
fn no_error_of_the_library_speaks_of_flags() {
    for file in ["host/runtime/src/error.rs", "host/operator/src/error.rs"] {
        let source = read(file);
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            assert!(!line.contains(" --") && !line.contains("(--"), "{file}: {line}");
        }
    }
}
