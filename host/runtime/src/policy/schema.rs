//! What a policy's settings, or its input, may be: a JSON Schema for each of their fields, written in
//! TOML.
//!
//! `default` completes what leaves a field out; `required = true` refuses it. The format
//! `jalali-date` is ours.

use std::{borrow::Cow, fmt};

use jsonschema::{PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use pod_platform::JalaliDate;
use serde_json::{Map, Value, json};

use super::{
    limits::LARGEST_PATTERN,
    manifest::Reading,
    tables::{Document, Wrong},
};
use crate::contract::STATED;

/// What a complaint shows of a value, in bytes.
const LARGEST_SHOWN: usize = 200;

/// Whose fields they are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    Config,
    Input,
}

impl Of {
    /// The table of policy.toml that declares them.
    pub fn table(self) -> &'static str {
        match self {
            Self::Config => "schema",
            Self::Input => "input-schema",
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Config => "setting",
            Self::Input => "field",
        }
    }

    fn has_none(self) -> &'static str {
        match self {
            Self::Config => "the policy has none ([schema] declares them)",
            Self::Input => "the policy's input has none ([input-schema] declares them)",
        }
    }
}

/// Fields that are declared, ready to check values by.
#[derive(Clone)]
pub(crate) struct Schema {
    of: Of,
    /// As one JSON Schema, of an object.
    json: Value,
    validator: Validator,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
}

/// What does not fit, and where: the names from the object on.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub path: Vec<String>,
    pub message: String,
}

impl Schema {
    /// Reads what a policy.toml declares.
    pub fn read(
        document: &Document<'_>,
        of: Of,
        mut fields: Map<String, Value>,
    ) -> Result<Self, Wrong> {
        let mut required = Vec::new();
        for (name, field) in &mut fields {
            let path = [of.table(), name.as_str()];
            if name == STATED {
                let message = format!("`{STATED}` is no {}'s name", of.field());
                return Err(document.wrong(&path, message));
            }
            let Some(field) = field.as_object_mut() else {
                return Err(document.wrong(&path, "must be a table: a JSON Schema"));
            };
            match field.remove("required") {
                None | Some(Value::Bool(false)) => {}
                Some(Value::Bool(true)) => required.push(name.clone()),
                Some(_) => {
                    return Err(document.wrong(&path, "`required` must be true or false"));
                }
            }
        }
        let json = json!({
            "type": "object",
            "properties": fields,
            "required": required,
            "additionalProperties": false,
        });
        let mut options = jsonschema::draft202012::options();
        if document.reading == Reading::New {
            // Whose time grows with the text alone, and which is not compiled to more than that.
            let patterns = PatternOptions::regex();
            let limited = patterns.size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN);
            options = options.with_pattern_options(limited);
        }
        let validator = options
            .with_format("jalali-date", |text: &str| {
                text.parse::<JalaliDate>().is_ok_and(|day| day.check_calendar().is_ok())
            })
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .build(&json)
            .map_err(|error| {
                // `/properties/NAME/…`
                let at = error.instance_path().to_string();
                let path: Vec<&str> =
                    [of.table()].into_iter().chain(at.split('/').skip(2)).collect();
                document.wrong(&path, format!("is no JSON Schema: {error}"))
            })?;
        Ok(Self { of, json, validator })
    }

    /// As one JSON Schema, of an object.
    pub fn json(&self) -> &Value {
        &self.json
    }

    fn fields(&self) -> Option<&Map<String, Value>> {
        self.json["properties"].as_object()
    }

    /// A field's default that the field itself could not be.
    pub fn unfit_default(&self) -> Option<Misfit> {
        let defaults = self.completed(Map::new());
        let mut misfits = self.validator.iter_errors(&defaults).map(|error| self.misfit(&error));
        misfits.find(|Misfit { path, .. }| {
            path.first().is_some_and(|field| defaults.get(field).is_some())
        })
    }

    /// Completes values, and checks them. A whole number of any spelling, such as `5e5`, is one.
    pub fn check(&self, values: Map<String, Value>) -> Result<Value, Misfit> {
        let mut values = self.completed(values);
        if let Some(error) = self.validator.iter_errors(&values).next() {
            return Err(self.misfit(&error));
        }
        write_whole_numbers(&self.json, &mut values);
        Ok(values)
    }

    fn completed(&self, mut values: Map<String, Value>) -> Value {
        for (name, field) in self.fields().into_iter().flatten() {
            if let (Some(default), false) = (field.get("default"), values.contains_key(name)) {
                values.insert(name.clone(), default.clone());
            }
        }
        Value::Object(values)
    }

    fn misfit(&self, error: &ValidationError<'_>) -> Misfit {
        let mut path: Vec<String> =
            error.instance_path().iter().map(|segment| segment.to_string()).collect();
        let message = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } if path.is_empty() => {
                path.extend(unexpected.first().cloned());
                let known: Vec<&str> =
                    self.fields().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                let field = self.of.field();
                if known.is_empty() {
                    format!("there is no such {field}: {}", self.of.has_none())
                } else {
                    format!("there is no such {field}; there are `{}`", known.join("`, `"))
                }
            }
            ValidationErrorKind::Required { property } if path.is_empty() => {
                path.extend(property.as_str().map(str::to_owned));
                "is missing".to_owned()
            }
            _ if error.instance().to_string().len() > LARGEST_SHOWN => {
                error.masked_with(Cow::Borrowed("it")).to_string()
            }
            _ => error.to_string(),
        };
        let field = path.first().and_then(|name| self.fields()?.get(name));
        let meaning = field.and_then(|field| field.get("description")).and_then(Value::as_str);
        let message = match meaning {
            Some(meaning) => format!("{message} ({meaning})"),
            None => message,
        };
        Misfit { path, message }
    }
}

/// Makes of what a schema calls an integer one that a policy takes for it: by JSON Schema `500000.0` is an
/// integer, and a script would reckon with it as with a decimal number.
fn write_whole_numbers(schema: &Value, value: &mut Value) {
    /// Up to here every whole number is exact as a decimal one.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if schema["type"] == "integer" => {
            if let Some(whole) = number.as_f64().filter(|_| number.is_f64())
                && whole.abs() <= EXACT
            {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| write_whole_numbers(&schema["items"], item));
        }
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(name, field)| write_whole_numbers(&schema["properties"][name], field)),
        _ => {}
    }
}
