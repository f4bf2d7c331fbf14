//! The part of the hostile corpus that attacks before there is a sandbox, `tests/hostile/folders`:
//! each folder is looked at, checked and run by the real program, which must refuse it at once, with
//! the words of its verdict, and run, write and send nothing.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde::Deserialize;

use crate::common::{Desk, at_once, attacks, files, podhost, project, verdict};

/// What must come of an attack: exit code 2, and this on stderr.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    /// What it attacks, in one line.
    attacks: String,
    /// The program's arguments; `POLICY` stands for the folder.
    commands: Vec<String>,
    says: Vec<String>,
    /// What podhost.toml's grant says besides what it allows.
    #[serde(default)]
    grant: String,
    /// Is the program started in the folder, with no podhost.toml named?
    #[serde(default)]
    inside: bool,
    /// A file that is made longer, by a hole.
    longer: Option<Longer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Longer {
    file: PathBuf,
    bytes: u64,
}

/// A platform that counts who reaches for it.
fn platform() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/srv/sc", listener.local_addr().unwrap());
    let reached = Arc::new(AtomicUsize::new(0));
    let counted = reached.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (url, reached)
}

fn attack(folder: &Path) {
    let name = folder.file_name().unwrap().display();
    let verdict: Verdict = verdict(folder);
    assert!(!verdict.attacks.is_empty() && !verdict.commands.is_empty(), "{name}");

    let desk = Desk::new();
    let policy = desk.copy(&folder.join("policy"));
    if let Some(Longer { file, bytes }) = &verdict.longer {
        let file = fs::OpenOptions::new().write(true).open(policy.join(file)).unwrap();
        file.set_len(*bytes).unwrap();
    }
    let before = files(&policy);
    let (url, reached) = platform();
    let config = desk.file(
        "podhost.toml",
        format!(
            "[account.shop]\nplatform = \"{url}\"\ntoken = {{ env = \"SHOP\" }}\n\
             [policy.attack]\naccount = \"shop\"\n{}\ncapabilities.allow = [\"payments\"]\n\
             budget.rial = 1_000\n",
            verdict.grant
        ),
    );
    for line in &verdict.commands {
        let arguments =
            line.split(' ').map(|word| word.replace("POLICY", policy.to_str().unwrap()));
        let mut command = podhost();
        command.args(arguments).env("SHOP", "shop-api-token").env("PODHOST_CONFIG", &config);
        command
            .env("PODHOST_STORE", desk.store())
            .env("PODHOST_CACHE", desk.folder.path().join("cache"))
            // Whatever is compiled, is compiled elsewhere.
            .env("CARGO_TARGET_DIR", project().join("target"));
        if verdict.inside {
            command.current_dir(&policy).env_remove("PODHOST_CONFIG");
            command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
        }
        let mut ended = at_once(command);
        // A sentence may go on in the next line.
        ended.stderr = ended.stderr.replace("\n  │ ", " ");
        let says: Vec<&str> = verdict.says.iter().map(String::as_str).collect();
        ended.failed(2, &says);
        assert!(!ended.stderr.contains("shop-api-token"), "{name}: {ended:#?}");
        assert_eq!(files(&policy), before, "{name}: {line} leaves something in the folder");
        assert_eq!(reached.load(Ordering::SeqCst), 0, "{name}: {line} reaches for the platform");
        assert!(!desk.store().exists(), "{name}: {line} begins something");
    }
}

#[test]
fn each_is_refused_before_anything() {
    let attacks = attacks("folders");
    assert!(attacks.len() >= 24, "{attacks:#?}");
    for folder in attacks {
        println!("{}", folder.display());
        attack(&folder);
    }
}
