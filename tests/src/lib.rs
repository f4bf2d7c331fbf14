//! What tests of the whole share: an emulator from a scenario, and a host that runs policies on
//! it. Everything is real; only the money is not.

pub mod fuzz;
pub mod mortal;

use std::path::{Path, PathBuf};

use pod_emulator::{Emulator, Options, Scenario};
use pod_host::{Account, Host, Policy, PolicyFiles, Receipt, RunOptions, ScriptMode, Stated};
use pod_platform::{Client, Credentials, Limits, Platform};
use pod_toolchain::Toolchain;
use serde_json::Value;

/// A file of this project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A host and the emulator that it runs policies on.
pub struct Bench {
    /// The platform.
    pub pod: Emulator,
    /// The host.
    pub host: Host,
    /// The scenario's caller.
    pub account: Account,
    store: tempfile::TempDir,
}

impl Bench {
    /// Starts both from a scenario.
    pub async fn start(scenario: Scenario) -> Self {
        let pod = Emulator::start(Options { scenario, ..Options::default() })
            .await
            .expect("the emulator starts");
        let url = pod.platform_url().to_owned();
        Self::at(pod, &url).await
    }

    /// A host that reaches `pod` at another address, such as a proxy's.
    pub async fn at(pod: Emulator, url: &str) -> Self {
        let store = tempfile::tempdir().expect("a folder for the store");
        // All tests share the compiled components.
        let artefacts = project("target/test-components");
        let host = Host::builder()
            .store(store.path())
            .artefacts(artefacts)
            .clock(pod.clock())
            .build()
            .await
            .expect("the host starts");
        let account = caller(&pod, url);
        Self { pod, host, account, store }
    }

    /// Starts both from a scenario file of this project.
    pub async fn from_file(path: &str) -> Self {
        Self::start(Scenario::from_file(project(path)).expect("the scenario is well-formed")).await
    }

    /// The store's folder.
    pub fn store(&self) -> &Path {
        self.store.path()
    }

    /// Loads the policy at a path of this project, built if it has to be.
    pub async fn load(&self, path: &str) -> Policy {
        build(path);
        self.host.load(project(path)).await.expect("the policy loads")
    }

    /// Loads a policy by its folder or its entry, a script in the given way.
    pub async fn load_entry(&self, path: &str, mode: ScriptMode) -> Policy {
        let files = PolicyFiles::find(&project(path)).expect("the policy is there");
        self.host.load_files(&files, mode).await.expect("the policy loads")
    }

    /// Loads a script that is run by the given policy.toml.
    pub async fn script(&self, manifest: &str, script: &str) -> Policy {
        let folder = tempfile::tempdir().expect("a folder for the policy");
        std::fs::write(folder.path().join("policy.toml"), manifest).expect("the manifest");
        std::fs::write(folder.path().join("script.rhai"), script).expect("the script");
        self.host.load(folder.path()).await.expect("the policy loads")
    }

    /// Runs a policy for the scenario's caller.
    pub async fn run(&self, policy: &Policy, input: Value) -> Receipt {
        self.run_with(policy, RunOptions { input, ..RunOptions::default() }).await
    }

    /// Runs a policy for the scenario's caller, with options.
    pub async fn run_with(&self, policy: &Policy, options: RunOptions) -> Receipt {
        let account = self.account().await;
        self.host.run_with(policy, &account, options).await.expect("the run is journalled")
    }

    /// The scenario's caller, and what the platform says of it now.
    pub async fn account(&self) -> Account {
        self.account.clone().with_stated(stated(&self.pod).await)
    }

    /// The ledger holds: its entries sum to zero, and its money is where this says.
    pub async fn assert_balances(&self, expected: &[(&str, i64)]) {
        let ledger = self.pod.ledger().await.expect("the ledger can be read");
        assert_eq!(ledger.total, 0, "the ledger sums to zero");
        for (account, balance) in expected {
            assert_eq!(i128::from(ledger.balance(account)), i128::from(*balance), "{account}");
        }
    }
}

/// The caller of a platform's scenario, which is reached at this address.
pub fn caller(pod: &Emulator, url: &str) -> Account {
    let token = pod.caller_token().expect("the scenario has a caller").expose().to_owned();
    let client = Client::new(Platform::at(url), Limits::default()).expect("a client");
    let mut account = Account::new("test", client, Credentials::token(token)).with_platform(url);
    account.business = pod.caller_business();
    account.user = pod.caller_user();
    account
}

/// What a platform says of its caller now.
pub async fn stated(pod: &Emulator) -> Stated {
    let holdings = pod.holdings().await.expect("the platform tells");
    let holdings = serde_json::to_value(holdings.unwrap_or_default()).expect("it is JSON");
    serde_json::from_value(holdings).expect("it states facts")
}

/// A manifest for a test's script.
pub fn manifest(world: &str, allow: &str, budget: &str) -> String {
    format!(
        "name = \"test\"\nversion = \"1\"\nworld = \"{world}\"\nentry = \"script.rhai\"\n\
         [capabilities]\nallow = [{allow}]\n[budget]\n{budget}\n"
    )
}

/// Builds the compiled policy in a folder of this project, unless it is built already.
pub fn build(path: &str) {
    let folder = project(path);
    let files = PolicyFiles::find(&folder).expect("the policy is there");
    if !files.is_script() && Toolchain::stale(&folder, &files.entry).is_some() {
        let toolchain = Toolchain::detect().expect("a compiler for guests");
        toolchain.build(&folder, &files.entry).expect("the policy compiles");
    }
}
