//! A policy's own settings: `[config]` of policy.toml, checked against the schema that the policy
//! declares in `[schema]`, before anything runs.
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

use serde_json::{Value, json};

use super::{
    limits,
    manifest::Reading,
    schema::{Misfit, Of, Schema},
    tables::{Document, Wrong},
};
use crate::contract::{STATED, Stated};

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

impl Settings {
    /// Reads and checks the settings of a policy.toml.
    pub fn read(document: &Document<'_>) -> Result<Self, Wrong> {
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
        let settings = document.table(Of::Config.table())?;
        if document.reading == Reading::New {
            limits::check_schema(Of::Config.table(), &settings)
                .and_then(|()| limits::check_config(&config))
                .map_err(|(path, message)| {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    document.wrong(&path, message)
                })?;
        }
        let schema = Schema::read(document, Of::Config, settings)?;
        let config = schema.check(config).map_err(|Misfit { path, message }| {
            let path: Vec<&str> =
                ["config"].into_iter().chain(path.iter().map(String::as_str)).collect();
            document.wrong(&path, message)
        })?;
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
