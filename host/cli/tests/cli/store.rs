//! One process owns a store.

use std::{
    fs::{self, File},
    os::unix::fs::DirBuilderExt as _,
};

use crate::common;
use crate::common::{Desk, Ended};

#[test]
fn a_store_in_use_exits_5_and_is_left_alone() {
    let desk = Desk::new();
    let store = desk.store();
    fs::DirBuilder::new().mode(0o700).create(&store).unwrap();
    let lock = File::create(store.join("lock")).unwrap();
    lock.try_lock().unwrap();
    let ended = desk.run(&["plugins/netting", "--no-wait"]);
    ended.failed(5, &[store.to_str().unwrap(), "in use", "--store"]);
    let files: Vec<_> =
        fs::read_dir(&store).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["lock"], "nothing was written");

    // The lock goes with its owner, however that ends.
    drop(lock);
    for _ in 0..2 {
        assert_eq!(desk.run(&["plugins/netting"]).code, Some(0));
    }
}

#[test]
fn a_store_that_cannot_be_made_exits_3() {
    let desk = Desk::new();
    desk.file("store", "a file where the folder should be");
    desk.run(&["plugins/netting"]).failed(3, &[desk.store().to_str().unwrap()]);
}

#[test]
fn the_environment_can_name_the_store() {
    let desk = Desk::new();
    let elsewhere = desk.folder.path().join("elsewhere");
    let ended = common::podhost()
        .args(["run", "plugins/netting"])
        .env("PODHOST_STORE", &elsewhere)
        .env("PODHOST_CACHE", common::project().join("target/test-components"))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(elsewhere.join("journal.sqlite").is_file());
}

#[test]
fn what_goes_on_with_a_store_makes_none() {
    let desk = Desk::new();
    let mistyped = desk.folder.path().join("stoer");
    let copy = desk.folder.path().join("copy");
    for command in [
        &["resume"][..],
        &["settle", "0199ab12"],
        &["unpause", "0199ab12"],
        &["replay", "0199ab12"],
        &["prune", "--before", "90d"],
        &["verify", "--rebuild"],
        &["store", "accept", "--by", "sara"],
        &["backup", copy.to_str().unwrap()],
        &["runs"],
    ] {
        let ended: Ended = common::podhost()
            .args(command)
            .arg("--store")
            .arg(&mistyped)
            .env("PODHOST_CACHE", common::project().join("target/test-components"))
            .output()
            .unwrap()
            .into();
        ended.failed(2, &["stoer holds no journal"]);
        assert!(!mistyped.exists(), "{command:?}");
    }
}
