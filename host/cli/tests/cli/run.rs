//! `podhost run`: the receipt, for programs and for people.

use serde_json::Value;

use crate::common::{Desk, Ended, SMALL, project};

fn receipt(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.json()
}

/// The receipt's contract; more fields may follow.
fn assert_contract(receipt: &Value) {
    assert!(receipt["run"].as_str().is_some_and(|run| !run.is_empty()), "{receipt}");
    let policy = &receipt["policy"];
    assert_eq!(policy["name"], "netting");
    assert_eq!(policy["version"], "0.1.0");
    let digest = policy["digest"].as_str().unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
    assert_eq!(receipt["status"], "done");
    assert!(receipt.get("output").is_some());
    assert!(receipt.get("error").is_none(), "a run that is done has no error: {receipt}");
    assert_eq!(receipt["denied"], serde_json::json!([]));

    let mut sum = 0;
    for effect in receipt["effects"].as_array().unwrap() {
        assert_eq!(effect["service"], "payInvoiceByInvoice");
        assert!(effect["invoice"].is_u64() && effect["reference"].is_string(), "{effect}");
        sum += effect["rials"].as_u64().unwrap();
    }
    let meters = &receipt["meters"];
    assert_eq!(meters["rials"], sum);
    for meter in ["calls", "bytes_up", "bytes_down", "fuel", "memory_bytes"] {
        assert!(meters[meter].as_u64().is_some_and(|used| used > 0), "{meter}: {meters}");
    }
    assert!(meters["wall_ms"].is_u64(), "{meters}");
}

#[test]
fn the_plugin_and_its_script_give_the_same_receipt() {
    let desk = Desk::new();
    let compiled = receipt(&desk.run(&["plugins/netting", "--json"]));
    let script = receipt(&desk.run(&["plugins/netting/netting.rhai", "--json"]));
    for receipt in [&compiled, &script] {
        assert_contract(receipt);
    }
    assert!(!compiled["effects"].as_array().unwrap().is_empty(), "something was paid");
    for field in ["output", "status", "denied"] {
        assert_eq!(compiled[field], script[field], "{field}");
    }
    assert_eq!(undated(&compiled), undated(&script));
    assert_ne!(compiled["run"], script["run"]);
    assert_ne!(compiled["policy"]["digest"], script["policy"]["digest"]);

    let expected = project().join("plugins/netting/scenarios/small.expected.json");
    let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    assert_eq!(compiled["output"], expected["output"]);
    assert_eq!(undated(&compiled), expected["effects"]);
}

/// The effects as expected receipts have them: whenever, and by whatever call, they came about.
fn undated(receipt: &Value) -> Value {
    let mut effects = receipt["effects"].clone();
    for effect in effects.as_array_mut().unwrap() {
        (effect["at"], effect["step"]) = (0.into(), 0.into());
    }
    effects
}

#[test]
fn people_get_tables_that_can_be_piped() {
    let desk = Desk::new();
    let ended = desk.run(&["plugins/netting"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let shown = &ended.stdout;
    assert!(!shown.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'), "{ended:#?}");
    let mut lines = shown.lines();
    let first = lines.next().unwrap();
    assert!(first.starts_with("run ") && first.ends_with(": done"), "{shown}");
    assert!(lines.next().unwrap().starts_with("policy netting 0.1.0, sha256 "), "{shown}");
    let json = receipt(&desk.run(&["plugins/netting", "--json"]));
    for effect in json["effects"].as_array().unwrap() {
        let invoice = effect["invoice"].to_string();
        let mut rows = shown.lines().filter(|line| line.contains("payInvoiceByInvoice"));
        assert!(rows.any(|row| row.contains(&invoice)), "{shown}");
    }
    for meter in ["rials", "calls to POD", "bytes up", "bytes down", "wall time", "fuel", "memory"]
    {
        assert!(shown.lines().any(|line| line.trim_start().starts_with(meter)), "{meter}: {shown}");
    }
}

#[test]
fn the_scenario_can_be_chosen() {
    let desk = Desk::new();
    let empty = desk.file(
        "nothing-to-do.json",
        r#"{"businesses": [{"id": 1, "userId": 2, "name": "دکان", "apiToken": "shop"}]}"#,
    );
    let receipt = receipt(&desk.run(&["plugins/netting", "--scenario", &empty, "--json"]));
    assert_eq!(receipt["status"], "done");
    assert_eq!(receipt["effects"], serde_json::json!([]));
    assert_eq!(receipt["meters"]["rials"], 0);
    let ended = desk.run(&["plugins/netting", "--scenario", &empty]);
    assert!(ended.stdout.contains("Nothing was paid."), "{ended:#?}");
}

#[test]
fn a_policy_gets_its_input_inline_or_from_a_file() {
    let desk = Desk::new();
    let policy = desk.file("echo.rhai", "fn run(input) { #{ got: input } }");
    let file = desk.file("input.json", r#"{"shop": "نان", "n": [1, 2]}"#);
    let scenario = ["--scenario", SMALL, "--json"];
    for (input, expected) in [
        (r#"{"shop": "نان", "n": [1, 2]}"#.to_owned(), r#"{"shop":"نان","n":[1,2]}"#),
        (format!("@{file}"), r#"{"shop":"نان","n":[1,2]}"#),
        ("[]".to_owned(), "[]"),
    ] {
        let arguments = [&[policy.as_str(), "--input", &input][..], &scenario].concat();
        let got = &receipt(&desk.run(&arguments))["output"]["got"];
        assert_eq!(got, &serde_json::from_str::<Value>(expected).unwrap(), "{input}");
    }
}

#[test]
fn a_policy_that_gives_up_exits_1_and_has_a_receipt() {
    let desk = Desk::new();
    let policy = desk.file("stop.rhai", "fn run(input) {\n    throw \"no more flour\";\n}\n");
    let ended = desk.run(&[&policy, "--scenario", SMALL, "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let receipt = ended.json();
    assert_eq!(receipt["status"], "failed");
    assert_eq!(receipt["error"]["kind"], "policy");
    assert_eq!(receipt["error"]["line"], 2);
    assert!(ended.stderr.contains("no more flour"), "{ended:#?}");
    assert!(ended.stderr.contains("stop.rhai:2:"), "{ended:#?}");
}

/// A decider that settles a debt which is not there.
const GREEDY: &str = "fn plan(debts, credits) {
    #{ pairs: [#{ creditor_invoice_id: credits[0].id, debtor_invoice_id: 999 }] }
}";

#[test]
fn a_plan_that_breaks_the_rules_exits_1_and_pays_nothing() {
    let desk = Desk::new();
    desk.file("greedy.rhai", GREEDY);
    let manifest = std::fs::read_to_string(project().join("plugins/netting/policy.toml")).unwrap();
    desk.file("policy.toml", manifest.replace("netting.wasm", "greedy.rhai"));
    let folder = desk.folder.path().to_str().unwrap();
    let ended = desk.run(&[folder, "--scenario", SMALL, "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let receipt = ended.json();
    assert_eq!(receipt["status"], "refused");
    assert_eq!(receipt["effects"], serde_json::json!([]));
    assert!(ended.stderr.contains("999"), "{ended:#?}");
}

#[test]
fn without_a_manifest_nothing_is_allowed() {
    let desk = Desk::new();
    let policy = desk.file("greedy.rhai", GREEDY);
    let ended = desk.run(&[&policy, "--scenario", SMALL, "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let receipt = ended.json();
    assert_eq!(receipt["status"], "failed");
    assert_eq!(receipt["denied"][0]["function"], "invoices.get-invoice-list");
    assert!(receipt["denied"][0]["reason"].is_string(), "{receipt}");
    assert!(ended.stderr.contains("invoices.get-invoice-list"), "{ended:#?}");
}
