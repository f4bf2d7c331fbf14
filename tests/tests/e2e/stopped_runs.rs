//! A host that is told to stop: nothing more begins, what is under way is recorded, and the runs go
//! on in the next one as if nothing had been.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use pod_emulator::Books;
use pod_host::{Error, Host, Receipt, RunOptions, Status, Stopped};
use podhost_tests::{
    Bench, manifest,
    mortal::{Life, Mortal, assert_part_of, lasting},
    project,
};
use serde_json::{Value, json};

const SCENARIO: &str = "plugins/netting/scenarios/small.json";
const NETTING: &str = "plugins/netting/netting.rhai";

/// What a run came to that nobody stopped.
async fn undisturbed() -> (Value, Books) {
    let mortal = Mortal::from_file(SCENARIO).await;
    let work = async |life: Life| life.run(&project(NETTING), RunOptions::default()).await;
    let receipt = mortal.live_on(work).await;
    assert_eq!(receipt.status, Status::Done);
    (lasting(&receipt, &mortal.pod), mortal.books().await)
}

/// Runs, and stops the host when the calls that change something have come to so many points.
async fn stopped_at(mortal: &Mortal, nth: usize) -> Result<Receipt, Error> {
    let host = Arc::new(OnceLock::<Host>::new());
    let (told, reached) = (host.clone(), AtomicUsize::new(0));
    let tell = move |_, _| {
        if reached.fetch_add(1, Ordering::SeqCst) == nth
            && let Some(host) = told.get()
        {
            host.stop();
        }
        false
    };
    let work = async move |life: Life| {
        host.get_or_init(|| life.host.clone());
        let policy = life.load(&project(NETTING)).await;
        life.host.run_with(&policy, &life.account, RunOptions::default()).await
    };
    mortal.live(tell, work).await.expect("nobody kills it")
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_is_stopped_a_run_comes_to_the_same_end() {
    let (expected, books) = undisturbed().await;
    let mut stopped = 0;
    for nth in 0.. {
        let mortal = Mortal::from_file(SCENARIO).await;
        match stopped_at(&mortal, nth).await {
            Err(Error::Stopped(Stopped { can_go_on, doubts, .. })) => {
                assert!(can_go_on);
                assert_eq!(doubts, 0, "stopped at {nth}: what was under way is waited for");
                stopped += 1;
            }
            Err(error) => panic!("stopped at {nth}: {error}"),
            // The last call's outcome was there already.
            Ok(receipt) => {
                assert_eq!(receipt.status, Status::Done);
                assert!(stopped > 0);
                break;
            }
        }
        let place = format!("stopped at {nth}");
        assert_part_of(&mortal.books().await, &books, &place);
        let receipt = mortal.live_on(async |life: Life| life.go_on().await).await;
        let receipt = receipt.expect("it was stopped");
        assert_eq!(lasting(&receipt, &mortal.pod), expected, "{place}");
        assert_eq!(mortal.books().await, books, "{place}");
    }
}

#[tokio::test]
async fn a_host_that_was_stopped_begins_nothing() {
    let bench = Bench::from_file(SCENARIO).await;
    let policy = bench.script(&manifest("policy", "", ""), "fn run(input) { 7 }").await;
    bench.host.stop();
    let run = bench.host.run(&policy, &bench.account, json!(null)).await;
    assert!(matches!(run, Err(Error::Stopped(Stopped { run: None, .. }))), "{run:?}");
}
