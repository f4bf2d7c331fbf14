//! The words in whatever the help lists, and what has to have a case.

use super::{
    listed::{Asked, Takes, commands},
    watched::Watched,
};

/// Each option of each command, and each variable that stands in for one, says the words.
pub fn whatever_can_be_asked(words: &str, watched: &Watched<'_>) {
    let see = |arguments: &[&str], variable: Option<&str>| {
        let mut command = watched.command(arguments);
        // What is named by the words is made there.
        command.current_dir(watched.desk.folder.path());
        if let Some(variable) = variable {
            command.env(variable, words);
        }
        if arguments[0] == "emulator" && !arguments.contains(&"--help") {
            watched.served(arguments, command, |_| ());
        } else {
            watched.checked(arguments, command);
        }
    };
    for command in commands() {
        let mut path: Vec<&str> = command.path.iter().map(String::as_str).collect();
        let help = [&path[..], &["--help"]].concat();
        see(&help, None);
        if path == ["emulator"] {
            path.extend(["--listen", "127.0.0.1:0"]);
        }
        let mut all = Vec::new();
        for Asked { name, takes } in &command.options {
            if let Takes::OneOf(values) = takes {
                all.extend(values.iter().map(|value| format!("{name}={value}")));
            }
            if !matches!(takes, Takes::Nothing) {
                all.push(format!("{name}={words}"));
            }
        }
        for option in &all {
            see(&[&path[..], &[option]].concat(), None);
        }
        if command.takes_words {
            see(&[&path[..], &["--", words]].concat(), None);
        }
        for variable in &command.variables {
            see(&path, Some(variable));
            see(&help, Some(variable));
        }
    }
}

/// Each command had a case, and so has each option of it that takes nothing.
pub fn nothing_is_forgotten(watched: &Watched<'_>) {
    let mut alone = 0;
    for command in commands() {
        let path = command.path.join(" ");
        assert!(watched.has_asked(&command, None), "`podhost {path}` has no case");
        for Asked { name, takes } in &command.options {
            if matches!(takes, Takes::Nothing) {
                let has_case = watched.has_asked(&command, Some(name));
                assert!(has_case, "`podhost {path} {name}` has no case");
                alone += 1;
            }
        }
    }
    assert!(alone > 20, "the help is not understood: {alone} options take nothing");
}
