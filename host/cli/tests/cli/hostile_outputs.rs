//! The part of the hostile corpus that attacks after the sandbox, `tests/hostile/outputs`: what a policy
//! says is printed, exported and kept, and must be told apart from what the host says, move nothing on a
//! terminal, and leave no card's number behind.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::Value;

use crate::common::{Desk, Ended, Served, attacks, files, formulas, podhost, project, verdict};

/// What every attack has in its words, so that they are found wherever they are shown.
const MARK: &str = "FORGED";

/// What begins a line of the policy's on stdout.
const GUTTER: &str = "policy │";

/// What must come of an attack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    /// What it attacks, in one line.
    attacks: String,
    /// The program's arguments, one after the other; `POLICY` stands for the folder, `RUN` for the
    /// last run, `PLATFORM` for a platform of its own.
    commands: Vec<Line>,
    /// How those that run the policy end.
    #[serde(default)]
    exits: i32,
    /// What is neither shown nor kept.
    #[serde(default)]
    never: Vec<String>,
    /// Are its words names, keys and notes? They stand within lines of the host's then.
    #[serde(default)]
    names: bool,
}

/// A command: its arguments, or all of them in one text, with blanks between them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Whole(String),
    Apart(Vec<String>),
}

impl Line {
    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Whole(line) => line.split(' ').map(str::to_owned).collect(),
            Self::Apart(arguments) => arguments.clone(),
        }
    }
}

/// Isolates keep a foreign text's direction of writing to itself; nothing else of this kind is shown.
fn moves_something(letter: char) -> bool {
    let is_break = matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}');
    let is_override = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2067}');
    (letter.is_control() && letter != '\n') || is_break || is_override
}

fn shows_only_text(name: &str, line: &str, stream: &str) {
    let found = stream.chars().find(|letter| moves_something(*letter));
    assert_eq!(found, None, "{name}: {line}: {stream}");
}

/// The policy's words begin no line: on stdout they stand behind the gutter, on stderr there, too, or in a
/// frame.
fn tells_the_policys_words_apart(name: &str, line: &str, ended: &Ended) {
    for shown in ended.stdout.lines().filter(|shown| shown.contains(MARK)) {
        assert!(shown.starts_with(GUTTER), "{name}: {line}: {shown}\n{}", ended.stdout);
    }
    for shown in ended.stderr.lines().filter(|shown| shown.contains(MARK)) {
        let is_apart = shown.starts_with(' ') || shown.starts_with(GUTTER);
        assert!(is_apart, "{name}: {line}: {shown}\n{}", ended.stderr);
    }
    let host_is_first = |stdout: &str| {
        let first = stdout.lines().position(|shown| shown.starts_with(GUTTER));
        stdout.lines().take(first.unwrap_or(0)).any(|shown| shown == "Nothing was paid.")
    };
    if line.starts_with("run ") && ended.stdout.contains(GUTTER) {
        assert!(host_is_first(&ended.stdout), "{name}: {line}: {}", ended.stdout);
    }
}

/// Names stand where the host says them, and begin no line of their own.
fn names_begin_no_line(name: &str, line: &str, ended: &Ended) {
    for shown in ended.stdout.lines().chain(ended.stderr.lines()) {
        assert!(!shown.trim_start().starts_with(MARK), "{name}: {line}: {ended:#?}");
    }
}

/// A hostile policy at work: its folder, its store, and a platform, if it asks for one.
struct Range {
    desk: Desk,
    policy: String,
    platform: Option<Served>,
}

impl Range {
    fn open(folder: &Path, verdict: &Verdict) -> Self {
        let desk = Desk::new();
        let policy = desk.copy(&folder.join("policy")).to_str().unwrap().to_owned();
        let mut arguments = verdict.commands.iter().flat_map(Line::arguments);
        let platform = arguments
            .any(|argument| argument == "PLATFORM")
            .then(|| Served::start(&["--scenario", &format!("{policy}/scenario.json")]));
        Self { desk, policy, platform }
    }

    fn ask(&self, arguments: &[String]) -> Ended {
        let mut command = podhost();
        command.args(arguments).env("PODHOST_STORE", self.desk.store());
        command.env("PODHOST_CACHE", project().join("target/test-components"));
        command.env("PODHOST_TOKEN", "shop-api-token");
        command.env("XDG_CONFIG_HOME", self.desk.folder.path().join("settings"));
        command.output().unwrap().into()
    }

    /// What a verdict's argument stands for.
    fn meant(&self, argument: &str) -> String {
        match argument {
            "RUN" => {
                let listed = self.ask(&["runs".to_owned(), "--json".to_owned()]).json();
                let last = listed["runs"].as_array().unwrap().last().unwrap();
                last["run"].as_str().unwrap().to_owned()
            }
            "PLATFORM" => self.platform.as_ref().unwrap().url().to_owned(),
            argument => argument.replace("POLICY", &self.policy),
        }
    }
}

fn attack(folder: &Path) {
    let name = folder.file_name().unwrap().display().to_string();
    let verdict: Verdict = verdict(folder);
    assert!(!verdict.attacks.is_empty() && !verdict.commands.is_empty(), "{name}");

    let range = Range::open(folder, &verdict);
    for line in &verdict.commands {
        let arguments = line.arguments();
        let line = arguments.join(" ");
        let arguments: Vec<String> = arguments.iter().map(|one| range.meant(one)).collect();
        let ended = range.ask(&arguments);
        let expected = if line.starts_with("run ") { verdict.exits } else { 0 };
        assert_eq!(ended.code, Some(expected), "{name}: {line}: {ended:#?}");
        shows_only_text(&name, &line, &ended.stderr);
        if line.contains("json") {
            // For a program, to which a text is nothing but a text.
            let shown: Result<Value, _> = serde_json::from_str(&ended.stdout);
            assert!(shown.is_ok(), "{name}: {line}: {}", ended.stdout);
        } else {
            shows_only_text(&name, &line, &ended.stdout);
            if verdict.names {
                names_begin_no_line(&name, &line, &ended);
            } else {
                tells_the_policys_words_apart(&name, &line, &ended);
            }
        }
        if line.ends_with("csv") {
            assert!(ended.stdout.contains(MARK), "{name}: {line}: {}", ended.stdout);
            let found = formulas(&ended.stdout);
            assert!(found.is_empty(), "{name}: {line}: {found:?}");
        }
        for word in &verdict.never {
            assert!(!ended.stdout.contains(word), "{name}: {line}: {}", ended.stdout);
            assert!(!ended.stderr.contains(word), "{name}: {line}: {}", ended.stderr);
        }
    }
    for file in files(&range.desk.store()).into_iter().filter(|file| file.is_file()) {
        let kept = fs::read(&file).unwrap();
        for word in &verdict.never {
            let found = kept.windows(word.len()).any(|bytes| bytes == word.as_bytes());
            assert!(!found, "{name}: {word} lies in {}", file.display());
        }
    }
}

#[test]
fn what_a_policy_says_stays_what_a_policy_says() {
    let attacks = attacks("outputs");
    assert!(attacks.len() >= 10, "{attacks:#?}");
    for folder in attacks {
        println!("{}", folder.display());
        attack(&folder);
    }
}
