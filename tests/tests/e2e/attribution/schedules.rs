//! Two merchants who run podhost and a payer who does not, at the same time, on the same invoices and
//! bills, while calls go wrong by chance: what both merchants' receipts and statement say against the
//! deeds.
//!
//! - `PODHOST_SCHEDULES`: how many. By default 60; the long form is 2,000.
//! - `PODHOST_SEED`: only this one, and what it did.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use pod_emulator::{Deed, Scenario};
use pod_host::{
    Account, Doubt, Effect, LineKind, Point, Receipt, RunOptions, Statement, StatementFilter,
    Status,
    journal::{Journal, RunFilter},
};
use pod_platform::{Client, Credentials, Limits, Platform};
use podhost_tests::{
    mortal::{Life, Mortal, POINTS},
    project,
};
use serde_json::{Value, json};

use super::town::{LANDING_WINDOW, Reads, Town, run_in};
use crate::{durable_faults::Numbers, service_cases::prepared};

const AT_ONCE: usize = 8;
/// What a call may take.
const CALL: Duration = Duration::from_millis(150);
/// Each merchant runs so often.
const ROUNDS: usize = 2;

const BILLS: [(&str, &str); 2] = [("7748317800142", "1770160"), ("2050327604613", "1070189")];

/// One call: the function, and its request.
type Made = (&'static str, Value);

fn by_credit(invoice: u64) -> Made {
    ("payments.pay-invoice-by-credit", json!({ "invoice_id": invoice }))
}

fn any_by_credit(invoice: u64) -> Made {
    let request = json!({ "invoice_id": invoice, "wallet": "PODLAND_WALLET" });
    ("payments.pay-any-invoice-by-credit", request)
}

fn netting(creditor: u64, debtor: u64) -> Made {
    let request = json!({ "creditor_invoice_id": creditor, "debtor_invoice_id": debtor });
    ("payments.pay-invoice-by-invoice", request)
}

fn outside(invoice: u64) -> Made {
    ("payments.pay-invoice", json!({ "invoice_id": invoice }))
}

fn guarantee(invoice: u64) -> Made {
    let request =
        json!({ "invoice_id": invoice, "date": "1399/04/01", "wallet": "PODLAND_WALLET" });
    ("payments.pay-invoice-in-future", request)
}

fn change(function: &'static str, invoice: u64) -> Made {
    (function, json!({ "id": invoice }))
}

fn reduce(invoice: u64) -> Made {
    let request = json!({ "id": invoice, "invoice_item_id": [invoice * 1_000 + 1], "price": [400],
        "quantity": [1], "item_description": ["less"] });
    ("invoices.reduce-invoice", request)
}

fn bill(index: usize) -> Made {
    let (bill, payment) = BILLS[index];
    ("bills.pay-bill", json!({ "bill_id": bill, "payment_id": payment }))
}

fn issue(user: u64) -> Made {
    let request = json!({ "guild_code": "FOOD_GUILD", "product_id": [0], "price": [500],
        "quantity": [1], "product_description": ["bread"], "user_id": user,
        "preferred_tax_rate": 0.0 });
    ("invoices.issue-invoice", request)
}

const CANCEL: &str = "invoices.cancel-invoice";
const CLOSE: &str = "invoices.close-invoice";
const VERIFY: &str = "invoices.verify-invoice";

/// What each may do. The same objects are in the reach of several.
fn menu(who: &str) -> Vec<Made> {
    match who {
        "shop" => vec![
            by_credit(201),
            by_credit(202),
            by_credit(204),
            any_by_credit(201),
            any_by_credit(115),
            netting(100, 201),
            netting(100, 204),
            netting(116, 204),
            guarantee(202),
            outside(111),
            outside(115),
            change(CANCEL, 108),
            change(CANCEL, 111),
            change(CLOSE, 108),
            change(CLOSE, 110),
            change(VERIFY, 106),
            reduce(110),
            reduce(111),
            bill(0),
            bill(1),
            issue(40),
        ],
        "baker" => vec![
            outside(201),
            outside(202),
            change(CANCEL, 201),
            change(CANCEL, 204),
            change(CLOSE, 202),
            change(VERIFY, 207),
            reduce(204),
            by_credit(121),
            any_by_credit(121),
            netting(210, 121),
            bill(0),
            bill(1),
            issue(50),
        ],
        _ => vec![
            by_credit(108),
            by_credit(110),
            by_credit(111),
            by_credit(106),
            any_by_credit(201),
            any_by_credit(115),
            any_by_credit(121),
            bill(0),
            bill(1),
        ],
    }
}

fn scenario(seed: u64, faults: &[Value]) -> Scenario {
    let town = std::fs::read(project("tests/attribution/town.json")).expect("the town");
    let mut town: Value = serde_json::from_slice(&town).expect("it is JSON");
    let more = [
        json!({ "id": 121, "businessId": 1, "userId": 20, "amount": 610, "guildCode": "FOOD_GUILD" }),
        json!({ "id": 202, "businessId": 2, "userId": 10, "amount": 520, "guildCode": "FOOD_GUILD" }),
        json!({ "id": 210, "businessId": 2, "userId": 40, "amount": 9000, "guildCode": "FOOD_GUILD",
                "payed": true }),
    ];
    town["invoices"].as_array_mut().expect("a list").extend(more);
    town["faultSeed"] = seed.into();
    town["faults"] = faults.into();
    Scenario::from_json("schedule", &town.to_string()).expect("well-formed")
}

/// A few of somebody's calls, each at most once.
fn drawn(numbers: &mut Numbers, who: &str, most: u64) -> Vec<Made> {
    let mut menu = menu(who);
    let mut calls = Vec::new();
    for _ in 0..=numbers.below(most) {
        let one = numbers.below(menu.len() as u64) as usize;
        calls.push(menu.swap_remove(one));
    }
    calls
}

fn options(calls: &[Made]) -> RunOptions {
    let call = |(function, request): &Made| json!({ "function": function, "request": request });
    RunOptions { input: calls.iter().map(call).collect(), ..RunOptions::default() }
}

/// A merchant, and the user whom it is billed as.
const MERCHANTS: [(&str, u64, u64); 2] = [("shop", 1, 10), ("baker", 2, 20)];

/// A merchant's account on the host of a life.
fn account(life: &Life, (name, business, user): (&str, u64, u64)) -> Account {
    let mut account = life.account.clone().with_business(business).with_user(user);
    account.name = name.into();
    account.credentials = Credentials::token(name).into();
    account
}

/// What a merchant's run came to: the number of the platform's last call before it began, and the
/// receipt.
struct Ran {
    merchant: usize,
    since: u64,
    receipt: Receipt,
}

/// The number of a call that reads: every later call has a higher one.
async fn call_number(client: &Client) -> u64 {
    let list = prepared("invoices.get-invoice-list", &json!({ "offset": 0, "size": 1 }));
    let credentials = Credentials::token("bank");
    loop {
        let sent = client.send(&list, &credentials, None, &|_| true).await;
        if let Ok(answer) = sent.outcome {
            return answer.reference_number.parse().expect("a number");
        }
    }
}

/// The payer, who calls as any client does, and never looks back.
async fn pays(client: Client, calls: Vec<(u64, Made)>) {
    let credentials = Credentials::token("sara");
    for (pause, (function, request)) in calls {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let request = prepared(function, &request);
        let ott = match request.row.needs_ott {
            true => client.ott(&credentials).await.outcome.ok(),
            false => None,
        };
        let _ = client.send(&request, &credentials, ott.as_ref(), &|_| true).await;
    }
}

/// How often which came about.
type Tally = BTreeMap<String, u64>;

async fn holds(seed: u64, is_told: bool) -> Result<Tally, String> {
    let mut numbers = Numbers { seed, drawn: 0 };
    let faults: Vec<Value> = (0..1 + numbers.below(4)).map(|_| numbers.fault()).collect();
    let dies_at = seed.is_multiple_of(3).then(|| (numbers.below(8), numbers.one(&POINTS)));
    let mut mortal = Mortal::start(scenario(seed, &faults)).await;
    mortal.landing_window = LANDING_WINDOW;
    mortal.limits = Limits { total: CALL, ..Limits::default() };
    let client = Client::new(Platform::at(mortal.pod.platform_url()), mortal.limits);
    let client = client.expect("a client");

    let mut ran: Vec<Ran> = Vec::new();
    for round in 0..ROUNDS {
        let since = call_number(&client).await;
        let plans: Vec<Vec<Made>> =
            MERCHANTS.iter().map(|(name, ..)| drawn(&mut numbers, name, 5)).collect();
        let paid = drawn(&mut numbers, "sara", 4);
        let paid: Vec<_> = paid.into_iter().map(|call| (numbers.below(60), call)).collect();
        let paying = tokio::spawn(pays(client.clone(), paid));
        let is_dead = AtomicBool::new(round > 0);
        let kills = move |step: u64, point: Point| {
            dies_at.is_some_and(|(from, at)| step >= from && point == at)
                && !is_dead.swap(true, Ordering::SeqCst)
        };
        let work = {
            let plans = plans.clone();
            async move |life: Life| {
                let runs = MERCHANTS.into_iter().zip(&plans).map(|(merchant, calls)| {
                    let life = Life { account: account(&life, merchant), host: life.host.clone() };
                    run_in(life, options(calls), Reads::All)
                });
                futures_util::future::join_all(runs).await
            }
        };
        let receipts = match mortal.live(kills, work).await {
            Some(receipts) => receipts.into_iter().enumerate().collect(),
            None => {
                let seen = ran.iter().map(|ran| ran.receipt.run.clone()).collect();
                mortal.live_on(async move |life| go_on(life, seen).await).await
            }
        };
        paying.await.expect("the payer does not panic");
        ran.extend(receipts.into_iter().map(|(merchant, receipt)| Ran {
            merchant,
            since,
            receipt,
        }));
    }
    while mortal.pod.faults().await.to_land > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let deeds = mortal.pod.deeds().await.expect("the deeds can be read");
    mortal.books().await;
    if is_told {
        println!("{faults:#?}\ndies at {dies_at:?}\n{deeds:#?}");
        ran.iter().for_each(|ran| println!("{:#?}", ran.receipt));
    }
    let journal = Journal::read_only(mortal.store()).await.expect("a store");
    let statement = Statement::draw(&journal, &StatementFilter::default()).await.expect("sums");
    weigh_statement(&statement, &ran, &deeds)?;
    weigh(&ran, &deeds)
}

/// Goes on with what was cut off: the receipts of all runs that nobody has seen.
async fn go_on(life: Life, seen: BTreeSet<String>) -> Vec<(usize, Receipt)> {
    let mut receipts = Vec::new();
    let runs = life.host.journal().runs(&RunFilter::default()).await.expect("an index");
    for run in runs.into_iter().filter(|run| !seen.contains(&run.run)) {
        let is_its = |(name, ..): &(&str, u64, u64)| run.account == *name;
        let merchant = MERCHANTS.iter().position(is_its).expect("a merchant's run");
        let account = account(&life, MERCHANTS[merchant]);
        let receipt = life.host.resume(&run.run, &account).await.expect("it goes on, or has ended");
        receipts.push((merchant, receipt));
    }
    receipts
}

/// What a run is held to, of a service and, where the receipt names it, an invoice.
#[derive(Default)]
struct Said {
    claimed: u64,
    claimed_rials: u64,
    /// The rials of one of the effects are told to be a ceiling.
    at_most: bool,
    doubts: u64,
    done: u64,
    done_rials: u64,
}

fn weigh(ran: &[Ran], deeds: &[Deed]) -> Result<Tally, String> {
    let mut tally = Tally::new();
    for (index, Ran { merchant, since, receipt }) in ran.iter().enumerate() {
        let (name, _, user) = MERCHANTS[*merchant];
        let until = ran[index + 1..].iter().find(|later| later.merchant == *merchant);
        let until = until.map_or(u64::MAX, |later| later.since);
        let own = deeds.iter().filter(|deed| {
            let number: u64 = deed.reference_number.parse().expect("a number");
            deed.user_id == user.cast_signed() && (*since..until).contains(&number)
        });
        let mut said: BTreeMap<(&str, Option<u64>), Said> = BTreeMap::new();
        for effect in &receipt.effects {
            let said = said.entry((&effect.service, effect.invoice)).or_default();
            said.claimed += 1;
            said.claimed_rials += effect.rials.0;
            said.at_most |= effect.at_most;
        }
        for doubt in &receipt.doubts {
            said.entry((&doubt.service, doubt.invoice)).or_default().doubts += 1;
        }
        let names_invoices: Vec<&str> =
            said.keys().filter(|(_, id)| id.is_some()).map(|(service, _)| *service).collect();
        for deed in own {
            let id = ["invoiceId", "debtorInvoiceId", "id"];
            let id = id.iter().find_map(|field| deed.objects.get(*field)?.parse().ok());
            let id = id.filter(|_| names_invoices.contains(&&*deed.service));
            let said = said.entry((&deed.service, id)).or_default();
            said.done += 1;
            said.done_rials += deed.rials.0;
        }
        for ((service, invoice), said) in &said {
            let place = || format!("{name}, {service} {invoice:?}");
            let Said { claimed, doubts, done, .. } = *said;
            if claimed > done {
                return Err(format!("{}: {claimed} claimed, {done} done", place()));
            }
            if done > claimed + doubts {
                return Err(format!(
                    "{}: {done} done, {claimed} claimed, {doubts} in doubt",
                    place()
                ));
            }
            if is_payment(service)
                && doubts == 0
                && (said.claimed_rials < said.done_rials
                    || (said.claimed_rials > said.done_rials && !said.at_most))
            {
                let (claimed, done) = (said.claimed_rials, said.done_rials);
                return Err(format!("{}: {claimed} rials claimed, {done} moved", place()));
            }
            *tally.entry("claimed".into()).or_default() += claimed;
            *tally.entry("with a ceiling".into()).or_default() += u64::from(said.at_most);
            *tally.entry("unknown".into()).or_default() += doubts;
            if doubts > 0 {
                *tally.entry(format!("unknown {service}")).or_default() += doubts;
            }
        }
        let claimed: u64 = receipt.effects.iter().map(|effect| effect.rials.0).sum();
        if receipt.meters.rials.0 != claimed {
            return Err(format!("{name}: {} charged, {claimed} claimed", receipt.meters.rials));
        }
        if (receipt.status == Status::UnknownOutcome) == receipt.doubts.is_empty() {
            return Err(format!("{name}: {:?}, {:?}", receipt.status, receipt.doubts));
        }
        *tally.entry("runs".into()).or_default() += 1;
    }
    Ok(tally)
}

/// Does the statement say what the receipts say, line by line, and what the books say in all?
fn weigh_statement(statement: &Statement, ran: &[Ran], deeds: &[Deed]) -> Result<(), String> {
    for (name, _, user) in MERCHANTS {
        let lines = || statement.lines.iter().filter(|line| line.account == name);
        let mut stated: Vec<_> = lines()
            .map(|line| {
                (&*line.run, line.step, line.kind, &*line.service, line.invoice, line.rials.0)
            })
            .collect();
        let receipts = ran.iter().filter(|ran| MERCHANTS[ran.merchant].0 == name);
        let mut received: Vec<_> = receipts
            .flat_map(|Ran { receipt, .. }| {
                let run = &*receipt.run;
                let effects = receipt.effects.iter().map(move |effect| {
                    let Effect { step, service, invoice, rials, .. } = effect;
                    (run, *step, LineKind::Effect, &**service, *invoice, rials.0)
                });
                let doubts = receipt.doubts.iter().map(move |doubt| {
                    let Doubt { step, service, invoice, rials, .. } = doubt;
                    (run, *step, LineKind::Doubt, &**service, *invoice, rials.0)
                });
                effects.chain(doubts)
            })
            .collect();
        stated.sort_unstable();
        received.sort_unstable();
        if stated != received {
            return Err(format!("{name}: the statement has {stated:?}, receipts {received:?}"));
        }
        for sum in statement.sums.iter().filter(|sum| sum.account == name) {
            let of_kind = received.iter().filter(|(_, _, kind, ..)| *kind == sum.kind);
            let rials: u64 = of_kind.map(|(.., rials)| rials).sum();
            if sum.rials.0 != rials {
                return Err(format!("{name}: {:?} lines come to {rials}: {sum:?}", sum.kind));
            }
        }
        let paid = |kind| {
            let paying = lines().filter(move |line| line.kind == kind && is_payment(&line.service));
            paying.map(|line| line.rials.0).sum::<u64>()
        };
        let done = deeds
            .iter()
            .filter(|deed| deed.user_id == user.cast_signed() && is_payment(&deed.service));
        let done: u64 = done.map(|deed| deed.rials.0).sum();
        let (claimed, held) = (paid(LineKind::Effect), paid(LineKind::Doubt));
        let has_ceiling = lines().any(|line| line.at_most && is_payment(&line.service));
        if done > claimed + held || (claimed > done && !has_ceiling) {
            return Err(format!(
                "{name}: the statement has {claimed} rials paid and {held} held, the books {done}"
            ));
        }
    }
    Ok(())
}

/// Does a service move POD's money to somebody?
fn is_payment(service: &str) -> bool {
    service.starts_with("pay") && service != "payInvoice"
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_merchants_and_a_payer() {
    let one = number("PODHOST_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 1..1 + number("PODHOST_SCHEDULES").unwrap_or(60),
    };
    let (began, schedules) = (Instant::now(), seeds.end - seeds.start);
    let mut sum = Tally::new();
    let mut wrong = Vec::new();
    // Its script is compiled once, not by everybody who finds it missing.
    let town = Town::start().await;
    town.run(town.options(&[])).await;
    let mut played = stream::iter(seeds)
        .map(|seed| async move { (seed, holds(seed, one.is_some()).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((seed, outcome)) = played.next().await {
        match outcome {
            Ok(tally) => {
                for (what, count) in tally {
                    *sum.entry(what).or_default() += count;
                }
            }
            Err(what) => wrong.push(format!("PODHOST_SEED={seed}: {what}")),
        }
    }
    println!("{schedules} schedules in {:?}: {sum:?}", began.elapsed());
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {schedules} schedules are told wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
