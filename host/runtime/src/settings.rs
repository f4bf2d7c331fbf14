//! A policy's own settings: `[config]` of policy.toml, checked against the schema that the policy
//! declares in `[schema]`, before anything runs.
//!
//! A setting's schema is a JSON Schema, written in TOML. `default` completes a configuration that
//! leaves the setting out; `required = true` refuses one that does. The format `jalali-date` is
//! ours.
//!
//! ```toml
//! [schema.days-to-pay]
//! type = "integer"
//! minimum = 0
//! default = 30
//! description = "A debt is due so many days after it was issued."
//!
//! [config]
//! days-to-pay = 45
//! ```
//!
//! `[config.stated]` is no setting, but what no POD service returns: see [`Stated`].

use std::ops::Range;

use jsonschema::{PatternOptions, ValidationError, error::ValidationErrorKind};
use pod_platform::JalaliDate;
use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use crate::{
    Stated,
    error::Place,
    exact::is_exact,
    manifest::Reading,
    settings_limits::{self, LARGEST_PATTERN},
};

const STATED: &str = "stated";

/// A policy's settings, checked and completed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// A JSON object.
    pub config: Value,
    /// The same, as a decider is told it.
    pub text: String,
    pub stated: Stated,
}

impl Default for Settings {
    fn default() -> Self {
        Self { config: json!({}), text: "{}".into(), stated: Stated::default() }
    }
}

/// What is wrong, and where.
pub(crate) struct Wrong {
    pub place: Option<Place>,
    pub message: String,
}

impl Settings {
    /// Reads and checks the settings in the text of a policy.toml, which parses.
    pub fn read(text: &str, reading: Reading) -> Result<Self, Wrong> {
        let document = DeTable::parse(text).map_err(|error| Wrong {
            place: error.span().map(|span| Place::of(text, span.start)),
            message: error.message().to_owned(),
        })?;
        let document = Document { text, root: document.get_ref(), reading };
        let mut config = document.table("config")?;
        let stated = match config.remove(STATED) {
            None => Stated::default(),
            Some(stated) => serde_path_to_error::deserialize(stated).map_err(|error| {
                let path: Vec<String> = error.path().iter().map(segment).collect();
                let path: Vec<&str> =
                    ["config", STATED].into_iter().chain(path.iter().map(String::as_str)).collect();
                document.wrong(&path, error.inner())
            })?,
        };
        let settings = document.table("schema")?;
        if reading == Reading::New {
            settings_limits::check(&settings, &config).map_err(|(path, message)| {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                document.wrong(&path, message)
            })?;
        }
        let config = check(&document, settings, config)?;
        Ok(Self { text: config.to_string(), config, stated })
    }
}

fn segment(segment: &serde_path_to_error::Segment) -> String {
    match segment {
        serde_path_to_error::Segment::Seq { index } => index.to_string(),
        serde_path_to_error::Segment::Map { key } => key.clone(),
        other => other.to_string(),
    }
}

/// Checks and completes a configuration.
fn check(
    document: &Document<'_>,
    mut settings: Map<String, Value>,
    mut config: Map<String, Value>,
) -> Result<Value, Wrong> {
    let mut required = Vec::new();
    for (name, setting) in &mut settings {
        let path = ["schema", name.as_str()];
        if name == STATED {
            return Err(document.wrong(&path, "`stated` is no setting's name"));
        }
        let Some(setting) = setting.as_object_mut() else {
            return Err(document.wrong(&path, "must be a table: a JSON Schema"));
        };
        match setting.remove("required") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => required.push(name.clone()),
            Some(_) => return Err(document.wrong(&path, "`required` must be true or false")),
        }
        if let (Some(default), false) = (setting.get("default"), config.contains_key(name)) {
            config.insert(name.clone(), default.clone());
        }
    }
    let schema = json!({
        "type": "object",
        "properties": settings,
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
        .build(&schema)
        .map_err(|error| {
            // `/properties/NAME/…`
            let at = error.instance_path().to_string();
            let path: Vec<&str> = ["schema"].into_iter().chain(at.split('/').skip(2)).collect();
            document.wrong(&path, format!("is no JSON Schema: {error}"))
        })?;
    let config = Value::Object(config);
    if let Some(error) = validator.iter_errors(&config).next() {
        return Err(complaint(document, &settings, &error));
    }
    Ok(config)
}

/// What a wrong setting is told.
fn complaint(
    document: &Document<'_>,
    settings: &Map<String, Value>,
    error: &ValidationError<'_>,
) -> Wrong {
    let at = error.instance_path().to_string();
    let mut path: Vec<&str> = ["config"].into_iter().chain(at.split('/').skip(1)).collect();
    let message = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } if path.len() == 1 => {
            let known: Vec<&str> = settings.keys().map(String::as_str).collect();
            path.extend(unexpected.first().map(String::as_str));
            if known.is_empty() {
                "there is no such setting: the policy has none ([schema] declares them)".to_owned()
            } else {
                format!("there is no such setting; there are `{}`", known.join("`, `"))
            }
        }
        ValidationErrorKind::Required { property } if path.len() == 1 => {
            let name = property.as_str().unwrap_or_default();
            path.push(name);
            "is missing".to_owned()
        }
        _ => error.to_string(),
    };
    let setting = path.get(1).and_then(|name| settings.get(*name));
    let meaning = setting.and_then(|setting| setting.get("description")).and_then(Value::as_str);
    match meaning {
        Some(meaning) => document.wrong(&path, format!("{message} ({meaning})")),
        None => document.wrong(&path, message),
    }
}

/// A TOML document in which things can be found again.
struct Document<'a> {
    text: &'a str,
    root: &'a DeTable<'a>,
    reading: Reading,
}

impl Document<'_> {
    /// A table of the document as JSON; none is an empty one.
    fn table(&self, name: &str) -> Result<Map<String, Value>, Wrong> {
        let Some((_, value)) = self.root.get_key_value(name) else { return Ok(Map::new()) };
        match self.json_of(value.get_ref()) {
            Ok(Value::Object(table)) => Ok(table),
            Ok(_) => Err(self.wrong(&[name], "must be a table")),
            Err(Unfit { mut path, reason }) => {
                path.push(name.to_owned());
                let path: Vec<&str> = path.iter().rev().map(String::as_str).collect();
                Err(self.wrong(&path, reason))
            }
        }
    }

    fn wrong(&self, path: &[&str], message: impl std::fmt::Display) -> Wrong {
        let place = self.span(path).map(|span| Place::of(self.text, span.start));
        Wrong { place, message: format!("`{}`: {message}", path.join(".")) }
    }

    /// Where a value stands, or the innermost around it that there is.
    fn span(&self, path: &[&str]) -> Option<Range<usize>> {
        let (first, rest) = path.split_first()?;
        let (key, mut value) = self.root.get_key_value(*first)?;
        let mut span = key.span();
        for name in rest {
            let inner = match value.get_ref() {
                DeValue::Table(table) => table.get_key_value(*name).map(|(key, value)| {
                    // A table's own span is its header's.
                    let is_table = matches!(value.get_ref(), DeValue::Table(_));
                    (if is_table { key.span() } else { value.span() }, value)
                }),
                DeValue::Array(items) => {
                    let index = name.parse::<usize>().ok();
                    index.and_then(|i| items.get(i)).map(|value| (value.span(), value))
                }
                _ => None,
            };
            let Some((at, inner)) = inner else { break };
            (span, value) = (at, inner);
        }
        Some(span)
    }

    fn json_of(&self, value: &DeValue<'_>) -> Result<Value, Unfit> {
        Ok(match value {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Integer(number) => {
                let digits = number.as_str();
                i64::from_str_radix(digits, number.radix()).map(Value::from).map_err(|_| {
                    Unfit::new(format!("{digits} is more than a whole number holds"))
                })?
            }
            DeValue::Float(number) => {
                let digits = number.as_str();
                let read = digits.parse().ok().and_then(serde_json::Number::from_f64);
                let read = read.ok_or_else(|| Unfit::new(format!("{digits} is no number")))?;
                if self.reading == Reading::New && !is_exact(digits) {
                    let reason = format!("{digits} would lose digits: write it as a text");
                    return Err(Unfit::new(reason));
                }
                Value::Number(read)
            }
            DeValue::Datetime(date) => {
                return Err(Unfit::new(format!("{date}: write a day as a text, \"1399/03/13\"")));
            }
            DeValue::Array(items) => {
                let item = |(index, item): (usize, &toml::Spanned<DeValue<'_>>)| {
                    self.json_of(item.get_ref()).map_err(|unfit| unfit.within(&index.to_string()))
                };
                Value::Array(items.iter().enumerate().map(item).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => {
                let mut fields = Map::new();
                for (key, value) in table.iter() {
                    let name = key.get_ref().to_string();
                    let value =
                        self.json_of(value.get_ref()).map_err(|unfit| unfit.within(&name))?;
                    fields.insert(name, value);
                }
                Value::Object(fields)
            }
        })
    }
}

/// What JSON has not, and where: the innermost name first.
struct Unfit {
    path: Vec<String>,
    reason: String,
}

impl Unfit {
    fn new(reason: String) -> Self {
        Self { path: Vec::new(), reason }
    }

    fn within(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }
}
