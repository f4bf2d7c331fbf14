//! An invoice whose tax has a fraction, as POD's have: nothing is decided about it and nothing is done
//! with it, and everything else goes on.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Desk, project};

/// A policy's small scenario, in which `issuer` has issued an invoice of 15 rials with POD's tax of
/// 9 % for `user`. Its id is the first that is free.
fn with_a_fraction(desk: &Desk, policy: &str, issuer: &str, user: u64) -> (String, u64) {
    let path = format!("plugins/{policy}/scenarios/small.json");
    let text = fs::read_to_string(project().join(path)).unwrap();
    let mut scenario: Value = serde_json::from_str(&text).unwrap();
    let invoices = scenario["invoices"].as_array().unwrap();
    let id = invoices.iter().filter_map(|invoice| invoice["id"].as_u64()).max().unwrap() + 1;
    scenario["history"] = json!([{
        "token": issuer,
        "service": "issueInvoice",
        "arguments": {
            "guildCode": "FOOD_GUILD", "productId": [0], "price": [15], "quantity": [1],
            "productDescription": ["sample"], "userId": user,
        },
    }]);
    (desk.file(&format!("{policy}.json"), scenario.to_string()), id)
}

/// The same for the shop of the netting scenario.
fn owed_to_the_mill(desk: &Desk) -> (String, u64) {
    with_a_fraction(desk, "netting", "mill-api-token", 1)
}

fn script(desk: &Desk, body: &str) -> String {
    desk.file(
        "script/policy.toml",
        "name = \"script\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"script.rhai\"\n\
         [capabilities]\nallow = [\"invoices\", \"payments\", \"loans\"]\n[budget]\nrial = 10_000_000\n\
         rial-per-payment = 1_000_000\n",
    );
    desk.file("script/script.rhai", format!("fn run(input) {{\n{body}\n}}"))
}

#[test]
fn m4_deciders_leave_it_out_and_go_on() {
    let desk = Desk::new();
    let (scenario, id) = owed_to_the_mill(&desk);
    let left_out = json!([{ "invoice": id, "unreadable": "payableAmount 16.35, vat 1.35" }]);
    for policy in ["plugins/netting", "plugins/netting/netting.rhai"] {
        for dry in [&[][..], &["--dry-run"]] {
            let ended = desk.run(&[&[policy, "--scenario", &scenario, "--json"], dry].concat());
            assert_eq!(ended.code, Some(0), "{policy}: {ended:#?}");
            let output = &ended.json()["output"];
            assert_eq!(output["leftOut"], left_out, "{output:#}");
            assert!(output["settled"]["invoices"].as_u64() > Some(0), "{output:#}");
        }
    }
    let ended = desk.run(&["plugins/netting", "--scenario", &scenario]);
    assert!(ended.stdout.contains("payableAmount 16.35, vat 1.35"), "{}", ended.stdout);
    let wanted = json!({ "invoices": [501, id] }).to_string();
    let ended =
        desk.run(&["plugins/netting", "--scenario", &scenario, "--input", &wanted, "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let error = ended.json()["error"].to_string();
    assert!(error.contains("that can be read") && error.contains("16.35"), "{error}");
}

#[test]
fn m4_so_do_the_other_deciders_and_the_month() {
    let desk = Desk::new();
    for (policy, issuer, user) in
        [("delegation", "bakery-api-token", 100), ("loan-plan", "furniture-api-token", 100)]
    {
        let (scenario, id) = with_a_fraction(&desk, policy, issuer, user);
        let ended = desk.run(&[&format!("plugins/{policy}"), "--scenario", &scenario, "--json"]);
        assert_eq!(ended.code, Some(0), "{policy}: {ended:#?}");
        let output = &ended.json()["output"];
        let left_out = json!([{ "invoice": id, "unreadable": "payableAmount 16.35, vat 1.35" }]);
        assert_eq!(output["leftOut"], left_out, "{policy}: {output:#}");
        assert_ne!(output["payments"], json!([]), "{policy}: {output:#}");
    }
    let (scenario, id) = with_a_fraction(&desk, "month", "flour-mill-api-token", 1);
    let input = "@plugins/month/scenarios/small.input.json";
    for policy in ["plugins/month", "plugins/month/month.rhai"] {
        let ended = desk.run(&[policy, "--scenario", &scenario, "--input", input]);
        assert_eq!(ended.code, Some(0), "{policy}: {ended:#?}");
        let told = format!("invoice {id} is left out: its payableAmount is 16.35");
        assert!(format!("{ended:?}").contains(&told), "{policy}: {ended:#?}");
    }
}

#[test]
fn m4_a_script_sees_what_could_be_read_and_is_told_of_the_rest() {
    let desk = Desk::new();
    let (scenario, id) = owed_to_the_mill(&desk);
    let find = format!(
        "let list = get_invoice_list(#{{ offset: 0, size: 50, is_payed: false }}).result;
         let strange = list.find(|invoice| invoice.id == {id});"
    );
    let run = |body: &str| {
        let script = script(&desk, &format!("{find}\n{body}"));
        desk.run(&[&script, "--scenario", &scenario, "--json"])
    };
    let seen = run("[list.len > 3, strange.total_amount, strange.unreadable, is_payable(strange)]");
    let fields = json!([
        { "name": "payableAmount", "value": "16.35" },
        { "name": "vat", "value": "1.35" },
    ]);
    assert_eq!(seen.json()["output"], json!([true, 15, fields, false]), "{seen:#?}");

    let missing = run("strange.payable_amount");
    let error = missing.json()["error"].to_string();
    assert!(error.contains("payable_amount"), "{error}");
}

#[test]
fn m4_a_call_that_would_change_it_is_refused_even_within_a_ceiling() {
    let desk = Desk::new();
    let (scenario, id) = owed_to_the_mill(&desk);
    let body =
        format!("pay_invoice_by_credit(#{{ invoice_id: {id}, wallet: \"PODLAND_WALLET\" }})");
    let script = script(&desk, &body);
    let ended = desk.run(&[&script, "--scenario", &scenario, "--json"]);
    let receipt = ended.json();
    assert_eq!(
        (&receipt["effects"], &receipt["meters"]["rials"]),
        (&json!([]), &json!(0)),
        "{receipt:#}"
    );
    let error = receipt["error"].to_string();
    assert!(error.contains("cannot be read") && error.contains("16.35"), "{receipt:#}");
}

#[test]
fn m4_a_loan_that_pays_it_is_listed_and_not_changed() {
    let desk = Desk::new();
    let (path, id) = with_a_fraction(&desk, "loan-plan", "furniture-api-token", 100);
    let mut scenario: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    scenario["caller"] = "karimi-access-token".into();
    scenario["history"].as_array_mut().unwrap().push(json!({
        "token": "karimi-access-token",
        "service": "payInvoiceByLoan",
        "arguments": { "invoiceId": id, "contractId": 50, "planId": 1 },
    }));
    fs::write(&path, scenario.to_string()).unwrap();
    let script = script(
        &desk,
        "let loan = loan_list(#{ offset: 0, size: 5 }).result[0];
         info(`${loan.total_amount} rials`);
         update_loan_by_plan(#{ loan_id: loan.id, plan_id: 2 })",
    );
    let ended = desk.run(&[&script, "--scenario", &path, "--json"]);
    let receipt = ended.json();
    assert_eq!(receipt["log"][0]["message"], "16 rials", "{receipt:#}");
    assert_eq!(receipt["effects"], json!([]), "{receipt:#}");
    let error = receipt["error"].to_string();
    assert!(error.contains("cannot be read: POD sent subjectInvoice"), "{receipt:#}");
}
