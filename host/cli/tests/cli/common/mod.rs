//! The program as its users meet it: arguments in, exit code and two streams out.
use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use pod_host::PolicyFiles;
use pod_toolchain::Toolchain;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const SMALL: &str = "plugins/netting/scenarios/small.json";

/// The project's folder, in which all commands run.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The project's compiled policies that tests run or look at. No command builds them on the way.
const COMPILED: [&str; 5] = [
    "plugins/netting",
    "plugins/delegation",
    "plugins/loan-plan",
    "plugins/month",
    "tests/guests/any-service",
];

static BUILT: LazyLock<()> = LazyLock::new(|| {
    for folder in COMPILED.map(|folder| project().join(folder)) {
        let entry = PolicyFiles::find(&folder).unwrap().entry;
        if Toolchain::stale(&folder, &entry).is_some() {
            Toolchain::detect().unwrap().build(&folder, &entry).unwrap();
        }
    }
});

/// The program, without what the caller's environment says of it. The project's policies are built.
pub fn podhost() -> Command {
    LazyLock::force(&BUILT);
    let mut command = Command::new(env!("CARGO_BIN_EXE_podhost"));
    command.current_dir(project());
    for variable in [
        "PODHOST_TOKEN",
        "PODHOST_CONFIG",
        "PODHOST_STORE",
        "PODHOST_CACHE",
        "PODHOST_LANG",
        "PODHOST_LOG",
        "RUST_LOG",
        "PODHOST_OPERATOR",
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

    /// Takes the store as another process would, until what is returned is dropped.
    pub fn taken(&self) -> File {
        DirBuilder::new().mode(0o700).create(self.store()).unwrap();
        self.owned()
    }

    /// Another process takes the store that is there.
    pub fn owned(&self) -> File {
        let owner = json!({ "process": 4711, "since": 0, "purpose": "run plugins/other" });
        let lock = self.store().join("lock");
        fs::write(&lock, owner.to_string()).unwrap();
        let lock = File::open(lock).unwrap();
        lock.try_lock().unwrap();
        lock
    }

    /// Writes a file, and returns its path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Copies a policy's folder, links and all, and returns where the copy is.
    pub fn copy(&self, folder: &Path) -> PathBuf {
        let policy = self.folder.path().join("policy");
        let copied = Command::new("cp").arg("-a").arg(folder).arg(&policy).status();
        assert!(copied.unwrap().success(), "{}", folder.display());
        policy
    }

    /// `podhost run`, with the store of this desk; compiled components are shared.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podhost();
        command.arg("run").args(arguments).arg("--store").arg(self.store());
        command.arg("--cache").arg(project().join("target/test-components"));
        command.env("XDG_CONFIG_HOME", self.folder.path().join("settings"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }
}

/// How a command ends that must not wait for anything.
pub fn at_once(mut command: Command) -> Ended {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{command:?} waits");
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap().into()
}

/// What a command shows on a terminal of so many columns, which `script` is: both streams.
pub fn on_a_terminal(command: &Command, columns: u16) -> (Option<i32>, String) {
    let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''"));
    let words: Vec<String> =
        [command.get_program()].into_iter().chain(command.get_args()).map(quoted).collect();
    let line = format!("stty rows 40 cols {columns}; exec {}", words.join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).stdin(Stdio::null());
    script.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let ended = script.output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stdout).unwrap().replace("\r\n", "\n"))
}

/// A platform process; killed if a test ends early.
pub struct Served {
    process: Child,
    stdout: BufReader<ChildStdout>,
    pub addresses: Value,
}

impl Served {
    pub fn start(arguments: &[&str]) -> Self {
        let mut process = podhost()
            .args(["emulator", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let addresses = serde_json::from_str(&line).expect(&line);
        Self { process, stdout, addresses }
    }

    /// The address of services.
    pub fn url(&self) -> &str {
        self.addresses["platform"].as_str().unwrap()
    }

    /// POSTs a form to the address of services, and returns the envelope.
    pub fn post(&self, token: &str, body: &str) -> Value {
        let headers = format!(
            "_token_: {token}\r\n_token_issuer_: 1\r\n\
             content-type: application/x-www-form-urlencoded\r\n"
        );
        self.send("POST", "/srv/sc/nzh/doServiceCall", &headers, body)
    }

    /// POSTs to the control API.
    pub fn control(&self, what: &str, body: &str) -> Value {
        self.send("POST", &format!("/emulator/{what}"), "content-type: application/json\r\n", body)
    }

    /// Looks at the control API.
    pub fn look(&self, what: &str) -> Value {
        self.send("GET", &format!("/emulator/{what}"), "", "")
    }

    /// How often a service changed the books.
    pub fn booked(&self, service: &str) -> usize {
        let books = self.look("books");
        let transactions = books["transactions"].as_array().unwrap();
        transactions.iter().filter(|transaction| transaction["service"] == service).count()
    }

    /// The process's id.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Value {
        let host = self.url().strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        serde_json::from_str(body).unwrap()
    }

    /// Sends a signal, and returns how the process ended and what it printed meanwhile.
    pub fn stop(&mut self, signal: &str) -> (ExitStatus, String) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let deadline = Instant::now() + Duration::from_secs(30);
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "{signal} did not stop it");
            thread::sleep(Duration::from_millis(10));
        };
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status, rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The cells of a CSV that a spreadsheet takes for formulas: fields as they are written, and what is left
/// of them where a spreadsheet of another country ends a cell.
pub fn formulas(csv: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut found = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        for cell in record.iter().flat_map(|field| field.split([';', '؛', '\t'])) {
            let blank = |letter: char| letter.is_whitespace() || letter == '"';
            if cell.trim_start_matches(blank).starts_with(['=', '+', '-', '@']) {
                found.push(cell.to_owned());
            }
        }
    }
    found
}

/// The attacks of a part of the hostile corpus, `tests/hostile/PART`, in order.
pub fn attacks(part: &str) -> Vec<PathBuf> {
    let corpus = fs::read_dir(project().join("tests/hostile").join(part)).unwrap();
    let mut attacks: Vec<PathBuf> = corpus.map(|entry| entry.unwrap().path()).collect();
    attacks.sort();
    attacks
}

/// What must come of an attack.
pub fn verdict<T: DeserializeOwned>(attack: &Path) -> T {
    let text = fs::read_to_string(attack.join("verdict.toml")).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", attack.display()))
}

/// All that lies in a folder, and in the folders within; links are not followed.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

/// A command of the shop's on the desk's store, by Leila.
pub fn on_store(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = podhost();
    command.args(arguments).env("PODHOST_STORE", desk.store());
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.env("PODHOST_TOKEN", "shop-api-token").env("USER", "leila");
    command
}

/// A process of ours that stops at a point of a call's course: once it is there.
pub fn held(mut command: Command, point: &str) -> Child {
    command.env("PODHOST_HOLD_AT", point).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    child
}

/// The same, and then it is killed.
pub fn killed(command: Command, point: &str) {
    let mut child = held(command, point);
    child.kill().unwrap();
    child.wait().unwrap();
}
