//! Some editors write a byte order mark in front of a text. It is no part of the text, in whichever
//! file a person wrote it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::common::{Desk, Ended, SMALL, Served, podhost, project};

const MANIFEST: &str = r#"name = "marked"
version = "1"
world = "policy"
entry = "script.rhai"
scenario = "scenario.json"

[capabilities]
allow = ["invoices"]

[config]
most = 42

[schema.most]
type = "integer"
"#;

const SCRIPT: &str = "fn run(input, config) { [input.answer, config.most] }";

const SCENARIO: &str = r#"{ "businesses": [
  { "id": 10, "userId": 1, "name": "نانوایی", "apiToken": "shop" } ] }"#;

const TOKEN: &str = "shop-api-token";

fn marked(text: &str) -> String {
    format!("\u{feff}{text}")
}

/// A policy all of whose files have the mark, and one of them another text.
fn folder(desk: &Desk, name: &str, text: &str) -> String {
    for (file, sound) in
        [("policy.toml", MANIFEST), ("script.rhai", SCRIPT), ("scenario.json", SCENARIO)]
    {
        let text = if file == name { text } else { sound };
        desk.file(&format!("policy/{file}"), marked(text));
    }
    desk.folder.path().join("policy").to_str().unwrap().to_owned()
}

#[test]
fn u4_a_byte_order_mark_is_no_part_of_a_policy_or_an_input() {
    let desk = Desk::new();
    let policy = folder(&desk, "", "");
    let input = format!("@{}", desk.file("input.json", marked(r#"{ "answer": 41 }"#)));
    let ended = desk.run(&[&policy, "--input", &input, "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(ended.json()["output"], serde_json::json!([41, 42]));
    // What the store keeps of it is the same policy.
    let run = ended.json()["run"].as_str().unwrap().to_owned();
    let mut replay = podhost();
    replay.args(["replay", &run, "--store"]).arg(desk.store());
    replay.arg("--cache").arg(project().join("target/test-components"));
    let replayed: Ended = replay.output().unwrap().into();
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    // A scenario that is named, and a receipt.
    let scenario = desk.folder.path().join("policy/scenario.json");
    let scenario = scenario.to_str().unwrap();
    let named = desk.run(&[&policy, "--input", &input, "--scenario", scenario]);
    assert_eq!(named.code, Some(0), "{named:#?}");
    let receipt = desk.file("receipt.json", marked(&ended.stdout));
    let verified: Ended =
        podhost().args(["verify", &receipt, "--store"]).arg(desk.store()).output().unwrap().into();
    assert_eq!(verified.code, Some(0), "{verified:#?}");
}

#[test]
fn u4_behind_a_byte_order_mark_a_mistake_stands_where_it_is_seen() {
    for (file, text, says) in [
        ("policy.toml", "name = 1", "policy.toml:1:8:"),
        ("script.rhai", "fn run(input) { let x = ; }", "script.rhai:1:25:"),
        ("scenario.json", r#"{ "bussinesses": [] }"#, "scenario.json:1:15:"),
    ] {
        let desk = Desk::new();
        let ended = desk.run(&[&folder(&desk, file, text)]);
        ended.failed(2, &[says]);
        assert!(!ended.stderr.contains('\u{feff}'), "{ended:#?}");
    }
    let desk = Desk::new();
    let input = format!("@{}", desk.file("input.json", marked("{ answer: 1 }")));
    desk.run(&[&folder(&desk, "", ""), "--input", &input]).failed(2, &["input.json:1:3:"]);
}

#[test]
fn u4_a_byte_order_mark_is_no_part_of_the_operators_files() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let policy = desk.file("idle.rhai", "fn run(input) { 1 }");
    for (name, text) in [("token", TOKEN), ("keys", "payInvoice=key\n")] {
        let path = desk.file(name, marked(text));
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let run = |config: &str| {
        let config = desk.file("podhost.toml", marked(config));
        desk.run(&[&policy, "--platform", pod.url(), "--config", &config])
    };
    let account = "[account.shop]\ntoken = { file = \"token\" }\napi-keys = { file = \"keys\" }\n";
    let ended = run(&format!("{account}[policy.idle]\naccount = \"shop\"\n"));
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    run("acount = 1").failed(2, &["podhost.toml:1:1:", "`acount`"]);
}
