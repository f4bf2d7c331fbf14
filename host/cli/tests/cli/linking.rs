//! A component is linked by one rule, whoever looks at it: `check` passes what `run` runs, and refuses
//! what `run` refuses; another patch release of the contract links.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Desk, Ended, SMALL, podhost, project};

const MANIFEST: &str = "name = \"idle\"\nversion = \"1\"\nworld = \"netting\"\n\
                        entry = \"idle.wasm\"\n";

fn check(desk: &Desk, policy: &str, arguments: &[&str]) -> Ended {
    let mut command = podhost();
    command.args(["check", policy]).args(arguments).arg("--store").arg(desk.store());
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.output().unwrap().into()
}

#[test]
fn d6_check_refuses_what_run_refuses() {
    // All functions have their names; it is their types that are others.
    for (import, says) in [
        (
            r#"(import "pod:policy/log@0.1.0" (instance
                 (type $names (enum "trace" "debug" "info" "warn"))
                 (export "level" (type $level (eq $names)))
                 (export "log" (func (param "level" $level) (param "message" string)))))"#,
            &["pod:policy/log@0.1.0", "log"][..],
        ),
        (
            r#"(import "pod:policy/clock@0.1.0" (instance
                 (export "now" (func (result string)))))"#,
            &["pod:policy/clock@0.1.0", "now"],
        ),
        ("", &["plan"]),
    ] {
        let desk = Desk::new();
        let component = format!(
            r#"(component {import}
                 (core module $m (func (export "plan")))
                 (core instance $i (instantiate $m))
                 (func (export "plan") (canon lift (core func $i "plan"))))"#
        );
        desk.file("idle/policy.toml", MANIFEST);
        desk.file("idle/idle.wasm", wat::parse_str(component).unwrap());
        let folder = desk.folder.path().join("idle");
        let folder = folder.to_str().unwrap();
        let says = [&["does not fit the world `netting`"], says].concat();
        desk.run(&[folder, "--scenario", SMALL]).failed(2, &says);
        check(&desk, folder, &[]).failed(2, &says);
    }
}

#[test]
fn d6_check_parses_a_script_as_run_does() {
    let desk = Desk::new();
    for (script, says) in [
        ("fn run(input) { let x = ; }", &["idle.rhai:1:25", "Unexpected ';'"][..]),
        ("fn run(input) { if input == 1 { typo } }", &["idle.rhai:1:33", "no variable `typo`"]),
        ("fn plan(debts) { 1 }", &["idle.rhai", "needs `fn plan(debts, credits, config)`"]),
    ] {
        let script = desk.file("idle.rhai", script);
        desk.run(&[&script, "--scenario", SMALL]).failed(2, says);
        check(&desk, &script, &[]).failed(2, says);
    }
}

#[test]
fn d2_the_nothing_of_an_in_place_function_is_told_by_check_and_run() {
    let desk = Desk::new();
    let text =
        "fn run(input) {\n    let name = input.trim();\n    if name == () { 1 } else { 2 }\n}";
    let script = desk.file("idle.rhai", text);
    let says = "idle.rhai:2:22: `trim` changes what it is called on";
    let ended = desk.run(&[&script, "--scenario", SMALL, "--input", "\" a \"", "--json"]);
    assert!(ended.stderr.contains("warning: ") && ended.stderr.contains(says), "{ended:#?}");
    assert_eq!((ended.code, &ended.json()["output"]), (Some(0), &json!(1)));
    let checked = check(&desk, &script, &[]);
    assert_eq!(checked.code, Some(0), "{checked:#?}");
    assert!(checked.stdout.contains(says), "{checked:#?}");
    let warnings = check(&desk, &script, &["--json"]).json()["warnings"].clone();
    assert_eq!((&warnings[0]["line"], &warnings[0]["column"]), (&json!(2), &json!(22)));
    // Nothing is said of what is meant so.
    let sound = desk.file("idle.rhai", "fn run(input) { input.trim(); input }");
    let ended = desk.run(&[&sound, "--scenario", SMALL, "--input", "\" a \"", "--json"]);
    assert_eq!(
        (ended.json()["output"].clone(), ended.stderr.contains("warning")),
        (json!("a"), false)
    );
    assert_eq!(check(&desk, &sound, &["--json"]).json()["warnings"], json!([]));
}

/// A compiled policy of this project as another release of a package of the contract would have made
/// it: `pod:policy` or `pod:platform`.
fn of_release(desk: &Desk, name: &str, package: &str, release: &str) -> String {
    let folder = project().join("plugins").join(name);
    let mut component = fs::read(folder.join(format!("{name}.wasm"))).unwrap();
    // Names of a component stand in it with their length, which stays the same.
    let mut made = 0;
    let starts = component.windows(package.len()).enumerate();
    let starts = starts.filter(|(_, bytes)| *bytes == package.as_bytes()).map(|(at, _)| at);
    for start in starts.collect::<Vec<_>>() {
        let after = &mut component[start + package.len()..];
        let name =
            after.iter().take_while(|byte| b"/-".contains(byte) || byte.is_ascii_lowercase());
        let at = name.count();
        if let Some(version) = after.get_mut(at..at + 6).filter(|bytes| bytes[0] == b'@') {
            version[1..].copy_from_slice(release.as_bytes());
            made += 1;
        }
    }
    assert!(made > 0, "{name} imports nothing of {package}");
    let made = format!("{name}-{}-{release}", package.trim_start_matches("pod:"));
    desk.file(&format!("{made}/{name}.wasm"), component);
    let manifest = fs::read(folder.join("policy.toml")).unwrap();
    let manifest = desk.file(&format!("{made}/policy.toml"), manifest);
    manifest.trim_end_matches("/policy.toml").to_owned()
}

#[test]
fn d7_a_component_of_another_patch_release_links() {
    let desk = Desk::new();
    // A decider, and a policy that imports from all over the contract.
    for (name, scenario) in [("netting", "small"), ("month", "small")] {
        let scenarios = format!("plugins/{name}/scenarios/{scenario}");
        let mut arguments = vec!["--json".into(), "--scenario".into(), format!("{scenarios}.json")];
        let input = format!("{scenarios}.input.json");
        if project().join(&input).is_file() {
            arguments.extend(["--input".into(), format!("@{input}")]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let own = format!("plugins/{name}");
        let others = [("pod:policy", "0.1.7"), ("pod:platform", "0.2.7")]
            .map(|(package, release)| of_release(&desk, name, package, release));
        let told = |policy: &str| -> [Value; 3] {
            let receipt = desk.run(&[&[policy], &arguments[..]].concat());
            assert_eq!(receipt.code, Some(0), "{receipt:#?}");
            let checked = check(&desk, policy, &["--json"]);
            assert_eq!(checked.code, Some(0), "{checked:#?}");
            let (receipt, checked) = (receipt.json(), checked.json());
            let effects = receipt["effects"].as_array().unwrap().iter();
            let effects: Vec<_> =
                effects.map(|effect| json!([effect["service"], effect["rials"]])).collect();
            [receipt["output"].clone(), effects.into(), checked["functions"].clone()]
        };
        let [output, effects, functions] = told(&own);
        assert!(!effects.as_array().unwrap().is_empty(), "{output}");
        for other in others {
            assert_eq!(told(&other), [output.clone(), effects.clone(), functions.clone()]);
        }
    }
    // Another minor release before 1.0, or another major one, is another contract.
    for release in ["0.2.0", "1.1.0"] {
        let policy = of_release(&desk, "netting", "pod:policy", release);
        let says = [format!("`log` of `pod:policy/log@{release}`"), "does not offer".to_owned()];
        let says = says.each_ref().map(String::as_str);
        desk.run(&[&policy, "--scenario", SMALL]).failed(2, &says);
        check(&desk, &policy, &[]).failed(2, &says);
    }
}

/// A field more in a record is another contract: whoever was built without it could not read a list.
#[test]
fn m4_a_policy_that_cannot_be_told_what_is_unreadable_is_refused_by_name() {
    let desk = Desk::new();
    let policy = of_release(&desk, "month", "pod:platform", "0.1.0");
    let says = ["`get-invoice-list` of `pod:platform/invoices@0.1.0`", "does not offer"];
    desk.run(&[&policy, "--scenario", SMALL]).failed(2, &says);
    check(&desk, &policy, &[]).failed(2, &says);
}

/// The contract has no `s64`; what was built when it had one is run all the same.
#[test]
fn d8_a_component_that_asks_for_a_signed_random_number_links() {
    let component = r#"(component
        (import "pod:policy/types@0.1.0" (instance $types
            (type $place (record (field "line" u32) (field "column" u32)))
            (export "position" (type $position (eq $place)))
            (type $words (record
                (field "message" string) (field "position" (option $position))))
            (export "failure" (type (eq $words)))))
        (alias export $types "failure" (type $failure))
        (import "pod:policy/random@0.1.0" (instance $random
            (export "get-random-s64" (func (result s64)))))
        (core func $random (canon lower (func $random "get-random-s64")))
        (core module $m
            (import "random" "get" (func $get (result i64)))
            (memory (export "memory") 1)
            (data (i32.const 16) "\00\00\00\00\40\00\00\00\01\00\00\00")
            (data (i32.const 64) "7")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "run") (param i32 i32 i32 i32) (result i32)
                (drop (call $get))
                (i32.const 16)))
        (core instance $i (instantiate $m
            (with "random" (instance (export "get" (func $random))))))
        (func (export "run")
            (param "input" string) (param "config" string)
            (result (result string (error $failure)))
            (canon lift (core func $i "run")
                (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#;
    let desk = Desk::new();
    desk.file("idle/policy.toml", MANIFEST.replace("netting", "policy"));
    desk.file("idle/idle.wasm", wat::parse_str(component).unwrap());
    let folder = desk.folder.path().join("idle");
    let folder = folder.to_str().unwrap();
    let ended = desk.run(&[folder, "--scenario", SMALL, "--json"]);
    assert_eq!((ended.code, &ended.json()["output"]), (Some(0), &json!(7)), "{ended:#?}");
    assert_eq!(check(&desk, folder, &[]).code, Some(0));
}
