//! A policy that keeps failing by its own doing is paused, and everybody is told.

use std::process::Command;

use serde_json::json;

use crate::common::{Desk, Ended, SMALL, Served, podhost, project};

fn command(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = podhost();
    command.args(arguments).arg("--store").arg(desk.store());
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.env("PODHOST_TOKEN", "shop-api-token");
    command
}

fn ask(desk: &Desk, arguments: &[&str]) -> Ended {
    command(desk, arguments).output().unwrap().into()
}

#[test]
fn a_paused_policy_is_shown_and_exits_6() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    desk.file(
        "fails/policy.toml",
        "name = \"fails\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"fails.rhai\"\n",
    );
    let policy = desk.file("fails/fails.rhai", "fn run(input) { throw \"no\"; }");
    let run = ["run", &policy, "--platform", pod.url(), "--json"];
    let mut last = String::new();
    for _ in 0..10 {
        assert_eq!(ask(&desk, &["runs", "--json"]).json()["paused"], json!([]));
        let ended = ask(&desk, &run);
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        last = ended.json()["run"].as_str().unwrap().to_owned();
    }
    let unpause = format!("podhost unpause {last}");
    ask(&desk, &run).failed(6, &["paused", &unpause]);

    let listed = ask(&desk, &["runs", "--json"]).json();
    assert_eq!(listed["paused"][0]["policy"], "fails");
    assert_eq!(listed["paused"][0]["last"], last);
    for shown in [ask(&desk, &["runs"]), ask(&desk, &["check", &policy])] {
        assert_eq!(shown.code, Some(0), "{shown:#?}");
        assert!(shown.stdout.contains("paused: fails for"), "{shown:#?}");
        assert!(shown.stdout.contains(&unpause), "{shown:#?}");
    }
    assert_eq!(ask(&desk, &["check", &policy, "--json"]).json()["paused"][0]["last"], last);
    // Other policies are not, and it is not with other files.
    let other = ask(&desk, &["check", "plugins/netting/netting.rhai", "--json"]).json();
    assert_eq!(other["paused"], json!([]));
    desk.file("fails/fails.rhai", "fn run(input) { 7 }");
    assert_eq!(ask(&desk, &["check", &policy, "--json"]).json()["paused"], json!([]));
    desk.file("fails/fails.rhai", "fn run(input) { throw \"no\"; }");

    assert_eq!(ask(&desk, &["unpause", &last]).code, Some(0));
    assert_eq!(ask(&desk, &["runs", "--json"]).json()["paused"], json!([]));
    assert_eq!(ask(&desk, &run).code, Some(1), "it is run again");
}
