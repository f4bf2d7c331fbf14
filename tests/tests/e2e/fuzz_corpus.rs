//! The short form of fuzzing, without a fuzzer: each target of `tests/fuzz` holds for all of its
//! corpus, and for random mutations of it. `tools/fuzz` is the long form.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use podhost_tests::{fuzz, project};

const SEED: u64 = 13_990_313;

#[test]
fn component_loading() {
    hold("component_loading", 10_000, fuzz::component_loading);
}

#[test]
fn response_decoding() {
    hold("response_decoding", 10_000, fuzz::response_decoding);
}

#[test]
fn manifest() {
    hold("manifest", 10_000, fuzz::manifest);
}

#[test]
fn scenario() {
    hold("scenario", 10_000, fuzz::scenario);
}

#[test]
fn url_allowlist() {
    hold("url_allowlist", 10_000, fuzz::url_allowlist);
}

#[test]
fn journal_entry() {
    hold("journal_entry", 10_000, fuzz::journal_entry);
}

/// The target holds for its corpus, and for so many mutations of it: about as many as an optimised build
/// tries in a second.
fn hold(name: &str, mutations: usize, target: fn(&[u8])) {
    let mut corpus = written(name);
    assert!(!corpus.is_empty(), "{name} has a corpus");
    corpus.extend(kept(name));
    for (from, input) in &corpus {
        run(target, input, from);
    }
    let corpus: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
    let mut random = Random(SEED);
    for _ in 0..mutations {
        let input = mutated(&corpus, &mut random);
        run(target, &input, &format!("b\"{}\"", input.escape_ascii()));
    }
}

/// What somebody wrote, a file each, and where it is from.
fn written(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fs::read_dir(project("tests/fuzz/corpus").join(name)).expect("it is there");
    let mut files: Vec<_> =
        folder.map(|file| file.expect("the folder can be read").path()).collect();
    files.sort();
    let read = |file: &PathBuf| {
        (file.display().to_string(), fs::read(file).expect("the file can be read"))
    };
    files.iter().map(read).collect()
}

/// What the fuzzer came upon, a line of Base64 each.
fn kept(name: &str) -> Vec<(String, Vec<u8>)> {
    let file = project("tests/fuzz/kept").join(name);
    let text = fs::read_to_string(&file).expect("the file can be read");
    let decoded = |(index, line): (usize, &str)| {
        let from = format!("{}:{}", file.display(), index + 1);
        let input = BASE64_STANDARD.decode(line).unwrap_or_else(|error| panic!("{from}: {error}"));
        (from, input)
    };
    text.lines().enumerate().map(decoded).collect()
}

/// Tells which input it was that something did not hold for.
fn run(target: fn(&[u8]), input: &[u8], name: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("the input was {name}");
        resume_unwind(panic);
    }
}

/// A file of the corpus, changed in a few places.
fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        let end = at + random.below(input.len() - at + 1).min(random.below(32));
        match random.below(4) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..end)),
            2 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                let to = other.len().min(from + random.below(64));
                input.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    input
}

/// SplitMix64: the same seed, the same mutations.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) as usize % bound
    }
}
