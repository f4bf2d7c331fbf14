//! The host's words and the policy's on a terminal; a terminal itself; a pipe that nobody reads.

use std::{
    fs::OpenOptions,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::common::{Desk, Ended, SMALL, on_a_terminal, podhost};

/// What begins each line of the policy's.
const GUTTER: &str = "policy │";

#[test]
fn a_policys_words_are_nothing_but_text() {
    let desk = Desk::new();
    let script = desk.file(
        "loud.rhai",
        "fn run(input) {\n    print(\"a\\x1b[31m\\r\\nNothing was paid.\");\n    \
         throw \"b\\x1b[2J\\x07\"; // \x1b[1A\n}\n",
    );
    let ended = desk.run(&[&script, "--scenario", SMALL]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    for stream in [&ended.stdout, &ended.stderr] {
        let is_hidden = |letter: char| letter.is_control() && letter != '\n';
        assert!(!stream.contains(is_hidden), "{ended:#?}");
    }
    let logged = "policy │   info  a\u{fffd}[31m\npolicy │         Nothing was paid.\n";
    assert!(ended.stdout.contains(logged), "{ended:#?}");
    assert!(ended.stderr.contains("b\u{fffd}[2J\u{fffd}"), "{ended:#?}");
}

#[test]
fn made_up_payments_are_not_shown_as_payments() {
    let desk = Desk::new();
    let script = desk.file(
        "liar.rhai",
        "fn run(input) { #{ payments: [#{ service: \"payInvoiceByInvoice\", invoice: 501, rials: \
         900000, outcome: \"paid\", reference: \"4\" }], planOnly: true, proposed: 7 } }",
    );
    let ended = desk.run(&[&script, "--scenario", SMALL]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let said = lines.iter().position(|line| line.starts_with(GUTTER)).expect(&ended.stdout);
    assert!(lines[said - 1].contains("podhost has not checked"), "{}", ended.stdout);
    let (host, policy) = lines.split_at(said);
    assert!(host.contains(&"Nothing was paid."), "{}", ended.stdout);
    let rials = |line: &&&str| line.trim_start().starts_with("rials");
    assert!(host.iter().find(rials).unwrap().ends_with(" 0"), "{}", ended.stdout);
    assert!(!host.iter().any(|line| line.contains("payInvoiceByInvoice")), "{}", ended.stdout);
    assert!(!host.iter().any(|line| line.contains("plan only")), "{}", ended.stdout);
    assert!(policy.iter().all(|line| line.starts_with(GUTTER)), "{}", ended.stdout);
    assert!(policy.iter().any(|line| line.contains("payInvoiceByInvoice")), "{}", ended.stdout);
}

#[test]
fn what_changed_comes_before_the_plan_and_reasons_are_the_policys() {
    let desk = Desk::new();
    for (language, changed, reason) in [
        ("en", "What changed", "of the free creditor invoices that cover 900,000 rials"),
        ("fa", "تغییرات", "کوچک‌ترین فاکتور طلب آزاد"),
    ] {
        let ended = desk.run(&["plugins/netting", "--lang", language]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let lines: Vec<&str> = ended.stdout.lines().collect();
        let line = |begins: &str| {
            lines.iter().position(|line| line.contains(begins)).expect(&ended.stdout)
        };
        // The second table of payments is the plan's.
        let plan = lines.iter().rposition(|line| line.contains("payInvoiceByInvoice")).unwrap();
        assert!(line(changed) < line("payInvoiceByInvoice"), "{}", ended.stdout);
        assert!(line("payInvoiceByInvoice") < plan && plan < line(reason), "{}", ended.stdout);
        assert!(lines[line(reason)].contains('│'), "{}", ended.stdout);
        // A Persian name beside an amount is isolated from it.
        let balanced =
            |line: &&str| line.matches('\u{2068}').count() == line.matches('\u{2069}').count();
        assert!(lines.iter().all(balanced), "{}", ended.stdout);
    }
    let json = desk.run(&["plugins/netting", "--json"]).json();
    assert_eq!(json["world"], "netting");
}

#[test]
fn a_terminal_breaks_no_line_of_a_policys_into_one_that_looks_like_the_hosts() {
    let desk = Desk::new();
    let script = desk.file(
        "wide.rhai",
        "fn run(input) { let blanks = \"\"; for n in 0..400 { blanks += \" \"; }\n\
         print(\"a\" + blanks + \"Nothing was paid.\"); #{ words: `b${blanks}What changed` } }",
    );
    let (code, shown) = on_a_terminal(&desk.command(&[&script, "--scenario", SMALL]), 60);
    assert_eq!(code, Some(0), "{shown}");
    let said = shown.lines().skip_while(|line| !line.starts_with(GUTTER));
    assert!(said.clone().count() > 10, "{shown}");
    for line in said {
        assert!(line.starts_with(GUTTER), "{shown}");
        assert!(line.chars().count() <= 60, "{shown}");
    }
}

#[test]
fn json_on_a_terminal_is_json_without_what_a_terminal_would_obey() {
    let desk = Desk::new();
    let words = "\u{9b}31m\u{202e}000,1\u{7f}\u{2028}می‌شود 🙂";
    let script = desk.file("echo.rhai", "fn run(input) { input }");
    let input = Value::from(words).to_string();
    let arguments = [&script, "--scenario", SMALL, "--json", "--input", &input];
    let (code, shown) = on_a_terminal(&desk.command(&arguments), 80);
    assert_eq!(code, Some(0), "{shown}");
    let is_obeyed =
        |letter: char| letter != '\n' && letter.is_control() || "\u{202e}\u{2028}".contains(letter);
    assert!(!shown.contains(is_obeyed), "{shown:?}");
    assert!(shown.contains("می‌شود"), "{shown:?}");
    let receipt: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(receipt["output"], words);
    // For a program it is as it was.
    let piped = desk.run(&arguments);
    assert!(piped.stdout.contains(words), "{piped:#?}");
}

/// How a command ends whose output nobody reads.
fn unread(mut command: Command) -> Ended {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.wait_with_output().unwrap().into()
}

#[test]
fn m8_a_closed_pipe_is_no_error() {
    let desk = Desk::new();
    let quits = desk.file("quits.rhai", "fn run(input) { throw \"no more flour\"; }");
    let asked = |arguments: &[&str]| {
        let mut command = podhost();
        command.args(arguments).env("PODHOST_STORE", desk.store());
        command
    };
    for (code, command) in [
        (0, desk.command(&["plugins/netting"])),
        (0, desk.command(&["plugins/netting", "--json"])),
        (1, desk.command(&[&quits, "--scenario", SMALL])),
        (0, asked(&["runs"])),
        (0, asked(&["runs", "--json"])),
        (0, asked(&["completions", "bash"])),
        (0, asked(&["run", "--help"])),
        (0, asked(&["--version"])),
        (2, asked(&["show", "no-such-run"])),
        (2, asked(&["--no-such-option"])),
    ] {
        let told = format!("{command:?}");
        let ended = unread(command);
        assert_eq!(ended.code, Some(code), "{told}: {ended:#?}");
        assert!(!ended.stderr.contains("panicked"), "{told}: {ended:#?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let desk = Desk::new();
    let mut command = desk.command(&["plugins/netting"]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended: Ended = command.stdout(full).output().unwrap().into();
    assert_eq!(ended.code, Some(3), "{ended:#?}");
    assert!(ended.stderr.contains("stdout cannot be written"), "{ended:#?}");
}
