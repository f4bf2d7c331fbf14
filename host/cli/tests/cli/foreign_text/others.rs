//! What others write: a policy, a scenario, a POD, a podhost.toml.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    thread,
};

use serde_json::{Value, json};

use crate::common::{Desk, SMALL, project};

const SCRIPT: &str = r#"
fn run(input) {
    print(input.words);
    debug(input.words);
    if input.asks {
        send_payment_link_to_user(#{ invoice_id: 501, user_id: 100,
            redirect_uri: "https://shop.ir/paid" });
    }
    if input.fails { throw input.words; }
    let random = if input.is_fickle { get_random_s64() } else { 0 };
    #{ payments: [#{ service: "payInvoiceByInvoice", invoice: 501, rials: 900000, outcome: "paid",
           reference: input.words }],
       keptOut: [#{ invoice: 1, reason: #{ rule: input.words, amounts: #{}, text: input.words } }],
       issuers: [#{ name: input.words }], planOnly: true, words: input.words, random: random,
       deep: [[input.words, #{ deeper: input.words }]] }
}
"#;

/// What may stand in a file's name.
pub fn file_name(words: &str) -> String {
    let mut name = words.replace('/', "");
    name.truncate(name.floor_char_boundary(60));
    format!("f{name}")
}

/// A text's letters by their numbers, as TOML and Rhai have them.
fn by_numbers(words: &str) -> String {
    words.chars().map(|letter| format!("\\U{:08x}", u32::from(letter))).collect()
}

/// A text as a key of TOML.
pub fn toml_key(words: &str) -> String {
    format!("\"{}\"", by_numbers(words))
}

/// A text as TOML has it.
pub fn toml_text(words: &str) -> String {
    toml::Value::from(words).to_string()
}

/// A policy whose files hold the words wherever they may: its folder, and its script.
pub fn policy(desk: &Desk, folder: &str, words: &str) -> (String, String) {
    let script = format!("{}.rhai", file_name(words));
    let manifest = format!(
        "name = {words}\nversion = {words}\nworld = \"policy\"\nentry = {entry}\n\
         [capabilities]\nallow = [\"payments.send-payment-link-to-user\"]\n\
         [budget]\nsms = 1\n[network]\nallow = [\"https://shop.ir/paid\"]\n",
        words = toml_text(words),
        entry = toml_text(&script),
    );
    let script = desk.file(&format!("{folder}/{script}"), SCRIPT);
    let manifest = desk.file(&format!("{folder}/policy.toml"), manifest);
    (manifest.strip_suffix("/policy.toml").unwrap().to_owned(), script)
}

/// A scenario whose texts are the words; the first link that is sent is not answered.
pub fn scenario(desk: &Desk, words: &str) -> String {
    let text = fs::read(project().join(SMALL)).unwrap();
    let mut scenario: Value = serde_json::from_slice(&text).unwrap();
    for party in ["businesses", "users"] {
        for party in scenario[party].as_array_mut().into_iter().flatten() {
            party["name"] = words.into();
        }
    }
    scenario["faults"] =
        json!([{ "service": "sendPaymentLinkToUser", "call": 1, "reset": "after" }]);
    desk.file(&format!("{}.json", file_name(words)), scenario.to_string())
}

/// A POD that answers everything with a refusal in these words. Its address.
pub fn rude_pod(words: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let refusal = json!({
        "hasError": true, "messageId": 0, "referenceNumber": words, "errorCode": 72,
        "message": words, "count": 0, "ott": "ott", "result": null,
    })
    .to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let refusal = refusal.clone();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                let (mut first, mut length) = (String::new(), 0);
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    let lower = line.to_lowercase();
                    if let Some(value) = lower.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if first.is_empty() {
                        first.clone_from(&line);
                    }
                    if line == "\r\n" {
                        let mut body = vec![0; length];
                        reader.read_exact(&mut body).unwrap();
                        let status =
                            if first.contains("/emulator/") { "404 Not Found" } else { "200 OK" };
                        let head = format!(
                            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\
                             content-length: {}\r\nconnection: close\r\n\r\n",
                            refusal.len()
                        );
                        let _ = stream.write_all(format!("{head}{refusal}").as_bytes());
                        return;
                    }
                    line.clear();
                }
            });
        }
    });
    url
}

/// A decider whose reasons are the words, one of them with a text of policy.toml's: its script, beside
/// its manifest.
pub fn decider(desk: &Desk, folder: &str, words: &str) -> String {
    let rule = by_numbers(words);
    let script = format!(
        "fn plan(debts, credits) {{\n    let pair = #{{ creditor_invoice_id: 601, \
         debtor_invoice_id: 501, reason: #{{ rule: \"{rule}\", amounts: [] }} }};\n    \
         let kept_out = #{{ invoice_id: 602, reason: #{{ rule: \"x{rule}\", amounts: [] }} }};\n    \
         #{{ pairs: [pair], kept_out: [kept_out] }}\n}}\n"
    );
    let name = toml_text(words);
    let (key, text) = (toml_key(words), toml_text(&words.replace(['{', '}'], "")));
    let manifest = format!(
        "name = {name}\nversion = {name}\nworld = \"netting\"\nentry = \"decider.rhai\"\n\
         [capabilities]\nallow = [\"payments\", \"invoices\"]\n[budget]\nrial = 10_000_000\n\
         [reasons.{key}]\nen = {text}\nfa = {text}\n"
    );
    desk.file(&format!("{folder}/policy.toml"), manifest);
    desk.file(&format!("{folder}/decider.rhai"), script)
}

/// A podhost.toml whose account and policy are called so.
pub fn operator(desk: &Desk, words: &str, platform: &str) -> String {
    let (name, url) = (toml_text(words), toml_text(platform));
    let key = toml_key(words);
    let text = format!(
        "[account.{key}]\nplatform = {url}\ntoken = {{ env = \"PODHOST_TOKEN\" }}\n\
         [policy.{key}]\naccount = {name}\n\
         capabilities.allow = [\"payments.send-payment-link-to-user\"]\nbudget.sms = 1\n\
         network.allow = [\"https://shop.ir/paid\"]\n"
    );
    desk.file(&format!("{}.{}.toml", file_name(words), platform.len()), text)
}
