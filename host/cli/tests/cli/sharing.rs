//! Several processes on one store: one has it at a time, and the others wait.

use std::{
    collections::BTreeSet,
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::common::{Desk, Ended, Served, podhost};

const TOKEN: &str = "shop-api-token";

/// How many cron jobs there are.
const JOBS: u64 = 10;

/// Ten debts to a mill, and ten paid invoices that settle one each.
fn scenario() -> Value {
    let business = |id: u64, user: u64, name: &str| {
        json!({
            "id": id, "userId": user, "name": name, "apiToken": format!("{name}-api-token"),
            "wallet": { "PODLAND_WALLET": 0 }, "guilds": { "FOOD_GUILD": 0 },
        })
    };
    let invoice = |id: u64, business: u64, user: u64, payed: bool| {
        json!({
            "id": id, "businessId": business, "userId": user, "amount": 1_000 * (id % 100),
            "guildCode": "FOOD_GUILD", "payed": payed,
        })
    };
    let debts = (501..=500 + JOBS).map(|id| invoice(id, 20, 1, false));
    let credits = (601..=600 + JOBS).map(|id| invoice(id, 10, 100, true));
    json!({
        "now": "1399/03/13 10:00:00",
        "caller": TOKEN,
        "businesses": [business(10, 1, "shop"), business(20, 2, "mill")],
        "users": [{
            "id": 100, "name": "Ms Karimi", "accessToken": "karimi-access-token",
            "cellphoneNumber": "09120000001", "wallet": { "PODLAND_WALLET": 0 },
        }],
        "invoices": debts.chain(credits).collect::<Vec<_>>(),
    })
}

/// A policy that settles the one debt that it is told of.
fn policy(desk: &Desk) -> String {
    desk.file(
        "job/policy.toml",
        "name = \"job\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"job.rhai\"\n\
         [capabilities]\nallow = [\"payments.pay-invoice-by-invoice\"]\n\
         [budget]\nrial = 1_000_000\n",
    );
    desk.file(
        "job/job.rhai",
        "fn run(input) { pay_invoice_by_invoice(#{ creditor_invoice_id: 600 + input.job, \
         debtor_invoice_id: 500 + input.job }); }",
    )
}

/// The operator's file, with a grant for these jobs.
fn config(desk: &Desk, pod: &Served) -> String {
    desk.file(
        "podhost.toml",
        format!(
            "[account.shop]\nplatform = \"{}\"\ntoken = {{ env = \"SHOP_TOKEN\" }}\n\
             [policy.job]\naccount = \"shop\"\n\
             capabilities.allow = [\"payments.pay-invoice-by-invoice\"]\n\
             budget.rial = 1_000_000\n",
            pod.url()
        ),
    )
}

fn job(desk: &Desk, policy: &str, config: &str, job: u64) -> Command {
    let input = json!({ "job": job }).to_string();
    let key = format!("k{job}");
    let mut command = desk.command(&[policy, "--account", "shop", "--config", config, "--json"]);
    command.args(["--key", &key, "--input", &input]).env("SHOP_TOKEN", TOKEN);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// All jobs, begun at once.
fn at_once(desk: &Desk, policy: &str, config: &str) -> Vec<Value> {
    let begun: Vec<Child> =
        (1..=JOBS).map(|number| job(desk, policy, config, number).spawn().unwrap()).collect();
    begun
        .into_iter()
        .map(|child| {
            let ended: Ended = child.wait_with_output().unwrap().into();
            assert_eq!(ended.code, Some(0), "{ended:#?}");
            ended.json()
        })
        .collect()
}

#[test]
fn ten_cron_jobs_at_once_simply_work() {
    let desk = Desk::new();
    let scenario = desk.file("scenario.json", scenario().to_string());
    let pod = Served::start(&["--scenario", &scenario]);
    let (policy, config) = (policy(&desk), config(&desk, &pod));

    let receipts = at_once(&desk, &policy, &config);
    let books = pod.look("books");
    for (receipt, number) in receipts.iter().zip(1..) {
        let rials = 1_000 * number;
        assert_eq!(receipt["status"], "done", "{receipt:#}");
        assert_eq!(receipt["effects"][0]["invoice"], 500 + number, "{receipt:#}");
        assert_eq!(receipt["effects"][0]["rials"], rials, "{receipt:#}");
        assert_eq!(books["balances"][format!("invoice:{}", 500 + number)], rials, "{books:#}");
    }
    assert_eq!(pod.booked("payInvoiceByInvoice"), JOBS as usize);
    assert_eq!(pod.look("ledger")["total"], 0);

    // The same requests again, all at once: the same runs, and nobody pays twice.
    let again = at_once(&desk, &policy, &config);
    let ids = |receipts: &[Value]| -> Vec<String> {
        receipts.iter().map(|receipt| receipt["run"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&again), ids(&receipts));
    assert_eq!(ids(&receipts).into_iter().collect::<BTreeSet<_>>().len(), JOBS as usize);
    assert_eq!(pod.look("books"), books);
}

#[test]
fn who_does_not_want_to_wait_is_told_who_has_the_store() {
    let desk = Desk::new();
    let lock = desk.taken();
    let says = [desk.store().to_str().unwrap(), "process 4711", "run plugins/other", "--wait"]
        .map(str::to_owned);
    let says: Vec<&str> = says.iter().map(String::as_str).collect();
    let began = Instant::now();
    desk.run(&["plugins/netting/netting.rhai", "--no-wait"]).failed(5, &says);
    desk.run(&["plugins/netting/netting.rhai", "--wait=300ms"]).failed(5, &says);
    assert!(began.elapsed() < Duration::from_secs(60));
    drop(lock);
    let ended = desk.run(&["plugins/netting/netting.rhai", "--no-wait"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn who_waits_gets_the_store_when_it_is_given_back() {
    let desk = Desk::new();
    let lock = desk.taken();
    let mut command = desk.command(&["plugins/netting/netting.rhai", "--json"]);
    let waiting = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(2));
    drop(lock);
    let ended: Ended = waiting.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for told in ["Waiting for the store", "process 4711"] {
        assert!(ended.stderr.contains(told), "{told}: {ended:#?}");
    }
    assert_eq!(ended.json()["status"], "done");
}

#[test]
fn who_accepts_a_store_or_makes_its_index_anew_waits_for_it() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["plugins/netting/netting.rhai"]).code, Some(0));
    let commands: [&[&str]; 2] = [&["store", "accept", "--by", "leila"], &["verify", "--rebuild"]];
    for words in commands {
        let command = |wait: &str| {
            let mut command = podhost();
            command.args(words).arg(wait).arg("--store").arg(desk.store());
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let lock = desk.owned();
        let refused: Ended = command("--no-wait").output().unwrap().into();
        refused.failed(5, &["in use", "process 4711"]);
        let waiting = command("--wait").spawn().unwrap();
        thread::sleep(Duration::from_secs(1));
        drop(lock);
        let ended: Ended = waiting.wait_with_output().unwrap().into();
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:#?}");
        assert!(ended.stderr.contains("Waiting for the store"), "{words:?}: {ended:#?}");
    }
}

#[test]
fn a_policy_is_compiled_before_the_store_is_taken() {
    let desk = Desk::new();
    let lock = desk.taken();
    let cache = desk.folder.path().join("cache");
    let run = ["run", "plugins/netting/netting.rhai", "--no-wait"];
    let mut command = podhost();
    command.args(run).arg("--store").arg(desk.store()).arg("--cache").arg(&cache);
    let ended: Ended = command.output().unwrap().into();
    ended.failed(5, &["Compiling", "in use"]);
    drop(lock);
    let compiled = fs::read_dir(&cache).unwrap().map(|file| file.unwrap().path());
    let names: Vec<_> =
        compiled.filter_map(|path| path.extension().map(ToOwned::to_owned)).collect();
    assert!(names.iter().any(|name| name == "compiled"), "{names:?}");
}

#[test]
fn a_key_is_a_name() {
    let desk = Desk::new();
    let long = "k".repeat(201);
    for (key, says) in [
        ("", "empty"),
        (" \t", "empty"),
        (" monday", "blank"),
        ("mon\u{7}day", "nobody sees"),
        ("monday\u{200e}", "U+200E"),
        ("mon\u{200b}day", "nobody sees"),
        ("mon\u{200c}day", "nobody sees"),
        ("\u{2067}monday\u{2069}", "nobody sees"),
        ("monday\u{a0}1", "U+00A0"),
        ("monday\u{3164}", "U+3164"),
        ("6037 9912 3456 7893", "card's number"),
        ("card-৬০৩৭৯৯১২৩৪৫৬৭৮৯৩", "card's number"),
        (long.as_str(), "201 bytes"),
    ] {
        desk.run(&["plugins/netting/netting.rhai", "--key", key]).failed(2, &["--key", says]);
    }
    let persian = desk.run(&["plugins/netting/netting.rhai", "--key", "خریدهای\u{200c}خرداد"]);
    assert_eq!(persian.code, Some(0), "{persian:#?}");
}
