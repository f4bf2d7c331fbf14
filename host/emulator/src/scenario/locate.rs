//! Finds a field's place in a scenario's text, so that an error can name the line.

use std::{collections::BTreeMap, fmt};

use serde_json::value::RawValue;

/// A way through a JSON text.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    pub(super) fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }

    pub(super) fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Line and column of the value that `path` leads to. Where the text leaves a field out, it is the
/// place of what should hold it.
pub(super) fn locate(text: &str, path: &Path) -> Option<(usize, usize)> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    for step in &path.0 {
        let next = match step {
            Step::Key(key) => {
                serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get()).ok()?.remove(key)
            }
            Step::Index(index) => {
                serde_json::from_str::<Vec<&RawValue>>(value.get()).ok()?.get(*index).copied()
            }
        };
        let Some(next) = next else { break };
        value = next;
    }
    // A raw value borrows from the text, so its address tells its offset.
    let offset = (value.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let before = text.get(..offset)?;
    let line = before.matches('\n').count() + 1;
    let column = offset - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
    Some((line, column))
}
