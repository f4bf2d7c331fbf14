//! What a grant narrows, from inside a policy: wallets, guilds, issuers and URLs. Each denial is an
//! answer that says what is missing and where it could be granted, and stands in the receipt.

use std::collections::BTreeSet;

use pod_host::{Grant, Policy, Receipt, Scope, Status, journal::Entry};
use podhost_tests::{Bench, manifest};
use serde_json::{Value, json};

use crate::service_cases::World;

/// A call: who acts, which function, with what.
type Call<'a> = (&'a str, &'a str, Value);

struct Desk {
    bench: Bench,
    compiled: Policy,
    script: Policy,
}

impl Desk {
    async fn new() -> Self {
        let bench = Bench::from_file("tests/services/scenario.json").await;
        let compiled = bench.load("tests/guests/any-service").await;
        let script = bench.load("tests/guests/any-service/any-service.rhai").await;
        Self { bench, compiled, script }
    }

    /// All that the policies ask for, narrowed.
    fn grant(&self, scope: Scope) -> Grant {
        Grant { scope, ..self.script.asks().clone() }
    }

    async fn call(
        &self,
        policy: &Policy,
        scope: &Scope,
        (token, function, request): &Call<'_>,
    ) -> Receipt {
        let world = World::new().await;
        let grant = Some(self.grant(scope.clone()));
        world.call(&self.bench.host, policy, grant, (token, function, request)).await
    }

    /// Both policies are denied the call; nothing more than this many look-ups is sent.
    async fn denies(&self, scope: &Scope, call: Call<'_>, lookups: u64, says: &[&str]) {
        for policy in [&self.compiled, &self.script] {
            let receipt = self.call(policy, scope, &call).await;
            let error = &receipt.output["error"];
            assert_eq!(error["kind"], "denied", "{call:?}: {}", receipt.output);
            assert_eq!(error["function"], call.1);
            let reason = error["reason"].as_str().unwrap_or_default();
            for text in says {
                assert!(reason.contains(text), "{call:?}: `{text}` is missing: {reason}");
            }
            let [refusal] = receipt.denied.as_slice() else { panic!("{:?}", receipt.denied) };
            assert_eq!((&*refusal.function, &*refusal.reason), (call.1, reason));
            assert!(receipt.effects.is_empty(), "{call:?}");
            assert_eq!((receipt.meters.calls, receipt.meters.rials.0), (lookups, 0), "{call:?}");
        }
    }

    /// The call passes.
    async fn allows(&self, scope: &Scope, call: Call<'_>) {
        let receipt = self.call(&self.script, scope, &call).await;
        assert!(receipt.denied.is_empty(), "{call:?}: {:?}", receipt.denied);
        assert!(receipt.output.get("ok").is_some(), "{call:?}: {}", receipt.output);
    }
}

fn set<T: Ord>(items: impl IntoIterator<Item = impl Into<T>>) -> Option<BTreeSet<T>> {
    Some(items.into_iter().map(Into::into).collect())
}

fn network(patterns: &[&str]) -> Scope {
    let network = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    Scope { network, ..Scope::default() }
}

#[tokio::test]
async fn wallets() {
    let desk = Desk::new().await;
    let pay = "payments.pay-any-invoice-by-credit";
    let of = |wallet: &str| ("sara", pay, json!({ "invoice_id": 105, "wallet": wallet }));
    let podland = Scope { wallets: set(["PODLAND_WALLET"]), ..Scope::default() };
    let digipay = Scope { wallets: set(["DIGIPAY_WALLET"]), ..Scope::default() };
    let none = Scope { wallets: set([""; 0]), ..Scope::default() };
    desk.allows(&podland, of("PODLAND_WALLET")).await;
    desk.allows(&digipay, of("DIGIPAY_WALLET")).await;
    let says = ["DIGIPAY_WALLET", "`wallets`", "policy.toml", "podhost.toml"];
    desk.denies(&podland, of("DIGIPAY_WALLET"), 0, &says).await;
    desk.denies(&podland, of("podland_wallet"), 0, &["podland_wallet"]).await;
    desk.denies(&podland, of(" PODLAND_WALLET"), 0, &["`wallets`"]).await;
    desk.denies(&none, of("PODLAND_WALLET"), 0, &["PODLAND_WALLET"]).await;

    // What is taken where none is named.
    let silent = || ("sara", "payments.pay-invoice-by-credit", json!({ "invoice_id": 101 }));
    desk.allows(&podland, silent()).await;
    desk.denies(&digipay, silent(), 0, &["PODLAND_WALLET"]).await;
    let bill = json!({ "bill_id": "7748317800142", "payment_id": "1770160" });
    desk.denies(&digipay, ("sara", "bills.pay-bill", bill), 0, &["PODLAND_WALLET"]).await;
    // A guild's account is no wallet.
    let later = json!({ "invoice_id": 110, "date": "1399/04/01", "guild_code": "FOOD_GUILD" });
    desk.allows(&none, ("baker", "payments.pay-invoice-in-future", later)).await;
}

#[tokio::test]
async fn guilds() {
    let desk = Desk::new().await;
    let food = Scope { guilds: set(["FOOD_GUILD"]), ..Scope::default() };
    let health = Scope { guilds: set(["HEALTH_GUILD"]), ..Scope::default() };
    let later = || {
        let request =
            json!({ "invoice_id": 110, "date": "1399/04/01", "guild_code": "FOOD_GUILD" });
        ("baker", "payments.pay-invoice-in-future", request)
    };
    desk.allows(&food, later()).await;
    desk.denies(&health, later(), 0, &["FOOD_GUILD", "`guilds`", "[capabilities]"]).await;
    let listed = json!({ "offset": 0, "size": 1, "guild_code": "FOOD_GUILD" });
    desk.denies(&health, ("shop", "invoices.get-invoice-list", listed), 0, &["FOOD_GUILD"]).await;
    let issued = json!({
        "guild_code": "FOOD_GUILD", "product_id": [0], "price": [100], "quantity": [1.0],
        "product_description": ["salt"], "discount": [], "voucher_hash": [],
        "event_reminders": [],
    });
    desk.allows(&food, ("shop", "invoices.issue-invoice", issued.clone())).await;
    desk.denies(&health, ("shop", "invoices.issue-invoice", issued), 0, &["FOOD_GUILD"]).await;
}

#[tokio::test]
async fn issuers_are_read_by_the_host() {
    let desk = Desk::new().await;
    let shop = Scope { issuers: set([1_u64]), ..Scope::default() };
    let baker = Scope { issuers: set([2_u64]), ..Scope::default() };
    let later = || {
        let request =
            json!({ "invoice_id": 201, "date": "1399/04/01", "wallet": "PODLAND_WALLET" });
        ("shop", "payments.pay-invoice-in-future", request)
    };
    desk.allows(&baker, later()).await;
    desk.denies(&shop, later(), 1, &["invoice 201", "business 2", "`issuers`"]).await;
    // What the caller does not see is nobody's, whatever the ceiling per payment.
    let unseen = json!({ "invoice_id": 201, "wallet": "PODLAND_WALLET" });
    let pay = ("sara", "payments.pay-any-invoice-by-credit", unseen);
    desk.denies(&baker, pay, 1, &["the issuer of invoice 201 cannot be read"]).await;

    // What puts no rials at stake is looked up all the same.
    for (function, request) in [
        ("invoices.verify-invoice", json!({ "id": 106 })),
        ("invoices.verify-invoice", json!({ "bill_number": "S-101" })),
        ("invoices.verify-and-close-invoice", json!({ "id": 106 })),
        ("invoices.close-invoice", json!({ "id": 109 })),
        ("invoices.cancel-invoice", json!({ "id": 101 })),
        ("payments.get-invoice-payment-link", json!({ "invoice_id": 101 })),
        ("payments.get-pay-invoice-by-wallet-link", json!({ "invoice_id": 101 })),
        ("payments.send-invoice-payment-SMS", json!({ "invoice_id": 101 })),
        ("payments.pay-invoice", json!({ "invoice_id": 101 })),
    ] {
        desk.denies(&baker, ("shop", function, request), 1, &["business 1", "`issuers`"]).await;
    }
    for (function, request) in [
        ("payments.get-pay-invoice-by-unique-number-link", json!({ "unique_number": "abc" })),
        ("invoices.verify-invoice", json!({ "bill_number": "nobody's" })),
    ] {
        desk.denies(&shop, ("shop", function, request), 1, &["cannot be read"]).await;
    }
    desk.allows(&shop, ("shop", "invoices.close-invoice", json!({ "id": 109 }))).await;
    let link = json!({ "invoice_id": 101 });
    desk.allows(&shop, ("shop", "payments.get-invoice-payment-link", link)).await;
}

#[tokio::test]
async fn urls() {
    let desk = Desk::new().await;
    let granted = network(&["https://shop.ir/paid*"]);
    let wallet_link = "payments.get-pay-invoice-by-wallet-link";
    let link = |url: &str| ("shop", wallet_link, json!({ "invoice_id": 101, "redirect_uri": url }));
    for url in ["https://shop.ir/paid", "https://shop.ir/paid/7", "https://shop.ir/paid?id=7"] {
        desk.allows(&granted, link(url)).await;
    }
    for url in [
        "http://shop.ir/paid",
        "https://shop.ir/",
        "https://shop.ir/other",
        "https://shop.ir:444/paid",
        "https://shop.ir.evil.com/paid",
        "https://evil.com/https://shop.ir/paid",
        "https://shop.ir@evil.com/paid",
        "https://evil.com\\@shop.ir/paid",
        "https://shop.ir/paid#fragment",
        "https://shop.ir/paid/../other",
        "https://shop.ir/paid/%2e%2e/other",
        "https://shop.ir/paid%2f..%2fother",
        "https://SHOP.ir/paid",
        "https://shop.ir./paid",
        "https://2130706433/paid",
        "javascript:alert(1)",
    ] {
        desk.denies(&granted, link(url), 0, &["`redirectUri`"]).await;
    }
    // Nothing is allowed that no pattern allows, and the reason says what to write.
    let says = ["https://shop.ir/paid*", "[network] allow", "podhost.toml", "policy.toml"];
    desk.denies(&Scope::default(), link("https://shop.ir/paid"), 0, &says).await;
    desk.allows(&Scope::default(), ("shop", wallet_link, json!({ "invoice_id": 101 }))).await;

    // Whatever the field is called.
    let evil = "https://evil.com/";
    for (function, field, request) in [
        (wallet_link, "callUri", json!({ "invoice_id": 101, "call_uri": evil })),
        (
            "payments.send-invoice-payment-SMS",
            "callbackUri",
            json!({ "invoice_id": 101, "callback_uri": evil }),
        ),
        (
            "invoices.issue-invoice",
            "redirectURL",
            json!({
                "guild_code": "FOOD_GUILD", "product_id": [0], "price": [100], "quantity": [1.0],
                "product_description": ["salt"], "discount": [], "voucher_hash": [],
                "event_reminders": [], "redirect_url": evil,
            }),
        ),
    ] {
        let field = format!("`{field}`");
        desk.denies(&granted, ("shop", function, request), 0, &[&field, "evil.com"]).await;
    }
}

#[tokio::test]
async fn sms_are_counted() {
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let script = r#"
        fn run(input) {
            let ended = [];
            // The second is refused by POD, and counts for nothing.
            for invoice in [101, 103, 101, 101] { ended.push(send(invoice)); }
            ended
        }
        fn send(invoice) {
            try { send_invoice_payment_sms(#{ invoice_id: invoice }); return "sent"; }
            catch (error) { return error.kind; }
        }
    "#;
    for (budget, expected) in [
        ("sms = 2", json!(["sent", "platform", "sent", "budget-exhausted"])),
        (
            "",
            json!(["budget-exhausted", "budget-exhausted", "budget-exhausted", "budget-exhausted"]),
        ),
    ] {
        let policy = bench.script(&manifest("policy", "\"payments\"", budget), script).await;
        let receipt = bench.run(&policy, Value::Null).await;
        assert_eq!(receipt.output, expected, "{:?}", receipt.error);
    }
}

#[tokio::test]
async fn a_policy_can_narrow_itself() {
    let bench = Bench::from_file("tests/services/scenario.json").await;
    let narrow = "\"payments\"]\nwallets = [\"GIFT_WALLET\"]\nissuers = [2";
    let manifest = manifest("policy", narrow, "rial = 100_000");
    let script = bench
        .script(
            &manifest,
            "fn run(input) { try { pay_invoice_in_future(input); } catch (error) { return error; } }",
        )
        .await;
    let input = json!({ "invoice_id": 201, "date": "1399/04/01", "wallet": "PODLAND_WALLET" });
    let receipt = bench.run(&script, input).await;
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    assert_eq!(receipt.output["kind"], "denied", "{}", receipt.output);

    // The journal has what the run was granted, so that it goes on with that.
    let entries = bench.host.journal().entries(&receipt.run).await.unwrap();
    let Entry::Started(started) = &entries[0].entry else { panic!("{:?}", entries[0]) };
    let scope: Scope = serde_json::from_str(started.scope.as_deref().unwrap()).unwrap();
    assert_eq!(scope, script.asks().scope);
}

#[tokio::test]
async fn a_decider_is_held_to_it_by_its_host() {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let policy = bench.load("plugins/netting").await;
    let scope = Scope { issuers: set([1_u64]), ..Scope::default() };
    let grant = Some(Grant { scope, ..policy.asks().clone() });
    let options = pod_host::RunOptions { grant, ..Default::default() };
    let receipt = bench.run_with(&policy, options).await;
    assert_eq!(receipt.status, Status::Failed);
    assert!(receipt.effects.is_empty());
    assert!(receipt.denied[0].reason.contains("`issuers`"), "{:?}", receipt.denied);
}
