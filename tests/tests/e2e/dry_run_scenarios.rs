//! Every scenario of every policy: its dry run's receipt is that of the run that follows, and does no
//! more than the run's own work.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use pod_emulator::Scenario;
use pod_host::{Receipt, ScriptMode};
use podhost_tests::{Bench, build, manifest, project};
use serde_json::Value;
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

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

/// How many items each list was made of that a fork made of what had changed.
struct Listed(Arc<Mutex<Vec<u64>>>);

impl<S: tracing::Subscriber> Layer<S> for Listed {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Items(Option<u64>);

        impl tracing::field::Visit for Items {
            fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
                if field.name() == "items" {
                    self.0 = Some(value);
                }
            }

            fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
        }

        if event.metadata().target() == "pod_emulator::fork::lists" {
            let mut items = Items(None);
            event.record(&mut items);
            self.0.lock().unwrap().extend(items.0);
        }
    }
}

#[tokio::test]
async fn a_list_costs_what_has_changed_and_not_what_there_is() {
    let scenario = Scenario::from_file(project("plugins/netting/scenarios/shop.json")).unwrap();
    let (bench, wire) = overheard(scenario).await;
    let manifest = manifest("policy", "\"invoices\", \"payments\"", "rial = 100_000_000_000");
    let script = r#"
        fn all(request) { get_invoice_list(#{ offset: 0, size: 100 } + request).result }
        fn run(input) {
            let free = all(#{ is_payed: true, is_canceled: false, is_closed: false })
                .filter(|credit| !credit.will_be_blocked && credit.business.id == 1926);
            let open = all(#{ is_payed: false, is_canceled: false, is_closed: false })
                .filter(|debt| debt.business.id != 1926);
            let netted = 0;
            for debt in open {
                let covers = free.filter(|credit| credit.payable_amount >= debt.payable_amount);
                if netted == 3 || covers.is_empty() { continue; }
                let credit = covers[0];
                free = free.filter(|other| other.id != credit.id);
                pay_invoice_by_invoice(#{
                    creditor_invoice_id: credit.id, debtor_invoice_id: debt.id,
                });
                netted += 1;
                // One thing at a time.
                get_invoice_list(#{ offset: 0, size: 1, id: debt.id });
                if input == "list" {
                    all(#{});
                    all(#{ offset: 100 });
                }
            }
            [netted, free.len() + open.len()]
        }
    "#;
    let policy = bench.script(&manifest, script).await;
    let listed = Arc::<Mutex<Vec<u64>>>::default();
    let _default = tracing_subscriber::registry().with(Listed(listed.clone())).set_default();
    // With one subscriber alone, what another test's thread does first is told to nobody for good.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());

    let receipt = run_dry(&bench, &wire, &policy, &"by id".into()).await;
    assert_eq!(receipt.output[0], 3, "{:?}", receipt.error);
    assert!(receipt.output[1].as_u64() > Some(20), "{:?}", receipt.output);
    assert_eq!(*listed.lock().unwrap(), [0; 0], "what is looked up by its id is no list");
    // After each payment its debt and its credit, as they are now and as they were, for all pages.
    let receipt = run_dry(&bench, &wire, &policy, &"list".into()).await;
    assert_eq!(receipt.output[0], 3, "{:?}", receipt.error);
    assert_eq!(*listed.lock().unwrap(), [2; 6]);
}
