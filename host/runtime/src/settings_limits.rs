//! How much a policy's settings may make the host do. A schema is its author's, and checking it is
//! work before any sandbox: what it is made of is counted first, and what makes a small schema a long
//! way through a small configuration is not taken.

use serde_json::{Map, Value};

/// How deep `[schema]` and `[config]` may be nested.
const DEEPEST_SCHEMA: usize = 16;
const DEEPEST_CONFIG: usize = 32;
/// How many values they may have. Each of one may meet each of the other.
const MOST_OF_SCHEMA: usize = 2_000;
const MOST_OF_CONFIG: usize = 10_000;
/// How many patterns a schema may have, and what each of them may take when it is compiled.
const MOST_PATTERNS: usize = 100;
pub(crate) const LARGEST_PATTERN: usize = 1 << 20;

/// What leads a check around in circles, or through the same part again and again.
const NOT_TAKEN: [&str; 5] =
    ["$ref", "$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems"];

/// What is wrong, and where: the names from the table on.
pub(crate) type Beyond = (Vec<String>, String);

/// Checks that settings, and what they are set to, keep to their bounds.
pub(crate) fn check(
    schema: &Map<String, Value>,
    config: &Map<String, Value>,
) -> Result<(), Beyond> {
    let mut of_schema = Walk::new("schema", DEEPEST_SCHEMA, MOST_OF_SCHEMA);
    for (name, setting) in schema {
        of_schema.below(name, |walk| walk.value(setting))?;
    }
    let mut of_config = Walk::new("config", DEEPEST_CONFIG, MOST_OF_CONFIG);
    for (name, value) in config {
        of_config.below(name, |walk| walk.value(value))?;
    }
    Ok(())
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
    fn new(table: &str, deepest: usize, most: usize) -> Self {
        let is_schema = table == "schema";
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
            return self.wrong("is not taken in a setting's schema: write out what is meant");
        }
        self.patterns += match (name, value) {
            ("pattern", Value::String(_)) => 1,
            ("patternProperties", Value::Object(all)) => all.len(),
            _ => 0,
        };
        match self.patterns > MOST_PATTERNS {
            true => {
                self.wrong(format!("all settings together have {MOST_PATTERNS} patterns at most"))
            }
            false => Ok(()),
        }
    }

    fn wrong(&self, message: impl Into<String>) -> Result<(), Beyond> {
        Err((self.path.clone(), message.into()))
    }
}
