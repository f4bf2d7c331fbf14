//! Every service of POD through a compiled policy and through a script: the same cases
//! (`tests/services/*.json`), the same answers. Each has a case in which it does what it should,
//! and one for each refusal that the catalogue tells of it.

use std::collections::BTreeSet;

use pod_host::Policy;
use pod_platform::{Service, ServiceVisitor, types::PlatformErrorKind as Kind, visit_services};
use podhost_tests::Bench;
use serde_json::Value;

use crate::service_cases::{Case, World, cases, checked};

/// What no policy can bring about: its host brings the one-time token, checks the arguments before
/// it sends them, and the emulator's gateway does not fail.
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
    let call = (&*case.r#as, &*case.function, &case.request);
    let receipt = world.call(&bench.host, policy, None, call).await;
    checked(&world, case, receipt).await
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
        // One after the other: of an account's open intents, one is for an invoice.
        let both = async {
            let compiled = outcome(bench, &compiled, &case).await;
            (compiled, outcome(bench, &script, &case).await)
        };
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
