//! `podhost.toml`, for whoever runs policies: the command line, a server, a program of your own.
//!
//! An operator describes in it the merchants' accounts, where their secrets are, and what each policy
//! may do for which account (docs/podhost-toml.md has all fields). [`Operator`] reads it; the secrets
//! of an account are read when it is acted for, and those of others never.
//!
//! ```
//! use pod_host::{Host, PolicyFiles, RunOptions, ScriptMode};
//! use pod_operator::Operator;
//! # use pod_emulator::{Emulator, Options, Scenario};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let netting = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/netting");
//! # let scenario = Scenario::from_file(format!("{netting}/scenarios/small.json"))?;
//! # let pod = Emulator::start(Options { scenario, ..Options::default() }).await?;
//! # let (platform, token) = (pod.platform_url(), pod.caller_token().unwrap().expose());
//! # let folder = tempfile::tempdir()?;
//! # let (file, store) = (folder.path().join("podhost.toml"), folder.path().join("store"));
//! # let script = format!("{netting}/netting.rhai");
//! std::fs::write(&file, format!(r#"
//!     [account.shop]
//!     platform = "{platform}"
//!     token = {{ command = ["echo", "{token}"] }}
//!
//!     [policy.netting]
//!     account = "shop"
//!     capabilities.allow = ["invoices.get-invoice-list", "payments.pay-invoice-by-invoice"]
//!     budget.rial = 10_000_000
//! "#))?;
//!
//! let operator = Operator::from_file(&file)?;
//! let policy = PolicyFiles::find(script.as_ref())?;
//! let acting = operator.acting(&policy, policy.digest()?, None, None)?;
//! let account = acting.identity.connect().await?.account;
//!
//! let host = Host::builder().store(&store).build().await?;
//! let policy = host.load_files(&policy, ScriptMode::AdHoc).await?;
//! let options = RunOptions { grant: Some(acting.grant), ..RunOptions::default() };
//! let receipt = host.run_with(&policy, &account, options).await?;
//! println!("{} rials settled for {}", receipt.meters.rials, account.name);
//! # assert_eq!(receipt.status, pod_host::Status::Done);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here prints, and no error shows a secret: secrets are [`pod_platform::Secret`]s, which are
//! not printed and are wiped when they are dropped. A mistake in the file is told with file, line and
//! field ([`FieldError`]).

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod account;
mod api_keys;
mod binding;
mod destination;
mod emulator;
mod error;
mod fields;
mod identity;
mod operator;
mod policies;
mod source;
mod suggestion;
mod token_owner;

pub use self::{
    binding::{Binding, digest_line, digest_value},
    destination::{Destination, NotADestination},
    error::{Error, FieldError},
    identity::{Connected, Identity, SCENARIO_ACCOUNT, TOKEN_VARIABLE},
    operator::{Acting, Operator, settings_folder},
    suggestion::suggested_grant,
    token_owner::Unconfirmed,
};
