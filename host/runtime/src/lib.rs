//! The embeddable host: runs merchants' policies in a sandbox, behind one door, with a journal.
//!
//! What `podhost run` does, any program can do:
//!
//! ```
//! use pod_host::{Account, Host};
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
//! # let business = pod.caller_business().unwrap();
//! # let script = format!("{netting}/netting.rhai");
//! let host = Host::builder().store(folder.path()).build().await?;
//! let policy = host.load(script).await?;
//! let client = Client::new(Platform::at(url), Limits::default())?;
//! let account = Account::new("my shop", client, Credentials::token(token)).with_business(business);
//! # let account = account.with_clock(pod.clock());
//! let receipt = host.run(&policy, &account, serde_json::Value::Null).await?;
//! println!("{} rials settled in {} calls", receipt.meters.rials, receipt.meters.calls);
//! # assert_eq!(receipt.status, pod_host::Status::Done);
//! # Ok(())
//! # }
//! ```
//!
//! A policy is a WebAssembly component or a Rhai script ([`PolicyFiles`]). Each run is a fresh
//! instance with limits of its own; whatever it asks of the world passes the door, in one order:
//! journal, authorise, charge, intend, reconcile, retry, perform. What it may do is its [`Grant`]: what it
//! asks for, or what of that its operator grants ([`Grant::intersection`]). What came of it is the
//! [`Receipt`]; what proves it is the [`journal`].

#![deny(missing_docs)]

mod contract;
mod crypto;
mod door;
mod error;
mod files;
mod grant;
mod guest;
pub mod journal;
mod policy;
mod redact;
mod run;

pub use contract::{
    Language, OnFailure, ScriptMode, Stated, StatedBy, StatedDelegation, StatedFact,
    StatedLoanCredit, StatedLoanPlan, UnknownLanguage, World,
};
pub use crypto::{Digest, NotADigest, NotAKey, PublicKey, Signature, SigningKey, Unsigned};
pub use door::{Account, HttpSecret, OnPoint, Point, Resolve};
pub use error::{BadFile, Error, Place, Stopped};
pub use files::{check_within, read_file};
pub use grant::{
    Allowance, Amounts, Budget, BudgetFields, CapabilityFields, Grant, NetworkFields, NetworkRule,
    Scope, UrlPattern,
};
pub use guest::{ARTEFACTS_AT_MOST, OnProgress, Progress, engine};
pub use journal::{
    effect::{Effect, Proof, Source, UsedCredit},
    receipt::{
        Doubt, LogLine, Meters, PolicyIdentity, Receipt, Refusal, RunError, Settlement, Status,
        Violation,
    },
    spent::Spent,
    stable::StableReceipt,
    statement::{
        LeftOut, Line, LineDecision, LineKind, OpenDoubt, Statement, StatementFilter, Sum,
        Unreadable, open_doubts, sums,
    },
};
pub use policy::{Inspection, Manifest, Policy, PolicyFiles, back_up, inspect_component};
pub use run::{
    Decision, Difference, Host, HostBuilder, LARGEST_INPUT, PAUSE_AFTER, PreparedHost, Replay,
    RunOptions, check_key, default_store, parse_input,
};

/// What the door's layers cost.
#[doc(hidden)]
pub use door::measure;

/// What a netting decider sees and answers.
pub mod netting {
    pub use crate::contract::{Alternative, Credit, Debt, NettingPlan, Pair, Reason, Remark};
}

/// What a delegation decider sees and answers.
pub mod delegation {
    pub use crate::contract::{
        DelegatedCredit, DelegatedShare, OpenInvoice, Payment, SpendingPlan, Wallet, WalletShare,
    };
}

/// What a loan plan decider sees and answers.
pub mod loan_plan {
    pub use crate::contract::{
        Choice, InvoiceToFinance, LostOffer, Offer, PlannedInstallment, Selection,
    };
}
