//! Commands on a store, all of whose output is looked at.

use std::{
    cell::RefCell,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use super::{
    TOKEN,
    harmless::{assert_harmless, assert_lines, without_colours},
    listed::Listed,
};
use crate::common::{Desk, Ended, on_a_terminal, podhost, project};

/// Columns of the terminal: few enough that lines are broken.
const COLUMNS: u16 = 100;

/// Runs commands on a desk's store, and looks at all that they print.
pub struct Watched<'a> {
    pub desk: &'a Desk,
    pub store: PathBuf,
    /// Is a terminal looked at, too?
    on_terminals: bool,
    /// What the cases asked.
    asked: RefCell<Vec<Vec<String>>>,
}

impl<'a> Watched<'a> {
    pub fn new(desk: &'a Desk, store: &str, on_terminals: bool) -> Self {
        let store = desk.folder.path().join(store);
        Self { desk, store, on_terminals, asked: RefCell::default() }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podhost();
        command.args(arguments);
        command.env("XDG_CONFIG_HOME", self.desk.folder.path().join("settings"));
        command.env("PODHOST_STORE", &self.store);
        command.env("PODHOST_CACHE", project().join("target/test-components"));
        command.env("PODHOST_TOKEN", TOKEN).env("USER", "leila");
        command
    }

    /// Looks at a command that belongs to no case.
    pub fn checked(&self, arguments: &[&str], mut command: Command) -> Ended {
        let ended = command.output().unwrap().into();
        assert_harmless(arguments, &ended);
        ended
    }

    pub fn ended(&self, arguments: &[&str], command: Command) -> Ended {
        self.note(arguments);
        self.checked(arguments, command)
    }

    pub fn see(&self, arguments: &[&str]) -> Ended {
        self.ended(arguments, self.command(arguments))
    }

    /// Sees a command that changes nothing, on a terminal, too.
    pub fn look(&self, arguments: &[&str]) -> Ended {
        if self.on_terminals {
            let (_, shown) = on_a_terminal(&self.command(arguments), COLUMNS);
            assert!(!shown.contains("panicked"), "{arguments:?}: {shown}");
            assert_lines(arguments, &without_colours(&shown), usize::MAX);
        }
        self.see(arguments)
    }

    /// Sees what serves until it is told to stop, or ends by itself.
    pub fn served(&self, arguments: &[&str], mut command: Command, meanwhile: impl FnOnce(&str)) {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut stdout = String::new();
        if output.read_line(&mut stdout).unwrap() > 0 {
            meanwhile(&stdout);
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        }
        output.read_to_string(&mut stdout).unwrap();
        let code = child.wait().unwrap().code();
        let stderr = errors.join().unwrap().unwrap();
        let asked = [arguments, &["--json"]].concat();
        assert_harmless(&asked, &Ended { code, stdout, stderr });
    }

    /// The ids of all runs.
    pub fn runs(&self) -> Vec<String> {
        let listed: Ended = self.command(&["runs", "--json"]).output().unwrap().into();
        let listed = listed.json();
        let runs = listed["runs"].as_array().unwrap().iter();
        runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes away one of the store's files.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.store.join(name)).unwrap();
    }

    /// A path in the desk's folder.
    pub fn path(&self, name: &str) -> String {
        self.desk.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// This is asked in a case.
    pub fn note(&self, arguments: &[&str]) {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        self.asked.borrow_mut().push(arguments.collect());
    }

    /// Was the command asked this in some case?
    pub fn has_asked(&self, command: &Listed, option: Option<&str>) -> bool {
        self.asked.borrow().iter().any(|asked| {
            let has = |option: &str| asked.iter().any(|argument| argument == option);
            asked.starts_with(&command.path) && option.is_none_or(has)
        })
    }
}
