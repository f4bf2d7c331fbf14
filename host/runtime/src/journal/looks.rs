//! Looks at the clock and random numbers, many in one entry. A policy may ask for tens of thousands of
//! them, and no budget counts them; as an outcome each they would be most of a journal.

use minicbor::{Decode, Encode};

use super::entry::{Entry, Outcome, Recorded};
use crate::{crypto::Digest, grant::Amounts};

/// What is told so, each by its place: places are for ever.
const FUNCTIONS: [&str; 2] = ["clock.now", "random.get-random-s64"];

/// Calls that follow one another.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Looks {
    /// The first call; counts the run's calls from 0.
    #[n(0)]
    pub step: u64,
    /// Three numbers of each: what was asked, 0 for the clock and 1 for randomness; the answer, less
    /// the answer before to the same; when, in milliseconds, less when the one before was.
    #[n(1)]
    pub numbers: Vec<i64>,
}

impl Looks {
    /// How many calls they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.numbers.len() / 3
    }

    /// What came of each call.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        let mut last = Last::default();
        self.numbers.chunks_exact(3).zip(self.step..).filter_map(move |(numbers, step)| {
            let &[kind, answer, at] = numbers else { return None };
            let kind = usize::try_from(kind).ok()?;
            let function = FUNCTIONS.get(kind)?;
            last.answers[kind] = last.answers[kind].wrapping_add(answer);
            last.at = last.at.wrapping_add(at);
            Some(outcome(step, function, last.answers[kind], last.at))
        })
    }
}

/// What came last.
#[derive(Default)]
struct Last {
    answers: [i64; FUNCTIONS.len()],
    at: i64,
}

fn outcome(step: u64, function: &str, answer: i64, at: i64) -> Outcome {
    Outcome {
        step,
        function: function.to_owned(),
        call: Digest::of(&[function.as_bytes(), b""]),
        recorded: Recorded::Done(answer.to_string().into()),
        reference_number: None,
        spent: Amounts::default(),
        at: at.cast_unsigned(),
        count: None,
        arguments: Some(String::new()),
        evidence: None,
        state: None,
        known_by: None,
        at_most: None,
        pending: None,
        unchanged: None,
    }
}

/// Puts together what can be told so. Whatever else an outcome says keeps it an entry of its own.
pub(crate) fn together(entries: Vec<Entry>) -> Vec<Entry> {
    let mut together = Vec::with_capacity(entries.len());
    let mut last = Last::default();
    for entry in entries {
        let Some((outcome, kind, answer)) = look(&entry) else {
            together.push(entry);
            continue;
        };
        let at = outcome.at.cast_signed();
        let looks = match together.last_mut() {
            Some(Entry::Looks(looks)) if looks.step + looks.count() as u64 == outcome.step => looks,
            _ => {
                last = Last::default();
                together.push(Entry::Looks(Looks { step: outcome.step, numbers: Vec::new() }));
                let Some(Entry::Looks(looks)) = together.last_mut() else { continue };
                looks
            }
        };
        let less = answer.wrapping_sub(last.answers[kind]);
        looks.numbers.extend([kind as i64, less, at.wrapping_sub(last.at)]);
        last.answers[kind] = answer;
        last.at = at;
    }
    together
}

/// An outcome that says nothing but its answer: what was asked, and that.
fn look(entry: &Entry) -> Option<(&Outcome, usize, i64)> {
    let Entry::Outcome(told) = entry else { return None };
    let kind = FUNCTIONS.iter().position(|function| *function == told.function)?;
    let Recorded::Done(answer) = &told.recorded else { return None };
    let answer = std::str::from_utf8(answer).ok()?.parse().ok()?;
    let same = outcome(told.step, &told.function, answer, told.at.cast_signed());
    (same == *told).then_some((told, kind, answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Decided, decode, encode};

    /// Together and apart again, they are what they were; and they are small.
    #[test]
    fn nothing_is_lost() {
        let clock = |step, at| Entry::Outcome(outcome(step, FUNCTIONS[0], at, at + 1));
        let random = |step, number, at| Entry::Outcome(outcome(step, FUNCTIONS[1], number, at));
        let decided =
            Decided { answer: "[]".into(), at: 7, fuel: None, memory_bytes: None, log: None };
        let mut other = outcome(9, FUNCTIONS[0], 5, 5);
        other.evidence = Some("it says more".into());
        let mut entries = vec![
            clock(0, 1_591_076_400_000),
            random(1, i64::MIN, 1_591_076_400_001),
            random(2, i64::MAX, 1_591_076_400_001),
            clock(3, 1_591_076_399_000),
            Entry::Decided(decided),
            clock(4, 0),
            random(6, -1, 0),
            Entry::Outcome(other),
        ];
        let many: Vec<Entry> = (10..5_010).map(|step| clock(step, 1 << 40)).collect();
        entries.extend(many.clone());
        let stored: Vec<Entry> = together(entries.clone())
            .iter()
            .map(|entry| decode(&encode(entry)).expect("it is an entry"))
            .collect();
        assert_eq!(stored.len(), 6, "{stored:?}");
        let apart: Vec<Entry> = stored
            .into_iter()
            .flat_map(|entry| match entry {
                Entry::Looks(looks) => looks.outcomes().map(Entry::Outcome).collect(),
                entry => vec![entry],
            })
            .collect();
        assert_eq!(apart, entries);
        let [entry] = &together(many)[..] else { panic!("they are one") };
        assert!(encode(entry).len() < 20_000, "{} bytes", encode(entry).len());
    }
}
