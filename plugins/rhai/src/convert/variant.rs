//! Variants are object maps whose `kind` is the case's name, with the payload beside it: a
//! record's fields, or anything else as `value`. A payload's own field `kind` is written with the
//! case's name in front, because `kind` is taken: `#{kind: "platform", platform_kind:
//! "not-found", code: 4, …}`.

use compact_str::CompactString;
use rhai::{Dynamic, ImmutableString, Map};

use super::{FromScript, IntoScript, Mismatch};

/// The key of the case's name.
pub(crate) const KIND: &str = "kind";
const VALUE: &str = "value";

/// A case with a record.
pub(crate) fn record(case: &'static str, payload: impl IntoScript) -> Result<Dynamic, Mismatch> {
    let mut map = Map::from_script(payload.into_script()?)?;
    if let Some(kind) = map.remove(KIND) {
        map.insert(kind_of(case), kind);
    }
    Ok(tagged(case, map))
}

/// A case with anything else.
pub(crate) fn value(case: &'static str, payload: impl IntoScript) -> Result<Dynamic, Mismatch> {
    let value = payload.into_script()?;
    Ok(tagged(case, Map::from([(CompactString::const_new(VALUE), value)])))
}

fn tagged(case: &'static str, mut map: Map) -> Dynamic {
    map.insert(CompactString::const_new(KIND), Dynamic::from(case));
    Dynamic::from_map(map)
}

fn kind_of(case: &str) -> CompactString {
    CompactString::from(format!("{}_{KIND}", case.replace('-', "_")))
}

/// A variant that a script made: its case, and the rest.
pub(crate) struct Parts {
    case: ImmutableString,
    rest: Map,
}

impl Parts {
    pub(crate) fn of(value: Dynamic) -> Result<Self, Mismatch> {
        let mut rest = Map::from_script(value)?;
        let case = match rest.remove(KIND) {
            Some(kind) => String::from_script(kind),
            None => Err(Mismatch::new("is missing")),
        };
        let case = case.map_err(|mismatch| mismatch.in_field(KIND))?.into();
        Ok(Self { case, rest })
    }

    pub(crate) fn case(&self) -> &str {
        &self.case
    }

    pub(crate) fn record<T: FromScript>(mut self) -> Result<T, Mismatch> {
        if let Some(kind) = self.rest.remove(kind_of(&self.case).as_str()) {
            self.rest.insert(CompactString::const_new(KIND), kind);
        }
        T::from_script(Dynamic::from_map(self.rest))
    }

    pub(crate) fn value<T: FromScript>(self) -> Result<T, Mismatch> {
        super::Fields::of(Dynamic::from_map(self.rest), &[VALUE])?.take(VALUE)
    }
}
