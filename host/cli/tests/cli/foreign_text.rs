//! Whatever anybody else wrote is text on a terminal, in every command: it moves no cursor, hides
//! nothing, changes no order, and poses as no line of the host's.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

use proptest::{
    prelude::{Strategy as _, proptest},
    sample::select,
    test_runner::Config,
};
use serde_json::{Value, json};

use crate::common::{Desk, Ended, SMALL, Served, podhost, project};

const TOKEN: &str = "shop-api-token";

/// Letters of a line at most, and what says how many more there are.
const LONGEST: usize = 4_100;

/// What begins no line of the host's.
const FORGED: &str = "FORGED";

/// Words that would do harm.
const HOSTILE: &[&str] = &[
    "\u{1b}[31m",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{1b}]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{9b}31m",
    "\u{9d}52;c;ZXZpbA==\u{9c}",
    "\u{8}\u{8}\u{8}\u{8}",
    "\u{7f}",
    "\rFORGED run 0199: done",
    "\nFORGED podhost: nothing was paid",
    "\r\nFORGED payInvoiceByInvoice 501 900,000",
    "\u{b}FORGED What changed",
    "\u{c}FORGED Nothing was paid.",
    "\u{85}FORGED In doubt",
    "\u{2028}FORGED policy",
    "\u{2029}FORGED Settled by a person",
    "\u{202e}000,009\u{202c}",
    "\u{202d}1,000\u{202c}",
    "\u{2066}a\u{2069}",
    "\u{2067}a\u{2069}",
    "\u{2068}",
    "\u{2069}\u{2069}",
    "\u{200e}\u{200f}\u{61c}",
    "\u{200b}\u{feff}\u{2060}\u{ad}",
    "1\u{200c}0\u{200d}0",
    "\u{e0041}\u{e007f}",
    "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "می‌شود ۱۰۰٬۰۰۰ ریال",
    "“متن”",
    "\"'`\\{}%s",
];

fn hostile() -> impl proptest::strategy::Strategy<Value = String> {
    let words = proptest::collection::vec(select(HOSTILE), 1..10);
    let length = select(vec![1, 1, 1, 2_000]);
    (words, length).prop_map(|(words, length)| format!("{}{}", words.concat(), "x".repeat(length)))
}

/// What may stand in a file's name.
fn file_name(words: &str) -> String {
    let mut name = words.replace('/', "");
    name.truncate(name.floor_char_boundary(60));
    format!("f{name}")
}

fn assert_harmless(arguments: &[&str], ended: &Ended) {
    assert!(!ended.stderr.contains("panicked"), "{arguments:?}: {ended:#?}");
    for line in [&ended.stdout, &ended.stderr].into_iter().flat_map(|stream| stream.split('\n')) {
        let told = || format!("{arguments:?}: {line:?}");
        assert!(!line.starts_with(FORGED), "{}", told());
        assert!(line.chars().count() <= LONGEST, "{}", told());
        let (mut open, mut marks, mut before) = (0, 0, ' ');
        for letter in line.chars() {
            match letter {
                '\u{2068}' => open += 1,
                '\u{2069}' => {
                    assert!(open > 0, "an isolate that is not begun: {}", told());
                    open -= 1;
                }
                '\u{200c}' | '\u{200d}' => {
                    assert!(before.is_alphabetic() && !before.is_ascii(), "{}", told());
                }
                '\u{301}' => marks += 1,
                '\u{61c}'
                | '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e0fff}' => panic!("{letter:?} is shown: {}", told()),
                letter => {
                    assert!(!letter.is_control(), "{letter:?} is shown: {}", told());
                    marks = 0;
                }
            }
            assert!(marks <= 4, "marks reach into other lines: {}", told());
            before = letter;
        }
        assert_eq!(open, 0, "an isolate that is not ended: {}", told());
    }
}

/// Runs commands on a desk's store, and looks at all that they print.
struct Watched<'a> {
    desk: &'a Desk,
}

impl Watched<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podhost();
        command.args(arguments);
        command.env("XDG_CONFIG_HOME", self.desk.folder.path().join("settings"));
        command.env("PODHOST_STORE", self.desk.store());
        command.env("PODHOST_CACHE", project().join("target/test-components"));
        command.env("PODHOST_TOKEN", TOKEN);
        command
    }

    fn ended(&self, arguments: &[&str], mut command: Command) -> Ended {
        let ended = command.output().unwrap().into();
        assert_harmless(arguments, &ended);
        ended
    }

    fn see(&self, arguments: &[&str]) -> Ended {
        self.ended(arguments, self.command(arguments))
    }

    /// The ids of all runs.
    fn runs(&self) -> Vec<String> {
        let listed: Ended = self.command(&["runs", "--json"]).output().unwrap().into();
        let listed = listed.json();
        let runs = listed["runs"].as_array().unwrap().iter();
        runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect()
    }
}

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

fn toml_text(words: &str) -> String {
    toml::Value::from(words).to_string()
}

/// A policy whose files hold the words wherever they may: its folder, and its script.
fn policy(desk: &Desk, folder: &str, words: &str) -> (String, String) {
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
fn scenario(desk: &Desk, words: &str) -> String {
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
fn rude_pod(words: &str) -> String {
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

/// The words, wherever somebody else's can be, in every command.
fn every_command_is_harmless(words: &str) {
    let desk = Desk::new();
    let watched = Watched { desk: &desk };
    // Beside a manifest a script is the same policy; its interpreter is compiled already.
    let (folder, script) = policy(&desk, &file_name(words), words);
    let scenario = scenario(&desk, words);
    let pod = Served::start(&["--scenario", &scenario]);
    let input = |what: &str| {
        let mut input =
            json!({ "words": words, "asks": false, "fails": false, "is_fickle": false });
        if !what.is_empty() {
            input[what] = true.into();
        }
        input.to_string()
    };
    let on_pod = |what: &'static str, options: &[&str]| {
        let input = input(what);
        let run = ["run", &script, "--platform", pod.url(), "--input", &input];
        let arguments = [&run[..], &["--landing-window", "100ms"], options].concat();
        watched.see(&arguments)
    };
    let lang = ["--lang", "fa"];
    // A key holds no control characters, is no longer than 200 bytes, and ends with no blank.
    let mut key: String =
        format!("key {words}").chars().filter(|letter| !letter.is_control()).collect();
    key.truncate(key.floor_char_boundary(199));
    key.push('.');

    // What the policy says, answered and logged, in both languages; and why it gave up.
    let done = on_pod("", &["--key", &key]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.stdout.contains("Nothing was paid."), "{done:#?}");
    on_pod("", &lang);
    assert_eq!(on_pod("fails", &[]).code, Some(1));
    on_pod("", &["--key", &key, "--on-failure", "stop"]);
    for refused in [format!("key {words}\n{FORGED} run"), format!("{words}{}", "x".repeat(200))] {
        assert_eq!(on_pod("", &["--key", &refused]).code, Some(2), "{refused:?}");
    }
    let logged = {
        let input = input("fails");
        let arguments = ["run", &script, "--platform", pod.url(), "--input", &input];
        let mut command = watched.command(&arguments);
        command.env("PODHOST_LOG", "trace");
        watched.ended(&arguments, command)
    };
    assert!(logged.stderr.contains("podhost::policy"), "{logged:#?}");

    // A call in doubt, and what a person notes of it.
    let doubted = on_pod("asks", &[]);
    assert_eq!(doubted.code, Some(4), "{doubted:#?}");
    let runs = watched.runs();
    let run = runs.last().unwrap().as_str();
    watched.see(&["settle", run]);
    let note = format!("note {words}");
    watched.see(&["doubts"]);
    let settled = ["settle", run, "--happened", "--reference", words, "--note", &note];
    let settled = watched.see(&[&settled[..], &["--by", words]].concat());
    assert_eq!(settled.code, Some(0), "{settled:#?}");
    watched.see(&["doubts"]);
    watched.see(&["statement"]);
    watched.see(&["statement", "--account", words]);

    // What the store holds.
    for run in &runs {
        watched.see(&["show", run]);
        watched.see(&["replay", run]);
    }
    watched.see(&["replay", &runs[0], "--policy", &script]);
    let idle = desk.file("idle.rhai", "fn run(input) { send_payment_link_to_user(#{}) }");
    watched.see(&["replay", &runs[0], "--policy", &idle]);
    watched.see(&["runs"]);
    for filter in ["--policy", "--account", "--key", "--since", "--status"] {
        watched.see(&["runs", filter, words]);
    }
    watched.see(&["unpause", &runs[0]]);
    let receipt = watched.command(&["show", &runs[0], "--receipt"]).output().unwrap();
    let mut receipt: Value = serde_json::from_slice(&receipt.stdout).unwrap();
    receipt["policy"]["name"] = words.into();
    let changed = desk.file("changed.json", receipt.to_string());
    watched.see(&["verify", &changed]);
    receipt["run"] = words.into();
    let other = desk.file(&format!("{}.receipt", file_name(words)), receipt.to_string());
    watched.see(&["verify", &other]);
    let copy = desk.folder.path().join(format!("{}.copy", file_name(words)));
    let copy = copy.to_str().unwrap();
    assert_eq!(watched.see(&["backup", copy]).code, Some(0));
    watched.see(&["backup", copy]);

    // A run that is cut off, and goes on.
    let asks = input("asks");
    let mut child = watched
        .command(&["run", &script, "--platform", pod.url(), "--input", &asks])
        .env("PODHOST_HOLD_AT", "0:after-intent")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    child.kill().unwrap();
    child.wait().unwrap();
    watched.see(&["resume", "--landing-window", "100ms"]);
    watched.see(&["resume", words]);

    // What POD says.
    let rude = rude_pod(words);
    let refused = watched.see(&["run", "plugins/netting/netting.rhai", "--platform", &rude]);
    assert_ne!(refused.code, Some(0), "{refused:#?}");
    watched.see(&["run", "plugins/netting", "--scenario", &scenario]);

    // What is looked at before anything is run.
    let name = toml_text(words);
    let config = desk.file(
        &format!("{}.toml", file_name(words)),
        format!(
            "[account.{account}]\nplatform = {url}\ntoken = {{ env = \"PODHOST_TOKEN\" }}\n\
             [policy.{account}]\naccount = {name}\n",
            account = Value::from(words),
            url = toml_text(pod.url()),
        ),
    );
    watched.see(&["check", &folder]);
    watched.see(&["check", &folder, "--config", &config]);
    watched.see(&["check", &folder, "--account", words, "--config", &config]);
    watched.see(&["run", &script, "--account", words, "--config", &config]);
    watched.see(&["build", &folder]);
    watched.see(&["build", words]);
    let crashed = ["crashtest", &script, "--scenario", &scenario, "--kills", "1", "--input"];
    let fickle = json!({ "words": words, "asks": true, "fails": false, "is_fickle": true });
    watched.see(&[&crashed[..], &[fickle.to_string().as_str()]].concat());

    // Mistakes in files and arguments.
    for (name, text) in [
        ("policy.toml", format!("{} = 1\n", Value::from(words))),
        ("policy.toml", format!("name = \"a\"\nversion = {name}\nworld = {name}\n")),
        ("policy.toml", format!("# {words}\nname = ?")),
        ("a.rhai", format!("fn run(input) {{\n/* {words} */ let 1 = \"{words}\"; }}")),
    ] {
        let file = desk.file(&format!("mistaken/{name}"), text);
        let policy = file.strip_suffix("/policy.toml").unwrap_or(&file);
        watched.see(&["run", policy, "--scenario", SMALL]);
        fs::remove_file(&file).unwrap();
    }
    for text in [
        json!({ words: words }).to_string(),
        json!({ "businesses": [{ "id": words }] }).to_string(),
        format!("/* {words}"),
    ] {
        let file = desk.file(&format!("{}.mistaken.json", file_name(words)), text);
        watched.see(&["run", &script, "--scenario", &file]);
        watched.see(&["verify", &file]);
    }
    for arguments in [
        &["run", words][..],
        &["run", &script, "--scenario", words],
        &["run", &script, "--platform", words],
        &["run", &script, "--input", words],
        &["run", &script, "--input", &format!("@{words}")],
        &["run", &script, "--lang", words],
        &["run", &script, words],
        &["show", words],
        &["verify", words],
        &["prune", "--before", words],
        &["crashtest", words],
        &["emulator", "--scenario", words],
        &["emulator", "--listen", words],
        &[words],
    ] {
        assert_ne!(watched.see(arguments).code, Some(0), "{arguments:?}");
    }
    let mut help = watched.command(&["run", "--help"]);
    help.env("PODHOST_CACHE", words);
    watched.ended(&["run", "--help"], help);
}

#[test]
fn nothing_that_somebody_else_wrote_does_harm() {
    every_command_is_harmless(&HOSTILE.concat());
}

proptest! {
    #![proptest_config(Config { cases: 2, max_shrink_iters: 8, ..Config::default() })]

    #[test]
    fn no_words_do_harm(words in hostile()) {
        every_command_is_harmless(&words);
    }
}
