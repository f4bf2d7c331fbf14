//! What a free-form policy takes as its input: `[input-schema]` of policy.toml, checked before a run
//! begins, so that a script compares no text with an amount.
//!
//! ```toml
//! [input-schema.limit]
//! description = "a bill of more than so many rials is not paid"
//! type = "integer"
//! minimum = 0
//! required = true
//! ```
//!
//! `stated` is no field of it: it is the host's, in any policy's input. Without an `[input-schema]`
//! an input is passed on as it is. What deciders take is the host's, and checked by it.

use serde_json::{Map, Value};

use super::{
    limits::{self, MOST_OF_CONFIG, MOST_OF_SCHEMA, values_of},
    manifest::Reading,
    schema::{Misfit, Of, Schema},
    tables::{Document, Wrong},
};
use crate::{
    contract::{STATED, World},
    error::Error,
};

/// How often a value of an input may meet one of its schema.
const MOST_MEETINGS: usize = MOST_OF_SCHEMA * MOST_OF_CONFIG;

/// The schema of a policy's input, and how large it is.
#[derive(Clone, Debug)]
pub(crate) struct InputSchema {
    schema: Schema,
    values: usize,
}

impl InputSchema {
    /// Reads the schema of a policy.toml that declares one.
    pub fn find(document: &Document<'_>, world: World) -> Result<Option<Self>, Wrong> {
        let table = Of::Input.table();
        let Some(fields) = document.optional_table(table)? else { return Ok(None) };
        if world != World::Policy {
            let world = world.name();
            let message = format!("what the world `{world}` takes is the host's: leave it out");
            return Err(document.wrong(&[table], message));
        }
        if document.reading == Reading::New {
            limits::check_schema(table, &fields).map_err(|(path, message)| {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                document.wrong(&path, message)
            })?;
        }
        let schema = Schema::read(document, Of::Input, fields)?;
        if let Some(Misfit { path, message }) = schema.unfit_default() {
            let field = path.first().map_or("", String::as_str);
            return Err(document.wrong(&[table, field, "default"], message));
        }
        let values = values_of(schema.json());
        Ok(Some(Self { schema, values }))
    }

    pub fn json(&self) -> &Value {
        self.schema.json()
    }

    /// Checks an input, and completes it by the fields' defaults.
    ///
    /// # Errors
    /// Says which field does not fit, and why.
    pub fn check(&self, input: &Value) -> Result<Value, Error> {
        let mut fields = match input {
            Value::Null => Map::new(),
            Value::Object(fields) => fields.clone(),
            _ => {
                let message = "the input: is no object, and the policy's [input-schema] names its \
                               fields";
                return Err(Error::Input(message.into()));
            }
        };
        if values_of(input).saturating_mul(self.values) > MOST_MEETINGS {
            let message = "the input: has too many values for the policy's [input-schema], which is \
                           a large one";
            return Err(Error::Input(message.into()));
        }
        let stated = fields.remove(STATED);
        let checked = self.schema.check(fields).map_err(|Misfit { path, message }| {
            Error::Input(format!("the input: `{}`: {message}", written(input, &path)))
        });
        let mut checked = checked?;
        if let Some(stated) = stated {
            checked[STATED] = stated;
        }
        Ok(checked)
    }
}

/// `bills[2].billId`
fn written(input: &Value, path: &[String]) -> String {
    let (mut text, mut at) = (String::new(), Some(input));
    for name in path {
        let item = at.and_then(Value::as_array);
        at = match (item, at) {
            (Some(items), _) => {
                text += &format!("[{name}]");
                name.parse().ok().and_then(|index: usize| items.get(index))
            }
            (None, value) => {
                text += if text.is_empty() { "" } else { "." };
                text += name;
                value.and_then(|value| value.get(name))
            }
        };
    }
    text
}
