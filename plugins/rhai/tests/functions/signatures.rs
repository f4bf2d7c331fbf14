//! What Rhai's packages have, and what each function takes. `signatures.txt` lists it, for the version
//! that is named here: Rhai tells it with its feature `metadata` only
//! (`Engine::collect_fn_metadata`), which would have the whole workspace compiled a second time.

use std::{collections::BTreeSet, fs, path::Path};

const VERSION: &str = "1.27.0";
const SIGNATURES: &str = include_str!("signatures.txt");

/// A function with the kinds that it takes.
pub type Signature = (&'static str, Vec<&'static str>);

pub fn all() -> BTreeSet<Signature> {
    SIGNATURES
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            (words.next().unwrap_or_default(), words.collect())
        })
        .collect()
}

#[test]
fn the_list_is_of_the_version_that_scripts_have() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap();
    let entry = format!("name = \"rhai\"\nversion = \"{VERSION}\"\n");
    assert!(lock.contains(&entry), "write signatures.txt anew for another version of Rhai");
}
