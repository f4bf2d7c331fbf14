//! Exit codes, which scripts rely on.

use std::process::ExitCode;

use crate::{advice::advised, signals};

/// How the program ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    Done = 0,
    /// The policy failed or was refused.
    Policy = 1,
    /// Bad usage or bad input.
    Input = 2,
    /// The platform or the store failed.
    Platform = 3,
    /// Of some call nobody knows whether it took effect.
    UnknownOutcome = 4,
    /// Another process has the store.
    StoreInUse = 5,
    /// The policy is paused.
    Paused = 6,
    /// It was told to stop: 128 and the signal's number, as shells have it.
    Interrupted = 130,
    Terminated = 143,
}

/// The codes in the order in which a person has to know of them, the most urgent first.
const BY_URGENCY: [Status; 9] = [
    Status::UnknownOutcome,
    Status::Interrupted,
    Status::Terminated,
    Status::Platform,
    Status::StoreInUse,
    Status::Input,
    Status::Paused,
    Status::Policy,
    Status::Done,
];

impl Status {
    /// Of two runs' codes the more urgent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let more_urgent = |status: &&Self| [self, other].contains(status);
        BY_URGENCY.iter().find(more_urgent).copied().unwrap_or(self)
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why the program does not end well.
#[derive(Debug)]
pub struct Failure {
    pub status: Status,
    pub error: anyhow::Error,
}

impl Failure {
    pub fn input(error: impl Into<anyhow::Error>) -> Self {
        Self { status: Status::Input, error: error.into() }
    }

    pub fn platform(error: impl Into<anyhow::Error>) -> Self {
        Self { status: Status::Platform, error: error.into() }
    }
}

impl From<pod_host::Error> for Failure {
    fn from(error: pod_host::Error) -> Self {
        let status = match error {
            pod_host::Error::Paused { .. } => Status::Paused,
            pod_host::Error::StoreInUse { .. } => Status::StoreInUse,
            pod_host::Error::Stopped(_) => signals::received().unwrap_or(Status::Platform),
            _ if error.is_bad_input() => Status::Input,
            _ => Status::Platform,
        };
        Self { status, error: advised(error) }
    }
}

impl From<pod_host::BadFile> for Failure {
    fn from(error: pod_host::BadFile) -> Self {
        Self::input(error)
    }
}
