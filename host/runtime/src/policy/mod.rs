//! A policy, from its files to something that can be run: its manifest, settings and reasons, how it is
//! loaded, inspected and kept for the runs that began with it.

pub(crate) mod archive;
mod exact;
mod input_schema;
mod inspect;
mod limits;
mod load;
mod manifest;
mod reasons;
mod schema;
mod settings;
mod tables;

pub use archive::back_up;
pub(crate) use archive::{FOLDER, Kept};
pub(crate) use exact::is_exact;
pub use inspect::{Inspection, inspect_component};
pub(crate) use load::{Entry, Exports, Loaded};
pub use load::{Policy, PolicyFiles, ScriptMode};
pub use manifest::{Manifest, World};
