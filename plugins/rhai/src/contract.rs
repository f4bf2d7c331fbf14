//! What `build.rs` derives from the WIT files: the conversions of every type, and for each world
//! the Rhai functions that it imports and the function that its script must write.

use rhai::{Dynamic, Engine, Map};

use crate::{
    call::{Answer, argument, fallible, infallible},
    convert::{Fields, FromScript, IntoScript, Mismatch, entry, unreadable, variant},
    list,
};

/// A world, as its script sees it.
#[derive(Clone, Copy)]
pub struct World {
    /// The world's name.
    pub name: &'static str,
    /// The function that the script must write.
    pub function: &'static str,
    /// That function's parameters.
    pub parameters: &'static [&'static str],
    /// Registers the functions that the world imports.
    pub register: fn(&mut Engine),
}

pub use derived::*;

/// Every function is written alike here, whether or not it has a type to name or an answer.
#[allow(clippy::let_with_type_underscore, clippy::unit_arg)]
mod derived {
    use super::*;

    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}
