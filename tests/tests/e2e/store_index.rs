//! What a store is searched by is a cache of its entries. Somebody changes it: checking the store finds
//! that, opening it too, nothing is paid by it, and it is made anew from the entries.

use std::path::Path;

use pod_host::{
    Error, RunOptions, Status,
    journal::{Difference, Distrust, Journal, RunFilter, Verified},
};
use podhost_tests::mortal::{Life, Mortal, script};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const SCENARIO: &str = "plugins/netting/scenarios/small.json";

/// Nets one pair, and may do so once a day.
fn policy() -> TempDir {
    // A refusal is no failure: one that keeps failing is paused.
    let source = "fn run(input) { try { pay_invoice_by_invoice(\
        #{ creditor_invoice_id: input[0], debtor_invoice_id: input[1] }); } catch (error) {} }";
    script("\"payments\"", "rial = 10_000_000\n[budget.per-day]\nrial = 900_000", source)
}

fn request(pair: [u64; 2], key: &str) -> RunOptions {
    RunOptions { input: json!(pair), key: Some(key.to_owned()), ..RunOptions::default() }
}

async fn change(store: &Path, statement: &str) {
    let options = SqliteConnectOptions::new().filename(store.join("journal.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.expect("it opens");
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
    assert!(done.expect(statement).rows_affected() > 0, "{statement}");
    connection.close().await.expect("it is written");
}

async fn verify(store: &Path) -> Verified {
    let journal = Journal::read_only(store).await.expect("there is one");
    journal.verify().await.expect("it can be read")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_is_found_told_and_mended() {
    let policy = policy();
    let mortal = Mortal::from_file(SCENARIO).await;
    let path = policy.path().to_owned();
    let first = mortal
        .live_on(async move |life: Life| life.run(&path, request([601, 501], "march")).await)
        .await;
    assert_eq!((first.status, first.effects.len()), (Status::Done, 1), "{:?}", first.error);
    let whole = verify(mortal.store()).await;
    assert!(whole.is_whole() && whole.entries > 3, "{whole:?}");

    for (statement, what) in [
        ("UPDATE usage SET rials = 0", "usage on "),
        ("DELETE FROM usage", "usage on "),
        ("UPDATE runs SET key = NULL", "key"),
        ("UPDATE runs SET key = 'april' WHERE run = (SELECT MIN(run) FROM runs)", "key"),
        ("UPDATE runs SET head = zeroblob(32)", "head"),
        ("UPDATE runs SET length = length - 1", "length"),
        ("UPDATE runs SET status = NULL", "status"),
        ("UPDATE runs SET account = 'another'", "account"),
        ("UPDATE runs SET dry_run = 1", "dry_run"),
        ("DELETE FROM invoices", "invoice 501"),
        ("UPDATE runs SET archived = 1", "entries"),
        ("DELETE FROM runs", "policy"),
    ] {
        change(mortal.store(), statement).await;
        let found = verify(mortal.store()).await;
        let names = |difference: &Difference| {
            difference.what.starts_with(what) && difference.run == first.run && difference.mendable
        };
        assert!(found.differences.iter().any(names), "{statement}: {found:?}");

        let books = mortal.books().await;
        let path = policy.path().to_owned();
        mortal
            .live_on(async move |life: Life| {
                assert!(matches!(life.host.distrust(), Some(Distrust::Index(_))), "{statement}");
                let policy = life.load(&path).await;
                let pays =
                    async |options| life.host.run_with(&policy, &life.account, options).await;
                // Under the key that was used, under another, and whatever is allowed for a day.
                for options in [request([601, 501], "march"), request([602, 502], "april")] {
                    let Err(Error::IndexDiffers { reason, .. }) = pays(options).await else {
                        panic!("{statement}: it is run")
                    };
                    assert!(reason.contains("the entries have"), "{reason}");
                }
                let dry = RunOptions { dry_run: true, key: None, ..request([602, 502], "") };
                pays(dry).await.expect("a dry run pays nothing");

                let left = life.host.journal().rebuild_index().await.expect("it is written");
                assert!(left.is_whole(), "{statement}: {left:?}");
                assert_eq!(life.host.distrust(), None, "{statement}");
            })
            .await;
        assert_eq!(mortal.books().await, books, "{statement}");

        // What it says counts again: the key is taken, and the day's allowance is used up.
        let (path, run) = (policy.path().to_owned(), first.run.clone());
        mortal
            .live_on(async move |life: Life| {
                assert_eq!(life.host.distrust(), None, "{statement}");
                let again = life.run(&path, request([601, 501], "march")).await;
                assert_eq!(again.run, run, "{statement}");
                let policy = life.load(&path).await;
                let options = RunOptions { key: None, ..request([602, 502], "") };
                let more = life.host.run_with(&policy, &life.account, options).await;
                let more = more.expect("it is journalled");
                assert_eq!((more.status, more.effects.len()), (Status::Done, 0), "{statement}");
            })
            .await;
        assert_eq!(mortal.books().await, books, "{statement}");
    }
}

/// Entries that are missing or damaged are not mended by forgetting them.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_stays_so() {
    for statement in [
        "DELETE FROM entries WHERE sequence = (SELECT MAX(sequence) FROM entries)",
        "UPDATE entries SET bytes = zeroblob(20) WHERE sequence = 2",
        "DELETE FROM entries",
    ] {
        let policy = policy();
        let mortal = Mortal::from_file(SCENARIO).await;
        let path = policy.path().to_owned();
        let run = async move |life: Life| life.run(&path, request([601, 501], "march")).await;
        let receipt = mortal.live_on(run).await;
        change(mortal.store(), statement).await;
        let found = verify(mortal.store()).await;
        assert!(!found.is_whole(), "{statement}");
        assert!(found.differences.iter().all(|difference| !difference.mendable), "{found:?}");
        mortal
            .live_on(async move |life: Life| {
                let left = life.host.journal().rebuild_index().await.expect("it can be read");
                assert_eq!(left, found, "{statement}");
                let entries = life.host.journal().entries(&receipt.run).await;
                assert!(entries.is_err(), "{statement}: {entries:?}");
                let runs = life.host.journal().runs(&RunFilter::default()).await;
                assert_eq!(runs.expect("an index").len(), 1, "{statement}");
            })
            .await;
    }
}
