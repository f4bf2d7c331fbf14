//! Commands that a person is to type next. They name the store and the operator's file of this command
//! again, if its line named them: without, they would go to others.

use std::sync::OnceLock;

use clap::{ArgMatches, Command, CommandFactory as _, parser::ValueSource};

use crate::arguments::Arguments;

/// The options that are named again, each with what the line gives it.
static NAMED: OnceLock<Vec<(&str, String)>> = OnceLock::new();

const OPTIONS: [&str; 2] = ["store", "config"];

/// Keeps what the command line names.
pub fn remember(matches: &ArgMatches) {
    let _ = NAMED.set(named(matches));
}

/// The command `podhost …`, on the same store and by the same file, as far as it takes them.
pub fn command(words: &str) -> String {
    let mut command = format!("podhost {words}");
    let first = words.split(' ').next().unwrap_or_default();
    let arguments = Arguments::command();
    let takes = |option: &str| {
        let takes_it =
            |command: &Command| command.get_arguments().any(|one| one.get_id() == option);
        arguments.find_subcommand(first).is_some_and(takes_it)
    };
    for (option, value) in NAMED.get().into_iter().flatten() {
        if takes(option) {
            command.push_str(&format!(" --{option} {value}"));
        }
    }
    command
}

fn named(matches: &ArgMatches) -> Vec<(&'static str, String)> {
    if let Some((_, command)) = matches.subcommand() {
        return named(command);
    }
    let mut named = Vec::new();
    for option in OPTIONS {
        // What stands in the environment will stand there again.
        let is_typed = matches.try_contains_id(option).unwrap_or(false)
            && matches.value_source(option) == Some(ValueSource::CommandLine);
        let value = is_typed.then(|| matches.get_raw(option)?.next()).flatten();
        let value = value.map(|value| value.to_string_lossy());
        if let Some(quoted) = value.as_deref().and_then(|value| shlex::try_quote(value).ok()) {
            named.push((option, quoted.into_owned()));
        }
    }
    named
}
