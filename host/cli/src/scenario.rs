//! Scenarios that lie in a policy's folder.

use std::path::Path;

use anyhow::anyhow;
use pod_emulator::Scenario;
use pod_host::read_file;

use crate::exit::Failure;

/// What one may have, in bytes.
const LARGEST: u64 = 64 << 20;

/// Reads a scenario that nobody vouches for.
pub fn of_policy(file: &Path) -> Result<Scenario, Failure> {
    let name = file.display().to_string();
    let text = String::from_utf8(read_file(file, LARGEST)?)
        .map_err(|_| Failure::input(anyhow!("{name}: is no text in UTF-8")))?;
    Scenario::from_json(&name, &text).map_err(Failure::input)
}
