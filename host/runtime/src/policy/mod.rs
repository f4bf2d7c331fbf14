//! A policy, from its files to something that can be run: its manifest, settings and reasons, how it is
//! loaded, inspected and kept for the runs that began with it.

mod archive;
mod exact;
mod files;
mod input_schema;
mod inspect;
mod limits;
mod load;
mod manifest;
mod reasons;
mod schema;
mod script;
mod settings;
mod tables;

pub(crate) use archive::PolicyArchive;
pub use archive::back_up;
pub(crate) use exact::is_exact;
pub use files::PolicyFiles;
pub(crate) use inspect::inspect;
pub use inspect::{Inspection, inspect_component};
pub use load::Policy;
pub(crate) use load::{Loaded, loading};
pub use manifest::Manifest;
pub(crate) use script::{guest, run_error};
