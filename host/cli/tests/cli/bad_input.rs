//! Bad input exits with 2, prints no receipt, and is told with file, line and field.

use crate::common::{Desk, Ended, SMALL};

const MANIFEST: &str = r#"name = "bad"
version = "1"
world = "netting"
entry = "script.rhai"
scenario = "scenario.json"

[capabilities]
allow = ["invoices.get-invoice-list"]

[budget]
rial = 1_000
wall = "10s"
"#;

const SCRIPT: &str = "fn plan(debts, credits) {\n    []; #{}\n}\n";

const SCENARIO: &str = r#"{
  "now": "1399/03/13 10:00:00",
  "businesses": [
    { "id": 10, "userId": 1, "name": "نانوایی", "apiToken": "shop" }
  ],
  "invoices": [
    { "id": 501, "businessId": 10, "amount": 900, "guildCode": "FOOD_GUILD" }
  ]
}
"#;

/// Runs a policy that is sound but for what `from` is replaced by in one of its files.
fn run(file: &str, from: &str, to: &str) -> Ended {
    let desk = Desk::new();
    for (name, text) in
        [("policy.toml", MANIFEST), ("script.rhai", SCRIPT), ("scenario.json", SCENARIO)]
    {
        let text = if name == file {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        } else {
            text.to_owned()
        };
        desk.file(&format!("policy/{name}"), text);
    }
    let folder = desk.folder.path().join("policy");
    desk.run(&[folder.to_str().unwrap()])
}

#[test]
fn what_the_others_spoil_is_sound() {
    let ended = run("policy.toml", "bad", "good");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn manifests() {
    for (from, to, says) in [
        ("world = ", "world ", &["policy.toml:3:"][..]),
        ("entry = ", "enrty = ", &["policy.toml:4:1:", "`enrty`"]),
        ("name = \"bad\"\n", "", &["policy.toml", "`name`"]),
        ("name = \"bad\"", "name = \"\"", &["policy.toml:1:8:", "`name`"]),
        ("version = \"1\"", "version = 1", &["policy.toml:2:11:", "`version`", "string"]),
        ("\"netting\"", "\"nettin\"", &["policy.toml:3:9:", "`nettin`", "netting"]),
        ("script.rhai", "script.py", &["policy.toml:4:9:", "`entry`", ".wasm"]),
        ("get-invoice-list", "get-invoices", &["policy.toml:8:10:", "invoices.get-invoices"]),
        ("rial = 1_000", "rial = -1", &["policy.toml:11:8:", "budget.rial"]),
        ("rial = 1_000", "rials = 1", &["policy.toml:11:1:", "`rials`"]),
        ("\"10s\"", "\"soon\"", &["policy.toml:12:8:", "`budget.wall`", "soon"]),
        ("[budget]", "[budgets]", &["policy.toml:10:", "`budgets`"]),
    ] {
        run("policy.toml", from, to).failed(2, says);
    }
}

#[test]
fn a_mistake_is_shown_with_its_line() {
    run("policy.toml", "rial = 1_000", "rials = 1").failed(2, &["11 │", "rials = 1"]);
    run("scenario.json", "\"businessId\": 10", "\"businessId\": 11")
        .failed(2, &["7 │", "\"businessId\": 11"]);
    run("script.rhai", "[]", "[").failed(2, &["│ }"]);
}

#[test]
fn scenarios() {
    for (from, to, says) in [
        ("\"businesses\": [", "\"businesses\": [,", &["scenario.json:3:"][..]),
        ("]\n}", "]", &["scenario.json:"]),
        ("\"apiToken\"", "\"token\"", &["scenario.json:4:", "businesses[0].token", "`apiToken`"]),
        ("900", "-900", &["scenario.json:7:", "invoices[0].amount"]),
        ("900", "\"900\"", &["scenario.json:7:", "invoices[0].amount"]),
        (
            "\"businessId\": 10",
            "\"businessId\": 11",
            &["scenario.json:7:32:", "invoices[0].businessId: no business has the id 11"],
        ),
        // Columns are counted in characters, whatever the script.
        ("\"shop\"", "\"sh op\"", &["scenario.json:4:61:", "json:4:61]", "businesses[0].apiToken"]),
        ("1399/03/13", "1400/12/30", &["scenario.json:2:10:", "now: `1400/12/30 10:00:00`"]),
    ] {
        run("scenario.json", from, to).failed(2, says);
    }
    run("scenario.json", SCENARIO, "{}").failed(2, &["nobody to act for"]);
}

#[test]
fn scripts() {
    for (from, to, says) in [
        ("[]", "let x = ;", &["script.rhai:2:13:"][..]),
        ("[]", "[", &["script.rhai:2:6:"]),
        ("fn plan(debts, credits) {", "fn plan(debts, credits {", &["script.rhai:1:24:"]),
        (
            "fn plan",
            "fn plann",
            &["script.rhai", "fn plan(debts, credits, config)", "no such function"],
        ),
        ("debts, credits", "debts", &["script.rhai", "fn plan(debts, credits, config)"]),
    ] {
        run("script.rhai", from, to).failed(2, says);
    }
    let desk = Desk::new();
    let script = desk.file("latin1.rhai", b"fn run(input) {\n    // caf\xe9\n}");
    desk.run(&[&script, "--scenario", SMALL]).failed(2, &["latin1.rhai:2:11:", "UTF-8"]);
}

#[test]
fn what_is_not_there() {
    let desk = Desk::new();
    for (arguments, says) in [
        (&["no/such/policy"][..], "no/such/policy"),
        (&["no/such.wasm"], "no/such.wasm"),
        (&["no/such.rhai"], "no/such.rhai"),
        (&["README.md"], "README.md"),
        (&["host"], "host/policy.toml"),
        (&["plugins/netting", "--scenario", "no/such.json"], "no/such.json"),
        (&["plugins/netting", "--scenario", "plugins"], "plugins"),
        (&["plugins/netting", "--input", "@no/such/input.json"], "no/such/input.json"),
    ] {
        desk.run(arguments).failed(2, &[says]);
    }
    let alone = desk.file("alone.rhai", "fn run(input) { input }");
    desk.run(&[&alone]).failed(2, &["no scenario", "--scenario"]);
}

#[test]
fn inputs() {
    let desk = Desk::new();
    desk.run(&["plugins/netting", "--input", "{\"a\": }"]).failed(2, &["--input:1:7:"]);
    desk.run(&["plugins/netting", "--input", ""]).failed(2, &["--input:1:"]);
    let file = desk.file("input.json", "{\n  \"a\": 1,\n}");
    desk.run(&["plugins/netting", "--input", &format!("@{file}")]).failed(2, &["input.json:3:1:"]);
    desk.run(&["plugins/netting", "--input", &file]).failed(2, &[&format!("--input @{file}")]);
}

#[test]
fn usage() {
    let desk = Desk::new();
    for (arguments, says) in [
        (&["plugins/netting", "--jsn"][..], "--jsn"),
        (&["plugins/netting", "--scenario"], "--scenario"),
        (&[], "<POLICY>"),
    ] {
        desk.run(arguments).failed(2, &[says]);
    }
}

/// Runs these bytes as a compiled netting decider.
fn component(bytes: &[u8]) -> Ended {
    let desk = Desk::new();
    desk.file("policy/policy.toml", MANIFEST.replace("script.rhai", "policy.wasm"));
    desk.file("policy/policy.wasm", bytes);
    desk.file("policy/scenario.json", SCENARIO);
    let folder = desk.folder.path().join("policy");
    desk.run(&[folder.to_str().unwrap()])
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn a_file_that_is_no_component_is_named() {
    let whole = wat(&format!("(component (core module (func (export \"{}\"))))", "x".repeat(200)));
    for bytes in [
        &b""[..],
        b"not a component",
        &whole[..6],
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 1],
        // A core module.
        &wat("(module)"),
    ] {
        component(bytes).failed(2, &["policy/policy.wasm", "not a component"]);
    }
}

#[test]
fn a_component_of_another_world_is_told_what_does_not_fit() {
    for (text, says) in [
        (
            "(component)",
            &["bad", "`netting`", "does not export the function `plan`", "nothing"][..],
        ),
        (
            r#"(component
                 (core module $m (func (export "run")))
                 (core instance $i (instantiate $m))
                 (func (export "run") (canon lift (core func $i "run"))))"#,
            &["does not export the function `plan`", "`run`"],
        ),
        (
            r#"(component
                 (import "wasi:cli/environment@0.2.0" (instance
                   (export "get-environment" (func)))))"#,
            &["`get-environment` of `wasi:cli/environment@0.2.0`", "does not offer"],
        ),
        // A decider has no way to money, whatever its policy.toml allows.
        (
            r#"(component
                 (import "pod:platform/payments@0.2.0" (instance
                   (export "pay-invoice-by-invoice" (func)))))"#,
            &["`pay-invoice-by-invoice` of `pod:platform/payments@0.2.0`", "does not offer"],
        ),
        (r#"(component (import "now" (func)))"#, &["it imports `now`"]),
    ] {
        component(&wat(text)).failed(2, says);
    }
}

#[test]
fn a_function_of_another_type_does_not_fit() {
    component(&wat(r#"(component
             (core module $m (func (export "plan")))
             (core instance $i (instantiate $m))
             (func (export "plan") (canon lift (core func $i "plan"))))"#))
    .failed(2, &["does not fit the world `netting`", "plan"]);
    component(&wat(r#"(component
             (import "pod:policy/clock@0.1.0" (instance
               (export "now" (func (result string)))))
             (core module $m (func (export "plan")))
             (core instance $i (instantiate $m))
             (func (export "plan") (canon lift (core func $i "plan"))))"#))
    .failed(2, &["does not fit the world `netting`", "pod:policy/clock@0.1.0", "now"]);
}
