//! The store that commands read without owning it, and runs by how their ids begin.

use std::path::PathBuf;

use anyhow::anyhow;
use pod_host::journal::{Journal, RunFilter, RunSummary};

use crate::{arguments, exit::Failure};

/// The store's folder: the one that is named, or the user's.
pub fn store_folder(store: &arguments::Store) -> Result<PathBuf, Failure> {
    let chosen = store.store.clone();
    chosen.or_else(pod_host::default_store).ok_or_else(|| {
        Failure::input(anyhow!("this user has no home folder: name the store with --store"))
    })
}

/// The one run whose id is, or begins with, this.
pub async fn find(journal: &Journal, begins: &str) -> Result<RunSummary, Failure> {
    let filter = RunFilter { run: Some(begins.to_owned()), ..RunFilter::default() };
    let mut found = journal.runs(&filter).await?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(pod_host::Error::NoSuchRun(begins.to_owned()).into()),
        several => Err(Failure::input(anyhow!(
            "{several} runs begin with {begins}: write more of the id (`podhost runs` lists them)"
        ))),
    }
}
