//! Scenarios that lie in a policy's folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::anyhow;
use pod_emulator::Scenario;
use pod_host::{PolicyFiles, check_within, read_file};

use crate::exit::Failure;

/// What one may have, in bytes.
const LARGEST: u64 = 64 << 20;

/// How long after it was sent a call may still take effect where the platform is this process and no
/// fault delays it.
const LANDING_WINDOW: Duration = Duration::from_millis(200);

/// Reads a scenario that nobody vouches for.
pub fn of_policy(file: &Path) -> Result<Scenario, Failure> {
    let name = file.display().to_string();
    let text = String::from_utf8(read_file(file, LARGEST)?)
        .map_err(|_| Failure::input(anyhow!("{name}: is no text in UTF-8")))?;
    Scenario::from_json(&name, &text).map_err(Failure::input)
}

/// The scenarios that a policy is tried in: those that are named, or else all in its folder
/// `scenarios`, or else its manifest's.
pub fn all(policy: &Path, named: &[PathBuf], files: &PolicyFiles) -> Result<Vec<PathBuf>, Failure> {
    if !named.is_empty() {
        return Ok(named.to_owned());
    }
    let folder = folder_of(policy);
    let mut found: Vec<PathBuf> = fs::read_dir(folder.join("scenarios"))
        .into_iter()
        .flatten()
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Beside a scenario lie what its run is told, and what is expected of it.
            name.ends_with(".json") && name.matches('.').count() == 1
        })
        .collect();
    found.sort();
    for file in found.iter().flat_map(|file| [file.clone(), input_beside(file)]) {
        check_within(folder, &file).map_err(|reason| Failure::input(anyhow!(reason)))?;
    }
    if found.is_empty() {
        found.extend(files.scenario.clone());
    }
    if found.is_empty() {
        return Err(Failure::input(anyhow!(
            "the policy has no scenarios: name one with --scenario"
        )));
    }
    Ok(found)
}

/// The folder that a policy, which may be a file, lies in.
pub fn folder_of(policy: &Path) -> &Path {
    match policy.is_dir() {
        true => policy,
        false => {
            policy.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
        }
    }
}

/// Where what a scenario's run is told lies, if it does.
pub fn input_beside(scenario: &Path) -> PathBuf {
    scenario.with_extension("input.json")
}

/// Where what is expected of a scenario's run lies, if it does.
pub fn expected_beside(scenario: &Path) -> PathBuf {
    scenario.with_extension("expected.json")
}

/// How long after it was sent a call of a scenario's run may still take effect.
pub fn landing_window(scenario: &Scenario) -> Duration {
    let latest = scenario.faults.iter().filter_map(|fault| fault.lands_after_milliseconds).max();
    LANDING_WINDOW + Duration::from_millis(latest.unwrap_or(0))
}
