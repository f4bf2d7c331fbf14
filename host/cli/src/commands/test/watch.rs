//! Trying again whenever something changes.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;

use super::round;
use crate::{
    arguments,
    exit::{Failure, Status},
    report, scenario, tell,
    terminal::foreign,
};

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// Files that are looked at, at most.
const FILES: usize = 10_000;
/// What a build writes.
const BUILT: &str = "target";

/// A file's last change and its length.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// One round after the other; what is wrong with one is told, and mended before the next.
pub async fn rounds(arguments: &Arc<arguments::Test>) -> Result<Status, Failure> {
    let folder = scenario::folder_of(&arguments.policy);
    loop {
        let before =
            seen(folder).with_context(|| folder.display().to_string()).map_err(Failure::input)?;
        if let Err(failure) = round(arguments).await {
            report::failure(&failure);
        }
        tell!("podhost: watching {}; Ctrl-C ends it", foreign(folder.display()));
        // While a file is being replaced it may not be there.
        while seen(folder).map_or(true, |now| now == before) {
            tokio::time::sleep(EVERY).await;
        }
    }
}

fn seen(folder: &Path) -> io::Result<Seen> {
    let mut seen = Seen::new();
    look(folder, &mut seen)?;
    Ok(seen)
}

fn look(folder: &Path, seen: &mut Seen) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        if name == BUILT || name.to_string_lossy().starts_with('.') || seen.len() == FILES {
            continue;
        }
        // Of the link itself: it may lead in a circle.
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            look(&file.path(), seen)?;
        } else {
            seen.insert(file.path(), (metadata.modified().ok(), metadata.len()));
        }
    }
    Ok(())
}
