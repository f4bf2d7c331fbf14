//! A value that does not fit, and the path to it.

use std::fmt;

use rhai::Dynamic;

/// Why a value does not fit, and where: `field issuer_id[2]: expected a whole number, found a
/// string`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// From the outside in, as a script would write it; empty: the value as a whole.
    path: String,
    problem: String,
}

impl Mismatch {
    /// A problem with a value as a whole.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into() }
    }

    /// One thing was expected, another was found.
    pub fn expected(expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self::new(format!("expected {expected}, found {found}"))
    }

    /// A key that a record does not have.
    pub fn unknown_field(name: &str, known: &[&str]) -> Self {
        let hint = match nearest(name, known) {
            Some(nearest) => format!("there is no such field; did you mean `{nearest}`?"),
            None => format!("there is no such field, only {}", known.join(", ")),
        };
        Self::new(hint).in_field(name)
    }

    /// A name that an enum or a variant does not have.
    pub fn case(name: &str, known: &[&str]) -> Self {
        match nearest(name, known) {
            Some(nearest) => {
                Self::new(format!("\"{name}\" is unknown; did you mean \"{nearest}\"?"))
            }
            None => Self::expected(format!("one of {}", known.join(", ")), format!("\"{name}\"")),
        }
    }

    /// The value is a field of another.
    #[must_use]
    pub fn in_field(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, separator);
        self.path.insert_str(0, name);
        self
    }

    /// The value is an item of a list.
    #[must_use]
    pub fn in_item(mut self, index: usize) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, &format!("[{index}]{separator}"));
        self
    }

    /// The value is an argument; its name is only told when no field says more.
    #[must_use]
    pub fn of_argument(mut self, parameter: &str) -> Self {
        if self.path.is_empty() {
            self.problem = format!("argument {parameter}: {}", self.problem);
        }
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => {}
            path if path.starts_with('[') => write!(f, "item {path}: ")?,
            path => write!(f, "field {path}: ")?,
        }
        f.write_str(&self.problem)
    }
}

/// What a value is, in words. The value itself is shown where it is short.
pub(crate) fn describe(value: &Dynamic) -> String {
    if let Ok(number) = value.as_float() {
        return format!("the decimal number {number:?}");
    }
    match value.type_name() {
        "()" => "nothing, `()`".into(),
        "i64" => "a whole number".into(),
        "bool" => format!("{value}"),
        "string" => "a string".into(),
        "char" => "a character".into(),
        "array" => "an array".into(),
        "blob" => "a blob".into(),
        "map" => "an object map".into(),
        "Fn" => "a function".into(),
        other => format!("a value of type {other}"),
    }
}

/// The known name that is closest to a mistyped one, if one is close at all.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|candidate| (distance(name, candidate), *candidate));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count().div_ceil(3)).then_some(nearest)
}

/// How many letters have to be added, removed or replaced to make one name of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
