//! Copies of a journal, and clocks: an older copy that is put back pays nothing until a person has
//! accepted it, and then reconciles before it pays; a
//! backup that is taken while runs go on is whole; what is archived can still be proven, and its keys
//! stay taken; a clock that jumps back changes nothing.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use pod_emulator::Books;
use pod_host::{
    Error, Host, Point, Receipt, RunOptions, Status,
    journal::{Acceptance, Distrust, Entry, Journal, RunFilter},
};
use pod_platform::{Instant, ManualClock};
use podhost_tests::{
    mortal::{Life, Mortal, POINTS, lasting, script},
    project,
};
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const SCENARIO: &str = "plugins/netting/scenarios/small.json";

/// Pays, issues and cancels; one payment is refused. It reads first and last.
fn policy() -> TempDir {
    let source = r#"
        fn run(input) {
            let report = [get_invoice_list(#{ offset: 0, size: 1, id: 601 }).len()];
            for pair in [[601, 501], [603, 504], [602, 502]] {
                report.push(attempt(|| pay_invoice_by_invoice(
                    #{ creditor_invoice_id: pair[0], debtor_invoice_id: pair[1] })));
            }
            let bread = issue_invoice(#{ guild_code: "FOOD_GUILD", product_id: [0], price: [5000],
                quantity: [2], product_description: ["bread"], user_id: 100, preferred_tax_rate: 0.0 });
            report.push(bread.id);
            report.push(attempt(|| cancel_invoice(#{ id: bread.id })));
            report.push(get_invoice_list(#{ offset: 0, size: 50 }).len());
            report
        }
        fn attempt(service) {
            try { return service.call(); } catch (error) { return error; }
        }
    "#;
    script("\"invoices\", \"payments\"", "rial = 10_000_000", source)
}

fn keyed() -> RunOptions {
    RunOptions { key: Some("k".to_owned()), ..RunOptions::default() }
}

async fn begin(
    mortal: &Mortal,
    policy: &TempDir,
    kills: impl Fn(u64, Point) -> bool + Send + Sync + 'static,
) -> Option<Receipt> {
    let path = policy.path().to_owned();
    mortal.live(kills, async move |life: Life| life.run(&path, keyed()).await).await
}

/// The undisturbed run: its receipt, the books, and the steps that change something.
async fn undisturbed(policy: &TempDir) -> (Value, Books, Vec<u64>) {
    let mortal = Mortal::from_file(SCENARIO).await;
    let receipt = begin(&mortal, policy, |_, _| false).await.expect("nobody kills it");
    let entries = mortal.live_on(async move |life: Life| {
        let entries = life.host.journal().entries(&receipt.run).await.expect("the chain holds");
        (receipt, entries)
    });
    let (receipt, entries) = entries.await;
    assert_eq!((receipt.status, receipt.effects.len()), (Status::Done, 4), "{receipt:#?}");
    let steps = entries.iter().filter_map(|stored| match &stored.entry {
        Entry::Intent(intent) => Some(intent.step),
        _ => None,
    });
    (lasting(&receipt, &mortal.pod), mortal.books().await, steps.collect())
}

/// A copy of the journal as it is now.
async fn copy(store: &Path, to: &Path) {
    let journal = Journal::read_only(store).await.expect("there is one");
    journal.back_up(to).await.expect("it is copied");
}

/// Puts a copy in the journal's place.
fn put_back(store: &Path, copy: &Path) {
    for name in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"] {
        let _ = fs::remove_file(store.join(name));
    }
    fs::copy(copy, store.join("journal.sqlite")).expect("it is put back");
}

/// It is told, and nothing goes on, until a person accepts it.
async fn is_accepted(life: &Life, place: &str) {
    let distrust = life.host.distrust();
    assert!(matches!(distrust, Some(Distrust::Older(_))), "{place}: {distrust:?}");
    for summary in life.host.journal().runs(&RunFilter::unfinished()).await.expect("an index") {
        let refused = life.host.resume(&summary.run, &life.account).await;
        let Err(Error::StoreIsOlder { reason, .. }) = refused else {
            panic!("{place}: {refused:?}")
        };
        assert!(reason.contains("copy"), "{place}: {reason}");
    }
    let acceptance = Acceptance { by: "Leila".into(), note: "looked at the books".into() };
    let older = life.host.accept_store(acceptance).await.expect("it is written");
    assert!(older.is_some(), "{place}");
}

async fn is_marked(mortal: &Mortal, run: String) -> bool {
    let journal = Journal::read_only(mortal.store()).await.expect("there is one");
    let entries = journal.entries(&run).await.expect("the chain holds");
    entries.iter().any(|stored| matches!(stored.entry, Entry::Restored(_)))
}

/// The run was copied at each point of each of its calls, and went on to its end; then the copy is
/// put back.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_pays_nothing_again() {
    let policy = policy();
    let (expected, books, steps) = undisturbed(&policy).await;
    for step in steps {
        for point in POINTS {
            let place = format!("copied at step {step}, {point:?}");
            let mortal = Mortal::from_file(SCENARIO).await;
            let dies = move |of, at| (of, at) == (step, point);
            assert!(begin(&mortal, &policy, dies).await.is_none(), "{place}");
            let older = mortal.store().join("older");
            copy(mortal.store(), &older).await;
            let go_on = async |life: Life| life.go_on().await.expect("it is unfinished");
            let first = mortal.live_on(go_on).await;
            assert_eq!(lasting(&first, &mortal.pod), expected, "{place}");

            put_back(mortal.store(), &older);
            let told = place.clone();
            let second = mortal
                .live_on(async move |life: Life| {
                    is_accepted(&life, &told).await;
                    life.go_on().await.expect("it is unfinished")
                })
                .await;
            assert_eq!(lasting(&second, &mortal.pod), expected, "{place}, put back");
            assert_eq!(mortal.books().await, books, "{place}, put back");
            assert_eq!(first.run, second.run, "{place}");
            assert!(is_marked(&mortal, second.run).await, "{place}: it is known to be older");
        }
    }
}

/// Puts the first entries of a copy's one run in the journal's place, accepts that, and goes on.
async fn go_on_from(mortal: &Mortal, copy: &Path, kept: usize) -> Receipt {
    truncate(copy, kept).await;
    put_back(mortal.store(), copy);
    let go_on = async |life: Life| {
        is_accepted(&life, "a prefix").await;
        // What the run used is less than what the index has of it.
        let left = life.host.journal().rebuild_index().await.expect("it is written");
        assert!(left.is_whole(), "{left:?}");
        life.go_on().await.expect("it is unfinished")
    };
    mortal.live_on(go_on).await
}

/// Each prefix of a journal whose run has ended, on the platform of the end.
#[tokio::test(flavor = "multi_thread")]
async fn any_prefix_of_a_journal_that_ended() {
    let policy = policy();
    let (expected, books, _) = undisturbed(&policy).await;
    let mortal = Mortal::from_file(SCENARIO).await;
    let ended = begin(&mortal, &policy, |_, _| false).await.expect("nobody kills it");
    let whole = mortal.store().join("whole");
    copy(mortal.store(), &whole).await;
    let journal = Journal::read_only(mortal.store()).await.expect("there is one");
    let length = journal.entries(&ended.run).await.expect("the chain holds").len();
    drop(journal);
    for kept in 1..length {
        let prefix = mortal.store().join(format!("prefix-{kept}"));
        fs::copy(&whole, &prefix).expect("it is copied");
        let resumed = go_on_from(&mortal, &prefix, kept).await;
        assert_eq!(lasting(&resumed, &mortal.pod), expected, "{kept} of {length} entries");
        assert_eq!(mortal.books().await, books, "{kept} of {length} entries");
    }
}

/// What the lost part of a journal made is there before the call is made again. The run, that goes on,
/// takes it for its own only where POD tells, and leaves it open where POD does not: it is never denied.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_lost_part_made_is_not_denied() {
    let calls = [
        "reduce_invoice(#{ id: 109, invoice_item_id: [109001], price: [400], quantity: [1],
            item_description: [\"less\"] })",
        "pay_invoice_by_loan(#{ invoice_id: 112, contract_id: 838, plan_id: 614, primary_amount: 500,
            breathing_period_type: \"LOAN_PLAN_BREATHING_PERIOD_TYPE_MONTHLY\",
            breathing_period_count: 3 })",
        "issue_bill_invoice(#{ bill_id: \"2050327604613\", payment_id: \"1070189\" })",
    ];
    for call in calls {
        let source = format!("fn run(input) {{ {call}; }}");
        let policy = script("\"invoices\", \"bills\", \"loans\"", "rial = 1_000_000", &source);
        let mortal = Mortal::from_file("tests/services/scenario.json").await;
        let whole = begin(&mortal, &policy, |_, _| false).await.expect("nobody kills it");
        assert_eq!((whole.status, whole.effects.len()), (Status::Done, 1), "{call}: {whole:#?}");
        let books = mortal.books().await;
        let journal = Journal::read_only(mortal.store()).await.expect("there is one");
        let entries = journal.entries(&whole.run).await.expect("the chain holds");
        drop(journal);
        let is_intent = |entry: &Entry| matches!(entry, Entry::Intent(_));
        let kept = entries.iter().position(|stored| is_intent(&stored.entry)).expect("one");

        let prefix = mortal.store().join("prefix");
        copy(mortal.store(), &prefix).await;
        let resumed = go_on_from(&mortal, &prefix, kept).await;
        assert_eq!(resumed.effects.len() + resumed.doubts.len(), 1, "{call}: {resumed:#?}");
        assert_eq!(mortal.books().await, books, "{call}");
    }
}

/// A call of the part that may be lost is not taken for what another call in the journal did: not for an
/// earlier one of its run, and not for another run's.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_explains_is_not_claimed_again() {
    let net = |creditor: u64, debtor: u64| {
        format!(
            "try {{ pay_invoice_by_invoice(#{{ creditor_invoice_id: {creditor}, \
             debtor_invoice_id: {debtor} }}); }} catch (error) {{}}"
        )
    };
    let run = |calls: String| {
        script("\"payments\"", "rial = 10_000_000", &format!("fn run(input) {{ {calls} }}"))
    };
    let twice = run(net(601, 501) + &net(601, 501));
    let late = run(net(602, 502) + &net(601, 501));
    for (policy, step, point) in [(&twice, 0, Point::AfterEffect), (&late, 1, Point::BeforeIntent)]
    {
        let mortal = Mortal::from_file(SCENARIO).await;
        let path = policy.path().to_owned();
        let work = async move |life: Life| life.run(&path, RunOptions::default()).await;
        let dies = move |of, at| (of, at) == (step, point);
        assert!(mortal.live(dies, work).await.is_none());
        let is_another = step == 1;
        let path = twice.path().to_owned();
        if is_another {
            // The other run's second call is refused, and that is known.
            let work = async move |life: Life| life.run(&path, RunOptions::default()).await;
            let other = mortal.live_on(work).await;
            assert_eq!((other.effects.len(), other.doubts.len()), (1, 0), "{other:#?}");
        }
        fs::remove_file(mortal.store().join("journal.high-water")).expect("it is there");
        let resumed = mortal
            .live_on(async |life: Life| {
                let acceptance = Acceptance { by: "Leila".into(), note: "looked".into() };
                life.host.accept_store(acceptance).await.expect("it is written");
                life.go_on().await.expect("it is unfinished")
            })
            .await;
        assert_eq!(resumed.effects.len(), 1, "{point:?}: {resumed:#?}");
        assert!(resumed.doubts.len() <= 1, "{point:?}: {resumed:#?}");
        let deeds = mortal.pod.deeds().await.expect("they can be read");
        let nettings = deeds.iter().filter(|deed| deed.service == "payInvoiceByInvoice").count();
        assert_eq!(nettings, if is_another { 2 } else { 1 }, "{deeds:#?}");
    }
}

/// A process that is killed while it makes a store leaves one that has lost nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_making_was_cut_off_is_trusted() {
    let mortal = Mortal::from_file(SCENARIO).await;
    mortal.live_on(async |life: Life| drop(life)).await;
    // As it is before the first high-water file takes its place.
    let (file, new) = ("journal.high-water", "journal.high-water.new");
    fs::rename(mortal.store().join(file), mortal.store().join(new)).expect("it is there");
    let trusted = async |life: Life| life.host.distrust();
    assert_eq!(mortal.live_on(trusted).await, None);
    // Once it has another, a missing one tells of a loss.
    fs::remove_file(mortal.store().join(file)).expect("it is there");
    assert!(matches!(mortal.live_on(trusted).await, Some(Distrust::Older(_))));
}

/// Leaves the first entries of the one run in a journal.
async fn truncate(journal: &Path, kept: usize) {
    let options = SqliteConnectOptions::new().filename(journal);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("it opens");
    for statement in [
        "DELETE FROM entries WHERE sequence >= ?1",
        "UPDATE runs SET length = ?1, status = NULL, ended = NULL, \
         head = (SELECT hash FROM entries WHERE sequence = ?1 - 1)",
    ] {
        let query = sqlx::query(statement).bind(kept as i64);
        query.execute(&mut connection).await.expect(statement);
    }
    connection.close().await.expect("it is written");
}

/// A copy from before a run: its key begins it again, and what it issues has the same marks.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_knows_nothing_of_a_run() {
    let policy = policy();
    let mortal = Mortal::from_file(SCENARIO).await;
    let path = policy.path().to_owned();
    mortal.live_on(async move |life: Life| drop(life.load(&path).await)).await;
    let older = mortal.store().join("older");
    copy(mortal.store(), &older).await;
    let first = begin(&mortal, &policy, |_, _| false).await.expect("nobody kills it");
    let books = mortal.books().await;
    put_back(mortal.store(), &older);
    mortal.live_on(async |life: Life| is_accepted(&life, "an empty copy").await).await;
    let second = begin(&mortal, &policy, |_, _| false).await.expect("nobody kills it");
    assert_ne!(first.run, second.run);
    assert!(second.effects.is_empty(), "{:?}", second.effects);
    assert_eq!(mortal.books().await, books, "POD's own state and our mark are the fence");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_while_runs_go_on() {
    const RUNS: usize = 6;
    let source = r#"
        fn run(input) {
            for i in 0..10 {
                issue_invoice(#{ guild_code: "FOOD_GUILD", product_id: [0], price: [5000], quantity: [1],
                    product_description: ["bread"], user_id: 100, preferred_tax_rate: 0.0 });
            }
        }
    "#;
    let policy = script("\"invoices\"", "calls = 1_000", source);
    let mortal = Mortal::from_file(SCENARIO).await;
    let (path, store) = (policy.path().to_owned(), mortal.store().to_owned());
    let backups = mortal
        .live_on(async move |life: Life| {
            let under_way = AtomicBool::new(true);
            let runs = async {
                let runs = (0..RUNS).map(|_| life.run(&path, RunOptions::default()));
                let receipts = join_all(runs).await;
                under_way.store(false, Ordering::SeqCst);
                receipts
            };
            // From before the first begins until after the last has ended.
            let backups = async {
                let mut backups = 0;
                while under_way.load(Ordering::SeqCst) || backups < 8 {
                    let index = backups;
                    backups += 1;
                    let folder = store.join(format!("backup-{index}"));
                    fs::create_dir(&folder).expect("a folder");
                    let to = folder.join("journal.sqlite");
                    life.host.journal().back_up(&to).await.expect("it is copied");
                    let again = life.host.journal().back_up(&to).await;
                    assert!(matches!(again, Err(Error::Journal(_))), "nothing is overwritten");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                backups
            };
            let (receipts, backups) = tokio::join!(runs, backups);
            assert!(receipts.iter().all(|receipt| receipt.status == Status::Done));
            backups
        })
        .await;
    let mut seen = 0;
    for index in 0..backups {
        let folder = mortal.store().join(format!("backup-{index}"));
        let backup = Journal::read_only(&folder).await.expect("it opens");
        for run in backup.runs(&RunFilter::default()).await.expect("it has an index") {
            let entries = backup.entries(&run.run).await.expect("the chain holds");
            assert_eq!(entries.last().map(|last| last.hash), Some(run.head));
            seen += usize::from(run.is_unfinished());
        }
    }
    assert!(seen > 0, "some runs were under way");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_is_still_proven() {
    let policy = policy();
    let mortal = Mortal::from_file(SCENARIO).await;
    let receipt = begin(&mortal, &policy, |_, _| false).await.expect("nobody kills it");
    // Another is cut off: it stays.
    let other =
        script("\"invoices\"", "calls = 9", "fn run(input) { close_invoice(#{ id: 605 }) }");
    let path = other.path().to_owned();
    let work = async move |life: Life| life.run(&path, RunOptions::default()).await;
    assert!(mortal.live(|_, point| point == Point::AfterIntent, work).await.is_none());
    let books = mortal.books().await;

    let archive = tempfile::tempdir().expect("a folder for the archive");
    let (folder, path) = (archive.path().to_owned(), policy.path().to_owned());
    let (run, head) = (receipt.run.clone(), receipt.journal_head);
    mortal
        .live_on(async move |life: Life| {
            let archived = life.host.archive(u64::MAX, Some(&folder)).await.expect("it is moved");
            assert_eq!(archived.runs, 1);
            let journal = life.host.journal();
            let Err(Error::Journal(reason)) = journal.entries(&run).await else { panic!("gone") };
            assert!(reason.contains("archive"), "{reason}");
            let runs = journal.runs(&RunFilter::default()).await.expect("an index");
            let moved = runs.iter().find(|summary| summary.run == run).expect("it is known");
            assert_eq!((moved.head, moved.entries), (head, archived.entries));
            assert!(moved.archived.is_some());
            // Its key is taken, whatever it is asked with.
            let policy = life.load(&path).await;
            let asked = life.host.run_with(&policy, &life.account, keyed()).await;
            assert!(asked.is_err(), "{asked:?}");
            assert_eq!(journal.runs(&RunFilter::default()).await.expect("an index").len(), 2);
            assert_eq!(life.go_on().await.expect("it is unfinished").status, Status::Failed);
        })
        .await;
    assert_eq!(mortal.books().await, books);

    let kept = Journal::read_only(archive.path()).await.expect("the archive is a store");
    let entries = kept.entries(&receipt.run).await.expect("the chain holds");
    assert_eq!(entries.last().map(|last| last.hash), Some(receipt.journal_head));
    drop(kept);
    let artefacts = project("target/test-components");
    let host = Host::builder().store(archive.path()).artefacts(artefacts).build().await;
    let replay = host.expect("it opens").replay(&receipt.run).await.expect("it can be replayed");
    assert!(replay.is_same(), "{:#?}", replay.differences);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps() {
    const DAY: u64 = Duration::from_secs(86_400).as_millis() as u64;
    let policy = policy();
    let (expected, books, steps) = undisturbed(&policy).await;
    for (at, step) in [Point::AfterIntent, Point::AfterEffect]
        .iter()
        .flat_map(|at| steps.iter().map(move |step| (*at, *step)))
    {
        let mut mortal = Mortal::from_file(SCENARIO).await;
        let now = mortal.pod.clock().now();
        let clock = Arc::new(ManualClock::new(now));
        mortal.clock = Some(clock.clone());
        let dies = move |of, point| (of, point) == (step, at);
        assert!(begin(&mortal, &policy, dies).await.is_none());
        clock.set(Instant(now.0 - DAY));
        let resumed =
            mortal.live_on(async |life: Life| life.go_on().await.expect("it is unfinished")).await;
        assert_eq!(lasting(&resumed, &mortal.pod), expected, "step {step}, {at:?}");
        assert_eq!(mortal.books().await, books, "step {step}, {at:?}");
    }
}
