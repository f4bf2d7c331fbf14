//! A fork shows what the real platform shows, and changes only itself. The real platform is another
//! emulator here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use pod_emulator::{
    Emulator, LoanCredit, Options, Scenario,
    fork::{Account, FIRST_ID, Known, Origin, Reader, Upstream},
};
use pod_platform::{
    Answer, Client, Clock, Credentials, Effect, Limits, ManualClock, Platform, Request, Rial,
    Secret,
    bills::{ListBillsRequest, PayBillRequest},
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, GetInvoiceListRequest, Invoice,
        IssueInvoiceRequest, ReduceInvoiceRequest, VerifyInvoiceRequest,
    },
    loans::{BreathingPeriodType, PayInvoiceByLoanRequest},
    payments::{
        PayAnyInvoiceByCreditRequest, PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest,
    },
    types::{self, PlatformErrorKind as Kind},
};
use serde_json::{Value, json};

use crate::common::{World, first_page, http, order};
use crate::loan_world::{SCENARIO, at, loan};
use crate::street::{Server, ask, deliveries, encoded, own, submit};

/// The real platform, and what it was asked.
struct Overheard {
    reader: Reader,
    asked: Mutex<Vec<&'static str>>,
}

impl Overheard {
    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Upstream for Overheard {
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, types::Error>> {
        assert_eq!(request.row.effect, Effect::Read, "{}", request.row.name);
        self.asked.lock().unwrap().push(request.row.name);
        self.reader.read(request)
    }
}

fn account(token: &str, business: Option<u64>, user: Option<u64>, known: Known) -> Account {
    Account { token: Secret::new(token), business, user, known }
}

fn shop() -> Account {
    account("shop", Some(1), Some(10), Known::default())
}

/// A fork of a platform, for somebody.
async fn fork_of(real: &World, account: Account) -> (World, Arc<Overheard>) {
    let credentials = Arc::new(Credentials::token(account.token.expose()));
    let reader = Reader { client: real.client.clone(), credentials };
    let upstream = Arc::new(Overheard { reader, asked: Mutex::default() });
    let clock = Some(real.emulator.clock());
    let fork = Some(Origin { upstream: upstream.clone(), account });
    let fork = World::with(Options { fork, clock, ..Options::default() }).await;
    (fork, upstream)
}

/// Every page of every kind of list, as somebody sees it: ids and states, for ids that are made differ.
async fn pages(world: &World, token: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    for size in 1..=4 {
        for offset in 0..12 {
            for payed in [None, Some(true), Some(false)] {
                let request = GetInvoiceListRequest {
                    offset: Some(offset),
                    is_payed: payed,
                    ..first_page(size)
                };
                pages.push(page(world, token, &request).await);
            }
        }
        // Between what was there: ids that are made differ.
        for id in [100, 103, 200, 203] {
            for request in [
                GetInvoiceListRequest {
                    offset: None,
                    first_id: Some(id),
                    is_canceled: Some(false),
                    ..first_page(size)
                },
                GetInvoiceListRequest { offset: None, last_id: Some(id), ..first_page(size) },
            ] {
                pages.push(page(world, token, &request).await);
            }
        }
    }
    pages
}

async fn page(world: &World, token: &str, request: &GetInvoiceListRequest) -> Value {
    let page = world.call(token, request).await.unwrap();
    let shown: Vec<Value> = page.result.iter().map(state).collect();
    json!([page.count, shown])
}

fn state(invoice: &Invoice) -> Value {
    let name = match invoice.bill_number.as_deref() {
        Some(number) => number.to_owned(),
        None => invoice.id.to_string(),
    };
    json!([
        name,
        invoice.payable_amount,
        [invoice.payed, invoice.canceled, invoice.closed, invoice.waiting, invoice.edited],
        [invoice.will_be_paid, invoice.will_be_blocked],
        invoice.will_blocked_for,
        invoice.payer.as_ref().map(|payer| payer.id),
        invoice.description,
        invoice.payment_date,
    ])
}

#[tokio::test]
async fn what_is_read_is_what_the_real_platform_answers() {
    let real = World::start().await;
    let (fork, upstream) = fork_of(&real, shop()).await;
    for body in [
        "scProductId=29813&offset=0&size=50",
        "scProductId=29813&offset=3&size=2",
        "scProductId=29813&firstId=102&size=3",
        "scProductId=29813&offset=0&size=5&isPayed=true",
        "scProductId=29814&offset=0&size=5&metaQuery={\"field\":\"a\",\"is\":\"b\"}",
    ] {
        let [ours, theirs] = [
            fork.post(&[("_token_", "shop")], body).await,
            real.post(&[("_token_", "shop")], body).await,
        ];
        assert_eq!(ours["result"], theirs["result"], "{body}");
        assert_eq!(ours["count"], theirs["count"], "{body}");
        assert_eq!(ours["hasError"], theirs["hasError"], "{body}");
    }
    assert!(upstream.count() > 0);
    // It is for one account.
    assert_eq!(fork.refused("baker", &first_page(1)).await, Kind::InvalidToken);
}

/// What somebody does, on whichever platform.
async fn busy_day(world: &World) {
    let net = PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 204 };
    assert!(world.call("shop", &net).await.unwrap());
    let pay = PayInvoiceByCreditRequest { invoice_id: 200, ..Default::default() };
    assert!(world.call("shop", &pay).await.unwrap());
    let cancel = CancelInvoiceRequest { id: 105 };
    assert!(world.call("shop", &cancel).await.unwrap());
    let close = CloseInvoiceRequest { id: 102 };
    assert!(world.call("shop", &close).await.unwrap());
    let mut new = order(700, 2.0);
    new.bill_number = Some("NEW-1".into());
    let issued = world.call("shop", &new).await.unwrap();
    let pay = PayAnyInvoiceByCreditRequest {
        invoice_id: issued.id,
        wallet: "PODLAND_WALLET".into(),
        ..Default::default()
    };
    assert!(world.call("shop", &pay).await.unwrap());
    new.bill_number = Some("NEW-2".into());
    world.call("shop", &new).await.unwrap();
    let list = GetInvoiceListRequest { id: Some(101), ..first_page(1) };
    let line = world.call("shop", &list).await.unwrap().result[0].invoice_item_srvs[0].id;
    let reduce = ReduceInvoiceRequest {
        id: 101,
        invoice_item_id: vec![line],
        price: vec![Rial(3_000)],
        quantity: vec![1.0],
        item_description: vec!["less".into()],
        ..Default::default()
    };
    world.call("shop", &reduce).await.unwrap();
}

#[tokio::test]
async fn what_is_changed_changes_here_only_and_as_it_would_there() {
    let real = World::start().await;
    let before = serde_json::to_string(&real.emulator.books().await.unwrap()).unwrap();
    let (fork, _) = fork_of(&real, shop()).await;
    let untouched = pages(&fork, "shop").await;
    assert_eq!(untouched, pages(&real, "shop").await);

    busy_day(&fork).await;
    let after = serde_json::to_string(&real.emulator.books().await.unwrap()).unwrap();
    assert_eq!(before, after, "the real platform's books are as they were");
    assert!(real.emulator.deeds().await.unwrap().is_empty());

    let ours = pages(&fork, "shop").await;
    assert_ne!(ours, untouched);
    busy_day(&real).await;
    let theirs = pages(&real, "shop").await;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    let ledger = fork.emulator.ledger().await.unwrap();
    assert_eq!((ledger.total, &ledger.faults), (0, &vec![]));
    // What was in neither of its wallets was assumed: 6,500 with tax, and 1,400.
    assert_eq!(ledger.balance("assumed"), -(7_085 + 1_400));
    assert_eq!(ledger.balance("invoice:204"), 1_500);
    assert_eq!(ledger.balance("invoice:100"), 7_500);
}

#[tokio::test]
async fn what_exists_here_only_has_ids_that_the_real_platform_never_gives_out() {
    let real = World::start().await;
    let (fork, upstream) = fork_of(&real, shop()).await;
    let issued = fork.call("shop", &order(700, 2.0)).await.unwrap();
    assert!(issued.id > FIRST_ID);
    assert_eq!(issued.issuer_srv.as_ref().map(|user| user.id), Some(10));
    let asked = upstream.count();
    let list = GetInvoiceListRequest { id: Some(issued.id), ..first_page(1) };
    let page = fork.call("shop", &list).await.unwrap();
    assert_eq!((page.count, page.result), (1, vec![issued]));
    assert_eq!(upstream.count(), asked, "nobody else knows it");
    let verify = VerifyInvoiceRequest { id: Some(FIRST_ID + 77), ..Default::default() };
    assert_eq!(fork.refused("shop", &verify).await, Kind::NotFound);
    assert_eq!(upstream.count(), asked);
}

#[tokio::test]
async fn what_was_seen_is_not_asked_for_again() {
    let real = World::start().await;
    let (fork, upstream) = fork_of(&real, shop()).await;
    fork.call("shop", &first_page(50)).await.unwrap();
    assert_eq!(upstream.count(), 1);
    let net = PayInvoiceByInvoiceRequest { creditor_invoice_id: 100, debtor_invoice_id: 200 };
    assert!(fork.call("shop", &net).await.unwrap());
    assert_eq!(upstream.count(), 1);
    assert_eq!(fork.refused("shop", &net).await, Kind::BillAlreadyPayed);
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn what_nobody_tells_is_assumed_and_told() {
    let real = World::start().await;
    let (fork, _) = fork_of(&real, shop()).await;
    let ott = fork.post(&[("_token_", "shop")], "scProductId=29816").await["ott"].clone();
    let headers = [("_token_", "shop"), ("_ott_", ott.as_str().unwrap())];
    let answer = fork.post(&headers, "scProductId=30382&invoiceId=200").await;
    let answer = match answer["hasError"].as_bool() {
        Some(false) => answer,
        _ => panic!("{answer}"),
    };
    assert_eq!(answer["result"], json!(true));
    assert_eq!(answer["explanation"], "this is a fork, and nobody tells: wallet-covers");
    assert_eq!(answer["assumed"], json!(["wallet-covers"]));
    let ledger = fork.emulator.ledger().await.unwrap();
    assert_eq!(ledger.balance("assumed"), -7_085);
    assert_eq!(ledger.balance("invoice:200"), 7_085);

    let wallet = Some(BTreeMap::from([("PODLAND_WALLET".to_owned(), Rial(7_084))]));
    let known = Known { wallet, ..Known::default() };
    let (fork, _) = fork_of(&real, account("shop", Some(1), Some(10), known)).await;
    let pay = PayInvoiceByCreditRequest { invoice_id: 200, ..Default::default() };
    assert_eq!(fork.refused("shop", &pay).await, Kind::InsufficientFunds);
    assert_eq!(fork.emulator.ledger().await.unwrap().balance("assumed"), 0);
}

#[tokio::test]
async fn who_the_account_is_shows_in_its_invoices() {
    let real = World::start().await;
    let (fork, _) = fork_of(&real, account("shop", None, None, Known::default())).await;
    // It owes this one, so it is its user.
    let pay = PayInvoiceByCreditRequest { invoice_id: 200, ..Default::default() };
    assert!(fork.call("shop", &pay).await.unwrap());
    assert_eq!(fork.emulator.caller_user(), Some(10));
    // It sees this one, and does not owe it, so it issued it.
    assert!(fork.call("shop", &CloseInvoiceRequest { id: 102 }).await.unwrap());
    assert_eq!(fork.emulator.caller_business(), Some(1));
    // It owes this one, so it cannot have issued it.
    let theirs = CloseInvoiceRequest { id: 201 };
    assert_eq!(fork.refused("shop", &theirs).await, Kind::NoPermission);
}

#[tokio::test]
async fn a_utility_bill_is_paid_here_only() {
    let real = World::start().await;
    let (fork, _) = fork_of(&real, shop()).await;
    let pay = PayBillRequest { bill_id: "7748317800142".into(), payment_id: "1770160".into() };
    let paid = fork.call("shop", &pay).await.unwrap();
    assert!(paid.id > FIRST_ID);
    assert_eq!(fork.refused("shop", &pay).await, Kind::DuplicateServiceBill);
    let list = ListBillsRequest { size: 10, ..Default::default() };
    let page = fork.call("shop", &list).await.unwrap();
    assert_eq!((page.count, page.result), (1, vec![paid]));
    assert_eq!(real.call("shop", &list).await.unwrap().count, 0);
}

#[tokio::test]
async fn a_real_platform_that_cannot_be_read_is_told_and_changes_nothing() {
    let World { emulator, client } = World::start().await;
    let real = World { client, emulator };
    let (fork, _) = fork_of(&real, shop()).await;
    real.emulator.stop().await.unwrap();
    let refused = fork.call("shop", &first_page(5)).await.unwrap_err();
    assert!(matches!(refused, types::Error::Unavailable(_)), "{refused}");
    let pay = PayInvoiceByCreditRequest { invoice_id: 200, ..Default::default() };
    let refused = fork.call("shop", &pay).await.unwrap_err().to_string();
    assert!(refused.contains("changed nothing"), "{refused}");
    assert!(fork.emulator.deeds().await.unwrap().is_empty());
}

/// A real platform that shows, behind the first thing of each list, one whose id nobody can read.
struct Strange(Reader);

impl Upstream for Strange {
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, types::Error>> {
        Box::pin(async move {
            let answer = self.0.read(request).await?;
            let mut items: Vec<Value> = serde_json::from_slice(&answer.result).unwrap();
            items.insert(items.len().min(1), json!({ "id": {}, "strange": true }));
            let result = serde_json::to_vec(&items).unwrap().into();
            Ok(Answer { result, ..answer })
        })
    }
}

#[tokio::test]
async fn m4_a_thing_whose_id_cannot_be_read_stays_where_it_is_in_a_list_that_is_laid_over() {
    let real = World::start().await;
    let credentials = Arc::new(Credentials::token("shop"));
    let reader = Reader { client: real.client.clone(), credentials };
    let origin = Origin { upstream: Arc::new(Strange(reader)), account: shop() };
    let (fork, clock) = (Some(origin), Some(real.emulator.clock()));
    let fork = World::with(Options { fork, clock, ..Options::default() }).await;
    let shown = async || {
        let body = "scProductId=29813&offset=0&size=4&isPayed=false&isCanceled=false";
        let answer = fork.post(&[("_token_", "shop")], body).await;
        let items = answer["result"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["id"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(shown().await, [Some(204), None, Some(203), Some(200), Some(105)]);
    // What is paid leaves the list.
    for (paid, left) in [
        (200, [Some(204), None, Some(203), Some(105)]),
        (204, [None, Some(203), Some(105), Some(101)]),
    ] {
        let pay = PayInvoiceByCreditRequest { invoice_id: paid, ..Default::default() };
        fork.call("shop", &pay).await.unwrap();
        assert_eq!(shown().await, left);
    }
}

#[tokio::test]
async fn its_page_says_that_it_is_a_fork_and_lists_nobody_who_is_not_there() {
    let real = World::start().await;
    let (fork, _) = fork_of(&real, shop()).await;
    // Of the baker, whose invoice it is, nobody shows the user.
    let pay = PayInvoiceByCreditRequest { invoice_id: 200, ..Default::default() };
    fork.call("shop", &pay).await.unwrap();
    let page = async |world: &World| {
        let page = http().get(world.emulator.pay_url()).send().await.unwrap();
        page.error_for_status().unwrap().text().await.unwrap()
    };
    let [ours, theirs] = [page(&fork).await, page(&real).await];
    assert!(ours.contains("انشعاب") && !theirs.contains("انشعاب"), "{ours}");
    assert!(ours.contains("<code>10</code>"), "the shop's user: {ours}");
    assert!(!ours.contains("<code>-"), "{ours}");
}

#[tokio::test]
async fn it_calls_no_server_of_a_business() {
    let real = World::start().await;
    let (fork, _) = fork_of(&real, shop()).await;
    let server = Server::start().await;
    let link = format!("{}&payer=10&callUri={}", own(200), encoded(&server.url));
    let page = submit(&fork.emulator, &link, "action=wallet&wallet=PODLAND_WALLET").await;
    let told = deliveries(&fork.emulator).await;
    assert_eq!(told.len(), 1, "{page:?}");
    assert_eq!(told[0]["error"], "a fork calls nobody's server");
    assert!(server.seen().is_empty(), "{:?}", server.seen());
    assert!(fork.invoice(200).await.payed && !real.invoice(200).await.payed);
}

#[tokio::test]
async fn what_is_known_that_can_be_borrowed_is_told_before_a_call_needs_it() {
    let real = World::start().await;
    let credit = LoanCredit { contract_id: 50, user_id: 100, credit: Rial(15_000_000) };
    let known = Known { loan_credits: Some(vec![credit]), ..Known::default() };
    let (fork, _) = fork_of(&real, account("shop", Some(1), Some(10), known)).await;
    assert_eq!(fork.emulator.holdings().await.unwrap().unwrap().loan_credits, [credit]);
    let (_, held) = ask(&fork.emulator, "/emulator/holdings?token=shop").await;
    assert_eq!(held["loanCredits"], json!([credit]));
    assert_eq!(held.get("wallet"), None, "nobody knows: {held}");
}

#[tokio::test]
async fn m4_a_strange_invoice_is_shown_as_it_is_and_not_changed() {
    let real = World::start().await;
    let taxed = IssueInvoiceRequest { preferred_tax_rate: None, ..order(15, 1.0) };
    let id = real.call("shop", &taxed).await.unwrap().id;
    let (fork, _) = fork_of(&real, shop()).await;
    let listed = format!("scProductId=29813&id={id}&size=1");
    for world in [&fork, &real] {
        let page = world.post(&[("_token_", "shop")], &listed).await;
        assert_eq!(page["result"][0]["payableAmount"], json!(16.35), "{page}");
    }
    let refused = fork.call("shop", &CancelInvoiceRequest { id }).await.unwrap_err().to_string();
    assert!(refused.contains("payableAmount 16.35"), "{refused}");
    assert!(fork.emulator.deeds().await.unwrap().is_empty());
    assert!(real.call("shop", &CancelInvoiceRequest { id }).await.is_ok());
}

#[tokio::test]
async fn p7_what_is_changed_here_shows_0_for_dates_that_are_not_set() {
    let real = World::start().await;
    let (fork, _) = fork_of(&real, shop()).await;
    assert!(fork.call("shop", &CancelInvoiceRequest { id: 105 }).await.unwrap());
    let pay = PayInvoiceByCreditRequest { invoice_id: 200, ..Default::default() };
    assert!(fork.call("shop", &pay).await.unwrap());
    for (id, set) in [(105, "cancelDate"), (200, "paymentDate")] {
        let listed = format!("scProductId=29813&id={id}&size=1");
        let shown = fork.post(&[("_token_", "shop")], &listed).await["result"][0].clone();
        let was = real.post(&[("_token_", "shop")], &listed).await["result"][0].clone();
        for date in ["paymentDate", "cancelDate", "deliveryDate", "shaparakTransactionDate"] {
            assert!(was[date].is_u64(), "{date}: {was}");
            if date == set {
                assert!(shown[date].as_u64() > Some(0), "{date}: {shown}");
            } else {
                assert_eq!(shown[date], was[date], "{date}: {shown}");
            }
        }
    }
}

/// A real platform whose contracts do not show how many months may go by, or show it, as `shows` says.
struct Breathing {
    reader: Reader,
    shows: bool,
}

impl Upstream for Breathing {
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, types::Error>> {
        Box::pin(async move {
            let answer = self.reader.read(request).await?;
            if self.shows {
                return Ok(answer);
            }
            let text = String::from_utf8(answer.result.to_vec()).unwrap();
            let text = text.replace("\"maxBreathingPeriodCount\":3", "\"nothing\":0");
            let value = (request.read)(answer.count, &text).unwrap();
            Ok(Answer { result: text.into_bytes().into(), value, ..answer })
        })
    }
}

#[tokio::test]
async fn a_contract_that_does_not_show_how_long_it_breathes_does_not_breathe() {
    // The shop sees the plans of its own contract.
    let own = SCENARIO.replace("{\"id\": 5, \"businessId\": 2,", "{\"id\": 5, \"businessId\": 1,");
    let scenario = Scenario::from_json("own", &own).unwrap();
    let clock = Some(Arc::new(ManualClock::new(at("1399/03/13 10:00:00"))) as Arc<dyn Clock>);
    let real = World::with(Options { scenario, clock, ..Options::default() }).await;
    let breathing = PayInvoiceByLoanRequest {
        breathing_period_type: Some(BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly),
        breathing_period_count: Some(1),
        ..loan(102, 5, 62, 1_000)
    };
    for shows in [true, false] {
        let credentials = Arc::new(Credentials::token("shop"));
        let reader = Reader { client: real.client.clone(), credentials };
        let upstream = Arc::new(Breathing { reader, shows });
        let fork = Some(Origin { upstream, account: shop() });
        let clock = Some(real.emulator.clock());
        let fork = World::with(Options { fork, clock, ..Options::default() }).await;
        let told = fork.call("shop", &breathing).await.map_err(|error| error.to_string());
        match told {
            Ok(_) => assert!(shows),
            Err(told) => assert!(!shows && told.contains("at most 0"), "{told}"),
        }
    }
}

#[tokio::test]
async fn a_fork_keeps_no_file() {
    let real = World::start().await;
    let client = Client::new(Platform::at(real.emulator.platform_url()), Limits::default());
    let credentials = Arc::new(Credentials::token("shop"));
    let upstream = Arc::new(Reader { client: client.unwrap(), credentials });
    let fork = Some(Origin { upstream, account: shop() });
    let data = Some("fork.db".into());
    let refused = Emulator::start(Options { fork, data, ..Options::default() }).await;
    assert!(matches!(refused, Err(pod_emulator::Error::ForkWithData)));
    assert!(!std::path::Path::new("fork.db").exists());
}
