//! The words, wherever somebody else's can be, in every command.

use std::{
    fs::{self, DirBuilder, File},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use serde_json::{Value, json};

use super::{
    FORGED,
    asked::{nothing_is_forgotten, whatever_can_be_asked},
    others::{decider, file_name, operator, policy, rude_pod, scenario, toml_key, toml_text},
    watched::Watched,
};
use crate::common::{Desk, Ended, SMALL, Served, killed};

/// What all cases have at hand.
struct Case<'a> {
    words: &'a str,
    watched: Watched<'a>,
    pod: Served,
    /// A policy's folder, and its script. Beside a manifest the script is the same policy; its
    /// interpreter is compiled already.
    folder: String,
    script: String,
    scenario: String,
}

pub fn every_command_is_harmless(words: &str, on_terminals: bool) {
    let desk = Desk::new();
    let name = file_name(words);
    let (folder, script) = policy(&desk, &name, words);
    let scenario = scenario(&desk, words);
    let watched = Watched::new(&desk, &format!("{name}.store"), on_terminals);
    let pod = Served::start(&["--scenario", &scenario]);
    let case = Case { words, watched, pod, folder, script, scenario };
    case.a_store_that_is_taken();
    case.what_a_policy_says();
    case.doubts();
    case.what_the_store_holds();
    case.a_run_that_is_cut_off();
    case.a_policy_that_is_paused();
    case.what_pod_says();
    case.before_anything_is_run();
    case.mistakes();
    whatever_can_be_asked(words, &case.watched);
    case.old_runs();
    case.a_store_that_lost_something();
    nothing_is_forgotten(&case.watched);
}

impl Case<'_> {
    fn input(&self, what: &str) -> String {
        let mut input =
            json!({ "words": self.words, "asks": false, "fails": false, "is_fickle": false });
        if !what.is_empty() {
            input[what] = true.into();
        }
        input.to_string()
    }

    fn on_pod(&self, what: &str, options: &[&str]) -> Ended {
        let input = self.input(what);
        let run = ["run", &self.script, "--platform", self.pod.url(), "--input", &input];
        let arguments = [&run[..], &["--landing-window", "100ms"], options].concat();
        self.watched.see(&arguments)
    }

    /// The last run.
    fn last(&self) -> String {
        self.watched.runs().pop().unwrap()
    }

    /// Another process has the store, for something that it says.
    fn a_store_that_is_taken(&self) {
        let watched = &self.watched;
        DirBuilder::new().mode(0o700).create(&watched.store).unwrap();
        let owner = json!({ "process": 4711, "since": 0, "purpose": self.words });
        let lock = watched.store.join("lock");
        fs::write(&lock, owner.to_string()).unwrap();
        let lock = File::open(lock).unwrap();
        lock.try_lock().unwrap();
        for arguments in [
            &["run", &self.script, "--platform", self.pod.url()][..],
            &["resume"],
            &["settle", "0199"],
            &["unpause", "0199"],
            &["replay", "0199"],
            &["prune", "--before", "0s"],
            &["verify", "--store", "--rebuild"],
        ] {
            let ended = watched.see(&[arguments, &["--no-wait"]].concat());
            assert_eq!(ended.code, Some(5), "{arguments:?}: {ended:#?}");
        }
        watched.see(&["store", "accept", "--by", self.words, "--no-wait"]);
        watched.see(&["resume", "--wait=100ms"]);
        drop(lock);
        fs::remove_dir_all(&watched.store).unwrap();
    }

    /// Answered and logged, in both languages; planned, tried; and why it gave up.
    fn what_a_policy_says(&self) {
        let (words, watched) = (self.words, &self.watched);
        // A key holds nothing that nobody sees, is no longer than 200 bytes, and ends with no blank.
        let is_seen = |letter: &char| letter.is_alphanumeric() || " -_/⏎".contains(*letter);
        let mut key: String = format!("key {words}").chars().filter(is_seen).collect();
        key.truncate(key.floor_char_boundary(199));
        key.push('.');
        let done = self.on_pod("", &["--key", &key]);
        assert_eq!(done.code, Some(0), "{done:#?}");
        assert!(done.stdout.contains("Nothing was paid."), "{done:#?}");
        self.on_pod("", &["--lang", "fa"]);
        self.on_pod("", &["--json"]);
        let dry = self.on_pod("", &["--dry-run", "--build"]);
        assert_eq!(dry.code, Some(0), "{dry:#?}");
        self.on_pod("asks", &["--dry-run"]);
        assert_eq!(self.on_pod("fails", &[]).code, Some(1));
        self.on_pod("", &["--key", &key, "--on-failure", "stop"]);
        let long = format!("{words}{}", "x".repeat(200));
        for refused in [format!("key {words}\n{FORGED} run"), long] {
            assert_eq!(self.on_pod("", &["--key", &refused]).code, Some(2), "{refused:?}");
        }
        let input = self.input("fails");
        let arguments = ["run", &self.script, "--platform", self.pod.url(), "--input", &input];
        let mut command = watched.command(&arguments);
        command.env("PODHOST_LOG", "trace");
        let logged = watched.ended(&arguments, command);
        assert!(logged.stderr.contains("podhost::policy"), "{logged:#?}");

        let decider = decider(watched.desk, "decider", words);
        let decided = ["run", &decider, "--platform", self.pod.url(), "--lang"];
        for (language, how) in
            [("en", "--plan-only"), ("fa", "--plan-only"), ("fa", "--dry-run"), ("en", "--json")]
        {
            let ended = watched.see(&[&decided[..], &[language, how]].concat());
            assert_eq!(ended.code, Some(0), "{ended:#?}");
        }
        let (said, fails, nothing) = (self.input(""), self.input("fails"), "null".to_owned());
        for (policy, input) in [(&self.script, &said), (&self.script, &fails), (&decider, &nothing)]
        {
            watched.look(&["run", policy, "--scenario", &self.scenario, "--input", input]);
        }
    }

    /// Calls in doubt, what a person notes of them, and what an accountant gets.
    fn doubts(&self) {
        let (words, watched) = (self.words, &self.watched);
        let doubted = self.on_pod("asks", &[]);
        assert_eq!(doubted.code, Some(4), "{doubted:#?}");
        let run = self.last();
        watched.look(&["settle", &run]);
        watched.see(&["settle", &run, "--json"]);
        watched.look(&["doubts"]);
        watched.see(&["doubts", "--json"]);
        let note = format!("note {words}");
        let by = ["--note", &note, "--by", words];
        let happened = ["settle", &run, "--happened", "--reference", words];
        let corrected = ["settle", &run, "--step", "0", "--not-happened", "--no-wait"];
        for settled in [&happened[..], &corrected[..]] {
            let settled = watched.see(&[settled, &by].concat());
            assert_eq!(settled.code, Some(0), "{settled:#?}");
        }
        watched.see(&["doubts"]);
        watched.look(&["statement"]);
        for format in ["csv", "json"] {
            let statement = watched.look(&["statement", "--format", format]);
            assert!(statement.stdout.contains("sendPaymentLinkToUser"), "{statement:#?}");
        }
        watched.see(&["statement", "--account", words]);
    }

    fn what_the_store_holds(&self) {
        let (words, watched) = (self.words, &self.watched);
        let runs = watched.runs();
        let first = runs[0].as_str();
        for run in &runs {
            watched.see(&["show", run]);
            watched.see(&["replay", run]);
        }
        watched.look(&["show", runs.last().unwrap()]);
        watched.see(&["show", first, "--json"]);
        watched.see(&["explain", first]);
        watched.see(&["explain", first, "--lang", "fa"]);
        watched.look(&["replay", first, "--policy", &self.script, "--build"]);
        watched.see(&["replay", first, "--json", "--no-wait"]);
        let idle =
            watched.desk.file("idle.rhai", "fn run(input) { send_payment_link_to_user(#{}) }");
        watched.see(&["replay", first, "--policy", &idle]);
        watched.look(&["runs"]);
        watched.see(&["runs", "--json"]);
        for filter in ["--policy", "--account", "--key", "--since", "--status"] {
            watched.see(&["runs", filter, words]);
        }

        let receipt = watched.see(&["show", first, "--receipt"]);
        let mut receipt: Value = serde_json::from_str(&receipt.stdout).unwrap();
        receipt["policy"]["name"] = words.into();
        let changed = watched.desk.file("changed.json", receipt.to_string());
        watched.look(&["verify", &changed]);
        receipt["run"] = words.into();
        let other = format!("{}.receipt", file_name(words));
        let other = watched.desk.file(&other, receipt.to_string());
        watched.see(&["verify", &other]);
        let whole = watched.look(&["verify", "--store"]);
        assert_eq!(whole.code, Some(0), "{whole:#?}");
        watched.see(&["verify", "--store", "--json"]);
        watched.see(&["verify", "--store", "--rebuild"]);
        let copy = watched.path(&format!("{}.copy", file_name(words)));
        assert_eq!(watched.see(&["backup", &copy]).code, Some(0));
        watched.see(&["backup", &copy]);
    }

    /// It goes on.
    fn a_run_that_is_cut_off(&self) {
        let watched = &self.watched;
        let asks = self.input("asks");
        let run = ["run", &self.script, "--platform", self.pod.url(), "--input", &asks];
        killed(watched.command(&run), "0:after-intent");
        watched.look(&["doubts"]);
        watched.see(&["resume", "--landing-window", "100ms"]);
        watched.see(&["resume", self.words]);
        watched.see(&["resume", "--json"]);
    }

    fn a_policy_that_is_paused(&self) {
        let watched = &self.watched;
        let is_paused = |ended: &Ended| ended.stdout.contains("paused: ");
        for _ in 0..10 {
            self.on_pod("fails", &[]);
        }
        assert_eq!(self.on_pod("fails", &[]).code, Some(6));
        assert_eq!(self.on_pod("", &["--json"]).code, Some(6));
        for arguments in [&["runs"][..], &["check", &self.script]] {
            let shown = watched.look(arguments);
            assert!(is_paused(&shown), "{shown:#?}");
            watched.see(&[arguments, &["--json"]].concat());
        }
        let run = self.last();
        assert_eq!(watched.see(&["unpause", &run]).code, Some(0));
        watched.see(&["unpause", self.words]);
        assert!(!is_paused(&watched.see(&["runs"])));
    }

    /// One that answers in these words only; and one that is forked.
    fn what_pod_says(&self) {
        let (words, watched) = (self.words, &self.watched);
        let rude = rude_pod(words);
        for how in [&[][..], &["--dry-run"], &["--plan-only"]] {
            let run = ["run", "plugins/netting/netting.rhai", "--platform", &rude];
            let refused = watched.see(&[&run[..], how].concat());
            assert_ne!(refused.code, Some(0), "{refused:#?}");
        }
        watched.see(&["run", "plugins/netting", "--scenario", &self.scenario]);

        for platform in [self.pod.url(), &rude] {
            let config = operator(watched.desk, words, platform);
            let fork =
                ["emulator", "--listen", "127.0.0.1:0", "--fork", words, "--config", &config];
            watched.note(&fork);
            watched.served(&fork, watched.command(&fork), |addresses| {
                let addresses: Value = serde_json::from_str(addresses).unwrap();
                assert_eq!(addresses["token"], words);
                let fork = addresses["platform"].as_str().unwrap();
                watched.see(&["run", &self.script, "--platform", fork]);
            });
        }
    }

    /// What is looked at before anything is run, and runs for an account of that name.
    fn before_anything_is_run(&self) {
        let (words, watched) = (self.words, &self.watched);
        let config = operator(watched.desk, words, self.pod.url());
        watched.look(&["check", &self.folder]);
        watched.see(&["check", &self.folder, "--json"]);
        watched.see(&["check", &self.folder, "--build"]);
        watched.see(&["check", &self.folder, "--config", &config]);
        watched.look(&["check", &self.folder, "--account", words, "--config", &config]);
        let input = self.input("");
        let run = ["run", &self.script, "--account", words, "--config", &config, "--input", &input];
        let ran = watched.see(&run);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        watched.look(&["runs", "--account", words]);
        watched.see(&["statement", "--account", words]);
        watched.see(&["show", &self.last(), "--config", &config]);
        watched.see(&["build", &self.folder]);
        watched.see(&["build", words]);
        let fickle = json!({ "words": words, "asks": true, "fails": false, "is_fickle": true });
        let fickle = fickle.to_string();
        let crashed = ["crashtest", &self.script, "--scenario", &self.scenario, "--kills", "1"];
        for how in ["--build", "--json"] {
            watched.see(&[&crashed[..], &["--input", &fickle, how]].concat());
        }
    }

    /// In files and in arguments.
    fn mistakes(&self) {
        let (words, watched) = (self.words, &self.watched);
        let (desk, name) = (watched.desk, toml_text(words));
        for (name, text) in [
            ("policy.toml", format!("{} = 1\n", toml_key(words))),
            ("policy.toml", format!("name = \"a\"\nversion = {name}\nworld = {name}\n")),
            ("policy.toml", format!("# {words}\nname = ?")),
            ("a.rhai", format!("fn run(input) {{\n/* {words} */ let 1 = \"{words}\"; }}")),
        ] {
            let file = desk.file(&format!("mistaken/{name}"), text);
            let policy = file.strip_suffix("/policy.toml").unwrap_or(&file);
            watched.look(&["check", policy]);
            watched.see(&["run", policy, "--scenario", SMALL]);
            fs::remove_file(&file).unwrap();
        }
        for text in [
            json!({ words: words }).to_string(),
            json!({ "businesses": [{ "id": words }] }).to_string(),
            format!("/* {words}"),
        ] {
            let file = desk.file(&format!("{}.mistaken.json", file_name(words)), text);
            watched.see(&["run", &self.script, "--scenario", &file]);
            watched.see(&["verify", &file]);
        }
        for text in [
            format!("{} = 1\n", toml_key(words)),
            format!("[account.a]\nplatform = {name}\n"),
            format!("[operator]\nname = {name}\nother = {name}\n"),
            format!("# {words}\n[?"),
        ] {
            let config = desk.file(&format!("{}.mistaken.toml", file_name(words)), text);
            watched.look(&["check", &self.script, "--config", &config]);
        }
        for variable in ["RUST_LOG", "PODHOST_LOG"] {
            let mut command = watched.command(&["runs"]);
            command.env(variable, words);
            // Some words are a filter: the name of a module that there is not.
            let ended = watched.ended(&["runs"], command);
            assert!(matches!(ended.code, Some(0 | 2)), "{variable}: {ended:#?}");
        }
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            assert_eq!(watched.look(&["completions", shell]).code, Some(0), "{shell}");
        }
        let expected = json!({ "log": words, words: [words] }).to_string();
        fs::write(Path::new(&self.scenario).with_extension("expected.json"), expected).unwrap();
        let nowhere = format!("nowhere/{words}");
        for arguments in [
            &["run", words][..],
            &["test", words],
            &["test", &self.script, "--scenario", &self.scenario, "--json", "--build"],
            &["test", &nowhere, "--watch"],
            &["test", &self.script, "--scenario", &nowhere, "--update"],
            &["test", &self.script, "--scenario", &self.scenario],
            &["new", &nowhere, "--world", "netting"],
            &["run", &self.script, "--scenario", words],
            &["run", &self.script, "--platform", words],
            &["run", &self.script, "--input", words],
            &["run", &self.script, "--input", &format!("@{words}")],
            &["run", &self.script, "--lang", words],
            &["run", &self.script, words],
            &["show", words],
            &["verify", words],
            &["prune", "--before", words],
            &["crashtest", words],
            &["emulator", "--scenario", words],
            &["emulator", "--listen", words],
            &["completions", words],
            &["help", words],
            &["store", words],
            &[words],
        ] {
            assert_ne!(watched.look(arguments).code, Some(0), "{arguments:?}");
        }
    }

    /// They go to an archive, which is a store.
    fn old_runs(&self) {
        let watched = &self.watched;
        let run = watched.runs().swap_remove(0);
        let archive = watched.path(&format!("{}.archive", file_name(self.words)));
        let prune = ["prune", "--before", "0s", "--archive", &archive];
        let pruned = watched.see(&prune);
        assert_eq!(pruned.code, Some(0), "{pruned:#?}");
        assert!(!pruned.stdout.starts_with("0 runs"), "{pruned:#?}");
        watched.see(&["show", &run]);
        let last = watched.see(&["prune", "--before", "0s"]);
        assert_eq!(last.code, Some(0), "{last:#?}");
        for command in [&["runs"][..], &["show", &run], &["statement"], &["verify"], &["doubts"]] {
            watched.look(&[command, &["--store", &archive]].concat());
        }
    }

    /// What says how far it was written is gone, and a person trusts it all the same.
    fn a_store_that_lost_something(&self) {
        let (words, watched) = (self.words, &self.watched);
        assert_eq!(self.on_pod("", &[]).code, Some(0));
        watched.remove("journal.high-water");
        for command in [&["runs"][..], &["check", &self.script], &["verify", "--store"]] {
            let told = watched.look(command);
            assert!(told.stderr.contains("older or shorter"), "{told:#?}");
        }
        assert_eq!(self.on_pod("", &[]).code, Some(3));
        let accept = ["store", "accept", "--by", words, "--note", words];
        assert_eq!(watched.see(&accept).code, Some(0));
        watched.see(&[&accept[..], &["--json"]].concat());
        watched.remove("journal.high-water");
        watched.see(&[&accept[..], &["--json"]].concat());
        watched.look(&["runs"]);
        assert_eq!(self.on_pod("", &[]).code, Some(0));
    }
}
