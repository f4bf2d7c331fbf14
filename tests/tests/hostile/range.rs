//! Where attacks are run: one host for all of them, and for each a platform of its own.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use pod_emulator::{Emulator, Ledger, Options, Scenario};
use pod_host::{
    Account, Budget, Host, HttpSecret, Policy, PolicyFiles, Receipt, RunError, RunOptions,
    ScriptMode, Status,
};
use pod_platform::{Credentials, Secret, Service, ServiceVisitor, visit_services};
use podhost_tests::{build, caller, project, stated};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    attack::Attack,
    erp::{Erp, Names},
    verdict::{Effect, Verdict},
};

const GOOD: &str = "plugins/netting";
/// Stores something, or only looks what is stored.
const NEIGHBOUR: &str = r#"
    fn run(input) {
        if input == "keep" { set_state("kept", "by the neighbour"); }
        [list_state_keys(""), get_state("kept")]
    }
"#;
/// How much later than its deadline a run may be seen to have ended, on a machine that has more to
/// do.
const LATE: Duration = Duration::from_secs(10);
/// How much of an answer may come before it is found to be too long, in bytes.
const READ_AT_ONCE: u64 = 512 * 1024;
/// What only the host knows besides the scenario's tokens.
const API_KEY: &str = "api-key-9f41c07e";
/// What policies may have sent to the hostile server, under the name `erp`.
const ERP_SECRET: &str = "secret-of-the-erp-b83e60";

/// Fails an attack's test, and says why.
macro_rules! ensure {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err(format!($($why)+));
        }
    };
}

pub struct Range {
    host: Host,
    good: Policy,
    /// Another policy of the account that is attacked.
    neighbour: Policy,
    /// What the good policy's run comes to where nobody has attacked yet.
    unharmed: Value,
    scenario: Scenario,
    _store: TempDir,
}

impl Range {
    pub async fn open() -> Self {
        let store = tempfile::tempdir().expect("a folder for the store");
        let host = Host::builder()
            .store(store.path())
            .artefacts(project("target/test-components"))
            .resolver(Arc::new(Names::default()))
            .build()
            .await
            .expect("the host starts");
        build(GOOD);
        let good = host.load(project(GOOD)).await.expect("the good policy loads");
        let folder = tempfile::tempdir().expect("a folder for a policy");
        let manifest = podhost_tests::manifest("policy", "\"store\"", "");
        let manifest = manifest.replace("\"test\"", "\"neighbour\"");
        fs::write(folder.path().join("policy.toml"), manifest).expect("its manifest");
        fs::write(folder.path().join("script.rhai"), NEIGHBOUR).expect("its script");
        let neighbour = host.load(folder.path()).await.expect("the neighbour loads");
        let scenario = Scenario::from_file(project("tests/hostile/scenario.json"));
        let unharmed = Value::Null;
        let scenario = scenario.expect("the scenario is well-formed");
        let range = Self { host, good, neighbour, unharmed, scenario, _store: store };
        let unharmed = range.run_good_policy().await;
        Self { unharmed, ..range }
    }

    /// Runs an attack, and then a good policy on the same host.
    pub async fn run(&self, folder: &Path) -> Result<(), String> {
        let erp = Erp::start().await;
        let attack = Attack::read(folder, erp.port)?;
        let attacked = self.attack(&attack, &erp).await;
        ensure!(
            self.run_good_policy().await == self.unharmed,
            "the next run of a good policy comes to something else"
        );
        attacked
    }

    async fn attack(&self, attack: &Attack, erp: &Erp) -> Result<(), String> {
        let Attack { verdict, policy } = attack;
        let files = PolicyFiles::find(policy.path()).map_err(|error| error.to_string())?;
        let mode = if verdict.installed { ScriptMode::Installed } else { ScriptMode::AdHoc };
        let policy = match (self.host.load_files(&files, mode).await, &verdict.not_loaded) {
            (Err(error), Some(said)) => {
                let text = error.to_string();
                ensure!(text.contains(said), "it is not loaded, but says {text}");
                ensure!(error.is_bad_input(), "the host itself failed: {text}");
                return Ok(());
            }
            (Err(error), None) => return Err(format!("it is not loaded: {error}")),
            (Ok(_), Some(_)) => return Err("it is loaded".into()),
            (Ok(policy), None) => policy,
        };

        let pod = start(self.scenario.clone()).await;
        let before = pod.ledger().await.map_err(|error| error.to_string())?;
        let account = with_secret(self.account(&pod).await, &files.name, erp)?;
        if verdict.neighbour {
            self.run_neighbour(&account, "keep").await?;
        }
        let mut receipts = Vec::new();
        for _ in 0..verdict.runs {
            let options = RunOptions { input: verdict.input.clone(), ..RunOptions::default() };
            let receipt = self.host.run_with(&policy, &account, options).await;
            receipts.push(receipt.map_err(|error| format!("the host failed: {error}"))?);
        }
        if verdict.neighbour {
            self.run_neighbour(&account, "find").await?;
        }

        let after = pod.ledger().await.map_err(|error| error.to_string())?;
        let budget = &policy.asks().budget;
        let last = receipts.last().ok_or("it is run once at least")?;
        check_ending(verdict, last)?;
        check_money(verdict, &receipts, budget)?;
        check_ledger(verdict, &before, after)?;
        check_allowances(&receipts, budget)?;
        let sent = pod.sms().await.map_err(|error| error.to_string())?.len();
        ensure!(sent == verdict.sms, "{sent} SMS were sent");
        let asked = erp.asked();
        let ended: Vec<_> = receipts.iter().map(|one| (&one.output, one.meters)).collect();
        ensure!(asked == verdict.asked, "the hostile server got {asked} requests: {ended:?}");
        for receipt in &receipts {
            ensure!(receipt.status == last.status, "another run ended {:?}", receipt.status);
            check_meters(receipt, budget)?;
            self.check_what_is_left(verdict, receipt).await?;
            self.check_replay(receipt).await?;
        }
        Ok(())
    }

    /// Runs another policy for the account, which stores something or finds it.
    async fn run_neighbour(&self, account: &Account, what: &str) -> Result<(), String> {
        let options = RunOptions { input: json!(what), ..RunOptions::default() };
        let receipt = self.host.run_with(&self.neighbour, account, options).await;
        let receipt = receipt.map_err(|error| error.to_string())?;
        let output = &receipt.output;
        ensure!(*output == json!([["kept"], "by the neighbour"]), "its neighbour finds {output}");
        Ok(())
    }

    /// No secret is in what the run leaves behind, and it is not too much.
    async fn check_what_is_left(&self, verdict: &Verdict, receipt: &Receipt) -> Result<(), String> {
        let entries = self.host.journal().entries(&receipt.run).await;
        let entries = entries.map_err(|error| error.to_string())?;
        let shown = json!(receipt).to_string();
        let journal = format!("{entries:?}");
        for secret in self.secrets() {
            ensure!(!shown.contains(secret), "the receipt holds the secret {secret}");
            ensure!(!journal.contains(secret), "the journal holds the secret {secret}");
        }
        let most = &verdict.most;
        for (what, most, found) in [
            ("bytes of a receipt", most.receipt_bytes, shown.len()),
            ("entries of a journal", most.journal_entries, entries.len()),
            ("bytes of a journal", most.journal_bytes, journal.len()),
        ] {
            ensure!(most.is_none_or(|most| found <= most), "{found} {what}");
        }
        Ok(())
    }

    /// A run is a function of its journal, however it ended; unless its time was up.
    async fn check_replay(&self, receipt: &Receipt) -> Result<(), String> {
        if matches!(&receipt.error, Some(RunError::BudgetExhausted { meter, .. }) if meter == "wall")
        {
            return Ok(());
        }
        let replay = self.host.replay(&receipt.run).await.map_err(|error| error.to_string())?;
        ensure!(replay.is_same(), "its replay is another: {:?}", replay.differences);
        Ok(())
    }

    /// What a good policy's run comes to now, on a platform of its own.
    async fn run_good_policy(&self) -> Value {
        let scenario = Scenario::from_file(project(GOOD).join("scenarios/small.json"));
        let pod = start(scenario.expect("the scenario is well-formed")).await;
        let receipt = self.host.run(&self.good, &self.account(&pod).await, Value::Null).await;
        let receipt = receipt.expect("the run is journalled");
        assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
        let ledger = pod.ledger().await.expect("the ledger can be read");
        let Receipt { output, effects, denied, log, meters, .. } = receipt;
        let meters = (meters.calls, meters.fuel, meters.memory_bytes, meters.rials);
        json!([output, effects, denied, log, meters, ledger])
    }

    /// The caller of a platform, with all the secrets that an account can have.
    async fn account(&self, pod: &Emulator) -> Account {
        struct Names(Vec<&'static str>);

        impl ServiceVisitor for Names {
            fn visit<S: Service>(&mut self) {
                self.0.push(S::ROW.name);
            }
        }

        let mut services = Names(Vec::new());
        visit_services(&mut services);
        let account = caller(pod, pod.platform_url());
        let key = |name: &str| (name.to_owned(), Secret::new(API_KEY));
        let credentials = Credentials {
            api_keys: services.0.into_iter().map(key).collect(),
            ..Credentials::clone(&account.credentials)
        };
        let mut account = account.with_stated(stated(pod).await).with_clock(pod.clock());
        account.credentials = credentials.into();
        account
    }

    fn secrets(&self) -> impl Iterator<Item = &str> {
        let businesses = self.scenario.businesses.iter().map(|business| &*business.api_token);
        let users = self.scenario.users.iter().map(|user| &*user.access_token);
        businesses.chain(users).chain([API_KEY, ERP_SECRET])
    }
}

/// With a secret that the policy may have sent to the hostile server.
fn with_secret(account: Account, policy: &str, erp: &Erp) -> Result<Account, String> {
    let urls = [format!("http://127.0.0.1:{}/*", erp.port).parse()?].into();
    let secret = HttpSecret { value: Secret::new(ERP_SECRET), urls };
    Ok(account.with_http_secret(policy, "erp", secret))
}

async fn start(scenario: Scenario) -> Emulator {
    let options = Options { scenario, ..Options::default() };
    Emulator::start(options).await.expect("the emulator starts")
}

fn check_ending(verdict: &Verdict, receipt: &Receipt) -> Result<(), String> {
    let error = json!(receipt.error);
    let text = receipt.error.as_ref().map(ToString::to_string).unwrap_or_default();
    let start = &text[..text.floor_char_boundary(1_000)];
    ensure!(Some(receipt.status) == verdict.status, "it ended {:?}: {start}", receipt.status);
    let kind = error["kind"].as_str();
    ensure!(kind == verdict.error.as_deref(), "its error is {kind:?}: {start}");
    let meter = error["meter"].as_str();
    ensure!(meter == verdict.meter.as_deref(), "the meter is {meter:?}: {start}");
    for said in &verdict.says {
        ensure!(text.contains(said), "`{said}` is not said: {start}");
    }
    let violations = error["violations"].as_array();
    let rules: Vec<&str> =
        violations.into_iter().flatten().filter_map(|one| one["rule"].as_str()).collect();
    match verdict.most.rules {
        Some(most) => ensure!(rules.len() <= most, "{} rules are broken", rules.len()),
        None => ensure!(rules == verdict.rules, "these rules are broken: {rules:?}"),
    }
    let denied: Vec<&str> = receipt.denied.iter().map(|one| &*one.function).collect();
    match verdict.most.denied {
        Some(most) => ensure!(denied.len() <= most, "{} calls are denied", denied.len()),
        None => ensure!(denied == verdict.denied, "these are denied: {:?}", receipt.denied),
    }
    if let Some(output) = &verdict.output {
        ensure!(&receipt.output == output, "it answers {}", receipt.output);
    }
    let lines = receipt.log.len();
    ensure!(verdict.log.is_none_or(|log| log == lines), "its log has {lines} lines");
    Ok(())
}

fn check_money(verdict: &Verdict, receipts: &[Receipt], budget: &Budget) -> Result<(), String> {
    let effect = |effect: &pod_host::Effect| Effect {
        service: effect.service.clone(),
        invoice: effect.invoice,
        rials: effect.rials.0,
    };
    let effects = |receipt: &Receipt| receipt.effects.iter().map(effect).collect::<Vec<_>>();
    let all: Vec<Effect> = receipts.iter().flat_map(effects).collect();
    ensure!(all == verdict.effects, "these are its effects: {all:?}");
    for receipt in receipts {
        let paid = receipt.meters.rials.0;
        let sum: u64 = receipt.effects.iter().map(|effect| effect.rials.0).sum();
        ensure!(paid == sum, "{paid} rials are metered, {sum} are paid");
        ensure!(paid <= budget.rial.0, "{paid} rials are paid, {} are granted", budget.rial);
    }
    let doubts: usize = receipts.iter().map(|receipt| receipt.doubts.len()).sum();
    ensure!(doubts == verdict.doubts, "it leaves {doubts} doubts");
    Ok(())
}

/// All runs together keep to the allowances. They are of one day: the platform's clock stands.
fn check_allowances(receipts: &[Receipt], budget: &Budget) -> Result<(), String> {
    let sum = |meter: fn(&Receipt) -> u64| receipts.iter().map(meter).sum::<u64>();
    for allowance in [&budget.per_day, &budget.per_policy] {
        for (meter, used, granted) in [
            ("rial", sum(|receipt| receipt.meters.rials.0), allowance.rial.map(|rial| rial.0)),
            ("calls", sum(|receipt| receipt.meters.calls), allowance.calls),
            ("http-calls", sum(|receipt| receipt.meters.http_calls), allowance.http_calls),
            ("bytes-up", sum(|receipt| receipt.meters.bytes_up), allowance.bytes_up),
            ("bytes-down", sum(|receipt| receipt.meters.bytes_down), allowance.bytes_down),
        ] {
            let granted = granted.unwrap_or(u64::MAX);
            ensure!(used <= granted, "its runs used {used} of `{meter}`, {granted} are allowed");
        }
    }
    Ok(())
}

/// The money is where it was, but for what the verdict says, and it adds up.
fn check_ledger(verdict: &Verdict, before: &Ledger, after: Ledger) -> Result<(), String> {
    ensure!(after.total == 0, "the ledger sums to {}", after.total);
    ensure!(after.faults.is_empty(), "the ledger does not add up: {:?}", after.faults);
    for (account, balance) in &after.balances {
        ensure!(*balance >= 0 || account == "outside", "{account} owes {balance}");
    }
    let mut expected = before.balances.clone();
    expected.extend(verdict.balances.clone());
    let accounts = expected.keys().chain(after.balances.keys());
    let balance = |of: &BTreeMap<String, i64>, account: &str| of.get(account).copied().unwrap_or(0);
    for account in accounts {
        let (found, expected) = (after.balance(account), balance(&expected, account));
        ensure!(found == expected, "{account} holds {found}, not {expected}");
    }
    Ok(())
}

/// No meter shows more than is granted.
fn check_meters(receipt: &Receipt, budget: &Budget) -> Result<(), String> {
    let meters = &receipt.meters;
    for (meter, used, granted) in [
        ("calls", meters.calls, budget.calls),
        ("http-calls", meters.http_calls, budget.http_calls),
        ("bytes-up", meters.bytes_up, budget.bytes_up),
        // An answer is refused when more of it came than is left: at most what is read at once.
        ("bytes-down", meters.bytes_down, budget.bytes_down + READ_AT_ONCE),
        ("fuel", meters.fuel, budget.fuel),
        ("memory", meters.memory_bytes, budget.memory_bytes),
        ("wall", meters.wall_ms, budget.wall_ms + LATE.as_millis() as u64),
    ] {
        ensure!(used <= granted, "it used {used} of `{meter}`, {granted} are granted");
    }
    Ok(())
}
