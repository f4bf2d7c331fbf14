//! Every service of POD through a compiled policy and through a script: the same cases
//! (`tests/services/*.json`), the same answers. Each has a case in which it does what it should,
//! and one for each refusal that the catalogue tells of it.

mod service_cases;

use std::{collections::BTreeSet, sync::Arc};

use pod_host::{Account, Policy, Status};
use pod_platform::{
    Credentials, Service, ServiceVisitor, types::PlatformErrorKind as Kind, visit_services,
};
use podhost_tests::Bench;
use serde_json::{Value, json};
use service_cases::{Case, World, cases};

/// What no policy can bring about: its host brings the one-time token, checks the arguments before
/// it sends them, and the local platform's gateway does not fail.
const NOT_FROM_A_POLICY: &[(&str, Kind)] = &[
    ("*", Kind::InvalidOtt),
    ("bills.pay-bill", Kind::InvalidNumber),
    ("bills.pay-bill", Kind::InvalidBillId),
    ("bills.pay-bill", Kind::InvalidPaymentId),
    ("bills.issue-bill-invoice", Kind::InvalidNumber),
    ("bills.issue-bill-invoice", Kind::InvalidBillId),
    ("bills.issue-bill-invoice", Kind::InvalidPaymentId),
    ("bills.get-gateway-link", Kind::BadParameters),
    ("bills.get-gateway-link", Kind::ProviderError),
];

/// One policy's answer to a case, checked against it.
async fn outcome(bench: &Bench, policy: &Policy, case: &Case) -> Value {
    let world = World::start(case).await;
    let account = Account {
        name: case.r#as.clone(),
        client: world.client.clone(),
        credentials: Arc::new(Credentials::token(&*case.r#as)),
        platform: Some(world.pod.platform_url().to_owned()),
        clock: None,
        business: None,
        user: None,
        operator_stated: pod_host::Stated::default(),
        stated: pod_host::Stated::default(),
    };
    let input = json!({ "function": case.function, "request": world.named(&case.request) });
    let receipt = bench.host.run(policy, &account, input).await.unwrap();
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);

    let ledger = world.pod.ledger().await.unwrap();
    assert_eq!((ledger.total, &ledger.faults), (0, &Vec::new()));
    for (account, balance) in &ledger.balances {
        assert!(*balance >= 0 || account == "outside", "{account} owes {balance}");
    }
    for (account, expected) in &case.ledger {
        assert_eq!(ledger.balance(account), *expected, "{account}");
    }
    let output = receipt.output;
    if let Some(expected) = &case.answer {
        assert_holds(&output["ok"], &world.named(expected), "answer", &output);
    } else if let Some(beginning) = &case.answer_begins {
        let expected = world.named(&json!(beginning));
        let answer = output["ok"].as_str().unwrap_or_default();
        assert!(answer.starts_with(expected.as_str().unwrap()), "{output}");
    } else if let Some(kind) = &case.refusal {
        assert_eq!(output["error"]["kind"], "platform", "{output}");
        assert_eq!(output["error"]["platform_kind"], **kind, "{output}");
    } else if let Some(field) = &case.invalid {
        assert_eq!(output["error"]["kind"], "invalid-argument", "{output}");
        assert_eq!(output["error"]["field"], **field, "{output}");
        assert_eq!(receipt.meters.calls, 0, "nothing is sent");
    } else {
        panic!("the case expects nothing");
    }
    let root = world.names["root"].as_str().unwrap().to_owned();
    serde_json::from_str(&output.to_string().replace(&root, "$root")).unwrap()
}

/// `found` holds everything that `expected` says.
fn assert_holds(found: &Value, expected: &Value, path: &str, output: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, value) in expected {
                let other = found.get(key).unwrap_or(&Value::Null);
                assert_holds(other, value, &format!("{path}.{key}"), output);
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{path}: {output}");
            for (index, value) in expected.iter().enumerate() {
                assert_holds(&found[index], value, &format!("{path}[{index}]"), output);
            }
        }
        (Value::Number(found), Value::Number(expected)) => {
            assert_eq!(found.as_f64(), expected.as_f64(), "{path}: {output}");
        }
        (found, expected) => assert_eq!(found, expected, "{path}: {output}"),
    }
}

#[tokio::test]
async fn a_compiled_policy_and_a_script_get_the_same_answers() {
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let compiled = bench.load("tests/guests/any-service").await;
    let script = bench.load("tests/guests/any-service/any-service.rhai").await;
    let mut failures = Vec::new();
    for (index, case) in cases().into_iter().enumerate() {
        let name = format!("case {index}, {} {}", case.function, case.request);
        let bench = &bench;
        let both = futures_util::future::join(
            std::panic::AssertUnwindSafe(outcome(bench, &compiled, &case)),
            std::panic::AssertUnwindSafe(outcome(bench, &script, &case)),
        );
        match futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(both)).await {
            Ok((compiled, script)) if compiled == script => {}
            Ok((compiled, script)) => {
                failures.push(format!("{name}:\n  compiled {compiled}\n  script   {script}"));
            }
            Err(panic) => {
                let message = panic.downcast_ref::<String>().cloned();
                failures.push(format!("{name}: {}", message.unwrap_or_default()));
            }
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_service_and_every_documented_refusal_has_a_case() {
    struct Wanted(BTreeSet<(String, &'static str)>);

    impl ServiceVisitor for Wanted {
        fn visit<S: Service>(&mut self) {
            let function = format!("{}.{}", S::INTERFACE, S::FUNCTION);
            for kind in S::ROW.errors {
                let excused = NOT_FROM_A_POLICY
                    .iter()
                    .any(|(name, other)| (*name == "*" || *name == function) && other == kind);
                if !excused {
                    self.0.insert((function.clone(), kind.name()));
                }
            }
            self.0.insert((function, "an answer"));
        }
    }

    let mut wanted = Wanted(BTreeSet::new());
    visit_services(&mut wanted);
    for case in cases() {
        let outcome = case.refusal.as_deref().unwrap_or("an answer");
        if case.invalid.is_none() {
            wanted.0.retain(|(function, kind)| *function != case.function || *kind != outcome);
        }
    }
    assert!(wanted.0.is_empty(), "without a case: {:#?}", wanted.0);
}
