//! How much a policy's settings may make the host do. A schema is its author's, and checking it is
//! work before any sandbox: what it is made of is counted first, and what makes a small schema a long
//! way through a small configuration is not taken.

use serde_json::{Map, Value};

/// How deep `[schema]`, `[input-schema]` and `[config]` may be nested.
const DEEPEST_SCHEMA: usize = 16;
const DEEPEST_CONFIG: usize = 32;
/// How many values they may have. Each of one may meet each of the other.
pub(crate) const MOST_OF_SCHEMA: usize = 2_000;
pub(crate) const MOST_OF_CONFIG: usize = 10_000;
/// How many patterns a schema may have, and what each of them may take when it is compiled.
const MOST_PATTERNS: usize = 100;
pub(crate) const LARGEST_PATTERN: usize = 1 << 20;

/// What leads a check around in circles, or through the same part again and again.
const NOT_TAKEN: [&str; 5] =
    ["$ref", "$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems"];

/// What is wrong, and where: the names from the table on.
pub(crate) type Beyond = (Vec<String>, String);

/// Checks that the schemas of a table of policy.toml keep to their bounds.
pub(crate) fn check_schema(table: &str, fields: &Map<String, Value>) -> Result<(), Beyond> {
    let mut walk = Walk::new(table, DEEPEST_SCHEMA, MOST_OF_SCHEMA, true);
    fields.iter().try_for_each(|(name, schema)| walk.below(name, |walk| walk.value(schema)))
}

/// Checks that a configuration keeps to its bounds.
pub(crate) fn check_config(config: &Map<String, Value>) -> Result<(), Beyond> {
    let mut walk = Walk::new("config", DEEPEST_CONFIG, MOST_OF_CONFIG, false);
    config.iter().try_for_each(|(name, value)| walk.below(name, |walk| walk.value(value)))
}

/// How many values a value is made of.
pub(crate) fn values_of(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(values_of).sum(),
        Value::Object(fields) => fields.values().map(values_of).sum(),
        _ => 0,
    }
}

/// A way through a table. TOML's own reader bounds how deep that is.
struct Walk {
    path: Vec<String>,
    deepest: usize,
    left: usize,
    most: usize,
    is_schema: bool,
    patterns: usize,
}

impl Walk {
    fn new(table: &str, deepest: usize, most: usize, is_schema: bool) -> Self {
        Self { path: vec![table.to_owned()], deepest, left: most, most, is_schema, patterns: 0 }
    }

    fn below(
        &mut self,
        name: &str,
        go: impl FnOnce(&mut Self) -> Result<(), Beyond>,
    ) -> Result<(), Beyond> {
        self.path.push(name.to_owned());
        go(self)?;
        self.path.pop();
        Ok(())
    }

    fn value(&mut self, value: &Value) -> Result<(), Beyond> {
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => {
                let message = format!("the table has {} values at most", self.most);
                return Err((self.path[..1].to_vec(), message));
            }
        };
        if self.path.len() > self.deepest + 1 {
            return self.wrong(format!("is nested too deep: {} levels at most", self.deepest));
        }
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.below(name, |walk| {
                        walk.field(name, value)?;
                        walk.value(value)
                    })?;
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.below(&index.to_string(), |walk| walk.value(item))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A keyword of a schema, or what looks like one.
    fn field(&mut self, name: &str, value: &Value) -> Result<(), Beyond> {
        if !self.is_schema {
            return Ok(());
        }
        if NOT_TAKEN.contains(&name) && (value.is_string() || !name.starts_with('$')) {
            return self.wrong("is not taken in a schema: write out what is meant");
        }
        self.patterns += match (name, value) {
            ("pattern", Value::String(_)) => 1,
            ("patternProperties", Value::Object(all)) => all.len(),
            _ => 0,
        };
        match self.patterns > MOST_PATTERNS {
            true => {
                self.wrong(format!("all schemas together have {MOST_PATTERNS} patterns at most"))
            }
            false => Ok(()),
        }
    }

    fn wrong(&self, message: impl Into<String>) -> Result<(), Beyond> {
        Err((self.path.clone(), message.into()))
    }
}
