//! A dry run says what a run would do, and does nothing: its output, effects and rials are those of
//! the real run that follows on the same platform, whose books it leaves as they were; and no call
//! that could change anything is sent.

use std::sync::{Arc, Mutex, PoisonError};

use pod_emulator::{
    Emulator, Options, Scenario,
    fork::{self, Origin, Reader},
};
use pod_host::{Error, Policy, Receipt, RunOptions, Status};
use pod_platform::{
    Client, Credentials, Effect, Limits, MARK_PREFIX, Platform, Route, Secret, Service,
    ServiceVisitor, catalogue, visit_services,
};
use podhost_tests::{Bench, manifest};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
};

/// What exists in a dry run only has an id from here on.
pub const FIRST_ID: u64 = 9_000_000_000_000_000;

/// Everything that is sent to a platform on its way.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Vec<u8>>>);

impl Wire {
    /// An address at which the platform is reached, and overheard.
    pub async fn to(pod: &Emulator) -> (String, Self) {
        let wire = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = pod
            .platform_url()
            .replace(&pod.address().to_string(), &listener.local_addr().unwrap().to_string());
        let (target, heard) = (pod.address(), wire.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let heard = heard.clone();
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(target).await else { return };
                    let (mut from_client, mut to_client) = client.into_split();
                    let (mut from_server, mut to_server) = server.into_split();
                    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
                    let mut buffer = [0; 8192];
                    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                        let sent = &buffer[..read];
                        heard.0.lock().unwrap_or_else(PoisonError::into_inner).extend(sent);
                        if to_server.write_all(sent).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        (url, wire)
    }

    /// Of all that was sent, nothing could change anything: no one-time token was asked for or sent.
    pub fn only_reads(&self) {
        struct Mutations(Vec<String>);

        impl ServiceVisitor for Mutations {
            fn visit<S: Service>(&mut self) {
                if S::ROW.effect == Effect::Read {
                    return;
                }
                self.0.extend(match S::ROW.route {
                    Route::Product(product) => {
                        product.numbers().map(|number| format!("scProductId={number}&")).collect()
                    }
                    Route::Path { path, .. } | Route::Upload { path } => {
                        vec![format!("{path}?"), format!("{path} ")]
                    }
                    Route::Download { .. } | Route::Link { .. } => Vec::new(),
                });
            }
        }

        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = String::from_utf8_lossy(&sent);
        assert!(sent.contains("scProductId=") || sent.contains("/nzh/"), "something was read");
        assert!(!sent.to_lowercase().contains("_ott_"), "a one-time token was sent");
        let Route::Product(ott) = catalogue::GET_OTT.route else { unreachable!() };
        let mut mutations = Mutations(vec![format!("scProductId={}", ott.production)]);
        visit_services(&mut mutations);
        for mutation in mutations.0 {
            assert!(!sent.contains(&mutation), "{mutation} was sent");
        }
    }
}

/// A host whose platform is overheard.
pub async fn overheard(scenario: Scenario) -> (Bench, Wire) {
    let pod = Emulator::start(Options { scenario, ..Options::default() }).await.unwrap();
    let (url, wire) = Wire::to(&pod).await;
    (Bench::at(pod, &url).await, wire)
}

pub fn dry(input: &Value) -> RunOptions {
    RunOptions { input: input.clone(), dry_run: true, ..RunOptions::default() }
}

/// What may differ between the receipts of a dry run and of the run that follows it: which of the two
/// it is, what it went by besides, its journal, and the platform that was started for it. Of the meters, the rials are compared.
const MAY_DIFFER: [&str; 7] =
    ["run", "platform", "dry_run", "assumed", "meters", "journal_head", "signature"];

/// Of a receipt, what may not.
fn done(receipt: &Receipt) -> Value {
    let mut done = json!(receipt);
    let fields = done.as_object_mut().expect("a receipt is an object");
    fields.retain(|field, _| !MAY_DIFFER.contains(&field.as_str()));
    fields.insert("rials".to_owned(), json!(receipt.meters.rials));
    done
}

/// Where the two say something else. References differ, and what is made has other ids.
fn differences(dry: &Value, real: &Value, path: &str, found: &mut Vec<String>) {
    match (dry, real) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<&String> =
                one.keys().chain(other.keys()).collect();
            for key in keys {
                if key == "reference" || key == "at" {
                    continue;
                }
                let (one, other) = (one.get(key), other.get(key));
                let null = Value::Null;
                let path = format!("{path}.{key}");
                differences(one.unwrap_or(&null), other.unwrap_or(&null), &path, found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                differences(one, other, &format!("{path}[{index}]"), found);
            }
        }
        (Value::Number(one), Value::Number(_)) if one.as_u64().is_some_and(|id| id >= FIRST_ID) => {
        }
        (Value::String(one), Value::String(other)) => {
            let plain = |text: &str| match text.split_once("reference number ") {
                Some((before, after)) => {
                    let number = |letter: char| letter == '-' || letter.is_alphanumeric();
                    format!("{before}{}", after.trim_start_matches(number))
                }
                None => text.to_owned(),
            };
            // Marks follow from the run.
            let is_marked = |text: &str| text.starts_with(MARK_PREFIX);
            if is_marked(one) && is_marked(other) {
                return;
            }
            let is_made_here = one.parse::<u64>().is_ok_and(|id| id >= FIRST_ID);
            if plain(one) != plain(other) && !is_made_here {
                found.push(format!("{path}: dry {dry}, real {real}"));
            }
        }
        (one, other) if one == other => {}
        (one, other) => found.push(format!("{path}: dry {one}, real {other}")),
    }
}

#[track_caller]
pub fn assert_same(dry: &Receipt, real: &Receipt, name: &str) {
    let mut found = Vec::new();
    differences(&done(dry), &done(real), "", &mut found);
    assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    assert!(dry.dry_run && !real.dry_run);
    for effect in &dry.effects {
        assert!(effect.reference.starts_with("dry-run-"), "{name}: {effect:?}");
    }
}

/// Runs dry: only reads are sent, no books are changed, and the journal says the same as the receipt.
pub async fn run_dry(bench: &Bench, wire: &Wire, policy: &Policy, input: &Value) -> Receipt {
    let before = bench.pod.books().await.unwrap();
    let receipt = bench.run_with(policy, dry(input)).await;
    let after = bench.pod.books().await.unwrap();
    let bytes = |books| serde_json::to_string(books).unwrap();
    assert_eq!(bytes(&before), bytes(&after), "a dry run changes nothing");
    wire.only_reads();
    let replay = bench.host.replay(&receipt.run).await.unwrap();
    assert!(replay.is_same(), "{:?}", replay.differences);
    receipt
}

/// Runs dry, then really, and compares. Both receipts.
async fn dry_then_real(
    bench: &Bench,
    wire: &Wire,
    policy: &Policy,
    input: &Value,
    name: &str,
) -> (Receipt, Receipt) {
    let first = run_dry(bench, wire, policy, input).await;
    let real = bench.run(policy, input.clone()).await;
    assert_same(&first, &real, name);
    (first, real)
}

/// What a script sees of invoices, and how it makes a refusal a value.
const EYES: &str = r#"
    fn show(invoice) {
        [invoice.id, invoice.payed, invoice.canceled, invoice.closed, invoice.edited,
         invoice.payable_amount, invoice.will_be_paid, invoice.will_be_blocked,
         invoice.will_blocked_for, invoice.will_be_paid_at != (), invoice.verification_date != (),
         if invoice.payer == () { () } else { invoice.payer.id }, invoice.wallet]
    }
    fn list(request) {
        let page = get_invoice_list(request);
        [page.count, page.result.map(|invoice| show(invoice))]
    }
    // Not the code: for some refusals no document has one, and the platform's own says nothing.
    fn refused(error) { [error.kind, error.platform_kind, error.message] }
"#;

const SHOP: &str = r#"{
    "now": "1399/03/13 10:00:00",
    "businesses": [
        {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop",
         "wallet": {"PODLAND_WALLET": 1000000}, "guilds": {"FOOD_GUILD": 90000}},
        {"id": 2, "userId": 20, "name": "Baker", "apiToken": "baker"}
    ],
    "users": [
        {"id": 40, "name": "Sara", "accessToken": "sara", "cellphoneNumber": "09120000040"},
        {"id": 50, "name": "Reza", "accessToken": "reza", "wallet": {"PODLAND_WALLET": 9000}}
    ],
    "invoices": [
        {"id": 501, "businessId": 2, "userId": 10, "amount": 900000, "guildCode": "FOOD_GUILD"},
        {"id": 502, "businessId": 2, "userId": 10, "amount": 400000, "guildCode": "FOOD_GUILD"},
        {"id": 503, "businessId": 2, "userId": 10, "amount": 30000, "guildCode": "FOOD_GUILD"},
        {"id": 504, "businessId": 2, "userId": 10, "amount": 20000, "guildCode": "FOOD_GUILD", "canceled": true},
        {"id": 505, "businessId": 2, "userId": 10, "amount": 10000, "guildCode": "FOOD_GUILD", "closed": true},
        {"id": 506, "businessId": 2, "userId": 10, "amount": 60000, "guildCode": "FOOD_GUILD"},
        {"id": 507, "businessId": 2, "userId": 10, "amount": 5000000, "guildCode": "FOOD_GUILD"},
        {"id": 508, "businessId": 2, "userId": 10, "amount": 70000, "guildCode": "FOOD_GUILD", "verificationNeeded": true},
        {"id": 601, "businessId": 1, "userId": 40, "amount": 950000, "guildCode": "FOOD_GUILD", "payed": true},
        {"id": 602, "businessId": 1, "userId": 40, "amount": 450000, "guildCode": "FOOD_GUILD"},
        {"id": 603, "businessId": 1, "userId": 40, "amount": 15000, "vat": 1350, "guildCode": "FOOD_GUILD"},
        {"id": 604, "businessId": 1, "userId": 40, "amount": 25000, "guildCode": "FOOD_GUILD"},
        {"id": 605, "businessId": 1, "userId": 40, "amount": 35000, "guildCode": "FOOD_GUILD", "payed": true},
        {"id": 606, "businessId": 1, "userId": 40, "amount": 45000, "guildCode": "FOOD_GUILD"},
        {"id": 607, "businessId": 1, "amount": 500, "guildCode": "FOOD_GUILD"}
    ],
    "delegations": [
        {"delegatorId": 50, "delegateId": 10, "hash": "half", "amount": 40000, "guildCode": "FOOD_GUILD"}
    ],
    "bills": [{"billId": "7748317800142", "paymentId": "1770160"}]
}"#;

const ALL: &str = "\"invoices\", \"payments\", \"bills\", \"files\", \"loans\"";

async fn shop() -> (Bench, Wire) {
    overheard(Scenario::from_json("shop", SHOP).unwrap()).await
}

async fn shop_runs(body: &str) -> (Receipt, Receipt) {
    let (bench, wire) = shop().await;
    let manifest = manifest("policy", ALL, "rial = 100_000_000\ncalls = 2_000");
    let policy = bench.script(&manifest, &format!("{EYES}\n{body}")).await;
    dry_then_real(&bench, &wire, &policy, &Value::Null, body).await
}

#[tokio::test]
async fn what_was_changed_is_seen_so_by_the_same_run() {
    let (dry, _) = shop_runs(
        r#"
        fn run(input) {
            let seen = [list(#{ offset: 0, size: 50, is_payed: false })];
            seen.push(pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 }));
            seen.push(list(#{ offset: 0, size: 50, is_payed: false, is_canceled: false }));
            seen.push(list(#{ offset: 0, size: 1, id: 601 }));
            seen.push(pay_invoice_by_credit(#{
                invoice_id: 506, delegator_id: [50], delegation_hash: ["half"],
                force_delegation: false,
            }));
            seen.push(pay_invoice_in_future(#{
                invoice_id: 503, date: #{ year: 1399, month: 4, day: 1 }, wallet: "PODLAND_WALLET",
            }));
            seen.push(pay_invoice_by_credit(#{ invoice_id: 508 }));
            seen.push(pay_invoice(#{ invoice_id: 602 }));
            seen.push(close_invoice(#{ id: 605 }));
            seen.push(cancel_invoice(#{ id: 604 }));
            let line = get_invoice_list(#{ offset: 0, size: 1, id: 603 }).result[0].invoice_item_srvs[0];
            let reduced = reduce_invoice(#{
                id: 603, invoice_item_id: [line.id], price: [10000], quantity: [1],
                item_description: ["less"],
            });
            seen.push(show(reduced));
            let bill = pay_bill(#{ bill_id: "7748317800142", payment_id: "1770160" });
            seen.push([bill.price, bill.status, list_bills(#{ offset: 0, size: 5 }).count]);
            let cancelled = cancel_bill(#{ id: bill.id });
            seen.push([cancelled.status, list_bills(#{ offset: 0, size: 5 }).result[0].status]);
            let issued = issue_invoice(#{
                guild_code: "FOOD_GUILD", product_id: [0, 0], price: [1000, 250],
                quantity: [2.5, 4], product_description: ["bread", "tea"], bill_number: "B-1",
                user_id: 40, verification_needed: true, metadata: "{\"table\": \"4\"}",
            });
            seen.push(show(issued));
            let marked = issue_invoice(#{
                guild_code: "FOOD_GUILD", product_id: [0], price: [700], quantity: [1],
                product_description: ["salt"], preferred_tax_rate: 0.0,
            });
            seen.push(pay_any_invoice_by_credit(#{ invoice_id: marked.id, wallet: "PODLAND_WALLET" }));
            seen.push(list(#{ offset: 0, size: 5, bill_number: "B-1" }));
            seen.push(list(#{ offset: 0, size: 5, id: marked.id }));
            let table = get_invoice_list_by_metadata(#{
                meta_query: "{\"field\": \"table\", \"is\": \"4\"}", offset: 0, size: 5,
            });
            seen.push([table.count, table.result.len()]);
            // Every page of every list, forwards and backwards.
            for size in [1, 2, 3, 5, 50] {
                for offset in 0..22 {
                    for payed in [true, false] {
                        seen.push(list(#{ offset: offset, size: size, is_payed: payed }));
                    }
                }
                seen.push(list(#{ offset: 1, size: size }));
                seen.push(list(#{ first_id: 502, size: size, is_payed: true }));
                seen.push(list(#{ first_id: 504, size: size, is_closed: false, is_canceled: false }));
                seen.push(list(#{ last_id: 604, size: size, is_payed: true }));
                seen.push(list(#{ last_id: 602, size: size, is_canceled: true }));
            }
            seen
        }
        "#,
    )
    .await;
    assert_eq!(dry.status, Status::Done, "{:?}", dry.error);
    assert_eq!(dry.assumed, ["bill-not-paid-by-others"]);
    // Netted; out of a credit and the wallet; guaranteed; three-step; outside POD; what an invoice was
    // reduced by; a bill; an invoice of one's own. What was cancelled had not been paid.
    let rials = 900_000 + 60_000 + 30_000 + 70_000 + 450_000 + 5_450 + 17_000 + 700;
    assert_eq!(dry.meters.rials.0, rials);
    let open = &dry.output[0];
    assert!(open[1].as_array().is_some_and(|all| all.iter().any(|one| one[0] == 501)));
    let left = &dry.output[2];
    assert!(left[1].as_array().is_some_and(|all| all.iter().all(|one| one[0] != 501)));
}

#[tokio::test]
async fn what_pod_would_refuse_is_refused_alike() {
    let (dry, _) = shop_runs(
        r#"
        fn pay(id) {
            try { return pay_invoice_by_credit(#{ invoice_id: id }); } catch (e) { return refused(e); }
        }
        fn net(creditor, debtor) {
            try {
                return pay_invoice_by_invoice(#{
                    creditor_invoice_id: creditor, debtor_invoice_id: debtor,
                });
            } catch (e) { return refused(e); }
        }
        fn bill() {
            try {
                return pay_bill(#{ bill_id: "7748317800142", payment_id: "1770160" }).price;
            } catch (e) { return refused(e); }
        }
        fn credit(id) {
            try {
                return pay_invoice_by_credit(#{
                    invoice_id: id, delegator_id: [50], force_delegation: true,
                });
            } catch (e) { return refused(e); }
        }
        fn future(id, wallet) {
            try {
                return pay_invoice_in_future(#{
                    invoice_id: id, date: #{ year: 1399, month: 4, day: 1 }, wallet: wallet,
                });
            } catch (e) { return refused(e); }
        }
        fn close(id) {
            try { return close_invoice(#{ id: id }); } catch (e) { return refused(e); }
        }
        fn cancel(id) {
            try { return cancel_invoice(#{ id: id }); } catch (e) { return refused(e); }
        }
        fn verify(id) {
            try { return verify_invoice(#{ id: id }).payed; } catch (e) { return refused(e); }
        }
        fn run(input) {
            [
                pay(502), pay(502), pay(504), pay(505), pay(507), pay(602),
                net(602, 501), net(501, 601), net(605, 501), net(601, 501), net(601, 503), net(605, 501),
                bill(), bill(),
                credit(506), credit(503), future(507, "PODLAND_WALLET"),
                future(503, "PODLAND_WALLET"), pay(503), future(503, "PODLAND_WALLET"),
                pay(508), pay(508), close(508),
                close(602), close(605), close(605), cancel(605), cancel(604), cancel(604), pay(604),
                cancel(601), cancel(506), verify(605), verify(504),
            ]
        }
        "#,
    )
    .await;
    assert_eq!(dry.status, Status::Done, "{:?}", dry.error);
    let kinds: Vec<&str> = dry.output.as_array().unwrap()[1..6]
        .iter()
        .map(|answer| answer[1].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        kinds,
        [
            "bill-already-payed",
            "invoice-is-canceled",
            "bill-already-closed",
            "insufficient-funds",
            "invoice-not-issued-for-caller",
        ]
    );
    assert_eq!(dry.output[6][1], "creditor-invoice-not-payed");
    assert_eq!(dry.output[10][1], "creditor-invoice-earmarked");
    assert_eq!(dry.output[13][1], "duplicate-service-bill");
}

#[tokio::test]
async fn what_a_link_has_appended_it_has_in_a_dry_run_too() {
    let (bench, wire) = shop().await;
    let network = "[network]\nallow = [\"https://bakery.ir/*\"]\n";
    let manifest = manifest("policy", ALL, "rial = 0") + network;
    let script = r#"
        fn run(input) {
            get_invoice_list(#{ offset: 0, size: 1, id: 602 });
            get_invoice_payment_link(#{ invoice_id: 602, redirect_uri: "https://bakery.ir/done" })
        }
    "#;
    let policy = bench.script(&manifest, script).await;
    let dry = run_dry(&bench, &wire, &policy, &Value::Null).await;
    let real = bench.run(&policy, Value::Null).await;
    for receipt in [dry, real] {
        let link = receipt.output.as_str().unwrap_or_default();
        assert!(link.ends_with("redirectUri=https%3A%2F%2Fbakery.ir%2Fdone"), "{receipt:?}");
    }
}

#[tokio::test]
async fn what_nobody_states_is_assumed_and_told() {
    let (bench, _) = shop().await;
    let manifest = manifest("policy", ALL, "rial = 100_000_000");
    let script = "fn run(input) { pay_invoice_by_credit(#{ invoice_id: 507 }) }";
    let policy = bench.script(&manifest, script).await;
    // The account states nothing.
    let receipt = bench.host.run_with(&policy, &bench.account, dry(&Value::Null)).await.unwrap();
    assert_eq!((receipt.status, receipt.output), (Status::Done, json!(true)));
    assert_eq!(receipt.assumed, ["wallet-covers"]);
    // Its journal tells so, too.
    let again = bench.host.receipt(&receipt.run).await.unwrap();
    assert_eq!((again.assumed, again.dry_run), (vec!["wallet-covers".to_owned()], true));
    let stated = json!({ "stated": { "wallet": { "PODLAND_WALLET": 4_999_999 } } });
    let receipt = bench.host.run_with(&policy, &bench.account, dry(&stated)).await.unwrap();
    assert_eq!(receipt.status, Status::Failed);
    assert!(receipt.error.unwrap().to_string().contains("insufficient-funds"));
}

#[tokio::test]
async fn what_a_fork_that_is_served_assumes_is_told_by_the_receipt_of_a_run_on_it() {
    let scenario = Scenario::from_json("shop", SHOP).unwrap();
    let real = Emulator::start(Options { scenario, ..Options::default() }).await.unwrap();
    let client = Client::new(Platform::at(real.platform_url()), Limits::default()).unwrap();
    let credentials = Arc::new(Credentials::token("shop"));
    let account = fork::Account {
        token: Secret::new("shop"),
        business: Some(1),
        user: Some(10),
        known: fork::Known::default(),
    };
    let origin = Origin { upstream: Arc::new(Reader { client, credentials }), account };
    let clock = Some(real.clock());
    let options = Options { fork: Some(origin), clock, ..Options::default() };
    let fork = Emulator::start(options).await.unwrap();
    let url = fork.platform_url().to_owned();
    let bench = Bench::at(fork, &url).await;
    let manifest = manifest("policy", ALL, "rial = 100_000_000");
    let script = "fn run(input) { pay_invoice_by_credit(#{ invoice_id: 507 }) }";
    let policy = bench.script(&manifest, script).await;
    let receipt = bench.run(&policy, Value::Null).await;
    assert_eq!((receipt.status, receipt.output), (Status::Done, json!(true)));
    assert_eq!((receipt.assumed, receipt.dry_run), (vec!["wallet-covers".to_owned()], false));
}

#[tokio::test]
async fn the_budget_holds() {
    let (bench, _) = shop().await;
    let manifest = manifest("policy", ALL, "rial = 929_999");
    let script = r#"
        fn pay(id) {
            try { return pay_invoice_by_credit(#{ invoice_id: id }); } catch (e) { return e.kind; }
        }
        fn run(input) { [pay(501), pay(503)] }
    "#;
    let policy = bench.script(&manifest, script).await;
    let receipt = bench.run_with(&policy, dry(&Value::Null)).await;
    assert_eq!(receipt.output, json!([true, "budget-exhausted"]), "{:?}", receipt.error);
    assert_eq!(receipt.meters.rials.0, 900_000);
}

#[tokio::test]
async fn a_dry_run_has_no_key_is_not_resumed_and_claims_nothing() {
    let (bench, _) = shop().await;
    let manifest = manifest("policy", ALL, "rial = 100_000_000");
    let script = "fn run(input) { pay_invoice_by_credit(#{ invoice_id: 502 }) }";
    let policy = bench.script(&manifest, script).await;
    let keyed = RunOptions { key: Some("march".into()), ..dry(&Value::Null) };
    let refused = bench.host.run_with(&policy, &bench.account, keyed).await;
    assert!(matches!(&refused, Err(Error::Input(why)) if why.contains("no key")), "{refused:?}");

    let stopped = cut_off(&bench, &manifest).await;
    let refused = bench.host.resume(&stopped, &bench.account).await;
    let why = refused.map(|_| ()).unwrap_err().to_string();
    assert!(why.contains("a dry run is run again instead"), "{why}");
    assert!(bench.host.unfinished().await.unwrap().is_empty());
    let paid = bench.run(&policy, Value::Null).await;
    assert_eq!(paid.output, json!(true), "{:?}", paid.error);
}

/// The id of a dry run that paid, and was cut off.
async fn cut_off(bench: &Bench, manifest: &str) -> String {
    let script = r#"
        fn run(input) {
            pay_invoice_by_credit(#{ invoice_id: 502 });
            loop { now(); }
        }
    "#;
    let policy = bench.script(manifest, script).await;
    let has_paid = async {
        loop {
            let unfinished = pod_host::journal::RunFilter::unfinished();
            let runs = bench.host.journal().runs(&unfinished).await.unwrap();
            if let Some(run) = runs.into_iter().find(|run| run.entries >= 3) {
                return run.run;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        ended = bench.host.run_with(&policy, &bench.account, dry(&Value::Null)) => {
            panic!("it goes on for ever: {ended:?}")
        }
        run = has_paid => run,
    }
}
