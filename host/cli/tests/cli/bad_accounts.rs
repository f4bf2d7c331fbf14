//! What is wrong with podhost.toml, or with what it names, exits with 2, is told with file, line
//! and field, and never shows a secret.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::common::{Desk, Ended};

/// Stands where secrets stand, and where they should not.
const SECRET: &str = "s3cr3t-t0k3n";

const SOUND: &str = r#"[account.shop]
platform = "production"
token = { env = "SHOP" }
user = 7
file-url = "https://core.pod.ir"

[account.shop.api-keys]
payInvoice = { env = "KEY" }

[account.shop.stated]
wallet = { PODLAND_WALLET = 5_000 }

[policy.idle]
account = "shop"

[policy.idle.capabilities]
allow = ["invoices"]
wallets = ["PODLAND_WALLET"]
issuers = [20]

[policy.idle.network]
allow = ["https://shop.ir/paid*"]

[policy.idle.budget]
rial = 1_000
wall = "10s"
"#;

/// The line of it that most others stand in for.
const FILE_URL: &str = r#"file-url = "https://core.pod.ir""#;

/// Runs a policy that asks nobody, with a podhost.toml.
fn run(desk: &Desk, config: &str) -> Ended {
    let policy = desk.file("idle.rhai", "fn run(input) { 1 }");
    let config = desk.file("podhost.toml", config);
    let mut command = desk.command(&[&policy, "--account", "shop", "--config", &config]);
    command.env("SHOP", SECRET).env("KEY", SECRET).env("BLANK", " \n");
    let ended: Ended = command.output().unwrap().into();
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!shown.contains(SECRET), "a secret is shown: {shown}");
    ended
}

/// The same, where the file is sound but for what `from` is replaced by.
fn spoiled(desk: &Desk, from: &str, to: &str) -> Ended {
    assert!(SOUND.contains(from), "{from}");
    run(desk, &SOUND.replacen(from, to, 1))
}

#[test]
fn what_the_others_spoil_is_sound() {
    let ended = run(&Desk::new(), SOUND);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn a_secret_is_not_written_into_the_file() {
    let desk = Desk::new();
    let plain = format!("\"{SECRET}\"");
    for (from, line) in [
        (r#"{ env = "SHOP" }"#, "podhost.toml:3:9: `account.shop.token`"),
        (r#"{ env = "KEY" }"#, "podhost.toml:8:14: `account.shop.api-keys.payInvoice`"),
    ] {
        let ended = spoiled(&desk, from, &plain);
        ended.failed(2, &[line, "environment variable", "{ env = ", "{ file = ", "{ command = "]);
    }
}

#[test]
fn fields() {
    let desk = Desk::new();
    let token = "token = { env = \"SHOP\" }";
    let secret = format!("\"{SECRET}\"");
    for (from, to, says) in [
        (token, &*format!("token = {SECRET}"), &["podhost.toml:3:9:"][..]),
        (token, &format!("token = \"{SECRET}"), &["podhost.toml:3:"]),
        (token, &format!("tokn = {secret}"), &["podhost.toml:1:10:", "`token` is missing"]),
        (
            token,
            &format!("{token}\ntokn = {secret}"),
            &["podhost.toml:4:1:", "`account.shop.tokn`", "`token`"],
        ),
        (token, &format!("{token}\ntoken = {secret}"), &["podhost.toml:4:1:", "duplicate"]),
        (token, "token = {}", &["podhost.toml:3:1:", "{ env = "]),
        (token, &format!("token = {{ env = \"SHOP\", file = {secret} }}"), &["must be one of"]),
        (token, &format!("token = {{ pass = {secret} }}"), &["account.shop.token"]),
        (token, "token = { env = 5 }", &["podhost.toml:3:17:", "`account.shop.token.env`", "text"]),
        (token, &format!("token = {{ command = {secret} }}"), &["podhost.toml:3:21:", "list"]),
        (token, "token = { command = [] }", &["must name a program"]),
        (
            "user = 7",
            &format!("user = {secret}"),
            &["podhost.toml:4:8:", "`account.shop.user`", "id"],
        ),
        (FILE_URL, &format!("file-url = {secret}"), &["podhost.toml:5:12:", "no URL"]),
        ("user = 7", "user = -1", &["podhost.toml:4:8:", "`account.shop.user`"]),
        ("\"production\"", "\"prod\"", &["podhost.toml:2:12:", "`production`", "`sandbox`"]),
        (FILE_URL, "pay-url = \"pay.pod.ir\"", &["podhost.toml:5:11:", "`account.shop.pay-url`"]),
        (FILE_URL, &format!("voucher-hashes = {secret}"), &["podhost.toml:5:18:", "list"]),
        (FILE_URL, &format!("voucher-hashes = [{secret}]"), &["podhost.toml:5:19:", "environment"]),
        ("payInvoice ", "payInvoices ", &["podhost.toml:8:", "payInvoices", "no such service"]),
        ("wallet = ", "walet = ", &["podhost.toml:11:", "`account.shop.stated`", "`walet`"]),
        ("5_000", "-5", &["podhost.toml:11:", "`account.shop.stated`", "rials"]),
        ("[account.shop]", "[recipts]\n[account.shop]", &["podhost.toml:1:2:", "`recipts`"]),
        ("account = \"shop\"", "", &["podhost.toml:13:9:", "`policy.idle`", "`account`"]),
        ("account = \"shop\"", "account = 5", &["podhost.toml:14:11:", "`policy.idle.account`"]),
        ("account = \"shop\"", "account = \"shp\"", &["podhost.toml:14:11:", "`shp`", "`shop`"]),
        ("\"invoices\"", "\"invoice\"", &["podhost.toml:17:10:", "`invoice`"]),
        ("wallets =", "wallet =", &["podhost.toml:18:1:", "policy.idle.capabilities", "wallets"]),
        ("\"PODLAND_WALLET\"]", "\"\"]", &["podhost.toml:18:12:", "PODLAND_WALLET"]),
        ("[20]", "[-20]", &["podhost.toml:19:12:", "policy.idle.capabilities"]),
        ("https://shop.ir/paid*", "https://*.ir/", &["podhost.toml:22:10:", "at the end only"]),
        ("https://shop.ir/paid*", "shop.ir/paid", &["podhost.toml:22:10:", "no URL"]),
        ("rial = 1_000", "rials = 1", &["podhost.toml:25:1:", "policy.idle.budget", "rials"]),
        ("\"10s\"", "\"soon\"", &["podhost.toml:26:8:", "policy.idle.budget", "soon"]),
        ("[policy.idle.budget]", "[policy.idle.budgets]", &["podhost.toml:24:14:", "budgets"]),
        ("[account.shop]", "[account.local]\n[account.shop]", &["podhost.toml:1:", "this name"]),
    ] {
        spoiled(&desk, from, to).failed(2, says);
    }
}

#[test]
fn sources_that_give_nothing() {
    let desk = Desk::new();
    let private = |name: &str, text: &str| {
        let path = desk.file(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    private("empty", "\n");
    private("lines", &format!("{SECRET}\n{SECRET}\n"));
    for (source, says) in [
        (r#"{ env = "NOT_SET" }"#, &["NOT_SET", "not set"][..]),
        (r#"{ env = "BLANK" }"#, &["BLANK", "empty"]),
        (r#"{ file = "nowhere" }"#, &["nowhere", "cannot be read"]),
        (r#"{ file = "empty" }"#, &["empty"]),
        (r#"{ file = "lines" }"#, &["one word"]),
        (r#"{ command = ["no-such-program"] }"#, &["no-such-program", "cannot be run"]),
        (r#"{ command = ["true"] }"#, &["the command true", "empty"]),
        (
            r#"{ command = ["sh", "-c", "echo $SHOP; echo $SHOP >&2; exit 3"] }"#,
            &["the command sh", "exit status: 3"],
        ),
    ] {
        let ended = spoiled(&desk, r#"{ env = "SHOP" }"#, source);
        ended.failed(2, &[&["podhost.toml:3:1: `account.shop.token`"], says].concat());
    }
}

#[test]
fn files_that_others_can_use() {
    let desk = Desk::new();
    let token = desk.file("token", SECRET);
    for mode in [0o640, 0o604, 0o620, 0o660, 0o644] {
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).unwrap();
        let ended = spoiled(&desk, r#"{ env = "SHOP" }"#, r#"{ file = "token" }"#);
        ended.failed(2, &["podhost.toml:3:1:", &token, &format!("{mode:04o}"), "chmod 600"]);
    }
    fs::set_permissions(&token, fs::Permissions::from_mode(0o400)).unwrap();
    let ended = spoiled(&desk, r#"{ env = "SHOP" }"#, r#"{ file = "token" }"#);
    assert_eq!(ended.code, Some(0), "{ended:#?}");

    // It names programs to run: whoever can write it can do what its owner can.
    let config = desk.file("podhost.toml", SOUND);
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).unwrap();
    run(&desk, SOUND).failed(2, &["podhost.toml", "0666", "chmod o-w"]);
}

#[test]
fn exported_keys() {
    let desk = Desk::new();
    let keys = SOUND.replace("[account.shop.api-keys]\npayInvoice = { env = \"KEY\" }\n", "");
    let keys = keys.replace(FILE_URL, "api-keys = { file = \"keys\" }");
    for (export, says) in [
        (format!("payInvoice = {SECRET}\n\n{SECRET}\n"), "line 3"),
        // The other way around.
        (format!("{SECRET} = payInvoice\n"), "line 1: POD has no such service"),
        (format!("payInvoice = {SECRET} {SECRET}\n"), "line 1: one word"),
        (format!(r#"{{"payInvoice": ["{SECRET}"]}}"#), "line 1: a JSON object"),
        (format!(r#"{{"payInvoices": "{SECRET}"}}"#), "payInvoices: POD has no such service"),
    ] {
        let path = desk.file("keys", export);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        run(&desk, &keys).failed(2, &["podhost.toml:5:1: `account.shop.api-keys`", says]);
    }
}
