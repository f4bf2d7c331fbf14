//! What was compiled once and changed since is compiled anew, and the operator is told without asking.

use std::fs;

use crate::common::{Desk, Ended, SMALL, podhost};

#[test]
fn a_changed_file_is_compiled_anew_and_told() {
    let desk = Desk::new();
    let cache = desk.folder.path().join("cache");
    let run = || -> Ended {
        let mut command = podhost();
        command.args(["run", "plugins/netting", "--plan-only", "--json", "--scenario", SMALL]);
        command.arg("--store").arg(desk.store()).arg("--cache").arg(&cache);
        command.env_remove("RUST_LOG").env_remove("PODHOST_LOG");
        command.output().unwrap().into()
    };
    const TOLD: &str = "it is not run, but compiled anew";
    let first = run();
    assert_eq!((first.code, first.stderr.contains(TOLD)), (Some(0), false), "{first:#?}");
    let mut changed = 0;
    for file in fs::read_dir(&cache).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "compiled") {
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&file, bytes).unwrap();
            changed += 1;
        }
    }
    assert!(changed > 0, "nothing was kept");
    let second = run();
    assert_eq!((second.code, second.stderr.contains(TOLD)), (Some(0), true), "{second:#?}");
}
