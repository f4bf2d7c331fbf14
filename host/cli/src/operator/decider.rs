//! Who decides what nobody can prove.

use std::path::Path;

use anyhow::anyhow;

use super::Operator;
use crate::exit::Failure;

/// Who decides: whoever is named, or else whom podhost.toml names, or else whom `otherwise` does.
pub fn decider(
    named: Option<String>,
    config: Option<&Path>,
    otherwise: impl FnOnce() -> Option<String>,
) -> Result<String, Failure> {
    let is_somebody = |name: &String| !name.trim().is_empty();
    let by = match named {
        Some(named) => Some(named),
        None => match Operator::find(config)?.and_then(|operator| operator.name) {
            Some(name) => Some(name),
            None => otherwise(),
        },
    };
    by.filter(is_somebody).ok_or_else(|| {
        Failure::input(anyhow!(
            "who decides? The journal keeps it: --by NAME, the environment variable \
             PODHOST_OPERATOR, or `name` in podhost.toml, [operator]"
        ))
    })
}
