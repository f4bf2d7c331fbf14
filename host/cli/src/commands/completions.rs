//! `podhost completions`

use clap::CommandFactory as _;

use crate::{
    arguments::Arguments,
    exit::{Failure, Status},
};

pub fn print(shell: clap_complete::Shell) -> Result<Status, Failure> {
    clap_complete::generate(shell, &mut Arguments::command(), "podhost", &mut std::io::stdout());
    Ok(Status::Done)
}
