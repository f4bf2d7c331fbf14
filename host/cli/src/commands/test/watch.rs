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
    report, scenario,
    signals::{self, Signals},
    tell,
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
pub async fn rounds(
    arguments: &Arc<arguments::Test>,
    signals: &Signals,
) -> Result<Status, Failure> {
    let folder = scenario::folder_of(&arguments.policy);
    loop {
        let before = seen(folder, arguments)
            .with_context(|| folder.display().to_string())
            .map_err(Failure::input)?;
        if let Err(failure) = round(arguments, signals).await {
            report::failure(&failure);
        }
        if signals::received().is_none() {
            tell!("podhost: watching {}; Ctrl-C ends it", foreign(folder.display()));
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = signals.first() => return Ok(signals::received().unwrap_or(Status::Interrupted)),
            }
            // While a file is being replaced it may not be there.
            if seen(folder, arguments).is_ok_and(|now| now != before) {
                break;
            }
        }
    }
}

fn seen(folder: &Path, arguments: &arguments::Test) -> io::Result<Seen> {
    let mut seen = Seen::new();
    look(folder, &mut seen)?;
    // What is written of each round is no reason for another.
    seen.retain(|path, _| {
        let is_expected = path.to_string_lossy().ends_with(".expected.json");
        !(arguments.update && is_expected)
    });
    Ok(seen)
}

/// What a policy is made of. Logs and reports in its folder are not.
const ENDINGS: [&str; 8] = ["c", "json", "lock", "py", "rhai", "rs", "toml", "wasm"];

fn look(folder: &Path, seen: &mut Seen) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        let (name, path) = (file.file_name(), file.path());
        if name == BUILT || name.to_string_lossy().starts_with('.') || seen.len() == FILES {
            continue;
        }
        // Of the link itself: it may lead in a circle.
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            look(&path, seen)?;
        } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|one| ending == *one)) {
            seen.insert(path, (metadata.modified().ok(), metadata.len()));
        }
    }
    Ok(())
}
