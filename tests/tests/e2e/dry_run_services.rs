//! Every case of every service: what a dry run answers is what the platform then answers, as far as
//! any service tells.

use futures_util::FutureExt as _;
use pod_host::{Account, Policy, ScriptMode};
use pod_platform::{Client, Credentials, Limits, Platform};
use podhost_tests::Bench;
use serde_json::{Value, json};

use crate::{
    dry_run::{FIRST_ID, Wire, dry},
    service_cases::{Case, World, cases},
};

/// Whom a token stands for, and what is stated of it.
fn account(case: &Case, world: &World) -> Account {
    let (business, user, wallet) = match case.r#as.as_str() {
        "shop" => (Some(1), Some(10), 5_000_000),
        "baker" => (Some(2), Some(20), 0),
        "bank" => (Some(3), Some(30), 0),
        "sara" => (None, Some(40), 50_000),
        "reza" => (None, Some(50), 100),
        _ => (None, None, 0),
    };
    let mut stated = json!({
        "wallet": { "PODLAND_WALLET": wallet },
        "delegations": [],
        "loanCredits": [{ "contractId": 838, "userId": 40, "credit": 20_000 }],
    });
    if case.r#as == "sara" {
        stated["wallet"]["DIGIPAY_WALLET"] = json!(wallet);
        stated["delegations"] = json!([
            { "delegatorId": 50, "hash": "reza-food", "amount": 1000, "guildCode": "FOOD_GUILD" },
            { "delegatorId": 10, "hash": "shop-any", "amount": 5000 },
        ]);
    }
    let name = &*case.r#as;
    let mut account = Account::new(name, world.client.clone(), Credentials::token(name))
        .with_clock(world.pod.clock())
        .with_stated(serde_json::from_value(stated).unwrap());
    account.business = business;
    account.user = user;
    account
}

/// What POD refuses for something that no service of its tells, so that a dry run takes it as given.
const NOT_TOLD: &[(&str, &str)] = &[
    // Who is a business, and who is anybody.
    ("invoices.issue-invoice", "no-permission"),
    ("invoices.issue-invoice", "not-found"),
    ("payments.pay-invoice", "invalid-token"),
    ("loans.update-loan-grantor-credit-for-users", "invalid-token"),
    // Invoices between others.
    ("payments.pay-any-invoice-by-credit", "not-found"),
    ("payments.pay-any-invoice-by-credit", "bill-already-payed"),
    ("payments.pay-any-invoice-by-credit", "bill-is-waiting-for-verification"),
    ("payments.pay-any-invoice-by-credit", "bill-is-waiting-for-gateway"),
    ("payments.pay-any-invoice-by-credit", "waiting-for-guarantee"),
    ("payments.pay-any-invoice-by-credit", "insufficient-funds"),
    // What a phone, a terminal, a guild account and other payers of a bill know.
    ("payments.verify-payment-SMS", "code-invalid-or-expired"),
    ("payments.pay-invoice-by-pos", "not-found"),
    ("payments.pay-invoice-in-future", "not-enough-credit-to-block"),
    ("bills.pay-bill", "duplicate-service-bill"),
    ("bills.issue-bill-invoice", "duplicate-service-bill"),
    // Files and members, and what became of a loan before.
    ("loans.update-loan-grantor-credit-for-users", "not-found"),
    ("loans.update-loan-grantor-credit-for-users", "no-permission"),
    ("loans.remove-permitted-user-from-loan-contract", "not-found"),
    ("loans.remove-permitted-user-from-loan-contract", "no-permission"),
    ("loans.update-loan-by-plan", "no-permission"),
];

/// The price of a product that no invoice shows.
const NO_PRICE: (&str, &str) = ("invoices.issue-invoice", "unavailable");

/// What a platform says beside an answer, and a dry run does not.
const UNSAID: &[&str] = &["utility_company_name", "sub_utility_company_name", "unique_number"];

/// Every case of every service: what a dry run answers, and whether it is a refusal, is what the
/// platform then answers.
#[tokio::test]
async fn every_service_answers_a_dry_run_as_it_answers_a_run() {
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let script = bench.load_entry("tests/guests/any-service/any-service.rhai", ScriptMode::AdHoc);
    let script = script.await;
    let mut failures = Vec::new();
    for (index, case) in cases().into_iter().enumerate() {
        let compared = std::panic::AssertUnwindSafe(compare(&bench, &script, &case)).catch_unwind();
        let name = format!("case {index}, {} as {} {}", case.function, case.r#as, case.request);
        match compared.await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => failures.push(format!("{name}:\n  {why}")),
            Err(_) => failures.push(format!("{name}: panicked")),
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

async fn compare(bench: &Bench, script: &Policy, case: &Case) -> Result<(), String> {
    let world = World::start(case).await;
    let (url, wire) = Wire::to(&world.pod).await;
    let heard = Client::new(Platform::at(&url), Limits::default()).unwrap();
    let url = url.trim_end_matches("/srv/sc").to_owned();
    let account = account(case, &world);
    let mut account_heard = account.clone();
    account_heard.client = heard;
    let input = json!({ "function": case.function, "request": world.named(&case.request) });
    let before = world.pod.books().await.unwrap();
    let first = bench.host.run_with(script, &account_heard, dry(&input)).await.unwrap();
    if before != world.pod.books().await.unwrap() {
        return Err("the books changed".to_owned());
    }
    if first.meters.calls > 0 {
        wire.only_reads();
    }
    let real = bench.host.run(script, &account, input).await.unwrap();
    let own = first.output.to_string().replace(&url, world.pod.pay_url());
    let (dry, real): (Value, Value) = (serde_json::from_str(&own).unwrap(), real.output);
    let kinds = |output: &Value| {
        let error = &output["error"];
        (error["kind"].clone(), error["platform_kind"].clone())
    };
    if kinds(&dry) == kinds(&real) {
        // Of a contract that the account cannot see, nobody knows what a loan costs.
        if first.assumed.iter().any(|code| code == "loan-without-interest") {
            return Ok(());
        }
        let mut answers = case.answer.clone().into_iter().map(|answer| world.named(&answer));
        return match answers.find(|answer| !holds(&dry["ok"], answer)) {
            Some(answer) => Err(format!("dry {dry}\n  lacks {answer}")),
            None => Ok(()),
        };
    }
    let refusal = case.refusal.as_deref().unwrap_or_default();
    // Both refuse: what the account cannot see, it does not find.
    if kinds(&dry) == (json!("platform"), json!("not-found")) && case.refusal.is_some() {
        return Ok(());
    }
    if NO_PRICE == (case.function.as_str(), dry["error"]["kind"].as_str().unwrap_or_default()) {
        return Ok(());
    }
    let is_told = dry["error"]["kind"] == "platform" || !first.assumed.is_empty();
    if NOT_TOLD.contains(&(case.function.as_str(), refusal)) && is_told {
        return Ok(());
    }
    Err(format!("dry {dry}\n  real {real}"))
}

/// Does it hold everything that is expected? What is made has other ids.
fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let mut said = expected.iter().filter(|(key, _)| !UNSAID.contains(&key.as_str()));
            said.all(|(key, value)| holds(found.get(key).unwrap_or(&Value::Null), value))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| holds(found, expected))
        }
        (Value::Number(found), Value::Number(expected)) => {
            found.as_f64() == expected.as_f64() || found.as_u64().is_some_and(|id| id >= FIRST_ID)
        }
        (found, expected) => found == expected,
    }
}
