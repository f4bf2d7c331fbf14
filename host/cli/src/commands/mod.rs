//! One module a command.

pub mod build;
pub mod completions;
pub mod run;
pub mod sandbox;
