//! Is a component older than the crate that it was built from?

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

/// Is `entry` there, and younger than the manifest, build script and sources in `folder`?
pub(crate) fn is_fresh(folder: &Path, entry: &Path) -> bool {
    let Some(built) = modified(entry) else { return false };
    let sources = ["Cargo.toml", "build.rs", "src"].map(|name| newest(&folder.join(name)));
    // File systems keep coarse times; a tie is stale.
    sources.into_iter().flatten().all(|source| source + Duration::from_millis(1) <= built)
}

/// When the youngest file at or below `path` was written.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).ok()?;
    entries.filter_map(|entry| newest(&entry.ok()?.path())).max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
