//! Every function of the contract × {not granted, granted} × {compiled, script}. The rows are made
//! from the contract: a function that has no case in which it does what it should
//! (`tests/services/*.json`) has no row, and fails here.

mod service_cases;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use pod_host::{Grant, Host, Policy};
use pod_platform::{Service, ServiceVisitor, visit_services};
use podhost_tests::{Bench, project};
use service_cases::{Case, World, cases, checked};

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
    let mut functions = BTreeSet::new();
    for file in fs::read_dir(project("wit/deps/platform")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut interface = "";
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("interface ") {
                interface = name.trim_end_matches(" {");
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
