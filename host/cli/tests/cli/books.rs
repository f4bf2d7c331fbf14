//! What an accountant and an operator ask of a store: the statement, all doubts, and runs a page at a
//! time.

use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::common;
use crate::common::{Desk, Ended, SMALL, Served, formulas, podhost, project};

fn on_store(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = podhost();
    command.args(arguments).arg("--store").arg(desk.store());
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.env("PODHOST_TOKEN", "shop-api-token");
    command
}

fn ask(desk: &Desk, arguments: &[&str]) -> Ended {
    on_store(desk, arguments).output().unwrap().into()
}

/// A platform on which one SMS is left in doubt.
fn platform(desk: &Desk) -> Served {
    let small = fs::read(project().join(SMALL)).unwrap();
    let mut scenario: Value = serde_json::from_slice(&small).unwrap();
    scenario["faults"] =
        json!([{ "service": "sendPaymentLinkToUser", "call": 1, "reset": "after" }]);
    let scenario = desk.file("scenario.json", scenario.to_string());
    Served::start(&["--scenario", &scenario])
}

/// Asks a customer to pay, which ends in doubt. The run.
fn in_doubt(desk: &Desk, pod: &Served) -> String {
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
    let receipt = ask(desk, &run).json();
    assert_eq!(receipt["status"], "unknown-outcome", "{receipt:#}");
    receipt["run"].as_str().unwrap().to_owned()
}

fn records(csv: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().unwrap().clone();
    let record = |record: csv::Result<csv::StringRecord>| {
        let record = record.unwrap();
        names.iter().zip(&record).map(|(name, value)| (name.to_owned(), json!(value))).collect()
    };
    reader.records().map(record).collect()
}

#[test]
fn the_statement_says_what_receipts_say_in_each_format() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let run = ["run", "plugins/netting/netting.rhai", "--platform", pod.url(), "--json"];
    let receipt = ask(&desk, &run).json();
    let doubt = in_doubt(&desk, &pod);

    let whole = ask(&desk, &["statement", "--format", "json"]);
    assert_eq!(whole.code, Some(0), "{whole:#?}");
    let whole = whole.json();
    let of_kind = |kind: &str| -> Vec<&Value> {
        whole["lines"].as_array().unwrap().iter().filter(|line| line["kind"] == kind).collect()
    };
    let effects = receipt["effects"].as_array().unwrap();
    assert_eq!(of_kind("effect").len(), effects.len());
    for (line, effect) in of_kind("effect").iter().zip(effects) {
        for field in ["service", "invoice", "rials", "reference", "object", "proof", "at", "step"] {
            assert_eq!(line[field], effect[field], "{field}");
        }
        assert_eq!(line["run"], receipt["run"]);
        assert_eq!(line["date"], "1399/03/13");
        assert!(line["time"].as_str().unwrap().starts_with("2020-06-02T05:30:0"), "{line}");
    }
    assert_eq!(of_kind("doubt").len(), 1);
    assert_eq!(of_kind("doubt")[0]["run"], json!(doubt));
    let sum = |kind: &str| {
        let sums = whole["sums"].as_array().unwrap();
        sums.iter().find(|sum| sum["kind"] == kind).map(|sum| sum["rials"].clone())
    };
    assert_eq!(sum("effect"), Some(receipt["meters"]["rials"].clone()));

    // Settled, it is a line of another kind.
    let settle = ["settle", &doubt, "--happened", "--by", "sara", "--note", "the customer has it"];
    assert_eq!(ask(&desk, &settle).code, Some(0));
    let csv = ask(&desk, &["statement", "--format", "csv"]);
    let lines = records(&csv.stdout);
    assert_eq!(lines.len(), effects.len() + 1);
    let settled = lines.iter().find(|line| line["kind"] == "settlement").unwrap();
    assert_eq!((&settled["happened"], &settled["by"]), (&json!("yes"), &json!("sara")));
    assert_eq!(settled["object"], "invoiceId 501, userId 100");
    let rials: u64 =
        lines.iter().map(|l| l["rials"].as_str().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(json!(rials), receipt["meters"]["rials"]);
    assert!(csv.stderr.contains("1 settlement, 0 rials"), "{csv:#?}");

    let table = ask(&desk, &["statement"]);
    for text in ["creditorInvoiceId 601, debtorInvoiceId 501", "900,000", "says sara"] {
        assert!(table.stdout.contains(text), "`{text}` is missing: {}", table.stdout);
    }
}

#[test]
fn a_statement_is_of_a_period_and_an_account() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let run = ["run", "plugins/netting/netting.rhai", "--platform", pod.url(), "--json"];
    let all = ask(&desk, &run).json()["effects"].as_array().unwrap().len();
    for (arguments, found) in [
        (&["--from", "1399/03/13", "--to", "1399/03/13"][..], all),
        (&["--from", "2020-06-02", "--to", "2020-06-02"], all),
        (&["--from", "2020-06-02T05:29:00Z", "--to", "1399/03/13 11:00:00"], all),
        (&["--to", "1399/03/12"], 0),
        (&["--to", "2020-06-01"], 0),
        // A time of day is an end, and not in it.
        (&["--to", "1399/03/13 10:00:00"], 0),
        (&["--from", "1399/03/14"], 0),
        (&["--from", "1d"], 0),
        (&["--account", "somebody"], 0),
    ] {
        let statement = ask(&desk, &[&["statement", "--format", "json"], arguments].concat());
        let lines = statement.json()["lines"].as_array().unwrap().len();
        assert_eq!(lines, found, "{arguments:?}");
    }
    // Each calendar is written in its own way; the other one is not guessed at.
    ask(&desk, &["statement", "--from", "2020/06/02"]).failed(2, &["Jalali", "2020-06-02"]);
    ask(&desk, &["statement", "--from", "1399-03-13"]).failed(2, &["Gregorian", "1399/03/13"]);
    ask(&desk, &["statement", "--from", "yesterday"]).failed(2, &["1399/03/13", "2020-06-02"]);
    // A period in which nothing can be is not said to hold nothing.
    let ends_first = ["statement", "--from", "1399/03/14", "--to", "1399/03/12"];
    ask(&desk, &ends_first).failed(2, &["ends before it begins"]);
    ask(&desk, &["runs", "--since", "1d", "--before", "2d"]).failed(2, &["ends before it begins"]);
}

/// Whatever others have written, a spreadsheet takes none of it for a formula.
#[test]
fn no_field_of_the_csv_is_a_formula() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let doubt = in_doubt(&desk, &pod);
    for (step, note) in
        ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "a;=1+1", "a؛ \"@SUM(A1)", "plain"]
            .iter()
            .enumerate()
    {
        let (by, note) = (format!("={step}"), format!("--note={note}"));
        let settle = ["settle", &doubt, "--happened", "--step", "0", "--by", &by, &note];
        let settled = ask(&desk, &settle);
        assert_eq!(settled.code, Some(0), "{settled:#?}");
    }
    let csv = ask(&desk, &["statement", "--format", "csv"]);
    let lines = records(&csv.stdout);
    assert_eq!(lines.len(), 9);
    assert_eq!(formulas(&csv.stdout), [""; 0]);
    assert_eq!((&lines[0]["note"], &lines[8]["note"]), (&json!("'=1+1"), &json!("plain")));
    assert_eq!(lines[6]["note"], "a;'=1+1", "a semicolon ends a cell where a comma is in numbers");
    let counted = lines.iter().filter(|line| line["superseded"] == "").count();
    assert_eq!(counted, 1, "the last decision counts");
}

#[test]
fn runs_come_a_page_at_a_time_the_newest_first() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let all: Vec<String> = (0..5)
        .map(|_| {
            let run = ["run", "plugins/netting/netting.rhai", "--platform", pod.url(), "--json"];
            ask(&desk, &run).json()["run"].as_str().unwrap().to_owned()
        })
        .collect();
    let page = |arguments: &[&str]| {
        let listed = ask(&desk, &[&["runs", "--json"], arguments].concat());
        assert_eq!(listed.code, Some(0), "{listed:#?}");
        let listed = listed.json();
        let runs = listed["runs"].as_array().unwrap().iter();
        let runs: Vec<String> = runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect();
        (runs, listed["more"].as_bool().unwrap())
    };
    assert_eq!(page(&[]), (all.clone(), false));
    assert_eq!(page(&["--limit", "2"]), (all[3..].to_vec(), true));
    let next = ["--limit", "2", "--before-run", &all[3]];
    assert_eq!(page(&next), (all[1..3].to_vec(), true));
    assert_eq!(page(&["--limit", "2", "--before-run", &all[1]]), (all[..1].to_vec(), false));
    assert_eq!(page(&["--limit", "5"]), (all.clone(), false));
    ask(&desk, &["runs", "--limit", "0"]).failed(2, &["--limit"]);
    ask(&desk, &["runs", "--before-run", "none"]).failed(2, &["none"]);
    let table = ask(&desk, &["runs", "--limit", "2"]);
    assert!(table.stderr.contains(&format!("--before-run {}", all[3])), "{table:#?}");
}

/// A variable that is not set names no run, though there is only one.
#[test]
fn an_empty_id_is_no_run() {
    let desk = Desk::new();
    let pod = platform(&desk);
    in_doubt(&desk, &pod);
    for arguments in [
        &["settle", "", "--happened", "--by", "sara", "--note", "seen"][..],
        &["settle", " "],
        &["show", ""],
        &["replay", ""],
        &["unpause", ""],
        &["runs", "--before-run", ""],
    ] {
        ask(&desk, arguments).failed(2, &["no run is named"]);
    }
    assert_eq!(ask(&desk, &["doubts", "--json"]).json()["doubts"].as_array().unwrap().len(), 1);
}

#[test]
fn an_archive_is_another_store() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let run = ["run", "plugins/netting/netting.rhai", "--platform", pod.url(), "--json"];
    let run = ask(&desk, &run).json()["run"].as_str().unwrap().to_owned();
    let link = desk.folder.path().join("link");
    symlink(desk.store(), &link).unwrap();
    for archive in [desk.store(), link] {
        let prune = ["prune", "--before", "0s", "--archive", archive.to_str().unwrap()];
        ask(&desk, &prune).failed(2, &["is the store itself"]);
    }
    let shown = ask(&desk, &["show", &run]);
    assert!(shown.stdout.contains("unbroken"), "{shown:#?}");
}

#[test]
fn podhost_toml_can_name_who_decides() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let doubt = in_doubt(&desk, &pod);
    let config = desk.file("podhost.toml", "[operator]\nname = \"the back office\"\n");
    let settle = ["settle", &doubt, "--not-happened", "--note", "asked", "--json"];
    let settled = ask(&desk, &[&settle[..], &["--config", &config]].concat());
    assert_eq!(settled.json()["settled"][0]["by"], "the back office", "{settled:#?}");
    let step = [&settle[..], &["--step", "0"]].concat();
    let settled: Ended = on_store(&desk, &step)
        .env("PODHOST_OPERATOR", "sara")
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into();
    assert_eq!(settled.json()["settled"][1]["by"], "sara", "{settled:#?}");
    assert_eq!(settled.json()["settled"][1]["corrects"], true);
    let last = ["settle", &doubt, "--step", "0", "--happened", "--reference", "5101032"];
    let shown = ask(&desk, &[&last[..], &["--by", "reza", "--note", "on paper"]].concat());
    for text in ["decision", "the back office", "sara", "reza", "5101032", "on paper"] {
        assert!(shown.stdout.contains(text), "{text}: {shown:#?}");
    }
}

#[test]
fn doubts_of_the_whole_store_are_listed() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let doubt = in_doubt(&desk, &pod);
    let listed = ask(&desk, &["doubts", "--json"]).json();
    assert_eq!(listed["doubts"].as_array().unwrap().len(), 1);
    let store = desk.store();
    let settle = format!("podhost settle {doubt} --step 0 --store {}", store.display());
    assert_eq!(listed["doubts"][0]["command"], settle);
    assert_eq!(listed["doubts"][0]["object"], json!({ "invoiceId": "501", "userId": "100" }));
    assert_eq!(listed["rials"], 0);
    let table = ask(&desk, &["doubts"]);
    for text in ["sendPaymentLinkToUser", settle.as_str()] {
        assert!(table.stdout.contains(text), "`{text}` is missing: {}", table.stdout);
    }
    let elsewhere = ask(&desk, &["doubts", "--account", "somebody"]);
    assert_eq!(elsewhere.stdout, "nothing is in doubt\n");
    for command in ["doubts", "statement", "runs"] {
        let told = ask(&desk, &[command, "--account", "somebody"]).stderr;
        assert!(told.contains("no run in this store is for the account `somebody`"), "{told}");
        let told = ask(&desk, &[command, "--account", "PODHOST_TOKEN"]).stderr;
        assert!(!told.contains("no run"), "{told}");
    }
}

#[test]
fn what_to_type_next_names_the_store_and_the_file() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let doubt = in_doubt(&desk, &pod);
    let config = desk.file("the operator's.toml", "");
    let shown = ask(&desk, &["settle", &doubt, "--config", &config]);
    let store = desk.store();
    let named = format!(" --store {} --config \"{config}\"\n", store.display());
    assert_eq!(shown.stdout.matches(&named).count(), 2, "{named}: {shown:#?}");
    // What the environment names is named there the next time, too.
    let shown: Ended = common::on_store(&desk, &["settle", &doubt]).output().unwrap().into();
    assert!(shown.stdout.ends_with("--note \"how you know\"\n"), "{shown:#?}");
}

#[test]
fn who_decides_says_how_he_knows_and_no_card_is_kept() {
    let desk = Desk::new();
    let pod = platform(&desk);
    let doubt = in_doubt(&desk, &pod);
    let settle = ["settle", &doubt, "--happened", "--by", "sara", "--note"];
    ask(&desk, &[&settle[..], &[" "]].concat()).failed(2, &["how it is known has to be said"]);
    let card = ["paid by ৬০৩৭৯৯১২৩৪৫৬৭৮৯৩", "--reference", "6037991234567893", "--json"];
    let settled = ask(&desk, &[&settle[..], &card].concat()).json();
    let settled = &settled["settled"][0];
    assert_eq!(settled["note"], "paid by ৬০৩৭৯৯******৭৮৯৩");
    assert_eq!(settled["reference"], "603799******7893");
}
