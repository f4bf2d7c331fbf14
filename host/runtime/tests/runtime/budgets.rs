//! Budgets are a fold over the journal's entries, whatever their order of arrival.

use pod_host::{
    Amounts, Budget, Digest, Spent,
    journal::{Entry, Intent, Outcome, Recorded},
};
use pod_platform::{Rial, types::Meter};
use proptest::prelude::*;

fn intent(step: u64, rials: u64) -> Entry {
    Entry::Intent(Intent {
        step,
        function: "payments.pay-invoice".into(),
        arguments: String::new(),
        call: Digest([0; 32]),
        effect_class: "self-fencing".into(),
        reserved: Amounts { rials, calls: 2, bytes_up: 10, bytes_down: 100, ..Amounts::default() },
        invoice: None,
        at: 0,
        service: "payInvoice".into(),
        before: None,
        at_most: None,
    })
}

fn outcome(step: u64, rials: u64, recorded: Recorded) -> Entry {
    Entry::Outcome(Outcome {
        step,
        function: "payments.pay-invoice".into(),
        call: Digest([0; 32]),
        recorded,
        reference_number: None,
        spent: Amounts { rials, calls: 2, bytes_up: 10, bytes_down: 20, ..Amounts::default() },
        at: 0,
        count: None,
        arguments: None,
        evidence: None,
        state: None,
        known_by: None,
        at_most: None,
        pending: None,
        unchanged: None,
    })
}

#[test]
fn an_open_intent_holds_its_reservation() {
    let spent = Spent::of(&[intent(0, 500)]);
    assert_eq!((spent.settled().rials, spent.total().rials), (0, 500));
    let budget = Budget { rial: Rial(800), ..Budget::default() };
    let needed = Amounts { rials: 301, ..Amounts::default() };
    let exhausted = spent.check(&budget, needed).expect_err("300 are left");
    assert_eq!((exhausted.meter, exhausted.remaining), (Meter::Rial, 300));
}

#[test]
fn a_refusal_releases_it_and_an_unknown_outcome_does_not() {
    let refused = Spent::of(&[intent(0, 500), outcome(0, 0, Recorded::Refused(String::new()))]);
    assert_eq!(refused.total().rials, 0);
    let unknown = Spent::of(&[intent(0, 500), outcome(0, 0, Recorded::Unknown(String::new()))]);
    assert_eq!((unknown.settled().rials, unknown.total().rials), (0, 500));
    assert_eq!(unknown.total().calls, 2, "the wire is settled, only the money is held");
}

proptest! {
    #[test]
    fn what_is_settled_is_what_was_done(
        payments in prop::collection::vec((0u64..1_000_000, 0u8..3), 0..40),
    ) {
        let mut entries = Vec::new();
        let (mut done, mut held) = (0, 0);
        for (step, (rials, kind)) in (0..).zip(payments) {
            entries.push(intent(step, rials));
            match kind {
                0 => { entries.push(outcome(step, rials, Recorded::Done("true".into()))); done += rials; }
                1 => entries.push(outcome(step, 0, Recorded::Refused(String::new()))),
                _ => { entries.push(outcome(step, 0, Recorded::Unknown(String::new()))); held += rials; }
            }
        }
        let spent = Spent::of(&entries);
        prop_assert_eq!(spent.settled().rials, done);
        prop_assert_eq!(spent.total().rials, done + held);
    }
}
