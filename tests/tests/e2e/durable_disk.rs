//! The disk fails: a database that somebody else locks, a full disk, a file that cannot be written, a
//! journal with a damaged tail. The error says so, no money moves without an intent on the disk, and
//! when the disk is well again the run goes on.

use std::{
    error::Error as _,
    ffi::OsString,
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use pod_host::{
    Account, Error, Host, Point, RunOptions, Status,
    journal::{Acceptance, Entry},
};
use pod_platform::{Client, Credentials, Limits, Platform};
use podhost_tests::{
    mortal::{Gate, Life, Mortal, assert_part_of, script},
    project,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const SCENARIO: &str = "plugins/netting/scenarios/small.json";
/// For the processes that these tests start: the store, the platform, the policy.
const STORE: &str = "PODHOST_STORE_OF_THE_TEST";
const PLATFORM: &str = "PODHOST_PLATFORM_OF_THE_TEST";
const POLICY: &str = "PODHOST_POLICY_OF_THE_TEST";
const INVOICES: usize = 120;
const NOBODY: u32 = 65_534;

fn netting() -> TempDir {
    let source = r#"
        fn run(input) {
            pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 });
            pay_invoice_by_invoice(#{ creditor_invoice_id: 602, debtor_invoice_id: 502 });
        }
    "#;
    script("\"payments\"", "rial = 10_000_000", source)
}

fn keyed() -> RunOptions {
    RunOptions { key: Some("k".to_owned()), ..RunOptions::default() }
}

/// Somebody else's connection to the journal.
async fn connection(store: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(store.join("journal.sqlite"));
    SqliteConnection::connect_with(&options).await.expect("the database opens")
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(connection).await.expect(statement);
}

/// Somebody locks the database when the first payment comes to this point, for longer than the host
/// waits. How many payments are there then, and what becomes of the run.
async fn locked(at: Point, payments_meanwhile: usize) {
    let mortal = Mortal::from_file(SCENARIO).await;
    let before = mortal.books().await.transactions.len();
    let policy = netting();
    let path = policy.path().to_owned();
    let (gate, keeper) = Gate::at(at);
    let life = mortal.live(keeper, async move |life: Life| {
        let policy = life.load(&path).await;
        let failed = life.host.run_with(&policy, &life.account, keyed()).await;
        // The run that failed stands in the way of nobody: it is not going on.
        (failed.expect_err("it is not journalled"), life)
    });
    let lock = async {
        gate.is_reached().await;
        let mut other = connection(mortal.store()).await;
        execute(&mut other, "BEGIN EXCLUSIVE").await;
        gate.open();
        other
    };
    let (ended, mut other) = tokio::join!(life, lock);
    let (error, life) = ended.expect("nobody kills it");
    assert!(matches!(error, Error::Journal(_)), "{error:?}");
    assert!(error.to_string().contains("database is locked"), "{error}");
    assert_eq!(mortal.books().await.transactions.len() - before, payments_meanwhile, "{at:?}");
    drop(life);

    execute(&mut other, "ROLLBACK").await;
    let receipt =
        mortal.live_on(async |life: Life| life.go_on().await.expect("it is unfinished")).await;
    assert_eq!((receipt.status, receipt.effects.len()), (Status::Done, 2));
    let books = mortal.books().await;
    assert_eq!(books.transactions.len() - before, 2, "each payment once");
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_before_an_intent() {
    locked(Point::BeforeIntent, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_before_an_outcome() {
    locked(Point::AfterEffect, 1).await;
}

/// A process of its own that runs this test, and is told by [`STORE`] to play the other part in it.
fn process(test: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(std::env::current_exe().expect("this test"));
    command.args(["--exact", &format!("durable_disk::{test}"), "--nocapture"]);
    command
}

/// Issues invoices until it cannot.
async fn on_a_full_disk(store: OsString) {
    let (url, policy) = (std::env::var(PLATFORM).unwrap(), std::env::var(POLICY).unwrap());
    let artefacts = project("target/test-components");
    let host = Host::builder().store(store).artefacts(artefacts).build().await.unwrap();
    let policy = host.load(policy).await.unwrap();
    // No file may grow beyond this, from now on: what is loaded is in memory.
    let room = Rlimit { current: Some(300 * 1024), maximum: None };
    setrlimit(Resource::Fsize, room).unwrap();
    let client = Client::new(Platform::at(&url), Limits::default()).unwrap();
    let account = Account::new("test", client, Credentials::token("shop-api-token"))
        .with_platform(url)
        .with_business(10)
        .with_user(1);
    match host.run_with(&policy, &account, keyed()).await {
        Ok(receipt) => println!("ended: {:?}", receipt.error),
        Err(error) => println!("failed: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk() {
    if let Some(store) = std::env::var_os(STORE) {
        return on_a_full_disk(store).await;
    }
    let source = format!(
        "fn run(input) {{ let ids = []; for i in 0..{INVOICES} {{ ids.push(issue_invoice(#{{ \
         guild_code: \"FOOD_GUILD\", product_id: [0], price: [5000], quantity: [1], \
         product_description: [\"bread\"], user_id: 100, preferred_tax_rate: 0.0 }}).id) }} ids }}"
    );
    let policy = script("\"invoices\"", "calls = 1_000", &source);
    let mortal = Mortal::from_file(SCENARIO).await;
    let invoices = mortal.books().await.invoices.len();
    // What is kept of the policy is there already: only the journal grows.
    let path = policy.path().to_owned();
    mortal.live_on(async move |life: Life| drop(life.load(&path).await)).await;
    let ran = process("a_full_disk")
        .env(STORE, mortal.store())
        .env(PLATFORM, mortal.pod.platform_url())
        .env(POLICY, policy.path())
        .output()
        .expect("the process runs");
    let said = [&*ran.stdout, &*ran.stderr].map(String::from_utf8_lossy).concat();
    assert!(said.contains("failed: the journal cannot be used: "), "{said}");
    let issued = mortal.books().await.invoices.len() - invoices;
    assert!((1..INVOICES).contains(&issued), "{issued}: {said}");

    let (receipt, intents) = mortal
        .live_on(async |life: Life| {
            let run = life.host.unfinished().await.expect("an index")[0].run.clone();
            let entries = life.host.journal().entries(&run).await.expect("the chain holds");
            let intents = entries.iter().filter(|stored| matches!(stored.entry, Entry::Intent(_)));
            (life.host.resume(&run, &life.account).await.expect("it goes on"), intents.count())
        })
        .await;
    assert!(issued <= intents, "{issued} were issued, {intents} were intended");
    assert_eq!((receipt.status, receipt.effects.len()), (Status::Done, INVOICES));
    assert_eq!(mortal.books().await.invoices.len() - invoices, INVOICES, "each once");
}

/// Opens a store that it may only read.
async fn with_a_read_only_file(store: OsString) {
    let artefacts = Path::new(&store).join("artefacts");
    match Host::builder().store(&store).artefacts(artefacts).build().await {
        Ok(_) => println!("it opened"),
        Err(error) => {
            println!("failed: {error}");
            println!("its cause: {}", error.source().expect("it has one"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written() {
    if let Some(store) = std::env::var_os(STORE) {
        return with_a_read_only_file(store).await;
    }
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    let work = async move |life: Life| life.run(&path, keyed()).await;
    assert!(mortal.live(|_, point| point == Point::AfterIntent, work).await.is_none());
    let store = mortal.store();
    connection(store).await.close().await.expect("the log goes into the file");
    let mode = |name: &str, mode| {
        fs::set_permissions(store.join(name), fs::Permissions::from_mode(mode)).expect(name);
    };
    mode("journal.sqlite", 0o400);
    let mut process = process("a_file_that_cannot_be_written");
    // The superuser writes everything.
    let is_superuser = fs::metadata("/proc/self").expect("Linux").uid() == 0;
    let give_to = |user| {
        for name in ["", "lock", "journal.sqlite", "journal.high-water"] {
            chown(store.join(name), Some(user), None).expect(name);
        }
    };
    if is_superuser {
        process.uid(NOBODY);
        give_to(NOBODY);
    }
    let ran = process.env(STORE, store).output().expect("the process runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(said.contains("failed: the journal cannot be used"), "{said}");
    assert!(said.contains("readonly database"), "{said}");

    if is_superuser {
        give_to(0);
    }
    mode("journal.sqlite", 0o600);
    let receipt =
        mortal.live_on(async |life: Life| life.go_on().await.expect("it is unfinished")).await;
    assert_eq!((receipt.status, receipt.effects.len()), (Status::Done, 2));
}

/// A run that was cut off after its first payment, and then its journal is damaged so.
async fn damaged(damage: impl AsyncFnOnce(&mut SqliteConnection), expected: &str) {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    let work = {
        let path = path.clone();
        async move |life: Life| life.run(&path, keyed()).await
    };
    assert!(mortal.live(|_, point| point == Point::AfterOutcome, work).await.is_none());
    let mut other = connection(mortal.store()).await;
    damage(&mut other).await;
    other.close().await.expect("it is written");
    let before = mortal.books().await;

    let expected = expected.to_owned();
    mortal
        .live_on(async move |life: Life| {
            let run = life.host.unfinished().await.expect("an index")[0].run.clone();
            let policy = life.load(&path).await;
            let host = &life.host;
            let errors = [
                host.journal().entries(&run).await.map(drop),
                host.resume(&run, &life.account).await.map(drop),
                host.replay(&run).await.map(drop),
                host.run_with(&policy, &life.account, keyed()).await.map(drop),
            ];
            for error in errors {
                let Err(Error::Journal(reason)) = error else { panic!("it is used: {error:?}") };
                assert!(reason.contains(&expected), "{reason}");
                assert!(reason.contains(&run), "{reason}");
            }
            // Others are not in its way.
            let other = life.run(&path, RunOptions::default()).await;
            assert_eq!(other.status, Status::Failed, "POD refuses what is paid already");
        })
        .await;
    assert_eq!(mortal.books().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_is_missing() {
    let cut = async |other: &mut SqliteConnection| {
        execute(other, "DELETE FROM entries WHERE sequence = (SELECT MAX(sequence) FROM entries)")
            .await;
    };
    damaged(cut, "its tail is missing or damaged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole() {
    let cut = async |other: &mut SqliteConnection| {
        execute(other, "DELETE FROM entries WHERE sequence = 1").await;
    };
    damaged(cut, "the chain of hashes is broken").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_that_is_flipped() {
    for sequence in 0..3 {
        let flip = async |other: &mut SqliteConnection| {
            let row = sqlx::query("SELECT bytes FROM entries WHERE sequence = ?").bind(sequence);
            let mut bytes: Vec<u8> = row.fetch_one(&mut *other).await.expect("it is there").get(0);
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            let update = sqlx::query("UPDATE entries SET bytes = ? WHERE sequence = ?");
            update.bind(bytes).bind(sequence).execute(other).await.expect("it is written");
        };
        damaged(flip, "the chain of hashes is broken").await;
    }
}

/// A disk that loses what it said it had: SQLite takes the log's torn end for what was never
/// written, so the run has its last entries no more. What lies beside the journal knows better.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_end_is_lost() {
    let undisturbed = Mortal::from_file(SCENARIO).await;
    let policy = netting();
    let path = policy.path().to_owned();
    undisturbed
        .live_on({
            let path = path.clone();
            async move |life: Life| life.run(&path, keyed()).await
        })
        .await;
    for at in [Point::AfterIntent, Point::AfterEffect, Point::AfterOutcome] {
        let mortal = Mortal::from_file(SCENARIO).await;
        let path = path.clone();
        let work = async move |life: Life| life.run(&path, keyed()).await;
        // As the files are at that time: a host that dies within this process still tidies them up.
        let files = ["journal.sqlite", "journal.sqlite-wal"].map(|file| mortal.store().join(file));
        let kept = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kill = {
            let (files, kept) = (files.clone(), kept.clone());
            move |_, point| {
                if point == at {
                    let read = files.iter().map(|file| fs::read(file).expect("it can be read"));
                    *kept.lock().unwrap() = read.collect();
                }
                point == at
            }
        };
        assert!(mortal.live(kill, work).await.is_none());
        let [database, log] = <[_; 2]>::try_from(kept.lock().unwrap().clone()).unwrap();
        while files[1].exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        fs::write(&files[0], database).expect("it can be written");
        fs::write(&files[1], &log[..log.len() - 1_000]).expect("it can be written");
        let receipt = mortal
            .live_on(async move |life: Life| {
                let run = life.host.unfinished().await.expect("an index")[0].run.clone();
                let refused = life.host.resume(&run, &life.account).await;
                let Err(Error::StoreIsOlder { reason, .. }) = refused else {
                    panic!("{at:?}: it goes on: {refused:?}")
                };
                assert!(
                    reason.contains("groups of entries were written to it"),
                    "{at:?}: {reason}"
                );
                life.host.accept_store(Acceptance::default()).await.expect("it is written");
                life.go_on().await.expect("it is unfinished")
            })
            .await;
        assert_part_of(&mortal.books().await, &undisturbed.books().await, &format!("{at:?}"));
        assert_eq!(receipt.status, Status::Done, "{at:?}: {:?}", receipt.error);
    }
}

/// How many bytes a store's journal takes on the disk, once its log is written into its database: when
/// that happens by itself depends on what else the machine does.
async fn taken(store: &Path) -> u64 {
    let mut other = connection(store).await;
    execute(&mut other, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    other.close().await.expect("it is written");
    fs::metadata(store.join("journal.sqlite")).expect("a journal").len()
}

/// A run that pays nothing leaves little behind, however often it looks at the clock; one that pays
/// may look more often.
#[tokio::test(flavor = "multi_thread")]
async fn tens_of_thousands_of_looks_at_the_clock() {
    let looks = |count: u64, pays: bool| {
        let pay = "pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 });";
        let source = format!(
            "fn run(input) {{ {} for i in 0..{count} {{ now(); }} get_random_s64() }}",
            if pays { pay } else { "" }
        );
        script("\"payments\"", "rial = 10_000_000\nfuel = 100_000_000_000", &source)
    };
    let mortal = Mortal::from_file(SCENARIO).await;
    let run = async |policy: &TempDir| {
        let path = policy.path().to_owned();
        let run = async move |life: Life| {
            let receipt = life.run(&path, RunOptions::default()).await;
            let replay = life.host.replay(&receipt.run).await.expect("it can be replayed");
            assert!(replay.is_same(), "{:#?}", replay.differences);
            receipt
        };
        mortal.live_on(run).await
    };
    let (few, many) = (looks(60_000, false), looks(66_000, false));
    assert_eq!(run(&looks(10, false)).await.status, Status::Done);
    let before = taken(mortal.store()).await;
    let receipt = run(&few).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    let left = taken(mortal.store()).await - before;
    println!("60,000 looks at the clock leave {left} bytes");
    assert!(left < 1024 * 1024, "{left} bytes");

    let receipt = run(&many).await;
    let error = receipt.error.expect("it is more than its journal takes");
    assert!(error.to_string().contains("journal"), "{error}");
    let receipt = run(&looks(66_000, true)).await;
    assert_eq!((receipt.status, receipt.effects.len()), (Status::Done, 1), "{:?}", receipt.error);
}

/// What is pruned is given back to the disk, and how much that is, is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_pruned_comes_back() {
    let policy = script(
        "\"payments\"",
        "rial = 1",
        "fn run(input) { for i in 0..1000 { get_remaining_budget(); } }",
    );
    let mortal = Mortal::from_file(SCENARIO).await;
    for is_of_an_older_version in [false, true] {
        if is_of_an_older_version {
            // Such a database has to be written anew as a whole.
            let mut other = connection(mortal.store()).await;
            execute(&mut other, "PRAGMA auto_vacuum = NONE; VACUUM").await;
            other.close().await.expect("it is written");
        }
        let path = policy.path().to_owned();
        mortal
            .live_on(async move |life: Life| {
                for _ in 0..8 {
                    let receipt = life.run(&path, RunOptions::default()).await;
                    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
                }
            })
            .await;
        let before = taken(mortal.store()).await;
        assert!(before > 1024 * 1024, "{before}");
        let archived = mortal
            .live_on(async |life: Life| {
                life.host.archive(u64::MAX, None).await.expect("they are dropped")
            })
            .await;
        assert_eq!((archived.runs, &archived.not_freed), (8, &None));
        let after = taken(mortal.store()).await;
        assert!(after < before / 4, "{before} bytes before, {after} after");
        assert!(archived.freed_bytes >= (before - after) / 2, "{archived:?}: {before}, {after}");
    }
}
