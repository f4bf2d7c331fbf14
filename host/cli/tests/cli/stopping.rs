//! SIGINT and SIGTERM: what is under way is waited for and recorded, nothing more begins, and the
//! run goes on when it is resumed.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::common::{Desk, Ended, SMALL, Served, podhost, project};

const TOKEN: &str = "shop-api-token";
const PAYMENT: &str = "payInvoiceByInvoice";

/// A command on the desk's store.
fn on_store(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = podhost();
    command.args(arguments).arg("--store").arg(desk.store());
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.env("PODHOST_TOKEN", TOKEN);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn netting(desk: &Desk, pod: &Served) -> Command {
    let policy = "plugins/netting/netting.rhai";
    on_store(desk, &["run", policy, "--platform", pod.url(), "--json"])
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
}

/// A platform whose first payment takes place at once, and is answered so much later.
fn slow(milliseconds: u64) -> Served {
    let pod = Served::start(&["--scenario", SMALL]);
    let fault = json!({ "service": PAYMENT, "call": 1, "latencyMilliseconds": milliseconds });
    pod.control("faults", &fault.to_string());
    pod
}

/// Waits until so many payments took place.
fn wait_for_payments(pod: &Served, payments: usize) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while pod.booked(PAYMENT) < payments {
        assert!(Instant::now() < deadline, "no payment began");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The books after a run that nobody disturbed.
fn undisturbed() -> Value {
    let pod = Served::start(&["--scenario", SMALL]);
    let ended: Ended = netting(&Desk::new(), &pod).output().unwrap().into();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    pod.look("books")
}

/// The only run in the store.
fn only_run(desk: &Desk) -> Value {
    let listed: Ended = on_store(desk, &["runs", "--json"]).output().unwrap().into();
    let runs = listed.json()["runs"].as_array().unwrap().clone();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs[0].clone()
}

#[test]
fn a_run_that_is_stopped_records_its_payment_and_can_go_on() {
    let expected = undisturbed();
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let (pod, desk) = (slow(3_000), Desk::new());
        let child = netting(&desk, &pod).spawn().unwrap();
        wait_for_payments(&pod, 1);
        signal(&child, name);
        let ended: Ended = child.wait_with_output().unwrap().into();
        let run = only_run(&desk);
        let id = run["run"].as_str().unwrap();
        let resume = format!("podhost resume {id}");
        let says = ["at your request", "unfinished: payInvoiceByInvoice of invoice 5", &resume];
        ended.failed(code, &says);

        // One payment was under way: it is recorded, and no other one began.
        assert_eq!(run["status"], "unfinished");
        assert_eq!(pod.booked(PAYMENT), 1);
        let shown: Ended = on_store(&desk, &["show", id, "--json"]).output().unwrap().into();
        let entries = shown.json()["entries"].as_array().unwrap().clone();
        let last = &entries.last().unwrap()["outcome"];
        assert_eq!(last["function"], "payments.pay-invoice-by-invoice", "{entries:#?}");

        let resumed: Ended = on_store(&desk, &["resume", id, "--json"]).output().unwrap().into();
        assert_eq!(resumed.code, Some(0), "{resumed:#?}");
        assert_eq!(pod.look("books"), expected);
    }
}

#[test]
fn a_second_signal_ends_at_once_and_the_run_can_go_on() {
    let (pod, desk) = (slow(60_000), Desk::new());
    let mut child = netting(&desk, &pod).spawn().unwrap();
    wait_for_payments(&pod, 1);
    signal(&child, "INT");
    thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "a payment under way is waited for");
    let asked = Instant::now();
    signal(&child, "INT");
    let ended: Ended = child.wait_with_output().unwrap().into();
    ended.failed(130, &["stopping", "at once"]);
    assert!(asked.elapsed() < Duration::from_secs(10));

    let resume = ["resume", "--json", "--landing-window", "200ms"];
    let resumed: Ended = on_store(&desk, &resume).output().unwrap().into();
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert_eq!(pod.look("books"), undisturbed());
}

#[test]
fn a_policy_that_computes_is_stopped() {
    let desk = Desk::new();
    desk.file(
        "busy/policy.toml",
        "name = \"busy\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"busy.rhai\"\n\
         [budget]\nwall = \"5m\"\nfuel = 1_000_000_000_000_000\n",
    );
    let busy = desk.file("busy/busy.rhai", "fn run(input) { info(\"computes\"); loop {} }");
    let scenario = project().join(SMALL);
    let mut command = desk.command(&[&busy, "--scenario", scenario.to_str().unwrap()]);
    command.env("PODHOST_LOG", "podhost::policy=debug");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.by_ref().any(|line| line.unwrap().contains("computes")), "it begins");
    let asked = Instant::now();
    signal(&child, "INT");
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(130), "{rest:#?}");
    assert!(asked.elapsed() < Duration::from_secs(20));
    // Its platform is gone, and with it the run.
    let rest = rest.join("\n");
    assert!(rest.contains("at your request") && rest.contains("cannot go on"), "{rest}");
    assert!(!rest.contains("podhost resume"), "{rest}");
    let listed: Ended = on_store(&desk, &["runs", "--json"]).output().unwrap().into();
    assert_eq!(listed.json()["runs"], json!([]));
}

#[test]
fn who_waits_for_the_store_is_stopped() {
    let desk = Desk::new();
    let _lock = desk.taken();
    let pod = Served::start(&["--scenario", SMALL]);
    let mut child = netting(&desk, &pod).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.by_ref().any(|line| line.unwrap().contains("Waiting for the store")));
    signal(&child, "TERM");
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{rest:#?}");
    assert!(rest.join("\n").contains("before the run began"), "{rest:#?}");
    assert_eq!(pod.booked(PAYMENT), 0);
}
