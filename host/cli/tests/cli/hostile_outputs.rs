//! The part of the hostile corpus that attacks after the sandbox, `tests/hostile/outputs`: what a policy
//! says is printed, exported and kept, and must be told apart from what the host says, move nothing on a
//! terminal, and leave no card's number behind.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::Value;

use crate::common::{Desk, Ended, attacks, files, podhost, project, verdict};

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
    /// The program's arguments, one after the other; `POLICY` stands for the folder.
    commands: Vec<String>,
    /// How those that run the policy end.
    #[serde(default)]
    exits: i32,
    /// What is neither shown nor kept.
    #[serde(default)]
    never: Vec<String>,
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

/// The policy's words begin no line: on stdout they stand behind the gutter, on stderr in a frame or
/// indented.
fn tells_the_policys_words_apart(name: &str, line: &str, ended: &Ended) {
    for shown in ended.stdout.lines().filter(|shown| shown.contains(MARK)) {
        assert!(shown.starts_with(GUTTER), "{name}: {line}: {shown}\n{}", ended.stdout);
    }
    for shown in ended.stderr.lines().filter(|shown| shown.contains(MARK)) {
        assert!(shown.starts_with(' '), "{name}: {line}: {shown}\n{}", ended.stderr);
    }
    let host_is_first = |stdout: &str| {
        let first = stdout.lines().position(|shown| shown.starts_with(GUTTER));
        stdout.lines().take(first.unwrap_or(0)).any(|shown| shown == "Nothing was paid.")
    };
    if line.starts_with("run ") && ended.stdout.contains(GUTTER) {
        assert!(host_is_first(&ended.stdout), "{name}: {line}: {}", ended.stdout);
    }
}

fn attack(folder: &Path) {
    let name = folder.file_name().unwrap().display().to_string();
    let verdict: Verdict = verdict(folder);
    assert!(!verdict.attacks.is_empty() && !verdict.commands.is_empty(), "{name}");

    let desk = Desk::new();
    let policy = desk.copy(&folder.join("policy"));
    for line in &verdict.commands {
        let arguments =
            line.split(' ').map(|word| word.replace("POLICY", policy.to_str().unwrap()));
        let mut command = podhost();
        command.args(arguments).env("PODHOST_STORE", desk.store());
        command.env("PODHOST_CACHE", project().join("target/test-components"));
        let ended: Ended = command.output().unwrap().into();
        let expected = if line.starts_with("run ") { verdict.exits } else { 0 };
        assert_eq!(ended.code, Some(expected), "{name}: {line}: {ended:#?}");
        shows_only_text(&name, line, &ended.stderr);
        if line.contains("json") {
            // For a program, to which a text is nothing but a text.
            let shown: Result<Value, _> = serde_json::from_str(&ended.stdout);
            assert!(shown.is_ok(), "{name}: {line}: {}", ended.stdout);
        } else {
            shows_only_text(&name, line, &ended.stdout);
            tells_the_policys_words_apart(&name, line, &ended);
        }
        for word in &verdict.never {
            assert!(!ended.stdout.contains(word), "{name}: {line}: {}", ended.stdout);
            assert!(!ended.stderr.contains(word), "{name}: {line}: {}", ended.stderr);
        }
    }
    for file in files(&desk.store()).into_iter().filter(|file| file.is_file()) {
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
    assert!(attacks.len() >= 7, "{attacks:#?}");
    for folder in attacks {
        println!("{}", folder.display());
        attack(&folder);
    }
}
