//! The short form of `tools/fuzz`: each target takes its corpus, and for a second what comes of
//! changing it by chance, with a seed. No byte may break a promise.

use std::{
    fs,
    time::{Duration, Instant},
};

use podhost_tests::{
    fuzz::{TARGETS, Target},
    project,
};

const SECOND: Duration = Duration::from_secs(1);

/// Xorshift: the same seed, the same changes.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below the limit")
    }

    /// A few bytes are others, gone, there twice, or from another text.
    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 if !bytes.is_empty() => bytes[at] = self.below(256) as u8,
                1 => drop(bytes.drain(at..(at + self.below(8)).min(bytes.len()))),
                2 => {
                    let again = bytes[at..(at + self.below(16)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, again);
                }
                _ => {
                    let from = self.below(other.len());
                    let part = &other[from..(from + self.below(32)).min(other.len())];
                    bytes.splice(at..at, part.iter().copied());
                }
            }
        }
    }
}

fn short_form((name, run): Target) {
    let folder = project("tests/fuzz/corpus").join(name);
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(!corpus.is_empty(), "{} is empty", folder.display());
    corpus.iter().for_each(|bytes| run(bytes));
    let (mut chance, began) = (Chance(0x5eed), Instant::now());
    while began.elapsed() < SECOND {
        let mut bytes = corpus[chance.below(corpus.len())].clone();
        let other = &corpus[chance.below(corpus.len())];
        chance.change(&mut bytes, other);
        run(&bytes);
    }
}

#[test]
fn no_bytes_break_a_promise() {
    TARGETS.into_iter().for_each(short_form);
}
