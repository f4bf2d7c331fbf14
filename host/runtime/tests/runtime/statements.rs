//! A statement's lines are the fold over the journal, whatever its history: each rial that is used or
//! held is in one line, on the day of its call, and what a person decides again is in it once.

use pod_host::{
    Amounts, Digest, Line, LineKind, Spent,
    journal::{Entry, Intent, Outcome, Recorded, RunSummary, Settled, StoredEntry},
    sums,
};
use proptest::prelude::*;

const DAY: u64 = 24 * 60 * 60 * 1_000;
/// 1399/03/13 10:00:00
const BEGIN: u64 = 1_591_079_400_000;

/// What becomes of a call.
#[derive(Clone, Debug)]
struct Course {
    reserved: u64,
    day: u64,
    /// None: it has no outcome.
    outcome: Option<Came>,
    /// What persons decide of it, one after the other.
    decisions: Vec<bool>,
}

#[derive(Clone, Copy, Debug)]
enum Came {
    Done { moved: u64 },
    Refused,
    Unknown,
}

fn course() -> impl Strategy<Value = Course> {
    let rials = 0..1_000_000_u64;
    let came = prop_oneof![
        rials.clone().prop_map(|moved| Some(Came::Done { moved })),
        Just(Some(Came::Refused)),
        Just(Some(Came::Unknown)),
        Just(None),
    ];
    let decisions = prop::collection::vec(any::<bool>(), 0..4);
    (rials, 0..3_u64, came, decisions).prop_map(|(reserved, day, outcome, decisions)| Course {
        reserved,
        day,
        outcome,
        decisions,
    })
}

fn entries(step: u64, course: &Course) -> Vec<Entry> {
    let at = BEGIN + course.day * DAY;
    let call = Digest([7; 32]);
    let function = "bills.pay-bill".to_owned();
    let mut entries = vec![Entry::Intent(Intent {
        step,
        function: function.clone(),
        arguments: "billId=7748317800142&paymentId=1770160".into(),
        call,
        effect_class: "self-fencing".into(),
        reserved: Amounts { rials: course.reserved, calls: 1, ..Amounts::default() },
        invoice: None,
        at,
        service: "payBill".into(),
        at_most: None,
        before: None,
    })];
    entries.extend(course.outcome.map(|came| {
        let (recorded, rials) = match came {
            Came::Done { moved } => (Recorded::Done("{\"id\":9}".into()), moved),
            Came::Refused => (Recorded::Refused(String::new()), 0),
            Came::Unknown => (Recorded::Unknown(String::new()), 0),
        };
        Entry::Outcome(Outcome {
            step,
            function,
            call,
            recorded,
            reference_number: Some("5101032".into()),
            spent: Amounts { rials, calls: 1, ..Amounts::default() },
            // Midnight may have passed since.
            at: at + DAY,
            count: None,
            arguments: None,
            evidence: None,
            state: None,
            at_most: None,
            pending: None,
            known_by: None,
            unchanged: None,
        })
    }));
    entries.extend(course.decisions.iter().map(|&happened| {
        Entry::Settled(Settled {
            step,
            happened,
            reference_number: None,
            note: "looked up".into(),
            at: at + 2 * DAY,
            by: Some("sara".into()),
        })
    }));
    entries
}

fn run() -> RunSummary {
    RunSummary {
        run: "01a21fc8".into(),
        policy: "month".into(),
        version: "1".into(),
        account: "bakery".into(),
        platform: Some("production".into()),
        key: None,
        started: BEGIN,
        ended: None,
        status: "done".into(),
        entries: 0,
        head: Digest([0; 32]),
        archived: None,
        dry_run: false,
    }
}

fn lines(entries: &[Entry]) -> Vec<Line> {
    let stored: Vec<StoredEntry> = (0..)
        .zip(entries)
        .map(|(sequence, entry)| StoredEntry {
            sequence,
            hash: Digest([0; 32]),
            entry: entry.clone(),
        })
        .collect();
    Line::of_run(&run(), &stored)
}

/// What is spent, and what is held.
fn spent_and_held(lines: &[Line]) -> (u64, u64) {
    let (mut spent, mut held) = (0, 0);
    for sum in sums(lines).expect("they are rials") {
        match sum.kind {
            LineKind::Effect | LineKind::Settlement => spent += sum.rials.0,
            LineKind::Doubt => held += sum.rials.0,
        }
    }
    (spent, held)
}

fn folded(entries: &[Entry]) -> (u64, u64) {
    let spent = Spent::of(entries);
    (spent.settled().rials, spent.total().rials - spent.settled().rials)
}

proptest! {
    #[test]
    fn its_sums_are_the_fold(courses in prop::collection::vec(course(), 0..30)) {
        let of = |is_in: &dyn Fn(&Course) -> bool| -> Vec<Entry> {
            let courses = (0..).zip(&courses).filter(|(_, course)| is_in(course));
            courses.flat_map(|(step, course)| entries(step, course)).collect()
        };
        let all = of(&|_| true);
        let whole = lines(&all);
        prop_assert_eq!(spent_and_held(&whole), folded(&all));
        for day in 0..3 {
            let of_day: Vec<Line> = whole
                .iter()
                .filter(|line| (line.at - BEGIN) / DAY == day)
                .cloned()
                .collect();
            let entries = of(&|course| course.day == day);
            prop_assert_eq!(spent_and_held(&of_day), folded(&entries), "day {}", day);
        }
    }

    /// Decisions as a person makes them, one run after the other, come to what the last ones alone do.
    #[test]
    fn the_last_decision_counts(reserved in 0..1_000_000_u64, decisions in prop::collection::vec(any::<bool>(), 1..6)) {
        let course = |decisions: &[bool]| Course {
            reserved,
            day: 0,
            outcome: Some(Came::Unknown),
            decisions: decisions.to_vec(),
        };
        let last = &decisions[decisions.len() - 1..];
        let (all, last_only) = (entries(0, &course(&decisions)), entries(0, &course(last)));
        prop_assert_eq!(folded(&all), folded(&last_only));
        prop_assert_eq!(spent_and_held(&lines(&all)), spent_and_held(&lines(&last_only)));
        // All of them are told, in order, and one counts.
        let told: Vec<_> = lines(&all).into_iter().filter_map(|line| line.decision).collect();
        let happened: Vec<bool> = told.iter().map(|decision| decision.happened).collect();
        prop_assert_eq!(happened, decisions);
        prop_assert_eq!(told.iter().filter(|decision| !decision.superseded).count(), 1);
    }
}

#[test]
fn a_line_names_its_object_wholly() {
    let course =
        Course { reserved: 5, day: 0, outcome: Some(Came::Done { moved: 5 }), decisions: vec![] };
    let lines = lines(&entries(0, &course));
    let object: Vec<(&str, &str)> =
        lines[0].object.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [("billId", "7748317800142"), ("paymentId", "1770160"), ("serviceBillId", "9")];
    assert_eq!(object, expected);
    assert_eq!(lines[0].paid_from.wallet.as_deref(), Some("PODLAND_WALLET"), "where none is named");
}
