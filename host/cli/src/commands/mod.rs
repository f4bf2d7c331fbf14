//! One module a command.

pub mod build;
pub mod check;
pub mod completions;
pub mod crashtest;
pub mod doubts;
pub mod emulator;
pub mod explain;
pub mod new;
pub mod replay;
pub mod resume;
pub mod retention;
pub mod run;
pub mod runs;
pub mod settle;
pub mod show;
pub mod statement;
pub mod store;
pub mod test;
pub mod unpause;
pub mod verify;
