//! What the documents promise of the program is there.

use std::{collections::BTreeSet, fs};

use crate::common::{Ended, files, podhost, project};

/// The names of all tests: of files of tests, of folders of theirs, and of sources with tests in them.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["host", "plugins", "sdk-guest", "tests"] {
        for path in files(&project().join(folder)) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let of_tests = path.components().any(|part| part.as_os_str() == "tests");
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            if of_tests {
                names.insert(name.trim_end_matches(".rs").to_owned());
            }
            if is_source && fs::read_to_string(&path).unwrap().contains("#[test]") {
                names.insert(name);
            }
        }
    }
    names
}

/// What stands in quotes of code.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn each_proof_that_security_md_names_is_a_test() {
    let tests = tests();
    let is_test = |name: &str| match name.strip_suffix('*') {
        Some(begins) => tests.iter().any(|test| test.starts_with(begins)),
        None => tests.contains(name),
    };
    let text = fs::read_to_string(project().join("SECURITY.md")).unwrap();
    let mut proofs = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let proof = row.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        if ["proven by", "---"].contains(&proof) {
            continue;
        }
        assert!(proof.contains("fuzzing") || quoted(proof).next().is_some(), "no proof: {row}");
        for name in quoted(proof).filter(|name| !name.starts_with("podhost ")) {
            assert!(is_test(name), "`{name}` is no test: {row}");
            proofs += 1;
        }
    }
    assert!(proofs > 50, "{proofs}");
}

#[test]
fn each_attack_that_is_no_folder_is_a_test() {
    let tests = tests();
    let text = fs::read_to_string(project().join("tests/hostile/README.md")).unwrap();
    let (_, table) = text.split_once("## Attacks that are no folders").unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.ends_with("` |")).collect();
    assert!(rows.len() >= 8, "{rows:#?}");
    for row in rows {
        let (_, held) = row.trim_end_matches(" |").rsplit_once('|').unwrap();
        for name in quoted(held) {
            assert!(tests.contains(name), "`{name}` is no test: {row}");
        }
    }
}

/// The numbers of the help's exit codes.
fn exit_codes() -> Vec<String> {
    let ended: Ended = podhost().arg("--help").output().unwrap().into();
    let (_, codes) = ended.stdout.split_once("Exit codes:\n").unwrap();
    let begins = |line: &&str| line.trim_start().starts_with(|letter: char| letter.is_numeric());
    let numbers = codes.lines().filter(begins).flat_map(|line| {
        let numbers = line.trim_start().split("  ").next().unwrap_or_default();
        numbers.split(", ").map(str::to_owned)
    });
    numbers.collect()
}

#[test]
fn each_exit_code_is_in_the_documents() {
    let codes = exit_codes();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "130", "143"]);
    let read = |path: &str| fs::read_to_string(project().join(path)).unwrap();
    let (durable, commands) = (read("docs/durable-runs.md"), read("docs/command-line.md"));
    let (_, said) = commands.split_once("## Exit codes").unwrap();
    let said = said.split("\n## ").next().unwrap();
    let said: Vec<&str> = said.split(|letter: char| !letter.is_ascii_digit()).collect();
    let (_, listed) = durable.split_once("## Exit codes").unwrap();
    for code in codes {
        let is_listed = |line: &str| {
            let cell = line.split('|').nth(1).unwrap_or_default();
            cell.split(',').any(|number| number.trim() == code)
        };
        assert!(listed.lines().any(is_listed), "docs/durable-runs.md does not list {code}");
        assert!(said.contains(&&*code), "docs/command-line.md does not say {code}");
    }
}
