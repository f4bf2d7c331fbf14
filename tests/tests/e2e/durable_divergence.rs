//! A run that is executed again and asks for something else than it had is not gone on with: it is
//! kept for a person, who is shown both. Its platform is not asked anything.

use std::{fs, path::Path};

use pod_host::{
    Error, Point, RunOptions,
    journal::{Chain, Entry, Journal, RunFilter, StoredEntry, encode},
};
use podhost_tests::mortal::{Life, Mortal, script};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const SCENARIO: &str = "plugins/netting/scenarios/small.json";

/// Nets the pairs of its input.
fn policy() -> TempDir {
    let source = "fn run(input) { for pair in input { pay_invoice_by_invoice(\
        #{ creditor_invoice_id: pair[0], debtor_invoice_id: pair[1] }); } }";
    script("\"payments\"", "rial = 10_000_000", source)
}

/// A run that is cut off when its first payment is made, and its id.
async fn cut_off(mortal: &Mortal, policy: &TempDir) -> String {
    let path = policy.path().to_owned();
    let options = RunOptions {
        input: json!([[601, 501], [602, 502]]),
        key: Some("k".to_owned()),
        ..RunOptions::default()
    };
    let work = async move |life: Life| life.run(&path, options).await;
    assert!(mortal.live(|_, point| point == Point::AfterOutcome, work).await.is_none());
    let journal = Journal::read_only(mortal.store()).await.expect("there is one");
    journal.runs(&RunFilter::default()).await.expect("an index")[0].run.clone()
}

/// Another input in the journal, under a chain that holds.
async fn with_input(store: &Path, run: &str, input: &str) {
    let journal = Journal::read_only(store).await.expect("there is one");
    let entries = journal.entries(run).await.expect("the chain holds");
    drop(journal);
    let options = SqliteConnectOptions::new().filename(store.join("journal.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.expect("it opens");
    let mut chain = Chain::default();
    for StoredEntry { sequence, mut entry, .. } in entries {
        if let Entry::Started(started) = &mut entry {
            started.input = input.to_owned();
        }
        let bytes = encode(&entry);
        let hash = chain.next(&bytes);
        sqlx::query("UPDATE entries SET bytes = ?, hash = ? WHERE run = ? AND sequence = ?")
            .bind(bytes)
            .bind(hash.0.to_vec())
            .bind(run)
            .bind(sequence as i64)
            .execute(&mut connection)
            .await
            .expect("it is written");
    }
    let head = chain.head().0.to_vec();
    let update = sqlx::query("UPDATE runs SET head = ? WHERE run = ?").bind(head).bind(run);
    update.execute(&mut connection).await.expect("it is written");
    connection.close().await.expect("it is closed");
}

/// The run diverges: what was recorded, what was asked, and it waits for a person.
async fn diverges(mortal: &Mortal, run: String) -> (u64, String, String) {
    let before = mortal.books().await;
    let diverged = mortal
        .live_on(async move |life: Life| {
            let error = life.host.resume(&run, &life.account).await.expect_err("it is another run");
            let Error::Diverged { run: named, step, recorded, asked } = error else {
                panic!("{error:?}")
            };
            assert_eq!(named, run);
            assert!(life.host.unfinished().await.expect("an index").is_empty());
            let runs = life.host.journal().runs(&RunFilter::default()).await.expect("an index");
            assert_eq!((runs.len(), runs[0].status.as_str()), (1, "diverged"));
            let entries = life.host.journal().entries(&run).await.expect("the chain holds");
            let last = entries.last().map(|stored| &stored.entry);
            assert!(matches!(last, Some(Entry::Diverged(_))), "{last:?}");
            let replay = life.host.replay(&run).await.expect("it can be replayed");
            assert!(!replay.is_same());
            (step, recorded, asked)
        })
        .await;
    assert_eq!(mortal.books().await, before, "nothing is done");
    diverged
}

#[tokio::test(flavor = "multi_thread")]
async fn another_call() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let run = cut_off(&mortal, &policy()).await;
    with_input(mortal.store(), &run, "[[602, 502]]").await;
    let (step, recorded, asked) = diverges(&mortal, run).await;
    assert_eq!(step, 0);
    let call = "`payments.pay-invoice-by-invoice` with ";
    assert_eq!(recorded, format!("{call}creditorInvoiceId=601, debtorInvoiceId=501"));
    assert_eq!(asked, format!("{call}creditorInvoiceId=602, debtorInvoiceId=502"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_any_more() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let run = cut_off(&mortal, &policy()).await;
    with_input(mortal.store(), &run, "[]").await;
    let (step, recorded, asked) = diverges(&mortal, run).await;
    assert_eq!(step, 0);
    assert!(recorded.contains("debtorInvoiceId=501"), "{recorded}");
    assert!(asked.contains("it ended"), "{asked}");
}

/// A policy that is no longer what its run began with is not executed at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_was_changed_in_the_store() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let run = cut_off(&mortal, &policy()).await;
    let mut changed = 0;
    for folder in fs::read_dir(mortal.store().join("kept")).expect("policies are kept") {
        let script = folder.expect("it can be read").path().join("script.rhai");
        if script.is_file() {
            let longer = fs::read_to_string(&script).expect("a script") + "\n// Another one.\n";
            fs::write(&script, longer).expect("it is changed");
            changed += 1;
        }
    }
    assert_eq!(changed, 1);
    let before = mortal.books().await;
    mortal
        .live_on(async move |life: Life| {
            let error = life.host.resume(&run, &life.account).await.expect_err("it is changed");
            let Error::NotResumable { reason, .. } = &error else { panic!("{error:?}") };
            assert!(reason.contains("was changed in the store"), "{reason}");
            // It can go on as soon as the policy is there again.
            assert_eq!(life.host.unfinished().await.expect("an index").len(), 1);
        })
        .await;
    assert_eq!(mortal.books().await, before);
}

/// Where another version would first do something else: offline.
#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_compared() {
    let mortal = Mortal::from_file(SCENARIO).await;
    let policy = policy();
    let path = policy.path().to_owned();
    let other = script(
        "\"payments\"",
        "rial = 10_000_000",
        "fn run(input) { pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 }); \
         pay_invoice_by_invoice(#{ creditor_invoice_id: 603, debtor_invoice_id: 502 }); }",
    );
    let other_path = other.path().to_owned();
    let input = json!([[601, 501], [602, 502]]);
    let (receipt, replay) = mortal
        .live_on(async move |life: Life| {
            let receipt = life.run(&path, RunOptions { input, ..RunOptions::default() }).await;
            let other = life.load(&other_path).await;
            let replay = life.host.replay_with(&receipt.run, &other).await.expect("it is replayed");
            (receipt, replay)
        })
        .await;
    assert_eq!(receipt.effects.len(), 2);
    assert_eq!(replay.differences.len(), 1, "{:#?}", replay.differences);
    assert_eq!(replay.differences[0].what, "call 1");
    assert!(replay.differences[0].recorded.contains("creditorInvoiceId=602"));
    assert!(replay.differences[0].replayed.contains("creditorInvoiceId=603"));
}
