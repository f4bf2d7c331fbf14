//! What guests that compute all the time cost those who wait for a worker: a timer, a decider's call, a
//! run that reads once.

use std::time::{Duration, Instant};

use pod_host::{Policy, RunOptions};
use podhost_tests::{Bench, manifest};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::books;

/// How long a guest computes before it lets others go first, and then some: what a wait may be longer by.
const SLICE: Duration = Duration::from_millis(5);
/// How many times as long the longest waits may be, beside that.
const AT_MOST: u32 = 3;
const SPINNERS: [usize; 4] = [1, 2, 4, 16];

/// The machine does other things, too, so the best of several rounds counts.
const ROUNDS: usize = 3;
/// Until the last of those that spin is known to.
const UNTIL_KNOWN: Duration = Duration::from_millis(600);

/// Says whether the promise is broken, by more than is tolerated. On a runtime of two workers, as it may
/// be an embedder's.
pub fn beside_spinners(tolerance: f64) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async { tokio::spawn(measure(tolerance)).await.expect("it is measured") })
}

async fn measure(tolerance: f64) -> bool {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let endless = "wall = \"10m\"\nfuel = 1_000_000_000_000_000\nconcurrent-runs = 32";
    let spins = bench.script(&manifest("policy", "", endless), "fn run(input) { loop {} }").await;
    let netting = bench.load("plugins/netting").await;
    let reads = bench.load("tests/guests/bench").await;
    println!("\n| p99, 2 workers | alone | with 1 that spins | 2 | 4 | 16 | promised |");
    println!("|---|---|---|---|---|---|---|");
    let mut broken = false;
    for what in [What::Timer, What::Decider, What::Read] {
        let mut rows = vec![Vec::new(); SPINNERS.len() + 1];
        // In turns, so that all see the same machine.
        for _ in 0..ROUNDS {
            rows[0].push(p99(&bench, what, &netting, &reads).await);
            for (row, count) in rows[1..].iter_mut().zip(SPINNERS) {
                let spinners: Vec<_> = (0..count).map(|_| spin(&bench, &spins)).collect();
                tokio::time::sleep(UNTIL_KNOWN).await;
                row.push(p99(&bench, what, &netting, &reads).await);
                for spinner in spinners {
                    assert!(!spinner.is_finished(), "it spins");
                    spinner.abort();
                    let _ = spinner.await;
                }
            }
        }
        let best: Vec<Duration> =
            rows.iter().map(|row| row.iter().min().copied().expect("a round")).collect();
        let most = best[0] * AT_MOST + SLICE;
        broken |= best[1..].iter().any(|wait| *wait > most.mul_f64(tolerance));
        let best: Vec<String> = best.iter().map(|wait| format!("{wait:.1?}")).collect();
        println!("| {} | {} | ≤ {most:.1?} |", what.name(), best.join(" | "));
    }
    broken
}

#[derive(Clone, Copy)]
enum What {
    Timer,
    Decider,
    Read,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Timer => "a timer of 5 ms",
            Self::Decider => "a decider's call, 20 + 20 invoices",
            Self::Read => "a run that reads POD once",
        }
    }
}

fn spin(bench: &Bench, policy: &Policy) -> JoinHandle<()> {
    let (host, account, policy) = (bench.host.clone(), bench.account.clone(), policy.clone());
    tokio::spawn(async move {
        drop(host.run_with(&policy, &account, RunOptions::default()).await.expect("a receipt"));
    })
}

/// The longest of a hundred waits but one.
async fn p99(bench: &Bench, what: What, netting: &Policy, reads: &Policy) -> Duration {
    let (debts, credits) = books(20);
    let mut waits = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        match what {
            What::Timer => tokio::time::sleep(Duration::from_millis(5)).await,
            What::Decider => {
                drop(bench.host.plan(netting, &debts, &credits).await.expect("a plan"));
            }
            What::Read => {
                let input: Value = json!({ "list": { "times": 1, "size": 1 } });
                let receipt = bench.run(reads, input).await;
                assert_eq!(receipt.output, json!(1), "{:?}", receipt.error);
            }
        }
        waits.push(began.elapsed());
    }
    waits.sort_unstable();
    waits[98]
}
