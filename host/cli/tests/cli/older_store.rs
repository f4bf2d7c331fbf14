//! A store that is older or shorter than it was is told by every command; nothing is paid by it until a
//! person has accepted it, and then nothing is paid twice.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::Path,
};

use serde_json::{Value, json};

use crate::common::{Desk, Ended, SMALL, Served, killed, on_store};

const OLDER: &str = "is older or shorter than it was";

fn ask(desk: &Desk, arguments: &[&str]) -> Ended {
    on_store(desk, arguments).output().unwrap().into()
}

/// The store's files, each with what is in it.
fn files(store: &Path) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(store).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|file| file.is_file());
    files
        .map(|file| {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&file).unwrap())
        })
        .collect()
}

/// A store with a run that decided and paid nothing, as it was then; and after that a run whose process
/// was killed when its last payment was made.
struct Shop {
    desk: Desk,
    pod: Served,
    planned: String,
    receipt: String,
    before: Vec<(String, Vec<u8>)>,
}

impl Shop {
    fn open() -> Self {
        let pod = Served::start(&["--scenario", SMALL]);
        let desk = Desk::new();
        let platform = pod.url().to_owned();
        let plan = ask(
            &desk,
            &["run", "plugins/netting", "--platform", &platform, "--plan-only", "--json"],
        );
        assert_eq!(plan.code, Some(0), "{plan:#?}");
        let planned = plan.json()["run"].as_str().unwrap().to_owned();
        let receipt = desk.file("receipt.json", &plan.stdout);
        // A process that ends may leave to the next one to move the log into the database.
        for _ in 0..200 {
            if !desk.store().join("journal.sqlite-wal").exists() {
                break;
            }
            ask(&desk, &["store", "accept"]);
        }
        let before = files(&desk.store());
        let shop = Self { desk, pod, planned, receipt, before };
        shop.killed();
        shop
    }

    /// Runs the policy until its last payment is made, and kills the process.
    fn killed(&self) {
        killed(on_store(&self.desk, &self.run(&["--key", "march"]).each()), "4:after-effect");
        assert!(self.file("journal.sqlite-wal").metadata().unwrap().len() > 1_000);
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.desk.store().join(name)
    }

    fn run(&self, more: &[&str]) -> Arguments {
        let run = ["run", "plugins/netting", "--platform", self.pod.url(), "--json"];
        Arguments(run.iter().chain(more).map(|&argument| argument.to_owned()).collect())
    }

    /// What was paid, as the platform's books have it.
    fn paid(&self) -> Value {
        self.pod.look("ledger")
    }
}

struct Arguments(Vec<String>);

impl Arguments {
    fn each(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// Each command that has to do with a store: what it is asked, and how it ends while the store is not
/// accepted.
fn commands(shop: &Shop) -> Vec<(Arguments, i32)> {
    let folder = shop.desk.folder.path();
    let (copy, archive) = (folder.join("copy"), folder.join("archive"));
    let (copy, archive) = (copy.to_str().unwrap(), archive.to_str().unwrap());
    let planned = shop.planned.as_str();
    let words = |words: &[&str]| Arguments(words.iter().map(|&word| word.to_owned()).collect());
    vec![
        (words(&["check", "plugins/netting", "--json"]), 0),
        (words(&["runs", "--json"]), 0),
        (words(&["show", planned, "--json"]), 0),
        (words(&["explain", planned]), 0),
        (words(&["settle", planned]), 0),
        (words(&["settle", planned, "--happened", "--by", "leila", "--note", "it is said"]), 3),
        (words(&["doubts", "--json"]), 0),
        (words(&["statement", "--format", "json"]), 0),
        (words(&["replay", planned]), 0),
        (words(&["verify", &shop.receipt]), 0),
        (words(&["verify", "--store"]), 1),
        (words(&["backup", copy]), 0),
        (words(&["prune", "--before", "0s", "--archive", archive]), 3),
        (words(&["unpause", planned]), 3),
        (shop.run(&["--dry-run"]), 0),
        (shop.run(&[]), 3),
        (shop.run(&["--key", "march"]), 3),
    ]
}

/// Commands that have no store.
const STORELESS: &[&str] =
    &["new", "build", "test", "crashtest", "emulator", "completions", "help"];

#[test]
fn every_command_is_known_to_these_tests() {
    let shop = Shop::open();
    let asked = commands(&shop);
    let mut known: BTreeSet<&str> = asked.iter().map(|(words, _)| words.0[0].as_str()).collect();
    known.extend(STORELESS);
    known.extend(["resume", "store"]);
    let help = ask(&shop.desk, &["--help"]).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed: Vec<_> = listed.take_while(|line| !line.is_empty()).collect();
    let named = listed.iter().filter(|line| !line.starts_with("   "));
    let named: Vec<_> = named.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(named.len() > 15, "{help}");
    for name in named {
        assert!(known.contains(name), "does `{name}` tell of a store that lost something?");
    }
}

/// Something was done to the store: all commands tell, none pays, and once it is accepted, runs go on.
fn is_told(shop: &Shop, done: &str, why: &str) {
    let paid = shop.paid();
    for (words, code) in commands(shop) {
        let ended = ask(&shop.desk, &words.each());
        assert_eq!(ended.code, Some(code), "{done}: {:?}: {ended:#?}", words.0);
        assert!(ended.stderr.contains(OLDER), "{done}: {:?} does not tell: {ended:#?}", words.0);
        assert!(ended.stderr.contains(why), "{done}: {:?}: {why}: {ended:#?}", words.0);
        assert!(ended.stderr.contains("podhost store accept"), "{done}: {:?}", words.0);
    }
    let runs = ask(&shop.desk, &["runs", "--json"]).json();
    let last = runs["runs"].as_array().unwrap().iter().rfind(|run| run["dry_run"] != true);
    let last = last.unwrap()["run"].as_str().unwrap().to_owned();
    // What is unfinished may be in the part that is lost.
    let resumed = ask(&shop.desk, &["resume"]);
    assert_eq!(resumed.code, Some(3), "{done}: {resumed:#?}");
    assert!(resumed.stderr.contains(OLDER), "{done}: {resumed:#?}");
    assert_eq!(shop.paid(), paid, "{done}: nothing is paid by it");

    let accepted = ask(&shop.desk, &["store", "accept", "--note", "looked at the books"]);
    assert_eq!(accepted.code, Some(0), "{done}: {accepted:#?}");
    for text in [why, &format!("the last run that it knows: {last}"), "Accepted by leila"] {
        assert!(accepted.stdout.contains(text), "{done}: `{text}` is missing: {accepted:#?}");
    }
    let again = ask(&shop.desk, &["store", "accept"]);
    assert!(again.stdout.contains("nothing to accept"), "{done}: {again:#?}");

    let ended = ask(&shop.desk, &shop.run(&["--key", "march"]).each());
    assert_eq!(ended.code, Some(0), "{done}: {ended:#?}");
    assert!(!ended.stderr.contains(OLDER), "{done}: {ended:#?}");
    let verified = ask(&shop.desk, &["verify", "--store"]);
    assert_eq!((verified.code, verified.stderr.as_str()), (Some(0), ""), "{done}: {verified:#?}");
    // Each debt was paid once, whatever the store still knew.
    assert_eq!(shop.paid(), expected(), "{done}");
}

/// The books after an undisturbed run.
fn expected() -> Value {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let run = ask(&desk, &["run", "plugins/netting", "--platform", pod.url()]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    pod.look("ledger")
}

#[test]
fn a_log_that_is_cut_off() {
    let shop = Shop::open();
    let log = shop.file("journal.sqlite-wal");
    let length = log.metadata().unwrap().len();
    File::options().write(true).open(log).unwrap().set_len(length - 1_000).unwrap();
    is_told(&shop, "cut off", "groups of entries were written to it");
}

#[test]
fn a_log_that_is_missing() {
    let shop = Shop::open();
    fs::remove_file(shop.file("journal.sqlite-wal")).unwrap();
    is_told(&shop, "no log", "groups of entries were written to it");
}

#[test]
fn a_database_that_is_written_over() {
    let shop = Shop::open();
    fs::remove_file(shop.file("journal.sqlite-wal")).unwrap();
    let (_, bytes) = shop.before.iter().find(|(name, _)| name == "journal.sqlite").unwrap();
    fs::write(shop.file("journal.sqlite"), bytes).unwrap();
    is_told(&shop, "an older database", "groups of entries were written to it");
}

#[test]
fn a_folder_that_is_put_back() {
    let shop = Shop::open();
    for (name, _) in files(&shop.desk.store()) {
        fs::remove_file(shop.file(&name)).unwrap();
    }
    for (name, bytes) in &shop.before {
        fs::write(shop.file(name), bytes).unwrap();
    }
    is_told(&shop, "an older folder", "its journal is a copy");
}

/// Its files are the same files, with what was in them.
#[test]
fn a_folder_that_is_written_over() {
    let shop = Shop::open();
    fs::remove_file(shop.file("journal.sqlite-wal")).unwrap();
    for (name, bytes) in &shop.before {
        fs::write(shop.file(name), bytes).unwrap();
    }
    is_told(&shop, "an older folder, in place", "the file journal.high-water beside it is a copy");
}

#[test]
fn what_lies_beside_it_is_missing_or_damaged() {
    let shop = Shop::open();
    fs::remove_file(shop.file("journal.high-water")).unwrap();
    is_told(&shop, "no high-water file", "journal.high-water beside it, which says how far");
    let shop = Shop::open();
    fs::write(shop.file("journal.high-water"), "podhost").unwrap();
    is_told(&shop, "a damaged high-water file", "is damaged");
}

/// Nothing of it is left that could be read; it is not taken for a new one.
#[test]
fn a_journal_that_is_gone() {
    let shop = Shop::open();
    for name in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"] {
        fs::remove_file(shop.file(name)).unwrap();
    }
    for words in [vec!["runs"], vec!["show", "0"], vec!["verify", "--store"], vec!["backup", "x"]] {
        ask(&shop.desk, &words).failed(3, &[OLDER, "gone or empty", "podhost store accept"]);
    }
    let paid = shop.paid();
    let run = ask(&shop.desk, &shop.run(&["--key", "march"]).each());
    run.failed(3, &[OLDER, "its journal is empty"]);
    assert_eq!(shop.paid(), paid);
    let accepted = ask(&shop.desk, &["store", "accept", "--json"]).json();
    assert_eq!(accepted["last"], json!(null));
    assert!(accepted["was"]["had"].as_u64().unwrap() > 3, "{accepted}");
    let run = ask(&shop.desk, &shop.run(&["--key", "march"]).each());
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// Not even how far it had come; the policies of its runs are there.
#[test]
fn a_store_of_which_only_the_policies_are_left() {
    let shop = Shop::open();
    for file in fs::read_dir(shop.desk.store()).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_str().unwrap().starts_with("journal") {
            fs::remove_file(file.path()).unwrap();
        }
    }
    let paid = shop.paid();
    ask(&shop.desk, &["runs"]).failed(3, &[OLDER, "gone or empty"]);
    let run = ask(&shop.desk, &shop.run(&["--key", "march"]).each());
    run.failed(3, &[OLDER, "its journal is empty"]);
    assert_eq!(shop.paid(), paid);
}

/// What a person has seen to, a person is named for.
#[test]
fn nobody_accepts_nothing() {
    let shop = Shop::open();
    fs::remove_file(shop.file("journal.high-water")).unwrap();
    for name in ["", " "] {
        ask(&shop.desk, &["store", "accept", "--by", name]).failed(2, &["--by"]);
        let mut command = on_store(&shop.desk, &["store", "accept"]);
        Ended::from(command.env("USER", name).output().unwrap()).failed(2, &["--by"]);
    }
    let told = ask(&shop.desk, &["runs"]);
    assert!(told.stderr.contains(OLDER), "{told:#?}");
}

/// A process that is killed loses nothing that it had said; nor does one that ends.
#[test]
fn a_store_that_lost_nothing_is_not_told_of() {
    let shop = Shop::open();
    for _ in 0..2 {
        let listed = ask(&shop.desk, &["runs"]);
        assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""), "{listed:#?}");
        let run = ask(&shop.desk, &shop.run(&["--key", "march"]).each());
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(!run.stderr.contains("warning"), "{run:#?}");
    }
    let nowhere = ask(&shop.desk, &["store", "accept", "--store", "no-such-folder"]);
    nowhere.failed(2, &["holds no journal"]);
}
