//! WIT values to script values and back.
//!
//! | WIT | script |
//! |---|---|
//! | record | object map with snake_case keys |
//! | option | the value, or `()`; in a record that a script makes, the key may be left out |
//! | list | array; in a record that a script makes, a key that is left out is an empty list |
//! | list of bytes | blob; see [`bytes`] for what else a script may give |
//! | enum | its kebab-case name |
//! | open enumeration | POD's own spelling, `"LOAN_STATUS_CREATED"`; an unknown one as it is |
//! | date, date-time | see [`jalali`] |
//! | variant | see [`variant`] |
//! | integer | whole number; one that does not fit is an error, never another number |
//! | f64 | number, whole ones included |
//!
//! Nothing is guessed: a wrong type, a number out of range, a key that the record does not have,
//! each is a [`Mismatch`] that names the path to the culprit. These are the arguments of payments.

mod bytes;
mod fields;
mod jalali;
mod mismatch;
mod plain;
pub(crate) mod unreadable;
pub mod variant;

use compact_str::CompactString;
use rhai::Dynamic;

pub use fields::Fields;
pub(crate) use jalali::When;
pub use mismatch::Mismatch;
pub(crate) use mismatch::describe;

/// A value that can be given to a script.
pub trait IntoScript: Sized {
    /// The script's side of this value.
    ///
    /// # Errors
    /// If scripts have no such number.
    fn into_script(self) -> Result<Dynamic, Mismatch>;

    /// The script's side of a list of such values.
    ///
    /// # Errors
    /// If one of them has none.
    fn list_into_script(items: Vec<Self>) -> Result<Dynamic, Mismatch> {
        plain::into_array(items)
    }
}

/// A value that can be taken from a script.
pub trait FromScript: Sized {
    /// This type's side of a script's value.
    ///
    /// # Errors
    /// If the value does not fit the type.
    fn from_script(value: Dynamic) -> Result<Self, Mismatch>;

    /// A list of such values, of a script's value.
    ///
    /// # Errors
    /// If it is no list, or an item does not fit.
    fn list_from_script(value: Dynamic) -> Result<Vec<Self>, Mismatch> {
        plain::array(value)
    }

    /// What a record's field is when its key is left out; none: it must not be.
    fn absent() -> Option<Self> {
        None
    }
}

/// A key of an object map with its value.
pub(crate) fn entry(
    key: &'static str,
    value: impl IntoScript,
) -> Result<(CompactString, Dynamic), Mismatch> {
    let value = value.into_script().map_err(|mismatch| mismatch.in_field(key))?;
    Ok((CompactString::const_new(key), value))
}
