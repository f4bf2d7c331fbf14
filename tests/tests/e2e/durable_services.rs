//! Every service that changes something, killed at each point of its call: nothing is done twice and
//! nothing is lost. Where nothing can be read and no repeat is safe, the run ends in doubt, holds its
//! rials, and a person settles it.

use std::{collections::BTreeSet, sync::Arc, sync::Mutex};

use pod_emulator::Books;
use pod_host::{Decision, Effect, Point, Receipt, RunOptions, Status};
use pod_platform::{Effect as Changes, EffectClass, Service, ServiceVisitor, visit_services};
use podhost_tests::{
    mortal::{Life, Mortal, POINTS, assert_part_of, lasting},
    project,
};
use serde_json::Value;

const POLICY: &str = "tests/services/every-mutation";

/// The class of each service that changes something.
struct Classes(Vec<(&'static str, EffectClass)>);

impl Classes {
    fn of_the_catalogue() -> Self {
        let mut classes = Self(Vec::new());
        visit_services(&mut classes);
        classes
    }

    fn of(&self, service: &str) -> EffectClass {
        self.0.iter().find(|(name, _)| *name == service).expect(service).1
    }
}

impl ServiceVisitor for Classes {
    fn visit<S: Service>(&mut self) {
        if let Changes::Mutation { class, .. } = S::ROW.effect {
            self.0.push((S::ROW.name, class));
        }
    }
}

/// A platform on which a customer has paid two invoices, to be verified, and has a code by SMS; and
/// the shop has a loan.
async fn start() -> (Mortal, RunOptions) {
    let mortal = Mortal::from_file(&format!("{POLICY}/scenario.json")).await;
    let input = std::fs::read(project(POLICY).join("scenario.input.json")).expect("the input");
    let input = serde_json::from_slice(&input).expect("it is JSON");
    (mortal, RunOptions { input, ..RunOptions::default() })
}

async fn begin(
    mortal: &Mortal,
    options: RunOptions,
    kills: impl Fn(u64, Point) -> bool + Send + Sync + 'static,
) -> Option<Receipt> {
    let work = async move |life: Life| life.run(&project(POLICY), options).await;
    mortal.live(kills, work).await
}

/// The undisturbed run.
struct Undisturbed {
    /// The steps that change something, and their services.
    steps: Vec<(u64, String)>,
    receipt: Receipt,
    lasting: Value,
    books: Books,
}

async fn undisturbed() -> Undisturbed {
    let (mortal, options) = start().await;
    let reached = Arc::<Mutex<BTreeSet<u64>>>::default();
    let told = reached.clone();
    let note = move |step, _| {
        told.lock().expect("nobody panics").insert(step);
        false
    };
    let receipt = begin(&mortal, options, note).await.expect("nobody kills it");
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    let steps = reached.lock().expect("nobody panics").clone();
    let services = receipt.effects.iter().map(|effect| effect.service.clone());
    assert_eq!(steps.len(), receipt.effects.len(), "each call took effect");
    let steps = steps.into_iter().zip(services).collect();
    let lasting = lasting(&receipt, &mortal.pod);
    Undisturbed { steps, receipt, lasting, books: mortal.books().await }
}

/// Everything that a file repeated by its upload leaves as it is.
fn without_files(books: Books) -> Books {
    Books { files: 0, ..books }
}

fn named(effects: &[Effect]) -> Vec<(String, Option<u64>, u64)> {
    let name = |effect: &Effect| (effect.service.clone(), effect.invoice, effect.rials.0);
    let mut named: Vec<_> = effects.iter().map(name).collect();
    named.sort();
    named
}

/// May the call end in doubt when the host was killed there?
fn may_be_in_doubt(service: &str, class: EffectClass, at: Point) -> bool {
    match class {
        // A customer who pays by a call of his own leaves the same traces as his code.
        _ if service == "verifyPaymentSMS" => at == Point::AfterEffect,
        // A loan that was taken without a number of the call's own may be its customer's.
        _ if service == "payInvoiceByLoan" => {
            matches!(at, Point::AfterIntent | Point::AfterEffect)
        }
        EffectClass::NoEvidence => matches!(at, Point::AfterIntent | Point::AfterEffect),
        // What is not there may still come.
        EffectClass::Readable => at == Point::AfterIntent,
        EffectClass::SelfFencing | EffectClass::Idempotent | EffectClass::MarkedByUs => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_each_service() {
    let classes = Classes::of_the_catalogue();
    let undisturbed = undisturbed().await;
    let mut missing: BTreeSet<&str> = classes.0.iter().map(|(name, _)| *name).collect();
    for (_, service) in &undisturbed.steps {
        missing.remove(service.as_str());
    }
    assert!(missing.is_empty(), "services that the policy does not call: {missing:?}");

    for (step, service) in &undisturbed.steps {
        for at in POINTS {
            let place = format!("{service}, killed at {at:?}");
            let step = *step;
            let (mortal, options) = start().await;
            let kills = move |of, point| of == step && point == at;
            assert!(begin(&mortal, options.clone(), kills).await.is_none(), "{place}");
            let resumed = mortal.live_on(async move |life: Life| match life.go_on().await {
                Some(receipt) => receipt,
                // Nothing of it was on the disk.
                None => life.run(&project(POLICY), options).await,
            });
            let resumed = resumed.await;
            let class = classes.of(service);
            if may_be_in_doubt(service, class, at) {
                in_doubt(&mortal, &undisturbed, resumed, (class, at), &place).await;
                continue;
            }
            assert_eq!(lasting(&resumed, &mortal.pod), undisturbed.lasting, "{place}");
            let (books, expected) = (mortal.books().await, undisturbed.books.clone());
            if service == "uploadFile" {
                assert!(books.files <= expected.files + 1, "{place}");
                assert_eq!(without_files(books), without_files(expected), "{place}");
            } else {
                assert_eq!(books, expected, "{place}");
            }
        }
    }
}

/// One call is in doubt. It was made once or never, its rials are held, and a person settles it as
/// it was.
async fn in_doubt(
    mortal: &Mortal,
    undisturbed: &Undisturbed,
    receipt: Receipt,
    (class, at): (EffectClass, Point),
    place: &str,
) {
    assert_eq!(receipt.status, Status::UnknownOutcome, "{place}: {:?}", receipt.error);
    assert_eq!(receipt.doubts.len(), 1, "{place}: {:?}", receipt.doubts);
    let doubt = receipt.doubts[0].clone();
    assert!(place.starts_with(&doubt.service), "{place}: {doubt:?}");
    let books = mortal.books().await;
    assert_part_of(&books, &undisturbed.books, place);
    let happened = at == Point::AfterEffect;
    if happened {
        assert_eq!(books, undisturbed.books, "{place}: once, and all the others");
    } else {
        for (service, count) in &books.sms {
            assert!(*count <= undisturbed.books.sms[service], "{place}: {:?}", books.sms);
        }
        assert_ne!(books, undisturbed.books, "{place}: never");
    }

    let missing = undisturbed.receipt.effects.len() - receipt.effects.len();
    assert_eq!(missing, 1, "{place}: {:?}", receipt.effects);
    if class == EffectClass::Readable && doubt.service != "cancelBill" {
        assert!(doubt.rials.0 > 0, "{place}: its rials are held");
    }

    let decision = |step| Decision {
        step,
        happened,
        reference_number: Some("from the panel".to_owned()),
        note: "looked up".to_owned(),
        by: "sara".to_owned(),
    };
    let (run, wrong, right) = (receipt.run.clone(), decision(Some(9_999)), decision(None));
    let (settled, again) = mortal
        .live_on(async move |life: Life| {
            assert!(life.host.settle(&run, wrong).await.is_err(), "no such call is in doubt");
            let settled = life.host.settle(&run, right.clone()).await.expect("it is in doubt");
            (settled, life.host.settle(&run, right).await.is_err())
        })
        .await;
    assert!(again, "{place}: what is settled is not in doubt");
    assert_eq!(settled.status, Status::Done, "{place}");
    assert!(settled.doubts.is_empty() && settled.settled.len() == 1, "{place}");
    if happened {
        assert_eq!(named(&settled.effects), named(&undisturbed.receipt.effects), "{place}");
        assert_eq!(settled.meters.rials, undisturbed.receipt.meters.rials, "{place}");
    } else {
        assert_eq!(named(&settled.effects), named(&receipt.effects), "{place}");
        assert_eq!(settled.meters.rials, receipt.meters.rials, "{place}: they are free again");
    }
}
