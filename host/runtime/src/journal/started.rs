//! What the first entry of a run says of it.

use serde::{Deserialize, Serialize};

use super::{claims::Claimant, entry::Started, usage::Owner};
use crate::{
    contract::{Language, OnFailure, ScriptMode},
    crypto::Digest,
    error::Error,
    grant::{Grant, Scope},
};

/// What [`RunOptions`](crate::RunOptions) say beyond input and grant, as the journal has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RecordedOptions {
    pub plan_only: bool,
    pub on_failure: OnFailure,
    pub language: Language,
    pub script_mode: ScriptMode,
    pub dry_run: bool,
}

impl Started {
    pub(crate) fn recorded_options(&self) -> RecordedOptions {
        let options = self.options.as_deref().map(serde_json::from_str);
        options.and_then(Result::ok).unwrap_or_default()
    }

    /// Whose invoices the run claims, whose allowances it uses and whose state it has.
    pub(crate) fn owner(&self) -> Owner {
        let claimant = Claimant::new(&self.account, self.platform.as_deref());
        Owner { claimant, policy: self.policy.clone() }
    }

    /// Was nothing to be paid?
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.recorded_options().dry_run
    }

    /// What the run may do.
    pub(crate) fn grant(&self, run: &str) -> Result<Grant, Error> {
        let budget = serde_json::from_str(&self.budget).map_err(|error| {
            Error::Journal(format!("run {run}: its budget cannot be read: {error}"))
        })?;
        let scope = match &self.scope {
            Some(scope) => serde_json::from_str(scope).map_err(|error| {
                Error::Journal(format!(
                    "run {run}: what its calls may name cannot be read: {error}"
                ))
            })?,
            None => Scope::default(),
        };
        Ok(Grant {
            functions: self.allowed.iter().cloned().collect(),
            budget,
            repeatable: self.repeatable.iter().flatten().cloned().collect(),
            scope,
        })
    }

    /// What the marks of the run are made of: what would be begun again marks its invoices alike.
    pub(crate) fn mark(&self, run: &str) -> Digest {
        match &self.key {
            Some(key) => {
                Digest::of(&[self.account.as_bytes(), self.policy.as_bytes(), key.as_bytes()])
            }
            None => Digest::of(&[run.as_bytes()]),
        }
    }
}
