//! `podhost build`

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, anyhow};
use pod_host::{Digest, PolicyFiles};
use pod_toolchain::Toolchain;

use crate::{
    arguments,
    exit::{Failure, Status},
};

pub fn build(arguments: &arguments::Build) -> Result<Status, Failure> {
    let files = PolicyFiles::find(&arguments.policy)?;
    if files.is_script() {
        println!("{} is a script: there is nothing to build", files.entry.display());
        return Ok(Status::Done);
    }
    let component = compile(&arguments.policy, &files)?;
    println!(
        "{} ({} bytes, sha256 {})",
        files.entry.display(),
        component.len(),
        Digest::of_file(&component)
    );
    Ok(Status::Done)
}

/// Builds the policy in `folder` if it has a crate and its component is missing or older than the
/// crate's own files.
pub fn build_if_stale(folder: &Path, files: &PolicyFiles) -> Result<(), Failure> {
    if files.is_script() || !folder.join("Cargo.toml").is_file() || is_fresh(folder, &files.entry) {
        return Ok(());
    }
    eprintln!("Building {}", folder.display());
    compile(folder, files).map(drop)
}

fn compile(folder: &Path, files: &PolicyFiles) -> Result<Vec<u8>, Failure> {
    if !folder.join("Cargo.toml").is_file() {
        let missing = anyhow!("{} has no Cargo.toml: there is nothing to build", folder.display());
        return Err(Failure::input(missing));
    }
    let component = Toolchain::detect()
        .and_then(|toolchain| toolchain.build(folder, &[]))
        .map_err(Failure::input)?;
    let beside = files.entry.with_extension("wasm.partial");
    fs::write(&beside, &component)
        .and_then(|()| fs::rename(&beside, &files.entry))
        .with_context(|| files.entry.display().to_string())
        .map_err(Failure::input)?;
    Ok(component)
}

fn is_fresh(folder: &Path, entry: &Path) -> bool {
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
