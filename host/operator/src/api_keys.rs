//! `scApiKey` by service: named one by one, or all in a file that POD's panel exports.
//!
//! No document describes that file. Two shapes are read: a JSON object, `{"payInvoice": "…"}`, and
//! lines of a service and its key, with `=`, `:`, `,`, `;` or blanks between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pod_platform::{Secret, Service, ServiceVisitor, catalogue, visit_services};

use crate::{
    error::FieldError,
    fields::Field,
    source::{Source, word},
};

/// Where the API keys are.
#[derive(Clone, Debug, Default)]
pub enum ApiKeys {
    #[default]
    None,
    /// All in one text.
    Export(Source),
    /// Each by itself.
    Each(Vec<(String, Source)>),
}

impl ApiKeys {
    /// Reads where they are, not the keys.
    pub fn of(field: &Field<'_>) -> Result<Self, FieldError> {
        if field.is_text() || Source::KINDS.iter().any(|kind| is_in(field, kind)) {
            return Ok(Self::Export(Source::of(field)?));
        }
        let services = services();
        field.table()?.read(|fields| {
            let each = fields.take_all().into_iter().map(|(name, key)| {
                if !services.contains(name.as_str()) {
                    return Err(key.spot.wrong(NO_SUCH_SERVICE));
                }
                Ok((name, Source::of(&key)?))
            });
            each.collect::<Result<_, _>>().map(Self::Each)
        })
    }

    /// Reads the keys.
    pub fn read(&self) -> Result<HashMap<String, Secret>, FieldError> {
        match self {
            Self::None => Ok(HashMap::new()),
            Self::Each(each) => {
                each.iter().map(|(name, key)| Ok((name.clone(), key.read_word()?))).collect()
            }
            Self::Export(source) => {
                exported(&source.read()?).map_err(|reason| source.wrong(reason))
            }
        }
    }
}

const NO_SUCH_SERVICE: &str =
    "POD has no such service; docs/reference.md lists all by name, such as payInvoiceByInvoice";

fn is_in(field: &Field<'_>, name: &str) -> bool {
    field.table().is_ok_and(|fields| fields.has(name))
}

/// The keys of an export. A line that is wrong is not shown: a key may stand where a name should.
fn exported(text: &Secret) -> Result<HashMap<String, Secret>, String> {
    let services = services();
    if text.expose().trim_start().starts_with('{') {
        let keys: BTreeMap<String, String> =
            serde_json::from_str(text.expose()).map_err(|error| {
                format!("line {}: a JSON object of services and keys is expected", error.line())
            })?;
        let entry = |(name, key): (String, String)| {
            if !services.contains(name.as_str()) {
                return Err(format!("{name}: {NO_SUCH_SERVICE}"));
            }
            let key = word(&Secret::new(key)).map_err(|reason| format!("{name}: {reason}"))?;
            Ok((name, key))
        };
        return keys.into_iter().map(entry).collect();
    }
    let lines = text.expose().lines().map(str::trim).zip(1..);
    let entry = |(line, number): (&str, u32)| {
        let between = |c: char| matches!(c, '=' | ':' | ',' | ';') || c.is_whitespace();
        let (name, key) = line
            .split_once(between)
            .ok_or_else(|| format!("line {number}: a service and its key are expected"))?;
        let name = name.trim_matches('"');
        if !services.contains(name) {
            return Err(format!("line {number}: {NO_SUCH_SERVICE}"));
        }
        // `name = "key"` has two separators, and quotes.
        let key = key.trim_start_matches(between).trim_matches('"');
        let key = word(&Secret::new(key)).map_err(|reason| format!("line {number}: {reason}"))?;
        Ok((name.to_owned(), key))
    };
    lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')).map(entry).collect()
}

/// The names of all services that have a key.
fn services() -> BTreeSet<&'static str> {
    struct Names(BTreeSet<&'static str>);

    impl ServiceVisitor for Names {
        fn visit<S: Service>(&mut self) {
            self.0.insert(S::ROW.name);
        }
    }

    let mut names = Names([catalogue::GET_OTT.name].into());
    visit_services(&mut names);
    names.0
}
