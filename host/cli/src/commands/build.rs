//! `podhost build`: the one command, with `--build` of others, that runs a folder's own code outside
//! the sandbox. Whoever looks at a folder, checks it or runs its policy does not.

use std::path::Path;

use anyhow::anyhow;
use pod_host::{Digest, PolicyFiles};
use pod_toolchain::{Stale, Toolchain};

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

/// Finds the policy at `path`. A component that is not what the crate in its folder makes now is told
/// with the command that builds it, or is built, if that is asked for.
pub fn find(path: &Path, build: arguments::Building) -> Result<PolicyFiles, Failure> {
    let files = PolicyFiles::find(path)?;
    if files.is_script() || !path.is_dir() {
        return Ok(files);
    }
    let Some(stale) = Toolchain::stale(path, &files.entry) else { return Ok(files) };
    if build.build {
        compile(path, &files)?;
        return Ok(files);
    }
    Err(Failure::input(told(path, &files, &stale)))
}

fn told(folder: &Path, files: &PolicyFiles, stale: &Stale) -> anyhow::Error {
    let (entry, folder) = (files.entry.display(), folder.display());
    anyhow!(
        "{entry} {stale}: run `podhost build {folder}`, which runs the code of that folder \
         (nothing else does)"
    )
}

/// Compiles what is in a folder, and says what that means.
fn compile(folder: &Path, files: &PolicyFiles) -> Result<Vec<u8>, Failure> {
    tell!(
        "Building {}: this runs the folder's own code (build scripts, procedural macros) as this \
         user, outside the sandbox; the environment that it gets holds no token",
        foreign(folder.display())
    );
    let built = Toolchain::detect()
        .map(|toolchain| toolchain.listener(|line| terminal::quote("cargo", line)))
        .and_then(|toolchain| toolchain.build(folder, &files.entry));
    built.map_err(Failure::input)
}
