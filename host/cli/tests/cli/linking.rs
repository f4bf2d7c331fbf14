//! A component is linked by one rule, whoever looks at it: `check` passes what `run` runs, and refuses
//! what `run` refuses; another patch release of the contract links.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Desk, Ended, podhost, project};

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
        let scenario = "plugins/netting/scenarios/small.json";
        desk.run(&[folder, "--scenario", scenario]).failed(2, &says);
        check(&desk, folder, &[]).failed(2, &says);
    }
}

/// A compiled policy of this project as another release of the contract would have made it.
fn of_release(desk: &Desk, name: &str, release: &str) -> String {
    let folder = project().join("plugins").join(name);
    let component = fs::read(folder.join(format!("{name}.wasm"))).unwrap();
    // Names of a component stand in it with their length, which stays the same.
    let (own, other) = (b"@0.1.0", format!("@{release}").into_bytes());
    assert_eq!(own.len(), other.len());
    let mut made = component.clone();
    let mut at = 0;
    while let Some(next) = made[at..].windows(own.len()).position(|bytes| bytes == own) {
        at += next;
        made[at..at + own.len()].copy_from_slice(&other);
    }
    assert_ne!(made, component);
    desk.file(&format!("{name}-{release}/{name}.wasm"), made);
    let manifest = fs::read(folder.join("policy.toml")).unwrap();
    let manifest = desk.file(&format!("{name}-{release}/policy.toml"), manifest);
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
        let other = of_release(&desk, name, "0.1.7");
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
        assert_eq!(told(&other), [output, effects, functions]);
    }
    // Another minor release before 1.0, or another major one, is another contract.
    for release in ["0.2.0", "1.1.0"] {
        let policy = of_release(&desk, "netting", release);
        let says = [format!("`log` of `pod:policy/log@{release}`"), "does not offer".to_owned()];
        let says = says.each_ref().map(String::as_str);
        desk.run(&[&policy, "--scenario", "plugins/netting/scenarios/small.json"]).failed(2, &says);
        check(&desk, &policy, &[]).failed(2, &says);
    }
}
