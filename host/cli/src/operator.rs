//! The operator's file, as a command line names it.

use std::path::Path;

use anyhow::anyhow;
use pod_operator::{Error, Operator, settings_folder};

use crate::{
    exit::{Failure, Status},
    terminal::toml,
};

/// Reads the file at `config`, or else the first that there is.
pub fn read(config: Option<&Path>) -> Result<Operator, Failure> {
    find(config)?.ok_or_else(|| {
        Failure::input(anyhow!(
            "there is no podhost.toml, neither here nor in {}: it describes the accounts to act for \
             (docs/podhost-toml.md); --config names another file",
            settings_folder().map_or("your settings".into(), |folder| folder.display().to_string())
        ))
    })
}

/// Like [`read`], if there is a file.
pub fn find(config: Option<&Path>) -> Result<Option<Operator>, Failure> {
    Ok(match config {
        Some(path) => Some(Operator::from_file(path)?),
        None => Operator::find()?,
    })
}

/// Who decides what nobody can prove: whoever is named, or else whom podhost.toml names, or else whom
/// `otherwise` does.
pub fn decider(
    named: Option<String>,
    config: Option<&Path>,
    otherwise: impl FnOnce() -> Option<String>,
) -> Result<String, Failure> {
    let is_somebody = |name: &String| !name.trim().is_empty();
    let by = match named {
        Some(named) => Some(named),
        None => match find(config)?.as_ref().and_then(Operator::name) {
            Some(name) => Some(name.to_owned()),
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

/// The library's errors know no command line: what would help on one is added here.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = if error.is_bad_input() { Status::Input } else { Status::Platform };
        let error = match error {
            Error::InPolicyFolder(_) => {
                anyhow!("{error}; if it is yours, name it with --config, or keep it elsewhere")
            }
            Error::SeveralAccounts { path, names } => anyhow!(
                "{} has several accounts; say with --account which of them to act for: `{}`",
                path.display(),
                names.join("`, `")
            ),
            Error::NoPlatform(_) => anyhow!("{error}, or give --platform"),
            Error::NothingGranted { path, policy, account, suggestion } => {
                let suggestion = toml(&suggestion);
                Error::NothingGranted { path, policy, account, suggestion }.into()
            }
            error => error.into(),
        };
        Self { status, error }
    }
}
