//! Whatever goes wrong on the wire, the journal and the platform tell the same story. Each schedule is
//! a policy that pays, nets and issues, on a platform whose calls go wrong by chance: codes that leave
//! a doubt, broken gateways, connections that are closed, reset or silent before or after the effect,
//! effects that land late, answers that are garbage; and every third one is killed on top of it.
//!
//! - `PODHOST_SCHEDULES`: how many. By default 60.
//! - `PODHOST_SEED`: only this one, and what its journal has.
//!
//! `"answer": "reordered"` is not among the faults: an answer to another call of the same service
//! cannot be told from this call's.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use pod_emulator::{Books, Scenario};
use pod_host::{
    Digest, Point, Receipt, RunOptions, Spent, Status,
    journal::{self, Entry, Intent, Recorded, StoredEntry},
};
use pod_platform::Limits;
use podhost_tests::mortal::{Life, Mortal, POINTS, assert_part_of, script};
use serde_json::{Value, json};

/// How many schedules run at once: they mostly wait.
const AT_ONCE: usize = 12;
const LANDING_WINDOW: Duration = Duration::from_millis(300);
/// What a call may take; a late effect lands within the window all the same.
const CALL: Duration = Duration::from_millis(150);
const LANDS_WITHIN: u64 = 250;

const POLICY: &str = r#"
    fn run(input) {
        attempt(|| get_invoice_list(#{ offset: 0, size: 50 }));
        attempt(|| pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 }));
        attempt(|| pay_invoice_by_credit(#{ invoice_id: 503 }));
        attempt(|| pay_bill(#{ bill_id: "7748317800142", payment_id: "1770160" }));
        attempt(|| pay_invoice_by_invoice(#{ creditor_invoice_id: 602, debtor_invoice_id: 502 }));
        attempt(|| pay_invoice_by_credit(#{ invoice_id: 504 }));
        attempt(|| issue_invoice(bread(2)));
        // Too little for that debt.
        attempt(|| pay_invoice_by_invoice(#{ creditor_invoice_id: 603, debtor_invoice_id: 505 }));
        attempt(|| close_invoice(#{ id: 606 }));
        attempt(|| cancel_invoice(#{ id: 604 }));
        attempt(|| issue_invoice(bread(3)));
        attempt(|| reduce_invoice(#{ id: 605, invoice_item_id: [605001], price: [400], quantity: [1],
            item_description: ["less"] }));
        attempt(|| pay_any_invoice_by_credit(#{ invoice_id: 506, wallet: "PODLAND_WALLET" }));
    }
    fn bread(quantity) {
        #{ guild_code: "FOOD_GUILD", product_id: [0], price: [5000], quantity: [quantity],
           product_description: ["bread"], user_id: 100, preferred_tax_rate: 0.0 }
    }
    fn attempt(service) {
        try { return service.call(); } catch (error) { return error; }
    }
"#;

fn scenario(seed: u64, faults: &[Value]) -> Scenario {
    let debt = |id: u64, amount: u64| json!({ "id": id, "businessId": 20, "userId": 1, "amount": amount, "guildCode": "FOOD_GUILD" });
    let sale = |id: u64, amount: u64, payed: bool| json!({ "id": id, "businessId": 10, "userId": 100, "amount": amount, "guildCode": "FOOD_GUILD", "payed": payed });
    let scenario = json!({
        "now": "1399/03/13 10:00:00",
        "caller": "shop",
        "businesses": [
            { "id": 10, "userId": 1, "name": "Shop", "apiToken": "shop",
              "wallet": { "PODLAND_WALLET": 9_000_000 } },
            { "id": 20, "userId": 2, "name": "Mill", "apiToken": "mill" },
        ],
        "users": [{ "id": 100, "name": "Customer", "accessToken": "customer" }],
        "invoices": [
            debt(501, 900_000), debt(502, 400_000), debt(503, 250_000), debt(504, 120_000),
            debt(505, 3_000_000), debt(506, 70_000),
            sale(601, 1_000_000, true), sale(602, 450_000, true), sale(603, 300_000, true),
            sale(604, 10_000, false), sale(605, 1_000, false), sale(606, 20_000, true),
        ],
        "faultSeed": seed,
        "faults": faults,
    });
    Scenario::from_json("faults", &scenario.to_string()).expect("well-formed")
}

/// Numbers that follow from a seed.
pub struct Numbers {
    pub seed: u64,
    pub drawn: u64,
}

impl Numbers {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.drawn += 1;
        let digest = Digest::of(&[&self.seed.to_le_bytes(), &self.drawn.to_le_bytes()]);
        u64::from_le_bytes(digest.0[..8].try_into().expect("a digest is longer")) % bound
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Something that goes wrong.
    pub fn fault(&mut self) -> Value {
        let mut fault = match self.below(8) {
            0 => json!({ "errorCode": self.one(&[227, 378, 999]) }),
            1 => json!({ "httpStatus": self.one(&[500, 502, 503, 504]) }),
            2 => json!({ "unanswered": "before" }),
            3 => json!({ "reset": "before" }),
            4 => json!({ "timeout": "before", "holdMilliseconds": 100 + self.below(300) }),
            5 => json!({ "latencyMilliseconds": 20 + self.below(280) }),
            6 => json!({ "answer": self.one(&["notJson", "notHttp", "truncated"]) }),
            _ => json!({ "answer": self.one(&["wrongLength", "duplicated", "truncated"]) }),
        };
        let how = fault.as_object().and_then(|fault| fault.keys().next().cloned());
        match how.expect("it says how").as_str() {
            // When, or late.
            "errorCode" | "httpStatus" if self.below(2) == 0 => fault["answered"] = "after".into(),
            how @ ("unanswered" | "reset") if self.below(2) == 0 => fault[how] = "after".into(),
            "holdMilliseconds" | "timeout" if self.below(2) == 0 => {
                fault["timeout"] = "after".into()
            }
            "answer" | "latencyMilliseconds" => {}
            _ if self.below(2) == 0 => {
                fault["landsAfterMilliseconds"] = (1 + self.below(LANDS_WITHIN)).into();
            }
            _ => {}
        }
        match self.below(6) {
            0..=2 => {
                fault["service"] = "*".into();
                fault["only"] = "mutations".into();
            }
            3 => {
                fault["service"] = "*".into();
                fault["only"] = "reads".into();
            }
            4 => {
                let services =
                    ["payInvoiceByCredit", "payInvoiceByInvoice", "issueInvoice", "payBill"];
                fault["service"] = self.one(&services).into();
            }
            _ => fault["service"] = self.one(&["getOtt", "getInvoiceList"]).into(),
        }
        fault["probability"] = ((5 + self.below(35)) as f64 / 100.0).into();
        fault
    }
}

/// What came of the calls of a schedule, or of many.
#[derive(Debug, Default)]
struct Tally {
    counts: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }
}

/// What invoices the platform makes itself get their numbers by the order of the calls.
fn without_new_ids(mut books: Books) -> Books {
    for posted in &mut books.transactions {
        let renamed = std::mem::take(&mut posted.postings).into_iter().map(|(account, rials)| {
            let id = account.strip_prefix("invoice:").and_then(|id| id.parse::<u64>().ok());
            (if id.is_some_and(|id| id > 606) { "invoice:new".to_owned() } else { account }, rials)
        });
        posted.postings = renamed.collect();
    }
    books
}

fn field(intent: &Intent, name: &str) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(intent.arguments.as_bytes());
    fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
}

/// How often a call's effect is there.
async fn times(mortal: &Mortal, books: &Books, intent: &Intent) -> usize {
    let invoice = |name: &str| {
        let id: i64 = field(intent, name).expect("an invoice").parse().expect("a number");
        books.invoices.iter().find(|invoice| invoice.id == id).expect("it is there")
    };
    match intent.service.as_str() {
        "closeInvoice" => usize::from(invoice("id").closed),
        "cancelInvoice" => usize::from(invoice("id").canceled),
        "reduceInvoice" => usize::from(invoice("id").edited),
        "payBill" => books.bills.len(),
        "issueInvoice" => {
            let mark = field(intent, "billNumber");
            let mut marked = 0;
            for invoice in &books.invoices {
                let id = invoice.id.unsigned_abs();
                let shown = mortal.pod.invoice(id).await.expect("it can be read");
                marked += usize::from(shown.expect("it is there").bill_number == mark);
            }
            marked
        }
        _ => {
            let account = format!("invoice:{}", intent.invoice.expect("a payment names one"));
            let pays = |posted: &&pod_emulator::books::Transaction| {
                posted.postings.get(&account).is_some_and(|rials| *rials > 0)
            };
            books.transactions.iter().filter(pays).count()
        }
    }
}

/// One schedule, under faults.
async fn run(
    seed: u64,
    faults: &[Value],
    dies_at: Option<(u64, Point)>,
) -> (Mortal, Receipt, Vec<StoredEntry>) {
    let policy = script("\"invoices\", \"payments\", \"bills\"", "rial = 10_000_000", POLICY);
    let mut mortal = Mortal::start(scenario(seed, faults)).await;
    mortal.landing_window = LANDING_WINDOW;
    mortal.limits = Limits { total: CALL, ..Limits::default() };
    let path = policy.path().to_owned();
    let began = {
        let path = path.clone();
        async move |life: Life| life.run(&path, RunOptions::default()).await
    };
    let is_dead = AtomicBool::new(false);
    let kills = move |step, point| {
        dies_at.is_some_and(|(from, at)| step >= from && point == at)
            && !is_dead.swap(true, Ordering::SeqCst)
    };
    let first = mortal.live(kills, began).await;
    let (receipt, entries) = mortal
        .live_on(async move |life: Life| {
            let receipt = match first {
                Some(receipt) => receipt,
                None => match life.go_on().await {
                    Some(receipt) => receipt,
                    None => life.run(&path, RunOptions::default()).await,
                },
            };
            let entries = life.host.journal().entries(&receipt.run).await.expect("the chain holds");
            (receipt, entries)
        })
        .await;
    // What is to land late does so within the window.
    while mortal.pod.faults().await.to_land > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (mortal, receipt, entries)
}

async fn holds(seed: u64, undisturbed: &Books, is_told: bool) -> Tally {
    let mut numbers = Numbers { seed, drawn: 0 };
    let faults: Vec<Value> = (0..1 + numbers.below(4)).map(|_| numbers.fault()).collect();
    let dies_at = seed.is_multiple_of(3).then(|| (numbers.below(14), numbers.one(&POINTS)));
    let (mortal, receipt, entries) = run(seed, &faults, dies_at).await;
    if is_told {
        println!("{faults:#?}\ndies at {dies_at:?}\n{entries:#?}\n{receipt:#?}");
    }
    let place = format!("PODHOST_SEED={seed}");
    let books = without_new_ids(mortal.books().await);
    assert_part_of(&books, undisturbed, &place);

    // The receipt is what the journal comes to.
    let folded = journal::receipt(&receipt.run, &entries).expect("it has ended");
    assert_eq!(json!(folded), json!(receipt), "{place}");
    let spent = Spent::of(entries.iter().map(|stored| &stored.entry));
    assert_eq!(spent.settled().rials, receipt.meters.rials.0, "{place}");
    let held: u64 = receipt.doubts.iter().map(|doubt| doubt.rials.0).sum();
    assert_eq!(spent.total().rials - spent.settled().rials, held, "{place}");

    let mut tally = Tally::default();
    for intent in entries.iter().filter_map(|stored| match &stored.entry {
        Entry::Intent(intent) => Some(intent),
        _ => None,
    }) {
        let outcome = entries.iter().find_map(|stored| match &stored.entry {
            Entry::Outcome(outcome) if outcome.step == intent.step => Some(outcome),
            _ => None,
        });
        let place = format!("{place}, step {}, {}", intent.step, intent.service);
        let times = times(&mortal, &books, intent).await;
        let (what, expected) = match outcome.map(|outcome| &outcome.recorded) {
            Some(Recorded::Done(_)) => ("done", 1..=1),
            Some(Recorded::Refused(_)) => ("refused", 0..=0),
            Some(Recorded::Unknown(_)) => ("unknown", 0..=1),
            None => panic!("{place}: the run has ended"),
        };
        assert!(expected.contains(&times), "{place}: {what}, and {times} times there: {outcome:?}");
        tally.count(what);
        if outcome.is_some_and(|outcome| outcome.evidence.is_some()) {
            tally.count("looked into");
        }
    }
    let unknown = tally.counts.get("unknown").copied().unwrap_or_default();
    assert_eq!(receipt.doubts.len() as u64, unknown, "{place}");
    assert_eq!(
        receipt.status == Status::UnknownOutcome,
        unknown > 0,
        "{place}: {:?}",
        receipt.error
    );
    let hits: u64 =
        mortal.pod.faults().await.faults.iter().map(|fault| fault.hits.unsigned_abs()).sum();
    *tally.counts.entry("faults").or_default() += hits;
    tally.count(if dies_at.is_some() { "killed" } else { "lived" });
    tally
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn journal_and_platform_tell_the_same_story() {
    let (mortal, receipt, _) = run(0, &[], None).await;
    assert_eq!(receipt.effects.len(), 11, "{receipt:#?}");
    let undisturbed = without_new_ids(mortal.books().await);

    let one = number("PODHOST_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 1..1 + number("PODHOST_SCHEDULES").unwrap_or(60),
    };
    let (began, schedules) = (Instant::now(), seeds.end - seeds.start);
    let undisturbed = &undisturbed;
    let mut sum = Tally::default();
    let mut tallies = stream::iter(seeds)
        .map(|seed| holds(seed, undisturbed, one.is_some()))
        .buffer_unordered(AT_ONCE);
    while let Some(tally) = tallies.next().await {
        sum.add(tally);
    }
    println!("{schedules} schedules in {:?}: {:?}", began.elapsed(), sum.counts);
}
