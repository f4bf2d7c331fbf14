//! `podhost run` with the deciders and the month policy: plans, reasons in two languages, settings.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Desk, SMALL, project};

const MONTH: &str = "plugins/month";
const BILLS: &str = "@plugins/month/scenarios/small.input.json";

#[test]
fn a_plan_only_shows_what_would_be_paid() {
    let desk = Desk::new();
    for (policy, service) in [
        ("plugins/netting", "payInvoiceByInvoice"),
        ("plugins/delegation", "payInvoiceByCredit"),
        ("plugins/loan-plan", "payInvoiceByLoan"),
    ] {
        let ended = desk.run(&[policy, "--plan-only"]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert!(ended.stdout.contains("A plan only: nothing was paid."), "{ended:#?}");
        let receipt = desk.run(&[policy, "--plan-only", "--json"]).json();
        assert_eq!(receipt["effects"], serde_json::json!([]));
        assert_eq!(receipt["meters"]["rials"], 0);
        let payment = &receipt["output"]["payments"][0];
        assert_eq!(
            (&payment["outcome"], &payment["service"]),
            (&"planned".into(), &service.into())
        );
        // Every decision has its reason.
        assert!(payment["reason"]["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn a_free_form_policy_has_no_plan() {
    let desk = Desk::new();
    for option in [&["--plan-only"][..], &["--on-failure", "stop"]] {
        let ended = desk.run(&[&[MONTH], option].concat());
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert!(ended.stderr.contains("pays by itself"), "{ended:#?}");
        assert!(ended.stdout.is_empty(), "{ended:#?}");
    }
}

#[test]
fn reasons_and_headings_are_in_the_language_that_was_chosen() {
    let desk = Desk::new();
    let english = desk.run(&["plugins/delegation"]).stdout;
    assert!(english.contains("the wallet pays 100,000"), "{english}");
    assert!(english.contains("Stated, not read: wallet (by the emulator)"), "{english}");
    let persian = desk.run(&["plugins/delegation", "--lang", "fa"]).stdout;
    assert!(persian.contains("کیف پول ۱۰۰٬۰۰۰ ریال می‌پردازد"), "{persian}");
    assert!(persian.contains("اعلام‌شده، نه خوانده‌شده"), "{persian}");
    let receipt = desk.run(&["plugins/delegation", "--lang", "fa", "--json"]).json();
    let reason = &receipt["output"]["unpaid"][0]["reason"];
    assert_eq!(reason["rule"], "too-little-credit");
    assert_eq!(reason["amounts"]["payable"], 900_000);
    assert!(reason["text"].as_str().is_some_and(|text| text.contains("۹۰۰٬۰۰۰")), "{reason}");
    let ended = desk.run(&["plugins/netting", "--lang", "de"]);
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr.contains("`en` or `fa`"), "{ended:#?}");
}

#[test]
fn a_wrong_setting_is_shown_where_it_stands() {
    let desk = Desk::new();
    let manifest = std::fs::read_to_string(project().join("plugins/netting/policy.toml")).unwrap();
    let manifest = manifest
        .replace("netting.wasm", "netting.rhai")
        .replace("[config]\n", "[config]\ndays-to-pay = \"thirty\"\n");
    desk.file("policy.toml", &manifest);
    let script = project().join("plugins/netting/netting.rhai");
    desk.file("netting.rhai", std::fs::read_to_string(script).unwrap());
    let line = 1 + manifest.lines().position(|line| line.starts_with("days-to-pay")).unwrap();
    let folder = desk.folder.path().to_str().unwrap();
    let ended = desk.run(&[folder, "--scenario", "plugins/netting/scenarios/small.json"]);
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    for part in [
        format!("policy.toml:{line}:"),
        "`config.days-to-pay`: \"thirty\" is not of type \"integer\"".to_owned(),
        "a debt is due so many days after it was issued".to_owned(),
    ] {
        assert!(ended.stderr.contains(&part), "{part}: {ended:#?}");
    }
}

#[test]
fn what_is_stated_in_the_input_is_told_apart() {
    let desk = Desk::new();
    let stated = r#"{"invoices": [703], "stated": {"wallet": {"PODLAND_WALLET": 1000},
        "delegations": [{"delegatorId": 101, "hash": "lunch", "amount": 250000}]}}"#;
    let receipt = desk.run(&["plugins/delegation", "--input", stated, "--json"]).json();
    assert_eq!(receipt["status"], "done", "{receipt}");
    assert_eq!(receipt["output"]["payments"].as_array().map(Vec::len), Some(1));
    for fact in receipt["stated"].as_array().unwrap() {
        assert_eq!(fact["by"], "input");
    }
    let ended = desk.run(&["plugins/delegation", "--input", r#"{"invoice": "703"}"#]);
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr.contains("`invoice`: invalid type: string"), "{ended:#?}");
}

#[test]
fn a_month_is_settled_in_one_command() {
    let desk = Desk::new();
    let ended = desk.run(&[MONTH, "--input", BILLS]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for part in [
        "payInvoiceByInvoice",
        "payInvoiceByLoan",
        "stands in the list twice",
        "is no bill id",
        // POD's own words for a fine.
        "462",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let script = desk.run(&["plugins/month/month.rhai", "--input", BILLS, "--json"]).json();
    let compiled = desk.run(&[MONTH, "--input", BILLS, "--json"]).json();
    assert_eq!(script["output"], compiled["output"]);
    assert_eq!(compiled["output"]["left"]["rials"], 0);
}

#[test]
fn m5_an_invoice_that_is_not_there_is_named() {
    let desk = Desk::new();
    for (policy, input, field) in [
        ("plugins/netting", r#"{"invoices": [99999, 501]}"#, "invoices"),
        ("plugins/delegation", r#"{"invoices": [99999]}"#, "invoices"),
        ("plugins/delegation", r#"{"invoice": 99999}"#, "invoice"),
        ("plugins/loan-plan", r#"{"invoice": 99999}"#, "invoice"),
        ("plugins/loan-plan", r#"{"invoices": [99999]}"#, "invoices"),
    ] {
        let receipt = desk.run(&[policy, "--input", input, "--json"]).json();
        assert_eq!(receipt["status"], "failed", "{policy}: {receipt}");
        let error = receipt["error"].to_string();
        assert!(error.contains("99999") && !error.contains("501"), "{policy}: {error}");
        assert!(error.contains(&format!("\"{field}\"")), "{policy}: {error}");
        assert_eq!(receipt["effects"], serde_json::json!([]));
    }
}

#[test]
fn m5_a_loan_pays_the_one_invoice_that_is_named() {
    let desk = Desk::new();
    for input in [r#"{"invoices": []}"#, r#"{"invoices": [1, 2]}"#] {
        let receipt = desk.run(&["plugins/loan-plan", "--input", input, "--json"]).json();
        assert_eq!(receipt["status"], "failed", "{receipt}");
        assert!(receipt["error"].to_string().contains("one id"), "{receipt}");
    }
}

#[test]
fn u1_a_refused_payment_is_told_in_a_sentence() {
    let desk = Desk::new();
    let manifest = std::fs::read_to_string(project().join("plugins/netting/policy.toml")).unwrap();
    let is_budget = |line: &&str| line.starts_with("rial = ");
    let budget = manifest.lines().find(is_budget).expect("a budget in rials");
    desk.file(
        "policy.toml",
        manifest.replace("netting.wasm", "netting.rhai").replace(budget, "rial = 1"),
    );
    let script = project().join("plugins/netting/netting.rhai");
    desk.file("netting.rhai", std::fs::read_to_string(script).unwrap());
    let folder = desk.folder.path().to_str().unwrap();
    let run = |lang| {
        let scenario = "plugins/netting/scenarios/small.json";
        desk.run(&[folder, "--scenario", scenario, "--lang", lang])
    };
    for (lang, says) in [
        ("en", "the budget `rial` does not cover this: 900000 needed, 1 left"),
        ("fa", "سقف `rial` کافی نیست: ۹۰۰٬۰۰۰ لازم است و ۱ مانده است"),
    ] {
        let ended = run(lang);
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        assert!(ended.stdout.contains(says), "{ended:#?}");
        assert!(!ended.stdout.contains("\"needed\""), "{ended:#?}");
    }
}

/// The small netting scenario, whose first debt is paid, and waits for its issuer to verify that.
fn with_an_unverified_payment(desk: &Desk) -> String {
    let text = fs::read_to_string(project().join(SMALL)).unwrap();
    let mut scenario: Value = serde_json::from_str(&text).unwrap();
    scenario["invoices"][0]["verificationNeeded"] = true.into();
    scenario["history"] = json!([{
        "token": "karimi-access-token",
        "service": "payAnyInvoiceByCredit",
        "arguments": { "invoiceId": 501, "wallet": "PODLAND_WALLET" },
    }]);
    desk.file("unverified.json", scenario.to_string())
}

/// The month policy as a script, with the compiled one's settings and grants.
fn month_as_a_script(desk: &Desk) -> String {
    let month = project().join(MONTH);
    let settings = fs::read_to_string(month.join("policy.toml")).unwrap();
    let settings = settings.replace("month.wasm", "month.rhai");
    let script = fs::read(month.join("month.rhai")).unwrap();
    desk.file("month/month.rhai", script);
    let settings = desk.file("month/policy.toml", settings);
    settings.trim_end_matches("/policy.toml").to_owned()
}

#[test]
fn m3_a_debt_that_awaits_its_verification_is_left_alone() {
    let desk = Desk::new();
    let (scenario, script) = (with_an_unverified_payment(&desk), month_as_a_script(&desk));
    for policy in ["plugins/netting", "plugins/netting/netting.rhai", MONTH, &script] {
        for dry in [&[][..], &["--dry-run"]] {
            let arguments = [&[policy, "--scenario", &scenario, "--json"], dry].concat();
            let ended = desk.run(&arguments);
            assert_eq!(ended.code, Some(0), "{policy}: {ended:#?}");
            let output = &ended.json()["output"];
            let payments = output["payments"].as_array().unwrap();
            let tried: Vec<&Value> = payments.iter().map(|payment| &payment["invoice"]).collect();
            assert!(tried.contains(&&json!(502)), "{policy}: {output:#}");
            assert!(!tried.contains(&&json!(501)), "{policy}: {output:#}");
            let paid = payments.iter().all(|payment| payment["outcome"] == "paid");
            assert!(paid, "{policy}: {output:#}");
        }
    }
}
