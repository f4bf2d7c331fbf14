//! The sandbox: one engine, the components that it compiled, what each world offers to its guests, and
//! one fresh instance for each call.

mod cache;
mod cache_folder;
mod compiler;
pub mod engine;
mod instance;
pub(crate) mod interpreter;
mod linker;
mod processor;
mod progress;
mod records;

pub use cache_folder::ARTEFACTS_AT_MOST;
pub(crate) use cache_folder::ArtefactFolder;
pub(crate) use compiler::Compiler;
pub(crate) use instance::{Guest, GuestMeters, Start, Stop, until};
pub(crate) use linker::{Exports, Linked, Offer};
pub use progress::{OnProgress, Progress};
pub(crate) use records::{Export, Lifted, Records};
