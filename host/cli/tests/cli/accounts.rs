//! `podhost run --platform … --account …`: runs on a platform in another process, for an account of
//! the operator's podhost.toml.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

use crate::common::{Desk, Ended, SMALL, Served, project};

/// The token of the small scenario's caller.
const TOKEN: &str = "shop-api-token";

/// A grant for the account `shop` to the policies of these tests.
const GRANTS: &str = r#"
[policy.netting]
account = "shop"
capabilities.allow = ["invoices.get-invoice-list", "payments.pay-invoice-by-invoice"]
budget.rial = 10_000_000

[policy.listing]
account = "shop"
capabilities.allow = ["invoices"]

[policy.idle]
account = "shop"
"#;

/// A policy that asks nobody.
const IDLE: &str = "fn run(input) { 1 }";

/// Writes a file that only its owner can read.
fn private(desk: &Desk, name: &str, text: &str) -> String {
    let path = desk.file(name, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn expected() -> Value {
    let file = project().join("plugins/netting/scenarios/small.expected.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn a_run_is_the_same_on_a_platform_in_another_process() {
    for (token, variable) in [
        ("", "PODHOST_TOKEN"),
        (r#"{ env = "SHOP_TOKEN" }"#, "SHOP_TOKEN"),
        (r#"{ file = "token" }"#, "NOTHING"),
        (r#"{ command = ["sh", "-c", "cat token; echo noise >&2"] }"#, "NOTHING"),
    ] {
        let pod = Served::start(&["--scenario", SMALL]);
        let desk = Desk::new();
        // The end of a line is no part of a token.
        private(&desk, "token", &format!("{TOKEN}\n"));
        let config = format!("[account.shop]\ntoken = {token}\n{GRANTS}");
        let config = if token.is_empty() { String::new() } else { config };
        let config = desk.file("podhost.toml", config);
        let ended: Ended = desk
            .command(&["plugins/netting", "--platform", pod.url(), "--config", &config, "--json"])
            .env(variable, TOKEN)
            .output()
            .unwrap()
            .into();
        assert_eq!(ended.code, Some(0), "{token}: {ended:#?}");
        let (mut receipt, expected) = (ended.json(), expected());
        for effect in receipt["effects"].as_array_mut().unwrap() {
            assert!(effect["at"].as_u64().is_some_and(|at| at > 0), "{effect}");
            (effect["at"], effect["step"]) = (0.into(), 0.into());
        }
        assert_eq!(receipt["output"], expected["output"]);
        assert_eq!(receipt["effects"], expected["effects"]);
        assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN), "{ended:#?}");
        // The platform is there still, and knows what was paid.
        let paid = pod.post(TOKEN, "scProductId=29813&offset=0&size=1&id=501");
        assert_eq!(paid["result"][0]["payed"], true, "{paid}");
    }
}

#[test]
fn the_accounts_own_platform_is_the_default_and_settings_are_found() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let policy = desk.file("idle.rhai", IDLE);
    let platform = pod.url().trim_end_matches("/srv/sc");
    desk.file(
        "settings/podhost/podhost.toml",
        format!(
            "[account.shop]\nplatform = \"{platform}\"\ntoken = {{ env = \"SHOP\" }}\n\
             [account.other]\ntoken = {{ env = \"NOBODY_READS_THIS\" }}\n\
             [policy.idle]\naccount = \"shop\"\n[policy.others]\naccount = \"other\"\n"
        ),
    );
    let run = |arguments: &[&str]| -> Ended {
        let mut command = desk.command(&[&[policy.as_str()], arguments].concat());
        command.env("SHOP", TOKEN).output().unwrap().into()
    };
    assert_eq!(run(&["--account", "shop"]).code, Some(0));
    assert_eq!(run(&["--account", "shop", "--platform", pod.url()]).code, Some(0));
    assert_eq!(run(&["--platform", pod.url()]).code, Some(0), "it is shop's policy");
    run(&["--account", "nobody"]).failed(2, &["no account `nobody`", "`shop`"]);
    run(&["--account", "other"])
        .failed(2, &["podhost.toml:7:", "`shop`", "cannot act for `other`"]);
    let stranger = desk.file("stranger.rhai", IDLE);
    desk.run(&[&stranger, "--platform", pod.url()])
        .failed(2, &["several accounts", "--account", "`other`, `shop`"]);
    let others = desk.file("others.rhai", IDLE);
    desk.run(&[&others, "--account", "other"]).failed(2, &["podhost.toml:4:", "no `platform`"]);
    run(&["--account", "shop", "--platform", "production"])
        .failed(2, &["podhost.toml:1:", "its token goes nowhere else", "production"]);
}

#[test]
fn a_policy_sees_the_platforms_time() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let policy = desk.file("time.rhai", "fn run(input) { now() }");
    let run = |pod: &Served| {
        let mut command = desk.command(&[&policy, "--platform", pod.url(), "--json"]);
        let ended: Ended = command.env("PODHOST_TOKEN", TOKEN).output().unwrap().into();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        ended.json()["output"].as_u64().unwrap()
    };
    let scenario = fs::read_to_string(project().join(SMALL)).unwrap();
    let scenario: Value = serde_json::from_str(&scenario).unwrap();
    let stands = scenario["now"].as_str().unwrap();
    let stands = pod_platform::Instant::from_jalali_date_time(stands).unwrap().0;
    assert_eq!(run(&pod), stands);
    assert_eq!(pod.control("clock", r#"{"advance": "36h"}"#)["stands"], true);
    assert_eq!(run(&pod), stands + 36 * 3_600_000);

    // One that runs, and is a day ahead.
    let runs = desk.file(
        "runs.json",
        r#"{"businesses": [{"id": 1, "userId": 2, "name": "S", "apiToken": "shop-api-token"}]}"#,
    );
    let pod = Served::start(&["--scenario", &runs]);
    let before = pod.control("clock", r#"{"advance": "24h"}"#)["millis"].as_u64().unwrap();
    let seen = run(&pod);
    assert!((before..before + 600_000).contains(&seen), "{seen}, not soon after {before}");
}

#[test]
fn what_no_service_tells_is_stated_by_the_account_or_the_platform() {
    let pod = Served::start(&["--scenario", "plugins/delegation/scenarios/small.json"]);
    let scenario = project().join("plugins/delegation/scenarios/small.json");
    let scenario: Value = serde_json::from_slice(&fs::read(scenario).unwrap()).unwrap();
    let token = scenario["caller"].as_str().unwrap();
    let desk = Desk::new();
    let grants = "[policy.delegation]\naccount = \"sara\"\n\
                  capabilities.allow = [\"invoices\", \"payments\"]\n";
    let account = format!(
        "{grants}[account.sara]\nplatform = \"{}\"\ntoken = {{ env = \"SARA\" }}\n",
        pod.url()
    );
    let config = desk.file("podhost.toml", &account);
    let stated = desk.file(
        "stated.toml",
        format!("{account}[account.sara.stated]\nwallet = {{ PODLAND_WALLET = 7_000 }}\n"),
    );
    let run = |config: &str| {
        let arguments = ["plugins/delegation", "--plan-only", "--account", "sara", "--config"];
        let mut command = desk.command(&[&arguments[..], &[config, "--json"]].concat());
        let ended: Ended = command.env("SARA", token).output().unwrap().into();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        ended.json()["stated"].clone()
    };
    let by = |stated: &Value, fact: &str| {
        let facts = stated.as_array().unwrap();
        facts.iter().find(|stated| stated["fact"] == fact).unwrap()["by"].clone()
    };
    let platform = run(&config);
    assert_eq!(
        (by(&platform, "wallet"), by(&platform, "delegations")),
        ("platform".into(), "platform".into())
    );
    let account = run(&stated);
    assert_eq!(
        (by(&account, "wallet"), by(&account, "delegations")),
        ("account".into(), "platform".into())
    );
}

/// A platform that is not a local one: it has nothing but services, whose answers are empty.
fn elsewhere() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/srv/sc", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let start = head.len();
                if reader.read_line(&mut head).unwrap() <= 2 {
                    break;
                }
                let line = head[start..].to_ascii_lowercase();
                if let Some(bytes) = line.strip_prefix("content-length:") {
                    length = bytes.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            let (status, answer) = match head.starts_with("POST ") {
                true => ("200 OK", r#"{"hasError":false,"errorCode":0,"count":0,"result":[]}"#),
                false => ("404 Not Found", "<h1>Nothing here</h1>"),
            };
            seen.lock().unwrap().push(format!("{head}{body}"));
            write!(
                reader.get_mut(),
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            )
            .unwrap();
        }
    });
    (url, asked)
}

const LISTING: &str = r#"name = "listing"
version = "1"
world = "policy"
entry = "listing.rhai"
[capabilities]
allow = ["invoices"]
"#;

#[test]
fn another_platform_is_asked_for_nothing_but_services_with_the_accounts_keys() {
    let desk = Desk::new();
    desk.file("policy.toml", LISTING);
    desk.file("listing.rhai", "fn run(input) { get_invoice_list(#{ offset: 0, size: 10 }) }");
    private(&desk, "keys.txt", "# POD's panel\ngetInvoiceList = \"list-key\"\npayBill,bill-key\n");
    private(&desk, "keys.json", r#"{"getInvoiceList": "list-key", "payBill": "bill-key"}"#);
    for keys in [
        "api-keys = { file = \"keys.txt\" }\n",
        "api-keys = { file = \"keys.json\" }\n",
        "[account.shop.api-keys]\ngetInvoiceList = { env = \"LIST_KEY\" }\n",
    ] {
        let (url, asked) = elsewhere();
        let config = desk.file(
            "podhost.toml",
            format!(
                "[account.shop]\nplatform = \"{url}\"\ntoken = {{ env = \"SHOP\" }}\n\
                 voucher-hashes = [{{ env = \"VOUCHER\" }}]\nbusiness = 10\n{keys}{GRANTS}"
            ),
        );
        let folder = desk.folder.path().to_str().unwrap();
        let mut command = desk.command(&[folder, "--account", "shop", "--config", &config]);
        command.env("SHOP", TOKEN).env("VOUCHER", "a-voucher").env("LIST_KEY", "list-key");
        let ended: Ended = command.output().unwrap().into();
        assert_eq!(ended.code, Some(0), "{keys}: {ended:#?}");

        let asked = asked.lock().unwrap();
        // The second asks whose invoices they are.
        let [control, _whose, service] = asked.as_slice() else { panic!("{asked:#?}") };
        assert!(control.starts_with("GET /emulator/clock HTTP/1.1"), "{control}");
        assert!(!control.contains(TOKEN), "a question holds no secret: {control}");
        assert!(service.contains(&format!("_token_: {TOKEN}")), "{service}");
        assert!(service.contains("scApiKey=list-key"), "{service}");
        assert!(service.contains("scVoucherHash=a-voucher"), "{service}");
    }
}

#[test]
fn pods_own_installations_are_asked_for_nothing_else() {
    let desk = Desk::new();
    let policy = desk.file("idle.rhai", IDLE);
    let config = "[account.shop]\ntoken = { env = \"SHOP\" }\n";
    let config = desk.file("podhost.toml", format!("{config}{GRANTS}"));
    for platform in ["production", "sandbox"] {
        let mut command = desk.command(&[&policy, "--platform", platform, "--config", &config]);
        // The token of no account is for other platforms.
        command.env("SHOP", TOKEN).env("PODHOST_TOKEN", "?");
        let ended: Ended = command.output().unwrap().into();
        assert_eq!(ended.code, Some(0), "{platform}: {ended:#?}");
    }
}

#[test]
fn bad_usage_exits_2_and_a_platform_out_of_reach_3() {
    let desk = Desk::new();
    let policy = desk.file("idle.rhai", IDLE);
    let nowhere = "http://127.0.0.1:1/srv/sc";
    for (arguments, code, says) in [
        (&["--platform", nowhere, "--scenario", SMALL][..], 2, &["--scenario", "--platform"][..]),
        (&["--account", "shop", "--scenario", SMALL], 2, &["--scenario", "--account"]),
        (&["--platform", "POD"], 2, &["--platform", "`production`", "URL"]),
        (&["--platform", "ftp://pod.ir"], 2, &["http://"]),
        (&["--platform", "http://shop:pw@127.0.0.1:1"], 2, &["user name"]),
        (&["--platform", "local"], 2, &["PODHOST_TOKEN", "podhost.toml"]),
        (&["--platform", "production"], 2, &["no podhost.toml", "--config"]),
        (&["--account", "shop"], 2, &["no podhost.toml", "--config"]),
        (
            &["--account", "shop", "--config", "no/such.toml"],
            2,
            &["no/such.toml", "cannot be read"],
        ),
    ] {
        let ended = desk.run(&[&[policy.as_str()], arguments].concat());
        ended.failed(code, says);
    }
    let run = |arguments: &[&str], token: &str| -> Ended {
        let mut command = desk.command(&[&[policy.as_str()], arguments].concat());
        command.env("PODHOST_TOKEN", token).output().unwrap().into()
    };
    run(&["--platform", nowhere], TOKEN).failed(3, &[nowhere, "cannot be reached"]);
    run(&["--platform", nowhere], "").failed(2, &["PODHOST_TOKEN", "empty"]);
    run(&["--platform", nowhere], "two words").failed(2, &["PODHOST_TOKEN", "one word"]);
    let pod = Served::start(&["--scenario", SMALL]);
    let stranger = run(&["--platform", pod.url()], "a-stranger");
    stranger.failed(2, &[pod.url(), "no business and no user", "PODHOST_TOKEN"]);
    assert!(!stranger.stderr.contains("a-stranger"), "{stranger:#?}");
}
