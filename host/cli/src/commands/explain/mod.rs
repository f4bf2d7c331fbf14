//! `podhost explain`: a run for whoever has to answer for it, as a text or as one page for a browser.

mod page;

use std::fs;

use anyhow::Context as _;

use super::show;
use crate::{
    arguments,
    exit::{Failure, Status},
    receipt, store, tell,
    terminal::{self, foreign},
};

pub async fn explain(arguments: arguments::Explain) -> Result<Status, Failure> {
    let journal = store::read_store(&arguments.store).await?;
    let summary = store::find(&journal, &arguments.run).await?;
    let entries = journal.entries(&summary.run).await?;
    let receipt = pod_host::journal::receipt(&summary.run, &entries)?;
    let Some(file) = &arguments.html else {
        terminal::print(&receipt::readable(&receipt, arguments.lang));
        terminal::print(&show::timeline(&summary, &entries));
        return Ok(Status::Done);
    };
    let page = page::of(&summary, &receipt, &entries, arguments.lang).map_err(Failure::platform)?;
    fs::write(file, page).with_context(|| file.display().to_string()).map_err(Failure::platform)?;
    tell!("{}: open it in a browser", foreign(file.display()));
    Ok(Status::Done)
}
