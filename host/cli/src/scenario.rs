//! Scenarios that lie in a policy's folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::anyhow;
use pod_emulator::Scenario;
use pod_host::{PolicyFiles, check_within, read_file};

use crate::{exit::Failure, tell, terminal::foreign};

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
    let folder = folder_of(policy).join("scenarios");
    let mut found = Vec::new();
    match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::input(anyhow!("{}: {error}", folder.display()))),
        Ok(items) => {
            for item in items {
                found.push(item.map_err(Failure::input)?.path());
            }
        }
    }
    found.sort();
    let beside: Vec<PathBuf> = found.extract_if(.., |path| !is_scenario(path)).collect();
    for path in beside {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What lies beside a scenario that is not there belongs to one that is called otherwise.
        let of = [INPUT, EXPECTED].iter().find_map(|ending| name.strip_suffix(ending));
        if let Some(of) = of.filter(|of| !folder.join(format!("{of}.json")).exists()) {
            let (path, of) = (foreign(path.display()), foreign(of));
            tell!("podhost: note: {path}: there is no scenario {of}.json");
        }
    }
    if found.is_empty() {
        found.extend(files.scenario.clone());
    }
    if found.is_empty() {
        return Err(Failure::input(anyhow!(
            "the policy has no scenarios: put one into {}, or name one with --scenario",
            folder.display()
        )));
    }
    Ok(found)
}

/// How what a scenario's run is told, and what is expected of it, are called beside `NAME.json`.
const INPUT: &str = ".input.json";
const EXPECTED: &str = ".expected.json";

fn is_scenario(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".json")
        && !name.starts_with('.')
        && ![INPUT, EXPECTED].iter().any(|ending| name.ends_with(ending))
}

/// Does a scenario of a policy's folder, with what lies beside it, lie in that folder?
pub fn check(policy: &Path, scenario: &Path) -> Result<(), Failure> {
    let folder = folder_of(policy);
    for file in [scenario.to_owned(), input_beside(scenario), expected_beside(scenario)] {
        if scenario.starts_with(folder) {
            check_within(folder, &file).map_err(|reason| Failure::input(anyhow!(reason)))?;
        }
        // A pipe would be waited for.
        match fs::metadata(&file) {
            Ok(about) if !about.is_file() => {
                return Err(Failure::input(anyhow!("{} is no ordinary file", file.display())));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
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
