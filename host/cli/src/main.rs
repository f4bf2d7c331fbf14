//! `podhost`: runs merchants' policies safely on the POD payments platform.

#![forbid(unsafe_code)]

mod account;
mod arguments;
mod commands;
mod destination;
mod exit;
mod hold;
mod host;
mod local_platform;
mod operator;
mod receipt;
mod report;
mod scenario;
mod shown;
mod snippet;
mod store;
mod when;
mod whose_token;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("PODHOST_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Completions { shell } => commands::completions::print(shell),
        Command::Build(build) => commands::build::build(&build),
        Command::Check(check) => in_runtime(commands::check::check(check)),
        Command::Run(run) => in_runtime(commands::run::run(run)),
        Command::Runs(runs) => in_runtime(commands::runs::list(runs)),
        Command::Show(show) => in_runtime(commands::show::show(show)),
        Command::Resume(resume) => in_runtime(commands::resume::resume(resume)),
        Command::Unpause(unpause) => in_runtime(commands::unpause::unpause(unpause)),
        Command::Settle(settle) => in_runtime(commands::settle::settle(settle)),
        Command::Replay(replay) => in_runtime(commands::replay::replay(replay)),
        Command::Verify(verify) => in_runtime(commands::verify::verify(verify)),
        Command::Crashtest(test) => in_runtime(commands::crashtest::crashtest(test)),
        Command::Backup(backup) => in_runtime(commands::retention::back_up(backup)),
        Command::Prune(prune) => in_runtime(commands::retention::prune(prune)),
        Command::Sandbox(sandbox) => in_runtime(commands::sandbox::serve(sandbox)),
    };
    match done {
        Ok(status) => status.into(),
        Err(failure) => {
            report::failure(&failure);
            failure.status.into()
        }
    }
}

fn in_runtime(
    command: impl Future<Output = Result<exit::Status, exit::Failure>>,
) -> Result<exit::Status, exit::Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(exit::Failure::platform)?;
    runtime.block_on(command)
}
