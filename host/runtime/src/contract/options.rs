//! How a policy is run, as its files, its operator and the journal say it.

use serde::{Deserialize, Serialize};

/// What to do when a payment of a plan fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Pay nothing more.
    #[default]
    Stop,
    /// Go on with the next.
    GoOn,
}

/// How a script gets into the interpreter.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptMode {
    /// Parsed anew for each run. Nothing is compiled for it.
    #[default]
    AdHoc,
    /// In a snapshot of its own, which is made and compiled once.
    Installed,
}
