//! The program as its users meet it: arguments in, exit code and two streams out.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

pub const SMALL: &str = "plugins/netting/scenarios/small.json";

/// The project's folder, in which all commands run.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The program, without what the caller's environment says of it.
pub fn podhost() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podhost"));
    command.current_dir(project());
    for variable in [
        "PODHOST_STORE",
        "PODHOST_CACHE",
        "PODHOST_LANG",
        "PODHOST_LOG",
        "NO_COLOR",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(variable);
    }
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// It ended with this code, printed no result, and each of these stands on stderr.
    #[track_caller]
    pub fn failed(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        for text in says {
            assert!(self.stderr.contains(text), "`{text}` is missing: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.stdout.trim_end().lines().count(), 1, "{self:#?}");
        let value: Value = serde_json::from_str(&self.stdout).unwrap();
        assert!(value.is_object(), "{value}");
        value
    }
}

/// A store of its own, and a folder for a policy's files.
pub struct Desk {
    pub folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Writes a file, and returns its path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// `podhost run`, with the store of this desk; compiled components are shared.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podhost();
        command.arg("run").args(arguments).arg("--store").arg(self.store());
        command.arg("--cache").arg(project().join("target/test-components"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }
}
