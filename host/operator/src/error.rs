//! What can be wrong with podhost.toml, with what it names, and with whom it describes.

use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
};

use pod_host::Place;
use pod_platform::ClientError;

/// An error of the system's or of a library's, whichever it is.
pub(crate) type Cause = Box<dyn StdError + Send + Sync>;

/// The operator's file cannot be used, or an account cannot be acted for. Causes are sources, and are
/// not repeated in the text; no error shows a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of podhost.toml is wrong, or what it names: a secret that is not there, for example.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A podhost.toml that nobody named lies beside a policy's manifest.
    #[error(
        "{} lies in a policy's folder: whoever wrote the policy may have written it, and it \
         names programs to run and says what policies may do",
        .0.display()
    )]
    InPolicyFolder(PathBuf),
    /// The file describes no account.
    #[error("{} describes no account: [account.NAME]", .0.display())]
    NoAccounts(PathBuf),
    /// The file describes several accounts, and none was named.
    #[error("{} has several accounts, and none is named: `{}`", path.display(), names.join("`, `"))]
    SeveralAccounts {
        /// The file.
        path: PathBuf,
        /// The accounts' names.
        names: Vec<String>,
    },
    /// The file does not describe this account.
    #[error("{} has no account `{name}`; it has `{}`", path.display(), names.join("`, `"))]
    NoSuchAccount {
        /// The file.
        path: PathBuf,
        /// The account that was named.
        name: String,
        /// The accounts that there are.
        names: Vec<String>,
    },
    /// Neither the account nor the caller says which platform the account is on.
    #[error(transparent)]
    NoPlatform(FieldError),
    /// The file says nothing of the policy.
    #[error(
        "{} grants the policy `{policy}` nothing; write into it as much of this as the policy may \
         do for the account `{account}`:\n\n{suggestion}",
        path.display()
    )]
    NothingGranted {
        /// The file.
        path: PathBuf,
        /// The policy's name.
        policy: String,
        /// The name of the account that it would act for.
        account: String,
        /// The tables that would grant all that it asks for, as [`suggested_grant`] writes them.
        ///
        /// [`suggested_grant`]: crate::suggested_grant
        suggestion: String,
    },
    /// The grant is for a policy with another digest, or for none and has to be for one.
    #[error(transparent)]
    Unbound(FieldError),
    /// What stands in an environment variable is no token.
    #[error("{variable}: {reason}")]
    Token {
        /// The variable's name.
        variable: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The platform's addresses are none, or no connection can be made ready.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nobody answers at a platform's address.
    #[error("{platform} cannot be reached")]
    Unreachable {
        /// The platform's address.
        platform: String,
        /// Why not.
        source: Cause,
    },
    /// An emulator does not answer what only emulators are asked.
    #[error("{platform} does not tell its {what}")]
    EmulatorSilent {
        /// The emulator's address.
        platform: String,
        /// What it was asked for.
        what: &'static str,
        /// Why it was no answer.
        source: Cause,
    },
    /// An emulator knows nobody with the account's token.
    #[error(
        "the emulator {platform} has no business and no user with the token of the account \
         `{account}`"
    )]
    UnknownToken {
        /// The emulator's address.
        platform: String,
        /// The account's name.
        account: String,
    },
    /// The account's token is another business's or user's than the file states.
    #[error(transparent)]
    OthersToken(FieldError),
    /// Whose the account's token is cannot be looked up now.
    #[error("whose the token of the account `{account}` is cannot be looked up: {reason}")]
    OwnerUnavailable {
        /// The account's name.
        account: String,
        /// Why POD is not available.
        reason: String,
    },
}

impl Error {
    /// A name of the kind of error that stays as it is.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field(_) => "bad-field",
            Self::Unreadable { .. } => "unreadable",
            Self::InPolicyFolder(_) => "in-policy-folder",
            Self::NoAccounts(_) => "no-accounts",
            Self::SeveralAccounts { .. } => "several-accounts",
            Self::NoSuchAccount { .. } => "no-such-account",
            Self::NoPlatform(_) => "no-platform",
            Self::NothingGranted { .. } => "nothing-granted",
            Self::Unbound(_) => "unbound",
            Self::Token { .. } => "bad-token",
            Self::Client(_) => "no-client",
            Self::Unreachable { .. } => "unreachable",
            Self::EmulatorSilent { .. } => "emulator-silent",
            Self::UnknownToken { .. } => "unknown-token",
            Self::OthersToken(_) => "others-token",
            Self::OwnerUnavailable { .. } => "owner-unavailable",
        }
    }

    /// Is it a matter of what the operator wrote, rather than of a platform that does not answer?
    /// Tried again, it fails again.
    #[must_use]
    pub fn is_bad_input(&self) -> bool {
        !matches!(
            self,
            Self::Unreachable { .. } | Self::EmulatorSilent { .. } | Self::OwnerUnavailable { .. }
        )
    }

    /// The field that is wrong, if it is a matter of one.
    #[must_use]
    pub fn field(&self) -> Option<&FieldError> {
        match self {
            Self::Field(field)
            | Self::NoPlatform(field)
            | Self::Unbound(field)
            | Self::OthersToken(field) => Some(field),
            _ => None,
        }
    }
}

/// What is wrong with one field: told with file, line and field, and without the line itself, in
/// which a secret may stand.
#[derive(Debug)]
pub struct FieldError {
    path: PathBuf,
    place: Option<Place>,
    field: String,
    reason: String,
    cause: Option<Cause>,
}

impl FieldError {
    pub(crate) fn new(
        path: &Path,
        place: Option<Place>,
        field: &str,
        reason: impl Into<Reason>,
    ) -> Self {
        let Reason { text, cause } = reason.into();
        Self { path: path.to_owned(), place, field: field.to_owned(), reason: text, cause }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line, counted from 1; none if it is a matter of the whole file.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        Some(self.place?.line)
    }

    /// The column, in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> Option<u32> {
        Some(self.place?.column)
    }

    /// The field's whole name, `account.shop.token`; empty if it is a matter of the whole file.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        if !self.field.is_empty() {
            write!(f, ": `{}`", self.field)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl StdError for FieldError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// What is wrong, in words, and what caused it, unless that may show a secret.
pub(crate) struct Reason {
    text: String,
    cause: Option<Cause>,
}

impl Reason {
    pub fn caused(text: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self { text: text.into(), cause: Some(cause.into()) }
    }

    /// The reason, of this.
    pub fn of(self, whose: impl fmt::Display) -> Self {
        Self { text: format!("{whose}: {}", self.text), ..self }
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self { text, cause: None }
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
