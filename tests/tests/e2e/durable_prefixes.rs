//! Any prefix of any journal resumes to the same end. Each policy is run once undisturbed; then once
//! for each mutation and each point in its course at which the host is killed. What the next host
//! makes of what was on the disk is compared with the undisturbed run: the receipt, and the
//! platform's books.
//!
//! Entries go to the disk with a mutation's intent, with its outcome, and at the end; so these points
//! are all the prefixes that a stopped host can leave, the lost tails of reads included.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use pod_emulator::Books;
use pod_host::{Point, Receipt, RunOptions, Status};
use podhost_tests::{
    build,
    mortal::{Life, Mortal, POINTS, assert_part_of, lasting, script},
    project,
};
use serde_json::{Value, json};

/// Services of which nothing can be proven when they were not even sent, and which no repeat is safe
/// for.
const NOT_REPEATABLE: &[&str] = &["payInvoiceByLoan"];

/// Calls that are done, refused by POD, not granted, not affordable; and what is not deterministic.
const MIXED: &str = r#"
    fn run(input) {
        let report = [now(), get_random_s64() != 0];
        for pair in [[601, 501], [602, 501], [602, 502], [603, 503], [603, 504]] {
            report.push(attempt(|| pay_invoice_by_invoice(
                #{ creditor_invoice_id: pair[0], debtor_invoice_id: pair[1] })));
        }
        let bread = attempt(|| issue_invoice(#{ guild_code: "FOOD_GUILD", product_id: [0], price: [5000],
            quantity: [2], product_description: ["bread"], user_id: 100, preferred_tax_rate: 0.0 }));
        report.push(bread.id);
        report.push(attempt(|| cancel_invoice(#{ id: bread.id })));
        report.push(attempt(|| close_invoice(#{ id: bread.id })));
        report.push(attempt(|| close_invoice(#{ id: 603 })));
        report.push(attempt(|| get_invoice_list(#{ offset: 0, size: 50 })).len());
        info("all of it was tried");
        report
    }
    fn attempt(service) {
        try { return service.call(); } catch (error) { return error; }
    }
"#;

struct Case {
    policy: PathBuf,
    scenario: String,
    options: RunOptions,
}

impl Case {
    /// The compiled plugin, or the script; a script's run has a key.
    fn of(policy: &str, scenario: &str, entry: Option<&str>) -> Self {
        let folder = format!("plugins/{policy}");
        build(&folder);
        let scenario = format!("{folder}/scenarios/{scenario}");
        let input = std::fs::read_to_string(project(&format!("{scenario}.input.json")));
        let input = input.map(|text| serde_json::from_str(&text).expect("the input is JSON"));
        Self {
            policy: project(&entry.map_or(folder.clone(), |entry| format!("{folder}/{entry}"))),
            scenario: format!("{scenario}.json"),
            options: RunOptions {
                input: input.unwrap_or_default(),
                key: entry.map(|_| "once".to_owned()),
                ..RunOptions::default()
            },
        }
    }

    async fn begin(
        &self,
        mortal: &Mortal,
        kills: impl Fn(u64, Point) -> bool + Send + Sync + 'static,
    ) -> Option<Receipt> {
        let (policy, options) = (self.policy.clone(), self.options.clone());
        mortal.live(kills, async move |life: Life| life.run(&policy, options).await).await
    }

    /// Goes on with what was cut off, by its id or by its key. What left nothing behind begins anew.
    async fn go_on(
        &self,
        mortal: &Mortal,
        kills: impl Fn(u64, Point) -> bool + Send + Sync + 'static,
    ) -> Option<Receipt> {
        let (policy, options) = (self.policy.clone(), self.options.clone());
        let work = async move |life: Life| {
            let receipt = if options.key.is_some() { None } else { life.go_on().await };
            let receipt = match receipt {
                Some(receipt) => receipt,
                None => life.run(&policy, options).await,
            };
            let replay = life.host.replay(&receipt.run).await.expect("it can be replayed");
            assert!(replay.is_same(), "{:#?}", replay.differences);
            let runs = life.host.journal().runs(&Default::default()).await.expect("an index");
            assert_eq!(runs.len(), 1, "one run: {runs:?}");
            receipt
        };
        mortal.live(kills, work).await
    }

    /// The undisturbed run: the points that its calls reached, its receipt, and the books.
    async fn undisturbed(&self) -> (Vec<(u64, Point)>, Value, Books) {
        let mortal = Mortal::from_file(&self.scenario).await;
        let reached = Arc::<Mutex<Vec<(u64, Point)>>>::default();
        let told = reached.clone();
        let note = move |step, point| {
            told.lock().expect("nobody panics").push((step, point));
            false
        };
        let receipt = self.begin(&mortal, note).await.expect("nobody kills it");
        assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
        let reached = reached.lock().expect("nobody panics").clone();
        (reached, lasting(&receipt, &mortal.pod), mortal.books().await)
    }

    /// Killed at each point of each mutation.
    async fn holds(&self) -> usize {
        let (reached, receipt, books) = self.undisturbed().await;
        assert!(reached.len() >= POINTS.len(), "{reached:?}");
        for at in &reached {
            let place = format!("{} killed at {at:?}", self.policy.display());
            let mortal = Mortal::from_file(&self.scenario).await;
            let at = *at;
            let cut_off = self.begin(&mortal, move |step, point| (step, point) == at).await;
            assert!(cut_off.is_none(), "{place}");
            let resumed = self.go_on(&mortal, |_, _| false).await.expect("nobody kills it");
            if resumed.status == Status::UnknownOutcome {
                Self::is_right_to_doubt(&resumed, at.1, &place);
                assert_part_of(&mortal.books().await, &books, &place);
                continue;
            }
            assert_eq!(lasting(&resumed, &mortal.pod), receipt, "{place}");
            assert_eq!(mortal.books().await, books, "{place}");
        }
        reached.len()
    }

    /// A call that was never sent, of a service whose repeat nobody promises to be harmless; or a loan,
    /// which customer and shop can both take, so that seeing it does not tell whose call took it.
    fn is_right_to_doubt(receipt: &Receipt, point: Point, place: &str) {
        let of_loans = receipt.doubts.iter().all(|doubt| doubt.service == "payInvoiceByLoan");
        let doubted = point == Point::AfterIntent || (of_loans && point == Point::AfterEffect);
        assert!(doubted, "{place}: {:#?}", receipt.doubts);
        for doubt in &receipt.doubts {
            assert!(NOT_REPEATABLE.contains(&&*doubt.service), "{place}: {doubt:?}");
        }
    }

    /// Killed at a point of the first call, gone on with and killed at a point of the next, and so on.
    async fn holds_with_many_deaths(&self, point: Point) {
        let (_, receipt, books) = self.undisturbed().await;
        let mortal = Mortal::from_file(&self.scenario).await;
        let survived = Arc::<Mutex<Vec<u64>>>::default();
        let deaths = Arc::<AtomicUsize>::default();
        let kills = || {
            let (survived, deaths) = (survived.clone(), deaths.clone());
            move |step, reached| {
                let mut survived = survived.lock().expect("nobody panics");
                let dies = reached == point && !survived.contains(&step);
                if dies {
                    survived.push(step);
                    deaths.fetch_add(1, Ordering::SeqCst);
                }
                dies
            }
        };
        let mut ended = self.begin(&mortal, kills()).await;
        while ended.is_none() {
            ended = self.go_on(&mortal, kills()).await;
        }
        let ended = ended.expect("it ends");
        assert!(deaths.load(Ordering::SeqCst) > 1);
        assert_eq!(lasting(&ended, &mortal.pod), receipt, "{point:?}");
        assert_eq!(mortal.books().await, books, "{point:?}");
    }
}

async fn both(policy: &str, scenario: &str) {
    let compiled = Case::of(policy, scenario, None).holds().await;
    let script = Case::of(policy, scenario, Some(&format!("{policy}.rhai"))).holds().await;
    assert_eq!(compiled, script, "plugin and script reach the same points");
}

#[tokio::test(flavor = "multi_thread")]
async fn netting() {
    both("netting", "small").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delegation() {
    both("delegation", "small").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loan_plan() {
    both("loan-plan", "small").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_month() {
    both("month", "small").await;
}

/// The mixed policy's folder, and its case.
fn mixed() -> (tempfile::TempDir, Case) {
    let folder = script(
        "\"invoices.get-invoice-list\", \"invoices.issue-invoice\", \"invoices.cancel-invoice\", \
         \"invoices.close-invoice\", \"payments\"",
        "rial = 2_000_000",
        MIXED,
    );
    let case = Case {
        policy: folder.path().to_owned(),
        scenario: "plugins/netting/scenarios/small.json".to_owned(),
        options: RunOptions { input: json!({ "any": "thing" }), ..RunOptions::default() },
    };
    (folder, case)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_all_kinds() {
    let (_folder, case) = mixed();
    case.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_death_after_the_other() {
    let (_folder, case) = mixed();
    for point in POINTS {
        case.holds_with_many_deaths(point).await;
    }
}
