//! podhost.toml's `[policy.NAME]`: a policy belongs to one account, and does nothing for it that is
//! not granted. `podhost check` shows what is.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
};

use serde_json::{Value, json};

use crate::common::{Desk, Ended, SMALL, Served, podhost, project};

const TOKEN: &str = "shop-api-token";

const ACCOUNTS: &str = "[account.shop]\ntoken = { env = \"SHOP\" }\n\
                        [account.other]\ntoken = { env = \"NOBODY_READS_THIS\" }\n";

/// All that plugins/netting needs.
const NETTING: &str = r#"
[policy.netting]
account = "shop"

[policy.netting.capabilities]
allow = ["invoices.get-invoice-list", "payments.pay-invoice-by-invoice"]

[policy.netting.budget]
rial = 10_000_000
"#;

/// Nets the small scenario, under what podhost.toml says after its accounts.
fn net(desk: &Desk, pod: &Served, policies: &str, arguments: &[&str]) -> Ended {
    let config = desk.file("podhost.toml", format!("{ACCOUNTS}{policies}"));
    let always = ["plugins/netting", "--platform", pod.url(), "--config", &config, "--json"];
    let mut command = desk.command(&[&always, arguments].concat());
    command.env("SHOP", TOKEN).output().unwrap().into()
}

fn check(desk: &Desk, policy: &str, arguments: &[&str]) -> Ended {
    let mut command = podhost();
    command.args(["check", policy]).args(arguments);
    command.arg("--cache").arg(project().join("target/test-components"));
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.output().unwrap().into()
}

#[test]
fn without_a_word_nothing_is_granted_and_the_error_says_what_to_write() {
    let (desk, pod) = (Desk::new(), Served::start(&["--scenario", SMALL]));
    let ended = net(&desk, &pod, "", &["--account", "shop"]);
    ended.failed(
        2,
        &[
            "podhost.toml grants the policy `netting` nothing",
            "the account `shop`",
            "[policy.netting]",
            "account = \"shop\"",
            "\"invoices.get-invoice-list\", \"payments.pay-invoice-by-invoice\"",
            "rial = 10000000000",
        ],
    );
    // What it says to write is enough.
    let (_, written) = ended.stderr.split_once("\n\n").unwrap();
    let ended = net(&desk, &pod, written, &["--account", "shop"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(ended.json()["effects"].as_array().unwrap().len(), 3);
}

#[test]
fn a_policy_acts_for_its_own_account_and_for_no_other() {
    let (desk, pod) = (Desk::new(), Served::start(&["--scenario", SMALL]));
    net(&desk, &pod, NETTING, &["--account", "other"]).failed(
        2,
        &[
            "podhost.toml:7:11:",
            "`netting`",
            "belongs to the account `shop`",
            "cannot act for `other`",
        ],
    );
    // There are two accounts, and it is one's.
    let ended = net(&desk, &pod, NETTING, &[]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn what_is_granted_is_what_both_say() {
    let desk = Desk::new();
    let run = |policies: &str| {
        let pod = Served::start(&["--scenario", SMALL]);
        let ended = net(&desk, &pod, policies, &[]);
        assert_eq!(ended.code, Some(1), "{policies}: {ended:#?}");
        let receipt = ended.json();
        let exhausted = receipt["error"]["error"]["budget-exhausted"]["meter"].as_str();
        let raised = exhausted.map(|meter| format!("to raise it: `{meter}` in [budget]"));
        assert!(raised.is_none_or(|raised| ended.stderr.contains(&raised)), "{ended:#?}");
        assert_eq!(receipt["effects"], Value::Array(Vec::new()), "{policies}: {receipt:#}");
        receipt
    };
    let receipt = run(&NETTING.replace(", \"payments.pay-invoice-by-invoice\"", ""));
    assert_eq!(receipt["denied"][0]["function"], "payments.pay-invoice-by-invoice");
    let receipt = run(&NETTING.replace("rial = 10_000_000", "rial = 1"));
    assert_eq!(receipt["error"]["error"]["budget-exhausted"]["remaining"], 1, "{receipt:#}");
    let receipt = run(&NETTING.replace("rial = 10_000_000", "calls = 100"));
    assert_eq!(receipt["error"]["error"]["budget-exhausted"]["remaining"], 0, "{receipt:#}");
    let receipt = run(&NETTING.replace("allow =", "issuers = [999]\nallow ="));
    let reason = receipt["denied"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("`issuers`"), "{reason}");
}

#[test]
fn who_has_the_token_needs_no_podhost_toml() {
    let (desk, pod) = (Desk::new(), Served::start(&["--scenario", SMALL]));
    let mut command = desk.command(&["plugins/netting", "--platform", pod.url(), "--json"]);
    let ended: Ended = command.env("PODHOST_TOKEN", TOKEN).output().unwrap().into();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn check_compares_without_running() {
    let desk = Desk::new();
    // Without an operator, as on the emulator.
    let ended = check(&desk, "plugins/netting", &[]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for said in
        ["no podhost.toml", "imports nothing but log and clock", "invoices.get-invoice-list"]
    {
        assert!(ended.stdout.contains(said), "`{said}` is missing: {}", ended.stdout);
    }

    let config = desk.file("podhost.toml", format!("{ACCOUNTS}{NETTING}"));
    let ended = check(&desk, "plugins/netting", &["--config", &config, "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let shown = ended.json();
    assert_eq!((&shown["account"], &shown["world"]), (&"shop".into(), &"netting".into()));
    assert_eq!(shown["budget"]["granted"]["rial"], 10_000_000);
    assert_eq!(shown["budget"]["asked"]["rial"], 10_000_000_000_u64);
    assert_eq!(shown["wallets"]["granted"], Value::Null);
    assert_eq!(shown["problems"], Value::Array(Vec::new()));

    let less = NETTING.replace("\"invoices.get-invoice-list\", ", "");
    let config = desk.file("less.toml", format!("{ACCOUNTS}{less}"));
    let ended = check(&desk, "plugins/netting", &["--config", &config]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stdout.contains("is not granted it"), "{}", ended.stdout);

    let config = desk.file("none.toml", ACCOUNTS);
    let ended = check(&desk, "plugins/netting", &["--config", &config, "--account", "shop"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stdout.contains("[policy.netting]\naccount = \"shop\""), "{}", ended.stdout);

    let config = desk.file("podhost.toml", format!("{ACCOUNTS}{NETTING}"));
    check(&desk, "plugins/netting", &["--config", &config, "--account", "other"])
        .failed(2, &["cannot act for `other`"]);
    check(&desk, "no/such/policy", &[]).failed(2, &["there is no such policy"]);
}

#[test]
fn check_sees_what_a_component_imports_and_a_script_asks_for() {
    let desk = Desk::new();
    let whole = check(&desk, "tests/guests/any-service", &["--json"]);
    assert_eq!(whole.code, Some(0), "{whole:#?}");
    let functions = whole.json()["functions"].as_array().unwrap().clone();
    assert!(functions.len() > 30, "{functions:#?}");
    assert!(functions.iter().all(|function| function["imported"] == true), "{functions:#?}");

    let component = fs::read(project().join("tests/guests/any-service/any-service.wasm")).unwrap();
    desk.file("modest/any.wasm", component);
    desk.file(
        "modest/policy.toml",
        "name = \"modest\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"any.wasm\"\n\
         [capabilities]\nallow = [\"invoices\"]\n",
    );
    let modest = desk.folder.path().join("modest");
    let ended = check(&desk, modest.to_str().unwrap(), &["--json"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let problems = ended.json()["problems"].to_string();
    assert!(problems.contains("it imports `bills.pay-bill` and does not ask for it"), "{problems}");
    assert!(!problems.contains("invoices."), "{problems}");

    let script = check(&desk, "tests/guests/any-service/any-service.rhai", &["--json"]);
    assert_eq!(script.code, Some(0), "{script:#?}");
    assert_eq!(script.json()["functions"][0]["imported"], Value::Null);
    assert_eq!(script.json()["script"], true);
}

/// A policy that shows its order to an ERP on this machine, with the ERP's secret.
const TELLER: &str = r#"
name = "teller"
version = "1"
world = "policy"
entry = "teller.rhai"

[capabilities]
allow = ["http", "store"]

[network]
allow = ["GET http://127.0.0.1:PORT/orders*"]
private = ["127.0.0.1"]
secrets = ["erp"]
"#;

const TELLER_SCRIPT: &str = r#"fn run(input) {
    if input == "fail" { throw "as asked"; }
    set_state("runs", `${(get_state("runs") ?? "0").parse_int() + 1}`);
    let key = #{ name: "x-key", secret: "erp" };
    let url = "http://127.0.0.1:PORT/orders";
    let response = fetch(#{ method: "get", url: url, secret_headers: [key] });
    #{ said: response.body.as_string(), runs: get_state("runs") }
}"#;

/// A server that says what it was sent as `x-key`.
fn erp() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 4_096];
            let read = stream.read(&mut bytes).unwrap();
            let request = String::from_utf8_lossy(&bytes[..read]).into_owned();
            let key = request.lines().find_map(|line| line.strip_prefix("x-key: "));
            let body = format!("the key is {}", key.unwrap_or("nothing"));
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    port
}

#[test]
fn a_policy_asks_its_merchants_server_with_a_secret_and_is_paused_when_it_keeps_failing() {
    let (desk, pod) = (Desk::new(), Served::start(&["--scenario", SMALL]));
    let port = erp().to_string();
    desk.file("teller/policy.toml", TELLER.replace("PORT", &port));
    let script = desk.file("teller/teller.rhai", TELLER_SCRIPT.replace("PORT", &port));
    let folder = script.trim_end_matches("/teller.rhai").to_owned();
    let policy = format!(
        "[policy.teller]\naccount = \"shop\"\n[policy.teller.capabilities]\nallow = [\"http\", \
         \"store\"]\n[policy.teller.network]\nallow = [\"http://127.0.0.1:{port}/*\"]\n\
         private = [\"127.0.0.1\"]\n"
    );
    let run = |policies: &str, input: &str| -> Ended {
        let config = desk.file("podhost.toml", format!("{ACCOUNTS}{policies}"));
        let arguments =
            [&*folder, "--platform", pod.url(), "--config", &config, "--json", "--input", input];
        let mut command = desk.command(&arguments);
        command.env("SHOP", TOKEN).env("ERP_KEY", "open-sesame").output().unwrap().into()
    };
    let ended = run(&policy, "null");
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended.stdout.contains("podhost.toml must have it, [policy.NAME.secrets]"),
        "{ended:#?}"
    );

    let secret = format!(
        "[policy.teller.secrets.erp]\nvalue = {{ env = \"ERP_KEY\" }}\n\
         urls = [\"http://127.0.0.1:{port}/orders*\"]\n"
    );
    let policy = policy + &secret;
    let ended = run(&policy, "null");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(ended.json()["output"], json!({ "said": "the key is ***", "runs": "2" }));
    assert!(!format!("{ended:?}").contains("open-sesame"));

    let config = desk.file("podhost.toml", format!("{ACCOUNTS}{policy}"));
    let shown = check(&desk, &folder, &["--config", &config, "--json"]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    assert_eq!(shown.json()["secrets"], json!({ "asked": ["erp"], "granted": ["erp"] }));

    for _ in 0..10 {
        assert_eq!(run(&policy, "\"fail\"").code, Some(1));
    }
    let paused = run(&policy, "null");
    paused.failed(6, &["the policy `teller` is paused", "podhost unpause "]);
    let (_, id) = paused.stderr.split_once("podhost unpause ").unwrap();
    // As it is printed, with the store.
    let words = id.split('`').next().unwrap().split(' ');
    let unpaused: Ended = podhost().arg("unpause").args(words).output().unwrap().into();
    assert_eq!(unpaused.code, Some(0), "{unpaused:#?}");
    assert_eq!(run(&policy, "null").json()["output"]["runs"], "3");
}
