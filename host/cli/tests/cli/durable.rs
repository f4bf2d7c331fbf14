//! Runs that outlive their process: keys, resuming, the timeline, replay, receipts that are signed,
//! doubts that a person settles, backups and archives.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, process::Command};

use serde_json::{Value, json};

use crate::common::{Desk, Ended, SMALL, Served, held, killed, podhost, project};

const TOKEN: &str = "shop-api-token";

/// A command on the desk's store.
fn on_store(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = podhost();
    command.args(arguments).arg("--store").arg(desk.store());
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.env("PODHOST_TOKEN", TOKEN);
    command
}

fn ask(desk: &Desk, arguments: &[&str]) -> Ended {
    on_store(desk, arguments).output().unwrap().into()
}

/// Runs the netting policy on a platform until the call is there, and kills the process.
fn killed_at(desk: &Desk, pod: &Served, point: &str) {
    killed(netting(desk, pod), point);
}

fn netting(desk: &Desk, pod: &Served) -> Command {
    on_store(
        desk,
        &["run", "plugins/netting", "--platform", pod.url(), "--key", "1399-03", "--json"],
    )
}

fn runs(desk: &Desk, arguments: &[&str]) -> Vec<Value> {
    let listed = ask(desk, &[&["runs", "--json"], arguments].concat()).json();
    listed["runs"].as_array().unwrap().clone()
}

#[test]
fn what_is_under_way_is_told_from_what_was_cut_off() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let mut child = held(netting(&desk, &pod), "3:after-effect");
    let why = || ask(&desk, &["doubts", "--json"]).json()["doubts"][0]["reason"].clone();
    let process = format!("process {}", child.id());
    let under_way = why();
    for text in ["no answer yet", &process, "run plugins/netting"] {
        assert!(under_way.as_str().unwrap().contains(text), "{text}: {under_way}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(why(), "the host stopped before it had an answer");
}

#[test]
fn a_killed_run_is_resumed_and_pays_each_debt_once() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    killed_at(&desk, &pod, "3:after-effect");
    let unfinished = runs(&desk, &["--status", "unfinished"]);
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0]["key"], "1399-03");

    let resumed = ask(&desk, &["resume", "--json"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    let receipt = &resumed.json()["resumed"][0];
    let expected: Value = serde_json::from_slice(
        &fs::read(project().join("plugins/netting/scenarios/small.expected.json")).unwrap(),
    )
    .unwrap();
    let paid = |receipt: &Value| -> Vec<Value> {
        let effects = receipt["effects"].as_array().unwrap();
        effects.iter().map(|effect| json!([effect["invoice"], effect["rials"]])).collect()
    };
    assert_eq!(paid(receipt), paid(&expected));
    assert_eq!(receipt["meters"]["rials"], expected["meters"]["rials"]);

    // Under the same key it is not run again, and nothing is left to resume.
    let run = ["run", "plugins/netting", "--platform", pod.url(), "--key", "1399-03", "--json"];
    let again = ask(&desk, &run).json();
    assert_eq!(again["run"], receipt["run"]);
    assert_eq!(again["journal_head"], receipt["journal_head"]);
    assert_eq!(ask(&desk, &["resume", "--json"]).json()["resumed"], json!([]));
    // With another request, the key is taken.
    let other = ask(&desk, &[&run[..], &["--input", "{\"invoices\": [501]}"]].concat());
    other.failed(2, &["1399-03", receipt["run"].as_str().unwrap()]);
}

#[test]
fn the_next_run_goes_on_with_what_was_cut_off() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    killed_at(&desk, &pod, "2:before-intent");
    let next = ask(&desk, &["run", "plugins/netting", "--platform", pod.url(), "--json"]);
    assert!(next.stderr.contains("Resuming run"), "{next:#?}");
    assert_eq!(next.json()["effects"], json!([]), "the first run netted everything");
    let all = runs(&desk, &["--policy", "netting", "--invoice", "501"]);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["status"], "done");
}

#[test]
fn a_run_is_shown_and_replayed() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let receipt = ask(&desk, &["run", "plugins/netting", "--platform", pod.url(), "--json"]).json();
    let run = receipt["run"].as_str().unwrap();

    let shown = ask(&desk, &["show", &run[..13]]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    for text in [run, "payInvoiceByInvoice", "holding 900,000 rials", "reference number", "ended"] {
        assert!(shown.stdout.contains(text), "`{text}` is missing: {}", shown.stdout);
    }
    let timeline = ask(&desk, &["show", run, "--json"]).json();
    let entries = timeline["entries"].as_array().unwrap();
    assert_eq!(entries[0]["started"]["policy"], "netting");
    assert_eq!(entries.last().unwrap()["hash"], receipt["journal_head"]);
    assert_eq!(ask(&desk, &["show", run, "--receipt"]).json(), receipt);

    let replayed = ask(&desk, &["replay", run, "--json"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    assert_eq!(replayed.json()["differences"], json!([]));
    // The script decides the same; a policy that does nothing does not.
    let script = "plugins/netting/netting.rhai";
    let same = ask(&desk, &["replay", run, "--policy", script]);
    assert_eq!(same.code, Some(0), "{same:#?}");
    let idle = desk.file("idle.rhai", "fn plan(debts, credits) { #{ pairs: [] } }");
    let other = ask(&desk, &["replay", run, "--policy", &idle, "--json"]);
    assert_eq!(other.code, Some(1), "{other:#?}");
    assert_eq!(other.json()["differences"][0]["what"], "call 2");
    ask(&desk, &["show", "no-such-run"]).failed(2, &["no-such-run", "podhost runs"]);
}

/// A remark more takes other fuel and memory, and moves what stands behind it to another line.
#[test]
fn u2_a_replay_with_another_policy_compares_what_is_done_not_what_it_takes() {
    let desk = Desk::new();
    let again = |script: &str, input: &str| {
        let kept = desk.file("kept.rhai", script);
        let arguments = ["run", &kept, "--scenario", SMALL, "--input", input, "--json"];
        let receipt = ask(&desk, &arguments).json();
        let run = receipt["run"].as_str().unwrap();
        let remarked = format!("// One remark more.\n// And another.\n{script}");
        let remarked = desk.file("remarked.rhai", remarked);
        (receipt["status"].clone(), ask(&desk, &["replay", run, "--policy", &remarked, "--json"]))
    };
    let script =
        "fn run(input) {\n    if input < 3 { throw `${input} is too little` }\n    input\n}";
    for (input, status) in [("3", "done"), ("2", "failed")] {
        let (ended, replayed) = again(script, input);
        assert_eq!(ended, status);
        assert_eq!(replayed.code, Some(0), "{replayed:#?}");
        assert_eq!(replayed.json()["differences"], json!([]));
    }
    // What it did with itself is compared to the unit.
    let run = runs(&desk, &[])[0]["run"].as_str().unwrap().to_owned();
    assert_eq!(ask(&desk, &["replay", &run]).code, Some(0));
    // Another error is one.
    let says = |says: &str| format!("fn run(input) {{ throw \"{says}\" }}");
    let no = desk.file("kept.rhai", says("no"));
    let receipt = ask(&desk, &["run", &no, "--scenario", SMALL, "--json"]).json();
    let never = desk.file("never.rhai", says("never"));
    let run = receipt["run"].as_str().unwrap();
    let other = ask(&desk, &["replay", run, "--policy", &never, "--json"]);
    assert_eq!(other.json()["differences"][0]["what"], "error", "{other:#?}");
}

/// A private ed25519 key as OpenSSL writes it.
fn signing_key() -> String {
    // PKCS#8's head, and 32 bytes.
    let text = "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn a_receipt_is_signed_and_checked() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let key = desk.file("receipts.pem", signing_key());
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    let config = "[account.shop]\ntoken = { env = \"PODHOST_TOKEN\" }\n\
                  [policy.netting]\naccount = \"shop\"\n\
                  capabilities.allow = [\"invoices\", \"payments.pay-invoice-by-invoice\"]\n\
                  budget.rial = 10_000_000\n\
                  [receipts]\nsigning-key = { file = \"receipts.pem\" }\n";
    let config = desk.file("podhost.toml", config);
    let run = ["run", "plugins/netting", "--platform", pod.url(), "--config", &config, "--json"];
    let receipt = ask(&desk, &run);
    assert_eq!(receipt.json()["signature"]["algorithm"], "ed25519", "{receipt:#?}");
    let file = desk.file("receipt.json", &receipt.stdout);

    let verified = ask(&desk, &["verify", &file, "--config", &config]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
    assert!(verified.stdout.contains("operator's key"), "{verified:#?}");
    assert!(verified.stdout.contains("comes to this receipt"), "{verified:#?}");

    let changed = receipt.stdout.replace("900000", "900001");
    let changed = desk.file("changed.json", changed);
    let refused = ask(&desk, &["verify", &changed, "--config", &config]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("it was changed"), "{refused:#?}");
    let other = "00".repeat(32);
    let refused = ask(&desk, &["verify", &file, "--key", &other]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("not the one expected"), "{refused:#?}");
    let no_key = desk.file("bad.toml", "[receipts]\nsigning-key = { env = \"PODHOST_TOKEN\" }\n");
    let refused = ask(&desk, &["verify", &file, "--config", &no_key]);
    refused.failed(2, &["bad.toml", "signing-key", "ed25519"]);
}

#[test]
fn a_person_settles_what_nobody_can_prove() {
    let mut scenario: Value =
        serde_json::from_slice(&fs::read(project().join(SMALL)).unwrap()).unwrap();
    scenario["faults"] =
        json!([{ "service": "sendPaymentLinkToUser", "call": 1, "reset": "after" }]);
    let desk = Desk::new();
    let scenario = desk.file("scenario.json", scenario.to_string());
    let pod = Served::start(&["--scenario", &scenario]);
    desk.file(
        "asks/policy.toml",
        "name = \"asks\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"asks.rhai\"\n\
         [capabilities]\nallow = [\"payments.send-payment-link-to-user\"]\n\
         [budget]\nsms = 1\n[network]\nallow = [\"https://shop.ir/paid\"]\n",
    );
    let policy = desk.file(
        "asks/asks.rhai",
        "fn run(input) { send_payment_link_to_user(#{ invoice_id: 501, user_id: 100, redirect_uri: \
         \"https://shop.ir/paid\" }) }",
    );
    let run = ["run", &policy, "--platform", pod.url(), "--json", "--landing-window", "100ms"];
    let ended = ask(&desk, &run);
    assert_eq!(ended.code, Some(4), "{ended:#?}");
    let receipt = ended.json();
    assert_eq!(receipt["status"], "unknown-outcome", "{receipt:#}");
    let run = receipt["run"].as_str().unwrap();

    let shown = ask(&desk, &["settle", run]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    for text in ["sendPaymentLinkToUser", "--happened", "--not-happened", "--by"] {
        assert!(shown.stdout.contains(text), "`{text}` is missing: {}", shown.stdout);
    }
    ask(&desk, &["settle", run, "--happened"]).failed(2, &["--note"]);
    let note = ["--note", "the customer has it"];
    let settle = [&["settle", run, "--happened", "--json"], &note[..]].concat();
    ask(&desk, &settle).failed(2, &["who decides", "--by"]);
    let settled = ask(&desk, &[&settle[..], &["--by", "sara"]].concat());
    assert_eq!(settled.code, Some(0), "{settled:#?}");
    let settled = settled.json();
    assert_eq!(settled["settled"][0]["note"], "the customer has it");
    assert_eq!(settled["settled"][0]["by"], "sara");
    assert_eq!(settled["effects"][0]["proof"], "settled");
    assert_eq!(settled["effects"][0]["service"], "sendPaymentLinkToUser");
    assert_ne!(settled["status"], "unknown-outcome");
    assert!(runs(&desk, &["--status", "unknown-outcome"]).is_empty());
    let twice = ["settle", run, "--happened", "--note", "twice", "--by", "reza"];
    ask(&desk, &twice).failed(2, &["to correct what was decided", "name its call: 0"]);
}

#[test]
fn a_store_is_backed_up_and_pruned() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let run = ["run", "plugins/netting", "--platform", pod.url(), "--key", "k", "--json"];
    let receipt = ask(&desk, &run);
    let id = receipt.json()["run"].as_str().unwrap().to_owned();
    let receipt = desk.file("receipt.json", &receipt.stdout);

    let copy = desk.folder.path().join("copy");
    let copied = ask(&desk, &["backup", copy.to_str().unwrap()]);
    assert_eq!(copied.code, Some(0), "{copied:#?}");
    let shown: Ended = podhost()
        .args(["replay", &id, "--store", copy.to_str().unwrap()])
        .env("PODHOST_CACHE", project().join("target/test-components"))
        .output()
        .unwrap()
        .into();
    assert_eq!(shown.code, Some(0), "{shown:#?}");

    let archive = desk.folder.path().join("archive");
    let archive = archive.to_str().unwrap();
    let pruned = ask(&desk, &["prune", "--before", "0s", "--archive", archive]);
    assert_eq!(pruned.code, Some(0), "{pruned:#?}");
    assert!(pruned.stdout.starts_with("1 runs"), "{pruned:#?}");
    ask(&desk, &["show", &id]).failed(3, &["archive"]);
    assert!(runs(&desk, &[])[0]["archived"].is_number());
    // Of a receipt that nobody signed, the entries alone tell whether it is true.
    let verified = ask(&desk, &["verify", &receipt]);
    assert_eq!(verified.code, Some(1), "{verified:#?}");
    assert!(verified.stderr.contains("entries were pruned"), "{verified:#?}");
    let there = podhost().args(["verify", &receipt, "--store", archive]).output().unwrap();
    let there: Ended = there.into();
    assert_eq!(there.code, Some(0), "{there:#?}");
    let listed: Ended = podhost().args(["runs", "--store", archive]).output().unwrap().into();
    assert_eq!(
        (listed.code, &*listed.stderr),
        (Some(0), ""),
        "an archive lost nothing: {listed:#?}"
    );
    let whole: Ended = podhost().args(["verify", "--store", archive]).output().unwrap().into();
    assert_eq!(whole.code, Some(0), "{whole:#?}");
    ask(&desk, &run).failed(3, &["archive"]);
    let archived: Ended =
        podhost().args(["show", &id, "--store", archive]).output().unwrap().into();
    assert_eq!(archived.code, Some(0), "{archived:#?}");
}

#[test]
fn a_receipt_without_end_is_not_read_to_its_end() {
    let ended: Ended = podhost().args(["verify", "/dev/zero"]).output().unwrap().into();
    ended.failed(2, &["/dev/zero is larger than 64 MiB"]);
}

/// `podhost crashtest`, which must end with 0: what came of each scenario.
fn crash_tested(arguments: &[&str]) -> Vec<Value> {
    let tested: Ended = podhost()
        .args([&["crashtest", "--json"], arguments].concat())
        .env("PODHOST_CACHE", project().join("target/test-components"))
        .output()
        .unwrap()
        .into();
    assert_eq!(tested.code, Some(0), "{arguments:?}: {tested:#?}");
    tested.json()["scenarios"].as_array().unwrap().clone()
}

fn kills(scenario: &Value, verdict: &str) -> usize {
    let kills = scenario["kills"].as_array().unwrap();
    kills.iter().filter(|kill| kill["verdict"] == verdict).count()
}

#[test]
fn a_crash_test_kills_at_every_step() {
    let scenarios = crash_tested(&["plugins/netting", "--scenario", SMALL, "--kills", "12"]);
    assert_eq!(scenarios[0]["steps"], 3);
    assert_eq!(scenarios[0]["points"], 12);
    assert_eq!(kills(&scenarios[0], "same"), 12);
}

/// A fault that is met by a repeat, or moved by one to another call, is no difference of the run's.
#[test]
fn a_scripted_fault_is_no_difference() {
    let desk = Desk::new();
    let mut scenario: Value =
        serde_json::from_slice(&fs::read(project().join(SMALL)).unwrap()).unwrap();
    for fault in [
        json!({ "service": "payInvoiceByInvoice", "call": 2, "errorCode": 72 }),
        json!({ "service": "payInvoiceByInvoice", "call": 2, "unanswered": "before" }),
        json!({ "service": "payInvoiceByInvoice", "call": 2, "errorCode": 999 }),
    ] {
        scenario["faults"] = json!([fault]);
        let file = desk.file("scenario.json", scenario.to_string());
        let scenarios =
            crash_tested(&["plugins/netting/netting.rhai", "--scenario", &file, "--jobs", "2"]);
        // After a refusal, nothing more is paid.
        assert!(scenarios[0]["steps"].as_u64() >= Some(2), "{fault}: {:#}", scenarios[0]);
        let all = scenarios[0]["kills"].as_array().unwrap().len();
        assert_eq!(kills(&scenarios[0], "same"), all, "{fault}: {:#}", scenarios[0]);
    }
}

/// The small scenarios; `podhost crashtest plugins/NAME` takes them all.
#[test]
fn every_policy_passes_its_crash_tests() {
    for policy in [
        "plugins/netting/netting.rhai",
        "plugins/delegation",
        "plugins/delegation/delegation.rhai",
        "plugins/loan-plan",
        "plugins/loan-plan/loan-plan.rhai",
        "plugins/month",
        "plugins/month/month.rhai",
    ] {
        let folder = policy.split('/').take(2).collect::<Vec<_>>().join("/");
        let small = format!("{folder}/scenarios/small.json");
        for scenario in crash_tested(&[policy, "--scenario", &small, "--kills", "12"]) {
            let all = scenario["kills"].as_array().unwrap().len();
            let (same, unknown) = (kills(&scenario, "same"), kills(&scenario, "unknown"));
            assert_eq!(same + unknown, all, "{policy}: {scenario:#}");
            // Whether an invoice was paid by loan, nothing proves before it is.
            assert!(unknown == 0 || policy.contains("loan") || policy.contains("month"));
        }
    }
}

/// Every service that changes something, killed at each point of its call.
#[test]
fn every_service_passes_its_crash_tests() {
    let folder = "tests/services/every-mutation";
    let scenario = format!("{folder}/scenario.json");
    let scenarios = crash_tested(&[folder, "--scenario", &scenario, "--kills", "92"]);
    let scenario = &scenarios[0];
    assert_eq!(scenario["steps"], 23, "{scenario:#}");
    assert_eq!(scenario["kills"].as_array().unwrap().len(), 92);
    assert_eq!(kills(scenario, "different"), 0);
    let doubted = |kill: &&Value| kill["verdict"] == "unknown";
    let doubted = scenario["kills"].as_array().unwrap().iter().filter(doubted);
    let doubted: BTreeSet<_> = doubted.map(|kill| kill["service"].as_str().unwrap()).collect();
    // docs/reference.md says of each what nothing tells, docs/attribution.md how much that is.
    let expected = [
        "cancelBill",
        "payInvoiceByLoan",
        "reduceInvoice",
        "removePermittedUserFromLoanContract",
        "sendInvoicePaymentSMS",
        "sendPaymentLinkToUser",
        "updateLoanGrantorCreditForUsers",
        "verifyPaymentSMS",
    ];
    assert_eq!(doubted, expected.into());
}

#[test]
fn a_crash_test_finds_a_policy_that_is_never_the_same() {
    let desk = Desk::new();
    desk.file(
        "fickle/policy.toml",
        "name = \"fickle\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"fickle.rhai\"\n\
         [capabilities]\nallow = [\"payments\"]\n[budget]\nrial = 10_000_000\n",
    );
    let policy = desk.file(
        "fickle/fickle.rhai",
        "fn run(input) { pay_invoice_by_invoice(#{ creditor_invoice_id: 601, \
         debtor_invoice_id: 501 }); get_random_s64() }",
    );
    let tested: Ended = podhost()
        .args(["crashtest", &policy, "--scenario", SMALL, "--json"])
        .env("PODHOST_CACHE", project().join("target/test-components"))
        .output()
        .unwrap()
        .into();
    assert_eq!(tested.code, Some(1), "{tested:#?}");
    let kills = &tested.json()["scenarios"][0]["kills"];
    let different = kills.as_array().unwrap().iter().find(|kill| kill["verdict"] == "different");
    let difference = &different.unwrap()["differences"][0];
    assert_eq!(difference["path"], "receipt.output", "{difference}");
    assert_ne!(difference["undisturbed"], difference["killed"]);
}

/// Ids begin with the time, which runs of one minute share; the end tells them apart.
#[test]
fn u8_the_end_of_an_id_names_the_run() {
    let desk = Desk::new();
    let script = desk.file("hello.rhai", "fn run(input) { \"hello\" }\n");
    let of = || {
        let receipt = ask(&desk, &["run", &script, "--scenario", SMALL, "--json"]).json();
        receipt["run"].as_str().expect("a run has an id").to_owned()
    };
    let (first, second) = (of(), of());
    assert_eq!(first[..4], second[..4], "both begin with the time");
    for run in [&first, &second] {
        let end = &run[run.len() - 8..];
        let shown = ask(&desk, &["show", end, "--receipt"]).json();
        assert_eq!(shown["run"], **run);
        let replayed = ask(&desk, &["replay", end]);
        assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    }
    ask(&desk, &["show", &first[..4]]).failed(2, &["2 runs", "its end"]);
}
