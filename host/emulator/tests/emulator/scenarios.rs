//! Scenario files: what is read, and how each mistake is told.

use pod_emulator::{Emulator, Error, Options, Scenario, ScenarioError};
use pod_platform::Rial;

use crate::common::{SCENARIO, World};

fn refused(text: &str) -> String {
    Scenario::from_json("s.json", text).unwrap_err().to_string()
}

/// A scenario with two businesses and a user, and `rest` behind them.
fn with(rest: &str) -> String {
    format!(
        r#"{{
"businesses": [{{"id": 1, "userId": 10, "name": "A", "apiToken": "a"}},
               {{"id": 2, "userId": 20, "name": "B", "apiToken": "b"}}],
"users": [{{"id": 30, "name": "C", "accessToken": "c"}}],
{rest}
}}"#
    )
}

#[test]
fn what_is_written_reads_back_the_same() {
    let scenario = Scenario::from_json("common", SCENARIO).unwrap();
    let text = serde_json::to_string_pretty(&scenario).unwrap();
    assert_eq!(Scenario::from_json("again", &text).unwrap(), scenario);
}

#[test]
fn loans_and_bills_are_read() {
    let text = with(
        r#""loanContracts": [{"id": 5, "businessId": 1, "ceiling": 1000000, "commissionRate": 0.02,
            "endDate": "1400/01/01", "members": [{"userId": 30, "credit": 500000}],
            "plans": [{"id": 6, "name": "six", "installments": 6, "interestRate": 0.1,
                       "active": true}]}],
           "bills": [{"billId": "7748317800142", "paymentId": "1770160"}]"#,
    );
    let scenario = Scenario::from_json("loans", &text).unwrap();
    assert_eq!(scenario.loan_contracts[0].members[0].credit, Rial(500_000));
    assert_eq!(scenario.bills[0].payment_id, "1770160");
}

#[test]
fn mistakes_in_the_text_name_their_place() {
    let error = refused("{\n  \"now\": \"1399/03/13 10:00:00\",\n  \"businesses\": [}");
    assert!(error.starts_with("s.json:3:"), "{error}");
    let error = refused("{\n\"users\": [{\"id\": 1, \"name\": \"A\", \"accesToken\": \"a\"}]}");
    assert!(error.starts_with("s.json:2:"), "{error}");
    assert!(error.contains("users[0].accesToken") && error.contains("accessToken"), "{error}");
    let error = refused("{\"invoices\": [{\"id\": 1, \"businessId\": 1, \"amount\": -5}]}");
    assert!(error.contains("invoices[0].amount"), "{error}");
    let error = refused("{} {}");
    assert!(error.starts_with("s.json:1:4"), "{error}");
}

#[test]
fn u9_a_gregorian_day_is_told_with_the_day_that_was_meant() {
    let delegation = r#"{"delegatorId": 30, "delegateId": 10, "amount": 1, "hash": "h""#;
    for (rest, place) in [
        (r#""now": "2020/06/02 10:00:00""#.to_owned(), "now"),
        (
            format!(r#""delegations": [{delegation}, "until": "2020/06/02"}}]"#),
            "delegations[0].until",
        ),
        (
            r#""loanContracts": [{"id": 5, "businessId": 1, "ceiling": 1, "commissionRate": 0,
                "endDate": "2020/06/02", "members": [], "plans": []}]"#
                .to_owned(),
            "loanContracts[0].endDate",
        ),
        (
            r#""invoices": [{"id": 7, "businessId": 1, "amount": 5, "guildCode": "G",
                "issuanceDate": "2020/06/02 09:00:00"}]"#
                .to_owned(),
            "invoices[0].issuanceDate",
        ),
    ] {
        let error = refused(&with(&rest));
        assert!(error.contains(&format!("{place}: 2020/06/02 of the Persian")), "{error}");
        assert!(error.contains("Gregorian 2020-06-02 is 1399/03/13"), "{error}");
    }
}

#[test]
fn contradictions_name_their_place() {
    let invoice = r#"{"id": 7, "businessId": 1, "amount": 5, "guildCode": "G""#;
    let delegation = r#"{"delegatorId": 30, "delegateId": 10, "amount": 1, "hash": "h""#;
    for (rest, expected) in [
        (r#""now": "1400/12/30 10:00:00""#.to_owned(), "s.json:5:8: now: "),
        (r#""caller": "d""#.to_owned(), "s.json:5:11: caller: "),
        (
            format!(
                r#""invoices": [{invoice}}},{}}}]"#,
                invoice.replace("\"businessId\": 1", "\"businessId\": 3").replace('7', "8")
            ),
            "invoices[1].businessId: no business has the id 3",
        ),
        (
            format!("\"invoices\": [\n{invoice}}},\n{invoice}}}]"),
            "s.json:7:8: invoices[1].id: invoice 7 is there already",
        ),
        (format!(r#""invoices": [{invoice}, "userId": 99}}]"#), "invoices[0].userId: no user"),
        (format!(r#""invoices": [{invoice}, "userId": 10}}]"#), "invoices[0].userId: a business"),
        (
            format!(r#""invoices": [{invoice}, "payed": true, "canceled": true}}]"#),
            "invoices[0].canceled: ",
        ),
        (
            format!(
                r#""invoices": [{invoice}, "billNumber": "x"}},
                  {}, "billNumber": "x"}}]"#,
                invoice.replace('7', "8")
            ),
            "invoices[1].billNumber: ",
        ),
        (
            format!(r#""invoices": [{}}}]"#, invoice.replace("5", "9007199254740992")),
            "invoices[0].amount: ",
        ),
        (format!(r#""delegations": [{delegation}, "until": "soon"}}]"#), "delegations[0].until: "),
        (format!(r#""delegations": [{delegation}}}, {delegation}}}]"#), "delegations[1].hash: "),
        (
            format!(r#""delegations": [{}}}]"#, delegation.replace("30", "31")),
            "delegations[0].delegatorId: ",
        ),
        (r#""bills": [{"billId": "12", "paymentId": "1770160"}]"#.to_owned(), "bills[0].billId: "),
    ] {
        let error = refused(&with(&rest));
        assert!(error.contains(expected), "{error}\nexpected {expected}");
        assert!(error.starts_with("s.json:"), "{error}");
    }
    for (from, to, expected) in [
        (r#""apiToken": "b""#, r#""apiToken": "a""#, "s.json:3:65: businesses[1].apiToken: "),
        (r#""accessToken": "c""#, r#""accessToken": "a b""#, "users[0].accessToken: "),
        (r#""id": 30"#, r#""id": 10"#, "users[0].id: 10 is taken by businesses[0].userId"),
        (r#""id": 2"#, r#""id": 1"#, "businesses[1].id: "),
        (r#""id": 30"#, r#""id": 0"#, "users[0].id: "),
    ] {
        let error = refused(&with("\"bills\": []").replace(from, to));
        assert!(error.contains(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Scenario::from_file("/no/such/scenario.json").unwrap_err();
    assert!(matches!(error, ScenarioError::Read { .. }));
    assert!(error.to_string().contains("/no/such/scenario.json"));
}

#[tokio::test]
async fn a_scenario_made_in_the_program_is_checked_too() {
    let mut scenario = Scenario::from_json("common", SCENARIO).unwrap();
    scenario.invoices[0].business_id = 77;
    let options = Options { scenario, ..Options::default() };
    let Err(Error::Scenario(error)) = Emulator::start(options).await else {
        panic!("it started");
    };
    assert!(error.to_string().contains("invoices[0].businessId"), "{error}");
}

#[tokio::test]
async fn the_opening_balances_are_those_of_the_scenario() {
    let world = World::start().await;
    for (account, rials) in [
        ("wallet:10:PODLAND_WALLET", 50_000),
        ("guild:1:FOOD_GUILD", 700 + 7_000),
        ("wallet:40:PODLAND_WALLET", 20_000),
        ("delegation:reza-any", 2_000),
        ("invoice:100", 9_000),
        ("invoice:101", 0),
        ("invoice:104", 0),
    ] {
        assert_eq!(world.balance(account).await, rials, "{account}");
    }
}

#[tokio::test]
async fn the_caller_is_the_first_business_or_the_one_named() {
    let world = World::start().await;
    assert_eq!(world.emulator.caller_token().unwrap().expose(), "shop");
    assert_eq!(world.emulator.caller_business(), Some(1));
    let mut scenario = Scenario::from_json("common", SCENARIO).unwrap();
    scenario.caller = Some("sara".into());
    let world = World::of(scenario).await;
    assert_eq!(world.emulator.caller_token().unwrap().expose(), "sara");
    assert_eq!(world.emulator.caller_business(), None);
    let world = World::of(Scenario::default()).await;
    assert!(world.emulator.caller_token().is_none());
}

/// C owes A 500, and has paid it with what C had.
const PAID: &str = r#""invoices": [{"id": 7, "businessId": 1, "userId": 30, "amount": 500,
        "guildCode": "FOOD_GUILD", "verificationNeeded": true}],
    "faults": [{"service": "*", "call": 1, "errorCode": 999}]"#;

fn with_history(history: &str) -> String {
    let text = with(&format!("{PAID}, \"history\": [{history}]"));
    text.replace(
        r#""accessToken": "c""#,
        r#""accessToken": "c", "wallet": {"PODLAND_WALLET": 500}"#,
    )
}

#[tokio::test]
async fn what_happened_before_has_happened() {
    let text = with_history(
        r#"{"token": "c", "service": "payInvoiceByCredit", "arguments": {"invoiceId": 7}},
           {"token": "a", "service": "verifyInvoice", "arguments": {"id": [7]}}"#,
    );
    let world = World::of(Scenario::from_json("s.json", &text).unwrap()).await;
    assert_eq!(world.balance("wallet:30:PODLAND_WALLET").await, 0);
    assert_eq!(world.balance("invoice:7").await, 500);
    let invoice = world.emulator.invoice(7).await.unwrap().expect("it was issued");
    assert!(invoice.payed && invoice.verification_date.is_some(), "{invoice:?}");
}

#[tokio::test]
async fn a_history_that_cannot_have_been_leaves_no_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pod.sqlite");
    let once = r#"{"token": "c", "service": "payInvoiceByCredit", "arguments": {"invoiceId": 7}}"#;
    let text = with_history(&format!("{once}, {once}"));
    let scenario = Scenario::from_json("s.json", &text).unwrap();
    let start = |scenario| {
        Emulator::start(Options { data: Some(data.clone()), scenario, ..Options::default() })
    };
    let Err(error) = start(scenario).await else { panic!("it started") };
    let error = error.to_string();
    assert!(error.contains("history[1]: the platform refuses payInvoiceByCredit: "), "{error}");
    assert!(!data.exists());

    let verified = format!(
        r#"{once}, {{"token": "a", "service": "verifyInvoice", "arguments": {{"id": 7}}}}"#
    );
    let scenario = Scenario::from_json("s.json", &with_history(&verified)).unwrap();
    let begun = start(scenario.clone()).await.unwrap();
    begun.stop().await.unwrap();
    let again = start(scenario).await.unwrap();
    let invoice = again.invoice(7).await.unwrap().expect("it was issued");
    assert!(invoice.payed, "once: a second time would have been refused");
}

#[test]
fn a_history_of_strangers_names_its_place() {
    for (history, expected) in [
        (r#"{"token": "x", "service": "payInvoice"}"#, "history[0].token: no business"),
        (r#"{"token": "c", "service": "payEverything"}"#, "history[0].service: no service"),
        (
            r#"{"token": "c", "service": "payInvoice", "arguments": {"invoiceId": {}}}"#,
            "history[0].arguments.invoiceId: a text",
        ),
    ] {
        let error = refused(&with_history(history));
        assert!(error.contains(expected), "{error}");
    }
}
