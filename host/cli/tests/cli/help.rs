//! What the program says of itself.

use crate::common::{Ended, podhost};

fn help(arguments: &[&str]) -> String {
    let ended: Ended = podhost().args(arguments).output().unwrap().into();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(ended.stderr, "");
    ended.stdout
}

#[test]
fn commands_and_exit_codes_are_listed() {
    let text = help(&["--help"]);
    for said in
        ["run", "emulator", "build", "completions", "Exit codes:", "0  done", "3  the", "6  the"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn each_command_has_help_with_its_options() {
    for (command, options) in [
        (
            "run",
            &[
                "--platform",
                "--account",
                "--config",
                "PODHOST_TOKEN",
                "--scenario",
                "--input",
                "--json",
                "--store",
                "--cache",
                "--wait[=<TIME>]",
                "--no-wait",
                "Examples:",
            ][..],
        ),
        ("resume", &["--no-wait", "most urgent exit code"]),
        ("emulator", &["--listen", "--data", "--scenario", "127.0.0.1:8044"]),
        ("build", &["rustup target add", "rustc-web"]),
        ("explain", &["--html", "--lang"]),
        ("new", &["--world", "loan-plan"]),
        ("test", &["--update", "--watch", "--junit", "Exit code 0"]),
        ("check", &["--account", "--config", "--json", "[policy.NAME]", "Exit code 0"]),
        ("completions", &["bash", "zsh", "fish"]),
    ] {
        let text = help(&[command, "--help"]);
        for option in options {
            assert!(text.contains(option), "{command}: {option}: {text}");
        }
    }
}

#[test]
fn the_version_is_the_crates() {
    for arguments in [&["--version"][..], &["run", "--version"]] {
        assert!(help(arguments).trim_end().ends_with(env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = help(&["completions", shell]);
        for word in ["podhost", "run", "emulator", "scenario"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bad_usage_exits_2() {
    for (arguments, says) in
        [(&[][..], "Usage: podhost"), (&["rnu"], "'rnu'"), (&["completions", "cmd"], "bash")]
    {
        let ended: Ended = podhost().args(arguments).output().unwrap().into();
        ended.failed(2, &[says]);
    }
}
