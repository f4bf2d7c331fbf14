//! What policy.toml asks for and an operator grants, and what comes of both.

use std::path::Path;

use pod_host::{Grant, Manifest};
use pod_platform::Rial;

fn grant(tables: &str) -> Grant {
    let text = format!(
        "name = \"test\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"test.rhai\"\n{tables}"
    );
    let manifest = Manifest::parse(Path::new("policy.toml"), &text);
    manifest.unwrap_or_else(|error| panic!("{error}")).asks
}

#[test]
fn of_functions_those_that_both_name() {
    let asks = grant("[capabilities]\nallow = [\"invoices\", \"bills.pay-bill\"]");
    let grants =
        grant("[capabilities]\nallow = [\"invoices.close-invoice\", \"payments\", \"bills\"]");
    let both = asks.intersection(&grants);
    let functions: Vec<_> = both.functions.iter().map(String::as_str).collect();
    assert_eq!(functions, ["bills.pay-bill", "invoices.close-invoice"]);
    assert_eq!(both, grants.intersection(&asks));
    assert!(asks.intersection(&grant("")).functions.is_empty());
    let repeatable = grant("[capabilities]\nrepeatable = [\"payments.send-payment-link-to-user\"]");
    assert!(repeatable.intersection(&asks).repeatable.is_empty());
    assert_eq!(repeatable.intersection(&repeatable).repeatable.len(), 1);
}

#[test]
fn of_meters_the_smaller() {
    let asks = grant("[budget]\nrial = 500\ncalls = 20_000\nwall = \"2m\"\nmemory = 1_000_000");
    let both = asks.intersection(&grant("[budget]\nrial = 900\ncalls = 5_000\nfuel = 7")).budget;
    assert_eq!((both.rial, both.calls, both.fuel), (Rial(500), 5_000, 7));
    assert_eq!(
        (both.wall_ms, both.memory_bytes),
        (60_000, 1_000_000),
        "who is silent means the default"
    );
    assert_eq!(asks.intersection(&grant("")).budget.rial, Rial::ZERO, "no rials unless granted");
}

#[test]
fn a_ceiling_per_payment_binds_alone_and_excuses_only_together() {
    let asks = grant("[budget]\nrial-per-payment = 100");
    for (other, ceiling, readable_only) in [
        ("", 100, true),
        ("[budget]\nrial-per-payment = 70", 70, false),
        ("[budget]\nrial-per-payment = 700", 100, false),
    ] {
        for both in [asks.intersection(&grant(other)), grant(other).intersection(&asks)] {
            assert_eq!(both.budget.rial_per_payment, Some(Rial(ceiling)), "{other}");
            assert_eq!(both.scope.readable_only, readable_only, "{other}");
        }
    }
}

#[test]
fn an_absent_list_restricts_nothing_and_an_empty_one_everything() {
    let scope = |one: &str, other: &str| {
        let table = |list: &str| grant(&format!("[capabilities]\n{list}"));
        table(one).intersection(&table(other)).scope
    };
    let codes = |codes: &[&str]| Some(codes.iter().map(|code| (*code).to_owned()).collect());
    assert_eq!(scope("", "").wallets, None);
    assert_eq!(scope("wallets = [\"A\", \"B\"]", "").wallets, codes(&["A", "B"]));
    assert_eq!(
        scope("wallets = [\"A\", \"B\"]", "wallets = [\"B\", \"C\"]").wallets,
        codes(&["B"])
    );
    assert_eq!(scope("guilds = [\"A\"]", "guilds = []").guilds, codes(&[]));
    assert_eq!(scope("issuers = [1, 2]", "issuers = [2]").issuers, Some([2].into()));
}

#[test]
fn of_urls_those_that_both_match() {
    let table = |allow: &str| grant(&format!("[network]\nallow = [{allow}]"));
    let both = |one: &str, other: &str| {
        let scope = table(one).intersection(&table(other)).scope;
        scope.network.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        both("\"https://a.ir/*\", \"https://b.ir/x\"", "\"https://a.ir/paid*\""),
        ["https://a.ir/paid*"]
    );
    assert!(both("\"https://a.ir/*\"", "").is_empty(), "who is silent allows none");
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (tables, place, says) in [
        (
            "[capabilities]\nallow = [\n    \"invoices\",\n    \"invoice\",\n]",
            "8:5",
            "`capabilities.allow`",
        ),
        ("[capabilities]\nwallets = [\"\"]", "6:12", "`capabilities.wallets`"),
        ("[capabilities]\nissuers = [-1]", "6:12", "`capabilities.issuers`"),
        ("[network]\nallow = [\"https://a.ir*\"]", "6:10", "`network.allow`"),
        ("[network]\nallow = [\"ftp://a.ir/\"]", "6:10", "https://"),
        ("[network]\nalow = []", "6:1", "`alow`"),
        ("[budget]\nwall = \"soon\"", "6:8", "`budget.wall`"),
        ("[budget]\nmemory = 1_000_000_000_000", "6:10", "`budget.memory`"),
    ] {
        let text = format!(
            "name = \"test\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"test.rhai\"\n{tables}"
        );
        let error = Manifest::parse(Path::new("policy.toml"), &text).expect_err(tables).to_string();
        for said in [&*format!("policy.toml:{place}: "), says] {
            assert!(error.contains(said), "`{said}` is missing: {error}");
        }
    }
}
