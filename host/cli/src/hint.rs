//! Commands that a person is to type next. They name the store and the operator's file of this command
//! again, if its line named them: without, they would go to others.

use std::sync::OnceLock;

use clap::{ArgMatches, parser::ValueSource};

/// What follows such a command, with a blank before it.
static NAMED: OnceLock<String> = OnceLock::new();

/// Keeps what the command line names.
pub fn remember(matches: &ArgMatches) {
    let _ = NAMED.set(named(matches));
}

/// The command `podhost …`, on the same store and by the same file.
pub fn command(words: &str) -> String {
    format!("podhost {words}{}", NAMED.get().map_or("", String::as_str))
}

fn named(matches: &ArgMatches) -> String {
    if let Some((_, command)) = matches.subcommand() {
        return named(command);
    }
    let mut named = String::new();
    for option in ["store", "config"] {
        // What stands in the environment will stand there again.
        let is_typed = matches.try_contains_id(option).unwrap_or(false)
            && matches.value_source(option) == Some(ValueSource::CommandLine);
        let value = is_typed.then(|| matches.get_raw(option)?.next()).flatten();
        let value = value.map(|value| value.to_string_lossy());
        if let Some(quoted) = value.as_deref().and_then(|value| shlex::try_quote(value).ok()) {
            named.push_str(&format!(" --{option} {quoted}"));
        }
    }
    named
}
