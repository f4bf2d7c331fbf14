//! Every scenario of every policy: its dry run's receipt is that of the run that follows, and does no
//! more than the run's own work.

use std::{fs, path::PathBuf};

use pod_emulator::Scenario;
use pod_host::{Receipt, ScriptMode};
use podhost_tests::{Bench, build, project};
use serde_json::Value;

use crate::dry_run::{assert_same, overheard, run_dry};

/// A scenario's file, its name, and the input of its runs.
fn scenarios(policy: &str) -> Vec<(PathBuf, String, Value)> {
    let folder = project(&format!("plugins/{policy}/scenarios"));
    let mut found = Vec::new();
    for file in fs::read_dir(&folder).unwrap().flatten() {
        let path = file.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // What is beside it: `NAME.expected.json`, `NAME.input.json`.
        if name.contains('.') {
            continue;
        }
        let input = fs::read_to_string(folder.join(format!("{name}.input.json")));
        let input = input.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        found.push((path, name, input));
    }
    found.sort_by(|one, other| one.1.cmp(&other.1));
    assert!(found.len() > 2, "{policy} has scenarios");
    found
}

/// Runs a scenario dry, then really, and compares. Both receipts.
///
/// What goes wrong half way nobody can know before: such a scenario's dry run says what a run does
/// where nothing goes wrong.
async fn dry_and_real(entry: &str, path: &PathBuf, input: &Value) -> (Receipt, Receipt) {
    let scenario = Scenario::from_file(path).unwrap();
    let goes_well = Scenario { faults: Vec::new(), ..scenario.clone() };
    let goes_wrong = !scenario.faults.is_empty();
    let (bench, wire) = overheard(scenario).await;
    let policy = bench.load_entry(entry, ScriptMode::AdHoc).await;
    let dry = run_dry(&bench, &wire, &policy, input).await;
    let real = if goes_wrong {
        let bench = Bench::start(goes_well).await;
        let policy = bench.load_entry(entry, ScriptMode::AdHoc).await;
        bench.run(&policy, input.clone()).await
    } else {
        bench.run(&policy, input.clone()).await
    };
    assert_same(&dry, &real, &format!("{entry} {}", path.display()));
    (dry, real)
}

async fn script_runs_dry_as_it_runs(policy: &str) -> Vec<(Receipt, Receipt)> {
    let script = format!("plugins/{policy}/{policy}.rhai");
    let mut both = Vec::new();
    for (path, _, input) in scenarios(policy) {
        both.push(dry_and_real(&script, &path, &input).await);
    }
    both
}

#[tokio::test]
async fn netting_runs_dry_as_it_runs() {
    for (dry, real) in script_runs_dry_as_it_runs("netting").await {
        // The same questions are asked. What is not sent is the payments and their one-time tokens.
        let paid = real.effects.len() as u64;
        assert_eq!(dry.meters.calls + 2 * paid, real.meters.calls);
        assert!(dry.assumed.is_empty(), "{:?}", dry.assumed);
    }
}

#[tokio::test]
async fn delegation_runs_dry_as_it_runs() {
    script_runs_dry_as_it_runs("delegation").await;
}

#[tokio::test]
async fn a_loan_plan_runs_dry_as_it_runs() {
    script_runs_dry_as_it_runs("loan-plan").await;
}

#[tokio::test]
async fn a_month_runs_dry_as_it_runs() {
    script_runs_dry_as_it_runs("month").await;
}

#[tokio::test]
async fn compiled_policies_too() {
    for policy in ["netting", "delegation", "loan-plan", "month"] {
        let folder = format!("plugins/{policy}");
        build(&folder);
        let all = scenarios(policy).into_iter();
        let (path, _, input) = all.clone().find(|(_, name, _)| name == "small").unwrap();
        let (dry, _) = dry_and_real(&folder, &path, &input).await;
        if policy == "month" {
            assert!(dry.effects.len() > 5 && dry.meters.rials.0 > 0);
            assert_eq!(dry.assumed, ["bill-not-paid-by-others", "lender-has-the-money"]);
        }
    }
}
