//! The store that commands read without owning it, what is to be told of it, and runs by how their
//! ids begin.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use pod_host::journal::{Distrust, Journal, RunFilter, RunSummary};

use crate::{
    arguments,
    exit::Failure,
    tell,
    terminal::{self, foreign},
};

/// The store's folder: the one that is named, or the user's.
pub fn store_folder(store: Option<&Path>) -> Result<PathBuf, Failure> {
    store.map(Path::to_owned).or_else(pod_host::default_store).ok_or_else(|| {
        Failure::input(anyhow!("this user has no home folder: name the store with --store"))
    })
}

/// The folder of a store that is there. Whoever goes on with runs of one in which there are none has
/// mistyped its name, and wants none made.
pub fn present(store: Option<&Path>) -> Result<PathBuf, Failure> {
    let folder = store_folder(store)?;
    match Journal::is_in(&folder) {
        true => Ok(folder),
        false => Err(pod_host::Error::NoStore(folder).into()),
    }
}

/// Says on stderr that no run is for an account: its name may be mistyped.
pub async fn tell_unknown(journal: &Journal, account: Option<&str>) -> Result<(), Failure> {
    let Some(account) = account else { return Ok(()) };
    let filter =
        RunFilter { account: Some(account.to_owned()), limit: Some(1), ..RunFilter::default() };
    if journal.runs(&filter).await?.is_empty() {
        tell!("podhost: note: no run in this store is for the account `{}`", foreign(account));
    }
    Ok(())
}

/// Opens the store to read it, and tells if it is not to be gone by.
pub async fn read_store(store: &arguments::Store) -> Result<Journal, Failure> {
    let journal = Journal::read_only(&store_folder(store.store.as_deref())?).await?;
    tell(&journal);
    Ok(journal)
}

/// Tells on stderr what whoever goes by this store has to know.
pub fn tell(journal: &Journal) {
    tell_of_permissions(journal);
    let Some(distrust) = journal.distrust() else { return };
    let folder = journal.folder().display();
    let warning = match &distrust {
        Distrust::Older(_) => format!(
            "the store {folder} is older or shorter than it was: {distrust}. Do not go by its keys, \
             allowances and holds; nothing is paid by it before `podhost store accept --store \
             {folder}`"
        ),
        Distrust::Index(_) => format!(
            "the index of the store {folder} is not what its entries come to: {distrust}. Nothing is \
             paid by it before `podhost verify --store {folder} --rebuild`"
        ),
    };
    terminal::error(&format!("warning: {warning}"));
}

/// Tells what was open to other users, and is not any more.
pub fn tell_of_permissions(journal: &Journal) {
    for path in journal.closed_to_others() {
        let path = foreign(path.display());
        tell!(
            "podhost: note: {path} was open to other users of this machine; now it is yours alone"
        );
    }
}

/// The one run whose id is this, or begins or ends with it. The end tells runs apart in the fewest
/// letters: ids begin with the time.
pub async fn find(journal: &Journal, part: &str) -> Result<RunSummary, Failure> {
    // All ids begin with nothing: what a variable that is not set names is no run.
    if part.trim().is_empty() {
        return Err(Failure::input(anyhow!("no run is named: its id is empty")));
    }
    let filter = RunFilter { run: Some(part.to_owned()), ..RunFilter::default() };
    let mut found = journal.runs(&filter).await?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(pod_host::Error::NoSuchRun(part.to_owned()).into()),
        several => Err(Failure::input(anyhow!(
            "the ids of {several} runs begin or end with {part}: write more of the id, best of its end \
             (`podhost runs` lists them)"
        ))),
    }
}
