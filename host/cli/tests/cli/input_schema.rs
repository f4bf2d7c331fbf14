//! What a policy takes as its input is declared, and checked before anything is sent.

use serde_json::{Value, json};

use crate::common::{Desk, Ended, podhost, project};

const MANIFEST: &str = r#"name = "capped-bill"
version = "1"
world = "policy"
entry = "capped-bill.rhai"
scenario = "scenario.json"

[capabilities]
allow = ["bills"]

[budget]
rial = 50_000_000

[input-schema.limit]
description = "a bill of more rials is not paid"
type = "integer"
minimum = 0
required = true

[input-schema.note]
type = "string"
default = "none"
"#;

const SCRIPT: &str = r#"
fn run(input) {
    let bill = utility_bill("9985235404124", "880000568");
    if input.limit < bill.amount { return `${bill.amount} rials are too much`; }
    pay_bill(#{ bill_id: bill.bill_id, payment_id: bill.payment_id });
    input
}
"#;

const SCENARIO: &str = r#"{
  "now": "1399/03/13 10:00:00",
  "businesses": [
    { "id": 10, "userId": 1, "name": "نانوایی", "apiToken": "shop", "wallet": { "PODLAND_WALLET": 9000000 } }
  ],
  "bills": [{ "billId": "9985235404124", "paymentId": "880000568" }]
}
"#;

struct Policy {
    desk: Desk,
    folder: String,
}

impl Policy {
    fn new() -> Self {
        let desk = Desk::new();
        desk.file("policy/capped-bill.rhai", SCRIPT);
        desk.file("policy/scenario.json", SCENARIO);
        let manifest = desk.file("policy/policy.toml", MANIFEST);
        let folder = manifest.trim_end_matches("/policy.toml").to_owned();
        Self { desk, folder }
    }

    fn run(&self, input: &str) -> Ended {
        self.desk.run(&[&self.folder, "--input", input, "--json"])
    }
}

#[test]
fn m2_an_input_that_does_not_fit_is_refused_before_anything_is_sent() {
    let policy = Policy::new();
    let meaning = "(a bill of more rials is not paid)";
    for (input, says) in [
        (r#"{"limit": "500000"}"#, &["`limit`", r#""500000" is not of type "integer""#][..]),
        (r#"{"limit": null}"#, &["`limit`", r#"null is not of type "integer""#]),
        (r#"{"limit": true}"#, &["`limit`", r#"true is not of type "integer""#]),
        (r#"{"limit": [500000]}"#, &["`limit`", r#"[500000] is not of type "integer""#]),
        (r#"{"limit": -1}"#, &["`limit`", "-1 is less than the minimum of 0"]),
        ("{}", &["`limit`", "is missing"]),
        ("null", &["`limit`", "is missing"]),
    ] {
        policy.run(input).failed(2, &[says, &["the input: ", meaning]].concat());
    }
    let limits = r#"{"limit": 9000000, "limits": 5}"#;
    policy.run(limits).failed(2, &["`limits`: there is no such field; there are `limit`, `note`"]);
    policy.run("[9000000]").failed(2, &["the input: is no object"]);
    let mut runs = podhost();
    let runs =
        Ended::from(runs.arg("runs").arg("--store").arg(policy.desk.store()).output().unwrap());
    assert!(runs.code == Some(0) && !runs.stdout.contains("capped-bill"), "{runs:#?}");

    let small = policy.run(r#"{"limit": 500000}"#).json();
    assert_eq!(
        (&small["output"], &small["effects"]),
        (&json!("8800000 rials are too much"), &json!([]))
    );
    let paid = policy.run(r#"{"limit": 9000000}"#).json();
    assert_eq!(paid["output"], json!({ "limit": 9_000_000, "note": "none" }));
    assert_eq!(paid["effects"][0]["rials"], 8_800_000);
}

#[test]
fn what_a_run_was_told_is_completed_again_when_it_is_replayed() {
    let policy = Policy::new();
    let paid = policy.run(r#"{"limit": 9000000}"#).json();
    let run = paid["run"].as_str().unwrap();
    let replay = |policy_at: &str| {
        let mut command = podhost();
        command.args(["replay", run, "--policy", policy_at, "--store"]).arg(policy.desk.store());
        command.arg("--cache").arg(project().join("target/test-components"));
        Ended::from(command.output().unwrap())
    };
    let same = replay(&policy.folder);
    assert_eq!(same.code, Some(0), "{same:#?}");
    let manifest = MANIFEST.replace("minimum = 0", "minimum = 10_000_000");
    policy.desk.file("policy/policy.toml", manifest);
    replay(&policy.folder).failed(2, &["`limit`", "9000000 is less than the minimum of 10000000"]);
}

#[test]
fn what_is_stated_is_no_field_of_a_policys_own() {
    let policy = Policy::new();
    let stated = r#"{"limit": 9000000, "stated": {"wallet": {"PODLAND_WALLET": 9000000}}}"#;
    let paid = policy.run(stated).json();
    assert_eq!(paid["output"]["stated"]["wallet"]["PODLAND_WALLET"], 9_000_000, "{paid:#}");
}

#[test]
fn check_shows_what_a_policy_takes() {
    let policy = Policy::new();
    let check = |arguments: &[&str]| {
        let mut command = podhost();
        command.arg("check").args(arguments).arg("--store").arg(policy.desk.store());
        Ended::from(command.output().unwrap())
    };
    let shown = check(&[&policy.folder]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    let lines: Vec<Vec<&str>> =
        shown.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let limit = "limit integer, minimum 0 refused a bill of more rials is not paid";
    for line in [limit, "note string \"none\" -"] {
        assert!(lines.contains(&line.split_whitespace().collect()), "{line}: {}", shown.stdout);
    }
    let schema = &check(&[&policy.folder, "--json"]).json()["input_schema"];
    assert_eq!(schema["properties"]["limit"]["minimum"], 0, "{schema:#}");
    assert_eq!(schema["required"], json!(["limit"]));

    let manifest = &MANIFEST[..MANIFEST.find("[input-schema.limit]").unwrap()];
    policy.desk.file("policy/policy.toml", manifest);
    let shown = check(&[&policy.folder]);
    assert!(shown.stdout.contains("declares none ([input-schema])"), "{}", shown.stdout);
    assert_eq!(check(&[&policy.folder, "--json"]).json()["input_schema"], Value::Null);
}

#[test]
fn m2_the_month_policy_declares_its_bills() {
    let desk = Desk::new();
    for (bills, says) in [
        (
            r#"[{"billId": 402765633622, "paymentId": "157090499"}]"#,
            "`bills[0].billId`: 402765633622",
        ),
        (r#"[{"barcode": "1"}, {"billId": "402765633622"}]"#, "`bills[1]`: "),
        (r#"{"billId": "402765633622", "paymentId": "157090499"}"#, "`bills`: "),
    ] {
        let input = format!(r#"{{"bills": {bills}}}"#);
        let ended = desk.run(&["plugins/month", "--input", &input]);
        ended.failed(2, &[says, "(the bills to pay, each with the texts billId and paymentId, or"]);
    }
}
