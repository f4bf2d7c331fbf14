//! `podhost build`

use std::path::Path;

use anyhow::anyhow;
use pod_host::{Digest, PolicyFiles};
use pod_toolchain::Toolchain;

use crate::{
    arguments,
    exit::{Failure, Status},
    say, tell,
    terminal::{self, foreign},
};

pub fn build(arguments: &arguments::Build) -> Result<Status, Failure> {
    let files = PolicyFiles::find(&arguments.policy)?;
    if files.is_script() {
        say!("{} is a script: there is nothing to build", foreign(files.entry.display()));
        return Ok(Status::Done);
    }
    let folder = &arguments.policy;
    if !folder.join("Cargo.toml").is_file() {
        let missing = anyhow!("{} has no Cargo.toml: there is nothing to build", folder.display());
        return Err(Failure::input(missing));
    }
    let component = compile(folder, &files)?;
    say!(
        "{} ({} bytes, sha256 {})",
        foreign(files.entry.display()),
        component.len(),
        Digest::of_file(&component)
    );
    Ok(Status::Done)
}

/// Builds the policy in `folder` if it has a crate and its component is missing or older than the
/// crate's own files.
pub fn build_if_stale(folder: &Path, files: &PolicyFiles) -> Result<(), Failure> {
    if files.is_script() || !Toolchain::needs_build(folder, &files.entry) {
        return Ok(());
    }
    tell!("Building {}", foreign(folder.display()));
    compile(folder, files).map(drop)
}

fn compile(folder: &Path, files: &PolicyFiles) -> Result<Vec<u8>, Failure> {
    let built = Toolchain::detect()
        .map(|toolchain| toolchain.listener(|line| terminal::quote("cargo", line)))
        .and_then(|toolchain| toolchain.build(folder, &files.entry));
    built.map_err(Failure::input)
}
