//! `podhost run --dry-run`: what would be paid, and nothing paid.

use serde_json::Value;

use crate::common::{Desk, Ended, SMALL, Served};

/// The token of the small scenario's caller.
const TOKEN: &str = "shop-api-token";

fn netting(desk: &Desk, pod: &Served, more: &[&str]) -> Ended {
    let mut arguments = vec!["plugins/netting/netting.rhai", "--platform", pod.url()];
    arguments.extend(more);
    desk.command(&arguments).env("PODHOST_TOKEN", TOKEN).output().unwrap().into()
}

fn is_paid(pod: &Served, invoice: u64) -> Value {
    let list = format!("scProductId=29813&offset=0&size=1&id={invoice}");
    pod.post(TOKEN, &list)["result"][0]["payed"].clone()
}

#[test]
fn it_says_what_the_run_then_does_on_a_platform_in_another_process() {
    let (pod, desk) = (Served::start(&["--scenario", SMALL]), Desk::new());
    let ended = netting(&desk, &pod, &["--dry-run", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let dry = ended.json();
    assert_eq!(dry["dry_run"], true);
    assert_eq!(is_paid(&pod, 501), false);
    let real = netting(&desk, &pod, &["--json"]).json();
    assert_eq!(is_paid(&pod, 501), true);
    assert!(real.get("dry_run").is_none());
    assert_eq!(dry["meters"]["rials"], real["meters"]["rials"]);
    let paid = |receipt: &Value| -> Vec<(Value, Value)> {
        let effects = receipt["effects"].as_array().unwrap().iter();
        effects.map(|effect| (effect["invoice"].clone(), effect["rials"].clone())).collect()
    };
    assert!(!paid(&dry).is_empty());
    assert_eq!(paid(&dry), paid(&real));
}

#[test]
fn it_says_in_both_languages_that_nothing_was_paid() {
    let (pod, desk) = (Served::start(&["--scenario", SMALL]), Desk::new());
    for (language, says) in [
        ("en", "A DRY RUN: nothing was paid, and nothing was changed."),
        ("fa", "اجرای آزمایشی: هیچ پرداختی انجام نشد و هیچ چیز تغییر نکرد."),
    ] {
        let ended = netting(&desk, &pod, &["--dry-run", "--lang", language]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert!(ended.stdout.contains(says), "{}", ended.stdout);
    }
    assert_eq!(is_paid(&pod, 501), false);
}

#[test]
fn it_works_on_the_platform_in_this_process_and_has_no_key() {
    let desk = Desk::new();
    let here = ["plugins/netting/netting.rhai", "--scenario", SMALL, "--dry-run"];
    let ended = desk.run(&[&here[..], &["--json"]].concat());
    assert_eq!((ended.code, &ended.json()["dry_run"]), (Some(0), &Value::Bool(true)));
    desk.run(&[&here[..], &["--key", "k"]].concat()).failed(2, &["a dry run has no key"]);
}

#[test]
fn what_pod_would_refuse_exits_1() {
    let desk = Desk::new();
    desk.file(
        "twice/twice.rhai",
        "fn run(input) {\n    let pair = #{ creditor_invoice_id: 601, debtor_invoice_id: 501 };\n\
         pay_invoice_by_invoice(pair);\n    pay_invoice_by_invoice(pair);\n}",
    );
    let manifest = desk.file(
        "twice/policy.toml",
        "name = \"twice\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"twice.rhai\"\n\
         [capabilities]\nallow = [\"payments\"]\n[budget]\nrial = 10_000_000\n",
    );
    let folder = manifest.trim_end_matches("/policy.toml");
    let ended = desk.run(&[folder, "--scenario", SMALL, "--dry-run"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stderr.contains("bill-already-payed"), "{ended:#?}");
}
