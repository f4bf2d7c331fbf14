//! What the journal costs: flushes of the disk, counted; runs with the journal on a disk against the
//! same runs with it in memory; and how long a long run takes to be executed again.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use pod_host::{Account, Host, Point, Policy, RunOptions, Status};
use podhost_tests::{Bench, manifest, project};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Measured, in_turns, pairs, timed};

/// Payments of a run.
const PAYMENTS: u64 = 4;
/// Runs at the same time.
const RUNS: u64 = 64;
/// Entries of a long journal.
const ENTRIES: u64 = 10_000;

const SCRIPT: &str = r#"
    fn run(input) {
        for i in 0..input.times { get_invoice_list(#{ offset: 0, size: 1 }); }
        let paid = 0;
        for pair in input.pairs {
            pay_invoice_by_invoice(#{ creditor_invoice_id: pair[0], debtor_invoice_id: pair[1] });
            paid += 1;
        }
        paid
    }
"#;

/// A host with its store in some folder, on the bench's platform.
struct Shop {
    host: Host,
    policy: Policy,
    account: Account,
    _store: TempDir,
}

impl Shop {
    async fn open(bench: &Bench, folder: &Path) -> Self {
        let store = tempfile::tempdir_in(folder).expect("a folder for the store");
        let host = Host::builder()
            .store(store.path())
            .artefacts(project("target/test-components"))
            .clock(bench.pod.clock())
            .build()
            .await
            .expect("the host starts");
        let policy = policy(&host).await;
        Self { host, policy, account: bench.account.clone(), _store: store }
    }

    async fn run(&self, input: Value) {
        let options = RunOptions { input, ..RunOptions::default() };
        let receipt = self.host.run_with(&self.policy, &self.account, options).await;
        let receipt = receipt.expect("the run is journalled");
        assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    }
}

async fn policy(host: &Host) -> Policy {
    let folder = tempfile::tempdir().expect("a folder for the policy");
    let budget =
        format!("rial = 1_000_000_000\ncalls = 100_000\nwall = \"10m\"\nconcurrent-runs = {RUNS}");
    let manifest = manifest("policy", "\"invoices\", \"payments\"", &budget);
    std::fs::write(folder.path().join("policy.toml"), manifest).expect("the manifest");
    std::fs::write(folder.path().join("script.rhai"), SCRIPT).expect("the script");
    host.load(folder.path()).await.expect("the policy loads")
}

/// Pairs that were not netted yet.
struct Pairs(AtomicU64);

impl Pairs {
    fn input(&self, count: u64) -> Value {
        let first = self.0.fetch_add(count, Ordering::Relaxed);
        let pairs: Vec<_> = (first..first + count).map(|id| [600_000 + id, 500_000 + id]).collect();
        json!({ "times": 0, "pairs": pairs })
    }
}

/// Counts flushes, and says whether a promise is broken.
pub async fn flushes(rounds: usize) -> bool {
    let bench = Bench::start(pairs(2_000 + 2 * RUNS * PAYMENTS * rounds as u64)).await;
    let pairs = Pairs(AtomicU64::new(0));
    let shop = Shop::open(&bench, &project("target")).await;

    let many = 100;
    shop.run(pairs.input(1)).await;
    let before = shop.host.journal().flushes();
    shop.run(pairs.input(many)).await;
    // One more writes how the run ended.
    let alone = (shop.host.journal().flushes() - before - 1) as f64 / many as f64;

    let runs = RUNS * rounds as u64;
    let (before, began) = (shop.host.journal().flushes(), Instant::now());
    for _ in 0..runs {
        shop.run(pairs.input(PAYMENTS)).await;
    }
    let one_at_a_time = (shop.host.journal().flushes() - before) as f64 / runs as f64;
    let one_at_a_time_takes = began.elapsed();

    let (before, began) = (shop.host.journal().flushes(), Instant::now());
    for _ in 0..rounds {
        join_all((0..RUNS).map(|_| shop.run(pairs.input(PAYMENTS)))).await;
    }
    let together = (shop.host.journal().flushes() - before) as f64 / runs as f64;
    let together_takes = began.elapsed();

    let each_second = |took: Duration| runs as f64 / took.as_secs_f64();
    println!("\n| flushes of the disk | counted | promised | runs a second |");
    println!("|---|---|---|---|");
    println!("| a call that changes something, alone | {alone:.2} | ≤ 2 | |");
    println!(
        "| a run of {PAYMENTS} payments, one at a time | {one_at_a_time:.2} | | {:.0} |",
        each_second(one_at_a_time_takes)
    );
    println!(
        "| the same, {RUNS} at a time | {together:.2} | ≤ {:.2}, a fifth | {:.0} |",
        one_at_a_time / 5.0,
        each_second(together_takes)
    );
    bench.assert_balances(&[]).await;
    alone > 2.0 || together > one_at_a_time / 5.0
}

/// Runs with the journal on a disk against the same with it in memory.
pub async fn against_memory(rounds: usize) -> Vec<Measured> {
    let memory = Path::new("/dev/shm");
    if !memory.is_dir() {
        return Vec::new();
    }
    let times = 20 * rounds;
    let bench = Bench::start(pairs(4 * (times + times / 10 + 1) as u64 * PAYMENTS)).await;
    let pairs = Pairs(AtomicU64::new(0));
    let disk = Shop::open(&bench, &project("target")).await;
    let memory = Shop::open(&bench, memory).await;
    let (ours, bare) = in_turns(
        times,
        async || timed(disk.run(pairs.input(PAYMENTS))).await,
        async || timed(memory.run(pairs.input(PAYMENTS))).await,
    )
    .await;
    let what = "run of 4 payments: journal on the disk against journal in memory";
    vec![Measured { what, ours, bare, at_most: None }]
}

/// How long a run with a long journal takes to be executed again, beyond what the guest takes; and
/// whether that is too long.
pub async fn resume() -> bool {
    let bench = Bench::start(pairs(4)).await;
    let store = tempfile::tempdir_in(project("target")).expect("a folder for the store");
    let (copy_to, held) =
        (tempfile::tempdir().expect("a folder"), Arc::new(tokio::sync::Notify::new()));
    let tell = held.clone();
    let host = Host::builder()
        .store(store.path())
        .artefacts(project("target/test-components"))
        .clock(bench.pod.clock())
        .on_point(Arc::new(move |_, point| {
            if point == Point::AfterIntent {
                tell.notify_one();
            }
        }))
        .build()
        .await
        .expect("the host starts");
    let policy = policy(&host).await;
    // Started, the calls, one intent. Calls of POD's, because nothing else fills a journal so far: looks
    // at the clock are many in one entry, and the rest has its bound.
    let input = json!({ "times": ENTRIES - 2, "pairs": [[600_000, 500_000]] });
    let options = RunOptions { input, ..RunOptions::default() };
    let began = Instant::now();
    let run = host.run_with(&policy, &bench.account, options);
    let copy = copy_to.path().join("store");
    let cut_off = async {
        held.notified().await;
        pod_host::back_up(store.path(), &copy).await.expect("a copy");
    };
    let (receipt, ()) = tokio::join!(run, cut_off);
    receipt.expect("the run is journalled");
    let first = began.elapsed();

    let host = Host::builder()
        .store(&copy)
        .artefacts(project("target/test-components"))
        .clock(bench.pod.clock())
        .build()
        .await
        .expect("the host starts on the copy");
    let acceptance = pod_host::journal::Acceptance::default();
    host.accept_store(acceptance).await.expect("a copy is accepted");
    let unfinished = host.unfinished().await.expect("the journal can be read");
    let [summary] = unfinished.as_slice() else { panic!("{unfinished:?}") };
    assert!(summary.entries >= ENTRIES, "{} entries", summary.entries);
    let began = Instant::now();
    let receipt = host.resume(&summary.run, &bench.account).await.expect("it goes on");
    let again = began.elapsed();
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    println!(
        "\nA run of {ENTRIES} entries took {first:.0?}; resumed at its last, it takes {again:.0?} \
         (promised: less than a second more)."
    );
    bench.assert_balances(&[]).await;
    again > first + Duration::from_secs(1)
}
