//! Takes an object map apart into a record's fields.

use rhai::{Dynamic, Map};

use super::{FromScript, Mismatch};

/// The fields of a record that a script made.
pub struct Fields {
    map: Map,
}

impl Fields {
    /// The fields in `value`.
    ///
    /// # Errors
    /// If it is no object map, or has a key that is not `known`.
    pub fn of(value: Dynamic, known: &[&str]) -> Result<Self, Mismatch> {
        let map = Map::from_script(value)?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Mismatch::unknown_field(key, known)),
            None => Ok(Self { map }),
        }
    }

    /// Takes one field.
    ///
    /// # Errors
    /// If it does not fit, or is missing and must not be.
    pub fn take<T: FromScript>(&mut self, name: &str) -> Result<T, Mismatch> {
        match self.map.remove(name) {
            Some(value) => T::from_script(value).map_err(|mismatch| mismatch.in_field(name)),
            None => T::absent().ok_or_else(|| Mismatch::new("is missing").in_field(name)),
        }
    }
}
