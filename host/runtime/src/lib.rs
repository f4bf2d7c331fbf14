//! The embeddable host: runs merchants' policies in a sandbox, behind one door, with a journal.
//!
//! What `podhost run` does, any program can do:
//!
//! ```
//! # use std::sync::Arc;
//! use pod_host::{Account, Host, Stated};
//! use pod_platform::{Client, Credentials, Limits, Platform};
//! # use pod_emulator::{Options, Emulator, Scenario};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let netting = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/netting");
//! # let scenario = Scenario::from_file(format!("{netting}/scenarios/small.json"))?;
//! # let pod = Emulator::start(Options { scenario, ..Options::default() }).await?;
//! # let (url, token) = (pod.platform_url(), pod.caller_token().unwrap().expose());
//! # let business = pod.caller_business();
//! # let script = format!("{netting}/netting.rhai");
//! let host = Host::builder().store(folder.path()).build().await?;
//! let policy = host.load(script).await?;
//! let account = Account {
//!     name: "my shop".into(),
//!     client: Client::new(Platform::at(url), Limits::default())?,
//!     credentials: Arc::new(Credentials::token(token)),
//!     platform: None,
//!     clock: Some(pod.clock()),
//!     business,
//!     user: pod.caller_user(),
//!     operator_stated: Stated::default(),
//!     stated: Stated::default(),
//!     http_secrets: Default::default(),
//! };
//! let receipt = host.run(&policy, &account, serde_json::Value::Null).await?;
//! println!("{} rials settled in {} calls", receipt.meters.rials, receipt.meters.calls);
//! # assert_eq!(receipt.status, pod_host::Status::Done);
//! # Ok(())
//! # }
//! ```
//!
//! A policy is a WebAssembly component or a Rhai script ([`PolicyFiles`]). Each run is a fresh
//! instance with limits of its own; whatever it asks of the world passes the door, in one order:
//! record, authorise, charge, intend, reconcile, retry, client. What it may do is its [`Grant`]: what it
//! asks for, or what of that its operator grants ([`Grant::intersection`]). What came of it is the
//! [`Receipt`]; what proves it is the [`journal`].

#![deny(missing_docs)]

mod artefact_folder;
mod artefact_key;
mod artefacts;
mod ask;
mod bindings;
mod budget;
mod cards;
mod compiler;
mod deciders;
mod digest;
mod door;
mod effect;
pub mod engine;
mod error;
mod exact;
mod execution;
mod familiar;
mod fold;
mod grant;
mod grant_fields;
mod guest;
mod host;
mod input;
mod input_schema;
mod inspect;
mod interpreter;
pub mod journal;
mod kept;
mod key;
mod keys_once;
mod language;
mod linker;
mod manifest;
mod manifest_tables;
mod mask;
mod network_rule;
mod policy;
mod private;
mod processor;
mod queue;
mod reasons;
mod receipt;
mod records;
mod replay;
mod resume;
mod run;
mod run_log;
mod schema;
mod scope;
mod seal;
mod settings;
mod settings_limits;
mod signature;
mod stated;
mod statement;
mod task;
mod text;
mod turns;
mod untrusted;
mod url_pattern;

pub use artefact_folder::ARTEFACTS_AT_MOST;
pub use budget::{Allowance, Amounts, Budget, Spent};
pub use deciders::OnFailure;
pub use digest::{Digest, NotADigest};
pub use door::{HttpSecret, OnPoint, Point, Resolve};
pub use effect::{Effect, Proof, Source, UsedCredit};
pub use error::{BadFile, Error, Place, Stopped};
pub use grant::Grant;
pub use grant_fields::{BudgetFields, CapabilityFields, NetworkFields};
pub use host::{
    Account, Host, HostBuilder, OnProgress, PAUSE_AFTER, PreparedHost, Progress, default_store,
};
pub use input::{LARGEST_INPUT, parse_input};
pub use inspect::{Inspection, inspect_component};
pub use kept::back_up;
pub use key::check_key;
pub use language::{Language, UnknownLanguage};
pub use manifest::{Manifest, World};
pub use network_rule::NetworkRule;
pub use policy::{Policy, PolicyFiles, ScriptMode};
pub use receipt::{
    Doubt, LogLine, Meters, PolicyIdentity, Receipt, Refusal, RunError, Settlement, Status,
    Violation,
};
pub use replay::{Difference, Replay};
pub use resume::Decision;
pub use run::RunOptions;
pub use scope::Scope;
pub use signature::{NotAKey, PublicKey, Signature, SigningKey, Unsigned};
pub use stated::{
    Stated, StatedBy, StatedDelegation, StatedFact, StatedLoanCredit, StatedLoanPlan,
};
pub use statement::{
    LeftOut, Line, LineDecision, LineKind, OpenDoubt, Statement, StatementFilter, Sum, Unreadable,
    open_doubts, sums,
};
pub use untrusted::{check_within, read_file};
pub use url_pattern::UrlPattern;

/// What the door's layers cost.
#[doc(hidden)]
pub use door::measure;

/// What a netting decider sees and answers.
pub mod netting {
    pub use crate::bindings::{Alternative, Credit, Debt, NettingPlan, Pair, Reason, Remark};
}

/// What a delegation decider sees and answers.
pub mod delegation {
    pub use crate::bindings::{
        DelegatedCredit, DelegatedShare, OpenInvoice, Payment, SpendingPlan, Wallet, WalletShare,
    };
}

/// What a loan plan decider sees and answers.
pub mod loan_plan {
    pub use crate::bindings::{
        Choice, InvoiceToFinance, LostOffer, Offer, PlannedInstallment, Selection,
    };
}
