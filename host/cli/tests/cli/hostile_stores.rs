//! The part of the hostile corpus that attacks what podhost keeps, `tests/hostile/stores`: somebody takes
//! files of a store away, cuts them off, or puts older ones back, while a run is cut off in it. Every
//! command tells it, and nothing is paid until a person has seen to it.

use std::{
    fs::{self, File},
    path::Path,
};

use serde::Deserialize;

use crate::common::{Desk, Ended, SMALL, Served, attacks, killed, on_store, verdict};

/// What must come of an attack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    /// What it attacks, in one line.
    attacks: String,
    /// What is done to the store, one after the other.
    does: Vec<Step>,
    /// What whoever reads it, or wants to pay by it, is told.
    says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Step {
    /// Takes a file away.
    Remove(String),
    /// Leaves so many bytes of a file.
    Cut { file: String, to: u64 },
    /// Puts a file back as it was before the run that was cut off.
    PutBack(String),
}

fn ask(desk: &Desk, arguments: &[&str]) -> Ended {
    on_store(desk, arguments).output().unwrap().into()
}

fn attack(folder: &Path) {
    let name = folder.file_name().unwrap().display().to_string();
    let Verdict { attacks, does, says } = verdict(folder);
    assert!(!attacks.is_empty() && !does.is_empty() && !says.is_empty(), "{name}");

    let pod = Served::start(&["--scenario", SMALL]);
    let platform = ["--platform", pod.url()];
    let desk = Desk::new();
    let run = |more: &[&'static str]| [&["run", "plugins/netting"], &platform[..], more].concat();
    let plan = ask(&desk, &run(&["--plan-only"]));
    assert_eq!(plan.code, Some(0), "{name}: {plan:#?}");
    let kept = desk.folder.path().join("kept");
    fs::create_dir(&kept).unwrap();
    for file in fs::read_dir(desk.store()).unwrap().map(|file| file.unwrap().path()) {
        if file.is_file() {
            fs::copy(&file, kept.join(file.file_name().unwrap())).unwrap();
        }
    }
    killed(on_store(&desk, &run(&["--key", "march"])), "3:after-effect");

    let in_store = |file: &str| desk.store().join(file);
    for step in &does {
        match step {
            Step::Remove(file) => {
                let removed = fs::remove_file(in_store(file));
                removed.unwrap_or_else(|error| panic!("{name}: {file}: {error}"));
            }
            Step::Cut { file, to } => {
                let opened = File::options().write(true).open(in_store(file));
                opened.unwrap().set_len(*to).unwrap();
            }
            Step::PutBack(file) => {
                // A new file, as whoever copies makes it.
                let _ = fs::remove_file(in_store(file));
                fs::copy(kept.join(file), in_store(file)).unwrap();
            }
        }
    }

    let paid = pod.booked("payInvoiceByInvoice");
    assert!(paid > 0, "{name}: it was cut off after a payment");
    for line in ["runs", "doubts", "statement", "verify --store"] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let told = ask(&desk, &arguments);
        assert!(told.stderr.contains(&says), "{name}: {line}: {told:#?}");
    }
    for arguments in [run(&["--key", "march"]), run(&["--key", "april"])] {
        let refused = ask(&desk, &arguments);
        assert_eq!(refused.code, Some(3), "{name}: {arguments:?}: {refused:#?}");
        assert!(refused.stderr.contains(&says), "{name}: {arguments:?}: {refused:#?}");
    }
    assert_eq!(pod.booked("payInvoiceByInvoice"), paid, "{name}: nothing more was paid");

    // A person has seen to it: what is there is gone by, and no payment is made twice.
    let accepted = ask(&desk, &["store", "accept", "--note", "compared"]);
    assert_eq!(accepted.code, Some(0), "{name}: {accepted:#?}");
    let gone_on = ask(&desk, &run(&["--key", "march"]));
    assert!(matches!(gone_on.code, Some(0 | 1 | 4)), "{name}: {gone_on:#?}");
    let books = pod.look("ledger").to_string();
    assert!(books.contains("\"faults\":[]"), "{name}: {books}");
}

#[test]
fn what_is_kept_is_not_gone_by_once_it_was_tampered_with() {
    let attacks = attacks("stores");
    assert!(attacks.len() >= 6, "{attacks:#?}");
    for folder in attacks {
        println!("{}", folder.display());
        attack(&folder);
    }
}
