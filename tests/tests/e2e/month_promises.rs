//! What the month policy promises, on months that look random: it never goes below the cash floor,
//! pays nothing twice, its sums are the ledger's, and its script does the same. Some calls are
//! refused, some are not answered.
//!
//! `PODHOST_SEED` begins elsewhere.

use std::collections::HashSet;

use pod_emulator::Scenario;
use pod_host::{Digest, Effect, RunOptions, Status};
use podhost_tests::{Bench, build};
use serde_json::{Value, json};

const MONTHS: u64 = 25;
const FLOOR: u64 = 500_000;
const WALLET: &str = "wallet:1:PODLAND_WALLET";
const GUILDS: &[&str] = &["FOOD_GUILD", "HEALTH_GUILD", "TOILETRIES_GUILD"];
const BILLS: &[(&str, &str)] = &[
    ("7748317800142", "1770160"),
    ("1117753200140", "12070160"),
    ("2050327604613", "1070189"),
    ("9174639504124", "12908190"),
    // A fine, one that does not check, and the first one again.
    ("123456711094", "35090361"),
    ("9100074409151", "12908199"),
    ("7748317800142", "1770160"),
];
const SERVICES: &[&str] =
    &["payInvoiceByInvoice", "payInvoiceByCredit", "payBill", "payInvoiceByLoan"];

struct Numbers {
    seed: u64,
    drawn: u64,
}

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.drawn += 1;
        let digest = Digest::of(&[&self.seed.to_le_bytes(), &self.drawn.to_le_bytes()]);
        let head: [u8; 8] = digest.0[..8].try_into().expect("a digest is longer");
        u64::from_le_bytes(head) % bound
    }

    fn guild(&mut self) -> &'static str {
        GUILDS[self.below(GUILDS.len() as u64) as usize]
    }
}

/// A month, and its bills.
fn month(seed: u64) -> (Scenario, Value) {
    let mut numbers = Numbers { seed, drawn: 0 };
    let n = &mut numbers;
    let debts: Vec<Value> = (0..n.below(9))
        .map(|id| {
            json!({ "id": 500 + id, "businessId": 20 + n.below(2), "userId": 1,
                "amount": 10_000 * (1 + n.below(200)), "guildCode": n.guild() })
        })
        .collect();
    let credits: Vec<Value> = (0..n.below(6))
        .map(|id| {
            json!({ "id": 600 + id, "businessId": 10, "userId": 100, "payed": true,
                "amount": 10_000 * (1 + n.below(100)), "guildCode": "FOOD_GUILD" })
        })
        .collect();
    let delegations: Vec<Value> = (0..n.below(5))
        .map(|id| {
            let mut credit = json!({ "delegatorId": 100, "delegateId": 1, "hash": format!("d{id}"),
                "amount": 10_000 * (1 + n.below(80)) });
            if n.below(2) == 0 {
                credit["guildCode"] = n.guild().into();
            }
            if n.below(2) == 0 {
                credit["until"] = format!("1399/03/{}", 13 + n.below(3)).into();
            }
            credit
        })
        .collect();
    let faults: Vec<Value> = SERVICES
        .iter()
        .filter_map(|service| {
            let call = 1 + n.below(3);
            match n.below(5) {
                0 => Some(json!({ "service": service, "call": call, "errorCode": 72 })),
                1 => Some(json!({ "service": service, "call": call, "unanswered": "before" })),
                2 => Some(json!({ "service": service, "call": call, "unanswered": "after" })),
                _ => None,
            }
        })
        .collect();
    let scenario = json!({
        "now": "1399/03/13 10:00:00",
        "caller": "shop",
        "businesses": [
            { "id": 10, "userId": 1, "name": "Shop", "apiToken": "shop",
              "wallet": { "PODLAND_WALLET": 100_000 * n.below(40) } },
            { "id": 20, "userId": 2, "name": "Mill", "apiToken": "mill" },
            { "id": 21, "userId": 3, "name": "Dairy", "apiToken": "dairy" },
        ],
        "users": [{ "id": 100, "name": "Customer", "accessToken": "customer",
                    "wallet": { "PODLAND_WALLET": 100_000_000 } }],
        "invoices": debts.into_iter().chain(credits).collect::<Vec<_>>(),
        "delegations": delegations,
        "loanContracts": [{ "id": 50, "businessId": 21, "ceiling": 5_000_000, "commissionRate": 0,
            "members": [{ "userId": 1, "credit": 100_000 * n.below(40) }],
            "plans": [
                { "id": 1, "name": "4", "installments": 4, "interestRate": 2.5, "active": true },
                { "id": 2, "name": "9", "installments": 9, "interestRate": 0, "active": true },
            ] }],
        "faults": faults,
    });
    let scenario = Scenario::from_json("month", &scenario.to_string()).expect("well-formed");
    let bills: Vec<Value> = (0..n.below(8))
        .map(|_| {
            let (bill_id, payment_id) = BILLS[n.below(BILLS.len() as u64) as usize];
            json!({ "billId": bill_id, "paymentId": payment_id })
        })
        .collect();
    (scenario, json!({ "bills": bills }))
}

async fn settle(seed: u64, policy: &str) -> Value {
    let (scenario, input) = month(seed);
    let debts = scenario.invoices.iter().filter(|invoice| invoice.user_id == Some(1));
    let debts: HashSet<u64> = debts.map(|invoice| invoice.id).collect();
    let bench = Bench::start(scenario).await;
    let before = bench.pod.ledger().await.expect("the ledger can be read");
    let policy = bench.load(policy).await;
    let receipt = bench.run_with(&policy, RunOptions { input, ..RunOptions::default() }).await;
    let after = bench.pod.ledger().await.expect("the ledger can be read");
    assert!(matches!(receipt.status, Status::Done | Status::UnknownOutcome), "{:?}", receipt.error);

    assert_eq!(after.total, 0);
    assert!(after.faults.is_empty(), "{:?}", after.faults);
    let (had, has) = (before.balance(WALLET), after.balance(WALLET));
    assert!(has >= had.min(FLOOR as i64), "{had} became {has}: below the floor");

    let output = &receipt.output;
    let rials = |name: &str| output[name].as_u64().expect("an amount") as i64;
    let delegated: i64 = before
        .balances
        .keys()
        .filter(|account| account.starts_with("delegation:"))
        .map(|account| before.balance(account) - after.balance(account))
        .sum();
    let spent = had - has;
    if receipt.status == Status::Done {
        assert_eq!((rials("fromWallet"), rials("fromDelegations")), (spent, delegated));
    } else {
        // What nobody knows of is taken to have happened: the wallet has no less than that.
        assert!(spent <= rials("fromWallet") + rials("inDoubt"), "{spent}: {output:#}");
    }

    // Each debt is paid once, or is left, and all of them are there.
    let mut seen = Vec::new();
    for payment in output["payments"].as_array().expect("payments") {
        let debt = payment["invoice"].as_u64().expect("an invoice");
        if payment["outcome"] == "paid" && debts.contains(&debt) {
            seen.push(debt);
        }
    }
    for open in output["unpaid"].as_array().expect("those that are left") {
        seen.push(open["invoice"].as_u64().expect("an invoice"));
    }
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all, "a debt is there twice");
    assert_eq!(output["owed"]["invoices"], debts.len());
    assert_eq!(seen.len(), debts.len(), "a debt is missing");

    let effects = receipt.effects.iter().cloned();
    let effects: Vec<_> = effects.map(|effect| Effect { at: 0, step: 0, ..effect }).collect();
    let stable = json!({ "status": receipt.status, "output": output, "effects": effects });
    let stable = stable.to_string().replace(bench.pod.pay_url(), "https://pay");
    serde_json::from_str(&stable).expect("it is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn are_kept() {
    build("plugins/month");
    let first: u64 = match std::env::var("PODHOST_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => 1,
    };
    for seed in first..first + MONTHS {
        println!("PODHOST_SEED={seed}");
        let compiled = settle(seed, "plugins/month").await;
        let script = settle(seed, "plugins/month/month.rhai").await;
        assert_eq!(compiled, script, "plugin and script settle alike");
    }
}
