//! Each scenario of each policy, by the compiled plugin and by the Rhai script: both agree with each
//! other, with the expected receipt beside the scenario, with their own plan, and with the
//! platform's ledger.
//!
//! `PODHOST_BLESS=1 cargo test --release --workspace --test e2e policy_scenarios` writes the expected
//! receipts anew.

use std::{collections::HashSet, fs};

use pod_emulator::Ledger;
use pod_host::{Receipt, RunOptions, ScriptMode, StableReceipt, World};
use pod_platform::Rial;
use podhost_tests::{Bench, build, project};
use serde_json::{Value, json};

struct Case {
    policy: &'static str,
    scenario: &'static str,
}

impl Case {
    fn path(&self, kind: &str) -> String {
        format!("plugins/{}/scenarios/{}.{kind}", self.policy, self.scenario)
    }

    fn options(&self) -> RunOptions {
        let input = fs::read_to_string(project(&self.path("input.json")));
        let input = input.map(|text| serde_json::from_str(&text).expect("the input is JSON"));
        RunOptions { input: input.unwrap_or_default(), ..RunOptions::default() }
    }

    /// What a decider means to pay. It moves nothing.
    async fn plan(&self, entry: &str) -> Vec<Value> {
        let bench = Bench::from_file(&self.path("json")).await;
        let before = bench.pod.ledger().await.expect("the ledger can be read");
        let policy = bench.load_entry(entry, ScriptMode::AdHoc).await;
        let options = RunOptions { plan_only: true, ..self.options() };
        let receipt = bench.run_with(&policy, options).await;
        assert!(receipt.effects.is_empty());
        let after = bench.pod.ledger().await.expect("the ledger can be read");
        assert_eq!(before, after, "a plan moves nothing");
        intentions(&receipt)
    }

    /// Runs the entry: its receipt, and the ledger after it.
    async fn run(&self, entry: &str, mode: ScriptMode) -> (StableReceipt, Ledger) {
        let bench = Bench::from_file(&self.path("json")).await;
        let before = bench.pod.ledger().await.expect("the ledger can be read");
        let policy = bench.load_entry(entry, mode).await;
        let receipt = bench.run_with(&policy, self.options()).await;
        let after = bench.pod.ledger().await.expect("the ledger can be read");
        assert_eq!((before.total, after.total), (0, 0));
        assert!(after.faults.is_empty(), "{:?}", after.faults);
        if policy.world() != World::Policy {
            assert!(self.plan(entry).await == intentions(&receipt), "it pays what it planned");
        }
        booked(&receipt, &before, &after);

        // The journal proves the same.
        let entries = bench.host.journal().entries(&receipt.run).await.expect("the chain holds");
        assert_eq!(entries.last().map(|entry| entry.hash), Some(receipt.journal_head));
        let spent = pod_host::Spent::of(entries.iter().map(|entry| &entry.entry));
        assert_eq!(spent.settled().rials, receipt.meters.rials.0);
        (StableReceipt::of(&receipt, bench.pod.pay_url()), after)
    }

    async fn agrees(&self) {
        let policy = self.policy;
        let (folder, script) =
            (format!("plugins/{policy}"), format!("plugins/{policy}/{policy}.rhai"));
        build(&folder);
        let (compiled, ledger) = self.run(&folder, ScriptMode::AdHoc).await;
        let (ad_hoc, scripts_ledger) = self.run(&script, ScriptMode::AdHoc).await;
        assert!(compiled == ad_hoc, "plugin and script decide alike");
        assert_eq!(ledger, scripts_ledger, "and the platform books alike");
        let is_long = self.scenario == "month";
        if !is_long {
            let (installed, _) = self.run(&script, ScriptMode::Installed).await;
            assert!(ad_hoc == installed, "a snapshot changes nothing");
        }

        let found = if is_long { compiled.in_short() } else { compiled.whole().clone() };
        let path = project(&self.path("expected.json"));
        if std::env::var_os("PODHOST_BLESS").is_some() {
            let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
            fs::write(&path, text).expect("the expected receipt can be written");
        }
        let expected = fs::read_to_string(&path).expect("there is an expected receipt");
        let expected: Value = serde_json::from_str(&expected).expect("it is JSON");
        // Receipts are long: what differs is seen best in the files.
        assert!(found == expected, "{} differs: bless it, and look at its diff", path.display());
    }
}

/// What a decider means to pay.
fn intentions(receipt: &Receipt) -> Vec<Value> {
    let payments = receipt.output["payments"].as_array().cloned().unwrap_or_default();
    let intention = |payment: &Value| {
        json!([payment["service"], payment["invoice"], payment["rials"], payment["reason"]])
    };
    payments.iter().map(intention).collect()
}

/// What the receipt says is what the platform booked, rial for rial.
fn booked(receipt: &Receipt, before: &Ledger, after: &Ledger) {
    let sum = Rial::checked_sum(receipt.effects.iter().map(|effect| effect.rials));
    assert_eq!(sum, Some(receipt.meters.rials));
    let mut paid = HashSet::new();
    for effect in receipt.effects.iter().filter(|effect| effect.service != "payBill") {
        let invoice = effect.invoice.expect("an invoice is paid");
        assert!(paid.insert(invoice), "invoice {invoice} is paid twice");
    }
    let rials = |value: &Value| i128::from(value.as_u64().unwrap_or_default());
    let spent =
        |account: &str| i128::from(before.balance(account)) - i128::from(after.balance(account));
    let (mut delegated, mut from_wallets) = (0, 0);
    for account in before.balances.keys().chain(after.balances.keys()).collect::<HashSet<_>>() {
        if account.starts_with("delegation:") {
            delegated += spent(account);
        } else if account.starts_with("wallet:") {
            from_wallets += spent(account);
        }
    }
    let output = &receipt.output;
    // After a payment that nobody knows of, a share may be unknown, too; then it is not told.
    let shares = |payment: &Value| payment["delegations"].as_array().cloned().unwrap_or_default();
    let is_known = |payment: &Value| shares(payment).iter().all(|share| share["rials"].is_u64());
    let payments = output["payments"].as_array().cloned().unwrap_or_default();
    if payments.iter().all(is_known) {
        assert_eq!(delegated, rials(&output["fromDelegations"]), "out of delegations");
        assert_eq!(from_wallets, rials(&output["fromWallet"]), "out of wallets");
    }
    for payment in &payments {
        let account = format!("invoice:{}", payment["invoice"]);
        let is_loan = payment["service"] == "payInvoiceByLoan";
        if payment["outcome"] == "paid" && !is_loan && after.balance(&account) != 0 {
            assert_eq!(before.balance(&account), 0);
            assert_eq!(i128::from(after.balance(&account)), rials(&payment["rials"]), "{account}");
        }
    }
    for credit in output["creditsUsed"].as_array().into_iter().flatten() {
        if !payments.iter().all(is_known) {
            break;
        }
        let account = format!("delegation:{}", credit["hash"].as_str().expect("a hash"));
        assert_eq!(i128::from(before.balance(&account)), rials(&credit["before"]), "{account}");
        assert_eq!(i128::from(after.balance(&account)), rials(&credit["after"]), "{account}");
    }
    if output["loan"].is_object() {
        assert_eq!(output["loan"]["agrees"], true, "the schedule is the platform's");
    }
}

macro_rules! scenarios {
    ($($module:ident $policy:literal: $($test:ident $scenario:literal)*;)*) => {$(
        mod $module {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    Case { policy: $policy, scenario: $scenario }.agrees().await;
                }
            )*
        }
    )*};
}

scenarios! {
    netting "netting":
        small "small"
        shop "shop"
        month "month"
        equal_amounts "equal-amounts"
        nothing_to_net "nothing-to-net"
        zero "zero"
        refused_half_way "refused-half-way"
        unanswered_half_way "unanswered-half-way";
    delegation "delegation":
        small "small"
        month "month"
        equal_amounts "equal-amounts"
        expiry_today "expiry-today"
        leap_day "leap-day"
        zero "zero"
        refused_half_way "refused-half-way"
        unanswered_half_way "unanswered-half-way";
    loan_plan "loan-plan":
        small "small"
        month "month"
        leap_day "leap-day"
        rounding "rounding"
        equal_cost "equal-cost"
        last_day_of_a_contract "last-day-of-a-contract"
        no_plan_fits "no-plan-fits"
        refused "refused";
    months "month":
        small "small"
        month "month"
        refused_half_way "refused-half-way";
}
