//! What podhost adds to what it stands on, as ratios of medians within one run: the bare engine,
//! the bare HTTP client, the native script engine. Absolute times are shown, and mean little on
//! another machine.
//!
//! `cargo bench` measures thoroughly, and fails if a promise is broken. `cargo bench -- --short`
//! takes a few seconds; it sees too little to tell a ratio to the tenth, so it fails only if one is
//! far off.

mod bare;
mod decisions;
mod door;
mod dynamic;
mod fairness;
mod journal;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use pod_emulator::Scenario;
use pod_host::{
    Host, PolicyFiles, ScriptMode,
    netting::{Credit, Debt},
};
use podhost_tests::{Bench, build, project};
use serde_json::json;
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// A ratio that was measured, and the one that is promised.
struct Measured {
    what: &'static str,
    ours: Duration,
    bare: Duration,
    at_most: Option<f64>,
}

fn main() {
    let short = std::env::args().any(|argument| argument == "--short" || argument == "--test");
    let rounds = if short { 1 } else { 5 };
    let tolerance = if short { 1.3 } else { 1.0 };
    build("plugins/netting");
    build("tests/guests/bench");
    tracing_subscriber::registry().with(Stopwatch).init();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let deciders = Arc::new(runtime.block_on(decisions::Deciders::new()));
    let measured = runtime.block_on(async {
        let mut measured = deciders.against_native(rounds).await;
        measured.extend(engines(rounds).await);
        measured.extend(linking(rounds).await);
        measured.extend(calls(rounds).await);
        measured.extend(journal::against_memory(rounds).await);
        measured
    });
    println!("| what | ours | bare | ratio | promised |");
    println!("|---|---|---|---|---|");
    let mut broken = false;
    for Measured { what, ours, bare, at_most } in measured {
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        let promise = at_most.map_or("reported".to_owned(), |most| format!("≤ {most}"));
        println!("| {what} | {ours:.1?} | {bare:.1?} | {ratio:.2} | {promise} |");
        broken |= at_most.is_some_and(|most| ratio > most * tolerance);
    }
    runtime.block_on(async {
        deciders.throughput(rounds).await;
        if !short {
            deciders.growth(rounds).await;
        }
        broken |= door::cost(rounds, tolerance).await;
        broken |= journal::flushes(rounds).await;
        broken |= journal::resume().await;
    });
    broken |= fairness::beside_spinners(tolerance);
    if broken {
        eprintln!("something is above what is promised");
        std::process::exit(1);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Takes turns, so that both see the same machine.
async fn in_turns(
    times: usize,
    mut ours: impl AsyncFnMut() -> Duration,
    mut bare: impl AsyncFnMut() -> Duration,
) -> (Duration, Duration) {
    let (mut our_times, mut bare_times) = (Vec::new(), Vec::new());
    for turn in 0..times + times / 10 + 1 {
        let times = (ours().await, bare().await);
        // The first tenth warms up.
        if turn > 0 {
            our_times.push(times.0);
            bare_times.push(times.1);
        }
    }
    (median(our_times), median(bare_times))
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let began = Instant::now();
    work.await;
    began.elapsed()
}

/// When guests logged: `begin` and `end` of what they do many times.
static LOGGED: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

/// Takes the time of each line that a guest logs.
struct Stopwatch;

impl<S: tracing::Subscriber> Layer<S> for Stopwatch {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "podhost::policy" {
            LOGGED.lock().expect("no panic").push(Instant::now());
        }
    }
}

/// Runs a policy, and tells how long it took from its first line to its last.
async fn between_lines(run: impl Future<Output = ()>) -> Duration {
    LOGGED.lock().expect("no panic").clear();
    run.await;
    let logged = LOGGED.lock().expect("no panic");
    *logged.last().expect("it logged") - logged[0]
}

/// Debts and credits like a shop's.
fn books(size: u64) -> (Vec<Debt>, Vec<Credit>) {
    let amount = |id: u64| 5_000 + (id * 7_919) % 991_000;
    let debts = (0..size).map(|id| Debt {
        id: 500_000 + id,
        payable_amount: amount(id),
        issuer_id: Some(2_000),
        issuance_date: Some(1_591_000_000_000),
    });
    let credits = (0..size).map(|id| Credit {
        id: 600_000 + id,
        payable_amount: amount(id * 3 + 1),
        issuer_id: Some(10),
        user_id: Some(30_000),
        payment_date: Some(1_591_000_000_000),
    });
    (debts.collect(), credits.collect())
}

async fn engines(rounds: usize) -> Vec<Measured> {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let host = &bench.host;
    let mut measured = Vec::new();

    let policy = bench.load("plugins/netting").await;
    let component = std::fs::read(project("plugins/netting/netting.wasm")).expect("it is built");
    let bare = bare::Decider::new(host.engine(), &component);
    for (what, size, times) in [
        ("decider call, fresh instance, 20 + 20 invoices", 20, 2_000),
        ("decider call, fresh instance, 2,000 + 2,000 invoices", 2_000, 100),
    ] {
        let (debts, credits) = books(size);
        let ours = async || {
            timed(async { drop(host.plan(&policy, &debts, &credits).await.expect("a plan")) }).await
        };
        let bare = async || timed(bare.plan(&debts, &credits)).await;
        let (ours, bare) = in_turns(times * rounds, ours, bare).await;
        measured.push(Measured { what, ours, bare, at_most: Some(1.3) });
    }

    let (debts, credits) = books(50);
    let native = bare::NativeRhai::new();
    for (what, mode, at_most) in [
        (
            "installed Rhai script, 50 + 50 invoices, against native Rhai",
            ScriptMode::Installed,
            Some(2.5),
        ),
        ("ad-hoc Rhai script, 50 + 50 invoices, against native Rhai", ScriptMode::AdHoc, None),
    ] {
        let script = load(host, "plugins/netting/netting.rhai", mode).await;
        let ours = async || {
            timed(async { drop(host.plan(&script, &debts, &credits).await.expect("a plan")) }).await
        };
        let bare = async || timed(async { native.plan(&debts, &credits) }).await;
        let (ours, bare) = in_turns(200 * rounds, ours, bare).await;
        measured.push(Measured { what, ours, bare, at_most });
    }
    measured
}

async fn load(host: &Host, path: &str, mode: ScriptMode) -> pod_host::Policy {
    let files = PolicyFiles::find(&project(path)).expect("the policy is there");
    host.load_files(&files, mode).await.expect("the policy loads")
}

/// Typed host functions against dynamic ones: why the contract's types are generated.
async fn linking(rounds: usize) -> Vec<Measured> {
    let bench = Bench::from_file("plugins/netting/scenarios/shop.json").await;
    let answer = bare::Http::new(&bench).list_text(20).await;
    let guest = std::fs::read(project("tests/guests/bench/bench.wasm")).expect("it is built");
    let engine = bench.host.engine();
    let typed = dynamic::Linked::typed(engine, &guest, answer.clone());
    let dynamic = dynamic::Linked::dynamic(engine, &guest, answer);
    let (typed, dynamic) = in_turns(
        20 * rounds,
        async || timed(typed.list(20)).await,
        async || timed(dynamic.list(20)).await,
    )
    .await;
    vec![Measured {
        what: "answer of 20 invoices into a guest: generated types against dynamic values",
        ours: typed,
        bare: dynamic,
        at_most: None,
    }]
}

async fn calls(rounds: usize) -> Vec<Measured> {
    const TIMES: u32 = 100;
    const PAIRS: u64 = 50;
    let mut measured = Vec::new();

    let bench = Bench::from_file("plugins/netting/scenarios/shop.json").await;
    let policy = bench.load("tests/guests/bench").await;
    let http = bare::Http::new(&bench);
    for (what, size) in [
        ("read: list of 20 invoices, through the door against bare reqwest", 20),
        ("read: list of 1 invoice", 1),
    ] {
        let input = json!({ "list": { "times": TIMES, "size": size } });
        let ours = async || {
            between_lines(async {
                let receipt = bench.run(&policy, input.clone()).await;
                assert_eq!(receipt.output, json!(TIMES * size), "{:?}", receipt.error);
            })
            .await
        };
        let bare = async || {
            timed(async {
                for _ in 0..TIMES {
                    assert_eq!(http.list(size).await, size as usize);
                }
            })
            .await
        };
        let (ours, bare) = in_turns(7 * rounds, ours, bare).await;
        measured.push(Measured {
            what,
            ours: ours / TIMES,
            bare: bare / TIMES,
            at_most: Some(1.15),
        });
    }

    let turns = 3 * rounds as u64;
    // One more turn warms up; both sides need pairs of their own.
    let all = 2 * (turns + turns / 10 + 1) * PAIRS;
    let bench = Bench::start(pairs(all)).await;
    let policy = bench.load("tests/guests/bench").await;
    let http = bare::Http::new(&bench);
    let next = std::cell::Cell::new(0);
    let take = || {
        let first = next.replace(next.get() + PAIRS);
        (first..first + PAIRS).map(|id| (600_000 + id, 500_000 + id)).collect::<Vec<_>>()
    };
    let ours = async || {
        between_lines(async {
            let receipt = bench.run(&policy, json!({ "net": { "pairs": take() } })).await;
            assert_eq!(receipt.output, json!(PAIRS), "{:?}", receipt.error);
        })
        .await
    };
    let bare = async || {
        timed(async {
            for (creditor, debtor) in take() {
                http.net(creditor, debtor).await;
            }
        })
        .await
    };
    let (ours, bare) = in_turns(turns as usize, ours, bare).await;
    let each = u32::try_from(PAIRS).expect("a small number");
    measured.push(Measured {
        what: "payment: amount looked up, journalled and netted, against the same requests bare",
        ours: ours / each,
        bare: bare / each,
        at_most: None,
    });
    bench.assert_balances(&[]).await;
    measured
}

/// A scenario with so many debts, and a paid invoice of the same amount for each.
fn pairs(count: u64) -> Scenario {
    let debts = (0..count).map(|id| {
        json!({ "id": 500_000 + id, "businessId": 2, "userId": 10, "amount": 1000, "guildCode": "FOOD_GUILD" })
    });
    let credits = (0..count).map(|id| {
        json!({ "id": 600_000 + id, "businessId": 1, "amount": 1000, "guildCode": "FOOD_GUILD", "payed": true })
    });
    let scenario = json!({
        "now": "1399/03/13 10:00:00",
        "businesses": [
            { "id": 1, "userId": 10, "name": "Shop", "apiToken": "shop" },
            { "id": 2, "userId": 20, "name": "Baker", "apiToken": "baker" },
        ],
        "invoices": debts.chain(credits).collect::<Vec<_>>(),
    });
    Scenario::from_json("pairs", &scenario.to_string()).expect("the scenario is well-formed")
}
