//! Every function of the contract × {not granted, granted} × {compiled, script}. The rows are made
//! from the contract: a function that has no case in which it does what it should
//! (`tests/services/*.json`) has no row, and fails here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use pod_host::{Account, Budget, Grant, Host, NetworkRule, Policy, RunOptions, Scope};
use pod_platform::{Client, Limits, Platform, Service, ServiceVisitor, visit_services};
use podhost_tests::{Bench, project};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::service_cases::{Case, World, cases, checked};

/// All functions that the host links, as grants name them.
fn functions() -> BTreeSet<String> {
    struct Names(BTreeSet<String>);

    impl ServiceVisitor for Names {
        fn visit<S: Service>(&mut self) {
            self.0.insert(format!("{}.{}", S::INTERFACE, S::FUNCTION));
        }
    }

    let mut names = Names(BTreeSet::new());
    visit_services(&mut names);
    names.0
}

/// All functions that the contract's text has.
fn functions_of_the_text() -> BTreeSet<String> {
    let files = fs::read_dir(project("wit/deps/platform")).unwrap();
    files.flat_map(|file| functions_in(&file.unwrap().path())).collect()
}

fn functions_in(file: &Path) -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    {
        let text = fs::read_to_string(file).unwrap();
        let mut interface = "";
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("interface ") {
                interface = name.trim_end_matches(" {");
            }
            // What a world exports is the policy's own.
            if line.starts_with("world ") {
                break;
            }
            if let Some((name, _)) = line.split_once(": func(") {
                functions.insert(format!("{interface}.{}", name.trim_start_matches('%')));
            }
        }
    }
    functions
}

/// For each function, a case in which it does what it should.
fn rows() -> BTreeMap<String, Case> {
    let mut rows = BTreeMap::new();
    for case in cases() {
        if case.answer.is_some() || case.answer_begins.is_some() {
            rows.entry(case.function.clone()).or_insert(case);
        }
    }
    rows
}

#[test]
fn every_function_of_the_contract_has_its_row() {
    let functions = functions();
    assert_eq!(functions, functions_of_the_text(), "what is linked is what the contract says");
    let rows: BTreeSet<_> = rows().into_keys().collect();
    let without: Vec<_> = functions.difference(&rows).collect();
    assert!(without.is_empty(), "without a case in tests/services: {without:?}");
}

/// What every policy may call: it reaches nothing but the run itself.
const EVERYBODYS: [&str; 4] =
    ["log.log", "clock.now", "random.get-random-u64", "budget.get-remaining-budget"];

/// For each function that is none of POD's and must be granted: a request that does what it should,
/// and the answer.
fn own_rows(url: &str) -> BTreeMap<&'static str, (Value, Value)> {
    let key = json!({ "key": "a", "expected": null, "value": "1" });
    BTreeMap::from([
        ("http.fetch", (json!({ "url": url }), json!(200))),
        ("store.get-state", (key.clone(), json!(null))),
        ("store.set-state", (key.clone(), json!(null))),
        ("store.compare-and-set-state", (key, json!(true))),
        ("store.list-state-keys", (json!({ "prefix": "" }), json!([]))),
    ])
}

#[test]
fn every_other_function_of_the_contract_has_its_row() {
    let mut functions = functions_in(&project("wit/policy.wit"));
    for function in EVERYBODYS {
        assert!(functions.remove(function), "{function}");
    }
    assert!(functions.iter().eq(own_rows("").keys()), "{functions:?}");
}

#[tokio::test]
async fn what_is_none_of_pods_is_denied_and_done_likewise() {
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let url = format!("{}/emulator/clock", bench.pod.pay_url());
    let rows = own_rows(&url);
    let scope = Scope {
        network: [url.parse::<NetworkRule>().unwrap()].into(),
        private: ["127.0.0.1".to_owned()].into(),
        ..Scope::default()
    };
    for path in ["tests/guests/any-service", "tests/guests/any-service/any-service.rhai"] {
        let policy = bench.load(path).await;
        for (function, (request, answer)) in &rows {
            let run = async |functions: BTreeSet<String>| {
                let grant = Grant { functions, scope: scope.clone(), ..policy.asks().clone() };
                let input = json!({ "function": function, "request": request });
                // Each for an account of its own, with nothing stored.
                let mut account = bench.account().await;
                account.name = format!("{path} {function} {}", grant.functions.len());
                let options = RunOptions { input, grant: Some(grant), ..RunOptions::default() };
                bench.host.run_with(&policy, &account, options).await.expect("it is journalled")
            };
            let others = rows.keys().filter(|other| *other != function);
            let receipt = run(others.map(|other| (*other).to_owned()).collect()).await;
            let error = &receipt.output["error"];
            assert_eq!(error["kind"], "denied", "{function} × {path}: {}", receipt.output);
            assert_eq!(error["function"], **function, "{path}");
            assert_eq!((receipt.meters.http_calls, receipt.meters.bytes_up), (0, 0), "{function}");
            let receipt = run([(*function).to_owned()].into()).await;
            assert_eq!(receipt.output, json!({ "ok": answer }), "{function} × {path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_granted_is_denied_and_what_is_granted_is_done() {
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let policies = [
        ("compiled", bench.load("tests/guests/any-service").await),
        ("script", bench.load("tests/guests/any-service/any-service.rhai").await),
    ];
    let (functions, rows) = (functions(), rows());
    let mut cells = 0;
    for function in &functions {
        let case = &rows[function];
        for (language, policy) in &policies {
            let cell = format!("{function} × {language}");
            denied(&bench.host, policy, case, &functions, &cell).await;
            granted(&bench.host, policy, case, &cell).await;
            cells += 2;
        }
    }
    assert_eq!(cells, functions.len() * 4);
}

const READ: &str = "invoices.get-invoice-list";

/// A server that answers nothing, and counts who comes.
async fn counting() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::<AtomicUsize>::default();
    let counted = connections.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, connections)
}

#[tokio::test]
async fn a_refusal_opens_no_connection() {
    let (url, connections) = counting().await;
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let policies = [
        bench.load("tests/guests/any-service").await,
        bench.load("tests/guests/any-service/any-service.rhai").await,
    ];
    let client = Client::new(Platform::at(&url), Limits::default()).unwrap();
    let run = async |policy: &Policy, mut account: Account, grant, input: &Value| {
        account.client = client.clone();
        let options = RunOptions { input: input.clone(), grant: Some(grant), ..Default::default() };
        bench.host.run_with(policy, &account, options).await.expect("it is journalled")
    };
    let scope = |policy: &Policy| {
        let mut scope = policy.asks().scope.clone();
        scope.network.insert(format!("{url}/*").parse().unwrap());
        scope.private.insert("127.0.0.1".to_owned());
        scope
    };
    let fetch = Case { function: "http.fetch".to_owned(), ..rows().remove(READ).unwrap() };
    for case in rows().into_values().chain([fetch]) {
        let world = World::start(&case).await;
        let mut request = world.named(&case.request);
        if case.function == "http.fetch" {
            request = json!({ "url": format!("{url}/orders") });
        }
        let input = json!({ "function": case.function, "request": request });
        for policy in &policies {
            // With the function and nothing to spend; and without it.
            let exhausted = Grant {
                functions: [case.function.clone()].into(),
                budget: Budget { calls: 0, http_calls: 0, ..policy.asks().budget },
                scope: scope(policy),
                ..policy.asks().clone()
            };
            let denied = Grant { functions: BTreeSet::new(), ..exhausted.clone() };
            for (grant, kind) in [(denied, "denied"), (exhausted, "budget-exhausted")] {
                let receipt = run(policy, world.account(&case.r#as), grant, &input).await;
                // A link is made without POD, so it needs no budget.
                let is_link = kind != "denied" && receipt.output["ok"].is_string();
                let error = &receipt.output["error"];
                assert!(is_link || error["kind"] == kind, "{}: {}", case.function, receipt.output);
            }
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    // One that is made is counted.
    let case = &rows()[READ];
    let grant = Grant { functions: [READ.to_owned()].into(), ..policies[0].asks().clone() };
    let input = json!({ "function": READ, "request": case.request });
    let account = World::start(case).await.account(&case.r#as);
    run(&policies[0], account, grant, &input).await;
    assert!(connections.load(Ordering::SeqCst) > 0);
}

/// Everything else is granted: the call is refused, nothing is sent, nothing changes.
async fn denied(host: &Host, policy: &Policy, case: &Case, all: &BTreeSet<String>, cell: &str) {
    let world = World::start(case).await;
    let others = all.iter().filter(|function| **function != case.function).cloned().collect();
    let grant = Grant { functions: others, ..policy.asks().clone() };
    let before = world.pod.ledger().await.unwrap().balances;
    let call = (&*case.r#as, &*case.function, &case.request);
    let receipt = world.call(host, policy, Some(grant), call).await;

    let error = &receipt.output["error"];
    assert_eq!((&error["kind"], &error["function"]), (&"denied".into(), &(&*case.function).into()));
    let [refusal] = receipt.denied.as_slice() else { panic!("{cell}: {:?}", receipt.denied) };
    assert_eq!(refusal.function, case.function, "{cell}");
    for said in [&*case.function, "[capabilities]", "policy.toml", "podhost.toml"] {
        assert!(refusal.reason.contains(said), "{cell}: {}", refusal.reason);
    }
    assert!(receipt.effects.is_empty(), "{cell}");
    let meters = &receipt.meters;
    let sent = (meters.calls, meters.bytes_up, meters.bytes_down, meters.rials.0);
    assert_eq!(sent, (0, 0, 0, 0), "{cell}");
    assert_eq!(world.pod.ledger().await.unwrap().balances, before, "{cell}");
}

/// Nothing else is granted: the call does what it should.
async fn granted(host: &Host, policy: &Policy, case: &Case, cell: &str) {
    let world = World::start(case).await;
    let functions = BTreeSet::from([case.function.clone()]);
    let grant = Grant { functions, ..policy.asks().clone() };
    let call = (&*case.r#as, &*case.function, &case.request);
    let receipt = world.call(host, policy, Some(grant), call).await;
    assert!(receipt.denied.is_empty(), "{cell}: {:?}", receipt.denied);
    checked(&world, case, receipt).await;
}
