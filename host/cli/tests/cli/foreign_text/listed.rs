//! What `podhost --help` lists, so that nothing is forgotten that a command can be asked.

use crate::common::{Ended, podhost};

/// A command, and what it can be asked.
pub struct Listed {
    /// Its words, `store accept` for example.
    pub path: Vec<String>,
    pub options: Vec<Asked>,
    /// The environment variables that stand in for options.
    pub variables: Vec<String>,
    /// Does it take anything besides options?
    pub takes_words: bool,
}

/// An option: alone, or with a value.
pub struct Asked {
    pub name: String,
    pub takes: Takes,
}

pub enum Takes {
    Nothing,
    Anything,
    OneOf(Vec<String>),
}

fn help(path: &[String]) -> String {
    let ended: Ended = podhost().args(path).arg("--help").output().unwrap().into();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.stdout
}

/// The lines below a heading.
fn section<'a>(help: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let below = help.lines().skip_while(move |line| *line != heading).skip(1);
    below.take_while(|line| line.is_empty() || line.starts_with(' '))
}

/// All commands of podhost, those below others too.
pub fn commands() -> Vec<Listed> {
    let mut found = Vec::new();
    let mut paths = vec![Vec::new()];
    while let Some(path) = paths.pop() {
        let help = help(&path);
        let below: Vec<&str> = section(&help, "Commands:")
            .filter_map(|line| line.strip_prefix("  "))
            .filter(|line| !line.starts_with(' '))
            .filter_map(|line| line.split(' ').next())
            .filter(|name| !name.is_empty())
            .collect();
        for name in &below {
            // `help` lists all of it once more.
            if *name != "help" {
                paths.push([&path[..], &[(*name).to_owned()]].concat());
            }
        }
        if below.is_empty() {
            found.push(listed(path, &help));
        }
    }
    assert!(found.len() > 15, "the help is not understood");
    found
}

fn listed(path: Vec<String>, help: &str) -> Listed {
    let mut options: Vec<Asked> = Vec::new();
    for line in section(help, "Options:") {
        let line = line.trim();
        let name = line.split("--").nth(1).unwrap_or_default();
        let name = name.split(|letter: char| letter != '-' && !letter.is_alphabetic()).next();
        let begins = line.starts_with('-') && !line.starts_with("- ");
        if let Some(name) = name.filter(|name| begins && !name.is_empty()) {
            if ["help", "version"].contains(&name) {
                continue;
            }
            // What it takes stands right behind it; what it is for, further away or below.
            let named = line.split("  ").next().unwrap_or_default();
            let takes = if named.contains('<') { Takes::Anything } else { Takes::Nothing };
            options.push(Asked { name: format!("--{name}"), takes });
        } else if let (Some(value), Some(last)) = (line.strip_prefix("- "), options.last_mut()) {
            let value = value.split(':').next().unwrap_or_default().to_owned();
            match &mut last.takes {
                Takes::OneOf(values) => values.push(value),
                takes => *takes = Takes::OneOf(vec![value]),
            }
        }
    }
    let variables = help.split("[env: ").skip(1);
    let variables = variables.filter_map(|rest| rest.split('=').next()).map(str::to_owned);
    let takes_words = section(help, "Arguments:").next().is_some();
    Listed { path, options, variables: variables.collect(), takes_words }
}
