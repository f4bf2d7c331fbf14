//! `podhost completions`

use clap::CommandFactory as _;

use crate::{
    arguments::Arguments,
    exit::{Failure, Status},
    terminal,
};

pub fn print(shell: clap_complete::Shell) -> Result<Status, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "podhost", &mut script);
    terminal::verbatim(&String::from_utf8_lossy(&script));
    Ok(Status::Done)
}
