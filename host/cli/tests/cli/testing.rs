//! `podhost test`: a policy in its scenarios, against what is expected of it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::common::{Desk, Ended, SMALL, podhost, project};

/// A script that answers how many invoices it sees, in a folder with one scenario.
const SCRIPT: &str = "fn run(input) { print(`sees ${input}`); input + 1 }";

fn test(policy: &str, more: &[&str]) -> Ended {
    let mut command = podhost();
    command.args(["test", policy]).args(more);
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.output().unwrap().into()
}

fn policy(desk: &Desk) -> String {
    desk.file(
        "sums/policy.toml",
        "name = \"sums\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"sums.rhai\"\n",
    );
    desk.file("sums/sums.rhai", SCRIPT);
    let small = fs::read_to_string(project().join(SMALL)).unwrap();
    desk.file("sums/scenarios/one.json", &small);
    desk.file("sums/scenarios/one.input.json", "41");
    desk.file("sums/scenarios/two.json", small);
    desk.file("sums/scenarios/two.input.json", "1");
    desk.folder.path().join("sums").display().to_string()
}

fn expected(policy: &str, scenario: &str) -> Value {
    let path = Path::new(policy).join(format!("scenarios/{scenario}.expected.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_is_expected_is_written_and_compared_with() {
    let desk = Desk::new();
    let policy = policy(&desk);
    let missing = test(&policy, &[]);
    assert_eq!(missing.code, Some(1), "{missing:#?}");
    assert!(
        missing.stdout.contains("one: nothing is expected of it yet; --update"),
        "{missing:#?}"
    );
    let written = test(&policy, &["--update", "--json"]);
    assert_eq!(written.code, Some(0), "{written:#?}");
    assert_eq!(written.json()["scenarios"][1]["verdict"], "written");
    assert_eq!(written.json()["scenarios"][1]["status"], "done");
    assert_eq!(expected(&policy, "one")["output"], 42);
    assert_eq!(expected(&policy, "one")["log"][0]["message"], "sees 41");

    let same = test(&policy, &["--update"]);
    assert!(same.stdout.starts_with("one: as expected ("), "{same:#?}");
    assert!(same.stdout.ends_with("\n2 of 2 scenarios came to what is expected\n"), "{same:#?}");

    desk.file("sums/sums.rhai", SCRIPT.replace("+ 1", "+ 2"));
    let junit = desk.folder.path().join("junit.xml");
    let different = test(&policy, &["--junit", junit.to_str().unwrap()]);
    assert_eq!(different.code, Some(1), "{different:#?}");
    for line in ["one: different (", "  output\n    expected  42\n    found     43\n", "0 of 2"] {
        assert!(different.stdout.contains(line), "{line}: {different:#?}");
    }
    let xml = fs::read_to_string(junit).unwrap();
    for part in ["tests=\"2\"", "failures=\"2\"", "output: expected 42, found 43"] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
    let one = Path::new(&policy).join("scenarios/one.json");
    let one = test(&policy, &["--json", "--scenario", one.to_str().unwrap()]).json();
    assert_eq!(one["scenarios"].as_array().unwrap().len(), 1);
    let difference = &one["scenarios"][0]["differences"][0];
    assert_eq!((&difference["path"], &difference["found"]), (&"output".into(), &43.into()));
}

#[test]
fn our_own_policies_come_to_what_is_expected() {
    for (policy, scenarios) in [("netting", 8), ("loan-plan", 8)] {
        let script = format!("plugins/{policy}/{policy}.rhai");
        let tested = test(&script, &[]);
        assert_eq!(tested.code, Some(0), "{tested:#?}");
        let last = format!("{scenarios} of {scenarios} scenarios came to what is expected\n");
        assert!(tested.stdout.ends_with(&last), "{tested:#?}");
    }
}

#[test]
fn what_cannot_be_run_or_read_is_told_of_its_scenario() {
    let desk = Desk::new();
    let policy = policy(&desk);
    desk.file("sums/scenarios/one.json", "{\"users\": 7}");
    desk.file("sums/scenarios/two.expected.json", "{\n\"output\": 1,}");
    let failed = test(&policy, &["--json"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    for (scenario, says) in [(0, "one.json"), (1, "two.expected.json")] {
        let outcome = &failed.json()["scenarios"][scenario];
        assert_eq!(outcome["verdict"], "failed");
        assert!(outcome["reason"].as_str().unwrap().contains(says), "{outcome:#}");
    }
    // A script that does not parse is told once, not for each scenario.
    desk.file("sums/sums.rhai", "fn run(input) {");
    test(&policy, &[]).failed(2, &["sums.rhai:1"]);
    // What a build server is told is not what it was told before.
    let junit = desk.file("junit.xml", "<older/>");
    test(&policy, &["--junit", &junit]).failed(2, &["sums.rhai:1"]);
    assert!(fs::read_to_string(junit).unwrap().contains("errors=\"1\""));
    desk.file("empty/policy.toml", "");
    let empty = desk.file("empty.rhai", SCRIPT);
    test(&empty, &[]).failed(2, &["no scenarios"]);
}

#[test]
fn what_is_expected_is_not_written_through_a_link() {
    let desk = Desk::new();
    let policy = policy(&desk);
    let elsewhere = desk.file("elsewhere.json", "{}");
    let beside = Path::new(&policy).join("scenarios/one.expected.json");
    std::os::unix::fs::symlink(&elsewhere, &beside).unwrap();
    let refused = test(&policy, &["--update", "--json"]).json();
    assert_eq!(refused["scenarios"][0]["verdict"], "failed", "{refused:#}");
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "{}");
}

#[test]
fn a_change_is_tried_at_once() {
    let desk = Desk::new();
    let policy = policy(&desk);
    assert_eq!(test(&policy, &["--update"]).code, Some(0));
    let mut watching = podhost()
        .args(["test", &policy, "--watch"])
        .env("PODHOST_CACHE", project().join("target/test-components"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut sums = || lines.by_ref().map(Result::unwrap).find(|line| line.contains(" of 2 "));
    assert_eq!(sums().unwrap(), "2 of 2 scenarios came to what is expected");
    desk.file("sums/sums.rhai", SCRIPT.replace("+ 1", "+ 3"));
    assert_eq!(sums().unwrap(), "0 of 2 scenarios came to what is expected");
    desk.file("sums/sums.rhai", SCRIPT);
    assert_eq!(sums().unwrap(), "2 of 2 scenarios came to what is expected");
    watching.kill().unwrap();
    watching.wait().unwrap();
}

#[test]
fn a_new_policy_passes_its_own_test_and_runs() {
    let desk = Desk::new();
    for world in ["policy", "netting", "delegation", "loan-plan"] {
        let folder = desk.folder.path().join(format!("my-{world}")).display().to_string();
        let made: Ended =
            podhost().args(["new", &folder, "--world", world]).output().unwrap().into();
        assert_eq!(made.code, Some(0), "{made:#?}");
        assert!(made.stdout.contains(&format!("podhost test {folder}\n")), "{made:#?}");
        let tested = test(&folder, &[]);
        assert_eq!(tested.code, Some(0), "{tested:#?}");
        let again: Ended =
            podhost().args(["new", &folder, "--world", world]).output().unwrap().into();
        again.failed(2, &["cannot be made"]);
        assert_eq!(test(&folder, &["--update"]).code, Some(0));
        // It is no toy: something is found, or paid.
        let small = expected(&folder, "small");
        let output = &small["output"];
        let does = match world {
            "policy" => output["open"].as_array().unwrap().len(),
            _ => small["effects"].as_array().unwrap().len(),
        };
        assert_eq!(does, 1, "{world}: {small:#}");
    }
}

#[test]
fn a_new_policy_has_a_plain_name_and_a_world() {
    let desk = Desk::new();
    for (name, more, says) in [
        ("My Policy", &["--world", "netting"][..], "such as first-fit"),
        ("..", &["--world", "netting"], "such as first-fit"),
        ("mine", &[], "--world policy|netting|delegation|loan-plan"),
        ("mine", &["--world", "nettin"], "netting"),
        ("not/there", &["--world", "netting"], "cannot be made"),
    ] {
        let mut command = podhost();
        command.current_dir(desk.folder.path()).args(["new", name]).args(more);
        let refused: Ended = command.stdin(Stdio::null()).output().unwrap().into();
        refused.failed(2, &[says]);
    }
    assert_eq!(fs::read_dir(desk.folder.path()).unwrap().count(), 0);
}

#[test]
fn every_recipe_of_the_cookbook_is_described_and_comes_to_what_is_expected() {
    let page = fs::read_to_string(project().join("docs/cookbook.md")).unwrap();
    let mut recipes = 0;
    for folder in fs::read_dir(project().join("plugins/cookbook")).unwrap() {
        let folder = folder.unwrap();
        let name = folder.file_name().into_string().unwrap();
        let script = format!("(../plugins/cookbook/{name}/{name}.rhai)");
        assert!(page.contains(&script), "{name} is not in docs/cookbook.md");
        let tested = test(&folder.path().display().to_string(), &[]);
        assert_eq!(tested.code, Some(0), "{tested:#?}");
        recipes += 1;
    }
    assert_eq!(page.matches("(../plugins/cookbook/").count(), recipes);
}

#[test]
fn every_scenario_is_run_whatever_it_is_called() {
    let desk = Desk::new();
    let policy = policy(&desk);
    let small = fs::read_to_string(project().join(SMALL)).unwrap();
    desk.file("sums/scenarios/1399.03.json", small);
    desk.file("sums/scenarios/1399.03.input.json", "5");
    desk.file("sums/scenarios/tow.input.json", "6");
    let written = test(&policy, &["--update", "--json"]);
    let scenarios = written.json()["scenarios"].as_array().unwrap().len();
    assert_eq!(scenarios, 3, "{written:#?}");
    assert_eq!(expected(&policy, "1399.03")["output"], 6);
    assert!(written.stderr.contains("there is no scenario tow.json"), "{written:#?}");
    // Two of one name are told apart.
    let one = Path::new(&policy).join("scenarios/one.json").display().to_string();
    let other = desk.file("one.json", fs::read_to_string(&one).unwrap());
    let both = test(&policy, &["--json", "--scenario", &one, "--scenario", &other]).json();
    assert_eq!(both["scenarios"][0]["scenario"], one);
    assert_eq!(both["scenarios"][1]["scenario"], other);
}

#[test]
fn a_failed_run_is_told_with_its_place_and_what_to_do() {
    let desk = Desk::new();
    let policy = policy(&desk);
    assert_eq!(test(&policy, &["--update"]).code, Some(0));
    desk.file("sums/sums.rhai", "fn run(input) {\n    input.nothing\n}");
    let failed = test(&policy, &[]);
    assert!(failed.stdout.contains("  the run failed: "), "{failed:#?}");
    assert!(failed.stdout.contains("sums.rhai:2:"), "{failed:#?}");
    let written = test(&policy, &["--update"]);
    let told = "2 of 2 scenarios were written, 2 of them of runs that did not end done";
    assert!(written.stdout.contains(told), "{written:#?}");
    desk.file(
        "sums/sums.rhai",
        "fn run(input) {\n    let n = 0; while n < 10_000_000 { n += 1; }\n}",
    );
    let manifest = fs::read_to_string(Path::new(&policy).join("policy.toml")).unwrap();
    desk.file("sums/policy.toml", format!("{manifest}[budget]\nfuel = 10_000_000\n"));
    let exhausted = test(&policy, &[]);
    assert!(exhausted.stdout.contains("to raise it: `fuel` in [budget]"), "{exhausted:#?}");
}

#[test]
fn what_is_interrupted_says_how_far_it_came_and_leaves_nothing() {
    let desk = Desk::new();
    let policy = policy(&desk);
    let small = fs::read_to_string(project().join(SMALL)).unwrap();
    let slow =
        "{\"faults\": [{\"service\": \"*\", \"probability\": 1, \"latencyMilliseconds\": 20000}],";
    desk.file("sums/scenarios/slow.json", small.replacen('{', slow, 1));
    let calls = "fn run(input) { if input == () { get_invoice_list(#{ offset: 0, size: 1 }); } 1 }";
    desk.file("sums/sums.rhai", calls);
    let manifest = fs::read_to_string(Path::new(&policy).join("policy.toml")).unwrap();
    let allow = "[capabilities]\nallow = [\"invoices.get-invoice-list\"]\n";
    desk.file("sums/policy.toml", format!("{manifest}{allow}"));
    let temporary = desk.folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let mut command = podhost();
    command.args(["test", &policy, "--json", "--jobs", "3"]).env("TMPDIR", &temporary);
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    let testing = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The two that are quick leave their folders; the slow one keeps its.
    let folders = || fs::read_dir(&temporary).unwrap().count();
    while folders() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_secs(3));
    let id = testing.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
    let ended: Ended = testing.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    assert!(ended.stderr.contains("2 of 3 scenarios were tried"), "{ended:#?}");
    assert_eq!(ended.json()["scenarios"].as_array().unwrap().len(), 2);
    assert_eq!(folders(), 0, "{ended:#?}");
}
