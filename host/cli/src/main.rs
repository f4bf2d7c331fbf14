//! `podhost`: runs merchants' policies safely on the POD payments platform.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

mod account;
mod advice;
mod arguments;
mod commands;
mod core_dumps;
mod difference;
mod effect;
mod exit;
mod hint;
mod hold;
mod host;
mod log;
mod operator;
mod period;
mod receipt;
mod report;
mod scenario;
mod signals;
mod snippet;
mod store;
mod terminal;
mod when;
mod words;

use std::process::ExitCode;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let done = core_dumps::turn_off().and_then(|()| log::begin());
    if let Err(failure) = done {
        report::failure(&failure);
        return failure.status.into();
    }
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => {
            terminal::usage(&error);
            return if error.use_stderr() { exit::Status::Input } else { exit::Status::Done }
                .into();
        }
    };
    match execute(arguments.command) {
        Ok(status) => terminal::ended(status).into(),
        Err(failure) => {
            report::failure(&failure);
            failure.status.into()
        }
    }
}

fn execute(command: Command) -> Result<exit::Status, exit::Failure> {
    match command {
        Command::Completions { shell } => commands::completions::print(shell),
        Command::New(new) => commands::new::new(&new),
        Command::Build(build) => commands::build::build(&build),
        Command::Check(check) => in_runtime(commands::check::check(check)),
        Command::Run(run) => in_runtime(commands::run::run(run)),
        Command::Runs(runs) => in_runtime(commands::runs::list(runs)),
        Command::Show(show) => in_runtime(commands::show::show(show)),
        Command::Explain(explain) => in_runtime(commands::explain::explain(explain)),
        Command::Resume(resume) => in_runtime(commands::resume::resume(resume)),
        Command::Unpause(unpause) => in_runtime(commands::unpause::unpause(unpause)),
        Command::Doubts(doubts) => in_runtime(commands::doubts::list(doubts)),
        Command::Statement(asked) => in_runtime(commands::statement::print(asked)),
        Command::Settle(settle) => in_runtime(commands::settle::settle(settle)),
        Command::Replay(replay) => in_runtime(commands::replay::replay(replay)),
        Command::Verify(verify) => in_runtime(commands::verify::verify(verify)),
        Command::Crashtest(test) => in_runtime(async {
            // Its children are killed with it.
            signals::Signals::listen()?.unless_told(commands::crashtest::crashtest(test)).await
        }),
        Command::Test(test) => in_runtime(commands::test::test(test)),
        Command::Store(store) => in_runtime(commands::store::store(store)),
        Command::Backup(backup) => in_runtime(commands::retention::back_up(backup)),
        Command::Prune(prune) => in_runtime(commands::retention::prune(prune)),
        Command::Emulator(emulator) => in_runtime(commands::emulator::serve(emulator)),
    }
}

fn in_runtime(
    command: impl Future<Output = Result<exit::Status, exit::Failure>>,
) -> Result<exit::Status, exit::Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(exit::Failure::platform)?;
    let done = runtime.block_on(command);
    if signals::received().is_some() {
        // What computes for its own sake, such as a compilation, is not waited for.
        runtime.shutdown_background();
    }
    done
}
